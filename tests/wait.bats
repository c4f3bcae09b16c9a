#!/usr/bin/env bats
# wait.bats: everything that waits: mq wait, pop -w, claim --wait, push --wait.
# Each wakes because something happened; its slow poll would be later than the
# deadline of these tests.
# shellcheck disable=SC2016 # for other shells

load work_helper

setup() {
	common_setup
	mq init -q q
	pid=
}

teardown() {
	common_teardown
}

# waiting NAME COMMAND...: in the background, until it waits
waiting() {
	bg "$@"
	wait_for armed_or_ended "$pid"
}

# What it waits for may be a matter of time, and be there before anybody looked.
armed_or_ended() {
	armed "$1" || ! alive "$1"
}

# woken [OUTPUT]: the last one ended well, and has said that
woken() {
	ended "$pid" || return
	assert_equal "$status" 0
	assert_equal "$(cat ./*.out)" "${1-}"
}

# ---- pop -w and claim --wait ----

@test "pop -w wakes for a push" {
	waiting pop mq pop q -w
	mq push -q q -m x
	woken x
}

@test "claim --wait wakes for a push" {
	waiting claim mq claim q --wait --body body
	mq push -q q -m x
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat body)" x
	mq ack q "$(cat claim.out)"
}

@test "pop -w and claim --wait end with 1 when their time is over" {
	run -1 mq pop q -w0.1s
	run -1 mq pop q --wait=0.1s
	run -1 mq claim q --wait=0.1s
	run -1 mq claim q -w0.1s
	assert_output ''
	run -1 mq pop q --wait=0
}

@test "pop -w does not wait when there is something" {
	mq push -q q -m x
	run -0 mq pop q -w
	assert_output x
}

@test "an argument of -w must be a duration: 64" {
	run -64 mq pop q -wsoon
	run -64 mq pop q --wait=-1
	run -64 mq claim q --wait=
}

@test "pop -w wakes for a file renamed into new/" {
	waiting pop mq pop q -w
	echo dropped >file
	mv file "$MQ_SPOOL/q/new/file"
	woken dropped
}

@test "pop -w wakes for a file linked into new/" {
	waiting pop mq pop q -w
	echo linked >file
	ln file "$MQ_SPOOL/q/new/file"
	woken linked
}

@test "pop -w wakes for a message renamed or linked into ready/ by another program" {
	mq push -q q -m 'by rename'
	mq push -q q -m 'by link'
	mapfile -t files < <(find "$MQ_SPOOL/q/ready" -type f | sort)
	mkdir aside
	mv "${files[@]}" aside
	bucket=${files[0]%/*}
	mkdir -p "$bucket"	# empty ones may be removed
	waiting pop mq pop q -w
	mv "aside/${files[0]##*/}" "$bucket/"
	woken 'by rename'
	rm pop.out
	mkdir -p "$bucket"
	waiting pop mq pop q -w
	ln "aside/${files[1]##*/}" "$bucket/"
	woken 'by link'
}

@test "pop -w wakes for a message in a bucket that did not exist" {
	mq push -q q -m x
	bucket=$(find "$MQ_SPOOL/q/ready" -mindepth 1 -type d -not -empty)
	mv "$bucket" "$MQ_SPOOL/q/tmp/aside"
	waiting pop mq pop q -w
	mv "$MQ_SPOOL/q/tmp/aside" "$bucket"
	woken x
}

@test "pop -w wakes when a delay is over" {
	mq push -q q -m later -d 0.3s
	waiting pop mq pop q -w
	woken later
}

@test "pop -w wakes for a delayed message that came while it waited, and is due before another" {
	mq push -q q -m late -d 1h
	waiting pop mq pop q -w
	mq push -q q -m early -d 0.3s
	woken early
}

@test "pop -w wakes when a lease is over" {
	mq init -q q backoff=0s
	mq push -q q -m x
	mq claim q --lease 0.3s
	waiting pop mq pop q -w
	woken x
	run -0 mq ls q
	assert_output ''
}

@test "pop -w wakes when a lease is over that began while it waited" {
	mq init -q q backoff=0s
	mq push -q q -m x
	mq pause q
	waiting pop mq pop q -w
	kill -STOP "$pid"
	mq resume q
	mq claim q --lease 0.3s
	kill -CONT "$pid"
	woken x
}

@test "pop -w wakes when a message is given back" {
	mq push -q q -m x
	handle=$(mq claim q)
	waiting pop mq pop q -w
	mq nack q --no-count "$handle"
	woken x
}

@test "pop -w wakes after the back-off of a failure" {
	mq init -q q backoff=0.2s jitter=none
	mq push -q q -m x
	handle=$(mq claim q)
	waiting pop mq pop q -w
	mq nack q "$handle"
	woken x
}

@test "pop -w wakes for what an operator makes ready" {
	id=$(mq push q -m x)
	mq hold -q q "$id"
	waiting pop mq pop q -w
	mq retry -q q "$id"
	woken x
}

@test "pop -w wakes for what comes from another queue" {
	id=$(mq push other -m x)
	waiting pop mq pop q -w
	mq mv -q other q "$id"
	woken x
}

@test "pop -w wakes for each kind of push" {
	waiting pop mq pop q -w
	echo line | mq push -q q -l
	woken line
	waiting pop mq pop q -w
	seq 1 | mq push -q q -l --atomic
	woken 1
	waiting pop mq pop q -w
	mq push -q q -p 0 -m first
	woken first
	waiting pop mq pop q -w
	mq push -q q -p 9 -m last
	woken last
}

@test "a paused queue: pop ends with 75, pop -w waits for the end of the pause" {
	mq push -q q -m x
	mq pause q
	run -75 mq pop q
	waiting pop mq pop q -w
	mq resume q
	woken x
}

@test "with -n, pop -w waits for the first only" {
	waiting pop mq pop q -w -n 5 -l
	seq 2 | mq push -q q -l --atomic
	woken $'1\n2'
}

@test "one message for many that wait: one gets it" {
	for i in 1 2 3 4; do
		waiting "pop$i" mq pop q --wait
	done
	mq push -q q -m x
	some_ended() {
		[ -n "$(cat pop*.out)" ]
	}
	wait_for some_ended
	assert_equal "$(cat pop*.out)" x
	seq 3 | mq push -q q -l
	for pid in "${pids[@]}"; do
		ended "$pid"
		assert_equal "$status" 0
	done
	assert_equal "$(cat pop*.out | tr -d '\n' | wc -c)" 4
}

@test "a message pushed while waiters come and go is never overlooked" {
	# One of a pair waits for the other's push at each step: a lost wake-up
	# stops both.
	mq init -q ping
	mq init -q pong
	bg one sh -c 'for i in $(seq 60); do
		mq pop ping --wait=25s >/dev/null || exit
		mq push -q pong -m x || exit
	done'
	one=$pid
	bg two sh -c 'for i in $(seq 60); do
		mq push -q ping -m x || exit
		mq pop pong --wait=25s >/dev/null || exit
	done'
	ended "$pid"
	assert_equal "$status" 0
	ended "$one"
	assert_equal "$status" 0
}

@test "SIGTERM ends pop -w, and nothing is lost" {
	waiting pop mq pop q -w
	kill -TERM "$pid"
	ended "$pid"
	[ "$status" -ne 0 ]
	mq push -q q -m x
	run -0 mq pop q
	assert_output x
}

# ---- push --wait ----

@test "push --wait wakes when there is room" {
	mq init -q q max_messages=1
	mq push -q q -m first
	run -75 mq push q -m second
	waiting push mq push q -q --wait -m second
	run -0 mq pop q
	assert_output first
	woken
	run -0 mq pop q
	assert_output second
}

@test "push --wait wakes when a claimed message is acknowledged" {
	mq init -q q max_messages=1
	mq push -q q -m first
	handle=$(mq claim q)
	waiting push mq push q -q --wait -m second
	mq ack q "$handle"
	woken
}

@test "push --wait wakes when pushes are allowed again" {
	mq pause q --push
	run -75 mq push q -m x
	waiting push mq push q -q --wait -m x
	mq resume q --push
	woken
	run -0 mq pop q
	assert_output x
}

@test "push --wait wakes when the limit is raised" {
	mq init -q q max_messages=1
	mq push -q q -m first
	waiting push mq push q -q --wait -m second
	mq init -q q max_messages=2
	woken
}

@test "push --wait=DUR ends with 75 when its time is over, and nothing was queued" {
	mq init -q q max_messages=1
	mq push -q q -m first
	run -75 mq push q --wait=0.1s -m second
	run -0 mq pop q -n 5 -l
	assert_output first
}

# ---- mq wait ----

@test "wait --ready: when something is, at once" {
	mq push -q q -m x
	run -0 mq wait q --ready
	assert_output ''
	run -0 mq pop q
	assert_output x
}

@test "wait --ready wakes for a push, and takes nothing" {
	waiting wait mq wait q --ready
	mq push -q q -m x
	woken
	run -0 mq pop q
	assert_output x
}

@test "wait --ready wakes for the drop box" {
	waiting wait mq wait q --ready
	echo x >file
	mv file "$MQ_SPOOL/q/new/file"
	woken
}

@test "wait --ready wakes when a delay is over" {
	mq push -q q -m x -d 0.3s
	waiting wait mq wait q --ready
	woken
	run -0 mq pop q
	assert_output x
}

@test "wait --ready wakes when a lease is over, whatever else is claimed" {
	mq init -q q backoff=0s
	seq 2 | mq push -q q -l
	mq claim q --lease 1h >long
	mq claim q --lease 0.3s >short
	waiting wait mq wait q --ready
	woken
	run -0 mq pop q -l
	assert_output 2
}

@test "wait --ready wakes when a worker was killed" {
	mq init -q q backoff=0s
	mq push -q q -m x
	bg work mq work q -- sh -c 'touch started; sh await go'
	work=$pid
	wait_for [ -e started ]
	waiting wait mq wait q --ready
	kill -KILL "$work"
	ended "$pid"
	assert_equal "$status" 0
	run -0 mq pop q
	assert_output x
}

@test "wait --empty: when it is, at once" {
	run -0 mq wait q --empty
	mq push -q q -m x
	mq hold -q q --all
	run -0 mq wait q --empty
}

@test "wait --empty waits for ready, delayed and claimed ones" {
	mq push -q q -m ready
	mq push -q q -m delayed -d 0.5s
	waiting wait mq wait q --empty
	run -0 mq pop q
	alive "$pid"
	handle=$(mq claim q --wait)
	alive "$pid"
	mq ack q "$handle"
	woken
}

@test "wait --empty wakes when the last message is set aside or removed" {
	for verb in hold bury rm; do
		id=$(mq push q -m x)
		waiting wait mq wait q --empty
		mq "$verb" -q q "$id"
		woken
	done
}

@test "wait --empty sees no gap between two states" {
	# It is never empty here: each message goes round and round.
	mq init -q q backoff=0s attempts=1000000
	seq 3 | mq push -q q -l
	bg work mq work q -j 2 -- sh -c 'exit $(($(cat stop 2>/dev/null || echo 1)))'
	for i in 1 2 3 4 5 6; do
		run -1 mq wait q --empty --timeout 0.1s
	done
	echo 0 >stop
	run -0 mq wait q --empty --timeout 25s
}

@test "wait --below counts ready, delayed and claimed ones" {
	seq 4 | mq push -q q -l
	mq push -q q -m later -d 1h
	mq claim q >handle
	run -0 mq wait q --below 6
	run -1 mq wait q --below 5 --timeout 0
	waiting wait mq wait q --below 4
	mq pop q >/dev/null
	alive "$pid"
	mq ack q "$(cat handle)"
	woken
}

@test "wait --timeout: 1, and nothing is said" {
	run -1 mq wait q --ready --timeout 0.1s
	assert_output ''
	mq push -q q -m x
	run -1 mq wait q --empty --timeout 0.1s
	run -1 mq wait q --below 1 --timeout 0.1s
	assert_output ''
}

@test "usage errors: 64, no such queue: 66" {
	run -64 mq wait q
	run -64 mq wait q --ready --empty
	run -64 mq wait q --below none
	run -64 mq wait q --below 0
	run -64 mq wait --ready
	run -64 mq wait q q --ready
	run -66 mq wait nosuch --ready
	run -66 mq pop nosuch --wait
}

looks() {
	local state=$1
	shift
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 1 list report "$@" >looks.out 2>&1
	grep -c " openat $MQ_SPOOL/q/$state/\.\$" report
}

@test "no queue is believed to be empty at the first look, if something may have moved" {
	need_inject
	mq init -q q
	# One look is that of who sets its watches.
	assert [ "$(looks claimed mq wait q --empty)" -gt 2 ]
	# Young is a tenth of a second: try until it was quick enough.
	for ((i = 0; i < 200; i++)); do
		touch "$MQ_SPOOL/q/ready"
		[ "$(looks ready mq pop q)" -le 1 ] || break
	done
	assert [ "$i" -lt 200 ]
	touch -d '1 hour ago' "$MQ_SPOOL/q/ready" "$MQ_SPOOL"/q/ready/*
	assert_equal "$(looks ready mq pop q)" 1
}

@test "pop renews its lease while its reader is slow" {
	mq init -q q lease=0.6s
	head -c 300000 /dev/zero | mq push -q q
	mkfifo pipe
	bg pop sh -c 'exec mq pop q >pipe'
	popper=$pid
	exec 5<pipe
	wait_for has q claimed 1
	first=$(mq ls q --json | jq -r .deadline)
	wait_for renewed
	assert_equal "$(cat <&5 | wc -c)" 300000
	ended "$popper"
	assert_equal "$status" 0
}

renewed() {
	[ "$(mq ls q --json | jq -r .deadline)" != "$first" ]
}
