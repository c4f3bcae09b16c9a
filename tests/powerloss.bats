#!/usr/bin/env bats
# powerloss.bats: what a power failure can leave of each verb; see sweep/powerloss.py

load helper

setup() {
	[ -z "$MQ_SAN" ] || skip "the same calls, checked in the build without sanitizers"
	run strace -qq -o /dev/null true
	[ "$status" -eq 0 ] || skip "SKIPPED: strace cannot trace here: $output"
}

@test "whatever a power failure leaves, nothing is lost; a command without its syncs is found out" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/powerloss.py"
}
