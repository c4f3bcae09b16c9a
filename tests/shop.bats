#!/usr/bin/env bats
# shop.bats: topics, keys, --id, retries and dead letters together, as the services of a shop use them, under random kills

load helper

@test "orders of customers through four services while everything is killed: nothing lost, doubled, or out of order" {
	local size="5 12 20"
	[ -z "${MQ_SAN:-}" ] || size="3 8 8"	# sanitized, each of a thousand processes takes its time
	# shellcheck disable=SC2086 # words
	prove timeout 800 python3 "$BATS_TEST_DIRNAME/shop.py" $size 0 "${SEED:-1}"
}
