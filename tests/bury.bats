#!/usr/bin/env bats
# bury.bats: mq bury

load helper

@test "by id and all: ready, delayed and held" {
	seq 2 | mq push -q q -l
	mq push -q q -d 1h -m later
	mq hold q "$(id q ready)"
	run -0 mq bury q "$(id q ready)" --reason why
	assert_counts q "held=1 delayed=1 dead=1"
	run -0 mq bury q --all
	assert_counts q dead=3
	run -0 mq bury q "$(id q dead)"
	run -1 mq bury q --all
}
