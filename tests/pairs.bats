#!/usr/bin/env bats
# pairs.bats: two commands at once, one stopped or killed at a call while the other runs to its end; see sweep/pairs.py

load helper

setup() {
	need_inject
}

@test "whatever call one command has come to when another runs, nothing is lost, doubled, out of order, or changed by who is refused" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/pairs.py" verbs
}
