#!/usr/bin/env bats
# peek.bats: mq peek changes nothing

load helper

@test "the next one, the next N, one by its id in any state" {
	run -0 mq init q
	run -1 mq peek q
	seq 3 | mq push -q q -l
	find "$MQ_SPOOL" -type f -path '*/q/*/*/*' | sort >before
	assert_equal "$(mq peek q)" 1
	assert_equal "$(mq peek q -n 2)" 12
	dead=$(id q ready)
	find "$MQ_SPOOL" -type f -path '*/q/*/*/*' | sort | cmp - before
	mq bury q "$dead" --reason test
	assert_equal "$(mq peek q "$dead")" 1
	run -0 mq peek -i q "$dead"
	assert_line "State: dead"
	assert_line "Reason: test"
	assert_equal "$(mq peek --json q "$dead" | jq -r .body)" 1
	run -66 mq peek q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4
	run -66 mq peek q nonsense
}
