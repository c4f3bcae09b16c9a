#!/usr/bin/env bats
# clock.bats: the clock steps by a day, forwards and backwards, during claims, delays and leases

load helper

setup() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	export CLOCK_FILE=$BATS_TEST_TMPDIR/clock
	day=86400
	at 0
}

# at SECONDS: so wrong is the clock from now on
at() {
	echo "0 $1" >"$CLOCK_FILE.new" && mv "$CLOCK_FILE.new" "$CLOCK_FILE"
}

mq() {
	LD_PRELOAD=$MQ_BUILD/preload/clock.so command mq "$@"
}

@test "the preloaded clock is what mq goes by" {
	at $day
	mq push -q q -m x
	[ "$(date -d "$(mq ls q --json | jq -r .enqueued)" +%s)" -gt $(($(date +%s) + day - 60)) ]
}

@test "forwards, during a claim: it is over, and its holder is told so" {
	mq push -q q -m x
	mq init -q q backoff=0s
	h=$(mq claim q)
	at $day
	again=$(mq claim q)
	run -69 mq ack q "$h"
	run -0 mq ack q "$again"
	assert_counts q ""
}

@test "backwards, during a claim: it is given back one lease after somebody looks, not a day later" {
	mq init -q q backoff=0s lease=5m
	at $day
	mq push -q q -m x
	h=$(mq claim q)
	at 0
	run -1 mq pop q
	assert_counts q claimed=1
	[ "$(date -d "$(mq ls q --json --state claimed | jq -r .deadline)" +%s)" -le $(($(date +%s) + 301)) ]
	# Its holder has not lost it.
	run -0 mq extend q "$h" 5m
	at 302
	run -0 mq pop q
	assert_output x
}

@test "backwards: the latest of a key is what was pushed last" {
	mq init -q q latest=yes
	at $day
	mq push -q q -k a -m old
	at 0
	mq push -q q -k a -m new
	assert_equal "$(mq pop q)" new
	run -1 mq pop q
	at $day
	mq push -q q -k a -m old
	h=$(mq claim q)
	at 0
	mq push -q q -k a -m new
	mq nack --delay 0 q "$h"
	assert_equal "$(mq pop q -n 2 -l)" new
}

@test "a worker goes on through both steps, and nothing is lost" {
	mq init -q q backoff=0s lease=2s
	seq 20 | mq push -q q -l
	mq work q --drain=all -j 2 -- sh -c 'echo "$(cat)" >>got; sleep 0.05' 3>&- &
	worker=$!
	for step in $day 0 -$day 0; do
		n=$(wc -l 2>/dev/null <got || echo 0)
		at $step
		for ((i = 0; i < 1000; i++)); do [ "$(wc -l 2>/dev/null <got || echo 0)" -le "$((n + 2))" ] || break; sleep 0.01; done
	done
	wait "$worker"
	assert_equal "$(tr -s '\n' '\n' <got | grep -o '[0-9]*' | sort -nu | tr '\n' ' ')" "$(seq 20 | tr '\n' ' ')"
	assert_counts q ""
}

@test "a delay moves with the clock" {
	mq push -q q -d 1h -m soon
	at $day
	mq push -q q -d 1h -m late
	run -0 mq pop q
	assert_output soon
	at 0
	run -1 mq pop q
	assert_counts q delayed=1
	at $((day + 3601))
	run -0 mq pop q
	assert_output late
}

@test "expiry goes by the clock; what is not delivered is a dead letter, not gone" {
	mq push -q q -x 1h -m x
	at $day
	run -1 mq pop q
	assert_counts q dead=1
	at 0
	mq retry -q q --all
	run -0 mq pop q
	assert_output x
}

@test "order goes by the clocks of the producers, and both come" {
	at $day
	mq push -q q -m first
	at 0
	mq push -q q -m second
	run -0 mq pop q -n 2 -l
	assert_output $'second\nfirst'
}

@test "backwards by years, and before the epoch of ids: pushes and claims go on" {
	at $((-30 * 365 * day))
	mq push -q q -m old
	run -0 mq pop q
	assert_output old
	at 0
	mq push -q q -m new
	run -0 mq pop q
	assert_output new
	run -0 mq fsck q
}

@test "a small step backwards: the latest of a key is what was pushed last, also of a batch, by replay, and with --id" {
	mq init -q q latest=yes
	for how in "" "-d 1ms" --atomic "--id job"; do
		at 0.09
		mq push -q q -k price -m 100
		at 0
		# shellcheck disable=SC2086 # options
		mq push -q q -k price $how -m 200
		for ((i = 0; i < 1000; i++)); do [ "$(mq ls q --ids --state ready | wc -l)" -eq 0 ] || break; mq pop -q q >out && break; done
		[ -s out ] || mq pop q >out
		assert_equal "$(cat out)" 200
		run -1 mq pop q
		: >out
	done
	at 0.09
	seq 3 | mq push -q q -k k -l
	at 0
	seq 4 6 | mq push -q q -k k -l
	assert_equal "$(mq pop q)" 6
	run -1 mq pop q
	mq init -q e keep=1d
	at -1
	mq push -q e -k k -m kept
	mq pop -q e
	at 0.09
	mq push -q q -k k -m old
	at 0
	mq replay -q --all --to=q e
	assert_equal "$(mq pop q)" kept
	run -1 mq pop q
}

@test "a message that is the latest though the clock was set back is due and expires by the clock" {
	mq init -q q latest=yes
	at $day
	mq push -q q -k k -m old
	at 0
	mq push -q q -k k -d 1s -m new
	run -1 mq pop q
	at 3
	assert_equal "$(mq pop q)" new
	at $day
	mq push -q q -k k -m old
	at 0
	mq push -q q -k k -x 1h -m new
	at 3601
	run -1 mq pop q
	assert_counts q dead=1
}

@test "two hosts whose clocks differ agree which is the latest" {
	mq init -q q latest=yes
	at 3600
	mq push -q q -k k -m v1
	h=$(mq claim q)
	at 0
	mq push -q q -k k -m v2
	at 3600
	mq nack --no-count q "$h"
	assert_equal "$(mq pop q -n 9 -l)" v2
	at 0
	mq push -q q -k k -m v3
	h=$(mq claim q)
	at 3600
	mq push -q q -k k -m v4
	at 0
	mq nack --no-count q "$h"
	assert_equal "$(mq pop q -n 9 -l)" v4
}
