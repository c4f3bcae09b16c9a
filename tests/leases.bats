#!/usr/bin/env bats
# leases.bats: a worker keeps what its handlers have at work: while it starts others, and when the clock steps
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

setup() {
	common_setup
	export CLOCK_FILE=$BATS_TEST_TMPDIR/clock
	clock_at 0
	cat >handler <<-'END'
	body=$(cat)
	echo "$body attempt ${MQ_ATTEMPT:-1}" >>got
	: >"started.$body"
	exec sh await go
	END
	cat >stay <<-'END'
	while read -r id head body attempt rest; do
		text=$(head -c "$body")
		echo "$text attempt $attempt" >>got
		: >"started.$text"
		sh await go
		echo "$id ok"
	done
	END
}

# clock_at SECONDS: so wrong is the clock from now on
clock_at() {
	echo "0 $1" >"$CLOCK_FILE.new" && mv "$CLOCK_FILE.new" "$CLOCK_FILE"
}

need_clock() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
}

clocked() {
	env LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq "$@"
}

# kept_over SECONDS FIRST SECOND WORK-ARGUMENT...: while the handler of a message in queue FIRST runs, the clock
# steps, and a message in queue SECOND has the worker look for it.  Each is handled once.
kept_over() {
	local step=$1 first=$2 second=$3
	need_clock
	shift 3
	mq init -q "$first" attempts=1 lease=5m handler='exec sh handler'
	mq init -q "$second" attempts=1 lease=5m handler='exec sh handler'
	mq push -q "$first" -m one
	bg worker env LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq work -j 2 --drain "$@"
	wait_for [ -e started.one ]
	clock_at "$step"
	clocked push -q "$second" -m two
	wait_for [ -e started.two ]
	: >go
	ended "$pid"
	assert_equal "$status:$(cat worker.err)" "0:"
	assert_equal "$(sort got)" $'one attempt 1\ntwo attempt 1'
	clock_at 0
	for queue in "$first" "$second"; do
		assert_equal "$(mq stat "$queue" --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
	done
}

@test "a step forwards: a worker does not take back what its handlers have at work" {
	kept_over 400 q q q -- sh handler
}

@test "a step forwards: nor with --batch" {
	kept_over 400 q q --batch 5 q -- sh handler
}

@test "a step forwards: nor with --persistent" {
	kept_over 400 q q --persistent q -- sh stay
}

@test "a step forwards: nor of several queues" {
	kept_over 400 a b a b -- sh handler
}

@test "a step forwards: nor with --config" {
	kept_over 400 a b --config a b
}

@test "a step forwards: nor with --reply" {
	kept_over 400 q q --reply q -- sh handler
}

@test "a step backwards: a worker keeps what its handlers have at work" {
	kept_over -4000 q q q -- sh handler
}

@test "a step backwards: a rate of the policy is waited for no longer than before" {
	need_clock
	mq init -q q rate=2/s
	seq 3 | mq push -q q -l
	bg worker env LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq work -n 3 q -- sh -c 'echo "$(cat)" >>got'
	wait_for [ -e got ]
	clock_at -3600
	# The slow poll comes after 30 s.
	PATIENCE=20 ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort got | tr -d '\n')" 123
}

# started_slowly WORK-ARGUMENT...: each start takes a while, and all starts together longer than the lease
started_slowly() {
	need_strace
	mq init -q q attempts=1
	seq 12 | mq push -q q -l
	run -0 strace -qq -o /dev/null -e trace=vfork -e inject=vfork:delay_enter=400000 \
		mq work q -j 12 -n 12 --lease 3s "$@"
	assert_equal "$(sort -n got | tr '\n' ' ')" "1 2 3 4 5 6 7 8 9 10 11 12 "
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
}

@test "leases are renewed while other handlers are started" {
	started_slowly -- sh -c 'echo "$(cat)" >>got; sleep 5'
}

@test "leases are renewed while other handlers are started, with --batch" {
	started_slowly --batch 1 -- sh -c 'echo "$(cat)" >>got; sleep 5'
}

@test "leases are renewed while other handlers are started, with --persistent" {
	started_slowly --persistent -- sh -c 'while read -r id head body rest; do head -c "$body" >>got; echo >>got; sleep 5; echo "$id ok"; done'
}
