#!/usr/bin/env bats
# rm.bats: mq rm

load helper

@test "by id; --all needs --force and spares claimed ones" {
	seq 4 | mq push -q q -l
	h=$(mq claim q)
	run -0 mq rm q "$(id q ready)"
	assert_counts q "ready=2 claimed=1"
	run -64 mq rm q --all
	assert_output --partial "--force"
	assert_counts q "ready=2 claimed=1"
	run -69 mq rm q "${h%%,*}"
	run -0 mq rm q --match 3
	assert_counts q "ready=1 claimed=1"
	run -0 mq rm q --all --force
	assert_counts q claimed=1
	run -0 mq ack q "$h"
}
