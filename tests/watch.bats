#!/usr/bin/env bats
# watch.bats: mq watch tells each event once, as it happens.

load work_helper

setup() {
	common_setup
	mq init -q q backoff=0s
	pid=
}

teardown() {
	common_teardown
}

# watching [ARGUMENT...]: until it is armed
watching() {
	rm -f watch.err	# of the one before
	bg watch mq watch "$@"
	wait_for grep -qx 'mq watch: ready' watch.err
}

# seen EVENT QUEUE ID: the next line is that
next=1
seen() {
	local line
	wait_for line_is_there
	line=$(sed -n "${next}p" watch.out)
	next=$((next + 1))
	assert_equal "${line#* }" "$*"
}

line_is_there() {
	[ "$(wc -l <watch.out)" -ge "$next" ]
}

# and no more than that: a message of another queue is the next thing seen
nothing_else() {
	local id
	id=$(mq push "$1" -m 'the last') || return
	seen pushed "$1" "$id"
}

@test "it ends when its reader is gone, or the queue" {
	mq init -q q
	mkfifo pipe
	mq watch q >pipe 2>ready 3>&- &
	pids+=($!)
	exec 9<pipe
	wait_for grep -q ready ready
	exec 9<&-
	ended "${pids[-1]}"
	bg watch mq watch q
	wait_for grep -q ready watch.err
	rm -r "$MQ_SPOOL/q"
	ended "$pid"
	assert_equal "$status" 66
}

@test "pushed, claimed, acked" {
	watching q
	id=$(mq push q -m x)
	seen pushed q "$id"
	handle=$(mq claim q)
	seen claimed q "$id"
	mq ack q "$handle"
	seen acked q "$id"
	id=$(mq push q -m x)
	seen pushed q "$id"
	run -0 mq pop q
	seen claimed q "$id"
	seen acked q "$id"
	nothing_else q
}

@test "each line begins with the time, in UTC" {
	watching q
	before=$(date -u +%FT%T)
	mq push q -m x
	wait_for line_is_there
	after=$(date -u +%FT%T)
	run -0 head -n 1 watch.out
	assert_output --regexp '^[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z pushed q [0-9a-f-]{36}$'
	time=${output:0:19}
	[[ ! $time < $before && ! $time > $after ]]
}

@test "delayed and due" {
	watching q
	id=$(mq push q -m x -d 0.2s)
	seen delayed q "$id"
	run -0 mq pop q --wait
	seen due q "$id"
	seen claimed q "$id"
	seen acked q "$id"
	nothing_else q
}

@test "extended, released" {
	id=$(mq push q -m x)
	handle=$(mq claim q)
	watching q
	mq extend q "$handle" 2h
	seen extended q "$id"
	mq nack q --no-count "$handle"
	seen released q "$id"
	nothing_else q
}

@test "failed, dead, retried" {
	mq init -q q attempts=2
	id=$(mq push q -m x)
	watching q
	mq nack q "$(mq claim q)"
	seen claimed q "$id"
	seen failed q "$id"
	mq nack q "$(mq claim q)"
	seen claimed q "$id"
	seen dead q "$id"
	mq retry -q q "$id"
	seen retried q "$id"
	mq nack q "$(mq claim q)" --delay 1h
	seen claimed q "$id"
	seen failed q "$id"
	mq retry -q q "$id"
	seen retried q "$id"
	nothing_else q
}

@test "a lapsed lease is a failure" {
	id=$(mq push q -m x)
	watching q
	mq claim q --lease 1ms
	seen claimed q "$id"
	handle=$(mq claim q --wait)
	seen failed q "$id"
	seen claimed q "$id"
	mq ack q "$handle"
	seen acked q "$id"
	nothing_else q
}

@test "what a worker does" {
	mq init -q q attempts=1
	watching q
	good=$(mq push q -m good)
	bad=$(mq push q -m bad)
	seen pushed q "$good"
	seen pushed q "$bad"
	run -0 mq work q --drain -- grep -q good
	seen claimed q "$good"
	# The next one may be started before what became of the last is written down.
	wait_for grep -q " dead q $bad" watch.out
	assert_equal "$(sed -n "$next,$((next + 1))p" watch.out | cut -d ' ' -f 2- | sort)" \
	    "$(printf 'acked q %s\nclaimed q %s' "$good" "$bad")"
	next=$((next + 2))
	seen dead q "$bad"
	nothing_else q
}

@test "held, retried, buried, removed" {
	id=$(mq push q -m x)
	watching q
	mq hold -q q "$id"
	seen held q "$id"
	mq retry -q q "$id"
	seen retried q "$id"
	mq bury -q q "$id"
	seen dead q "$id"
	mq rm -q q "$id"
	seen removed q "$id"
	nothing_else q
}

@test "expired: removed" {
	mq init -q q expired=drop
	id=$(mq push q -m x -x 1ms)
	watching q
	wait_for not mq pop q
	seen removed q "$id"
	nothing_else q
}

@test "acked is told once where messages are kept" {
	mq init -q q keep=1h
	watching q
	id=$(mq push q -m x)
	seen pushed q "$id"
	run -0 mq pop q
	seen claimed q "$id"
	seen acked q "$id"
	nothing_else q
}

@test "moved, between two queues that are watched" {
	mq init -q to
	id=$(mq push q -m x)
	watching q to
	mq mv -q q to "$id"
	seen moved to "$id"
	nothing_else q
}

@test "moved, out of sight and into sight" {
	mq init -q to
	id=$(mq push q -m x)
	watching q
	mq mv -q q to "$id"
	seen moved q "$id"
	mq mv -q to q "$id"
	wait_for line_is_there
	run -0 sed -n "${next}p" watch.out
	assert_output --regexp " (moved|pushed) q $id\$"
	next=$((next + 1))
	nothing_else q
}

@test "the drop box, by rename and by link" {
	watching q
	echo one >one
	mv one "$MQ_SPOOL/q/new/one"
	wait_for line_is_there
	id=$(mq ls q --ids)
	seen pushed q "$id"
	run -0 mq pop q
	seen claimed q "$id"
	seen acked q "$id"
	echo two >two
	ln two "$MQ_SPOOL/q/new/two"
	wait_for line_is_there
	id=$(mq ls q --ids)
	seen pushed q "$id"
	nothing_else q
}

@test "a message linked into ready/ by another program" {
	id=$(mq push q -m x)
	file=$(find "$MQ_SPOOL/q/ready" -type f)
	mv "$file" aside
	mkdir -p "${file%/*}"
	watching q
	ln aside "$file"
	seen pushed q "$id"
	nothing_else q
}

@test "messages in buckets that are new: batches, priorities" {
	watching q
	seq 3 | mq push q -l --atomic >ids
	for id in $(cat ids); do
		seen pushed q "$id"
	done
	for priority in 0 9; do
		id=$(mq push q -p "$priority" -m x)
		seen pushed q "$id"
	done
	nothing_else q
}

@test "thousands of events, beyond a bucket: each once, in order" {
	watching q
	seq 2500 | mq push q -l >ids
	all_seen() {
		[ "$(wc -l <watch.out)" -ge "$1" ]
	}
	wait_for all_seen 2500
	cut -d ' ' -f 2- watch.out >got
	sed 's/^/pushed q /' ids >wanted
	cmp wanted got
	mq pop q -n 2500 -l >bodies
	wait_for all_seen 7500
	tail -n +2501 watch.out | grep -v due | cut -d ' ' -f 2- >got
	sed 's/.*/claimed q &\nacked q &/' ids >wanted
	cmp wanted got
}

@test "too many events at once: it says so, and goes on" {
	limit=$(cat /proc/sys/fs/inotify/max_queued_events)
	[ "$limit" -le 20000 ] || skip "this system holds $limit events"
	watching q
	kill -STOP "$pid"
	python3 - "$limit" "$MQ_SPOOL"/q/ready/* <<-'END'
	import os, sys
	for i in range(int(sys.argv[1])):
	    os.close(os.open(sys.argv[2] + "/not-a-message", os.O_CREAT | os.O_EXCL))
	    os.unlink(sys.argv[2] + "/not-a-message")
	END
	lost=$(mq push q -m x)
	kill -CONT "$pid"
	wait_for grep -q ' overflow - -$' watch.out
	id=$(mq push q -m x)
	wait_for grep -q " pushed q $id\$" watch.out
	# What came after the overflow is told once, too.
	id=$(mq push q -p 0 -m x)
	mq pop -q q >body
	wait_for grep -q " acked q $id\$" watch.out
	assert_equal "$(grep -c "$id" watch.out)" 3
	run grep "$lost" watch.out
	assert_output ''
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
}

@test "all queues without operands, some with them" {
	mq init -q other
	watching
	one=$(mq push q -m x)
	two=$(mq push other -m x)
	seen pushed q "$one"
	seen pushed other "$two"
	kill -TERM "$pid"
	ended "$pid"
	next=1
	watching other
	mq push -q q -m x
	nothing_else other
}

@test "--json: one object a line" {
	watching q --json
	id=$(mq push q -m x)
	mq nack q --dead "$(mq claim q)"
	next=3
	wait_for line_is_there
	python3 - "$id" <<-'END'
	import json, sys
	for line, event, state, attempts in zip(open("watch.out"), ("pushed", "claimed", "dead"),
	        ("ready", "claimed", "dead"), (0, 0, 1)):
	    e = json.loads(line)
	    assert e["event"] == event and e["queue"] == "q" and e["id"] == sys.argv[1], e
	    assert e["state"] == state and e["attempts"] == attempts, e
	    assert e["time"].endswith("Z"), e
	END
}

@test "SIGTERM and SIGINT end it: 0" {
	for signal in TERM INT; do
		watching q
		kill -"$signal" "$pid"
		ended "$pid"
		assert_equal "$status" 0
	done
}

@test "it ends when its reader is gone" {
	mkfifo events
	mq watch q >events 2>err 3>&- &
	pid=$!
	pids+=("$pid")
	exec 4<events
	wait_for grep -q ready err
	mq push -q q -m x
	read -r line <&4
	[[ $line == *" pushed q "* ]]
	exec 4<&-
	mq push -q q -m x
	ended "$pid"
	[ "$status" -eq 141 ]	# SIGPIPE, as ls(1) does
}

@test "-q: no ready line" {
	bg watch mq watch -q q
	wait_for armed "$pid"
	mq push -q q -m x
	wait_for line_is_there
	assert_equal "$(cat watch.err)" ''
}

@test "a watch costs nothing but inotify: the queue is as it was" {
	mq push -q q -m x
	find "$MQ_SPOOL" | sort >before
	watching q
	kill -TERM "$pid"
	ended "$pid"
	find "$MQ_SPOOL" | sort >after
	cmp before after
}

@test "no such queue: 66; usage: 64" {
	run -66 mq watch nosuch
	run -64 mq watch --nosuch q
	run -64 mq watch ../q
}

@test "without operands queues that are made later are watched, too, and what came to them at once is told (F7)" {
	watching
	a=$(mq push q -m a)
	seen pushed q "$a"
	b=$(mq push brand-new -m b)
	seen pushed brand-new "$b"
	mq init -q third
	c=$(mq push third -d 1h -m c)
	seen delayed third "$c"
	mq pop brand-new
	seen claimed brand-new "$b"
	seen acked brand-new "$b"
	# One that is made again under its name, and one that is moved in with what is in it.
	rm -r "$MQ_SPOOL/brand-new"
	b=$(mq push brand-new -m again)
	seen pushed brand-new "$b"
	d=$(mq -s other push fourth -m d)
	mv other/fourth "$MQ_SPOOL/"
	seen pushed fourth "$d"
	nothing_else fourth
	# When all are gone it waits for the next.
	rm -r "${MQ_SPOOL:?}/"*
	e=$(mq push fifth -m e)
	wait_for grep -q " pushed fifth $e" watch.out
	alive "$pid"
}

@test "without operands it waits in a spool without queues, until that is gone (F7)" {
	rm -r "$MQ_SPOOL/q"
	watching
	a=$(mq push q -m a)
	seen pushed q "$a"
	rm -r "$MQ_SPOOL"
	ended "$pid"
	assert_equal "$status" 66
}

@test "a bucket, or a queue, that may not be watched is passed over and told of (A2)" {
	command -v strace >/dev/null || skip "SKIPPED: no strace here"
	bucket=$MQ_SPOOL/q/ready/+5.20200101T000000.000000Z
	mkdir "$bucket"
	mq init -q broken
	echo junk >"$MQ_SPOOL/broken/queue.conf"
	for queue in q ""; do
		rm -f watch.err
		next=1 trouble=$([ -n "$queue" ] && echo '+5.20200101T000000.000000Z: Permission denied' || echo broken/queue.conf)
		bg watch strace -f -qq -o trace -P "$bucket" -e trace=inotify_add_watch \
		    -e inject=inotify_add_watch:error=EACCES mq watch $queue
		wait_for grep -qx 'mq watch: ready' watch.err
		wait_for grep -q "$trouble" watch.err
		a=$(mq push q -m a)
		seen pushed q "$a"
		mq rm -q q "$a"
		kill "$pid"
	done
}
