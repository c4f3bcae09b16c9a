#!/usr/bin/env bats
# unsubscribe.bats: mq unsubscribe: no more of a topic

load helper

@test "what it got stays; nothing comes any more; there is nothing to end twice" {
	mq subscribe t a
	mq subscribe t b
	mq push -q t -m 1
	run -0 mq unsubscribe t a
	assert_output ""
	mq push -q t -m 2
	assert_equal "$(mq pop a -n 9 -l)" 1
	assert_equal "$(mq pop b -n 9 -l | tr '\n' ' ')" "1 2 "
	assert_equal "$(ls "$MQ_SPOOL/a/topics")" ""
	run -66 mq unsubscribe t a
	run -66 mq unsubscribe nope a
	run -66 mq unsubscribe a b
	run -64 mq unsubscribe t
	run -64 mq unsubscribe t ../b
	assert_counts t ""
}

@test "a queue that is gone can be unsubscribed; the topic stays one, and may be made a queue again" {
	mq subscribe t a
	rm -r "$MQ_SPOOL/a"
	run -0 mq unsubscribe t a
	run -64 mq pop t
	assert_output --partial "no queue subscribes"
	rmdir "$MQ_SPOOL/t/subscriptions"
	mq push -q t -m x
	assert_equal "$(mq pop t)" x
}
