#!/usr/bin/env bats
# stat.bats: mq stat

load helper

@test "a table, JSON, Prometheus" {
	seq 3 | mq push -q q -l
	mq push -q q -d 1h -m later
	mq bury q "$(id q ready)"
	run -0 mq stat
	assert_line --regexp '^q +2 +1 +0 +0 +1 +0'
	mq stat q --json >out
	assert_equal "$(jq -r '.queue, .ready, .delayed, .claimed, .held, .dead, .done, .bytes, .paused' out | tr '\n' ,)" q,2,1,0,0,1,0,8,no,
	assert_equal "$(jq -r '.rates.in | length' out)" 3
	assert_equal "$(jq -r '.oldest | length' out)" 27
	run -0 mq stat --prometheus
	assert_line 'mq_queue_messages{queue="q",state="dead"} 1'
	assert_line 'mq_messages_pushed_total{queue="q"} 4'
	assert_equal "$(grep -c '^# TYPE mq_queue_messages ' <<<"$output")" 1
	run -66 mq stat nosuch
}
