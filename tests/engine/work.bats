#!/usr/bin/env bats
# work.bats: mq work on the queues of an engine, by mq-engine-mq: what holds for every engine.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	there=$BATS_TEST_TMPDIR/there
	export MQ_SPOOL=mq://$there MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
	printf '[defaults]\nbackoff = 0s\n' >fast.conf
}

teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
}
started=()

there() {
	mq -s "$there" "$@"
}

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

# until_ COMMAND...: for 60 s
until_() {
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "in vain: $*"
	return 1
}

# lines N FILE
lines() {
	[ -e "$2" ] && [ "$(wc -l <"$2")" -ge "$1" ]
}

# noted N TEXT: the workers have said it so often
noted() {
	[ "$(grep -c "$2" work.err)" -ge "$1" ]
}

# has QUEUE STATE N
has() {
	[ "$(there stat --json "$1" 2>/dev/null | jq ".$2")" -eq "$3" ]
}

# helper_of PID: the process of its helper
helper_of() {
	pgrep -P "$1" -f mq-engine-mq
}

# engine_away, engine_back: helpers that are started meanwhile find no engine
engine_away() {
	mkdir -p engine
	cat >engine/mq-engine-mq <<-END
		#!/bin/sh
		[ ! -e "$PWD/away" ] && exec "$MQ_REAL_DIR/mq-engine-mq"
		echo "mq-engine 1 mq 0"
		while read -r line; do [ "\$line" = open ] && break; done
		echo tried >>"$PWD/tried"
		echo "fail again connect:%20nobody%20listens"
	END
	chmod +x engine/mq-engine-mq
	export MQ_ENGINE_DIR=$PWD/engine
	touch away
}
engine_back() {
	rm away
}
export MQ_REAL_DIR=${MQ_ENGINE_DIR:-}

@test "a handler gets body, headers and environment as from a queue here" {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 3)' >bytes
	there push -q jobs bytes
	there push -q jobs -p 3 -H "To: ann" -H "X-A: 1" -H "X-A: 2" -m "hello"
	there push -q jobs -m ""
	cat >see <<-'END'
		#!/bin/sh
		n=$(ls | grep -c ^body)
		cat >body.$n
		env | grep ^MQ_ | sort >env.$n
	END
	run mq work --drain jobs -- sh see
	assert_success
	assert_output ""
	cmp bytes body.1
	assert_equal "$(<body.0)" hello
	[ -e body.2 ] && [ ! -s body.2 ]
	assert grep -qx 'MQ_HEADER_TO=ann' env.0
	assert grep -qx 'MQ_HEADER_X_A=1, 2' env.0
	assert grep -qx 'MQ_PRIORITY=3' env.0
	assert grep -qx "MQ_SPOOL=mq://$there" env.0
	assert grep -qx 'MQ_QUEUE=jobs' env.0
	assert grep -qx 'MQ_ATTEMPT=1' env.0
	assert grep -qx 'MQ_MAX_ATTEMPTS=5' env.0
	assert grep -q '^MQ_ENQUEUED=20' env.0
	# A claim belongs to the connection, so nobody else can end it.
	refute grep -q '^MQ_HANDLE=' env.0
	assert has jobs ready 0
	assert has jobs claimed 0
}

@test "the ids are those of the pushes; large bodies need no memory" {
	head -c 5000000 /dev/urandom >large
	there push jobs large >id
	# shellcheck disable=SC2016 # the handler's
	mq work --drain jobs -- sh -c 'echo "$MQ_ID"; cmp - large' >out
	assert_equal "$(<out)" "$(<id)"
}

@test "a failed attempt is counted, and tried again after the back-off; the last makes a dead letter" {
	printf '[queue jobs]\nattempts = 3\nbackoff = 100ms,200ms\n' >jobs.conf
	export MQ_CONF=$PWD/jobs.conf
	there push -q jobs -m x
	# shellcheck disable=SC2016 # the handler's
	work jobs -- sh -c 'echo "$MQ_ATTEMPT $(date +%s%N)" >>log; echo "no such thing" >&2; exit 3'
	until_ has jobs dead 1
	assert_equal "$(cut -d' ' -f1 log | tr '\n' ' ')" "1 2 3 "
	assert_equal "$(there dead --json jobs | jq -r '"\(.attempts) \(.reason)"')" "3 exit-3: no such thing"
	assert grep -q 'exit-3, attempt 3 of 3: dead' work.err
}

@test "65 makes a dead letter at once; a time-out fails an attempt" {
	there push -q jobs -m x
	export MQ_CONF=$PWD/fast.conf
	mq work --drain -q jobs -- sh -c 'echo "not a number" >&2; exit 65' 2>/dev/null
	assert_equal "$(there dead --json jobs | jq -r '"\(.attempts) \(.reason)"')" "1 exit-65: not a number"
	there push -q slow -m x
	# shellcheck disable=SC2016 # the handler's
	mq work --drain --timeout 300ms slow -- sh -c '[ "$MQ_ATTEMPT" = 2 ] || sleep 50' 2>err
	assert grep -q timeout err
	assert has slow ready 0
	assert has slow dead 0
}

@test "a message that comes from elsewhere is worked on under the policy of mq.conf, followed at once" {
	printf '[queue jobs]\nattempts = 2\nbackoff = 0s\nhandler = echo "$MQ_ATTEMPT" >>log; exit 1\n' >jobs.conf
	export MQ_CONF=$PWD/jobs.conf
	there push -q jobs -m x
	mq work -q --config --drain jobs
	assert_equal "$(tr '\n' ' ' <log)" "1 2 "
	assert has jobs dead 1
	chmod o+w jobs.conf
	run mq work --config jobs
	assert_failure 78
	assert_output --partial "may be written by others"
}

@test "batches: as lines, as JSON, as files; the one at fault is found" {
	export MQ_CONF=$PWD/fast.conf
	seq 5 | there push -q -l jobs
	mq work --drain --batch 10,,300ms jobs -- paste -s -d + >out
	assert_equal "$(<out)" "1+2+3+4+5"
	there push -q jobs -H "To: ann" -m x
	mq work --drain --batch 10 --frame json jobs -- cat >out
	assert_equal "$(jq -c '[.queue,.body,.headers.to // .headers.To,.attempt,.handle]' out)" '["jobs","x","ann",1,null]'
	seq 4 | there push -q -l jobs
	# shellcheck disable=SC2016 # the handler's
	mq work -q --drain --batch 10,,300ms jobs -- sh -c '[ "$(cat {}/* | grep -c 3)" = 0 ]' 2>/dev/null
	assert has jobs ready 0
	assert_equal "$(there dead --json jobs | jq .attempts)" 5
}

@test "handlers that stay" {
	export MQ_CONF=$PWD/fast.conf
	printf '4\nfive\n6\n' | there push -q -l jobs
	cat >stay <<-'END'
		#!/bin/sh
		while read -r id head body attempt max priority enqueued handle queue; do
			headers=$(head -c "$head")
			text=$(head -c "$body")
			echo "$text $attempt $handle $queue" >>log
			case $text in
			[0-9]*) echo "$id ok" ;;
			*) echo "$id dead not a number" ;;
			esac
		done
	END
	mq work -q --drain --persistent jobs -- sh stay
	assert_equal "$(tr '\n' ' ' <log)" "4 1 - jobs five 1 - jobs 6 1 - jobs "
	assert_equal "$(there dead --json jobs | jq -r .reason)" "dead: not a number"
}

@test "no message is taken ahead of its handler" {
	seq 5 | there push -q -l jobs
	work -j 2 jobs -- sh -c 'echo >>running; sleep 60'
	until_ lines 2 running
	assert has jobs claimed 2
	assert has jobs ready 3
	# Another worker has the others.
	mq work --drain jobs -- cat >out
	assert_equal "$(tr -d '\n' <out)" 345
	kill -9 "$work"
	# -n takes no more than it starts
	seq 3 | there push -q -l few
	mq work -n 1 -j 4 few -- cat >out
	assert_equal "$(<out)" 1
	assert_equal "$(there ls --json few | jq -s -c 'map(.deliveries)')" "[0,0]"
}

@test "the worker is killed: its messages come back at once, uncounted" {
	seq 2 | there push -q -l jobs
	work -j 2 jobs -- sh -c 'echo $$ >>running; sleep 60'
	until_ lines 2 running
	kill -9 "$work"
	until_ has jobs ready 2
	# shellcheck disable=SC2016 # the handler's
	mq work --drain jobs -- sh -c 'echo "$(cat) $MQ_ATTEMPT"' >out
	assert_equal "$(sort out | tr '\n' ' ')" "1 1 2 1 "
	while read -r pid; do refute kill -0 "$pid"; done <running
	there fsck
}

@test "the helper is killed: handlers are stopped, and their messages come again, uncounted" {
	seq 4 | there push -q -l jobs
	cat >once <<-'END'
		#!/bin/sh
		read -r n
		echo "$n $MQ_ATTEMPT" >>began
		trap 'echo "$n" >>stopped; exit 0' TERM
		while [ ! -e go ]; do sleep 0.05; done
		echo "$n" >>done
	END
	work -j 2 jobs -- sh once
	until_ lines 2 began
	kill -9 "$(helper_of "$work")"
	until_ lines 4 began
	# What they did after that, even a success, counts for nothing.
	assert_equal "$(sort stopped | tr '\n' ' ')" "1 2 "
	refute [ -e done ]
	touch go
	until_ lines 4 'done'
	until_ has jobs claimed 0
	assert has jobs ready 0
	assert_equal "$(sort 'done' | tr '\n' ' ')" "1 2 3 4 "
	assert_equal "$(cut -d' ' -f2 began | sort -u)" 1
	kill "$work"
	wait "$work"
	assert_equal "$(grep -c 'its claim was lost' work.err)" 2
	there fsck
}

@test "the engine is away for a while: no attempt counts, and the worker goes on by itself" {
	engine_away
	seq 2 | there push -q -l jobs
	# shellcheck disable=SC2016 # the handler's
	work jobs -- sh -c 'echo "$(cat) $MQ_ATTEMPT" >>log'
	until_ lines 2 tried
	refute [ -e log ]
	engine_back
	until_ lines 2 log
	touch away
	kill -9 "$(helper_of "$work")"
	there push -q jobs -m 3
	until_ lines 4 tried
	engine_back
	until_ lines 3 log
	assert_equal "$(tr '\n' ' ' <log)" "1 1 2 1 3 1 "
	kill "$work"
	assert ended 0
	assert_equal "$(grep -c 'tried again' work.err)" 2
	assert_equal "$(grep -c 'there again' work.err)" 2
}

@test "the engine is away: --drain ends with 75, and a signal ends a worker" {
	engine_away
	run mq work --drain jobs -- cat
	assert_failure 75
	assert_output "mq work: mq://$there: connect: nobody listens"
	work jobs -- cat
	until_ lines 2 tried
	kill "$work"
	assert ended 0
}

@test "a signal: handlers end, and what they did is told; a second one gives back, uncounted" {
	seq 2 | there push -q -l jobs
	work jobs -- sh -c 'echo >>began; while [ ! -e go ]; do sleep 0.05; done'
	until_ lines 1 began
	kill "$work"
	until_ grep -q 'waiting for 1 handler' work.err
	touch go
	assert ended 0
	assert has jobs ready 1
	assert has jobs claimed 0
	rm go
	work jobs -- sh -c 'echo >>began; while [ ! -e go ]; do sleep 0.05; done'
	until_ lines 2 began
	kill "$work"
	until_ noted 2 'waiting for 1 handler'
	kill "$work"
	assert ended 0
	assert has jobs ready 1
	assert_equal "$(there ls --json jobs | jq .attempts)" 0
}

@test "a claim lives as long as its handler, whatever the lease" {
	there push -q jobs -m x
	work --lease 1s jobs -- sh -c 'echo >>began; sleep 3; echo >>ended'
	until_ lines 1 began
	# shellcheck disable=SC2016 # the shell's
	run timeout 2 mq work jobs -- sh -c 'echo >>other'
	assert_failure 124
	until_ lines 1 ended
	until_ has jobs claimed 0
	assert has jobs ready 0
	refute [ -e other ]
}

@test "a message that is taken away meanwhile: its handler is stopped" {
	there push -q jobs -m x
	work --lease 1s jobs -- sh -c 'trap "echo >>stopped; exit 0" TERM; echo >>began; while :; do sleep 0.05; done'
	until_ lines 1 began
	there rm -q --force jobs "$(there ls --ids --state claimed jobs)"
	until_ lines 1 stopped
	until_ grep -q 'its claim was lost' work.err
}

@test "several queues: what the first has comes first; the others are not forgotten" {
	seq 3 | there push -q -l urgent
	seq 2 | there push -q -l bulk
	# shellcheck disable=SC2016 # the handler's
	mq work --drain urgent bulk -- sh -c 'echo "$MQ_QUEUE $(cat)"' >out
	assert_equal "$(tr '\n' ' ' <out)" "urgent 1 urgent 2 urgent 3 bulk 1 bulk 2 "
	# shellcheck disable=SC2016 # the handler's
	work urgent bulk -- sh -c 'echo "$MQ_QUEUE $(cat)" >>log'
	there push -q bulk -m 1
	until_ lines 1 log
	there push -q urgent -m 2
	until_ lines 2 log
	there push -q bulk -m 3
	until_ lines 3 log
	assert_equal "$(tr '\n' ' ' <log)" "bulk 1 urgent 2 bulk 3 "
	# While there is no place, nothing is taken of the others only to be given back.
	rm log
	kill "$work"
	assert ended 0
	work urgent bulk -- sh -c 'echo >>log; while [ ! -e go ]; do sleep 0.05; done'
	there push -q urgent -m 4
	until_ lines 1 log
	there push -q bulk -m 5
	sleep 0.5
	assert_equal "$(there ls --json bulk | jq -r '"\(.state) \(.deliveries)"')" "ready 0"
	touch go
	until_ lines 2 log
	run mq work --drain urgent nowhere -- cat
	assert_failure 66
	assert_output --partial "no queue 'nowhere'"
}

@test "a command that cannot be run is nobody's fault" {
	seq 2 | there push -q -l jobs
	run -127 mq work jobs -- ./nothing
	run -127 mq work jobs -- sh -c nothing
	assert_equal "$(there ls --json jobs | jq -s -c 'map(.attempts)')" "[0,0]"
}

@test "the breaker: when all fail, few attempts count" {
	printf '[queue jobs]\nbreaker = 3,200ms..1s\nbackoff = 0s\n' >jobs.conf
	export MQ_CONF=$PWD/jobs.conf
	seq 20 | there push -q -l jobs
	work jobs -- sh -c 'echo >>tried; [ -e go ]'
	until_ lines 6 tried
	assert [ "$(there ls --json jobs | jq -s 'map(.attempts) | add')" -le 3 ]
	touch go
	until_ has jobs ready 0
	until_ has jobs delayed 0
	assert has jobs dead 0
}

@test "what has expired is dropped, or becomes a dead letter, as the policy says" {
	export MQ_CONF=$PWD/fast.conf
	there push -q jobs -x 100ms -m x
	there push -q jobs -m y
	sleep 0.2
	mq work --drain jobs -- cat >out
	assert_equal "$(<out)" y
}

@test "what an engine cannot do is refused, with the way out" {
	run mq work --reply jobs -- cat
	assert_failure 64
	assert_output --partial "mq relay"
	run mq work jobs:3 bulk:1 -- cat
	assert_failure 64
	assert_output --partial "a worker of its own"
	run mq work --drain=all jobs -- cat
	assert_failure 64
	assert_output --partial "use --drain"
	printf '[queue jobs]\nrate = 10/s\n' >jobs.conf
	MQ_CONF=$PWD/jobs.conf run mq work jobs -- cat
	assert_failure 64
	assert_output --partial "--rate"
	run mq work jobs jobs -- cat
	assert_failure 64
	there init -q jobs
	run mq work nowhere -- cat
	assert_failure 66
}
