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

@test "--wait: what waits for room is kept young, so that nobody takes it for litter" {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	mq init q max_messages=1
	printf 'first\nsecond\n' >two
	echo 0 >clock
	CLOCK_FILE=$PWD/clock LD_PRELOAD=$MQ_BUILD/preload/clock.so mq push -q q -l --wait two 3>&- &
	for ((i = 0; i < 1500; i++)); do [ -z "$(id q ready)" ] || break; sleep 0.01; done
	touch -d '2 hours ago' old "$MQ_SPOOL"/q/tmp/mq-*
	echo 700 >new && mv new clock
	for ((i = 0; i < 1500; i++)); do
		! [ "$(echo "$MQ_SPOOL"/q/tmp/mq-*)" -nt old ] || break
		sleep 0.01
	done
	[ "$(echo "$MQ_SPOOL"/q/tmp/mq-*)" -nt old ] || { kill $!; return 1; }
	mq pop q
	wait $!
	assert_equal "$(mq pop q)" second
}

@test "a bucket that is full is followed by another; readers remove what they empty, but no +, and not the last" {
	mq init q sync=never
	seq 5000 | mq push -q q -l
	assert [ "$(ls "$MQ_SPOOL/q/ready" | wc -l)" -gt 1 ]
	mkdir "$MQ_SPOOL/q/ready/+5.20260101T000000.000000Z" "$MQ_SPOOL/q/ready/5.20260102T000000.000000Z"
	assert_equal "$(mq pop q -n 9999 -l | md5sum)" "$(seq 5000 | md5sum)"
	run -1 mq pop q
	assert [ -d "$MQ_SPOOL/q/ready/+5.20260101T000000.000000Z" ]
	assert [ ! -e "$MQ_SPOOL/q/ready/5.20260102T000000.000000Z" ]
	assert_equal "$(ls "$MQ_SPOOL/q/ready" | wc -l)" 2
}

@test "a name that is taken is not overwritten" {
	mq push -q q -m x
	mq hold -q q --all
	mq retry -q q --all --state held
	f=$(find "$MQ_SPOOL/q/ready" -type f)
	printf y >"$(echo "$MQ_SPOOL"/q/held/*)/${f##*/}"
	mq retry -q q --all --state held
	assert_counts q ready=2
	assert_equal "$(mq pop q -n 2 -l | sort | tr '\n' ,)" x,y,
}

@test "the policy's expire goes for messages that have none of their own, also for those pushed before" {
	mq init q
	mq push -q q -m old
	mq init q expire=0.001s
	run -1 mq pop q
	assert_counts q dead=1
	mq init q expired=drop
	mq push -q q -m old
	run -1 mq pop q
	assert_counts q dead=1
}

@test "no room for a bucket: one that is there serves, its name not above the keys in it" {
	local inject=$MQ_BUILD/sweep/inject
	need_inject
	mq init q
	for n in $(seq 15 50); do
		rm -rf "$MQ_SPOOL"/q/ready/*
		mkdir "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z"
		run "$inject" "$MQ_SPOOL" "$n" ENOSPC report mq push -q q -p 7 -m x
		! grep -q ' mkdirat .*/ready/' report || break
	done
	assert_equal "$status" 0
	assert_counts q ready=1
	assert [ ! -e "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z" ]
}

@test "delays below the lowest bucket lower it, and are due in order" {
	mq init q
	rmdir "$MQ_SPOOL"/q/delayed/*
	for i in 9 8 7 6 5 4 3 2 1; do mq push -q q -d "${i}h" -m "$i"; done
	assert_equal "$(ls "$MQ_SPOOL/q/delayed" | wc -l)" 1
	run -0 mq fsck q
	assert_output ""
	assert_counts q delayed=9
}

@test "each push is synced: the file before its name, the directories it stands in before it is told" {
	need_inject
	mq init q
	run -0 steps mq push q -m x
	assert_output "$(printf '%s\n' 'fsync tmp/TMP' 'renameat2 tmp/TMP ready/5.KEY/MSG' 'fsync ready/5.KEY')"
	run -0 steps mq push q -p 7 -m x
	assert_output "$(printf '%s\n' 'fsync tmp/TMP' 'fsync ready' 'renameat2 ready/+7.KEY ready/7.KEY' \
	    'renameat2 tmp/TMP ready/7.KEY/MSG' 'fsync ready/7.KEY')"
	printf 'a\0b' >two
	run -0 steps mq push q -0 --atomic two
	assert_output "$(printf '%s\n' 'fsync tmp/TMP.d/TMP' 'fsync tmp/TMP.d/TMP' 'renameat2 tmp/TMP.d/TMP tmp/TMP.d/MSG' \
	    'renameat2 tmp/TMP.d/TMP tmp/TMP.d/MSG' 'fsync tmp/TMP.d' 'renameat2 tmp/TMP.d ready/+5.KEY' 'fsync ready' \
	    'renameat2 ready/+5.KEY ready/5.KEY')"
	seq 100 >many
	run -0 steps mq push q -l --atomic many
	assert_equal "$(grep -nm 1 'syncfs' <<<"$output" | cut -d: -f1)" 1
	run -0 steps mq init q sync=never
	run -0 steps mq push q -m x
	assert_output "renameat2 tmp/TMP ready/5.KEY/MSG"
}

@test "what an operator moves, and a dead letter, is synced" {
	need_inject
	mq init q attempts=1
	mq push -q q -m x
	run -0 steps mq hold -q q --all
	assert_output "$(printf '%s\n' 'renameat2 ready/5.KEY/MSG held/KEY/MSG' 'fsync held/KEY')"
	run -0 steps mq retry -q q --all --state held
	assert_output "$(printf '%s\n' 'renameat2 held/KEY/MSG ready/5.KEY/MSG' 'fsync ready/5.KEY')"
	run -0 steps mq nack q "$(mq claim q)"
	assert_line --index $((${#lines[@]} - 2)) 'renameat2 claimed/KEY/MSG dead/KEY/MSG'
	assert_line --index $((${#lines[@]} - 1)) 'fsync dead/KEY'
}

@test "a rename that was done and reports an error: the message is queued, so 71 and not 74 (F5)" {
	need_inject
	seq 3 >in
	mq init q
	mq init l latest=yes
	mq init d
	mq subscribe t s
	# lie COMMAND...: its first rename of a message into its state is said to have failed
	lie() {
		local move='rename.* .*/tmp/[^ ]* .*/(ready|delayed)/' i at
		# More than once, for it is not always the same call.
		for ((i = 0; i < 20; i++)); do
			"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 1 list report "$@" >/dev/null
			at=$(grep -E "$move" report | sed -n 1p | cut -d ' ' -f 1)
			"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$at" lie report "$@" >ids 2>err && status=0 || status=$?
			! grep -qE "$move" report || return 0
		done
		return 1
	}
	while read -r at command; do
		# shellcheck disable=SC2086 # these are words
		lie mq push $command
		assert_equal "$command: $status" "$command: 71"
		grep -q queued err
		while read -r id; do mq peek "$at" "$id" >/dev/null; done <ids
		[ -s ids ]
	done <<-END
		q q in
		q -l q in
		q --atomic -l q in
		q -k k q in
		q -d 1h q in
		l -k k l in
		s t in
	END
	mq fsck
}

@test "a writer that pauses keeps its file to the end: no sweeper takes it (A22)" {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	need_strace
	for sync in always never; do
		rm -rf "$MQ_SPOOL"
		mq init q sync=$sync
		mq push -q q -m first
		strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:delay_enter=3000000:when=1 mq push q -m x 3>&- &
		for ((i = 0; i < 1000; i++)); do compgen -G "$MQ_SPOOL/q/tmp/mq-*" >/dev/null && break; sleep 0.01; done
		sleep 0.5	# it has been synced by now; if not, this proves less
		touch -d '2 hours ago' "$MQ_SPOOL"/q/tmp/mq-* 2>/dev/null || true
		mq fsck q --repair || true
		wait $!
		assert_equal "$(count q ready)" 2
	done
}

@test "an atomic batch that waits for days is not litter (A16)" {
	mq init q max_messages=2
	mq push -q q -m first
	seq 2 >in
	mq push --atomic --wait q -l in 3>&- &
	for ((i = 0; i < 1500; i++)); do
		[ "$(find "$MQ_SPOOL"/q/tmp -name 'mq-*' -type f | wc -l)" -lt 2 ] || break
		sleep 0.01
	done
	touch -d '3 days ago' "$MQ_SPOOL"/q/tmp/*.d
	mq fsck --repair q || true
	mq pop q
	wait $!
	assert_equal "$(mq pop -n 2 -l q | tr '\n' ' ')" "1 2 "
}

@test "a great atomic batch is spread over buckets, also one of a single key, which stays in order (A23)" {
	mq init q sync=never
	seq 2500 >in
	for key in '' '-k k'; do
		# shellcheck disable=SC2086 # none or two words
		mq push -q --atomic $key -l q in
		for bucket in "$MQ_SPOOL"/q/ready/*; do
			[ "$(find "$bucket" -type f | wc -l)" -le 500 ]
		done
		assert_equal "$(mq pop -n 2500 -l q | cmp - in 2>&1)" ""
	done
	mq fsck
}

@test "ids that could not be printed: 71, whatever else fails, for what is not told would be pushed again (F2)" {
	need_root
	# As the disk of the spool gets full, so does that of the ids.
	mkdir small
	mount -t tmpfs -o size=2m none small || skip "SKIPPED: no tmpfs can be mounted here"
	export MQ_SPOOL=$PWD/small/spool
	mq init q min_free=0
	mq init t min_free=0
	mq subscribe t s
	python3 -c 'print("\n".join("x" * 1500 for _ in range(3000)))' >in
	for q in q t; do
		mq push -l $q in >small/ids 2>err && status=0 || status=$?
		queued=$(($(mq ls --ids q | wc -l) + $(mq ls --ids s | wc -l) + $(mq ls --ids t | wc -l)))
		assert_equal "$(wc -l <small/ids) told of $queued: $status" "0 told of $queued: 71"
		[ "$queued" -gt 100 ]
		grep -q 'No space left' err
		mq rm -q q --all --force || true
		mq rm -q s --all --force || true
		: >small/ids
	done
	umount small
	# And where the queue is full, or a message too large: some are queued and not told.
	export MQ_SPOOL=$PWD/spool
	mq init full max_messages=3
	mq init large max_size=5
	seq 9 >in
	run -71 bash -c 'mq push -l full in >/dev/full'
	assert_output --partial 'is full'
	assert_equal "$(count full ready)" 3
	printf '1\n2\nmuch too long\n' >in
	run -71 bash -c 'mq push -l large in >/dev/full'
	assert_output --partial max_size
	assert_equal "$(count large ready)" 2
	# What was told is not in doubt.
	run -65 mq push -l large in
}

teardown() {
	! mountpoint -q "$BATS_TEST_TMPDIR/small" || umount "$BATS_TEST_TMPDIR/small"
}

@test "a message that is typed: said, once, and not with -q; what comes from elsewhere is no news" {
	run -0 python3 "$BATS_TEST_DIRNAME/terminal.py" 'Ctrl-D' 'typed\r\x04' -- mq push q
	assert_output --partial 'read from the terminal'
	assert_equal "$(mq pop q)" typed
	run -0 python3 "$BATS_TEST_DIRNAME/terminal.py" 'Ctrl-D' '1\r2\r\x04' -- mq push -l q
	assert_equal "$(grep -c Ctrl-D <<<"$output")" 1
	run -1 python3 "$BATS_TEST_DIRNAME/terminal.py" 'Ctrl-D' 'typed\r\x04' -- mq request --timeout 0 q
	assert_output --partial 'read from the terminal'
	echo x >f
	run -0 python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq push -q q f
	refute_output --partial terminal
	run -0 python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq push q -m x
	refute_output --partial terminal
}

@test "few descriptors: as many messages as always, with and without sync" {
	[ -z "$MQ_SAN" ] || skip "the sanitizers need descriptors, too"
	seq 40 >in
	for sync in always never; do
		mq init "$sync" sync="$sync"
		for limit in 14 20 24; do
			(ulimit -n "$limit"; mq push -q -l "$sync" in)
			assert_equal "$(mq pop -n 40 -l "$sync" | cmp - in 2>&1)" ""
		done
	done
}

@test "where syncfs does not tell what it could not write, each file of a large batch is synced by itself" {
	need_strace
	mq init -q q
	for kernel in 4.19.0-amd64:1 5.7.19:1 5.8.0:0 6.12.1:0; do
		KERNEL=${kernel%:*} LD_PRELOAD=$MQ_BUILD/preload/kernel.so strace -qq -o calls -e trace=fsync,syncfs \
		    -e inject=syncfs:error=EIO:when=100+ mq push -q -l q < <(seq 40)
		assert_equal "$kernel $(($(grep -c '^fsync' calls) >= 40))" "$kernel ${kernel#*:}"
	done
	# One that fails is told.
	run -74 env KERNEL=5.4.0 LD_PRELOAD="$MQ_BUILD/preload/kernel.so" strace -qq -o calls -e trace=fsync \
	    -e inject=fsync:error=EIO:when=7 mq push -l q < <(seq 40)
	assert_counts q ready=160
}
