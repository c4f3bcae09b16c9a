#!/usr/bin/env bats
# claim.bats: mq claim: a lease and its handle

load helper

@test "claim, ack: the cycle by hand" {
	mq push -q q -m work
	h=$(mq claim q --body f)
	assert_equal "$(cat f)" work
	assert_counts q claimed=1
	run -1 mq claim q
	run -0 mq ack q "$h"
	assert_counts q ""
}

@test "--json has the handle, the attempt, headers and body" {
	mq push -q q -H 'A: 1' -m b
	mq claim q --json >out
	assert_equal "$(jq -r '.attempt, .attempts, .deliveries, .headers.A, .body, .state' out | tr '\n' ,)" 1,0,1,1,b,claimed,
	run -0 mq ack q "$(jq -r .handle out)"
}

@test "a lease that lapses: the next claim takes it back, the old holder is fenced off" {
	mq init q backoff=0s..0s
	mq push -q q -m x
	h=$(mq claim q --lease 0.05s)
	new=$(mq claim q --wait=20s)
	assert_equal "$(json q .attempts)" 1
	for verb in ack nack extend; do
		run -69 mq "$verb" q "$h"
	done
	assert_counts q claimed=1
	run -0 mq ack q "$new"
}

@test "past its deadline, not taken back: still the holder's" {
	mq push -q q -m x
	h=$(mq claim q --lease 0.001s)
	sleep 0.01
	run -0 mq extend q "$h"
	run -0 mq ack q "$h"
}

@test "a body or a handle that cannot be written gives the message back" {
	mq push -q q -m x
	run -74 mq claim q --body /nonexistent/f
	run -74 bash -c 'mq claim q >/dev/full'
	run -64 mq claim q --body -
	assert_counts q ready=1
	assert_equal "$(json q .attempts)" 0
}
