#!/usr/bin/env bats
# export.bats: mq export: a queue as a tar archive

load helper

# A queue with a message in each state; the ids of some are in files.
every_state() {
	mq init -q q keep=1d attempts=3 backoff=1h
	mq push q -m ready >ready
	printf 'a\0\377b' | mq push -p 0 -d 1h -x 2h -H 'Kind: odd one' q >delayed
	mq push q -p 1 -m dead >dead
	mq bury q "$(cat dead)" --reason "so it is"
	mq push q -p 1 -m held >held
	mq hold q "$(cat held)"
	mq push q -p 1 -m done
	mq pop q
	mq push q -p 2 -m failed >failed
	mq nack q "$(mq claim q)" --reason "first"
	mq push q -p 2 -m claimed >claimed
	mq claim q >handle
}

@test "any tar reads it: names, bytes, modes, times, headers, the policy, why it failed" {
	every_state
	mq export q >x.tar
	tar tvf x.tar | awk '{ print $1, $2 }' | sort -u >modes
	assert_equal "$(cat modes)" "-rw------- 0/0"
	tar tf x.tar | sed 's,/.*,/,' | tr '\n' ' ' >order
	assert_equal "$(cat order)" "mq-export queue.conf ready/ record/ delayed/ delayed/ claimed/ held/ record/ dead/ done/ "
	mkdir x
	cd x
	tar xf ../x.tar
	assert_equal "$(head -n 2 mq-export)" "$(printf 'mq-export 1\nqueue q')"
	cmp queue.conf "$MQ_SPOOL/q/queue.conf"
	for state in ready delayed claimed held dead "done"; do
		find "$MQ_SPOOL/q/$state" -type f -printf '%f\n' | sort >../want
		ls $state >../have
		cmp ../have ../want
	done
	assert_equal "$(cat ready/*)" ready
	cmp delayed/*"$(cat ../delayed)"* "$(find "$MQ_SPOOL/q/delayed" -name "*$(cat ../delayed)*")"
	grep -q "^Text: so it is" "record/$(cat ../dead)"
	assert_equal "$(date -u -r ready/* +%Y%m%dT%H%M%S)" "$(basename ready/* | cut -c 1-15)"
	python3 -c 'import tarfile; assert len(tarfile.open("../x.tar").getmembers()) == 11'
}

@test "a long name, and a file in new/" {
	mq init -q q
	mq push q -p 9 -x 100d -H 'A: b' -m x
	mq nack q "$(mq claim q)"
	mq retry -q q --all --state delayed --keep-attempts
	mq claim q
	echo dropped >"$MQ_SPOOL/q/new/some file"
	mq export q >x.tar
	tar tf x.tar >names
	assert [ "$(grep claimed names | wc -c)" -gt 109 ]
	assert_equal "$(grep ^claimed names)" "claimed/$(find "$MQ_SPOOL/q/claimed" -type f -printf '%f')"
	grep -q "^ready/.*,$(mq ls q --state ready --ids)," names
	assert_equal "$(tar xOf x.tar --wildcards 'ready/*')" dropped
}

@test "ids and selections" {
	every_state
	exported() { tar t | grep -v -e ^mq-export -e ^queue.conf -e ^record; }
	mq export q "$(cat ready)" "$(cat dead)" >x.tar
	assert_equal "$(exported <x.tar | wc -l)" 2
	cat ready dead held failed | mq export q - | exported >have
	assert_equal "$(wc -l <have)" 4
	mq export q --state dead,held | exported | sort >have
	assert_equal "$(sed 's,/.*,,' have | tr '\n' ' ')" "dead held "
	assert_equal "$(mq export q --match '^done$' | exported | cut -d / -f 1)" "done"
	assert_equal "$(mq export q -n 3 | exported | wc -l)" 3
	assert_equal "$(mq export q --state ready,dead --last | exported | cut -d / -f 1)" dead
	assert_equal "$(mq export q "$(tail -c 9 dead)" | exported | cut -d / -f 1)" dead
	assert_equal "$(mq export q --older 1h | tar t | tr '\n' ' ')" "mq-export queue.conf "
	run -66 bash -c 'mq export q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4 "$(cat ready)" >x.tar'
	assert_output --partial "no message '019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4'"
	assert_equal "$(exported <x.tar | wc -l)" 1
	run -66 bash -c 'mq export q junk >x.tar'
}

@test "no archive for a terminal, no queue, an output that fails" {
	mq push -q q -m x
	run -64 script -qec 'mq export q' /dev/null
	assert_output --partial "terminal"
	run -66 mq export nosuch
	run -64 mq export
	run -74 bash -c 'mq export q >/dev/full'
	run -74 bash -c 'mq export q >&-'
	head -c 1M /dev/zero | mq push -q q
	run -0 --separate-stderr bash -c '{ mq export q; echo $? >status; } | head -c 100 | wc -c'
	assert_equal "$(cat status)" 74
}

@test "what is torn or may not be read is told and left out; the rest is there" {
	mq push -q q -m one
	mq push -q q -m two
	f=$(find "$MQ_SPOOL/q/ready" -type f | sort | head -n 1)
	echo more >>"$f"
	run -65 bash -c 'mq export q >x.tar'
	assert_output --partial "torn"
	assert_equal "$(tar xOf x.tar --wildcards 'ready/*')" two
	if [ "$EUID" -eq 0 ]; then
		chmod -R o+rX "$MQ_SPOOL"
		f=$(find "$MQ_SPOOL/q/ready" -type f | sort | tail -n 1)
		chmod 600 "$f"
		chmod o+r "$(find "$MQ_SPOOL/q/ready" -type f | sort | head -n 1)"
		as_nobody mq export q >x.tar 2>err || status=$?
		assert_equal "$status" 77
	fi
}

@test "a body of more than 8 GiB" {
	mq init -q q
	bucket=$(echo "$MQ_SPOOL"/q/ready/5*)
	size=$(((8 << 30) + 5))
	truncate -s $size "$bucket/${bucket##*/5.},01a1fd8d-186b-7c8b-a836-f4f938e4f30c,s$size" || skip "SKIPPED: no such large files here"
	mq export q 2>err | head -c 100000 >x.tar
	tar tvf x.tar >list 2>err || true
	assert_equal "$(awk '/ready/ { print $3 }' list)" $size
}

@test "while producers and workers go on, what was there all the time is in it" {
	mq init -q q backoff=0s attempts=1000000
	seq 300 | mq push -q -l q
	mq ls q --ids | sort >all
	for _ in 1 2 3; do
		while [ ! -e stop ]; do
			h=$(mq claim q) && mq nack q --no-count "$h"
		done &
	done
	for n in 1 2 3 4 5; do
		mq export q >"$n.tar"
		tar tf "$n.tar" | grep -Eo '[0-9a-f-]{36}' | sort -u >have
		comm -23 all have >missed
		[ ! -s missed ] || break
	done
	touch stop
	wait
	assert_equal "$(cat missed)" ""
}

@test "a still queue is in it once, however lately it was changed" {
	for n in 1 2 3 4 5 6 7 8 9 10; do
		mq push -q q -m "$n"
		mq export q | tar t | grep -c ^ready >have
		assert_equal "$(cat have)" "$n"
	done
}
