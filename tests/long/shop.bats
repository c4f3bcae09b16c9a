#!/usr/bin/env bats
# shop.bats: the shop of ../shop.bats for three minutes and its backlog; KILLS=500 LENGTH=600 for more

load ../helper

@test "a shop under random kills, for minutes: nothing lost, doubled, or out of order" {
	prove timeout 3600 python3 "$BATS_TEST_DIRNAME/../shop.py" 20 12 "${KILLS:-200}" "${LENGTH:-180}" "${SEED:-$RANDOM}"
}
