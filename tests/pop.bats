#!/usr/bin/env bats
# pop.bats: mq pop: the body to stdout, then gone

load helper

@test "empty: 1, silently; an unknown queue: 66, with a guess" {
	mq init orders
	run -1 mq pop orders
	assert_output ""
	run -66 mq pop ordrs
	assert_output --partial "did you mean 'orders'?"
}

@test "output that fails keeps the message, uncounted" {
	mq push -q q -m precious
	run -74 bash -c 'mq pop q >/dev/full'
	run -74 bash -c 'mq pop q >&-'
	for _ in 1 2 3 4 5; do mq pop q 2>/dev/null | true; done
	assert_counts q ready=1
	assert_equal "$(json q .attempts)" 0
	assert_equal "$(mq pop q)" precious
}

@test "a large body through a pipe whose reader goes away" {
	head -c 1000000 /dev/zero | mq push -q q
	mq pop q 2>/dev/null | head -c 10 >/dev/null
	assert_counts q ready=1
	assert_equal "$(mq pop q | wc -c)" 1000000
}

@test "-n with framing; --json" {
	seq 5 | mq push -q q -l
	run -64 mq pop q -n 2
	assert_equal "$(mq pop q -n 2 -l | tr '\n' ,)" 1,2,
	mq pop q -n 2 --json >out
	assert_equal "$(jq -r .body out | tr '\n' ,)" 3,4,
	assert_equal "$(jq -r 'select(.body == "3") | .queue, .deliveries' out | tr '\n' ,)" q,1,
	mq pop -q q
	printf '\377\000' | mq push -q q
	assert_equal "$(mq pop q --json | jq -r .body_base64)" "/wA="
	printf 'gr\303\274n "x" \001\n' | mq push -q q
	assert_equal "$(mq pop q --json | jq -r .body)" "$(printf 'grün "x" \001')"
}

@test "a torn file is set aside, never delivered" {
	mq push -q q -m torn
	mq push -q q -m good
	f=$(find "$MQ_SPOOL/q/ready" -type f | sort | head -n 1)
	: >"$f"
	assert_equal "$(mq pop q)" good
	assert_counts q dead=1
	run -0 mq dead q
	assert_output --partial torn
}

@test "keep: acknowledged messages stay, by number and by time" {
	mq init q keep=2
	seq 5 | mq push -q q -l
	mq pop -q q -n 9 -l >/dev/null
	assert_counts q done=2
	mq init q keep=1h
	mq push -q q -m x
	mq pop q
	assert_counts q done=3
}

@test "the drop box: files moved in are messages, in order; dot files are left alone" {
	mq init q
	for n in b a c; do
		printf '%s' "$n" >"$MQ_SPOOL/q/tmp/$n"
		mv "$MQ_SPOOL/q/tmp/$n" "$MQ_SPOOL/q/new/$n"
		sleep 0.02 # ctime has the grain of the clock's tick
	done
	echo no >"$MQ_SPOOL/q/new/.part"
	mkfifo "$MQ_SPOOL/q/new/fifo"
	ids=$(mq ls q --ids)
	assert_equal "$(mq stat q --json | jq .ready)" 3
	assert_equal "$(mq peek q)" b
	mq pop q --json >out
	assert_equal "$(jq -r .id out)" "${ids%%$'\n'*}"
	assert_equal "$(jq -r .body out)$(mq pop q)$(mq pop q)" bac
	assert [ -e "$MQ_SPOOL/q/new/.part" ]
	run -1 mq pop q
}

@test "a fan of foreign entries does not stop the queue" {
	mq push -q q -m x
	b=$(echo "$MQ_SPOOL"/q/ready/5*)
	mkfifo "$b/fifo" "$b/20200101T000000.000000Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s0"
	ln -s /etc/passwd "$b/20200101T000000.000001Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e5,s9"
	mkdir "$b/dir" "$MQ_SPOOL/q/ready/junk"
	touch "$b/$(printf 'a\033[31mb')" "$MQ_SPOOL/q/claimed/junk" "$MQ_SPOOL/q/delayed/junk"
	assert_equal "$(mq pop q)" x
	run -1 mq pop q
}

@test "what cannot be meant is refused" {
	mq push -q q -m x
	run -64 mq pop q -l -0
	run -64 mq pop q -l --json
	run -64 mq pop q -n 2
	run -0 mq pop q
}

@test "a reader that has read all and goes has taken it" {
	seq 100 | mq push -q q -l
	for _ in $(seq 100); do mq pop q | head -c 3; echo; done >got
	assert_equal "$(cat got)" "$(seq 100)"
	assert_counts q ""
}

@test "a stdout that others have made non-blocking" {
	head -c 300000 /dev/urandom >body
	mq push -q q body
	python3 - <<-'END'
	import os, subprocess, time
	r, w = os.pipe()
	os.set_blocking(w, False)
	p = subprocess.Popen(["mq", "pop", "q"], stdout=w)
	os.close(w)
	got = b""
	while piece := os.read(r, 50000):
	    got += piece
	    time.sleep(0.01)
	assert p.wait() == 0 and got == open("body", "rb").read()
	END
	assert_counts q ""
}

@test "foreign names do not stand before what is due" {
	mq push -q q -d 1ms -m x
	for i in $(seq 300); do touch "$(echo "$MQ_SPOOL"/q/delayed/*)/0foreign$i"; done
	run -0 mq pop q
	assert_output x
}

@test "a drop box with more files than one look takes: counted, each once, in order" {
	mq init -q q
	python3 - <<-'END'
	import os
	for i in range(9000):
	    open(os.environ["MQ_SPOOL"] + f"/q/new/{9000 - i // 3000}-{i:05}", "w").write(f"{i:05}")
	END
	assert_equal "$(mq stat q --json | jq .ready)" 9000
	mq pop q -n 9999 -l >got
	assert_equal "$(wc -l <got)" 9000
	assert_equal "$(sort -u got | wc -l)" 9000
	# Within a tick of the clock by name, else by time: the three thousands stay apart, but where they meet.
	assert_equal "$(head -n 2000 got | md5sum)" "$(seq -f %05g 0 1999 | md5sum)"
	assert_equal "$(tail -n 2000 got | md5sum)" "$(seq -f %05g 7000 8999 | md5sum)"
}

@test "a program that waits for pop and then reads gets the message" {
	mq push -q q -m x
	mkfifo pipe
	exec 9<>pipe
	mq pop q >&9
	read -r -n 1 got <&9
	exec 9>&-
	[ "$got" = x ]
	run -1 mq pop q
}

@test "a message whose header block is broken is set aside, never delivered" {
	for verb in pop claim; do
		mq push -q q -H 'A: b' -m bad
		f=$(find "$MQ_SPOOL/q/ready" -type f)
		printf 'X' | dd of="$f" bs=1 seek=1 conv=notrunc status=none
		run -1 mq "$verb" q
		assert_output ""
	done
	assert_counts q dead=2
	assert_equal "$(json q .reason | sort -u)" bad-header
}

@test "keep: what was acknowledged longer ago than that goes with a later ack" {
	mq init q keep=1h
	seq 3 | mq push -q q -l
	mq pop q
	f=$(find "$MQ_SPOOL/q/done" -type f)
	mkdir "$MQ_SPOOL/q/done/20200101T000000.000000Z"
	mv "$f" "$MQ_SPOOL/q/done/20200101T000000.000000Z/20200101T000000.000000Z,${f#*Z/*,}"
	mq pop q
	assert_counts q "ready=1 done=1"
	mq pop q
	assert_counts q done=2
}

@test "a renewal that fails once, or is interrupted, is tried again (B8)" {
	need_strace
	head -c 300000 /dev/zero >body
	mq init q lease=6s attempts=1
	for e in EINTR EIO; do
		mq push -q q body
		mkfifo pipe
		# The first is that of the claim.
		strace -f -qq -o trace -e trace=renameat2 -e inject=renameat2:error=$e:when=2 mq pop q >pipe 3>&- & pid=$!
		exec 7<pipe
		until grep -q INJECTED trace 2>/dev/null; do sleep 0.1; done
		# Past the lease that was not renewed, others find nothing to take.
		for i in $(seq 16); do
			sleep 0.5
			run mq pop q
			[ "$status" -eq 1 ] || fail "$e: $status"
		done
		cmp - body <&7
		exec 7<&-
		wait $pid
		rm pipe
	done
	mq fsck q
	assert_counts q ""
}
