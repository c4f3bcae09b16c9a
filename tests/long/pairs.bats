#!/usr/bin/env bats
# pairs.bats: two commands at once, two users, a clock that steps, few descriptors: all moments; see ../sweep/pairs.py

load ../helper

@test "each pair of commands, at every call that changes something and after it" {
	prove timeout 7000 python3 "$BATS_TEST_DIRNAME/../sweep/pairs.py" --all verbs
}

@test "one user killed at every call, with every mask" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/pairs.py" --all users
}

@test "the clock stepping at every call" {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	prove python3 "$BATS_TEST_DIRNAME/../sweep/pairs.py" --all clock
}

@test "each number of descriptors" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/descriptors.py" --all
}
