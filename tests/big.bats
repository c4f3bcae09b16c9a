#!/usr/bin/env bats
# big.bats: a body of 1 GiB, byte for byte, in constant memory; and many messages.

load helper

LIMIT=8192 # KiB

# hwm PID: the peak so far
hwm() {
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\) kB/\1/p' "/proc/$1/status"
}

# small COMMAND...: it ends well and never has more than LIMIT resident
small() {
	local pid now
	peak=0
	"$@" <&0 & pid=$!
	while now=$(hwm "$pid" 2>/dev/null) && [ -n "$now" ]; do
		peak=$now
		sleep 0.02
	done
	wait "$pid" || return
	echo "peak of $1 $2: $peak KiB" >&2
	[ "$peak" -lt "$LIMIT" ] || [ -n "${MQ_SAN:-}" ]
}

@test "1 GiB through push, peek and pop" {
	[ "$(df --output=avail -k "$BATS_TEST_TMPDIR" | tail -n 1)" -gt 3000000 ] ||
		skip "SKIPPED: needs 3 GB of disk"
	truncate -s 1G big
	for at in 0 123456789 536870912 1073741820; do
		printf '%s' "$at" | dd of=big bs=1 seek="$at" conv=notrunc status=none
	done
	mq init q sync=never
	small mq push -q q big
	assert [ "$peak" -gt 0 ] # it was there to be looked at
	mkfifo pipe
	cmp pipe big & cmp=$!
	small mq peek q >pipe
	wait "$cmp"
	cmp pipe big & cmp=$!
	small mq pop q >pipe
	wait "$cmp"
	small mq push -q q <big
	mq work q --drain -- cmp - big
	assert_counts q ""
}

@test "3,000 messages in and out at once" {
	seq 3000 >numbers
	small mq push q -q -l <numbers
	small mq pop q -n 3000 -l >out
	cmp numbers out
}
