#!/usr/bin/env bats
# sweep.bats: each verb killed at its system calls, and these failing; see sweep/sweep.py

load helper

setup() {
	need_inject
}

@test "whatever call a command is killed at, no message is lost, doubled or half there" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/sweep.py" kill
}

@test "whatever call fails, no message is lost, and nothing is said that is not so" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/sweep.py" fail
}
