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
