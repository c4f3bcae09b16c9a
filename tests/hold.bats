#!/usr/bin/env bats
# hold.bats: mq hold

load helper

@test "by id and all: ready and delayed; held ones are not delivered" {
	seq 2 | mq push -q q -l
	mq push -q q -d 1h -m later
	run -0 mq hold q "$(id q ready)"
	assert_equal "$(mq pop q)" 2
	run -1 mq pop q
	run -0 mq hold q --all
	assert_counts q held=2
}
