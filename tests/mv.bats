#!/usr/bin/env bats
# mv.bats: mq mv: to another queue

load helper

@test "TO is made only when there is something to move" {
	mq push -q q -m x
	mq claim q >handle
	run -69 mq mv q fresh "$(cut -d , -f 1 handle)"
	assert_output --partial "message"
	refute_output --partial "fresh"
	run -66 mq mv q fresh 01a1fd8d-186b-7c8b-a836-f4f938e4f30c
	assert [ ! -e "$MQ_SPOOL/fresh" ]
}

@test "id and state stay; the queue is made; reasons go along" {
	seq 2 | mq push -q a -l
	mq bury a "$(id a ready)" --reason why
	run -0 mq mv a b --all
	assert_counts a ""
	assert_counts b "ready=1 dead=1"
	assert_equal "$(json b 'select(.state == "dead") | .reason')" why
	msg=$(id b ready)
	run -0 mq mv b a "$msg"
	assert_equal "$(id a ready)" "$msg"
	run -64 mq mv a a "$msg"
	run -64 mq mv a b
	run -66 mq mv a b 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4
	run -1 mq mv b a --state held
}

@test "a file system that does not know RENAME_NOREPLACE: what stands in both queues by one inode is moved as elsewhere" {
	need_strace
	for how in flag none; do
		mq subscribe "t$how" "a$how"
		mq subscribe "t$how" "b$how"
		mq push -q "t$how" -m x
	done
	mq mv -q aflag bflag --all
	strace -qq -o /dev/null -e trace=renameat2 -e inject=renameat2:error=EINVAL mq mv -q anone bnone --all
	assert_equal "$(mq ls anone --ids | wc -l) $(mq ls bnone --ids | wc -l)" \
	    "$(mq ls aflag --ids | wc -l) $(mq ls bflag --ids | wc -l)"
	assert_equal "$(mq ls anone --ids | wc -l)" 0
	for error in EINVAL ENOSYS EPERM; do
		strace -qq -f -o /dev/null -e trace=renameat2 -e inject=renameat2:error=$error sh -ec '
			h=$(mq push -q plain -k k -m one && mq claim plain)
			mq nack -q --no-count plain "$h"
			mq ack plain "$(mq claim plain)"'
		assert_counts plain ""
	done
}

@test "between two subscribers of a topic: what both got is there once, and no queue has it twice" {
	for q in t a b c; do mq init -q "$q"; done
	mq subscribe t a
	mq subscribe t b
	id=$(mq push t -m x)
	mq push -q a -m other
	run -0 mq mv a b --all
	assert_output --partial "moved 2 messages"
	assert_counts a ""
	assert_counts b ready=2
	run -0 mq fsck
	# Where the other has done with it, it comes.
	id=$(mq push t -m y)
	assert_equal "$(mq pop b -n 3 -l | sort | tr '\n' ' ')" "other x y "
	run -0 mq mv a b "$id"
	assert_equal "$(mq pop b)" y
}
