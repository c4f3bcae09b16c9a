#!/usr/bin/env bats
# hostile.bats: every kind of foreign entry in every directory of a queue: not followed, no hang, the rest
# flows, fsck names each, nothing raw on a terminal

load helper
load inject_helper

# Names: control characters, an escape sequence, what shells and tools trip over, almost a message, bytes that are no UTF-8.
names() {
	printf '%s\0' $'new\nline' $'\033[31mred' '-rf' '--' ' ' '*' "a'b\"c" '~' \
	    '20261121T031601.123456Z' '20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4' \
	    '20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s-1' \
	    '20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s99999999999999999999' \
	    '20261121T031601.123456Z,019AA3C4-7D52-7A1B-9C40-5F7E01C2D3E4,s1' \
	    '20261321T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s1' \
	    '20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s1,' \
	    $'\377\376' "$(printf 'x%.0s' {1..255})"
}

# plant DIRECTORY: one of each type under names of messages, and files under each odd name
plant() {
	local d=$1 n=0 name
	local stem=20260101T000000.000000Z,019aa3c4-7d52-7a1b-9c40-00000000
	mkfifo "$d/${stem}0001,s0"
	ln -s /dev/zero "$d/${stem}0002,s0"
	ln -s loop "$d/loop"
	ln -s "$PWD/outside" "$d/${stem}0003,s7"
	mkdir "$d/${stem}0004,s0"
	echo in >"$d/${stem}0004,s0/file"
	python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' "$d/sock" 2>/dev/null || true
	mknod "$d/${stem}0005,s0" c 1 5 2>/dev/null || true
	while IFS= read -r -d '' name; do
		echo foreign >"$d/$name"
		n=$((n + 1))
	done < <(names)
	[ "$n" -gt 15 ]
}

dirs() {
	local state
	for state in ready delayed claimed held dead done; do
		echo "$MQ_SPOOL/q/$state" "$MQ_SPOOL/q/$state"/*
	done | tr ' ' '\n'
	echo "$MQ_SPOOL/q/tmp"
	echo "$MQ_SPOOL/topic/subscriptions"
	find "$MQ_SPOOL/q/waiting" "$MQ_SPOOL/q/turns" "$MQ_SPOOL/q/once" "$MQ_SPOOL/q/replies" "$MQ_SPOOL/q/topics" -maxdepth 2 -type d \
	    ! -path '*/turns/*'
}

# fill: a message of each kind, so that all directories are there
fill() {
	local n handle
	mq init q backoff=0s
	mq push -q q -k key -m key1
	mq push -q q -k key -m key2
	handle=$(mq claim q)
	mq claim q >/dev/null || true
	mq nack -q q --no-count "$handle"
	mq push -q q --id once -m once
	mq request q --timeout 10ms -m request || true
	mq subscribe topic q
	for n in waiting turns once replies topics; do [ -d "$MQ_SPOOL/q/$n" ] || return; done
}

@test "foreign entries in every directory: the queue flows, all verbs end, nothing outside is touched" {
	echo outside >outside
	fill
	mq push -q q -m first
	mq push -q q -d 1ms -m second
	ndirs=0
	for d in $(dirs); do
		plant "$d"
		ndirs=$((ndirs + 1))
	done
	# By type only: any name is a message there.
	mkfifo "$MQ_SPOOL/q/new/fifo"
	ln -s "$PWD/outside" "$MQ_SPOOL/q/new/link"
	mkdir "$MQ_SPOOL/q/new/dir"
	mq push -q q -m third
	for verb in "ls q" "ls q --json" "stat q" "peek q" "dead q" "wait q --ready" "topics" "fsck q" "fsck topic"; do
		timeout 120 mq $verb >out 2>&1 </dev/null || [ $? -eq 1 ]
		if LC_ALL=C grep -q $'[\001-\010\013-\037]' out; then echo "raw bytes: mq $verb"; return 1; fi
	done
	while timeout 120 mq pop q -n 9 -l; do :; done >popped
	assert_equal "$(sort popped | tr '\n' ' ')" "first key1 key2 once second third "
	h=$(mq push -q q -m fourth && timeout 120 mq claim q)
	timeout 120 mq extend q "$h" 1h
	timeout 120 mq nack q "$h"
	timeout 120 mq work q --drain -- cat >out
	assert_equal "$(cat out)" fourth
	timeout 120 mq push q -m fifth >id
	timeout 120 mq hold q "$(cat id)"
	timeout 120 mq retry q --all --state held
	timeout 120 mq rm q "$(cat id)"
	assert_equal "$(cat outside)" outside
	proved "$(find "$MQ_SPOOL/q/tmp" -mindepth 1 -maxdepth 1 | wc -l) foreign entries in each of $ndirs directories, 20 commands: 0 followed, hanging, lost or raw on a terminal"
}

@test "fsck names each foreign entry, sets each aside with its bytes, and then finds nothing" {
	echo outside >outside
	fill
	for d in $(dirs); do [ "$d" = "$MQ_SPOOL/q/tmp" ] || plant "$d"; done
	planted=$(find "$MQ_SPOOL/q" "$MQ_SPOOL/topic" -name '*' \( -type p -o -type l -o -type s -o -type c -o -name '*' -type f \) ! -path '*/file' \
	    ! -name counters | wc -l)
	run mq fsck q topic
	assert_equal "$status" 1
	[ "$(grep -c -e foreign-entry -e foreign-type <<<"$output")" -ge "$planted" ]
	refute_output --partial $'\033'
	mq fsck q topic --repair >/dev/null || true
	run -0 mq fsck q topic
	assert_output ""
	while timeout 120 mq pop q -n 9 -l; do :; done >popped
	assert_equal "$(sort popped | tr '\n' ' ')" "key1 key2 once "
	assert_equal "$(cat outside)" outside
	[ "$(find "$MQ_SPOOL/q/lost+found" -type f -size 8c -exec grep -lx foreign {} + | wc -l)" -ge 100 ]
}

@test "headers that are endless, huge or cut, and a file of a future format" {
	mq push -q q -m good
	b=$(echo "$MQ_SPOOL"/q/ready/5*)
	id=019aa3c4-7d52-7a1b-9c40-0000000000
	head -c 100000 /dev/zero | tr '\0' A >"$b/20260101T000000.000000Z,${id}01,s100000,h65536"
	printf 'A: b\n' >"$b/20260101T000000.000000Z,${id}02,s5,h5"
	truncate -s 1T "$b/20260101T000000.000000Z,${id}03,s1099511627776,h65536" || skip "SKIPPED: no sparse file of 1 TB here"
	printf 'A: b\n\nx' >"$b/20260101T000000.000000Z,${id}04,s7,h99999"
	echo future >"$b/20260101T000000.000000Z,${id}05,s7,Zx"
	run -0 timeout 120 mq pop q
	assert_output good
	assert_counts q "dead=3 ready=2"
	run mq ls q --json
	rm "$b/20260101T000000.000000Z,${id}05,s7,Zx"
}

@test "a record, counters or lock that is another's file by a second name, or a FIFO, is not written to" {
	umask 022
	mq init -q q attempts=1000 backoff=0s mode=0666 single=yes
	mq push q -m x >id
	shard=$(cut -c 35-36 id)
	mkdir -m 777 "$MQ_SPOOL/q/failures/$shard"
	echo precious >precious
	ln precious "$MQ_SPOOL/q/failures/$shard/$(cat id)"
	ln precious "$MQ_SPOOL/q/active"
	rm -f "$MQ_SPOOL/q/counters"
	: >empty
	ln empty "$MQ_SPOOL/q/counters"
	mq work q -n 1 -- false || true
	rm -f "$MQ_SPOOL/q/active"
	mq nack -q q "$(mq claim q)" --reason hostile
	assert_equal "$(cat precious)" precious
	assert_equal "$(stat -c '%a %s' precious empty | tr '\n' ' ')" "644 9 644 0 "
	rm "$MQ_SPOOL/q/failures/$shard/$(cat id)"
	mkfifo "$MQ_SPOOL/q/failures/$shard/$(cat id)"
	timeout 20 cat "$MQ_SPOOL/q/failures/$shard/$(cat id)" >leaked 3>&- &
	sleep 0.1
	mq nack -q q "$(mq claim q)" --reason hostile
	exec 9<>"$MQ_SPOOL/q/failures/$shard/$(cat id)" && exec 9>&-
	wait $!
	assert_equal "$(cat leaked)" ""
	run mq fsck q
	assert_line --partial "bad-counters q/counters"
}

@test "a message whose file changes or goes between its claim and its handler ends no worker" {
	need_inject
	mq init -q q
	mq push -q q -m one
	mq push -q q -m two
	cp -a "$MQ_SPOOL" start
	for deed in grows shrinks is_removed is_moved; do
		rm -rf "$MQ_SPOOL"
		cp -a start "$MQ_SPOOL"
		at_call "openat [^ ]*q/claimed/.*," mq work --drain q -- cat
		file=$(find "$MQ_SPOOL/q/claimed" -type f)
		case $deed in
		grows)		printf more >>"$file" ;;
		shrinks)	truncate -s 1 "$file" ;;
		is_removed)	rm "$file" ;;
		is_moved)	mq hold -q --force q --all --state=claimed ;;
		esac
		kill -CONT $!
		wait $! || fail "$deed: the worker ended with $?: $(<err)"
		assert_equal "$deed: $(<out)" "$deed: two"
		case $deed in
		grows | shrinks)
			assert_counts q dead=1
			run -0 mq show q "$(mq dead q --ids)"
			assert_output --partial torn ;;
		is_removed)	assert_counts q ready=0 ;;
		is_moved)	assert_counts q held=1 ;;
		esac
	done
}
