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
