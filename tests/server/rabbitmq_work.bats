#!/usr/bin/env bats
# mq work on a real RabbitMQ: a claim ends with its connection, which can go away at any time.

load rabbitmq_helper

setup_file() {
	rabbit_setup
}

teardown_file() {
	rabbit_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	printf '[defaults]\nattempts = 3\nbackoff = 1s\n' >mq.conf
	export MQ_CONF=$PWD/mq.conf MQ_SPOOL=$RABBIT_URL
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
}

teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
}
started=()

work() {
	mq work "$@" 2>>work.err 3>&- &
	work=$!
	started+=("$work")
}

ended() {
	local status=0
	wait "$work" || status=$?
	[ "$status" -eq "$1" ]
}

lines() {
	[ -e "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]
}

has() {
	[ "$(mq stat --json "$1" | jq ".$2")" -eq "$3" ]
}

@test "bodies, headers, retries, dead letters" {
	mq push -q retries -H "To: ann" -m x
	# shellcheck disable=SC2016 # the handler's
	work retries -- sh -c 'echo "$MQ_ATTEMPT $MQ_HEADER_TO $(cat)" >>log; echo "no such thing" >&2; exit 3'
	wait_until 60 has retries dead 1
	assert_equal "$(tr '\n' ' ' <log)" "1 ann x 2 ann x 3 ann x "
	assert_equal "$(mq dead --json retries | jq -r '"\(.attempts) \(.reason)"')" "3 exit-3: no such thing"
	kill "$work"
	assert ended 0
}

@test "many handlers, and --drain" {
	seq 300 | mq push -q -l many
	# shellcheck disable=SC2016 # the handler's
	mq work --drain -j 4 many -- sh -c 'echo "$(cat) $MQ_ATTEMPT" >>log'
	assert_equal "$(sort -n log | uniq | tr '\n' ' ')" "$(seq -f '%g 1' 300 | tr '\n' ' ')"
}

@test "the connection is lost: handlers are stopped, and their messages come again, uncounted" {
	seq 3 | mq push -q -l lost
	cat >once <<-'END'
		#!/bin/sh
		n=$(cat)
		trap 'echo "$n" >>stopped; exit 0' TERM
		echo "$n $MQ_ATTEMPT" >>began
		while [ ! -e go ]; do sleep 0.05; done
		echo "$n" >>done
	END
	work -j 2 lost -- sh once
	wait_until 30 lines 2 began
	rabbit_ctl close_all_connections test
	wait_until 60 lines 4 began
	assert_equal "$(sort stopped | tr '\n' ' ')" "1 2 "
	touch go
	wait_until 60 lines 3 'done'
	assert_equal "$(sort 'done' | tr '\n' ' ')" "1 2 3 "
	assert_equal "$(cut -d' ' -f2 began | sort -u)" 1
	wait_until 30 has lost ready 0
	kill "$work"
	assert ended 0
	# Nothing was taken and not settled.
	run mq work --drain lost -- cat
	assert_success
	assert_output ""
}

@test "no message is taken ahead of its handler" {
	seq 5 | mq push -q -l ahead
	work -j 2 ahead -- sh -c 'echo >>running; sleep 60'
	wait_until 30 lines 2 running
	mq work --drain ahead -- sh -c 'cat; echo' >out
	assert_equal "$(tr '\n' ' ' <out)" "3 4 5 "
	kill -9 "$work"
	mq work -n 2 ahead -- sh -c 'cat; echo' >out
	assert_equal "$(sort out | tr '\n' ' ')" "1 2 "
}
