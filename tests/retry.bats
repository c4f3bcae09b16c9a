#!/usr/bin/env bats
# retry.bats: mq retry: ready again

load helper

@test "dead, held and delayed; attempts start anew, or not" {
	mq init q attempts=2 backoff=1h jitter=none
	mq push -q q -m x
	mq nack q "$(mq claim q)"
	msg=$(id q delayed)
	run -0 mq retry q "$msg" --keep-attempts
	assert_equal "$(json q .attempts)" 1
	mq nack q "$(mq claim q)"
	assert_counts q dead=1
	run -0 mq retry q "$msg"
	assert_equal "$(json q '.attempts, .deliveries' | tr '\n' ,)" 0,2,
	mq hold q "$msg"
	run -0 mq retry q "$msg"
	run -0 mq retry q "$msg"
	assert_counts q ready=1
}

@test "--all, selections, ids from stdin, --dry-run, a rate; nothing matched is 1" {
	seq 10 | mq push -q q -l
	run -1 mq retry q --all
	assert_output ""
	mq bury q --all
	run -0 mq retry q --all --dry-run
	assert_equal "${#lines[@]}" 10
	assert_counts q dead=10
	run -0 mq retry q --match '^3$'
	assert_counts q "ready=1 dead=9"
	mq dead q --ids -n 3 >ids
	run -0 mq retry q - <ids
	assert_counts q "ready=4 dead=6"
	run -0 mq retry q --all --rate 1000/s -n 2
	assert_counts q "ready=6 dead=4"
	run -1 mq retry q --older 1h
	run -64 mq retry q
	run -64 mq retry q --all --rate nonsense
}

@test "unknown ids: 66, and the others are done" {
	mq push -q q -m x
	mq bury q --all
	run -66 mq retry q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4 "$(id q dead)" nonsense
	assert_counts q ready=1
}

@test "a claimed one: 69, unless forced" {
	mq push -q q -m x
	h=$(mq claim q)
	run -69 mq retry q "${h%%,*}"
	assert_output --partial "--force"
	assert_counts q claimed=1
	run -0 mq retry q "${h%%,*}" --force
	assert_counts q ready=1
	run -69 mq ack q "$h"
}
