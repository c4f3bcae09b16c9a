#!/usr/bin/env bats
# million.bats: an operator and a million dead letters: retried at a rate, interrupted, resumed.

bats_require_minimum_version 1.5.0
load ../prove.bash

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	N=${MILLION:-1000000}
}

total() {
	mq stat q --json | jq -c '[.ready, .dead, .ready + .dead]'
}

@test "retry --all --rate of a million, interrupted and resumed: nothing lost, nothing twice" {
	mq init -q q sync=never
	seq "$N" | mq push -q -l q
	mq ls q --ids | sort >before
	[ "$(sort -u before | wc -l)" -eq "$N" ]
	mq bury -q q --all
	interrupted=0
	for signal in INT TERM INT KILL HUP INT KILL; do
		# Started with & a command ignores SIGINT, and mq keeps to that.
		env --default-signal=INT mq retry q --all --rate "$((N / 20))/s" 2>retry.err &
		pid=$!
		# Somewhere in the middle: when it has moved some.
		ready=$(mq stat q --json | jq .ready)
		until [ "$(mq stat q --json | jq .ready)" -gt "$((ready + N / 50))" ]; do kill -0 "$pid" || break; done
		kill -"$signal" "$pid"
		interrupted=$((interrupted + 1))
		status=0
		wait "$pid" || status=$?
		[ "$status" -ge 128 ]
		if [ "$signal" != KILL ]; then grep -q 'stopped: retried [0-9]* messages' retry.err; fi
		[ "$(total | jq '.[2]')" -eq "$N" ]
		echo "# $signal: $(total)"
	done
	run -0 mq retry -q q --all
	[ "$(total)" = "[$N,0,$N]" ]
	mq ls q --ids | sort | cmp - before
	mq fsck q
	# And each body once.
	mq pop -n "$N" -l q | sort -n | cmp - <(seq "$N")
	proved "$N dead letters retried at a rate, interrupted $interrupted times: 0 lost or twice"
}
