#!/usr/bin/env bats
# push.bats: mq push: bytes in, ids out

load helper

@test "stdin, -m, files: each prints its id" {
	run -0 mq push q -m hello
	assert_output --regexp '^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$'
	printf 'two\nlines' >f
	printf three >g
	mq push q f g >ids
	assert_equal "$(wc -l <ids)" 2
	printf '' | mq push -q q
	assert_equal "$(count q ready)" 4
	assert_equal "$(mq pop q)" hello
	mq pop q | cmp - f
	assert_equal "$(mq pop q)" three
	run -0 mq pop q
	assert_output ""
	run -1 mq pop q
}

@test "any bytes, at any size, come out as they went in" {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 5000)' >bytes
	mq push -q q <bytes
	mq pop q | cmp - bytes
}

@test "-l and -0: pieces, empty ones too, the last without its end" {
	printf 'a\n\nb' | mq push q -l >ids
	assert_equal "$(wc -l <ids)" 3
	assert_equal "$(json q '.size' | tr '\n' ' ')" "1 0 1 "
	assert_equal "$(mq pop q -n 9 -l | tr '\n' ,)" "a,,b,"
	printf 'x\ny\0z\0' | mq push -q q -0
	assert_equal "$(count q ready)" 2
	mq pop q -n 9 -0 >out
	printf 'x\ny\0z\0' | cmp - out
	run -0 mq push q -l </dev/null
	assert_output ""
	assert_counts q ""
}

@test "priority first, then order of arrival" {
	for p in 5 9 0 5 0; do mq push -q q -p "$p" -m "$p"; done
	assert_equal "$(mq pop q -n 9 -l | tr -d '\n')" 00559
	run -64 mq push q -p 10 -m x
	run -64 mq push q -p x -m x
}

@test "a delay, an expiry" {
	mq push -q q -d 1h -m later
	assert_counts q delayed=1
	run -1 mq pop q
	mq init e expired=drop
	mq push -q e -x 0.001s -m old
	mq push -q e -m new
	run -0 mq pop e
	assert_output new
	assert_counts e ""
	mq init d expired=dead
	mq push -q d -x 0.001s -m old
	run -1 mq pop d
	assert_counts d dead=1
	run -0 mq dead d
	assert_output --partial expired
}

@test "who retries what has expired gets it" {
	mq init -q d expire=1h
	mq push -q d -x 0.001s -m old
	run -1 mq pop d
	mq retry -q d --all
	assert_equal "$(json d '.expires > .enqueued')" true
	assert_equal "$(mq pop d)" old
	mq init -q q dead_queue=d
	mq push -q q -x 0.001s -m again
	run -1 mq pop q
	assert_equal "$(mq pop d)" again
}

@test "the earlier expiry counts, of the message and of the policy" {
	mq init q expire=1s
	mq push -q q -x 1h -m x
	assert_equal "$(json q '((.expires | sub("[.].*"; "Z") | fromdate) - (.enqueued | sub("[.].*"; "Z") | fromdate)) <= 2')" true
}

@test "headers" {
	mq push -q q -H 'Kind: report' -H 'Empty:' -m body
	assert_equal "$(json q '.headers.Kind')" report
	assert_equal "$(json q '.headers.Empty')" ""
	assert_equal "$(json q .size)" 4
	assert_equal "$(mq pop q)" body
	run -65 mq push q -m x -H $'A: b\nC: d'
	run -64 mq push q -m x -H 'no colon'
	run -64 mq push q -m x -H ': no name'
	run -65 mq push q -m x -H "A: $(head -c 70000 /dev/zero | tr '\0' x)"
	assert_counts q ""
	assert_equal "$(find "$MQ_SPOOL/q/tmp" -type f)" ""
}

@test "--atomic: all or none" {
	seq 2500 | mq push q -l --atomic >ids
	assert_equal "$(wc -l <ids)" 2500
	assert_equal "$(mq ls q --ids | sort)" "$(sort ids)"
	assert_equal "$(mq pop q -n 3000 -l | md5sum)" "$(seq 2500 | md5sum)"
	mq init s max_size=3
	run -65 bash -c 'printf "a\nbb\ncccc\n" | mq push s -l --atomic'
	assert_counts s ""
	run -65 bash -c 'printf "a\nbb\ncccc\n" | mq push s -l'
	assert_equal "${#lines[@]}" 3
	assert_counts s ready=2
	mq init m max_messages=2
	run -65 bash -c 'seq 3 | mq push m -l --atomic'
	assert_output --partial "never fit"
	mq push -q m -m x
	run -75 bash -c 'seq 2 | mq push m -l --atomic'
	assert_counts m ready=1
	assert_equal "$(ls -A "$MQ_SPOOL/m/tmp")" ""
}

@test "--wait: a queue that fills in the middle of a push; what never fits; what is not full but broken" {
	mq init q max_messages=4
	seq 8 | mq push q -l --wait=30s >ids 3>&- &
	until [ "$(mq ls q --ids | wc -l)" = 4 ]; do sleep 0.01; done
	assert_equal "$(mq pop q -n 4 -l | tr '\n' ' ')" "1 2 3 4 "
	wait $!
	assert_equal "$(mq pop q -n 4 -l | tr '\n' ' ')" "5 6 7 8 "
	assert_equal "$(wc -l <ids)" 8
	mq init -q b max_bytes=15 sync=never
	mq push -q b -m 1234567890
	run -75 mq push b -m 123456 --wait=0.1s
	assert_output --partial "is full"
	run -65 mq push b -m 1234567890123456 --wait
	assert_output --partial "never fit"
}

@test "delays in falling order share buckets" {
	for i in $(seq 60 -1 1); do mq push -q q -d "${i}h" -m "$i"; done
	assert_equal "$(ls "$MQ_SPOOL/q/delayed" | wc -l)" 1
	run -0 mq fsck q
	assert_output ""
	assert_equal "$(mq ls q --ids | wc -l)" 60
}

@test "what cannot be meant is refused" {
	run -64 mq push q -m a -m b
	run -64 mq push q -l -0
	run -64 mq push q -m a file
	assert [ ! -e "$MQ_SPOOL/q" ]
}

@test "limits: messages, bytes, free space and inodes" {
	mq init q max_messages=2
	mq push -q q -m a
	mq push -q q -m b
	run -75 mq push q -m c
	assert_output --partial max_messages
	mq pop q
	run -0 mq push q -m c
	rm "$MQ_SPOOL/q/counters"
	run -75 mq push q -m d
	run -75 bash -c 'seq 5 | mq push q -l'
	mq init b max_bytes=10
	mq push -q b -m 12345678
	run -75 mq push b -m 123
	mq init f min_free=1000T
	run -75 mq push f -m x
	assert_output --partial min_free
	mq init i min_inodes=999999999999
	mq push i -m x || [ $? -eq 75 ]
	mq init s max_size=4
	run -65 mq push s -m 12345
	run -0 mq push s -m 1234
}

@test "--wait waits for room, until a time-out" {
	mq init q max_messages=1
	mq push -q q -m a
	run -75 mq push q -m b --wait=0.05s
	mq push -q q -m b --wait &
	mq pop q
	wait $!
	assert_counts q ready=1
}

@test "queued, but not told: 71" {
	mq init q
	run -71 bash -c 'mq push q -m x >/dev/full'
	run -71 bash -c 'mq push q -m x >&-'
	assert_counts q ready=2
	run -0 bash -c 'mq push -q q -m x >&-'
}

@test "missing or odd files, no queue made with autocreate off" {
	run -66 mq push q nosuchfile
	mkdir d
	run -65 mq push q d
	run -74 bash -c 'mq push q <&-'
	assert [ ! -e "$MQ_SPOOL/q/ready" -o "$(find "$MQ_SPOOL" -type f -path '*ready*')" = "" ]
	printf '[defaults]\nautocreate = no\n' >mq.conf
	MQ_CONF=$PWD/mq.conf run -66 mq push other -m x
	assert_output --partial "mq init other"
	run -64 mq push q -m a file
}
