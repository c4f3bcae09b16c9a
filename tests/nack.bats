#!/usr/bin/env bats
# nack.bats: mq nack: failed

load helper

@test "counts, backs off, and ends as a dead letter with its reason" {
	mq init q attempts=2 jitter=none backoff=1h
	mq push -q q -m x
	mq nack q "$(mq claim q)" --reason 'no route'
	assert_counts q delayed=1
	assert_equal "$(json q '.attempts, .reason' | tr '\n' ,)" "1,no route,"
	mq retry q "$(id q delayed)" --keep-attempts
	mq nack q "$(mq claim q)" --reason again
	assert_counts q dead=1
	run -0 mq dead q
	assert_output --partial again
	run -0 mq peek -i q "$(id q dead)"
	assert_line "Failure: Text: no route"
	assert_line "Failure: Text: again"
}

@test "--delay, --dead, --no-count" {
	seq 3 | mq push -q q -l
	mq nack q "$(mq claim q)" --delay 1h
	assert_counts q "ready=2 delayed=1"
	mq nack q "$(mq claim q)" --dead
	assert_counts q "ready=1 delayed=1 dead=1"
	mq nack q "$(mq claim q)" --no-count
	assert_counts q "ready=1 delayed=1 dead=1"
	assert_equal "$(json q 'select(.state == "ready") | .attempts, .deliveries' | tr '\n' ,)" 0,1,
	run -64 mq nack q x --dead --no-count
}

@test "dead_queue: what failed for good goes there, ready" {
	mq init q attempts=1 dead_queue=morgue
	mq push -q q -m x
	mq nack q "$(mq claim q)" --reason why
	assert_counts q ""
	assert_counts morgue ready=1
	assert_equal "$(json morgue '.attempts, .reason' | tr '\n' ,)" 0,why,
}
