#!/usr/bin/env bats
# output.bats: the worker's own stdout or stderr is gone or full: it stops with 74 and counts nothing; --grace; what is
# said without -v
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# untouched QUEUE: no failure was counted, nothing is dead, nothing is left claimed
untouched() {
	assert_equal "$(mq stat "$1" --json | jq -c '[.delayed, .claimed, .dead]')" "[0,0,0]"
	assert_equal "$(mq ls "$1" --json | jq .attempts | sort -u)" 0
}

# lost_reader WORK-ARGUMENT...: the reader of the worker's stdout takes one line and goes
lost_reader() {
	mq init -q q attempts=2 backoff=0s handler='read -r n; echo "job $n"; sleep 0.1; echo more; echo "did $n" >>did'
	seq 20 | mq push -q -l q
	bash -c 'mq work "$@" 2>work.err; echo $? >work.status' work "$@" | head -n 1 >first
	wait_for [ -s work.status ]
	assert_equal "$(cat work.status)" 74
	grep -q 'stdout: Broken pipe' work.err
	untouched q
}

@test "nobody reads stdout: work stops with 74, and nothing has failed" {
	lost_reader q -- sh -c 'read -r n; echo "job $n"; sleep 0.1; echo more'
	assert_equal "$(cat first)" "job 1"
	[ "$(mq ls q --ids | wc -l)" -ge 15 ]
}

@test "nobody reads stdout: with handlers that say so by their status" {
	lost_reader -j 3 q -- sh -c 'trap "" PIPE; read -r n; echo "job $n"; sleep 0.1; echo more || exit 3'
}

@test "nobody reads stdout: with --batch" {
	lost_reader --batch 5 q -- sh -c 'while read -r n; do echo "job $n"; sleep 0.05; done'
}

@test "nobody reads stdout: with --config, with --reply, and of several queues" {
	lost_reader --config q
	rm -rf "$MQ_SPOOL" work.status
	lost_reader --reply q -- sh -c 'read -r n; echo "job $n"; sleep 0.1; echo more'
	rm -rf "$MQ_SPOOL" work.status
	mq init -q other
	lost_reader other q -- sh -c 'read -r n; echo "job $n"; sleep 0.1; echo more'
}

@test "stdout is full: the same" {
	mq init -q q attempts=2 backoff=0s handler='echo job'
	seq 5 | mq push -q -l q
	for args in "q -- echo job" "--batch 3 q -- echo job" "--config q"; do
		# shellcheck disable=SC2086 # words
		run -74 bash -c 'mq work --drain "$@" >/dev/full' work $args
		assert_output --partial 'stdout: No space left on device'
		untouched q
		assert_has q ready 5
	done
	# Whoever says nothing does not care.
	run -0 bash -c 'mq work --drain q -- true >/dev/full'
}

@test "the disk of the file that is stdout is full: the same" {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root to mount"
	unshare -m mount -t tmpfs none "$PWD" 2>/dev/null || skip "SKIPPED: cannot mount here"
	mq init -q q attempts=1
	seq 5 | mq push -q -l q
	mkdir small
	run unshare -m sh -c 'mount -t tmpfs -o size=64k none small
		head -c 200000 /dev/zero >small/log 2>/dev/null
		mq work --drain q -- echo job >>small/log'
	assert_equal "$status" 74
	untouched q
	assert_has q ready 5
}

@test "nobody reads stderr, or there is no room for it: work stops with 74" {
	mq init -q q attempts=1
	seq 5 | mq push -q -l q
	run bash -c '{ mq work q -- sh -c "echo said >&2; sleep 0.2"; echo $? >status; } 2>&1 | true; cat status'
	assert_output 74
	untouched q
	[ "$(mq ls q --ids | wc -l)" -ge 3 ]
	run -74 bash -c 'mq work q -- sh -c "echo said >&2; sleep 0.2" 2>/dev/full'
	untouched q
}

@test "--persistent does not care for stdout, which its handlers do not have" {
	mq init -q q
	seq 3 | mq push -q -l q
	run -0 bash -c 'mq work --drain --persistent q -- sh -c "while read -r id head body rest; do head -c \"\$body\" >/dev/null; echo \"\$id ok\"; done" >/dev/full'
	assert_has q ready 0
}

# graceful INIT WORK-ARGUMENT...: one SIGTERM, and the handler is stopped a while later; it does not count
graceful() {
	local init=$1
	shift
	rm -rf "$MQ_SPOOL" at
	mq init -q r
	# shellcheck disable=SC2086 # words
	mq init -q q attempts=1 handler='touch at; exec sh await never' $init
	mq push -q q -m x
	bg work mq work "$@"
	wait_for [ -e at ]
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	grep -q 'stopping: waiting 200ms for 1 handler' work.err
	untouched q
	assert_has q ready 1
}

@test "--grace: after one SIGTERM handlers are stopped when it is over, and nothing counts" {
	graceful "" --grace 200ms q -- sh -c 'touch at; exec sh await never'
}

@test "--grace: with --batch, --persistent, --config and several queues" {
	graceful "" --grace 200ms --batch 3 q -- sh -c 'touch at; exec sh await never'
	graceful "" --grace 200ms --persistent q -- sh -c 'touch at; exec sh await never'
	graceful "" --grace 200ms --config q
	graceful "" --grace 200ms q r -- sh -c 'touch at; exec sh await never'
}

@test "the policy's grace does the same, and --grace comes before it" {
	graceful grace=200ms q -- sh -c 'touch at; exec sh await never'
	graceful grace=1h --grace 200ms --config q
}

@test "--grace: who ends in time is done" {
	mq push -q q -m x
	bg work mq work --grace 1h q -- sh -c 'touch at; exec sh await go'
	wait_for [ -e at ]
	kill -TERM "$pid"
	wait_for grep -q stopping work.err
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
}

@test "a failed attempt and a dead letter are told of without -v, and not with -q" {
	mq init -q q attempts=2 backoff=0s
	mq push -q q -m x
	id=$(mq ls q --ids)
	run -0 --separate-stderr mq work --drain q -- sh -c 'exit 3'
	assert_equal "$stderr" "mq work: $id: exit-3, attempt 1 of 2: to be retried
mq work: $id: exit-3, attempt 2 of 2: dead"
	for args in "--batch 3" "--persistent"; do
		mq retry -q q --all
		# shellcheck disable=SC2086 # words
		run -0 --separate-stderr mq work --drain $args q -- sh -c 'exit 3'
		[[ $stderr == *"$id: exit-3, attempt 2 of 2: dead"* ]]
	done
	mq retry -q q --all
	run -0 --separate-stderr mq work -q --drain q -- sh -c 'exit 3'
	assert_equal "$stderr" ""
}

@test "a success that counts for nothing, as the lease was over, is told of" {
	mq init -q q attempts=5 backoff=0s lease=1s
	mq push -q q -m x
	bg work mq work q -- sh -c 'touch at; sh await go; touch ended'
	wait_for [ -e at ]
	kill -STOP "$pid"
	wait_for mq pop -q q
	touch go
	wait_for [ -e ended ]
	kill -CONT "$pid"
	wait_for grep -q 'is lost' work.err
	kill -TERM "$pid"
	ended "$pid"
}

@test "a policy that cannot be read while a worker runs: the last good one holds, and it is told of once" {
	mq init -q q attempts=7
	bg work mq work q -- sh -c 'echo "$MQ_MAX_ATTEMPTS $(cat)" >>got'
	wait_for armed "$pid"
	cp "$MQ_SPOOL/q/queue.conf" good
	{ echo 'attemps = 3'; cat good; } >"$MQ_SPOOL/q/tmp/conf" && mv "$MQ_SPOOL/q/tmp/conf" "$MQ_SPOOL/q/queue.conf"
	# Whoever starts anew refuses.
	run -78 mq pop q
	echo one >"$MQ_SPOOL/q/tmp/x" && mv "$MQ_SPOOL/q/tmp/x" "$MQ_SPOOL/q/new/one"
	wait_for grep -q one got
	sleep 1.2
	echo two >"$MQ_SPOOL/q/tmp/x" && mv "$MQ_SPOOL/q/tmp/x" "$MQ_SPOOL/q/new/two"
	wait_for grep -q two got
	assert_equal "$(cat got)" $'7 one\n7 two'
	assert_equal "$(grep -c 'the last good policy holds' work.err)" 1
	cp good "$MQ_SPOOL/q/tmp/conf" && mv "$MQ_SPOOL/q/tmp/conf" "$MQ_SPOOL/q/queue.conf"
	wait_for grep -q 'can be read again' work.err
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
}
