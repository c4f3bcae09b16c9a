#!/usr/bin/env bats
# topics.bats: mq topics: who subscribes to what; and what waits in topics is distributed

load helper

@test "a line a subscription, as text and as JSON; no queue but topics" {
	run -66 mq topics
	mq push -q plain -m x
	run -0 mq topics
	assert_output ""
	mq subscribe t b --filter 'Type=order.#' --filter $'Region!=\te*'
	mq subscribe t a
	mq subscribe s a
	mq unsubscribe s a
	run -0 mq topics
	assert_output $'s -\nt a\nt b Type=order.# Region!=\\te*'
	run -0 mq topics t --json
	assert_equal "$(jq -r '.queue, .filters[]' <<<"$output" | tr '\n' ' ')" $'a b Type=order.# Region!=\te* '
	assert_equal "$(mq topics s --json | jq -c .)" '{"topic":"s","queue":null,"filters":[]}'
	run -66 mq topics plain
	assert_output --partial "no topic"
	run -66 mq topics nope
	run -64 mq topics t a
}

@test "what waits is distributed; not while the topic is paused" {
	mq subscribe t a
	mq pause t
	mq push -q t -m 1
	assert_counts t "ready=1"
	mq topics -q
	assert_counts t "ready=1"
	mq resume t
	mq topics -q
	assert_counts t ""
	assert_counts a "ready=1"
	echo 2 >"$MQ_SPOOL/t/new/file"
	mq topics -q t
	assert_counts a "ready=2"
}

@test "moved, imported and repaired into a topic" {
	mq push -q q -m 1
	mq push -q r -m 2
	mq export r >archive
	mq subscribe t a
	mq mv -q q t --all
	mq import -q t <archive
	echo 3 >"$MQ_SPOOL/t/new/file"
	mq fsck --repair
	assert_counts t ""
	assert_counts a "ready=3"
}

@test "thirty subscribers, each in order; entries that are none are passed over" {
	for n in $(seq 30); do mq subscribe t "q$n"; done
	mkdir "$MQ_SPOOL/t/subscriptions/dir"
	mkfifo "$MQ_SPOOL/t/subscriptions/fifo" "$MQ_SPOOL/q1/topics/fifo"
	ln -s /etc/passwd "$MQ_SPOOL/t/subscriptions/link"
	ln -s t "$MQ_SPOOL/q1/topics/link"
	seq 450 >in
	mq push -q -l t in
	for n in 1 15 30; do mq pop q$n -n 1000 -l | cmp in -; done
	run -1 mq pop q1
	run -1 mq fsck t
	assert_equal "$(grep -c foreign-type <<<"$output")" 3
	assert_counts t ""
}

@test "the copy in the topic cannot be removed: push and topics end, and each subscriber gets the message once (F1)" {
	need_strace
	mq init t backoff=100ms
	for q in a b; do mq subscribe t $q; done
	# shellcheck disable=SC2034 # is named in the loops
	for command in 'push t -m once' topics 'topics t' 'push t -m more'; do
		# shellcheck disable=SC2086 # these are words
		timeout -s KILL 60 strace -qq -f -o /dev/null -e inject=unlinkat:error=EIO:when=1+ mq $command >/dev/null 2>err
		[ "$(wc -l <err)" -le 4 ] || { wc -l err; false; }
		mq pop a -n 9 -l >>got.a || true	# beside it: what it had is not given again
		mq pop b -n 9 -l >>got.b || true
	done
	# Where the directory works again, any later command completes it; a pop may have done so already.
	for ((i = 0; i < 100; i++)); do
		mq topics >/dev/null
		mq pop a -n 9 -l >>got.a || true
		mq pop b -n 9 -l >>got.b || true
		[ "$(count t delayed)" -gt 0 ] || [ "$(count t ready)" -gt 0 ] || break
		sleep 0.1
	done
	assert_counts t ""
	assert_equal "$(tr '\n' ' ' <got.a)" "once more "
	assert_equal "$(tr '\n' ' ' <got.b)" "once more "
	mq fsck
}

@test "few descriptors: fewer messages at a time, and not none (A6)" {
	[ -z "$MQ_SAN" ] || skip "the sanitizers need descriptors, too"
	for limit in 36 64 128 210 256; do
		rm -rf "$MQ_SPOOL"
		mq init t
		for q in a b c; do mq subscribe t $q; done
		seq 250 >in
		(ulimit -n $limit; mq push -q t -l <in 2>err)
		assert_equal "$limit: $(cat err)" "$limit: "
		assert_counts t ""
		for q in a b c; do assert_equal "$limit: $(mq pop -l -n 250 $q | cmp - in 2>&1)" "$limit: "; done
		# What a consumer finds there when its own queue is empty.
		mq pause t
		mq push -q t -l <in
		mq resume t 2>/dev/null || true
		(ulimit -n $limit; mq pop -l -n 250 a) >out 2>err || true
		sort -n out | cmp - in
	done
	# More subscribers than can be open at a time: each is asked all the same.
	for ((i = 0; i < 30; i++)); do mq subscribe t "s$i"; done
	mq init s29 max_messages=3
	seq 3 >in
	(ulimit -n 64; mq push -q -l t in)
	assert_equal "$(count s0 ready) $(count s28 ready) $(count s29 ready)" "3 3 3"
	ulimit -n 64
	run -75 mq push t -m more
	assert_output --partial "queue 's29' is full"
	assert_counts t ""
}
