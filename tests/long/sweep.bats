#!/usr/bin/env bats
# sweep.bats: all calls, all errors; see ../sweep/sweep.py

load ../helper

@test "killed at every call" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/sweep.py" --all kill
}

@test "each error from every call" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/sweep.py" --all fail
}

@test "power failures, larger samples" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/powerloss.py" --all
}

@test "one user killed at every call, with every mask" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/pairs.py" --all users
}

@test "the clock stepping at every call" {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	prove python3 "$BATS_TEST_DIRNAME/../sweep/pairs.py" --all clock
}
