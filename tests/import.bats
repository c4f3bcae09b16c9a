#!/usr/bin/env bats
# import.bats: mq import: what export wrote becomes messages again

load helper

# NAME of a message with id number N and SIZE
name() {
	printf '20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-%012x,s%d%s' "$1" "$2" "${3:-}"
}

# An archive in x.tar by another program: NAME=TEXT...
archive() {
	cat >archive.py <<-'END'
	import io, sys, tarfile
	t = tarfile.open("x.tar", "w")
	for word in ["mq-export=mq-export 1\nqueue q\n"] + sys.argv[1:]:
	    name, text = word.split("=", 1)
	    m = tarfile.TarInfo(name)
	    m.size = len(text)
	    t.addfile(m, io.BytesIO(text.encode()))
	t.close()
	END
	python3 archive.py "$@"
}

@test "ids, states, attempts, reasons, headers and bytes come along; a second time adds nothing" {
	mq init -q q keep=1d attempts=7 backoff=1h
	mq push -q q -m ready
	printf 'a\0\377b' | mq push -q -p 0 -d 1h -x 2h -H 'Kind: odd one' q
	mq push q -p 1 -m dead >dead
	mq bury q "$(cat dead)" --reason "so it is"
	mq push q -p 1 -m held >held
	mq hold q "$(cat held)"
	mq push -q q -p 1 -m done
	mq pop q
	mq push -q q -p 2 -m failed
	mq nack q "$(mq claim q)" --reason "first"
	: >"$MQ_SPOOL/q/new/empty"
	list() { json "$1" '[.id, .state, .priority, .attempts, .deliveries, .size, .enqueued, .due, .expires, .reason, .headers] | tostring' | sort; }
	mq export q >q.tar
	run -0 --separate-stderr mq import r <q.tar
	assert_equal "$output|$stderr" "|mq import: imported 7 messages, 0 there already"
	list q >want
	list r >have
	cmp want have
	assert_counts r "ready=2 delayed=2 held=1 dead=1 done=1"
	cmp <(mq peek q "$(mq ls q --ids --match a)") <(mq peek r "$(mq ls q --ids --match a)")
	cmp <(mq dead q) <(mq dead r)
	assert_equal "$(mq config r | sed -n 's/^attempts = //p')" 7
	run -0 mq import r <q.tar
	assert_output --partial "imported 0 messages, 7 there already"
	list r >have
	cmp want have
	run -0 mq fsck
	mq export r >r.tar
	run -0 mq import q <r.tar
	assert_output --partial "imported 0 messages, 7 there already"
}

@test "claimed ones arrive as ready, in their place; what is kept counts as there" {
	mq init -q q
	mq push -q q -m one
	mq nack q "$(mq claim q)" --delay 0s
	mq push -q q -m two
	mq claim q >handle
	mq export q | mq import -q r
	assert_counts r "ready=2"
	assert_equal "$(mq ls r -o attempts,deliveries --ids -n 1)" "$(mq ls q --state claimed --ids)"
	assert_equal "$(json r .attempts | tr '\n' ' ')" "1 0 "
	mq init -q r keep=1d
	assert_equal "$(mq pop r)" one
	mq export q | mq import -q r
	assert_counts r "ready=1 done=1"
	# What is removed is not there, and comes again.  (A queue set to keep nothing forgets what it kept.)
	mq rm -q r "$(mq ls r --state ready --ids)"
	mq export q | mq import -q r
	assert_counts r "ready=1 done=1"
	run -0 mq fsck r
}

@test "the archive does not choose what runs here" {
	mq init -q q handler='touch pwned' jobs=3
	mq push -q q -m x
	mq export q >archive
	run -0 mq import copy <archive
	assert_output --partial "handler=touch pwned was not taken"
	assert_equal "$(mq config copy --json | jq -r .jobs)" 3
	run -78 mq work --config copy --drain
	[ ! -e pwned ]
	# Nothing behind the "=": a key is taken out again.
	mq init -q q handler=
	run ! grep -q handler "$MQ_SPOOL/q/queue.conf"
	grep -q '^jobs' "$MQ_SPOOL/q/queue.conf"
}

@test "the policy is for a queue that import makes; an empty queue comes, too" {
	mq init -q q attempts=9
	mq export q | mq import -q r
	assert_equal "$(mq config r | sed -n 's/^attempts = //p')" 9
	mq init -q t attempts=2
	mq export q | mq import -q t
	assert_equal "$(mq config t | sed -n 's/^attempts = //p')" 2
	archive 'queue.conf=leese = 1m' "ready/$(name 1 1)=x"
	run -78 mq import u <x.tar
	assert_output --partial "queue.conf:1"
	assert [ ! -e "$MQ_SPOOL/u" ]
	run -0 mq import t <x.tar
	printf '[defaults]\nautocreate = no\n' >no.conf
	mq export q >q.tar
	run -66 mq import u <q.tar
	assert_output --partial "autocreate"
}

@test "unpacked, edited and packed again by tar, in any order and format" {
	mq init -q q attempts=9
	seq 20 | mq push -q -l q
	mq push -q q -p 9 -x 100d -H 'A: b' -m long
	mq bury q "$(mq ls q --ids | tail -n 1)" --reason why
	mq export q >q.tar
	mkdir x
	tar xf q.tar -C x
	for format in gnu posix oldgnu; do
		(cd x && tar c --format=$format -- *) | mq import -q "$format"
		assert_counts $format "ready=20 dead=1"
		cmp <(mq dead q --ids) <(mq dead $format --ids)
		assert_equal "$(json $format 'select(.state == "dead") | .reason')" why
		assert_equal "$(mq config $format | sed -n 's/^attempts = //p')" 9
	done
	tar c -C x . | mq import -q dot
	assert_counts dot "ready=20 dead=1"
	(cd x && rm ready/*[02468]Z,* && tar c ready mq-export) | mq import -q r
	assert_counts r "ready=$(find x/ready -type f | wc -l)"
	cat q.tar q.tar | mq import -q twice
	assert_counts twice "ready=20 dead=1"
	run -0 mq fsck
}

@test "the limits of the queue are for pushes, min_free is not" {
	seq 5 | mq push -q -l q
	mq init -q r max_messages=2 max_size=0 paused=push
	mq export q >q.tar
	run -0 mq import r <q.tar
	assert_counts r "ready=5"
	mq init -q t min_free=1000000G
	run -75 mq import t <q.tar
	assert_output --partial "min_free"
	assert_counts t ""
}

@test "a stream that breaks off: what is whole comes in, the next run brings the rest" {
	mq init -q q
	for n in 1 2 3 4; do head -c 1000 /dev/urandom | mq push -q q; done
	mq export q >q.tar
	size=$(stat -c %s q.tar)
	for ((n = 0; n < size; n += 613)); do
		run -65 bash -c "head -c $n q.tar | mq import r$n"
		assert_output --partial "byte $n of the stream"
		[ ! -e "$MQ_SPOOL/r$n" ] || [ -z "$(find "$MQ_SPOOL/r$n/tmp" -type f)" ]
	done
	cp -r "$MQ_SPOOL/r3065" "$MQ_SPOOL/again"
	assert [ "$(count again ready)" -gt 0 ]
	run -0 mq import again <q.tar
	cmp <(mq ls q --ids) <(mq ls again --ids)
	run -0 mq fsck
}

@test "what is no export, and what is none any more" {
	run -65 mq import q </dev/null
	assert_output --partial "did the export fail"
	echo junk >junk
	run -65 mq import q <junk
	run -65 bash -c 'head -c 2000 /dev/urandom | mq import q'
	assert_output --partial "byte 0"
	head -c 2000 /dev/urandom | gzip >x.tar.gz
	run -65 mq import q <x.tar.gz
	assert_output --partial "compressed"
	run -65 bash -c 'tar c "$BATS_TEST_FILENAME" | mq import q'
	assert_output --partial "no export"
	run -65 bash -c 'tar c --files-from=/dev/null | mq import q'
	assert [ ! -e "$MQ_SPOOL/q" ]
	run -64 script -qec 'mq import q' /dev/null
	assert_output --partial "stdin"
	run -64 mq import ../q </dev/null
	run -64 mq import q r </dev/null
	run -74 bash -c 'mq import q <&-'
	run -74 bash -c 'mq import q <.'
}

@test "what mq does not know is refused with its place, the rest comes in" {
	good="ready/$(name 1 4)=good"
	archive "ready/../../x=x" "ready/junk=x" "nosuch/$(name 2 1)=x" "ready/$(name 2 5)=x" \
	    "ready/$(name 2 1 ,Z1)=x" "ready/$(name 2 1 ,h9)=x" "ready/$(name 2 9 ,h9)=no header" "record/junk=x" "record/../../x=x" \
	    "dead/20261121T031601.123456Z,ffffffff-ffff-7fff-bfff-ffffffffffff,s1=x" "ready/$(printf 'x%.0s' {1..2000})=x" "$good"
	run -65 mq import q <x.tar
	assert_line --index 0 "mq import: byte 1024 of the stream: ready/../../x: not the name of a message"
	assert_equal "${#lines[@]}" 12
	assert_line --index 11 --partial "imported 1 message, 0 there already, 11 refused"
	assert_equal "$(mq pop q)" good
	run -0 mq fsck
	assert [ ! -e "$MQ_SPOOL/x" -a ! -e x ]
	archive 'mq-export=mq-export 2' "$good"
	run -65 mq import r <x.tar
	assert_output --partial "newer"
}

@test "links, devices, sparse files and terminal controls in names" {
	mkdir x x/ready
	printf 'mq-export 1\n' >x/mq-export
	echo -n good >"x/ready/$(name 1 4)"
	ln -s /etc/passwd "x/ready/$(name 2 4)"
	ln "x/ready/$(name 1 4)" "x/ready/$(name 3 4)"
	mkfifo "x/ready/$(name 4 4)"
	tar c -C x mq-export "ready/$(name 1 4)" "ready/$(name 2 4)" "ready/$(name 3 4)" "ready/$(name 4 4)" >x.tar
	run -65 mq import q <x.tar
	assert_output --partial "3 refused"
	assert_equal "$(mq pop q)" good
	touch x/$'a\033[31mb'
	run -65 bash -c 'tar c -C x mq-export . | mq import q'
	refute_output --partial $'\033'
	truncate -s 1M "x/ready/$(name 5 1048576)"
	run -65 bash -c 'tar cS -C x mq-export ready | mq import q'
	assert_output --partial "sparse"
	run -65 bash -c 'tar cS --format=pax -C x mq-export ready | mq import q'
	run -0 mq fsck
}

@test "--dry-run makes nothing; -q says nothing; stopped, it is as if it broke off" {
	seq 5 | mq push -q -l q
	mq export q >q.tar
	run -0 mq import --dry-run r <q.tar
	assert_output "mq import: would have imported 5 messages, 0 there already"
	assert [ ! -e "$MQ_SPOOL/r" ]
	run -0 mq import --dry-run q <q.tar
	assert_output --partial "imported 0 messages, 5 there already"
	run -0 mq import -q r <q.tar
	assert_output ""
	mkfifo pipe
	mq import slow <pipe 2>err &
	pid=$!
	exec 9>pipe
	head -c 6000 q.tar >&9
	for ((i = 0; i < 200; i++)); do
		[ ! -d "$MQ_SPOOL/slow/ready" ] || [ "$(count slow ready)" -eq 0 ] || break
		sleep 0.05
	done
	# While the sender pauses, what is whole is there; and nobody else may import.
	assert [ "$(count slow ready)" -gt 0 ]
	run -75 mq import slow <q.tar
	assert_output --partial "another import"
	kill -TERM $pid
	exec 9>&-
	wait $pid || true
	run -0 mq import slow <q.tar
	cmp <(mq ls q --ids) <(mq ls slow --ids)
}

@test "an archive chooses neither what runs here, nor who may write, nor where dead letters and the log go" {
	archive $'queue.conf=attempts = 1\nmode = 0666\ngroup = nogroup\ndead_queue = elsewhere\nlog = syslog\nhandler = touch ran\naccept = touch ran\n' \
	    "ready/$(name 1 1)=x"
	umask 077
	run -0 --separate-stderr mq import q <x.tar
	for what in mode=0666 group=nogroup dead_queue=elsewhere log=syslog "handler=touch ran" "accept=touch ran"; do
		assert_regex "$stderr" "the archive's $what was not taken: 'mq init q' sets it"
	done
	run -0 mq config q
	for line in "attempts = 1" "mode = 0600" "group = none" "dead_queue = none" "log = no" "handler = none" "accept = none"; do
		assert_line "$line"
	done
	assert_equal "$(find "$MQ_SPOOL/q" -perm /077)" ""
	# What is there keeps its own.
	mq init -q r mode=0660 dead_queue=own
	run -0 --separate-stderr mq import r <x.tar
	refute_regex "$stderr" "not taken"
	run -0 mq config r
	assert_line "dead_queue = own"
}
