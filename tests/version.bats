#!/usr/bin/env bats
# version.bats: mq version

load helper

@test "one line" {
	run -0 mq version
	assert_output --regexp '^mq [0-9]+\.[0-9]+\.[0-9]+$'
	assert_equal "$(mq --version)" "$output"
	run -64 mq version 2
}
