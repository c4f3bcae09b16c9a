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
