#!/usr/bin/env bats
# nofile.bats: each command with few descriptors (ulimit -n); see sweep/descriptors.py

load helper

@test "however few descriptors there are, nothing is lost or counted without a handler, and each command ends" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/descriptors.py"
}
