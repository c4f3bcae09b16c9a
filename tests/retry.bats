#!/usr/bin/env bats
# retry.bats: mq retry: ready again

load helper

@test "dead, held and delayed; attempts start anew, or not" {
	mq init q attempts=2 backoff=1h jitter=none
	mq push -q q -m x
	mq nack q "$(mq claim q)"
	msg=$(id q delayed)
	run -0 mq retry q "$msg" --keep-attempts
	assert_equal "$(json q .attempts)" 1
	mq nack q "$(mq claim q)"
	assert_counts q dead=1
	run -0 mq retry q "$msg"
	assert_equal "$(json q '.attempts, .deliveries' | tr '\n' ,)" 0,2,
	mq hold q "$msg"
	run -0 mq retry q "$msg"
	run -0 mq retry q "$msg"
	assert_counts q ready=1
}

@test "--all, selections, ids from stdin, --dry-run, a rate; nothing matched is 1" {
	seq 10 | mq push -q q -l
	run -1 mq retry q --all
	assert_output ""
	mq bury q --all
	run -0 mq retry q --all --dry-run
	assert_equal "${#lines[@]}" 10
	assert_counts q dead=10
	run -0 mq retry q --match '^3$'
	assert_counts q "ready=1 dead=9"
	mq dead q --ids -n 3 >ids
	run -0 mq retry q - <ids
	assert_counts q "ready=4 dead=6"
	run -0 mq retry q --all --rate 1000/s -n 2
	assert_counts q "ready=6 dead=4"
	run -1 mq retry q --older 1h
	run -64 mq retry q
	run -64 mq retry q --all --rate nonsense
}

@test "unknown ids: 66, and the others are done" {
	mq push -q q -m x
	mq bury q --all
	run -66 mq retry q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4 "$(id q dead)" nonsense
	assert_counts q ready=1
}

@test "a claimed one: 69, unless forced" {
	mq push -q q -m x
	h=$(mq claim q)
	run -69 mq retry q "${h%%,*}"
	assert_output --partial "--force"
	assert_counts q claimed=1
	run -0 mq retry q "${h%%,*}" --force
	assert_counts q ready=1
	run -69 mq ack q "$h"
}

# hit PATTERN ERROR PREPARE COMMAND...: run PREPARE and COMMAND for each call that looks like this (see inject.c); then
# check is called
hit() {
	local pattern=$1 error=$2 prepare=$3 n=0
	shift 3
	need_inject
	while :; do
		n=$((n + 1))
		$prepare
		run "$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$n/$pattern" "$error" report "$@"
		[ -s report ] || break
		check || return
	done
	assert [ "$n" -gt 1 ]
}

@test "retry into several buckets: a sync of any of them that fails is told: 71" {
	mq init q
	for p in 0 4 9; do mq push -q q -p "$p" -m "$p"; done
	prepare() { mq hold -q q --all >hold.out || true; }
	check() { assert_equal "$status $(cat report)" "71 $(cat report)"; }
	hit 'fsync .*/ready/' EIO prepare mq retry q --all --state held
}

@test "an ack on a full disk is done, though nothing can be kept" {
	mq init q keep=1h backoff=0s
	prepare() { mq push -q q -m x; mq claim q >handle; }
	check() { assert_equal "$status" 0; assert_counts_claimed; }
	assert_counts_claimed() { ! mq ls q --state claimed --json | jq -r .handle | grep -qxF "$(cat handle)"; }
	hit 'renameat2 .*/claimed/.*/done/' ENOSPC prepare sh -c 'exec mq ack q "$(cat handle)"'
}

@test "a claimed one that is forced out carries nothing of its claim" {
	mq push -q q -m x
	for verb in hold retry "bury --reason=x"; do
		h=$(mq claim q)
		# shellcheck disable=SC2086 # a verb and its option
		mq $verb q "${h%%,*}" --force
		run -0 mq fsck q
		assert_output ""
		assert_equal "$(find "$MQ_SPOOL/q" -name "*,c*")" ""
		mq retry -q q --all --state held,dead || true
	done
}

@test "on a terminal: how far it is; Ctrl-C stops between two messages, and the rest can be done later" {
	seq 400 | mq push -q q -l
	mq bury -q q --all
	run -130 env --default-signal=INT python3 "$BATS_TEST_DIRNAME/terminal.py" 'retried [0-9]+, looked at' '\x03' -- mq retry q --all --rate 20/s
	assert_output --regexp 'q: retried [0-9]+, looked at [0-9]+ of 400 \([0-9]+%\), [0-9]+/s, [0-9]+s left'
	[[ $output =~ stopped:\ retried\ ([0-9]+)\ messages ]]
	assert_counts q "ready=${BASH_REMATCH[1]} dead=$((400 - BASH_REMATCH[1]))"
	run -0 mq retry -q q --all
	assert_counts q ready=400
	run -0 mq fsck q
	# Nobody sees a line that is not on a terminal.
	mq bury -q q --all
	run -0 --separate-stderr mq retry q --all --rate 300/s
	refute_regex "$stderr" 'looked at'
}
