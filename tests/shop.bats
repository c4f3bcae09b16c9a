#!/usr/bin/env bats
# shop.bats: topics, keys, --id, retries and dead letters together, as the services of a shop use them, under random kills

load helper

@test "orders of five customers through four services while everything is killed: nothing lost, doubled, or out of order" {
	prove timeout 150 python3 "$BATS_TEST_DIRNAME/shop.py" 5 12 20 0 "${SEED:-1}"
}
