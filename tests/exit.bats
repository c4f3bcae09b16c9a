#!/usr/bin/env bats
# exit.bats: the table of exit statuses, a line each (design: commands)

load helper

@test "a policy that cannot be read keeps nobody from looking" {
	mq push -q q -m x
	echo 'lease = never' >"$MQ_SPOOL/q/queue.conf"
	for verb in ls stat peek; do
		run -0 mq "$verb" q
		assert_output --partial "lease"
	done
	run -78 mq pop q
	rm "$MQ_SPOOL/q/queue.conf"
	run -0 env MQ_CONF=/dev/null mq push q -m y
}

@test "0 done, 1 nothing there, silently" {
	run -0 mq init q
	for cmd in 'pop q' 'claim q' 'peek q' 'retry q --all' 'hold q --all' 'bury q --all' \
	    'pop q --wait=0.01s' 'wait q --ready --timeout 0.01s'; do
		# shellcheck disable=SC2086 # words
		run -1 mq $cmd
		assert_output ""
	done
	for cmd in 'ls q' 'dead q' 'stat q' 'fsck q' 'wait q --empty' 'work q --drain -- false'; do
		# shellcheck disable=SC2086
		run -0 mq $cmd
	done
}

@test "64 usage" {
	mq init q
	for cmd in pop 'pop q r' 'pop q -n 2' 'push' 'ack q' 'mv q' 'wait q' 'wait q --empty --ready' \
	    'work q' 'rm q' 'rm q --all' 'extend q' 'watch --nosuch' 'help nosuch' 'peek q x y'; do
		# shellcheck disable=SC2086
		run -64 mq $cmd
		assert [ -n "$output" ]
	done
	run -64 mq -s '' ls
}

@test "66 no such queue or message, 65 no handle" {
	mq init q
	for cmd in 'pop r' 'claim r' 'ack r x' 'work r -- true' 'peek r' 'ls r' 'stat r' 'dead r' 'retry r --all' \
	    'rm r x' 'mv r q x' 'watch r' 'wait r --empty' 'config r' 'pause r' 'resume r' 'fsck r' \
	    'peek q nonsense' 'retry q nonsense' 'rm q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4' 'push q nofile'; do
		# shellcheck disable=SC2086
		run -66 mq $cmd
		assert [ -n "$output" ]
	done
	run -65 mq ack q nonsense
	run -65 mq nack q nonsense
	run -65 mq extend q nonsense
}

@test "a reader that has seen enough: what only prints ends like ls(1), without a word" {
	local cmd
	seq 3000 | mq push -q q -l
	mq init -q d attempts=1 keep=9
	seq 3000 | mq push -q d -l
	mq bury -q d --all
	id=$(mq ls q --ids -n 1)
	for cmd in "ls q" "ls q --json" "ls q --sort size" "dead d" "dead d -o reason" "stat q" "stat --json" "stat --prometheus" \
	    "show q $id" "peek q -n 3000" "peek q -i -n 3000" "export q" help "help push" "push --help" "help --completion bash" \
	    version "config q" "ls" "top -b -n 2 --delay 0.1"; do
		# The pipe is closed before the first byte, and in the middle.
		# shellcheck disable=SC2086 # words
		{ sleep 0.1; exec env --default-signal=PIPE mq $cmd 2>err.1; } | true
		# shellcheck disable=SC2086
		env --default-signal=PIPE bash -c 'mq "$@" 2>err.2 | head -c 1 >/dev/null; exit "${PIPESTATUS[0]}"' - $cmd && code=0 || code=$?
		[ "$code" -eq 0 ] || [ "$code" -eq 141 ] || [ "$cmd $code" = "export q 74" ] || fail "$cmd: $code"
		assert_equal "$cmd: $(cat err.1 err.2)" "$cmd: "
	done
}

@test "a reader that has seen enough: watch ends like ls(1), also when nothing more happens" {
	mq push -q q -m x
	mkfifo pipe
	env --default-signal=PIPE bash -c 'mq watch q 2>err >pipe; echo "$?" >code' &
	exec 4<pipe
	until grep -q . err; do sleep 0.01; done
	cp err ready
	exec 4<&-
	wait
	assert_equal "$(cat code)" 141
	diff ready err
}

@test "a reader that is gone: whoever started us with SIGPIPE ignored is told, 74" {
	seq 3000 | mq push -q q -l
	run -74 bash -c 'trap "" PIPE; { sleep 0.1; exec mq ls q; } 2>err | true; exit "${PIPESTATUS[0]}"'
	assert_equal "$(cat err)" "mq ls: queue q: stdout: Broken pipe"
}

@test "signals that whoever started us had blocked end what waits" {
	mq init -q q
	for verb in "pop -w" "claim --wait" "wait --ready" watch "request -m x"; do
		# shellcheck disable=SC2086 # options
		python3 -c 'import os, signal, sys
signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGTERM, signal.SIGALRM})
os.execvp("mq", ["mq"] + sys.argv[1:])' $verb q >out 2>err 3>&- &
		pid=$!
		until find "/proc/$pid/fd" -lname '*inotify*' 2>/dev/null | grep -q .; do kill -0 "$pid" || fail "$verb: $(<err)"; sleep 0.02; done
		kill -TERM "$pid"
		for ((i = 0; i < 500; i++)); do kill -0 "$pid" 2>/dev/null || break; sleep 0.02; done
		[ "$i" -lt 500 ] || { kill -KILL "$pid"; fail "$verb is deaf to SIGTERM"; }
		status=0
		wait "$pid" || status=$?
		# Ending is what a watch is told by a signal.
		assert_equal "$verb $status" "$verb $([ "$verb" = watch ] && echo 0 || echo 143)"
	done
}

@test "a file system that cannot sync directories is told as that" {
	[ -z "$MQ_SAN" ] || skip "looked at in the build without sanitizers"
	strace -qq -o /dev/null true || skip "SKIPPED: strace cannot trace here"
	run strace -qq -o /dev/null -e trace=fsync -e inject=fsync:error=EINVAL mq init q
	assert_equal "$status" 74
	assert_output --partial "no spool can be on this file system"
}
