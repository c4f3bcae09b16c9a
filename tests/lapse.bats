#!/usr/bin/env bats
# lapse.bats: whose claims are taken back, and what that counts for: clocks that step, holders
# that hang, messages that take their worker down

load work_helper

setup() {
	common_setup
	export CLOCK_FILE=$BATS_TEST_TMPDIR/clock
	at 0
}

# at SECONDS: so wrong is the wall clock from now on, for what runs under stepping
at() {
	echo "0 $1" >"$CLOCK_FILE.new" && mv "$CLOCK_FILE.new" "$CLOCK_FILE"
}

need_clock() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	stepping=(env "LD_PRELOAD=$MQ_BUILD/preload/clock.so")
}

lines() {
	[ "$(cat "$1" 2>/dev/null | wc -l)" -eq "$2" ]
}

claimed() {
	[ "$(count "$1" claimed)" -eq "$2" ]
}

# ---- clocks

@test "2 h forwards while four handlers run: nobody loses what is at work (attempts=1)" {
	need_clock
	mq init -q q attempts=1
	seq 4 | mq push -q q -l
	bg w "${stepping[@]}" mq work q --drain -j 4 -- sh -c 'read x; echo "$x" >>begun; sh await go; echo "$x" >>got'
	wait_for lines begun 4
	at 7200
	# Whoever looks now: another consumer, another worker.
	run -1 "${stepping[@]}" mq pop q
	run -0 "${stepping[@]}" mq work q --drain -- false
	at 14400
	run -1 "${stepping[@]}" mq pop q
	: >go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort got | tr '\n' ' ')" "1 2 3 4 "
	assert_equal "$(wc -l <begun)" 4
	assert_equal "$(mq ls q --ids)" ""
}

@test "2 h forwards: a worker with a free place does not take back what it works on itself" {
	need_clock
	mq init -q q attempts=1
	mq push -q q -m slow
	bg w "${stepping[@]}" mq work q -j 2 -n 2 -- sh -c 'read x; echo "$x" >>begun; [ "$x" != slow ] || sh await go; echo "$x" >>got'
	wait_for test -e begun
	at 7200
	"${stepping[@]}" mq push -q q -m new
	wait_for grep -q new got
	: >go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort got | tr '\n' ' ')" "new slow "
	assert_equal "$(mq ls q --ids)" ""
}

@test "2 h forwards: --batch and --persistent keep what they work on" {
	need_clock
	local mode
	echo 'cat >/dev/null' >hand--batch=3
	echo 'while read -r id head body rest; do head -c "$((head + body))" >/dev/null; echo "$id ok"; done' >hand--persistent
	mq init -q q attempts=1
	for mode in --batch=3 --persistent; do
		rm -f begun go
		seq 3 | mq push -q q -l
		bg w "${stepping[@]}" mq work q --drain "$mode" -- sh -c ': >begun; sh await go; exec sh "$1"' - "hand$mode"
		wait_for test -e begun
		at 7200
		run -0 "${stepping[@]}" mq work q --drain -n 1 -- true
		: >go
		ended "$pid"
		assert_equal "$status" 0
		assert_equal "$(mq ls q --ids)" ""
		at 0
	done
}

@test "2 h forwards: a pop whose reader is slow keeps its claim" {
	need_clock
	mq init -q q attempts=1
	head -c 300000 /dev/zero | mq push -q q
	mkfifo slow
	bg p sh -c 'LD_PRELOAD=$1 mq pop q >slow' - "$MQ_BUILD/preload/clock.so"
	exec 4<slow
	wait_for claimed q 1
	at 7200
	run -1 "${stepping[@]}" mq pop q
	assert_equal "$(wc -c <&4)" 300000
	exec 4<&-
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(mq ls q --ids)" ""
}

@test "a holder that hangs loses its claim all the same, also when the clock was set back" {
	need_clock
	mq init -q q lease=1s backoff=0s
	mq push -q q -m x
	bg w "${stepping[@]}" mq work q -- sh -c 'kill -STOP $PPID; exec sleep 300'
	wait_for claimed q 1
	run -0 "${stepping[@]}" mq pop q -w30s
	assert_output x
	mq push -q q -m y
	kill -KILL "$pid"
	bg w "${stepping[@]}" mq work q -- sh -c 'kill -STOP $PPID; exec sleep 300'
	wait_for claimed q 1
	at -3600
	run -0 "${stepping[@]}" mq pop q -w30s
	assert_output y
}
