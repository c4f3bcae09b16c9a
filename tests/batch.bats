#!/usr/bin/env bats
# batch.bats: mq work --batch: many messages for one handler (mq-work(1)).
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

reasons() {
	mq ls "$1" --json | sed -n 's/.*"reason":"\([^"]*\)".*/\1/p' | sort
}

# ---- what the handler gets ----

@test "lines: up to N bodies, in their order; the count and the ids in the environment" {
	seq 7 | mq push -l q >ids
	run -0 mq work q --drain --batch 3 -- sh -c 'echo "$MQ_BATCH $(tr "\n" ,)"; echo "$MQ_IDS" | tr " " "\n" >>got; [ -z "$MQ_ID$MQ_HANDLE" ]'
	assert_output $'3 1,2,3,\n3 4,5,6,\n1 7,'
	diff ids got
	run -0 mq ls q
	assert_output ''
}

@test "null: any bytes but NUL; headers are no part of it" {
	printf 'a\nb' >one
	: >empty
	mq push -q q -H 'A: 1' one empty
	mq work q --drain --batch 10 --frame null -- sh -c 'cat >got'
	printf 'a\nb\0\0' | cmp - got
}

@test "a body that holds the delimiter is a dead letter that says so; the others are worked on" {
	mq push -q q -m one
	printf 'a\nb' | mq push -q q
	mq push -q q -m two
	printf 'a\0b' >nul
	run -0 mq work -q q --drain --batch 10 -- cat
	assert_output $'one\ntwo'
	assert_has q dead 1
	assert_has q ready 0
	run -0 mq dead q
	assert_output --partial 'holds a newline, which --frame=lines has between two messages'
	mq push -q q nul
	run -0 mq work q --drain --batch 10 --frame=null -- false
	assert_has q dead 2
}

@test "json: an object a line, as claim --json prints" {
	printf 'a\nb\0"' | mq push -q q -H 'A: 1'
	mq push -q q -p 3 -m two
	mq work q --drain --batch 10 --frame json -- sh -c 'cat >got'
	run -0 jq -r '[.body, .attempt, .priority, .headers.A] | @json' got
	assert_output '["two",1,3,null]
["a\nb\u0000\"",1,5,"1"]'
	assert_equal "$(wc -l <got)" 2
}

@test "{}: a directory of files named by id, gone afterwards" {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir tmp
	printf 'a\nb\0' | mq push q -H 'A: 1' >ids
	mq push q -m two >>ids
	mq work q --drain --batch 10 -- sh -c 'ls {} >got; for id in $MQ_IDS; do cp "{}/$id" .; done; mkdir {}/more; echo {} >dir; cat' </dev/null
	sort ids | diff - got
	printf 'a\nb\0' | cmp - "$(head -n 1 ids)"
	[[ $(cat dir) == "$TMPDIR"/mq-work.?????? ]]
	[ -z "$(ls tmp)" ]
	# With --frame, {} is nothing special.
	mq push -q q -m three
	run -0 mq work q --drain --batch 10 --frame lines -- sh -c 'echo {}; cat'
	assert_output $'{}\nthree'
}

@test "many bodies are larger than memory would like: through a file in TMPDIR, and nothing stays there" {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir tmp
	head -c 3000000 /dev/urandom | base64 -w 0 >large
	mq push -q q large large
	mq push -q q -m small
	mq work q --drain --batch 10 -- sh -c 'ls tmp >there; cat >got'
	(cat large; echo; cat large; echo; echo small) | cmp - got
	assert_equal "$(cat there)" ''
	mq push -q q large
	TMPDIR=$PWD/nowhere run -73 mq work q --drain --batch 10 -- cat
	assert_output --partial nowhere
	assert_has q ready 1
	assert_equal "$(field q attempts)" 0
}

@test "BYTES: so long together at most; a longer message goes alone" {
	for body in aaa bbb ccc dddddddddddd e f; do mq push -q q -m $body; done
	run -0 mq work q --drain --batch 10,7 -- sh -c 'tr "\n" ,; echo'
	assert_output $'aaa,bbb,\nccc,\ndddddddddddd,\ne,f,'
	mq push -q q -m aaa
	mq push -q q -m bbb
	run -0 mq work q --drain --batch 10,1K -- sh -c 'tr "\n" ,; echo'
	assert_output 'aaa,bbb,'
	# None was claimed and given back.
	mq init -q q keep=10
	for body in aaa bbb ccc; do mq push -q q -m $body; done
	mq work q --drain --batch 10,4 -- cat >/dev/null
	assert_equal "$(field q deliveries | tr -d '\n ')" 111
}

@test "DUR: the first waits for more, until the batch is full" {
	mq push -q q -m 1
	bg work mq work q --batch 3,,1h -n 3 -- sh -c 'tr "\n" ,'
	wait_for has q claimed 1
	mq push -q q -m 2
	wait_for has q claimed 2
	assert_equal "$(cat work.out)" ''
	mq push -q q -m 3
	ended "$pid"
	assert_equal "$(cat work.out)" '1,2,3,'
}

@test "DUR: when it is over, what is there goes" {
	mq push -q q -m 1
	mq push -q q -m 2
	bg work mq work q --batch 3,,0.3s -- sh -c 'tr "\n" ,; echo'
	wait_for grep -qs '^1,2,' work.out
	mq push -q q -m 3
	wait_for grep -qs '^3,' work.out
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	run -0 timeout 120 mq work q --drain --batch 3,,1h -- cat
	assert_output ''
}

@test "SIGTERM while more is waited for: given back uncounted" {
	seq 2 | mq push -q -l q
	bg work mq work q --batch 3,,1h -- cat
	wait_for has q claimed 2
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_has q ready 2
	assert_equal "$(field q attempts | tr -d '\n ')" 00
}

@test "what waits for more keeps its lease" {
	mq push -q q -m 1
	bg work mq work q --batch 3,,1h --lease=1s -- cat
	wait_for has q claimed 1
	mq ls q -o deadline >first
	wait_for bash -c '! mq ls q -o deadline | diff -q - first'
	assert_has q claimed 1
}

@test "-n counts messages; -j runs batches beside each other" {
	seq 10 | mq push -q -l q
	run -0 mq work q --batch 4 -n 6 -- sh -c 'tr "\n" ,; echo'
	assert_output $'1,2,3,4,\n5,6,'
	assert_has q ready 4
	run -0 mq work q --drain --batch 2 -j 2 -- sh -c 'read n; touch in.$n; sh await in.7 in.9'
	run -0 mq ls q
	assert_output ''
}

# ---- how it ends ----

@test "a failed batch is halved until the culprit stands alone; only its attempt counts" {
	mq init -q q backoff=1h
	seq 10 20 | mq push -q -l q
	run -0 --separate-stderr mq -v work q --drain --batch 100 -- sh -c 'cat >in; tr "\n" , <in; echo; ! grep -q 17 in || { echo "17 is odd" >&2; exit 3; }'
	assert_equal "$(tail -n 1 <<<"$output")" 18,19,20,
	assert_line 17,
	assert_has q delayed 1
	assert_equal "$(field q attempts,deliveries)" '1 1'
	assert_equal "$(reasons q)" 'exit-3: 17 is odd'
	assert_has q ready 0
	# shellcheck disable=SC2154 # set by run
	[[ $stderr == *'a batch of 11 failed; 11 of it are run again, in halves'* ]]
}

@test "65 and 100 of a batch: halved, too; of one alone: dead at once" {
	seq 4 | mq push -q -l q
	run -0 mq work q --drain --batch 4 -- sh -c 'cat >in; ! grep -q -e 2 -e 3 in || exit 65'
	assert_has q dead 2
	assert_has q delayed 0
	assert_equal "$(reasons q)" $'exit-65\nexit-65'
}

@test "a signal and a time-out are failures like others" {
	mq init -q q backoff=1h
	printf '%s\n' one kill two three | mq push -q -l q
	run -0 mq work q --drain --batch 4 -- sh -c 'cat >in; ! grep -q kill in || kill -9 $$'
	assert_equal "$(reasons q)" signal-9
	mq rm -q q --all --force
	printf '%s\n' one sleep two three | mq push -q -l q
	run -0 mq work q --drain --batch 4 --timeout 0.4s -- sh -c 'cat >in; ! grep -q sleep in || exec sleep 1000'
	assert_equal "$(reasons q)" timeout
	assert_has q delayed 1
}

@test "126, 127 and what cannot be run: all given back, uncounted" {
	mq init -q q attempts=1
	seq 4 | mq push -q -l q
	run -126 mq work q --batch 3 -- sh -c 'exit 126'
	assert_has q ready 4
	run -127 mq work q --batch 3 -- ./nowhere
	assert_has q ready 4
	assert_equal "$(field q attempts | tr -d '\n ')" 0000
	# Once the command has ended otherwise, it is their own fault.
	run -0 mq work q --drain --batch 4 -- sh -c '[ $MQ_BATCH = 4 ] && exit 1; exit 127'
	assert_has q dead 4
}

@test "reports on MQ_RESULT_FD: each message as it is said, the rest is halved" {
	mq init -q q backoff=1h
	seq 6 | mq push -q -l q
	run -0 mq work q --drain --batch 6 -- sh -c 'set -- $MQ_IDS; echo "$MQ_BATCH $(tr "\n" ,)" >>runs
		[ $MQ_BATCH = 6 ] || exit 0
		echo "$1 ok" >&$MQ_RESULT_FD; echo "$2 retry 2h" >&$MQ_RESULT_FD; echo "$3 dead no such customer" >&$MQ_RESULT_FD; exit 1'
	assert_equal "$(cat runs)" $'6 1,2,3,4,5,6,\n1 4,\n2 5,6,'
	assert_has q dead 1
	assert_has q delayed 1
	assert_equal "$(reasons q)" $'no such customer\nretry'
}

@test "exit 0 with reports: what was reported counts, the rest is acknowledged" {
	mq init -q q backoff=1h
	seq 3 | mq push -q -l q
	run -0 mq work q --drain --batch 3 -- sh -c 'set -- $MQ_IDS; echo "$2 retry" >&3'
	assert_has q delayed 1
	assert_has q ready 0
	assert_equal "$(field q attempts)" 1
}

@test "one report that is none: nothing is taken for done that was not reported" {
	mq init -q q backoff=1h
	seq 2 | mq push -q -l q
	run -0 mq work q --drain --batch 2 -- sh -c '[ $MQ_BATCH = 1 ] || echo "${MQ_IDS%% *} ok" >&3; echo "${MQ_IDS##* } Dead" >&3'
	assert_has q delayed 1
	assert_equal "$(field q attempts)" 1
	[[ $(reasons q) == "no answer: '"*"Dead'" ]]
}

@test "what is said of a message that is lost, or was reported already, counts for nothing; the first word stands" {
	mq init -q q lease=1s backoff=1h
	seq 4 | mq push -q -l q
	bg work mq work -n 4 --batch 4 q -- sh -c 'set -- $MQ_IDS; echo $MQ_BATCH >>runs; [ $MQ_BATCH = 4 ] || exit 0
		for what in "$1 ok" "$1 ok" "$2 retry" "$2 dead" "$2 ok"; do echo "$what" >&3; done
		echo "$3" >third; touch begun; sh await go; echo "$3 ok" >&3'
	wait_for test -e begun
	mq rm -q --force q "$(cat third)"
	wait_for grep -q 'left out of its batch' work.err
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat runs)" 4
	assert_equal "$(reasons q)" retry
	assert_has q delayed 1
	assert_has q claimed 0
}

@test "a report about another's message is none" {
	mq init -q q backoff=1h
	seq 2 | mq push -q -l q
	run -0 mq work q --drain --batch 2 -- sh -c 'echo $MQ_BATCH >>runs; [ $MQ_BATCH = 1 ] || echo 01a1ff8e-b769-7028-92ac-9a6024cca7b8 ok >&3'
	assert_equal "$(cat runs)" $'2\n1\n1'
}

@test "what was reported before the worker was killed stays done" {
	mq init -q q backoff=0s
	seq 3 | mq push -q -l q
	bg work mq work q --batch 3 -- sh -c 'set -- $MQ_IDS; echo "$1 ok" >&3; exec sleep 1000'
	wait_for has q claimed 2
	kill -KILL "$pid"
	ended "$pid"
	run -0 mq work q --drain=all --batch 3 -- sh -c 'sort >>again'
	assert_equal "$(sort -u again)" $'2\n3'
}

@test "kill -9 of the worker: the handler dies, its directory goes, nothing counts, each is tried alone" {
	export TMPDIR=$BATS_TEST_TMPDIR/tmp
	mkdir tmp
	mq init -q q backoff=1h
	seq 3 | mq push -q -l q
	bg work mq work q --batch 3 -- sh -c 'echo $$ >pid; touch {}/more; exec sleep 1000'
	wait_for test -s pid
	[ -n "$(ls tmp)" ]
	kill -KILL "$pid"
	wait_for not alive "$(cat pid)"
	wait_for bash -c '[ -z "$(ls tmp)" ]'
	mq nack -q --no-count q "$(mq claim q)"
	assert_has q ready 3
	assert_equal "$(field q attempts | tr -d '\n ')" 000
	run -0 mq work q --drain --batch 3 -- sh -c 'wc -l >>sizes'
	assert_equal "$(tr '\n' ' ' <sizes)" "1 1 1 "
}

@test "SIGTERM twice: all of a batch is given back, uncounted; once: halving is not begun" {
	mq init -q q attempts=1
	seq 3 | mq push -q -l q
	bg work mq work q --batch 3 -- sh -c 'touch begun; exec sleep 1000'
	wait_for test -e begun
	kill -TERM "$pid"
	wait_for grep -q stopping work.err
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_has q ready 3
	bg work mq work q --batch 3 -- sh -c 'touch again; sh await go; exit 1'
	wait_for test -e again
	kill -TERM "$pid"
	wait_for grep -q stopping work.err
	touch go
	ended "$pid"
	assert_has q ready 3
	assert_equal "$(field q attempts | tr -d '\n ')" 000
}

@test "one that is lost meanwhile is left out; the others are acknowledged" {
	mq init -q q lease=1s
	seq 3 | mq push -q -l q
	bg work mq work q --batch 3 -n 3 -- sh -c 'cat >in; touch begun; sh await go'
	wait_for test -e begun
	mq bury -q q --force "$(sed -n 2p <(mq ls q --ids))"
	wait_for grep -q 'left out of its batch' work.err
	touch go
	ended "$pid"
	assert_equal "$status" 0
	assert_has q dead 1
	assert_has q claimed 0
	run -0 mq peek q "$(mq ls q --state dead --ids)"
	assert_output 2
}

@test "a batch that is lost altogether stops its handler" {
	mq init -q q lease=1s
	seq 2 | mq push -q -l q
	bg work mq work q --batch 2 -n 2 -- sh -c 'touch begun; exec sleep 1000'
	wait_for test -e begun
	mq bury -q q --force --state claimed
	ended "$pid"
	assert_equal "$status" 0
	assert_has q dead 2
}

@test "killed at random: nothing is lost" {
	mq init -q q backoff=0s attempts=100
	seq 300 | mq push -q -l q
	for i in 1 2 3 4 5; do
		bg work mq work q --batch 7 -j 2 -- sh -c 'cat >in.$$; case $(($$ % 5)) in 0) exit 1 ;; esac; cat in.$$ >>seen'
		wait_for bash -c "[ \$(cat seen 2>/dev/null | wc -l) -ge $((i * 20)) ]"
		kill -KILL "$pid"
		wait_for not alive "$pid"
	done
	run -0 mq work q --drain=all --batch 7 -- sh -c 'cat >>seen'
	run -0 mq ls q
	assert_output ''
	assert_equal "$(sort -un seen | wc -l)" 300
}

@test "--rate: a batch is a start" {
	seq 4 | mq push -q -l q
	bg work mq work q --batch 2 --rate 1/h -- cat
	wait_for grep -qs 2 work.out
	kill -TERM "$pid"
	ended "$pid"
	assert_has q ready 2
}

@test "limits: no more than there may be open files" {
	mq init -q q
	run -64 bash -c 'ulimit -n 100; exec mq work q --batch 100 -- true'
	assert_output --partial 'need 143 open files, and the limit is 100 (ulimit -n)'
	seq 60 | mq push -q -l q
	run -0 bash -c 'ulimit -n 120; exec mq work q --drain --batch 60 -- cat'
	assert_equal "${#lines[@]}" 60
}

@test "usage" {
	mq init -q q
	for wrong in '--batch 0' '--batch 3001' '--batch x' '--batch 3,x' '--batch 3,0' '--batch 3,1K,x' '--batch 3,,1s,4' '--frame json' '--batch 3 --frame xml'; do
		# shellcheck disable=SC2086 # words
		run -64 mq work q $wrong -- true
	done
}

@test "several queues with handlers of their own: {} in one says nothing of the other" {
	mq init -q a handler='paste -s -d +'
	mq init -q b handler='cat {}/* | tr "\n" -'
	seq 3 | mq push -q -l a
	seq 7 9 | mq push -q -l b
	# One after the other, or their output would come as it likes.
	run -0 mq work --config --drain --batch 5 -j 1 a b
	assert_output $'1+2+3\n789'
}
