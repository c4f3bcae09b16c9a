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
