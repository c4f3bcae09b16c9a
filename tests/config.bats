#!/usr/bin/env bats
# config.bats: mq config shows the policy and where it is from

load helper

@test "all keys, grouped by origin, readable as a queue.conf" {
	printf '[defaults]\nlease = 7m\n[queue q*]\nattempts = 9\nlog = %s\n[queue other]\nattempts = 2\n' "$PWD/events" >mq.conf
	export MQ_CONF=$PWD/mq.conf
	mq init q jitter=none
	run -0 mq config q
	assert_line "lease = 7m"
	assert_line "attempts = 9"
	assert_line "jitter = none"
	assert_line "# built in"
	assert_line "# log = $PWD/events"
	assert_line --partial "[defaults]"
	mq config q >copy
	cp copy "$MQ_SPOOL/q/queue.conf"
	mq config q --json >after.json
	assert_equal "$(jq -r '.attempts, .log' after.json | tr '\n' ' ')" "9 $PWD/events "
	assert_equal "$(jq -r 'keys | length' after.json)" "$(sed -n 's/^#define NKEYS //p' "$BATS_TEST_DIRNAME/../lib/spool/policy.h")"
}

@test "policy is never copied into a message" {
	mq init q attempts=5 backoff=0s..0s
	mq push -q q -m x
	mq nack q "$(mq claim q)"
	mq init q attempts=2
	mq nack q "$(mq claim q)"
	assert_counts q dead=1
}

@test "an unknown queue, a broken file" {
	run -66 mq config nosuch
	mq init q
	printf 'lease = 1m\nlease = 2m\n' >"$MQ_SPOOL/q/queue.conf"
	run -78 mq config q
	assert_output --partial "queue.conf:2"
	printf 'lease = 1m\n  attempts = 2\n' >"$MQ_SPOOL/q/queue.conf"
	run -78 mq push q -m x
	assert_output --partial "queue.conf:2"
	printf 'max_size = many\n' >"$MQ_SPOOL/q/queue.conf"
	run -78 mq pop q
	assert_output --partial "queue.conf:1"
}

@test "a policy that cannot be read: claims that are out are ended all the same, only what starts anew is refused" {
	mq init -q q keep=1d backoff=0s
	for i in 1 2 3 4; do mq push -q q -m $i; done
	local h=()
	for i in 1 2 3 4; do h+=("$(mq claim q)"); done
	printf 'keep = 1d\nbackoff = 0s\nlease = never\n' >"$MQ_SPOOL/q/queue.conf"
	run -0 --separate-stderr mq ack q "${h[0]}"
	assert_equal "$stderr" "mq ack: q/queue.conf:3: bad value 'never' for lease (DUR): a duration above 0, such as 30s, 5m or 1.5h"
	run -0 mq extend q "${h[1]}" 1m
	run -0 mq nack q "${h[1]}"
	run -0 mq nack --dead q "${h[2]}"
	# What can be understood holds: it was kept.
	assert_counts q "done=1 ready=1 claimed=1 dead=1"
	for command in "push q -m x" "pop q" "claim q" "work q --drain -- true" "pause q" "init q attempts=3"; do
		run mq $command
		assert_equal "$command: $status" "$command: 78"
	done
	rm "$MQ_SPOOL/q/queue.conf"
	mkdir "$MQ_SPOOL/q/queue.conf"
	run -0 mq ack q "${h[3]}"
	rmdir "$MQ_SPOOL/q/queue.conf"
	printf 'group = nosuchgroup\n' >"$MQ_SPOOL/q/queue.conf"
	claim=$(rm "$MQ_SPOOL/q/queue.conf"; mq claim q)
	printf 'group = nosuchgroup\n' >"$MQ_SPOOL/q/queue.conf"
	run -0 mq ack q "$claim"
}

@test "a policy that cannot be read: what is at work goes on under the last good one, and says so once, and when it is good" {
	mq init -q q
	# What comes in makes them look again.  It is moved in, as it must be: what is still being written may be taken as it is.
	drop() {
		[ "$((++drops))" -lt 600 ] || fail "nobody came to it: $(<work.err) $(<err)"
		echo message >message
		mv message "$MQ_SPOOL/q/new/$drops"
		sleep 0.2
	}
	drops=0
	mq work q -- cat >worked 2>work.err 3>&- &
	work=$!
	mq push -q q -m first
	until [ -s worked ]; do sleep 0.1; [ "$((++drops))" -lt 600 ] || fail "the worker did not begin"; done
	mq pop -q q --wait=60s >out 2>err 3>&- &
	pop=$!
	# Both have the queue open, and wait: only what starts anew refuses.
	until find "/proc/$pop/fd" -lname '*inotify*' | grep -q .; do sleep 0.1; [ "$((++drops))" -lt 600 ] || fail "pop did not begin"; done
	mq pause q
	: >worked
	echo 'lease = never' >"$MQ_SPOOL/q/queue.conf"
	until grep -q 'the last good policy holds' work.err; do drop; done
	printf 'lease = 1m\npaused = no\n' >"$MQ_SPOOL/q/queue.conf"
	until grep -q 'can be read again' work.err; do drop; done
	until [ -s out ] && [ -s worked ]; do drop; done
	kill "$work"
	wait "$work" "$pop" || true
	assert_equal "$(grep -c 'the last good policy holds' work.err) $(grep -c 'can be read again' work.err)" "1 1"
}
