# bad.bats: what mq does when a helper misbehaves: nothing is lost, the outcome is told right, and
# nobody waits for ever.

load ../helper

N=20

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export MQ_SPOOL=$PWD/spool MQ_CONF=$PWD/conf MQ_ENGINE_DIR=$PWD/helpers
	mkdir helpers
	printf '#!/bin/sh\nexec python3 -B %q\n' "$BATS_TEST_DIRNAME/bad.py" >helpers/mq-engine-bad
	chmod +x helpers/mq-engine-bad
}

# fresh FAULT: an empty queue, an empty engine, and @bad with this fault
fresh() {
	rm -rf spool engine out
	mkdir engine
	printf '[engine bad]\nurl = bad://%s%s\ntimeout = 200ms\n' "$1" "$PWD/engine" >conf
	mq init -q jobs
}

# relay FROM TO: drain it, as often as it says that the engine is away; the statuses are in rcs
relay() {
	local i rc
	rcs=
	for i in 1 2 3; do
		rc=0
		timeout 30 mq relay --drain "$1" "$2" 2>>out || rc=$?
		rcs+=" $rc"
		[ "$rc" -ne 0 ] || return 0
	done
	return 1
}

wrong() {
	failed+="$fault: $*"$'\n'$(tail -3 out)$'\n'
}

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
		mq pop -l -n 100 jobs | sort -n >got
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
	carry_out die-hello hang-hello no-protocol other-version mute-open die-open \
		fail-again fail-conf fail-perm fail-unknown
}

@test "why it does not open is the exit status" {
	local fault want
	for fault in fail-again:75 fail-conf:78 fail-perm:75 no-protocol:78 hang-hello:75; do
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
	carry_in more nobody-asked no-lengths huge bad-head bad-field long-token
}

@test "in: it gives things twice, talks much, or ends the taking" {
	carry_in same-again flood ends ack-lost
}

@test "it does not end when it is told to" {
	carry_out no-bye no-end
	carry_in no-bye no-end
}

# until_true COMMAND...: within 30 s
until_true() {
	local deadline=$((SECONDS + 30))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
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
		for pid in $(awk '$1 == "start" { print $2 }' engine/log); do
			gone "$pid"
		done
	done
}

acked() {
	[ -e engine/acked ] && [ "$(sort -u engine/acked | wc -l)" -ge $N ]
}

# work_off FAULT...: each message is handled and acknowledged in the end, by one worker, which ends at a signal
work_off() {
	local fault i status pid failed=''
	for i in $(seq $N); do
		printf '{"queue": "q", "id": "m%d", "body": "%d", "head": "A: b\\n\\n"}\n' "$i" "$i"
	done >all
	for fault; do
		fresh "$fault.dead"
		rm -f handled
		cp all engine/stored
		# shellcheck disable=SC2016 # the handler's
		mq -s @bad work -j 3 q -- sh -c 'echo "$(cat) $MQ_ATTEMPT $MQ_HEADER_A" >>handled' 2>>out 3>&- & pid=$!
		until_true acked || wrong "$(sort -u engine/acked | wc -l) of $N are acknowledged"
		kill $pid
		status=0
		until_true gone $pid || kill -9 $pid
		wait $pid || status=$?
		[ $status -eq "${want:-0}" ] || wrong "the worker ended with $status"
		seq -f '%g 1 b' $N | sort | cmp -s - <(sort -u handled) ||
			wrong "$(diff <(seq -f '%g 1 b' $N | sort) <(sort -u handled) | tr '\n' ' ')"
		[ "$(wc -l <handled)" -le $((N + ${most:-8})) ] || wrong "$(wc -l <handled) times handled"
		for pid in $(awk '$1 == "start" { print $2 }' engine/log); do
			gone "$pid" || wrong "a helper is left behind"
		done
	done
	assert_equal "$failed" ""
}

@test "work: a helper that behaves" {
	most=0 work_off none
	assert_equal "$(grep -c '^ack' engine/log)" $N
}

@test "work: it does not open, and does so later" {
	most=0 work_off die-hello hang-hello mute-open die-open fail-again fail-unknown
}

@test "work: it dies" {
	work_off die-look.1 die-msg die-ack die-acked cut-body
}

@test "work: it hangs" {
	work_off hang-look.1 mute-msg.1 hang-ack mute-acked cut-body-mute
}

@test "work: it breaks the protocol" {
	work_off more nobody-asked no-lengths huge bad-field long-token
}

@test "work: it talks much, or ends the taking; what it did not do is asked again" {
	most=0 work_off flood ends ack-again
	assert_equal "$(grep -c '^ack' engine/log)" $((N + 1))
}

@test "work: what may be done is not asked again; what was lost counts for nothing" {
	most=0 work_off ack-unknown ack-lost
	assert_equal "$(grep -c '^ack' engine/log)" $N
	grep -q 'counts for nothing: as asked' out
	# What the engine refuses is told by the exit status; the message comes again.
	want=77 work_off ack-perm
}

@test "work: it does not end when it is told to" {
	work_off no-bye no-end
}

@test "work: an engine that cannot do what is needed is refused" {
	fresh none
	run -64 mq -s @bad work q -- cat
	assert_output --partial "no place for dead letters"
	fresh none.dead
	run -64 mq -s @bad work --lease 1m q -- cat
	assert_output --partial "as long as the connection"
	fresh fail-conf.always
	run -78 mq -s @bad work q -- cat
	fresh fail-perm.always
	run -77 mq -s @bad work q -- cat
}
