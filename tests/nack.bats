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

@test "a dead letter that is not certain to be on disk: 71" {
	need_inject
	mq init q attempts=1
	mq push -q q -m x
	h=$(mq claim q)
	run -71 "$MQ_BUILD/sweep/inject" "$MQ_SPOOL" '/fsync .*/dead/' EIO report mq nack q "$h"
	assert [ -s report ]
}

@test "jitter=full: the back-off is a random part of its time; none: all of it" {
	mq init q backoff=1000h
	seq 40 | mq push -q q -l
	for _ in $(seq 40); do mq nack q "$(mq claim q)"; done
	run -0 json q '(.due | sub("[.].*"; "Z") | fromdate) - now | if . < 1800000 then "early" else "late" end'
	assert_line early
	assert_line late
	mq init q jitter=none
	mq retry -q q --all --state delayed
	for _ in $(seq 3); do mq nack q "$(mq claim q)"; done
	assert_equal "$(json q 'select(.state == "delayed") | (.due | sub("[.].*"; "Z") | fromdate) - now > 1800000' | sort -u)" true
}

@test "what is given back comes next again" {
	seq 4 | mq push -q q -l
	mq nack q "$(mq claim q)" --no-count
	mq claim q --body /nonexistent/f || assert_equal "$?" 74
	mq pop q >/dev/full || assert_equal "$?" 74
	assert_equal "$(mq pop q -n 4 -l | tr '\n' ,)" 1,2,3,4,
}

@test "the record of its failures goes with the message, however it goes" {
	mq init q backoff=0s
	for end in 'mq pop' 'mq rm --all --force'; do
		mq push -q q -m x
		mq nack q "$(mq claim q)" --reason why
		assert_equal "$(find "$MQ_SPOOL/q/failures" -type f | wc -l)" 1
		$end q
		assert_equal "$(find "$MQ_SPOOL/q/failures" -type f | wc -l)" 0
	done
}
