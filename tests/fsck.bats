#!/usr/bin/env bats
# fsck.bats: mq fsck: each finding, its repair, and that nothing is lost by it

load helper

# finding ID: reported, and mended by --repair, after which the queue is clean
finding() {
	run -1 mq fsck q
	assert_output --partial " $1 "
	run -0 mq fsck q --repair
	assert_output --partial "(repaired)"
	run -0 mq fsck q
	assert_output ""
}

bucket() {
	echo "$MQ_SPOOL/q/$1"/*
}

@test "a clean queue, an empty spool, an unknown queue" {
	mq push -q q -m x
	run -0 mq fsck
	assert_output ""
	run -66 mq fsck nosuch
}

@test "missing-dir and no-bucket" {
	mq init q
	rm -r "$MQ_SPOOL/q/held"
	finding missing-dir
	rmdir "$MQ_SPOOL"/q/dead/*
	finding no-bucket
}

@test "missing-dir: a queue without its ready/ is found without being named; a directory without states is none" {
	mq push -q q -m x
	mq bury -q q --all
	rm -r "$MQ_SPOOL/q/ready"
	mkdir -p "$MQ_SPOOL/backup/new" "$MQ_SPOOL/.hidden/dead"
	run -1 mq fsck
	assert_output --partial "error missing-dir q/ready: "
	assert_equal "${#lines[@]}" 1
	run -74 mq ls
	assert_output "mq ls: queue q: its directory ready/ is missing; 'mq fsck --repair q' makes it"
	run -0 mq fsck --repair
	assert_output "error missing-dir q/ready: the directory is missing (repaired)"
	run -0 mq fsck
	assert_output ""
	assert_counts q "dead=1"
	rm -r "$MQ_SPOOL/q/ready"
	touch "$MQ_SPOOL/q/ready"
	run -1 mq fsck
	assert_line --partial "foreign-type q/ready: "
	rm -r "$MQ_SPOOL/q/ready" "$MQ_SPOOL/q/tmp"
	run -1 mq fsck
	assert_line --partial "missing-dir q/ready: "
	run -0 mq fsck --repair
	run -0 mq fsck
	assert_output ""
	assert_equal "$(ls "$MQ_SPOOL/backup")" new
}

@test "half-queue: made by somebody who died, not by somebody who is making it" {
	mq init q
	rmdir "$MQ_SPOOL/q/tmp"
	run -0 mq fsck q
	assert_output ""
	touch -d '2 minutes ago' "$MQ_SPOOL/q"
	run -1 mq fsck q
	assert_output --partial "info half-queue q/tmp"
	run -0 mq fsck q --repair
	assert [ -d "$MQ_SPOOL/q/tmp" ]
}

@test "foreign-entry and foreign-type: moved aside with a note, not opened, not followed" {
	mq push -q q -m x
	b=$(echo "$MQ_SPOOL"/q/ready/5*)
	echo precious >"$b/junk"
	finding foreign-entry
	assert_equal "$(find "$MQ_SPOOL/q/lost+found" -name 'junk.*' ! -name '*.note' -exec cat {} +)" precious
	grep -q "ready/" "$MQ_SPOOL"/q/lost+found/junk.*.note
	mkfifo "$b/fifo"
	ln -s /etc/passwd "$MQ_SPOOL/q/new/link"
	mkdir "$MQ_SPOOL/q/ready/dir"
	touch "$b/$(printf '\033[31m')"
	finding foreign-type
	refute_output --partial $'\033'
	assert_equal "$(mq pop q)" x
}

@test "foreign-type: a directory of its own that is none stops neither the rest nor other queues" {
	mq subscribe r q
	mq subscribe t r2
	for dir in waiting turns latest once subscriptions topics replies failures; do
		rm -rf "$MQ_SPOOL/q/$dir"
		ln -s /etc "$MQ_SPOOL/q/$dir"
		mkfifo "$MQ_SPOOL/q/new/fifo"
		run -1 mq fsck
		assert_output --partial "foreign-type q/$dir:"
		assert_output --partial "foreign-type q/new/fifo:"
		finding foreign-type
		[ ! -e "$MQ_SPOOL/q/$dir" ]
		mq fsck -q --repair
		rm -f "$MQ_SPOOL/q/new/fifo"
	done
}

@test "foreign entries among subscriptions and in topics/: told, moved aside, not followed" {
	mq subscribe t q
	for dir in t/subscriptions q/topics; do
		mkdir "$MQ_SPOOL/$dir/d"
		ln -s /etc/passwd "$MQ_SPOOL/$dir/l"
		mkfifo "$MQ_SPOOL/$dir/ff"
		touch "$MQ_SPOOL/$dir/a b"
	done
	run -1 mq fsck
	for dir in t/subscriptions q/topics; do
		for name in d l ff; do assert_line --partial "warning foreign-type $dir/$name: "; done
		assert_line --partial "warning foreign-entry $dir/a b: "
	done
	run -0 mq fsck --repair
	run -0 mq fsck
	assert_output ""
	assert_equal "$(find "$MQ_SPOOL"/*/lost+found ! -name '*.note' -type f -o -type d -name 'd.*' -o -type l -o -type p | wc -l)" 8
	run -0 mq topics
	assert_output "t q"
}

@test "a subscription that is too large or may not be read: told, and the rest is looked at" {
	mq subscribe t a
	mq subscribe t z
	rm -r "$MQ_SPOOL/z"
	head -c 70000 /dev/zero >"$MQ_SPOOL/t/subscriptions/core"
	run -1 mq fsck t
	assert_line --partial "error bad-filter t/subscriptions/core: "
	assert_line --partial "warning lost-subscription t/subscriptions/z: "
	run -1 mq fsck -q t --repair
	mq unsubscribe t core
	run -0 mq fsck t
	need_root
	find "$MQ_SPOOL" -type d -exec chmod 755 {} +
	mq subscribe t gone
	rm -r "$MQ_SPOOL/gone"
	run -1 as_nobody mq fsck t
	assert_line --partial "error unreadable t/subscriptions/a: it may not be read: "
	assert_line --partial "error unreadable t/subscriptions/gone: "
}

@test "torn and bad-header: dead letters, bodies kept" {
	mq push -q q -m whole
	printf more >>"$(find "$MQ_SPOOL/q/ready" -type f)"
	finding torn
	assert_counts q dead=1
	mq rm -q q --all --force
	mq push -q q -H 'A: b' -m x
	f=$(find "$MQ_SPOOL/q/ready" -type f)
	printf 'X' | dd of="$f" bs=1 seek=1 conv=notrunc status=none
	finding bad-header
	assert_counts q dead=1
}

@test "duplicate-id: the later one is moved aside" {
	mq push -q q -m x
	f=$(find "$MQ_SPOOL/q/ready" -type f)
	cp "$f" "$(bucket held)/${f##*/}"
	finding duplicate-id
	assert_counts q ready=1
}

@test "wrong-fields and misplaced" {
	mq push -q q -m x
	h=$(mq claim q)
	assert [ -n "$h" ]
	f=$(find "$MQ_SPOOL/q/claimed" -type f)
	mv "$f" "$(echo "$MQ_SPOOL"/q/ready/5*)/"
	finding wrong-fields
	assert_counts q ready=1
	f=$(find "$MQ_SPOOL/q/ready" -type f)
	mv "$f" "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z" 2>/dev/null || true
	rm -f "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z"
	mq push -q q -m y
	f=$(find "$MQ_SPOOL/q/ready" -type f)
	mkdir "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z"
	mv "$f" "$MQ_SPOOL/q/ready/5.20990101T000000.000000Z/"
	finding misplaced
	assert_equal "$(mq pop q)" y
}

@test "half-bucket, stale-tmp, orphan-record, bad-counters: litter, and only when it is old" {
	mq push -q q -m x
	mkdir "$MQ_SPOOL/q/ready/+5.20990101T000000.000000Z"
	echo litter >"$MQ_SPOOL/q/tmp/mq-0000000000000000"
	run -0 mq fsck q
	touch -d '2 hours ago' "$MQ_SPOOL/q/tmp/mq-0000000000000000"
	finding stale-tmp
	assert [ ! -e "$MQ_SPOOL/q/tmp/mq-0000000000000000" ]
	echo litter >"$MQ_SPOOL/q/.mq-mq-0000000000000000"
	mkdir -p "$MQ_SPOOL/.new-mq-0000000000000000/ready/b"
	echo litter >"$MQ_SPOOL/.new-mq-0000000000000000/queue.conf"
	run -0 mq fsck
	assert_output ""
	touch -d '2 days ago' "$MQ_SPOOL/q/.mq-mq-0000000000000000" "$MQ_SPOOL/.new-mq-0000000000000000"
	run -1 mq fsck
	assert_line --partial 'stale-tmp .new-mq-'
	assert_line --partial 'stale-tmp q/.mq-'
	run -0 mq fsck --repair
	run -0 mq fsck
	assert_output ""
	run -0 ls -A "$MQ_SPOOL"
	assert_output $'.mq\nq'
	echo short >"$MQ_SPOOL/q/counters"
	finding bad-counters
	rm -f "$MQ_SPOOL/q/counters"
	ln -s /etc/passwd "$MQ_SPOOL/q/counters"
	finding bad-counters
}

@test "future-name is told, left alone, and no fault; bad-conf needs a person" {
	mq init q
	f="$(bucket ready)/20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s0,Zx"
	touch "$f"
	run -0 mq fsck q
	assert_output --partial future-name
	run -0 mq fsck q --repair
	assert [ -e "$f" ]
	run -1 mq pop q
	echo 'lease = never' >"$MQ_SPOOL/q/queue.conf"
	run -1 mq fsck q --repair
	assert_output --partial "bad-conf"
	assert_output --partial "queue.conf:1"
}

@test "unreadable: told, not taken for torn" {
	need_root
	mq push -q q -m x
	find "$MQ_SPOOL" -type d -exec chmod 755 {} +
	run -1 as_nobody mq fsck q
	assert_output --partial unreadable
}

@test "--json, --list" {
	mq init q
	touch "$MQ_SPOOL/q/ready/junk"
	mq fsck q --json >out || true
	assert_equal "$(jq -r '.id, .severity, .rule, .repaired' out | tr '\n' ,)" foreign-entry,warning,F2.1,false,
	run -0 mq fsck --list
	assert_equal "${#lines[@]}" "$(grep -c '^	X(' "$BATS_TEST_DIRNAME/../lib/fsck/check.h")"
}

@test "stale-tmp: the file of a writer that lives is none, however old" {
	mq init q
	mkfifo pipe
	mq push -q q <pipe 3>&- &
	exec 5>pipe
	printf 'be' >&5
	until [ -s "$(echo "$MQ_SPOOL"/q/tmp/mq-*)" ]; do sleep 0.01; done
	touch -d '2 hours ago' "$MQ_SPOOL"/q/tmp/mq-*
	run -0 mq fsck q --repair
	assert_output ""
	printf 'gun' >&5
	exec 5>&-
	wait $!
	assert_equal "$(mq pop q)" begun
}

@test "orphan-turn: the message of a turn is gone, and no other waits for it" {
	mq push -q q -k a -m x
	run -0 mq claim q
	rm "$MQ_SPOOL"/q/claimed/*/*
	run -1 mq fsck q
	assert_output --regexp '^info orphan-turn q/turns/[0-9a-f]{16}'
	run -0 mq fsck --repair q
	run -0 mq fsck q
	assert_output ""
}

@test "bad-format: an empty .mq, as after a power failure, is told with its remedy, and mended" {
	mq push -q q -m x
	for text in '' 'mq-sp' '\0\0\0\0\0\0\0\0\0\0\0'; do
		# shellcheck disable=SC2059 # it is a format
		printf "$text" >"$MQ_SPOOL/.mq"
		run -78 mq push q -m y
		assert_output --partial "is empty, as after a power failure: 'mq fsck --repair' writes it anew"
		run -1 mq fsck
		assert_line --partial "error bad-format .mq: it is empty, as after a power failure"
		run -1 mq fsck q
		run -0 mq fsck q --repair
		assert_line --partial "(repaired)"
		assert_equal "$(cat "$MQ_SPOOL/.mq")" "mq-spool 1"
		run -0 mq fsck
		run -0 mq push -q q -m y
	done
	# What somebody wrote is not ours to replace.
	echo something >"$MQ_SPOOL/.mq"
	run -78 mq fsck --repair
	assert_equal "$(cat "$MQ_SPOOL/.mq")" something
}

@test "foreign-link: a queue that is a symbolic link is told, and what to do" {
	mq push -q q -m x
	mv "$MQ_SPOOL/q" big
	ln -s "$PWD/big" "$MQ_SPOOL/q"
	run -1 mq fsck --repair
	assert_line --partial "error foreign-link q: a queue by a symbolic link"
	assert_line --partial "mount --bind"
	run -66 mq fsck q
	run -66 mq pop q
	assert [ -L "$MQ_SPOOL/q" ]
}

@test "old-key: keys whose time is over are counted and named, and are no fault" {
	mq init -q q once=1ms
	mq push -q q --id first -m x
	mq push -q q --id second -m x
	sleep 0.01
	run -0 mq fsck q
	assert_line --regexp "^info old-key q/once/..: 1 key that nobody needs any more, such as =(first|second)"
	run -0 mq fsck --repair q
	assert_line --partial "(repaired)"
	run -0 mq fsck q
	refute_output
	assert_equal "$(find "$MQ_SPOOL/q/once" -name '=*' | wc -l)" 0
}
