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

# ---- messages that take their worker down

# The handler of what --batch and --persistent give, and of single messages: handle TEXT for each.
# One that says "poison" kills the worker, as the kernel does with all of a group out of memory.
poison_handlers() {
	cat >handle <<-'END'
	case $1 in
	poison) sleep 0.1; kill -KILL "$2"; exec sleep 300 ;;
	esac
	sleep 0.15
	echo "$1" >>handled
	END
	cat >single <<-'END'
	read -r x
	sh handle "$x" $PPID
	END
	cat >./batch <<-'END'
	while read -r x; do sh handle "$x" $PPID || exit; done
	END
	cat >stay <<-'END'
	while read -r id head body rest; do
		head -c "$head" >/dev/null
		sh handle "$(head -c "$body")" $PPID
		echo "$id ok"
	done
	END
}

# until_drained HANDLER OPTION...: worker after worker, until one ends by itself
until_drained() {
	local handler=$1 n
	shift
	for ((n = 1; n <= 20; n++)); do
		bg w mq work "$@" --drain=all -- sh "$handler"
		ended "$pid"
		[ "$status" -ne 137 ] || continue
		deaths=$((n - 1))
		assert_equal "$status" 0
		return
	done
	fail "no worker ended by itself"
}

# One message that kills its worker among 40: it dies, and nobody else.
poison_among_40() {
	local queues=$1 handler=$2 q n=0
	shift 2
	poison_handlers
	for q in $queues; do
		mq init -q "$q" attempts=3 backoff=0s
	done
	(seq 3; echo poison; seq 4 40) | mq push -q -l "${queues%% *}"
	for q in $queues; do
		[ "$q" = "${queues%% *}" ] || seq 101 110 | mq push -q -l "$q"
		n=$((n + 1))
	done
	# shellcheck disable=SC2086 # several queues
	until_drained "$handler" $queues "$@"
	assert_equal "$(for q in $queues; do mq peek "$q" "$(mq ls "$q" --state dead --ids)"; done)" poison
	assert_equal "$(mq ls "${queues%% *}" --state dead --ids | wc -l)" 1
	assert_equal "$(sort -u handled | wc -l)" $((40 + (n - 1) * 10))
	# Once among others, and then as often as any message that fails.
	assert [ "$deaths" -ge 3 -a "$deaths" -le 4 ]
}

@test "poison, -j 8: one dead letter, its neighbours are handled" {
	poison_among_40 q single -j 8
}

@test "poison, -j 1: its own failure from the first time" {
	poison_among_40 q single
	assert_equal "$deaths" 3
}

@test "poison, --batch 20: one dead letter, its neighbours are handled" {
	poison_among_40 q batch --batch 20
}

@test "poison, --batch 5 -j 3: one dead letter, its neighbours are handled" {
	poison_among_40 q batch --batch 5 -j 3
}

@test "poison, --persistent -j 4: one dead letter, its neighbours are handled" {
	poison_among_40 q stay --persistent -j 4
}

@test "poison, -j 6 on two queues: one dead letter, the other queue's are handled" {
	poison_among_40 "a b" single -j 6
}

@test "poison with keys: its key goes on behind it, its neighbours are handled" {
	poison_handlers
	mq init -q q attempts=2 backoff=0s
	for i in 1 2 3 4; do
		mq push -q q -k "$i" -m "a$i"
	done
	mq push -q q -k 2 -m poison
	for i in 1 2 3 4; do
		mq push -q q -k "$i" -m "b$i"
	done
	until_drained single q -j 4
	assert_equal "$(mq ls q --state dead --ids | wc -l)" 1
	assert_equal "$(sort -u handled | tr '\n' ' ')" "a1 a2 a3 a4 b1 b2 b3 b4 "
}

@test "a suspect is tried alone: no other handler of its worker runs beside it, of any queue" {
	mq init -q a backoff=0s attempts=2
	mq init -q b
	seq 4 | mq push -q -l a
	bg w mq work a -j 4 -- sh -c 'echo >>begun; exec sleep 300'
	wait_for lines begun 4
	kill -KILL "$pid"
	ended "$pid"
	seq 5 8 | mq push -q -l b
	cat >alone <<-'END'
	read -r x
	mkdir "running.$x" || exit
	sleep 0.05
	case $x in
	[1-4]) [ "$(echo running.*)" = "running.$x" ] || echo "$x: $(echo running.*)" >>together ;;
	esac
	rmdir "running.$x"
	echo "$x" >>handled
	END
	bg w mq work a b -j 4 --drain=all -- sh alone
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort handled | tr '\n' ' ')" "1 2 3 4 5 6 7 8 "
	assert [ ! -e together ]
}

@test "a suspect: its record and mq show say so, it counts no attempt; retry clears it of it" {
	mq init -q q backoff=0s attempts=1
	seq 2 | mq push -q -l q
	bg w mq work q -j 2 -- sh -c 'echo >>begun; exec sleep 300'
	wait_for lines begun 2
	kill -KILL "$pid"
	ended "$pid"
	h=$(mq claim q --lease 1h)
	id=${h%%,*}
	run -0 mq show q "$id"
	assert_output --partial "not counted: its worker had other messages, too; it is tried alone next"
	assert_equal "$(mq ls q --json | grep -c '"attempts":0')" 2
	compgen -G "$MQ_SPOOL/q/claimed/*/*,u*" >/dev/null
	mq retry -q --force q "$id"
	! compgen -G "$MQ_SPOOL/q/ready/*/*$id*,u*" >/dev/null
}

# suspects ARG...: a queue, made with these policies, of two messages whose worker died
suspects() {
	mq init -q q "$@"
	seq 2 | mq push -q -l q
	bg w mq work q -j 2 -- sh -c 'echo >>begun; exec sleep 300'
	wait_for lines begun 2
	kill -KILL "$pid"
	ended "$pid"
}

@test "the record of a suspect goes with it to another queue, and when it is acknowledged" {
	suspects
	mq nack --no-count q "$(mq claim q)"
	assert_equal "$(find "$MQ_SPOOL/q/failures" -type f | wc -l)" 2
	mq init -q to
	mq mv -q q to --state ready --all
	assert_equal "$(find "$MQ_SPOOL/to/failures" -type f | wc -l)" 2
	mq work to --drain -- true
	assert_equal "$(find "$MQ_SPOOL"/*/failures -type f)" ""
}

@test "a suspect that was acknowledged and kept is none when it is replayed" {
	suspects keep=10
	mq work q --drain -- true
	assert_equal "$(find "$MQ_SPOOL/q/done" -type f | wc -l)" 2
	! compgen -G "$MQ_SPOOL/q/done/*/*,u*" >/dev/null
}

@test "what was over and not yet acknowledged when the next message took its worker down is no dead letter" {
	poison_handlers
	mq init -q q attempts=1
	(echo one; echo poison; echo two) | mq push -q -l q
	until_drained single q
	assert_equal "$(mq ls q --state dead --ids | wc -l)" 1
	assert_equal "$(sort handled | tr '\n' ' ')" "one two "
}

# short_of COMMAND...: a worker of one message that runs out of descriptors once, at each call after its claim
short_of() {
	rm -rf "$MQ_SPOOL"
	mq init -q q backoff=1h jitter=none
	mq push -q q -m one
	cp -a "$MQ_SPOOL" before
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 0 list report mq work q -n 1 -- "$@" || true
	calls=$(awk 'claimed && $2 == "openat" { print $1 } $2 ~ /^rename/ { claimed = 1 }' report)
	[ "$calls" ]
	for n in $calls; do
		rm -rf "$MQ_SPOOL"
		cp -a before "$MQ_SPOOL"
		"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$n" EMFILE report mq work q -n 1 -- "$@" || true
		mq work q -n 1 --drain -- true || true	# takes back what was left behind
		mq ls q --json | jq -r '"\(.attempts) \(.reason)"'
	done >ends
	rm -rf before
}

@test "a worker that is short of descriptors when a claim ends does not lose it" {
	need_inject
	short_of false
	refute [ "$(grep -v '^1 exit-1$' ends)" ]
	short_of "$PWD/no-such-command"
	refute [ "$(cat ends)" ]	# given back, and so handled by the next worker
}

@test "nack of a suspect whose claim is extended meanwhile clears it of it" {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	suspects
	h=$(mq claim q)
	bg n env PAUSE_RENAME=1 PAUSE="$PWD/n.pause" LD_PRELOAD="$MQ_BUILD/preload/pause.so" mq nack q "$h"
	wait_for test -e n.pause
	mq extend q "$h" 1h
	rm n.pause
	ended "$pid"
	assert_equal "$status" 0
	! compgen -G "$MQ_SPOOL/q/*/*/*${h%%,*}*,u*" >/dev/null
}
