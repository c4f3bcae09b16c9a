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
