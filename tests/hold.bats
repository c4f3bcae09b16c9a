#!/usr/bin/env bats
# hold.bats: mq hold

load helper

@test "what was acknowledged is not taken back to work" {
	mq init q keep=1d
	mq push -q q -m x
	mq pop q
	id=$(mq ls q --ids --state done)
	run -65 mq hold q "$id"
	run -65 mq bury q "$id"
	run -65 mq retry q "$id"
	assert_counts q done=1
}

@test "by id and all: ready and delayed; held ones are not delivered" {
	seq 2 | mq push -q q -l
	mq push -q q -d 1h -m later
	run -0 mq hold q "$(id q ready)"
	assert_equal "$(mq pop q)" 2
	run -1 mq pop q
	run -0 mq hold q --all
	assert_counts q held=2
}
