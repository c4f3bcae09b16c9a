#!/usr/bin/env bats
# storm.bats: producers, consumers, operators and fsck at once, killed at random; see ../sweep/storm.py

load ../helper

@test "three minutes of everything at once, with kills: what was acknowledged is accounted for" {
	prove python3 "$BATS_TEST_DIRNAME/../sweep/storm.py" 180
}
