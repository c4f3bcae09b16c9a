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

# headers N: a message in q/ready whose header block is full of so many short headers, of N names
headers() {
	python3 - "$MQ_SPOOL/q/ready" "$1" <<-'END'
		import os, sys
		digits = "0123456789abcdefghijklmnopqrstuvwxyz"
		names = ["".join((digits[i // 1296 % 36], digits[i // 36 % 36], digits[i % 36])) for i in range(int(sys.argv[2]))]
		block = "".join(f"{names[i % len(names)]}: \n" for i in range(10922)).encode() + b"\n"
		bucket = os.path.join(sys.argv[1], os.listdir(sys.argv[1])[0])
		key = bucket.split("/5.")[1]
		name = f"{key},019aa3c4-7d52-7a1b-9c40-{int(sys.argv[2]):012d},s{len(block) + 4},h{len(block)}"
		open(os.path.join(bucket, name), "wb").write(block + b"body")
	END
}

@test "64 KiB of short headers cost no more than to read them (A15)" {
	[ -z "${MQ_SAN:-}" ] || skip "SKIPPED: a matter of processor time, which checkers multiply"
	mq init q
	for n in 1 2 $(seq 10893 10922); do headers "$n"; done
	# Seconds of processor time, not of the clock.  Each message took a good part of one.
	(ulimit -t 2 && mq ls q --json) >json
	assert_equal "$(jq -s 'map(.headers | length) | add' <json)" $((3 + 30 * (10893 + 10922) / 2))
	assert_equal "$(jq -s 'map(.headers | map(length) | add) | max' <json)" 21842
	(ulimit -t 2 && mq peek q --cloudevents -n 99) >events
	h=$(ulimit -t 2 && mq claim q --json | jq -r .handle)
	mq nack q --no-count "$h"
	(ulimit -t 2 && mq work q --drain -- sh -c 'env | grep -c ^MQ_HEADER_') >counts
	assert_equal "$(sort -n counts | tr '\n' ' ')" "1 2 $(seq -s ' ' 10893 10922) "
}

@test "100,000 files in new/: counted and adopted in constant memory (A7)" {
	mq init q sync=never
	python3 -c '
import sys
for i in range(100000):
    open(f"{sys.argv[1]}/f{i}", "w").close()' "$MQ_SPOOL/q/new"
	small mq stat q >counts
	small mq pop q
	small mq check q
	assert_equal "$(mq stat q --json | jq .ready)" 99999
}
