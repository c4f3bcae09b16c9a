#!/usr/bin/env bats
# descriptors.bats: too few open files, processes: what nobody ran does not count, and there are fewer handlers at once
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# limited N COMMAND...: with so many open files at most, and descriptors of bats closed
limited() {
	local n=$1
	shift
	(
		for fd in /proc/self/fd/*; do
			fd=${fd##*/}
			[ "$fd" -le 2 ] || eval "exec $fd>&-"
		done
		ulimit -n "$n" && exec "$@"
	) </dev/null >limited.out 2>limited.err
}

# none_counted QUEUE: all that was not run is ready with no failure, after whoever comes next has looked
none_counted() {
	mq pop "$1" >popped || true
	touch ran
	sort popped ran | uniq -d >twice
	assert_equal "$(cat twice)" ""
	assert_equal "$(mq stat "$1" --json | jq -c '[.delayed, .claimed, .dead]')" "[0,0,0]"
	assert_equal "$(mq ls "$1" --json | jq .attempts | sort -u)" "$([ "$(mq ls "$1" --ids | wc -l)" -eq 0 ] || echo 0)"
}

# work_under LIMITS WORK-ARGUMENT...
work_under() {
	local limits=$1 done=0
	shift
	for n in $limits; do
		rm -rf "$MQ_SPOOL" ran
		mq init -q q attempts=1 handler='read -r n; echo "$n" >>ran; sleep 0.1'
		seq 12 | mq push -q -l q
		status=0
		limited "$n" mq work "$@" || status=$?
		case $status in
		0) done=$((done + 1)); assert_equal "$n: $(wc -l <ran)" "$n: 12" ;;
		75) ;;
		*) echo "ulimit -n $n: status $status"; cat limited.err; return 1 ;;
		esac
		none_counted q
	done
	[ "$done" -gt 0 ] || { echo "no limit was enough"; return 1; }
}

@test "too few open files: work counts nothing that nobody ran, and runs fewer at once" {
	work_under "14 16 18 19 20 21 22 23 24 26 28 30 32 36 40" -j 50 --drain q -- sh -c 'read -r n; echo "$n" >>ran; sleep 0.1'
}

@test "too few open files: nor with --persistent" {
	work_under "18 20 21 22 24 26 28 30 34 40" -j 50 --drain --persistent q -- sh -c '
		while read -r id head body rest; do echo "$(head -c "$body")" >>ran; sleep 0.1; echo "$id ok"; done'
}

@test "too few open files: nor with --config" {
	work_under "18 20 22 24 26 28 30 34 40" -j 50 --config --drain q
}

@test "too few open files: nor with --reply" {
	work_under "18 20 22 24 26 28 30 34 40" -j 50 --reply --drain q -- sh -c 'read -r n; echo "$n" >>ran; sleep 0.1'
}

@test "too few open files: pop and claim count nothing that was not given out" {
	for n in $(seq 8 24); do
		for args in "pop q" "pop -n3 -l q" "claim q" "claim --json q"; do
			rm -rf "$MQ_SPOOL" ran
			mq init -q q attempts=1
			seq 12 | mq push -q -l q
			# shellcheck disable=SC2086 # words
			limited "$n" mq $args || true
			case $args in
			pop*) mv limited.out ran ;;
			*) [ ! -s limited.out ] || continue ;;
			esac
			none_counted q || { echo "ulimit -n $n: mq $args"; return 1; }
		done
	done
}

@test "the soft limit of open files is raised to the hard one, and handlers get the old one" {
	mq init -q q attempts=1
	seq 60 | mq push -q -l q
	run -0 bash -c 'ulimit -Sn 64 && ulimit -Hn 400 && exec mq work -j 60 --drain q -- sh -c "echo \$(ulimit -n) >>limits
		until [ \$(wc -l <limits) -ge 60 ] || [ -e gave-up ]; do sleep 0.1; done"'
	assert_equal "$(sort -u limits)" 64
	assert_equal "$(wc -l <limits)" 60
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
}

@test "processes that cannot be started: fewer at once, and nothing counts" {
	need_strace
	mq init -q q attempts=1
	seq 6 | mq push -q -l q
	# Each second start fails.
	run -0 strace -qq -o /dev/null -e trace=vfork -e inject=vfork:error=EAGAIN:when=2+2 \
		mq work -j 4 --drain q -- sh -c 'read -r n; echo "$n" >>ran; sleep 0.3'
	assert_equal "$(sort ran | tr '\n' ' ')" "1 2 3 4 5 6 "
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
	seq 3 | mq push -q -l q
	run -75 strace -qq -o /dev/null -e trace=vfork -e inject=vfork:error=EAGAIN:when=1+ mq work -j 4 q -- true
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[3,0,0,0]"
	assert_equal "$(mq ls q --json | jq .attempts | sort -u)" 0
}
