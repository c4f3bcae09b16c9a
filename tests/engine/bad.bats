# bad.bats: what mq does when a helper misbehaves: nothing is lost, the outcome is told right, and
# nobody waits for ever.

load bad_helper

# carry_out FAULT...: from a queue to the engine; a message may come twice if it says so
carry_out() {
	local fault failed=''
	for fault; do
		fresh "$fault"
		seq $N | mq push -l jobs | sort >pushed
		relay jobs @bad/q || wrong "the relay ended with$rcs"
		mq ls jobs --ids >kept
		jq -r .id engine/stored | sort -u kept - | comm -23 pushed - >lost
		[ ! -s lost ] || wrong "lost $(wc -l <lost)"
		jq -rs 'group_by(.id)[] | .[1:][] | select(.fields.maybe != "1") | .id' engine/stored >silent
		[ ! -s silent ] || wrong "$(wc -l <silent) came again and did not say so"
		jq -rs 'map(select(.fields.maybe != "1")) | length' engine/stored >once
		[ "$(cat once)" -le $N ] || wrong "more than there were"
	done
	assert_equal "$failed" ""
}

# carry_in FAULT...: from the engine to a queue; each message is there once, and acknowledged
carry_in() {
	local fault i failed=''
	for i in $(seq $N); do
		printf '{"queue": "q", "id": "m%d", "body": "%d", "head": "A: b\\n\\n"}\n' "$i" "$i"
	done >all
	for fault; do
		fresh "$fault"
		cp all engine/stored
		relay @bad/q jobs || wrong "the relay ended with$rcs"
		# What 'more' gives beyond what there is, is taken as long as it was asked for.
		mq pop -l -n 100 jobs | grep -vx x | sort -n >got
		seq $N | cmp -s - got || wrong "not each once: $(diff <(seq $N) got | tr '\n' ' ')"
		[ "$(sort -u engine/acked | grep -c .)" -ge $N ] || wrong "not all are acknowledged"
	done
	assert_equal "$failed" ""
}

@test "the helper that misbehaves behaves if asked to" {
	carry_out none
	assert_equal "$rcs" " 0"
	assert_equal "$(grep -c '^ok' engine/log)" $N
	carry_in none
	assert_equal "$rcs" " 0"
}

@test "out: it dies, or its connection does" {
	carry_out die-push die-stored half-an-answer.13 down close-output
}

@test "out: it hangs" {
	carry_out hang-push mute-stored mute-one stopped no-newline
}

@test "out: it breaks the protocol" {
	carry_out twice ok-and-err stranger garbage binary long-line no-such-class no-class
}

@test "out: it is slow, out of order, or says more than it has to" {
	local fault
	for fault in late order noise chatter; do
		carry_out "$fault"
		assert_equal "$fault$rcs" "$fault 0"
		assert_equal "$(wc -l <engine/stored)" $N
	done
}

@test "out: what it refuses for good is a dead letter, and the rest goes on" {
	local class
	for class in data large cannot; do
		carry_out "err-$class"
		assert_equal "$class$rcs" "$class 0"
		assert_counts jobs "dead=1"
		run -0 mq dead jobs
		assert_output --partial "as asked"
		assert_equal "$(jq -r .id engine/stored | sort -u | wc -l)" $((N - 1))
	done
}

@test "out: what may work later is sent again, uncounted" {
	local class
	for class in again full gone perm conf lost unknown; do
		carry_out "err-$class"
		assert_counts jobs ""
		assert_equal "$(wc -l <engine/stored)" $N
		jq -es 'all(.fields.attempts == null)' engine/stored >/dev/null
	done
	carry_out err-after
	assert_equal "$(wc -l <engine/stored)" $((N + 1))
}

@test "it does not open, and does so later" {
	carry_out die-hello hang-hello other-version die-open fail-again fail-conf
}

@test "why it does not open is the exit status" {
	local fault want
	for fault in fail-again:75 fail-conf:78 fail-perm:77 no-protocol:78 hang-hello:75; do
		want=${fault#*:} fault=${fault%:*}
		fresh "$fault.always"
		run timeout 30 mq relay --drain jobs @bad/q
		assert_equal "$fault $status" "$fault $want"
	done
}

@test "in: it dies" {
	carry_in die-look.1 die-msg die-ack die-acked cut-body
}

@test "in: it hangs" {
	carry_in hang-look.1 mute-msg.1 hang-ack mute-acked cut-body-mute
}

@test "in: it breaks the protocol" {
	carry_in more.1 nobody-asked no-lengths huge bad-field long-token
}

@test "in: a message that cannot be is a dead letter of the engine, and the rest goes on" {
	run carry_in bad-head.dead
	assert_output --partial "bad-head.dead: not each once: 3d2 < 3"
	run cat engine/dead
	assert_output --partial "headers"
	assert_equal "$(sort -n engine/acked | tr '\n' ' ')" "$(seq -s' ' 0 $((N - 1))) "
	assert_counts jobs ""
}

@test "in: it gives things twice, talks much, or ends the taking" {
	carry_in same-again flood ends ack-lost
}

@test "it does not end when it is told to" {
	carry_out no-end
	carry_in no-bye
}

@test "a relay ends at a signal whatever its helper does, and leaves none behind" {
	local fault pid
	for fault in hang-hello hang-push.1 no-bye; do
		fresh "$fault.always"
		seq $N | mq push -q -l jobs
		mq relay jobs @bad/q 2>out 3>&- & pid=$!
		until_true test -s "engine/$([ "$fault" = no-bye ] && echo stored || echo faulty)"
		kill $pid
		until_true gone $pid
		wait $pid || true
		: >>engine/stored
		mq ls jobs --ids >kept
		assert_equal "$(jq -r .id engine/stored | sort -u kept - | wc -l)" $N
		while read -r pid; do
			gone "$pid"
		done < <(sed -n 's/^start //p' engine/log)
	done
}
