# badwork.bats: work on an engine whose helper misbehaves.

load bad_helper

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
