#!/usr/bin/env bats
# pause.bats: mq pause and mq resume

load helper

@test "claims stop and go on; pushes too; both" {
	mq push -q q -m x
	run -0 mq pause q
	run -75 mq pop q
	run -75 mq claim q
	run -75 mq work q --drain -- true
	run -0 mq push q -m y
	run -1 mq pop q --wait=0.05s
	run -0 mq pause q --push
	run -75 mq push q -m z
	assert_equal "$(mq stat q --json | jq -r .paused)" all
	run -0 mq resume q
	run -0 mq pop q
	run -75 mq push q -m z
	run -0 mq resume q --push
	run -0 mq resume q --push
	run -0 mq push q -m z
	assert_equal "$(mq stat q --json | jq -r .paused)" no
	run -66 mq pause nosuch
}
