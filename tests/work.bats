#!/usr/bin/env bats
# work.bats: mq work: what a handler gets, what becomes of the message, and
# what happens when somebody dies (design.md, section 5).
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# Every byte there is, twice, and no newline at the end.
all_bytes() {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 2)'
}

# reason QUEUE: of its only message
reason() {
	mq ls "$1" --json | sed -n 's/.*"reason":"\([^"]*\)".*/\1/p'
}

# ---- standard input ----

@test "stdin is exactly the body" {
	all_bytes >bytes
	: >empty
	head -c 1000003 /dev/urandom >large
	mq push -q q bytes empty large
	mq push -q q -H 'A: 1' -H 'B: 2' bytes empty large
	run -0 mq work q --drain -- sh -c 'cat >"got.$MQ_ID"; echo "$MQ_ID"'
	mapfile -t ids <<<"$output"
	assert_equal "${#ids[@]}" 6
	for i in 0 3; do
		cmp bytes "got.${ids[i]}"
		cmp empty "got.${ids[i + 1]}"
		cmp large "got.${ids[i + 2]}"
	done
	assert_has q ready 0
	assert_has q claimed 0
}

@test "stdin may be opened again, by its name" {
	all_bytes >bytes
	mq push -q q bytes
	mq push -q q -H 'A: 1' bytes
	run -0 mq work q --drain -- sh -c 'cp /dev/stdin "got.$MQ_ID"; echo "$MQ_ID"'
	for id in $output; do
		cmp bytes "got.$id"
	done
	assert_equal "$(wc -w <<<"$output")" 2
}

@test "stdin may be read twice and mapped when there are no headers" {
	all_bytes >bytes
	mq push -q q bytes
	cat >map.py <<-'END'
	import mmap, os, sys
	first = sys.stdin.buffer.read()
	with mmap.mmap(0, 0, access=mmap.ACCESS_READ) as m:
	    assert first == m[:], (first, m[:])
	os.lseek(0, 0, os.SEEK_SET)
	sys.stdout.buffer.write(sys.stdin.buffer.read())
	END
	mq work q --drain -- python3 map.py >got
	cmp bytes got
}

@test "each attempt reads the body from its beginning" {
	mq init -q q backoff=0s
	mq push -q q -m body
	mq push -q q -m body -H 'A: 1'
	run -0 mq work -q q --drain -- sh -c 'cat; echo " $MQ_ATTEMPT"; [ $MQ_ATTEMPT = 2 ]'
	assert_equal "$(sort <<<"$output")" $'body 1\nbody 1\nbody 2\nbody 2'
}

@test "a handler need not read its stdin" {
	head -c 1000003 /dev/urandom >large
	mq push -q q large
	mq push -q q -H 'A: 1' large
	run -0 mq work q --drain -- true
	assert_has q ready 0
	run -0 mq ls q
	assert_output ''
}

# ---- environment ----

@test "the environment tells about the message" {
	mq init -q q attempts=7
	id=$(mq push q -p 3 -m x)
	run -0 mq work q --drain -- sh -c 'echo "$MQ_SPOOL|$MQ_QUEUE|$MQ_ID|$MQ_ATTEMPT|$MQ_MAX_ATTEMPTS|$MQ_PRIORITY"
		echo "$MQ_ENQUEUED"; echo "$MQ_HANDLE"; mq ls q --state claimed -o handle,enqueued'
	assert_line -n 0 "$(realpath "$MQ_SPOOL")|q|$id|1|7|3"
	assert_line -n 1 --regexp '^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z$'
	assert_line -n 3 --regexp "^${lines[2]} +${lines[1]}$"
}

@test "MQ_SPOOL in the handler holds wherever it goes, and whatever -s said" {
	unset MQ_SPOOL
	mq -s ./elsewhere push -q q -m x
	run -0 mq -s ./elsewhere work q --drain -- sh -c 'cd / && mq ls'
	assert_output q
}

@test "each header is MQ_HEADER_NAME, repeats joined, inherited ones cleared" {
	export MQ_HEADER_STALE=old MQ_HEADER_A=old MQ_HANDLE=old MQ_ID=old MQ_OTHER=kept
	mq push -q q -m x -H 'a: 1' -H 'X-Content.Type: text/plain' -H 'A: two' -H 'a_b: u' \
	    -H 'Empty:' -H 'Last: a  b=c"d$HOME'
	mq push -q q -m x
	run -0 mq work q --drain -- sh -c 'env | grep -e ^MQ_HEADER -e ^MQ_OTHER | sort; echo --'
	assert_output "MQ_HEADER_A=1, two
MQ_HEADER_A_B=u
MQ_HEADER_EMPTY=
MQ_HEADER_LAST=a  b=c\"d\$HOME
MQ_HEADER_X_CONTENT_TYPE=text/plain
MQ_OTHER=kept
--
MQ_OTHER=kept
--"
}

@test "MQ_ATTEMPT counts failures, not deliveries" {
	mq init -q q backoff=0s
	mq push -q q -m x
	handle=$(mq claim q)
	mq nack q --no-count "$handle"
	run -0 mq work -q q --drain -- sh -c 'echo $MQ_ATTEMPT; [ $MQ_ATTEMPT = 2 ]'
	assert_output $'1\n2'
}

@test "a handler gets no descriptors, blocked or ignored signals of the worker" {
	mq push -q q -m x
	ls /proc/self/fd >before
	run -0 mq work q --drain -- sh -c 'ls /proc/self/fd >after; grep -e SigBlk -e SigIgn /proc/self/status'
	run -0 diff before after
	run -0 mq push -q q -m x
	# 32 and 33 are the C library's own, out of reach for a program.
	run -0 env --ignore-signal mq work q --drain -- \
		grep -c -e '^SigBlk:.0*$' -e '^SigIgn:.0*180*$' -e '^SigIgn:.0*$' /proc/self/status
	assert_output 2
}

@test "a queue that was removed ends its workers and waiters" {
	mq init -q q
	bg work mq work q -- cat
	bg wait mq wait q --ready
	bg pop mq pop -w q
	wait_for title_has "${pids[0]}" "0 running"
	wait_for test -e "/proc/${pids[2]}/fd/8"
	rm -r "$MQ_SPOOL/q"
	mq push -q q -m new
	for pid in "${pids[@]}"; do
		ended "$pid"
		assert_equal "$status" 66
	done
	assert_has q ready 1
}

@test "a worker under nohup does not mind a hangup" {
	mq push -q q -m x
	bg work env --ignore-signal=HUP mq work q --drain -- sh -c 'touch begun; sh await go'
	wait_for test -e begun
	kill -HUP "$pid"
	mq push -q q -m y
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_has q ready 0
}

@test "a stderr that nobody reads holds up no lease and no time-out" {
	mkfifo err
	exec 9<>err
	mq push -q q -m x
	mq init -q q attempts=1 lease=1s
	mq -v work q --drain --timeout=3s -- sh -c 'mq ls q -o deadline --state claimed >first; exec yes >&2' 2>&9 3>&- &
	pids+=($!)
	wait_for test -s first
	# The lease is extended, and the handler stopped when its time is over.
	wait_for bash -c '! mq ls q -o deadline --state claimed | diff -q - first'
	wait_for has q dead 1
	wait_for not alive "${pids[-1]}"
	exec 9>&-
	mq dead q | grep timeout
}

# ---- how it ends ----

@test "exit 0 acknowledges" {
	mq push -q q -m x
	run -0 mq work q --drain -- true
	run -0 mq ls q
	assert_output ''
}

@test "exit 65 and 100 make a dead letter at once" {
	for code in 65 100; do
		mq push -q "q$code" -m x
		run -0 mq work "q$code" --drain -- sh -c "exit $code"
		assert_has "q$code" dead 1
		assert_equal "$(field "q$code" attempts,deliveries)" "1 1"
		assert_equal "$(reason "q$code")" "exit-$code"
	done
}

@test "any other status is a failed attempt, until none is left" {
	mq init -q slow backoff=1h
	for code in 1 2 64 66 99 101 125 128 255; do
		mq push -q slow -m x
		run -0 mq work slow --drain -- sh -c "exit $code"
		assert_has slow delayed 1
		assert_equal "$(field slow attempts,deliveries)" "1 1"
		assert_equal "$(reason slow)" "exit-$code"
		mq rm -q slow --all --force
	done
	mq init -q q backoff=0s attempts=3
	mq push -q q -m x
	run -0 mq work -q q --drain -- sh -c 'echo $MQ_ATTEMPT; exit 1'
	assert_output $'1\n2\n3'
	assert_has q dead 1
	assert_equal "$(field q attempts,deliveries)" "3 3"
}

@test "death by a signal is a failed attempt" {
	mq init -q q backoff=1h
	mq push -q q -m x
	run -0 mq work q --drain -- sh -c 'kill -KILL $$'
	assert_has q delayed 1
	assert_equal "$(reason q)" signal-9
	assert_equal "$(field q attempts)" 1
}

@test "after its time-out a handler is stopped with its children: a failed attempt" {
	mq init -q q backoff=1h
	mq push -q q -m x
	run -0 mq work q --drain --timeout 0.2s -- sh -c 'sleep 1000 & echo $! >child; wait'
	assert_has q delayed 1
	assert_equal "$(reason q)" timeout
	assert_equal "$(field q attempts)" 1
	wait_for not alive "$(cat child)"
}

@test "who is quicker than the time-out is not stopped" {
	mq push -q q -m x
	run -0 mq work q --drain --timeout 1h -- echo quick
	assert_output quick
	run -0 mq ls q
	assert_output ''
}

@test "a command that cannot be executed burns no attempt: 127 or 126" {
	mq init -q q attempts=1
	mq push -q q -m x
	run -127 mq work q -- ./nowhere
	assert_output --partial nowhere
	assert_has q ready 1
	echo text >text
	run -126 mq work q -- ./text
	assert_output --partial text
	chmod 755 text
	run -126 mq work q -- /
	assert_has q ready 1
	assert_equal "$(field q attempts)" 0
}

@test "126 with several handlers: the others end in peace" {
	seq 2 | mq push -q -l q
	bg work mq work q -j 2 -- sh -c 'read n; touch "in.$n"; [ $n = 1 ] && { sh await go; exit 126; }; sh await in.1; exit 126'
	worker=$pid
	wait_for title_has "$worker" '1 running, 0 done'
	touch go
	ended "$worker"
	assert_equal "$status" 126
	run -0 mq ls q -o state,attempts
	assert_output --regexp '^ready +0.ready +0$'
}

@test "stdout of the handlers is that of the worker" {
	seq 3 | mq push -q -l q
	run -0 --separate-stderr mq work q --drain -- sh -c 'cat; echo; echo "e$MQ_ATTEMPT" >&2'
	assert_output $'1\n2\n3'
	# shellcheck disable=SC2154 # set by run
	assert_equal "$stderr" $'e1\ne1\ne1'
}

@test "stderr is passed on, and its tail is kept with the failure" {
	mq init -q q backoff=1h
	id=$(mq push q -m x)
	mq work -q q --drain -- sh -c 'seq 100000 100999 >&2; echo out of cheese >&2; exit 3' 2>err
	assert_equal "$(wc -l <err)" 1001
	assert_equal "$(tail -n 1 err)" 'out of cheese'
	record=$MQ_SPOOL/q/failures/${id: -2}/$id
	run -0 cat "$record"
	assert_line 'Reason: exit-3'
	assert_line 'Attempt: 1'
	assert_line ' 100999'
	assert_line ' out of cheese'
	refute_line ' 100000'
	[ "$(wc -c <"$record")" -lt 6000 ]
	mq bury -q q "$id" --reason 'enough of it'
	run -0 mq dead q
	assert_output --partial 'enough of it'
}

@test "mq dead tells the last line of stderr" {
	mq push -q q -m x
	run -0 mq work q --drain -- sh -c 'echo first >&2; echo "no such customer" >&2; exit 65'
	run -0 mq dead q
	assert_output --partial 'exit-65: no such customer'
	run -0 mq dead q --json
	assert_output --partial '"reason":"exit-65: no such customer"'
}

@test "control characters in stderr reach no terminal by way of mq dead" {
	mq push -q q -m x
	mq work q --drain -- sh -c 'printf "\033[2Jboo\007\n" >&2; exit 65' 2>err
	run -0 mq dead q
	assert_output --partial boo
	refute_output --partial $'\033'
	refute_output --partial $'\a'
}

@test "each failed attempt has its record" {
	mq init -q q backoff=0s attempts=2
	id=$(mq push q -m x)
	run -0 mq work q --drain -- sh -c 'echo "try $MQ_ATTEMPT" >&2; exit $MQ_ATTEMPT'
	run -0 cat "$MQ_SPOOL/q/failures/${id: -2}/$id"
	assert_line 'Attempt: 1'
	assert_line 'Reason: exit-1'
	assert_line ' try 1'
	assert_line 'Attempt: 2'
	assert_line 'Reason: exit-2'
	assert_line ' try 2'
}

# ---- how many ----

@test "-j 4 runs four at once" {
	seq 8 | mq push -q -l q
	# Each waits for three others: with fewer at once nobody would end.
	cat >meet <<-'END'
	read -r n
	team=$(((n - 1) / 4 * 4))
	touch "in.$n"
	exec sh await in.$((team + 1)) in.$((team + 2)) in.$((team + 3)) in.$((team + 4))
	END
	bg work mq work q -j 4 --drain -- sh meet
	ended "$pid"
	assert_equal "$status" 0
	run -0 mq ls q
	assert_output ''
}

@test "-j 2 never runs three at once" {
	seq 6 | mq push -q -l q
	bg work mq work q -j 2 --drain -- sh -c 'mkdir "run.$MQ_ID"; ls -d run.* | wc -l; sh await go; rmdir "run.$MQ_ID"'
	wait_for title_has "$pid" '2 running'
	assert_has q claimed 2
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(wc -l <work.out)" 6
	run grep -v -e '^[12]$' work.out
	assert_output ''
}

@test "one slow handler does not stop the other places" {
	seq 9 | mq push -q -l q
	bg work mq work q -j 2 --drain -- sh -c 'read n; [ $n != 1 ] || sh await go; echo $n'
	wait_for title_has "$pid" '1 running, 8 done'
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(tail -n 1 work.out)" 1
}

@test "-n 3 stops after three" {
	seq 5 | mq push -q -l q
	run -0 mq work q -n 3 -- sh -c 'cat; echo'
	assert_output $'1\n2\n3'
	assert_has q ready 2
	run -0 mq work q -n 1 -j 4 -- sh -c 'cat; echo'
	assert_output 4
	assert_has q ready 1
}

@test "--rate: with one an hour only one is started" {
	seq 3 | mq push -q -l q
	bg work mq work q -j 3 --rate 1/h -- sh -c 'cat; echo'
	wait_for title_has "$pid" '0 running, 1 done'
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat work.out)" 1
	assert_has q ready 2
}

@test "--rate holds nobody for ever" {
	seq 20 | mq push -q -l q
	run -0 mq work q --rate 200/s --drain -- sh -c 'cat; echo'
	assert_output "$(seq 20)"
	run -64 mq work q --rate fast --drain -- true
}

# ---- until when ----

@test "nothing to do: exit 0 at once with --drain" {
	mq init -q q
	run -0 mq work q --drain -- false
	assert_output ''
	run -0 mq work q --drain=all -- false
	assert_output ''
}

@test "--drain leaves what is delayed, failed or claimed by others" {
	mq init -q q backoff=1h
	mq push -q q -m late -d 1h
	mq push -q q -m taken
	mq claim q >handle
	mq push -q q -m failing
	mq push -q q -m good
	run -0 mq work -q q --drain -- sh -c 'read -r b; echo "$b"; [ "$b" = good ]'
	assert_output $'failing\ngood'
	assert_has q delayed 2
	assert_has q claimed 1
}

@test "--drain waits for its own handlers" {
	seq 2 | mq push -q -l q
	bg work mq work q -j 2 --drain -- sh -c 'sh await go; echo "$(cat)"'
	wait_for title_has "$pid" '2 running'
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort work.out)" $'1\n2'
}

@test "--drain=all waits for what is delayed and for what others have claimed" {
	mq push -q q -m taken
	handle=$(mq claim q)
	mq push -q q -m late -d 0.2s
	bg work mq work q --drain=all -- sh -c 'cat; echo'
	wait_for title_has "$pid" '1 done'
	alive "$pid"
	mq nack q --no-count "$handle"
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat work.out)" $'late\ntaken'
}

@test "--drain=all ends when another worker has taken the last one" {
	mq push -q q -m x
	handle=$(mq claim q)
	bg work mq work q --drain=all -- true
	wait_for title_has "$pid" '0 running'
	mq ack q "$handle"
	ended "$pid"
	assert_equal "$status" 0
}

@test "--drain of a paused queue: 75" {
	mq push -q q -m x
	mq pause q
	run -75 mq work q --drain -- true
	assert_has q ready 1
}

@test "without --drain it waits for the next" {
	mq init -q q
	bg work mq work q -- sh -c 'cat; echo'
	wait_for title_has "$pid" '0 running'
	mq push -q q -m one
	wait_for grep -q one work.out
	mq push -q q -m two
	wait_for grep -q two work.out
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
}

@test "usage errors: 64, no such queue: 66" {
	mq init -q q
	run -64 mq work q
	run -64 mq work
	run -64 mq work q -j 0 -- true
	run -64 mq work q -j many -- true
	run -64 mq work q -n 0 -- true
	run -64 mq work q --drain=some -- true
	run -64 mq work q --timeout soon -- true
	run -64 mq work q --lease 0 -- true
	run -64 mq work ../q -- true
	run -66 mq work nosuch -- true
}

@test "options of the command are the command's" {
	mq push -q q -m x
	run -0 mq work q --drain -- echo -j 4 --drain -- -n
	assert_output -- '-j 4 --drain -- -n'
}

# ---- leases ----

# deadlines FILE: note the deadline of the claimed message, if it is a new one
deadlines() {
	mq ls q --state claimed -o deadline >now
	cmp -s now last || { cat now >>"$1"; mv now last; }
}

@test "a handler that outlives its lease keeps its message" {
	mq init -q q lease=0.3s backoff=0s
	mq push -q q -m x
	bg work mq work q --drain -- sh -c 'echo $MQ_ATTEMPT; sh await go'
	worker=$pid
	wait_for has q claimed 1
	# Until the lease was renewed often enough to have ended twice.
	: >last
	: >seen
	end=$((SECONDS + PATIENCE))
	while [ "$(wc -l <seen)" -lt 8 ]; do
		[ "$SECONDS" -lt "$end" ]
		run -1 mq pop q
		deadlines seen
	done
	touch go
	ended "$worker"
	assert_equal "$status" 0
	assert_equal "$(cat work.out)" 1
	run -0 mq ls q
	assert_output ''
}

@test "--lease goes before the policy's" {
	mq init -q q lease=1h backoff=0s
	mq push -q q -m x
	bg work mq work q --lease 0.3s --drain -- sh await go
	wait_for has q claimed 1
	: >last
	: >seen
	end=$((SECONDS + PATIENCE))
	while [ "$(wc -l <seen)" -lt 3 ]; do
		[ "$SECONDS" -lt "$end" ]
		deadlines seen
	done
	touch go
	ended "$pid"
	assert_equal "$status" 0
}

@test "a stopped worker loses its lease, and its handler is stopped when it goes on" {
	mq init -q q lease=0.3s backoff=0s
	mq push -q q -m x
	bg work mq work q -n 1 -- sh -c 'echo $$ >handler; exec sh await go'
	worker=$pid
	wait_for [ -s handler ]
	kill -STOP "$worker"
	run -0 mq pop q --wait=20s
	assert_output x
	kill -CONT "$worker"
	ended "$worker"
	assert_equal "$status" 0
	not alive "$(cat handler)"
	run -0 mq ls q
	assert_output ''
}

@test "a handler may end its claim itself, by MQ_HANDLE" {
	mq init -q q backoff=1h
	mq push -q q -m acked
	mq push -q q -m nacked
	run -0 mq work q --drain -- sh -c 'read -r b; case $b in
		acked) mq ack "$MQ_QUEUE" "$MQ_HANDLE" ;;
		*) mq nack "$MQ_QUEUE" --dead --reason "not wanted" "$MQ_HANDLE" ;;
		esac'
	assert_has q ready 0
	assert_has q claimed 0
	run -0 mq dead q
	assert_output --partial 'not wanted'
	assert_equal "$(field q attempts)" 1
}

@test "a handler may extend its claim itself, by MQ_HANDLE" {
	mq push -q q -m x
	run -0 mq work q --drain -- sh -c 'mq extend "$MQ_QUEUE" "$MQ_HANDLE" 2h && mq ls q --state claimed -o id'
	run -0 mq ls q
	assert_output ''
}

# ---- signals ----

@test "SIGTERM once: the handler ends, no more are taken, exit 0" {
	seq 3 | mq push -q -l q
	for signal in TERM INT HUP; do
		rm -f go
		bg work mq work q -- sh -c 'touch started; sh await go; cat; echo'
		wait_for [ -e started ]
		kill -"$signal" "$pid"
		wait_for grep -q stopping work.err
		alive "$pid"
		touch go
		ended "$pid"
		assert_equal "$status" 0
		rm started
	done
	assert_has q ready 0
	mq push -q q -m last
	bg idle mq work q -n 2 -- sh -c 'cat; echo'
	wait_for title_has "$pid" '0 running, 1 done'
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
}

@test "SIGTERM twice: the handler is stopped, the message ready again at once, uncounted" {
	mq init -q q attempts=1
	id=$(mq push q -m x)
	bg work mq work q -- sh -c 'sleep 1000 & echo $! >child; echo $$ >handler; wait'
	worker=$pid
	wait_for [ -s handler ]
	kill -TERM "$worker"
	wait_for grep -q stopping work.err
	kill -TERM "$worker"
	ended "$worker"
	assert_equal "$status" 0
	not alive "$(cat handler)"
	wait_for not alive "$(cat child)"
	assert_equal "$(field q id,state,attempts,deliveries)" "$id ready 0 1"
	run -0 mq pop q
	assert_output x
}

@test "a third signal kills the handler that does not listen" {
	mq push -q q -m x
	bg work mq work q -- sh -c 'trap "" TERM; echo $$ >handler; sh await go'
	worker=$pid
	wait_for [ -s handler ]
	kill -TERM "$worker"
	kill -INT "$worker"
	kill -HUP "$worker"
	ended "$worker"
	assert_equal "$status" 0
	not alive "$(cat handler)"
	assert_equal "$(field q state,attempts)" 'ready 0'
}

@test "a handler that ends well in spite of the second signal is acknowledged" {
	mq push -q q -m x
	bg work mq work q -- sh -c 'trap "exit 0" TERM; touch started; sleep 1000 & wait'
	worker=$pid
	wait_for [ -e started ]
	kill -TERM "$worker"
	kill -INT "$worker"
	ended "$worker"
	assert_equal "$status" 0
	run -0 mq ls q
	assert_output ''
}

# ---- a killed worker ----

# A worker with a handler that has a child: their pids are in handler and child.
# start_worker NAME [UNSHARE...]
start_worker() {
	local name=$1
	shift
	bg "$name" "$@" mq work q -- sh -c 'sleep 1000 & echo $! >child; echo $$ >handler; wait'
	wait_for [ -s handler ]
}

@test "kill -9: handlers and their children die" {
	mq push -q q -m x
	start_worker work
	kill -KILL "$pid"
	wait_for not alive "$(cat handler)"
	wait_for not alive "$(cat child)"
}

@test "kill -9 is noticed by a worker that waits: counted, delivered again after its back-off" {
	mq init -q q lease=1h backoff=0.1s jitter=none
	id=$(mq push q -m x)
	start_worker first
	first=$pid
	bg second mq work q -n 1 -- sh -c 'echo "$MQ_ID $MQ_ATTEMPT"'
	second=$pid
	wait_for title_has "$second" '0 running'
	kill -KILL "$first"
	ended "$second"
	assert_equal "$status" 0
	assert_equal "$(cat second.out)" "$id 2"
	assert_equal "$(cat second.err)" ''
}

@test "kill -9 is noticed by a pop that waits" {
	mq init -q q lease=1h backoff=0s
	mq push -q q -m x
	start_worker first
	first=$pid
	bg pop mq pop q --wait
	wait_for armed "$pid"
	kill -KILL "$first"
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat pop.out)" x
}

@test "kill -9 is noticed by the next claim, long before the lease ends" {
	mq init -q q lease=1h backoff=1h
	mq push -q q -m x
	start_worker work
	run -1 mq pop q
	kill -KILL "$pid"
	wait_for not alive "$pid"
	run -1 mq pop q
	assert_equal "$(field q state,attempts,deliveries)" 'delayed 1 1'
	assert_equal "$(reason q)" lost
}

@test "a message that kills its workers ends as a dead letter" {
	mq init -q q attempts=2 backoff=0s
	mq push -q q -m x
	for i in 1 2; do
		start_worker "work$i"
		kill -KILL "$pid"
		wait_for not alive "$pid"
		rm handler
	done
	run -1 mq pop q
	assert_has q dead 1
	assert_equal "$(field q attempts)" 2
}

@test "kill -9 with several handlers: all die, all come back" {
	mq init -q q backoff=0s
	seq 3 | mq push -q -l q
	bg work mq work q -j 3 -- sh -c 'echo $$ >"handler.$MQ_ID"; exec sh await go'
	wait_for title_has "$pid" '3 running'
	kill -KILL "$pid"
	for file in handler.*; do
		wait_for [ -s "$file" ]
		wait_for not alive "$(cat "$file")"
	done
	wait_for not alive "$pid"
	run -0 mq pop q -n 10 -l
	assert_output $'1\n2\n3'
}

# The only child of a process.
child_of() {
	local stat
	for stat in /proc/[0-9]*/stat; do
		stat=${stat%/stat}
		[ "$(parent_of "${stat#/proc/}")" != "$1" ] || { echo "${stat#/proc/}"; return; }
	done
	return 1
}

# How to be in a PID namespace of one's own here, if at all: $unshare
find_unshare() {
	unshare=(unshare -pf --mount-proc --kill-child)
	"${unshare[@]}" true 2>/dev/null && return
	unshare=(unshare -Urpf --mount-proc --kill-child)
	"${unshare[@]}" true 2>/dev/null || skip 'no PID namespaces for us here'
}

@test "a worker in another PID namespace is known to live, and to have died" {
	find_unshare
	mq init -q q lease=1h backoff=0s
	mq push -q q -m x
	start_worker work "${unshare[@]}"
	worker=$(child_of "$pid")
	wait_for title_has "$worker" 'work q: 1 running'
	# In there it is process 1, and here process 1 is alive whatever happens.
	assert_equal "$(awk '$1 == "NSpid:" { print $3 }' "/proc/$worker/status")" 1
	run -1 mq pop q --wait=0.2s
	kill -KILL "$worker"
	wait_for not alive "$worker"
	run -0 mq pop q --wait=20s
	assert_output x
}

@test "a worker in here is known to live, and to have died, in another PID namespace" {
	find_unshare
	mq init -q q lease=1h backoff=0s
	mq push -q q -m x
	start_worker work
	worker=$pid
	run -1 "${unshare[@]}" mq pop q --wait=0.2s
	kill -KILL "$worker"
	wait_for not alive "$worker"
	run -0 "${unshare[@]}" mq pop q --wait=20s
	assert_output x
}

@test "SIGTERM ends a worker that is process 1 of a container" {
	find_unshare
	mq init -q q
	bg work "${unshare[@]}" mq work q -- true
	unshare_pid=$pid
	wait_for child_of "$unshare_pid" >/dev/null
	worker=$(child_of "$unshare_pid")
	wait_for title_has "$worker" 'work q: 0 running'
	kill -TERM "$worker"
	ended "$unshare_pid"
	assert_equal "$status" 0
}

# ---- a good neighbour ----

@test "the title of the process says what it does" {
	mq init -q q
	bg work mq work q -j 3 -- sh -c 'read -r n; sh await "go$n"; [ $n != 2 ]'
	wait_for title_has "$pid" 'work q: 0 running, 0 done, 0 failed'
	seq 3 | mq push -q -l q
	wait_for title_has "$pid" 'work q: 3 running, 0 done, 0 failed'
	touch go1
	wait_for title_has "$pid" 'work q: 2 running, 1 done, 0 failed'
	touch go2
	mq pause q
	wait_for title_has "$pid" 'work q: 1 running, 1 done, 1 failed'
	touch go3
	wait_for title_has "$pid" 'work q: 0 running, 2 done, 1 failed'
}

@test "a pause is noticed by a worker at work, and so is its end" {
	mq init -q q
	bg work mq work q -j 2 -- sh -c 'read -r n; sh await "go$n"; echo $n'
	wait_for title_has "$pid" '0 running'
	seq 1 | mq push -q -l q
	wait_for title_has "$pid" '1 running'
	mq pause q
	seq 2 3 | mq push -q -l q
	touch go1 go2 go3
	wait_for title_has "$pid" '0 running, 1 done'
	assert_has q ready 2
	mq resume q
	wait_for title_has "$pid" '0 running, 3 done'
	assert_equal "$(sort work.out)" "$(seq 3)"
}

@test "a worker, or a pop -w, without work to do is not woken" {
	mq init -q q
	mq push -q q -m x
	mq push -q q -m later -d 1h
	bg busy mq work q -n 1 -- sh -c 'touch started; sh await go'
	wait_for [ -e started ]
	busy=$pid
	mq init -q empty
	bg popper mq pop -w empty
	popper=$pid
	bg idle mq work empty -j 4 -- true
	idle=$pid
	wait_for title_has "$idle" '0 running'
	wait_for title_has "$busy" '1 running'
	mapfile -t guards < <(child_of "$idle"; child_of "$busy")
	# A process that is woken and sleeps again counts one up; of this, and
	# of nothing else, it is the time that matters.
	wait_for sleeps "$idle"
	wait_for sleeps "$busy"
	wait_for sleeps "$popper"
	switches "$idle" "$busy" "$popper" "${guards[@]}" >before
	sleep 2
	switches "$idle" "$busy" "$popper" "${guards[@]}" >after
	run -0 diff before after
	touch go
}

# sleeps PID: and did not wake between two looks
sleeps() {
	local one two
	one=$(switches "$1") && sleep 0.1 && two=$(switches "$1") && [ "$one" = "$two" ]
}

switches() {
	local p
	for p; do
		grep -H voluntary_ctxt_switches "/proc/$p/status" || return
	done
}

@test "messages that may not be read are told of, the others are worked on: 77" {
	plain=()
	if [ "$(id -u)" -eq 0 ]; then	# root, without the right to read everything
		plain=(setpriv '--bounding-set=-dac_override,-dac_read_search')
		"${plain[@]}" true 2>/dev/null || skip 'cannot be an ordinary user here'
	fi
	seq 2 | mq push -q -l q
	chmod 0 "$(find "$MQ_SPOOL/q/ready" -type f | sort | head -n 1)"
	run -77 --separate-stderr "${plain[@]}" mq work q --drain -- cat
	assert_output 2
	# shellcheck disable=SC2154 # set by run
	assert_equal "$(grep -c 'may not be read' <<<"$stderr")" 1
	assert_has q ready 1
}

@test "kill -9 of the guard and the worker: the handler dies all the same" {
	mq push -q q -m x
	bg work mq work q -- sh -c 'echo $$ >pid; sh await never'
	worker=$pid
	wait_for test -s pid
	for child in $(cat "/proc/$worker/task/$worker/children"); do
		if [ "$child" != "$(cat pid)" ]; then guard=$child; fi
	done
	kill -KILL "$guard"
	kill -KILL "$worker"
	wait_for not alive "$(cat pid)"
}

@test "a handler whose claim went to another does not acknowledge that one's" {
	mq push -q q -m x
	bg work mq work q -n 1 -- sh -c 'mq nack q --no-count "$MQ_HANDLE" && mq claim q >handle'
	ended "$pid"
	assert_equal "$(field q state,deliveries)" 'claimed 2'
	run -0 mq ack q "$(cat handle)"
}

@test "room for one claim at a time is enough: the next waits until the last is ended" {
	need_strace
	mq init -q q
	seq 4 | mq push -q -l q
	run -0 strace -qq -o /dev/null -e inject=renameat2:error=ENOSPC:when=2 mq work q -j 2 --drain -- sh -c 'read -r x; echo "$x"'
	# Two at a time may end, and write, in either order.
	assert_equal "$(sort <<<"$output")" $'1\n2\n3\n4'
	assert_has q ready 0
}

@test "a worker that was stopped for longer than its lease does not take back its own finished work" {
	mq init -q q attempts=1
	seq 2 | mq push -q -l q
	bg worker mq work q -n 2 --lease 1s -- sh -c 'touch started; sh await go'
	wait_for [ -e started ]
	kill -STOP "$pid"
	touch go
	# The deadline passes; nobody else looks.
	deadline=$(mq ls q --state claimed --json | jq -r .deadline)
	wait_for sh -c "[ \"\$(date -u +%Y-%m-%dT%H:%M:%S.%6NZ)\" \\> '$deadline' ]"
	kill -CONT "$pid"
	wait "$pid"
	assert_has q dead 0
	assert_has q ready 0
}

@test "MQ_CONF still counts when the process has got its title" {
	printf '[defaults]\nattempts = 1\n[queue failed]\nmode = 0640\n' >mq.conf
	export MQ_CONF=$PWD/mq.conf
	mq init -q q dead_queue=failed
	mq push -q q -m x
	run -0 mq work q --drain -- false
	assert_equal "$(stat -c %a "$MQ_SPOOL/failed/ready")" 750
}
