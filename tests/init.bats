#!/usr/bin/env bats
# init.bats: mq init makes a queue or changes its policy

load helper

@test "makes a queue with all its directories, and again is no harm" {
	run -0 mq init q
	assert_output ""
	for d in tmp new ready delayed claimed held dead done; do assert [ -d "$MQ_SPOOL/q/$d" ]; done
	for d in ready delayed claimed held dead done; do
		assert [ -n "$(ls "$MQ_SPOOL/q/$d")" ]
	done
	mq push -q q -m x
	run -0 mq init q
	assert_counts q ready=1
}

@test "sets keys, keeps others and comments, refuses nonsense and changes nothing then" {
	mq init q lease=1m attempts=3
	printf '# mine\n' >>"$MQ_SPOOL/q/queue.conf"
	run -0 mq init q lease=2m
	run -0 mq config q
	assert_line "lease = 2m"
	assert_line "attempts = 3"
	run -0 cat "$MQ_SPOOL/q/queue.conf"
	assert_line "# mine"
	cp "$MQ_SPOOL/q/queue.conf" before
	run -64 mq init q leese=1m
	assert_output --partial "did you mean 'lease'"
	run -64 mq init q lease=soon
	assert_output --partial lease
	run -64 mq init q attempts=0
	cmp before "$MQ_SPOOL/q/queue.conf"
}

@test "a slip in a key leaves no queue behind" {
	run -64 mq init q bogus=1
	assert [ ! -e "$MQ_SPOOL/q" ]
}

@test "mode and group rule from the start and later" {
	mq init q mode=0640
	assert_equal "$(stat -c %a "$MQ_SPOOL/q/ready")" 750
	mq push -q q -m x
	assert_equal "$(find "$MQ_SPOOL/q/ready" -type f -printf '%m')" 640
	mq init q mode=0600
	assert_equal "$(stat -c %a "$MQ_SPOOL/q" "$MQ_SPOOL/q/ready" | sort -u)" 700
	run -64 mq init q group=nosuchgroup
	run -0 mq pop q
}

@test "makes the spool itself, but not the directory that would hold it" {
	run -0 mq -s "$PWD/new" init q
	assert [ -f new/.mq ]
	run -73 mq -s "$PWD/no/such" init q
}

@test "a changed policy is synced, before it is renamed and after" {
	need_inject
	mq init q
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 1 list report mq init q attempts=3
	run -0 sed -nE "s,$MQ_SPOOL/,,g; s,mq-[0-9a-f]{16},TMP,g; s,^[0-9]+ ((fsync|rename[a-z0-9]*) .*queue\.conf),\1,p; s,^[0-9]+ (fsync .*),\1,p" report
	assert_output --regexp $'fsync q/\.TMP\nrename[a-z0-9]* q/\.TMP q/queue\.conf\nfsync q$'
}

@test "the policy's mode goes before the umask" {
	umask 077
	mq init q mode=0666
	mq push -q q -m x
	mq push -q q -p 7 -m x
	assert_equal "$(find "$MQ_SPOOL/q/ready" -type f -printf '%m\n' | sort -u)" 666
	assert_equal "$(find "$MQ_SPOOL/q/ready" -mindepth 1 -type d -printf '%m\n' | sort -u | wc -l)" 1
}

@test "dead letters in a circle are refused where it is made: two queues, three, by topics, by mq.conf" {
	mq init -q a dead_queue=a	# its own: they stay there
	mq init -q a dead_queue=b
	run -64 mq init b dead_queue=a
	assert_output "mq init: dead letters of 'b' would come back to it, by way of a, b"
	assert [ ! -e "$MQ_SPOOL/b" ]
	mq init -q b dead_queue=c
	run -64 mq init c dead_queue=a
	assert_output --partial "by way of a, b, c"
	mq init -q c dead_queue=none
	run -0 mq init c dead_queue=d
	# A topic gives its subscribers what it gets.
	mq init -q s dead_queue=s5
	run -64 mq subscribe s5 s
	assert_output "mq subscribe: dead letters of 's' would come back to it, by way of s5, s"
	mq subscribe t x
	run -64 mq init x dead_queue=t
	assert_output --partial "by way of t, x"
	mq init -q y dead_queue=z
	mq init -q z dead_queue=t
	run -64 mq init x dead_queue=y
	assert_output --partial "by way of y, z, t, x"
	printf '[queue later]\ndead_queue = first\n' >no.conf
	run -64 mq init first dead_queue=later
	assert_output --partial "by way of later, first"
	# What has no way back is no circle.
	run -0 mq subscribe t other
	run -0 mq init other dead_queue=a
}

@test "max_in_flight=0 is not taken for no limit" {
	run -64 mq init q max_in_flight=0
	assert_output --partial "max_in_flight=0 would let nothing be claimed: 'mq pause' does that, and none is no limit"
	assert [ ! -e "$MQ_SPOOL/q" ]
	mq init -q q max_in_flight=1
	run -64 mq init q max_in_flight=00
	run -0 mq config q
	assert_line "max_in_flight = 1"
	run -0 mq init q max_in_flight=none
	# A file that an older version wrote can be read.
	echo 'max_in_flight = 0' >"$MQ_SPOOL/q/queue.conf"
	run -0 mq config q
	assert_line "max_in_flight = none"
}

@test "of many that make one queue at the same time each gets it" {
	for round in 1 2 3 4 5 6 7 8; do
		local jobs=()
		for _ in 1 2 3 4 5 6 7 8; do
			mq push -q "q$round" -m x & jobs+=($!)
		done
		for job in "${jobs[@]}"; do wait "$job"; done
		assert_counts "q$round" ready=8
	done
}

@test "a queue of which a part cannot be made is named, and nothing is left of it" {
	need_strace
	mq push -q q -m x
	for command in "init new" "push new -m x" "subscribe new q"; do
		for when in 2 5 10; do
			run -75 strace -qq -o /dev/null -e inject=mkdirat:error=ENOSPC:when=$when mq $command
			assert_output --partial "cannot make queue 'new' in $MQ_SPOOL: "
			assert_output --partial ": No space left on device"
			assert [ ! -e "$MQ_SPOOL/new" ]
		done
	done
}
