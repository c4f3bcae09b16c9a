#!/usr/bin/env bats
# dead.bats: mq dead

load helper

@test "id, attempts, age, reason; selections; nothing is 0" {
	mq init q
	run -0 mq dead q
	assert_output ""
	seq 2 | mq push -q q -l
	mq bury q "$(id q ready)" --reason 'bad number'
	run -0 mq dead q
	assert_output --regexp '^[0-9a-f-]{36} +0 +[0-9]+[smhd].* +bad number$'
	assert_equal "$(mq dead q --ids)" "$(id q dead)"
	assert_equal "$(mq dead q --json | jq -r .reason)" "bad number"
}
