#!/usr/bin/env bats
# stay.bats: mq work on an engine whose claims outlast a connection, against a real redis-server.

load ../helper
load engine_helper

redis_start() {
	mkdir -p "$BATS_FILE_TMPDIR/redis.d"
	server_start redis redis-server --port "$PORT" --bind 127.0.0.1 --save '' \
		--dir "$BATS_FILE_TMPDIR/redis.d" --appendonly yes --appendfsync always
	server_ready redis 20 redis-cli -p "$PORT" ping
}

setup_file() {
	command -v redis-server >/dev/null || return 0
	PORT=$(free_port)
	export PORT
	redis_start
}

teardown_file() {
	server_stop redis KILL
}

setup() {
	need_program redis-server redis-cli
	need_helper redis
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_CONF=$PWD/no.conf MQ_SPOOL=redis://127.0.0.1:$PORT/0
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
	redis-cli -p "$PORT" flushall >/dev/null
	cat >once <<-'END'
		#!/bin/sh
		n=$(cat)
		trap 'echo "$n" >>stopped; exit 0' TERM
		echo "$n $MQ_ATTEMPT" >>began
		while [ ! -e go ]; do sleep 0.05; done
		echo "$n" >>done
		exit "$(cat go)"
	END
}

teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
}
started=()

# work ARGS...: in the background; $work is its process
work() {
	mq work "$@" 2>>work.err 3>&- &
	work=$!
	started+=("$work")
}

# ended STATUS: the worker ends so
ended() {
	local status=0
	wait "$work" || status=$?
	[ "$status" -eq "$1" ]
}

lines() {
	[ -e "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]
}

# has STATE N
has() {
	[ "$(mq stat --json jobs | jq ".$1")" -eq "$2" ]
}

kill_helper() {
	kill -9 "$(pgrep -P "$work" -f mq-engine-redis)"
}

@test "retries, back-off, dead letters" {
	printf '[queue jobs]\nattempts = 3\nbackoff = 100ms\n' >jobs.conf
	export MQ_CONF=$PWD/jobs.conf
	mq push -q jobs -H "To: ann" -k key -m x
	# shellcheck disable=SC2016 # the handler's
	work jobs -- sh -c 'echo "$MQ_ATTEMPT $MQ_HEADER_TO $MQ_HEADER_KEY $(cat)" >>log; echo "no such thing" >&2; exit 3'
	wait_until 30 has dead 1
	assert_equal "$(tr '\n' ' ' <log)" "1 ann key x 2 ann key x 3 ann key x "
	assert_equal "$(mq dead --json jobs | jq -r '"\(.attempts) \(.reason)"')" "3 exit-3: no such thing"
	kill "$work"
	assert ended 0
	mq retry -q jobs --all
	mq work --drain jobs -- cat >out
	assert_equal "$(<out)" x
}

@test "the helper is killed: the handler goes on, and what it did is told by the next one" {
	seq 3 | mq push -q -l jobs
	work -j 2 jobs -- sh once
	wait_until 30 lines 2 began
	kill_helper
	wait_until 30 grep -q 'there again' work.err
	assert has claimed 2
	echo 0 >go
	wait_until 30 lines 3 'done'
	wait_until 30 has claimed 0
	assert has ready 0
	assert_equal "$(sort began | tr '\n' ' ')" "1 1 2 1 3 1 "
	refute [ -e stopped ]
	kill "$work"
	assert ended 0
	refute grep -q 'claim was lost' work.err
}

@test "what handlers did while the engine was away is told later, once" {
	export MQ_CONF=$PWD/jobs.conf
	printf '[queue jobs]\nattempts = 2\nbackoff = 0s\n' >jobs.conf
	seq 2 | mq push -q -l jobs
	work -j 2 jobs -- sh once
	wait_until 30 lines 2 began
	server_stop redis KILL
	wait_until 30 grep -q 'tried again' work.err
	echo 1 >go
	wait_until 30 lines 2 'done'
	redis_start
	# One attempt of each has failed, so there is one more.
	wait_until 60 has dead 2
	assert_equal "$(sort began | tr '\n' ' ')" "1 1 1 2 2 1 2 2 "
	assert_equal "$(mq dead --json jobs | jq -s -c 'map(.attempts)')" "[2,2]"
	kill "$work"
	assert ended 0
}

@test "a worker that ends while the engine is away tells what its handlers did, if it comes back soon" {
	mq push -q jobs -m x
	work jobs -- sh once
	wait_until 30 lines 1 began
	server_stop redis KILL
	wait_until 30 grep -q 'tried again' work.err
	kill "$work"
	wait_until 30 grep -q 'waiting for 1 handler' work.err
	redis_start
	echo 0 >go
	assert ended 0
	assert has claimed 0
	assert has ready 0
}

@test "a lease that is over while the engine is away: the handler is stopped" {
	mq push -q jobs -m x
	work --lease 1s jobs -- sh once
	wait_until 30 lines 1 began
	server_stop redis KILL
	wait_until 30 lines 1 stopped
	grep -q 'its claim was lost' work.err
	redis_start
	echo 0 >go
	wait_until 60 lines 1 'done'
	wait_until 30 has claimed 0
	# Redis counts a lease that is over as a failed attempt.
	assert_equal "$(tr '\n' ' ' <began)" "x 1 x 2 "
	kill "$work"
	assert ended 0
}

@test "the worker is killed: its messages come back at once" {
	mq push -q jobs -m x
	work jobs -- sh once
	wait_until 30 lines 1 began
	kill -9 "$work"
	# shellcheck disable=SC2016 # the handler's
	mq work -n 1 jobs -- sh -c 'echo "$(cat) $MQ_ATTEMPT"' >out
	assert_equal "$(<out)" "x 1"
}
