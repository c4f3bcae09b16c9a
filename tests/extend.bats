#!/usr/bin/env bats
# extend.bats: mq extend: a longer lease, the same handle

load helper

@test "the handle stays valid however often it is extended, up or down" {
	mq push -q q -m x
	h=$(mq claim q --lease 10s)
	first=$(json q .deadline)
	run -0 mq extend q "$h" 1h
	assert [ "$(json q .deadline)" \> "$first" ]
	run -0 mq extend q "$h"
	run -0 mq extend q "$h" 1s
	assert [ "$(json q .deadline)" \< "$first" ]
	run -0 mq ack q "$h"
	run -69 mq extend q "$h"
	run -65 mq extend q junk
	run -64 mq extend q "$h" soon
}

@test "a lease that gets shorter than the bucket's key moves to another; the handle holds" {
	mq init q
	mkdir "$MQ_SPOOL/q/claimed/$(date -u -d '+2 hours' +%Y%m%dT%H%M%S.000000Z)"
	mq push -q q -m x
	h=$(mq claim q --lease 10h)
	run -0 mq extend q "$h" 1h
	run -0 mq fsck q
	assert_output ""
	run -0 mq ack q "$h"
}
