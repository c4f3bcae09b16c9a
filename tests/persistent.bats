#!/usr/bin/env bats
# persistent.bats: mq work --persistent: handlers that stay (mq-work(1)).
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# The handlers of the manual: what they do is in the body.
handlers() {
	cat >stay.sh <<-'END'
	echo "start $$" >>starts
	while read -r id head body attempt _; do
		headers=$(head -c "$head")
		text=$(head -c "$body")
		echo "$text" >>seen
		case $text in
		dead*) echo "$id ${text}" ;;
		retry*) echo "$id ${text}" ;;
		crash) echo 'oh no' >&2; kill -9 $$ ;;
		exit*) exit "${text#exit}" ;;
		hang) exec sleep 1000 ;;
		garbage) echo 'what is this?'; exec sleep 1000 ;;
		mute) exec sleep 1000 >/dev/null ;;
		wrong) echo 01a1ff8e-b769-7028-92ac-9a6024cca7b8 ok; exec sleep 1000 ;;
		long) head -c 5000 /dev/zero | tr '\0' x; exec sleep 1000 ;;
		*) echo "$id ok" ;;
		esac
	done
	echo end >>starts
	END
}

# reason QUEUE: of its only message
reason() {
	mq ls "$1" --json | sed -n 's/.*"reason":"\([^"]*\)".*/\1/p'
}

@test "one handler is started, and gets all messages in their order" {
	handlers
	seq 50 | mq push -q -l q
	run -0 mq work q --drain --persistent -- sh stay.sh
	assert_output ''
	seq 50 | diff - seen
	assert_equal "$(grep -c start starts)" 1
	# Its stdin was closed, and it was waited for.
	assert_equal "$(tail -n 1 starts)" end
	run -0 mq ls q
	assert_output ''
}

@test "a handler in Python, headers and bodies of any bytes, exactly" {
	cat >stay.py <<-'END'
	import sys
	for line in sys.stdin.buffer:
	    id, head, body, attempt, most, priority, enqueued, handle, queue, *_ = line.decode().split()
	    headers = sys.stdin.buffer.read(int(head))
	    with open("got." + id, "wb") as f:
	        f.write(sys.stdin.buffer.read(int(body)))
	    with open("meta", "a") as f:
	        print(id, head, body, attempt, most, priority, handle.startswith(id), queue, headers, file=f)
	    print(id, "ok", flush=True)
	END
	mq init -q q attempts=7
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 2)' >bytes
	: >empty
	head -c 1000003 /dev/urandom >large
	for file in bytes empty large; do
		mq push q -p 3 "$file" >>ids
		mq push q -p 3 -H 'A: 1' -H 'B: 2' "$file" >>ids
	done
	mq work q --drain --persistent -- python3 stay.py
	mapfile -t ids <ids
	for i in 0 1; do
		cmp bytes "got.${ids[i]}"
		cmp empty "got.${ids[i + 2]}"
		cmp large "got.${ids[i + 4]}"
	done
	run -0 cat meta
	assert_line -n 0 "${ids[0]} 0 512 1 7 3 True q b''"
	assert_line -n 1 "${ids[1]} 11 512 1 7 3 True q b'A: 1\\nB: 2\\n\\n'"
}

@test "the Python handler of the manual" {
	sed -n '/^import sys$/,/^\.Ed$/p' "$BATS_TEST_DIRNAME/../man/mq-work.1" | sed '$d; s/\\e/\\/g' >page.py
	printf '%s\n' one three | mq push -q -l q
	mq push -q q -H 'A: 1' -m seventeen
	run -0 mq work q --drain --persistent -- python3 page.py
	assert_output $'3\n5\n9'
	run -0 mq ls q
	assert_output ''
}

@test "environment: spool and queue, nothing of a message" {
	mq push -q q -m x -H 'A: 1'
	MQ_ID=old MQ_HEADER_A=old mq work q --drain --persistent -- sh -c 'env | grep ^MQ_ | sort >env; read -r id _ && head -c 6 >/dev/null; echo "$id ok"'
	run -0 grep -v -e ^MQ_BIN -e ^MQ_BUILD -e ^MQ_CONF -e ^MQ_ENGINE_DIR -e ^MQ_SAN env
	assert_output "MQ_QUEUE=q
MQ_SPOOL=$(realpath "$MQ_SPOOL")"
}

@test "retry: after a delay or the back-off; dead: at once, with its reason" {
	handlers
	mq init -q q backoff=1h
	mq push -q q -m 'retry 2h'
	mq push -q q -m 'retry'
	mq push -q q -m 'dead no such customer'
	mq push -q q -m 'dead'
	mq push -q q -m 'fine'
	run -0 mq work q --drain --persistent -- sh stay.sh
	assert_has q delayed 2
	assert_has q dead 2
	assert_has q ready 0
	run -0 mq dead q
	assert_output --partial 'no such customer'
	run -0 mq ls q --json
	assert_output --partial '"reason":"retry"'
	assert_equal "$(grep -c start starts)" 1
	# In two hours, and not in one.
	mq ls q --json | jq -r 'select(.due != null) | (.due[:19] + "Z" | fromdate) - (.enqueued[:19] + "Z" | fromdate) > 5400' | grep true
}

@test "a crash costs one attempt of one message, and another is started" {
	handlers
	mq init -q q backoff=1h
	printf '%s\n' one crash two exit3 three exit65 four exit0 | mq push -q -l q
	run -0 mq work q --drain --persistent -- sh stay.sh
	assert_equal "$(wc -l <seen)" 8
	assert_has q delayed 3
	assert_has q dead 1
	run -0 mq ls q --json
	assert_output --partial '"reason":"signal-9: oh no"'
	assert_output --partial '"reason":"exit-3"'
	assert_output --partial '"reason":"it ended without an answer"'
	assert_output --partial '"reason":"exit-65"'
	assert_equal "$(field q attempts | tr -d '\n ')" 1111
	assert_equal "$(grep -c start starts)" 4
}

@test "stderr belongs to the message at work" {
	mq init -q q backoff=1h
	printf '%s\n' one two | mq push -q -l q
	run -0 --separate-stderr mq work -q q --drain --persistent -- sh -c 'while read -r id _ size _; do
		text=$(head -c "$size"); echo "about $text" >&2; [ $text = two ] && echo "$id retry" || echo "$id ok"; done'
	# shellcheck disable=SC2154 # set by run
	assert_equal "$stderr" $'about one\nabout two'
	run -0 mq ls q --json
	assert_output --partial '"reason":"retry: about two"'
	id=$(mq ls q --ids)
	run cat "$MQ_SPOOL/q/failures/${id: -2}/$id"
	refute_output --partial 'about one'
}

@test "a handler out of step is found out: that attempt failed, and another is started" {
	handlers
	mq init -q q backoff=1h
	for what in garbage wrong mute long; do
		mq push -q q -m "$what"
		mq push -q q -m after
		run -0 mq work q --drain --persistent -- sh stay.sh
		assert_has q delayed 1
		assert_equal "$(field q attempts)" 1
		case $what in
		garbage) [[ $(reason q) == "no answer: 'what is this?'"* ]] ;;
		mute) [[ $(reason q) == 'its standard output is closed'* ]] ;;
		*) [[ $(reason q) == "no answer: '"* ]] ;;
		esac
		mq rm -q q --all --force
	done
	assert_equal "$(grep -c after seen)" 4
}

@test "who answers twice is started again, and costs nothing" {
	seq 3 | mq push -q -l q
	run -0 --separate-stderr mq work q --drain --persistent -- sh -c 'echo start >>starts
		while read -r id _ size _; do head -c $size >/dev/null; printf "%s ok\n%s ok\n" $id $id; done'
	run -0 mq ls q
	assert_output ''
	assert_equal "$(wc -l <starts)" 3
}

@test "--timeout is for each message" {
	handlers
	mq init -q q backoff=1h
	printf '%s\n' one hang two | mq push -q -l q
	run -0 mq work q --drain --persistent --timeout=1s -- sh stay.sh
	assert_has q delayed 1
	assert_equal "$(reason q)" timeout
	assert_equal "$(grep -c start starts)" 2
	# While it waits for the next, no time is counted.
	mq push -q q -m one
	bg work mq work q --persistent --timeout=0.3s -- sh stay.sh
	wait_for has q ready 0
	sleep 0.5
	mq push -q q -m two
	wait_for grep -q two seen
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$(grep -c start starts)" 3
}

@test "-j: so many handlers, each started when it is needed" {
	mq push -q q -m 1
	cat >both.sh <<-'END'
	echo start >>starts
	while read -r id _ size _; do
		n=$(head -c "$size"); touch "in.$n"; echo "$id $n" >>seen
		case $n in 1|2) sh await in.1 in.2 ;; esac
		echo "$id ok"
	done
	END
	bg work mq work q --persistent -j 2 -- sh both.sh
	wait_for test -e in.1
	assert_equal "$(wc -l <starts)" 1
	mq push -q q -m 2
	wait_for has q claimed 0
	seq 3 40 | mq push -q -l q
	wait_for has q ready 0
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(sort -u seen | wc -l)" 40
	assert_equal "$(wc -l <starts)" 2
}

@test "-n and --config" {
	handlers
	mq init -q q handler='exec sh stay.sh' jobs=1
	seq 5 | mq push -q -l q
	run -0 mq work --config --persistent -n 3 q
	assert_has q ready 2
	assert_equal "$(grep -c start starts)" 1
}

@test "126 and 127 of all there is: given back uncounted, the worker ends so" {
	mq init -q q attempts=1
	mq push -q q -m x
	run -127 mq work q --persistent -- ./nowhere
	assert_has q ready 1
	for code in 126 127; do
		run -$code mq work q --persistent -- sh -c "exit $code"
		assert_output --partial "exit status $code"
		assert_has q ready 1
	done
	assert_equal "$(field q attempts)" 0
}

@test "a handler that dies at once again and again: attempts count, and it is started ever more slowly" {
	mq init -q q attempts=4 backoff=0s
	mq push -q q -m x
	run -0 mq work q --drain --persistent -- sh -c 'echo start >>starts; exit 0'
	assert_has q dead 1
	assert_equal "$(wc -l <starts)" 4
	assert_output --partial 'ended 2 times without an answer; the next is started in 100ms'
	assert_output --partial 'ended 4 times without an answer; the next is started in 400ms'
}

@test "a handler may end itself between two messages, and none pays for it" {
	mq init -q q attempts=1
	seq 20 | mq push -q -l q
	run -0 mq work q --drain --persistent -- sh -c 'echo start >>starts; read -r id _ size _; head -c $size >/dev/null; echo "$id ok"'
	run -0 mq ls q
	assert_output ''
	assert_equal "$(wc -l <starts)" 20
}

@test "a handler may end itself also when more than a pipe holds is on its way to it; not when it has begun to read" {
	cat >stay.py <<-'END'
	import os, select, sys
	print("start", file=open("starts", "a"))
	id, head, body, *_ = sys.stdin.buffer.readline().split()
	sys.stdin.buffer.read(int(head) + int(body))
	os.write(1, id + b" ok\n")
	select.select([0], [], [])
	os.read(0, int(sys.argv[1]))
	END
	head -c 300000 /dev/zero >large
	mq init -q q attempts=1
	mq push -q q large large large
	run -0 mq work q --drain --persistent -- python3 stay.py 0
	assert_output ''
	run -0 mq ls q
	assert_output ''
	assert_equal "$(wc -l <starts)" 3
	mq push -q q large large
	run -0 mq work q --drain --persistent -- python3 stay.py 1
	assert_has q dead 1
	assert_equal "$(reason q)" 'it ended without an answer'
}

@test "a handler that closes its stdin and lives on gets no other message" {
	printf 'x\ny\n' | mq push -q -l q
	run -0 mq work q --drain --persistent -- sh -c '[ ! -e first ] || touch second; touch first
		read -r id _ size _; head -c $size >/dev/null; exec <&-; echo "$id ok"; exec sh await second'
	assert_output ''
	run -0 mq ls q
	assert_output ''
}

@test "an answer before the end of the body: taken, and another handler is started" {
	head -c 3000000 /dev/zero >large
	mq push -q q large large
	mq push -q q -m small
	run -0 mq work q --drain --persistent -- sh -c 'echo start >>starts; while read -r id _; do echo "$id dead too large"; cat >/dev/null; done'
	assert_has q dead 3
	[ "$(wc -l <starts)" -ge 2 ]
}

@test "a handler that leaves a small body unread and ends: no message pays for it" {
	mq init -q q backoff=1h
	seq 10 | mq push -q -l q
	run -0 timeout 120 mq work q --drain --persistent -- sh -c 'read -r id _; echo "$id ok"'
	assert_output ''
	run -0 mq ls q
	assert_output ''
}

@test "a body larger than a pipe, to a handler that reads slowly: nothing else waits" {
	head -c 300000 /dev/urandom >large
	mq init -q q lease=1s
	mq push -q q large
	mq push -q q -m small
	bg work mq work q --persistent -j 2 -- sh -c 'while read -r id _ size _; do
		[ $size -lt 100 ] || sh await go; head -c $size >got.$size; echo "$id ok"; done'
	wait_for has q claimed 1
	wait_for test -s got.5
	mq ls q -o deadline --state claimed >first
	wait_for bash -c '! mq ls q -o deadline --state claimed | diff -q - first'
	touch go
	wait_for has q claimed 0
	cmp large got.300000
	kill -TERM "$pid"
	ended "$pid"
}

@test "SIGTERM: the message is finished, stdin closed, and the end waited for" {
	mq push -q q -m x
	mq push -q q -m y
	bg work mq work q --persistent -- sh -c 'read -r id _ size _; head -c $size >/dev/null; touch begun; sh await go; echo "$id ok"
		read -r id && touch another; touch closed'
	wait_for test -e begun
	kill -TERM "$pid"
	wait_for grep -q 'stopping: waiting for 1 handler' work.err
	touch go
	ended "$pid"
	assert_equal "$status" 0
	[ -e closed ] && [ ! -e another ]
	assert_has q ready 1
	assert_has q claimed 0
}

@test "SIGTERM twice: stopped, the message given back uncounted" {
	mq init -q q attempts=1
	mq push -q q -m x
	bg work mq work q --persistent -- sh -c 'touch begun; exec sleep 1000'
	wait_for test -e begun
	kill -TERM "$pid"
	wait_for grep -q 'stopping' work.err
	kill -TERM "$pid"
	ended "$pid"
	assert_equal "$status" 0
	assert_has q ready 1
	assert_equal "$(field q attempts)" 0
}

@test "a handler that ignores the end of its stdin is stopped" {
	mq push -q q -m x
	bg work mq work q --drain --persistent -- sh -c 'echo $$ >pid; read -r id _ size _; head -c $size >/dev/null; echo "$id ok"; exec sleep 1000'
	ended "$pid"
	assert_equal "$status" 0
	run -0 mq ls q
	assert_output ''
	run ! alive "$(cat pid)"
}

@test "kill -9 of the worker: the handlers die, waiting or not; messages come back" {
	mq init -q q backoff=0s
	mq push -q q -m one
	bg work mq work q --persistent -j 2 -- sh -c 'echo $$ >>pids; while read -r id _ size _; do [ $(head -c $size) = one ] && echo "$id ok" || sleep 1000; done'
	wait_for has q ready 0
	wait_for has q claimed 0
	mq push -q q -m two
	mq push -q q -m three
	wait_for has q claimed 2
	wait_for test "$(wc -l <pids)" -ge 1
	kill -KILL "$pid"
	while read -r handler; do
		wait_for not alive "$handler"
	done <pids
	run -0 mq work q --drain=all --persistent -- sh -c 'while read -r id _ attempt _; do head -c $attempt >>again; echo "$id ok"; done'
	run -0 mq ls q
	assert_output ''
}

@test "killed at random, worker and handlers: nothing is lost" {
	mq init -q q backoff=0s attempts=100
	cat >stay.py <<-'END'
	import sys
	for line in sys.stdin.buffer:
	    w = line.decode().split()
	    sys.stdin.buffer.read(int(w[1]))
	    body = sys.stdin.buffer.read(int(w[2])).decode()
	    with open("seen", "a") as f:
	        f.write(body + "\n")
	    sys.stdout.write(w[0] + " ok\n")
	    sys.stdout.flush()
	END
	seq 400 | mq push -q -l q
	for i in 1 2 3 4 5 6; do
		bg work mq work q --persistent -j 2 -- python3 stay.py
		wait_for bash -c "[ \$(cat seen 2>/dev/null | wc -l) -ge $((i * 40)) ]"
		# Half of the time a handler, half of the time the worker.
		victim=$pid
		if [ $((i % 2)) = 0 ]; then
			victim=$(tr ' ' '\n' <"/proc/$pid/task/$pid/children" | sed -n '2p')
		fi
		kill -KILL "${victim:-$pid}"
		kill -KILL "$pid" 2>/dev/null || :
		wait_for not alive "$pid"
	done
	run -0 mq work q --drain=all --persistent -- python3 stay.py
	run -0 mq ls q
	assert_output ''
	assert_equal "$(sort -un seen | wc -l)" 400
}

@test "a handler that waits is not woken, and nor is the worker" {
	handlers
	mq push -q q -m x
	bg work mq work q --persistent -- sh stay.sh
	wait_for grep -qs x seen
	wait_for armed "$pid"
	read -r _ before <<<"$(grep '^voluntary' "/proc/$pid/status")"
	handler=$(sed -n 's/start //p' starts)
	read -r _ hbefore <<<"$(grep '^voluntary' "/proc/$handler/status")"
	sleep 1
	read -r _ after <<<"$(grep '^voluntary' "/proc/$pid/status")"
	read -r _ hafter <<<"$(grep '^voluntary' "/proc/$handler/status")"
	[ $((after - before)) -le 3 ]
	assert_equal "$hafter" "$hbefore"
	kill -TERM "$pid"
	ended "$pid"
}

@test "the title counts messages, not processes" {
	handlers
	seq 3 | mq push -q -l q
	bg work mq work q --persistent -- sh stay.sh
	wait_for title_has "$pid" '0 running, 3 done, 0 failed'
	kill -TERM "$pid"
	ended "$pid"
}

@test "usage: not with --batch" {
	run -64 mq work q --persistent --batch 3 -- true
	assert_output --partial 'one or the other'
}
