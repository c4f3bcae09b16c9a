#!/usr/bin/env bats
# queues.bats: mq work with several queues, and with a breaker.
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# fill QUEUE N: messages 1 to N
fill() {
	mq init -q "$1" backoff=0s
	seq "$2" | mq push -q -l "$1"
}

say='echo "$MQ_QUEUE $(cat)"'

# ---- several queues ----

@test "the first queue goes first, also if it gets something later" {
	fill urgent 2
	fill bulk 4
	run -0 mq work --drain urgent bulk -- sh -c "$say"'
		[ "$MQ_QUEUE" = urgent ] || [ -e pushed ] || { touch pushed; mq push -q urgent -m late; }'
	assert_output $'urgent 1\nurgent 2\nbulk 1\nurgent late\nbulk 2\nbulk 3\nbulk 4'
}

@test "weights share the places; a queue that has nothing costs its share to nobody" {
	fill a 60
	fill b 20
	mq init -q empty
	run -0 mq work -n 40 a:3 empty:100 b -- sh -c 'echo $MQ_QUEUE'
	assert_equal "$(grep -c a <<<"$output") $(grep -c b <<<"$output")" "30 10"
	# Evenly, not one after the other.
	assert_equal "$(head -n 8 <<<"$output" | grep -c b)" 2
	# What was missed is not made up for.
	fill c 30
	run -0 mq work -n 30 c:1 empty:1 -- sh -c 'echo $MQ_QUEUE; [ $MQ_QUEUE = empty ] || [ "$(cat)" != 10 ] ||
		seq 40 | mq push -q -l empty'
	assert_equal "$(grep -c empty <<<"$output")" 10
	run -0 mq work --drain a b c empty -- true
	for q in a b c empty; do assert_has "$q" ready 0; done
}

@test "one operand and a command need no dashes; with them all before is a queue" {
	fill q 1
	run -0 mq work --drain q cat
	assert_output 1
	fill q 1
	fill p 1
	run -0 mq work q --drain p -- echo -n --drain
	assert_output -- '--drain--drain'
	run -64 mq work q q -- true
	assert_output --partial "named twice"
	run -64 mq work -- true
	assert_output --partial "the queue is missing"
	run -64 mq work q p --
	assert_output --partial "the command to run is missing"
	for word in q:0 q: q:1001 q:x q:1:2; do
		run -64 mq work "$word" p -- true
		assert_output --partial "is not a number from 1 to 1000"
	done
	run -64 mq work :1 -- true
	run -66 mq work q nosuch -- true
	assert_output --partial "no queue 'nosuch'"
	run -64 mq work --lease -- q
	assert_output --partial "'--' is not a duration"
}

@test "a message in any of them wakes the worker; the title names them" {
	for q in a b c; do mq init -q "$q"; done
	bg work mq work a b c -- sh -c "$say"
	for q in c a b c b a; do
		wait_for title_has "$pid" "work a,b,c: 0 running"
		mq push -q "$q" -m x
		wait_for has "$q" ready 0
		wait_for has "$q" claimed 0
	done
	assert_equal "$(cut -c1 work.out | tr -d '\n')" cabcba
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
}

@test "--drain=all waits for all of them" {
	fill a 2
	mq init -q b
	mq push -q b -d 200ms -m late
	run -0 mq work --drain=all a b -- sh -c "$say"
	assert_line "b late"
	assert_equal "${#lines[@]}" 3
}

@test "-j is shared; -n counts all; leases and time-outs are kept in each" {
	fill a 3
	fill b 3
	mkdir at
	run -0 mq work -j3 --drain a b -- sh -c ': >at/$MQ_ID; set -- at/*; echo $#; sleep 0.02; rm at/$MQ_ID'
	run -1 grep -x '[4-9]' <<<"$output"
	fill a 2
	fill b 2
	run -0 mq work -n 3 a b -- true
	assert_has b ready 1
	mq init -q b lease=300ms attempts=1
	run -0 mq work --drain --timeout 1s a b -- sleep 100
	assert_has b dead 1
	assert_equal "$(mq ls b --json | jq -r .reason)" timeout
}

@test "a paused queue keeps the others from nothing; --drain ends with 75" {
	fill a 2
	fill b 2
	mq pause -q a
	run -75 mq work --drain a b -- sh -c "$say"
	assert_output --partial "queue 'a' is paused"
	assert_line "b 2"
	bg work mq work a b -- sh -c "$say"
	mq push -q b -m 3
	wait_for has b ready 0
	assert_has a ready 2
	mq resume -q a
	wait_for has a ready 0
}

@test "a queue that is removed leaves the others; the last one ends it with 66" {
	mq init -q a
	mq init -q b
	bg work mq work a b -- sh -c "$say"
	wait_for title_has "$pid" "work a,b: 0 running"
	rm -r "$MQ_SPOOL/a"
	wait_for title_has "$pid" "a: given up"
	grep -q "queue 'a' was removed" work.err
	mq push -q b -m x
	wait_for has b ready 0
	rm -r "$MQ_SPOOL/b"
	ended "$pid"
	assert_equal "$status" 66
}

@test "a removed queue among others and --drain: the others are drained, and it is told" {
	fill a 1
	fill b 3
	run -66 mq work --drain b a -- sh -c 'rm -rf "$MQ_SPOOL/a"; echo $MQ_QUEUE; sleep 0.4'
	assert_equal "$(grep -cx b <<<"$output")" 3
}

@test "a worker that is killed leaves the messages of all its queues" {
	fill a 1
	fill b 1
	bg work mq work -j2 a b -- sh -c 'touch "begun.$MQ_QUEUE"; exec sleep 1000'
	wait_for test -e begun.a -a -e begun.b
	kill -KILL "$pid"
	run -0 mq pop -w a
	run -0 mq pop -w b
}

@test "--config: each queue's own handler, time-out and jobs" {
	fill a 4
	fill b 4
	mkdir at
	mq init -q a handler='echo $MQ_QUEUE of a' jobs=2
	mq init -q b handler=': >at/$MQ_ID; set -- at/*; echo $MQ_QUEUE $#; sleep 0.02; rm at/$MQ_ID' jobs=1
	run -0 mq work --config --drain a b
	assert_equal "$(grep -cx 'a of a' <<<"$output")" 4
	# Though there are three places in all.
	assert_equal "$(grep -cx 'b 1' <<<"$output")" 4
	mq init -q a timeout=200ms attempts=1 handler='sleep 1000'
	fill a 1
	fill b 1
	run -0 mq work --config --drain a b
	assert_has a dead 1
	mq init -q a handler=
	run -78 mq work --config a b
	run -64 mq work --config a b -- true
}

@test "policy keys of each hold: a rate, a limit, or another's lock on one is none on the others" {
	fill a 3
	fill b 3
	fill c 3
	mq init -q a rate=1/h
	mq init -q b max_in_flight=1
	mq init -q c single=yes
	mq claim b >handle
	bg other mq work c -- sh -c 'touch begun; exec sleep 1000'
	wait_for test -e begun
	fill d 3
	bg work mq work a b c d -- sh -c "$say"
	wait_for has d ready 0
	wait_for title_has "$pid" "c: stands by"
	assert_has a ready 2
	assert_has b ready 2
	assert_has c ready 2
	mq ack b "$(cat handle)"
	wait_for has b ready 0
	assert_has a ready 2
}

# ---- breaker ----

# lines FILE N: it has so many, or more
lines() {
	[ "$(wc -l <"$1")" -ge "$2" ]
}

@test "breaker: an outage burns no more attempts than it has to, and ends by itself" {
	mq init -q q backoff=0s attempts=2 breaker=3,50ms..200ms
	seq 20 | mq push -q -l q
	bg work mq work -j4 q -- sh -c 'echo $MQ_ID >>tried; [ -e up ]'
	wait_for title_has "$pid" "q: paused after failures"
	wait_for grep -q "still fails" work.err
	wait_for lines tried 12
	assert_has q dead 0
	touch up
	wait_for bash -c '! mq ls q | grep -q .'
	wait_for title_has "$pid" "20 done"
	grep -q "3 failures in a row (exit-1); the next message is tried in 50ms" work.err
	grep -q "a message succeeded" work.err
	assert_has q dead 0
}

@test "breaker: after the pause one message is tried, alone" {
	mq init -q q backoff=0s attempts=9 breaker=2,100ms
	seq 20 | mq push -q -l q
	mkdir at
	bg work mq work -j4 q -- sh -c ': >at/$MQ_ID; set -- at/*; [ ! -e open ] || echo $#; sleep 0.02; rm at/$MQ_ID; exit 1'
	wait_for title_has "$pid" "paused after failures"
	wait_for grep -q "still fails" work.err
	touch open
	wait_for lines work.out 4
	assert_equal "$(sort -u work.out)" 1
}

@test "breaker: a bad message among good ones ends as a dead letter, at the head or not" {
	mq init -q q backoff=0s attempts=4 breaker=2,50ms jitter=none
	for body in bad1 bad2; do mq push -q q -m "$body"; done
	bg work mq work q -- sh -c '! grep bad'
	both_dead() { has q dead 2 || { mq push -q q -m good; false; }; }
	wait_for both_dead
	assert_equal "$(field q attempts --state dead)" $'4\n4'
}

@test "breaker: while nothing succeeds, nothing dies of it" {
	mq init -q q backoff=0s attempts=3 breaker=2,10ms
	mq push -q q -m x
	bg work mq work q -- sh -c 'echo >>tried; exit 1'
	wait_for lines tried 6
	kill -TERM "$pid"
	ended "$pid"
	assert_has q dead 0
	assert_equal "$(field q attempts)" 2
}

@test "breaker: who says that the message is bad works; a message that succeeds ends the row" {
	mq init -q q backoff=1h breaker=2,1h
	for n in 65 1 100 1 0 1 65 0; do mq push -q q -m "$n"; done
	run -0 --separate-stderr mq work --drain q -- sh -c 'exit $(cat)'
	# shellcheck disable=SC2154 # set by run
	run -1 grep "in a row" <<<"$stderr"
	assert_has q delayed 3
	assert_has q dead 3
}

@test "breaker: time-outs and signals open it; --drain ends with 75" {
	mq init -q q backoff=0s breaker=2,1h
	seq 9 | mq push -q -l q
	run -75 mq work --drain --timeout 100ms q -- sh -c '[ "$(cat)" = 1 ] && kill -9 $$; sleep 100'
	assert_output --partial "2 failures in a row (timeout)"
	assert_equal "$(field q attempts | sort | uniq -c | tr -s ' ')" $' 7 0\n 2 1'
	fill other 3
	run -75 mq work --drain q other -- sh -c '[ $MQ_QUEUE = other ]'
	assert_has other ready 0
}

@test "breaker: when the policy drops it, the worker goes on" {
	mq init -q q backoff=0s breaker=1,1h
	mq push -q q -m x
	bg work mq work q -- sh -c '[ -e up ]'
	wait_for title_has "$pid" "paused after failures"
	touch up
	mq push -q q -m y
	mq init -q q breaker=none
	wait_for has q ready 0
	wait_for has q claimed 0
	wait_for title_has "$pid" "2 done, 1 failed"
}

@test "breaker: a pause that has begun ends by the new values" {
	mq init -q q backoff=0s breaker=1,1h
	mq push -q q -m x
	bg work mq work q -- sh -c 'echo >>tried; [ -e up ]'
	wait_for title_has "$pid" "paused after failures"
	mq init -q q breaker=1,10ms..50ms
	wait_for grep -q "the handler still fails (exit-1); the next message is tried in 50ms" work.err
	mq init -q q breaker=1,50ms..1h
	wait_for grep -q "still fails (exit-1); the next message is tried in 100ms" work.err
	touch up
	wait_for title_has "$pid" "1 done, 1 failed"
}

@test "breaker: a worker that is told to stop stops" {
	mq init -q q backoff=0s breaker=1,1h
	mq push -q q -m x
	bg work mq work q -- false
	wait_for title_has "$pid" "paused after failures"
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_has q claimed 0
}

@test "breaker: what is left of a batch is given back; one message alone is tried" {
	mq init -q q backoff=0s jitter=none attempts=9 breaker=2,1h
	seq 8 | mq push -q -l q
	bg work mq work --batch 8 q -- sh -c 'echo $MQ_BATCH >>ran; exit 1'
	wait_for title_has "$pid" "paused after failures"
	wait_for has q claimed 0
	assert_equal "$(cat ran)" $'8\n4\n2\n1\n1'
	assert_equal "$(grep -c "in a row" work.err) $(grep -c "still fails" work.err)" "1 0"
	assert_equal "$(field q attempts | sort | uniq -c | tr -s ' ')" $' 6 0\n 2 1'
}

@test "breaker: values" {
	mq init -q q
	for value in 0 -1 x "5," 5,x 5,1s..x 5,10s..1s 5,0s 5,1s..2s..3s ,1s; do
		run -64 mq init q "breaker=$value"
		assert_output --partial "such as 5,10s..10m"
	done
	for pair in 5:5,10s..10m 3,1s:3,1s..1s 7,250ms..1h:7,250ms..1h none:none; do
		mq init -q q "breaker=${pair%%:*}"
		run -0 mq config q
		assert_line "breaker = ${pair#*:}"
	done
}

@test "a queue that is made a topic while it is worked on: its messages are the subscribers'" {
	mq init -q q
	mq init -q other
	bg one mq work q -- cat
	local one=$pid
	bg two mq work q other -- cat
	bg three mq pop --wait q
	wait_for title_has "$one" "work q"
	wait_for title_has "${pids[1]}" "work q,other"
	mq subscribe -q q sub
	for i in 1 2 3; do mq push -q -m "m$i" q; done
	wait_for has sub ready 3
	ended "$one"
	assert_equal "$status" 64
	assert_equal "$(cat one.out two.out three.out)" ""
	assert_regex "$(cat one.err)" "was made a topic"
	mq push -q -m still other
	wait_for grep -q still two.out
}
