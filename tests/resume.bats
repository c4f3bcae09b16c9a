#!/usr/bin/env bats
# resume.bats: mq resume ends what mq pause began (see pause.bats)

load helper

@test "a waiting pop goes on when the pause ends" {
	mq push -q q -m x
	mq pause q
	mq pop q --wait=20s >out &
	mq resume q
	wait $!
	assert_equal "$(cat out)" x
}
