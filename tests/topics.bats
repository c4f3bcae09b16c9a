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
