#!/usr/bin/env bats
# request.bats: mq request, and mq work --reply
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# ask NAME [OPTION...]: a request in the background, once it is in the queue
ask() {
	local name=$1
	shift
	bg "$name" mq request q "$@"
	wait_for asked
}

asked() {
	[ "$(count q ready)" -gt 0 ]
}

places() {
	find "$MQ_SPOOL/q/replies" -mindepth 1 -maxdepth 1 | wc -l
}

nothing_left() {
	assert_equal "$(mq ls q --ids) $(places) $(find "$MQ_SPOOL/q/tmp" -type f)" " 0 "
}

total() {
	mq stat q --json | jq ".totals.$1"
}

@test "an answer is the bytes that the handler wrote, and nothing is left of it" {
	mq init -q q
	bg work mq work --reply q -- cat
	local worker=$pid
	head -c 300000 /dev/urandom >in
	mq request q <in >out
	cmp in out
	mq request q in >out
	cmp in out
	run -0 mq request q -m ''
	assert_output ""
	printf 'a\0b\n' | mq request q >out
	printf 'a\0b\n' | cmp - out
	nothing_left
	kill "$worker"
	ended "$worker"
	assert_equal "$(cat work.out)" ""
}

@test "the request is a message with Reply-To and Correlation-Id, and what was given" {
	mq init -q q max_size=10
	bg work mq work --reply -n 2 q -- sh -c 'echo "$MQ_PRIORITY/$MQ_HEADER_KIND/$MQ_HEADER_CORRELATION_ID/$MQ_HEADER_REPLY_TO"'
	run -0 mq request q -m x -p 2 -H 'Kind: sum' -H 'correlation-id: 17'
	assert_output --regexp '^2/sum/17/[0-9a-f]{32}$'
	run -0 mq request q -m x
	assert_output --regexp '^5//[0-9a-f-]{36}/[0-9a-f]{32}$'
	run -65 mq request q -m 12345678901
	nothing_left
}

@test "a hundred at once, each gets its own" {
	mq init -q q
	bg work mq work --reply -j 4 q -- sed 's/^/answer to /'
	for i in $(seq 100); do
		mq request q -m "$i" --timeout 1m >"out.$i" 2>>errors &
		asking[i]=$!
	done
	for i in $(seq 100); do wait "${asking[i]}"; done
	for i in $(seq 100); do assert_equal "$(cat "out.$i")" "answer to $i"; done
	assert_equal "$(cat errors)" ""
	nothing_left
}

@test "nobody answers in time: exit 1, silently, and the request is taken back" {
	mq push -q q -m other
	mq push -q q -p 4 -m other
	run -1 mq request q -m x --timeout 50ms
	assert_output ""
	assert_equal "$(mq ls q --ids | wc -l) $(places)" "2 0"
	run -1 mq -v request q -m x --timeout 0 -p 4
	assert_output --partial "no answer came in time"
	assert_output --partial "was taken back"
	assert_equal "$(mq ls q --ids | wc -l) $(places)" "2 0"
}

@test "taken back among thousands of others, and when its first attempt has failed" {
	seq 3000 | mq push -q -l q
	seq 3000 | mq push -q -l q -d 1h
	bg asks mq request q -m mine -p 4
	local asker=$pid
	wait_for has q ready 3001
	seq 3000 | mq push -q -l q
	kill "$asker"
	ended "$asker"
	assert_has q ready 6000
	mq init -q q backoff=1h
	bg asks mq request q -m mine -p 0
	asker=$pid
	wait_for has q ready 6001
	mq work -q -n 1 q -- false
	assert_has q delayed 3001
	kill "$asker"
	ended "$asker"
	assert_has q delayed 3000
}

@test "a signal takes place and request away; a claimed one goes on, and its answer is late" {
	mq init -q q
	for sig in INT TERM HUP; do
		ask asks -m x
		kill -"$sig" "$pid"
		ended "$pid"
		assert_equal "$status" $((128 + $(kill -l "$sig")))
		nothing_left
	done
	ask asks -m x
	handle=$(mq claim q)
	token=$(json_header)
	kill "$pid"
	ended "$pid"
	assert_has q claimed 1
	run -69 mq reply q "$token" -m late
	assert_output "mq reply: queue q: nobody waits for this answer any more; the answer is dropped"
	mq ack q "$handle"
	assert_equal "$(total late)" 1
	nothing_left
}

json_header() {
	mq ls q --json | jq -r '.headers["Reply-To"]'
}

@test "an asker that is killed: its answer is late, its place goes, its request expires" {
	mq init -q q
	ask asks -m x --timeout 1h
	kill -KILL "$pid"
	ended "$pid"
	assert_equal "$(places)" 1
	seconds=$(mq ls q --json | jq '(.expires | .[:19] + "Z" | fromdate) - (.enqueued | .[:19] + "Z" | fromdate)')
	[ "$seconds" -ge 3659 ] && [ "$seconds" -le 3661 ]
	# What is young may be in the making.
	run -0 mq fsck q
	assert_output ""
	touch -d '2 minutes ago' "$MQ_SPOOL"/q/replies/*
	run -1 mq fsck q
	assert_output --regexp '^info +orphan-reply q/replies/[0-9a-f]{32}'
	run -0 mq -v work --reply --drain q -- echo answer
	assert_output --partial "nobody waits for this answer any more; the answer is dropped"
	assert_equal "$(total late),$(total acked)" 1,1
	nothing_left
	mkdir "$MQ_SPOOL/q/replies/0123456789abcdef0123456789abcdef"
	touch -d '2 minutes ago' "$MQ_SPOOL"/q/replies/*
	mq fsck q --repair
	nothing_left
}

@test "what killed askers left is swept by other requests; who waits stays" {
	mq init -q q
	ask asks -m x
	for i in $(seq 10 40); do
		mkdir "$MQ_SPOOL/q/replies/0123456789abcdef0123456789abcd$i"
	done
	touch -d '2 minutes ago' "$MQ_SPOOL"/q/replies/*
	for i in $(seq 500); do
		if [ "$(places)" -eq 1 ]; then break; fi
		run -1 mq request q -m y --timeout 0
	done
	mq work -q --drain --reply q -- cat
	ended "$pid"
	assert_equal "$status $(cat asks.out)" "0 x"
	nothing_left
}

@test "a request that fails for good: the asker is told why, however it failed" {
	mq init -q q attempts=1
	failed() {
		ended "$pid" || return
		assert_equal "$status" 69
		assert_regex "$(cat asks.err)" "^mq request: queue q: request [0-9a-f-]{36} failed for good: $1\$"
		assert_equal "$(cat asks.out) $(places)" " 0"
	}
	ask asks -m x
	mq work -q --reply -n 1 q -- sh -c 'echo half; echo "no such thing" >&2; exit 65' 2>/dev/null
	failed 'exit-65: no such thing'
	ask asks -m x
	mq work -q --reply -n 1 q -- false
	failed exit-1
	ask asks -m x
	mq nack q --dead --reason 'not today' "$(mq claim q)"
	failed 'not today'
	ask asks -m x
	mq claim q --lease 1ms >handle
	wait_for lapsed
	failed lapsed
	ask asks -m x
	mq bury -q q "$(mq ls q --ids --state ready)"
	failed buried
	ask asks -m x
	mq rm -q q "$(mq ls q --ids --state ready)"
	failed removed
	mq init -q q expire=1ms
	bg asks mq request q -m x
	# Nobody may take it before its millisecond is over.
	wait_for has q ready 1
	sleep 0.01
	wait_for lapsed
	failed expired
	mq init -q q expire=never dead_queue=other
	ask asks -m x
	mq work -q --reply -n 1 q -- false
	failed exit-1
	assert_has other ready 1
}

lapsed() {
	run -1 mq pop q && ! alive "$pid"
}

@test "what a failed attempt wrote is dropped; the next one answers" {
	mq init -q q backoff=0s
	ask asks -m x
	mq work -q --reply --drain q -- sh -c 'echo "attempt $MQ_ATTEMPT"; [ "$MQ_ATTEMPT" = 3 ]'
	ended "$pid"
	assert_equal "$(cat asks.out)" "attempt 3"
	nothing_left
}

@test "a worker that dies between answer and ack: the first answer is it" {
	mq init -q q backoff=0s
	ask asks -m x
	# To the place as the asker left it, which is slow to look.
	kill -STOP "$pid"
	bg work mq work --reply q -- sh -c 'echo first | mq reply && kill -KILL $PPID && sleep 60'
	wait_for not alive "${pids[1]}"
	run -0 mq -v work --reply --drain q -- echo second
	assert_output --partial "this request has an answer already; the answer is dropped"
	kill -CONT "${pids[0]}"
	ended "${pids[0]}"
	assert_equal "$status $(cat asks.out)" "0 first"
	assert_equal "$(total late) $(places)" "1 0"
}

@test "work --reply: other messages are handled as ever" {
	mq push -q q -m plain
	mq push -q q -H 'Reply-To: ann@example.org' -m mail
	mq push -q q -H 'Reply-To: ../../../../tmp/12345678901234567890' -m path
	run -0 mq work --reply --drain q -- sh -c 'cat; echo'
	assert_output $'plain\nmail\npath'
	assert_equal "$(mq ls q --ids)" ""
	assert [ ! -e "$MQ_SPOOL/q/replies" ]
}

@test "stdout that takes no answer: 74, and the answer is kept for a day" {
	mq init -q q
	bg work mq work --reply q -- echo precious
	status=0
	mq request q -m x >/dev/full 2>errors || status=$?
	assert_equal "$status" 74
	assert_regex "$(cat errors)" 'the answer stays for a day in .*/replies/[0-9a-f]{32}/answer: stdout: No space left on device$'
	kept=$(sed 's/.* a day in \(.*\): stdout.*/\1/' errors)
	assert_equal "$(cat "$kept")" precious
	touch -d '23 hours ago' "$(dirname "$kept")"
	run -0 mq fsck --repair q
	assert_equal "$(cat "$kept")" precious
	touch -d '25 hours ago' "$(dirname "$kept")"
	run -0 mq fsck --repair q
	nothing_left
}

@test "without inotify it polls" {
	mq init -q q
	unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances' || skip "SKIPPED: inotify cannot be taken away here"
	bg asks unshare -Ur sh -c 'echo 0 >/proc/sys/user/max_inotify_instances; exec mq request q -m x'
	wait_for asked
	mq work -q --reply --drain q -- cat
	ended "$pid"
	assert_equal "$status $(cat asks.out)" "0 x"
}

@test "a place that is removed, and an answer that is none" {
	mq init -q q
	ask asks -m x
	rmdir "$MQ_SPOOL"/q/replies/*
	ended "$pid"
	assert_equal "$status" 74
	assert_regex "$(cat asks.err)" 'the place for the reply, replies/[0-9a-f]{32}, was removed$'
	nothing_left
	ask asks -m x
	mkfifo "$(echo "$MQ_SPOOL"/q/replies/*)/answer"
	ended "$pid"
	assert_equal "$status" 65
	assert_regex "$(cat asks.err)" 'the answer is not a regular file$'
}

@test "foreign entries among the places: told by fsck, never followed" {
	mq init -q q
	mkdir away
	touch -d '2 days ago' away
	mkdir "$MQ_SPOOL/q/replies"
	ln -s "$PWD/away" "$MQ_SPOOL/q/replies/0123456789abcdef0123456789abcde1"
	touch "$MQ_SPOOL/q/replies/0123456789abcdef0123456789abcde2" "$MQ_SPOOL/q/replies/junk"
	run -69 mq reply q 0123456789abcdef0123456789abcde3 -m x
	run -74 mq reply q 0123456789abcdef0123456789abcde1 -m x
	run -1 mq fsck q
	assert_equal "$(grep -c foreign-type <<<"$output") $(grep -c foreign-entry <<<"$output")" "2 1"
	run -0 mq fsck q --repair
	assert_equal "$(ls -A away) $(places)" " 0"
}

@test "what is refused leaves nothing" {
	mq init -q q
	run -64 mq request
	run -64 mq request q -m x file
	run -64 mq request q -m x -m y
	run -64 mq request q a b
	run -64 mq request q -m x -H 'reply-to: me'
	assert_output --partial "Reply-To is set by mq"
	run -64 mq request q -m x --timeout never
	run -66 mq request q nosuch
	run -65 mq request q .
	run -66 mq request qq -m x
	assert_output --partial "no queue 'qq'; did you mean 'q'?"
	assert [ ! -e "$MQ_SPOOL/qq" ]
	mq pause --push q
	run -75 mq request q -m x
	assert [ ! -e "$MQ_SPOOL/q/replies" ]
	run -64 mq -s ssh://host/spool request q -m x
	assert_output --partial "ssh host mq -s '/spool' request ..."
}

@test "stopped while it reads: nothing is asked" {
	mq init -q q
	mkfifo pipe
	mq request q <pipe >out 2>errors 3>&- &
	pid=$!
	pids+=("$pid")
	exec 5>pipe
	echo half >&5
	wait_for places_are 1
	kill "$pid"
	ended "$pid"
	exec 5>&-
	assert_equal "$status" 143
	nothing_left
}

places_are() {
	[ "$(places 2>/dev/null)" -eq "$1" ]
}

@test "a contract holds for requests too, and a trace goes on through them" {
	mq init -q q accept='! grep -q bad'
	run -65 timeout 5 mq request q -m "a bad one"
	assert_output --partial "refused by accept"
	nothing_left
	bg work mq work --reply -n 1 q -- sh -c 'echo "$TRACEPARENT"'
	TRACEPARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01 run -0 timeout 5 mq request q -m good
	assert_output 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
}

@test "a topic cannot be asked: its subscribers would look for the place in their own queues" {
	mq subscribe -q t q
	run -64 timeout 5 mq request t -m x
	assert_output --partial "'t' is a topic: its subscribers are q"
	assert_equal "$(mq ls q --ids)" ""
}

@test "a place for the reply that cannot be locked is an error, and no wait for an answer that is refused" {
	need_strace
	mq init -q q
	run -74 strace -qq -o /dev/null -e trace=flock -e inject=flock:error=EIO mq request q -m x --timeout 20s
	assert_output --partial "lock the place for the reply"
	assert_equal "$(mq ls q --ids; ls "$MQ_SPOOL/q/replies")" ""
}
