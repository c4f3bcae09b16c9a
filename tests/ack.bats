#!/usr/bin/env bats
# ack.bats: mq ack

load helper

@test "what lies in done/ and is no message does not trouble an ack" {
	mq init q keep=1
	mq push -q q -m a
	mq pop q
	d=$(find "$MQ_SPOOL/q/done" -type f)
	mkdir "${d/,s1/,s2}"
	seq 5 | mq push -q q -l
	for _ in 1 2 3 4 5; do
		handle=$(mq claim q)
		run -0 mq ack q "$handle"
	done
}

@test "several handles, from operands and stdin; a second ack is lost" {
	seq 4 | mq push -q q -l
	for _ in 1 2 3 4; do mq claim q; done >handles
	run -0 mq ack q "$(sed -n 1p handles)" "$(sed -n 2p handles)"
	run -69 mq ack q - <handles
	assert_counts q ""
	run -69 mq ack q "$(sed -n 1p handles)"
	assert_output --partial lost
}

@test "what is no handle: 65; a missing one: 64" {
	mq init q
	run -65 mq ack q nonsense
	run -65 mq ack q ''
	run -64 mq ack q
	run -66 mq ack nosuch x
}
