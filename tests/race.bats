#!/usr/bin/env bats
# race.bats: many at once: each message delivered exactly once, in order for one.
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# produce P: 250 messages one by one, 4750 in batches
produce() {
	local i b
	for ((i = 0; i < 250; i++)); do mq push -q r -m "$1-one-$i" || return; done
	for ((b = 0; b < 19; b++)); do seq -f "$1-$b-%g" 250 | mq push -q -l r || return; done
}

popper() {
	local status
	while :; do
		status=0
		mq pop r -n 100 -l >>"got.$1" || status=$?
		[ $status != 0 ] || continue
		[ $status = 1 ] || return 9
		[ -e running ] || return 0
	done
}

claimer() {
	local h status
	while :; do
		status=0
		h=$(mq claim r --body "body.$1") || status=$?
		if [ $status = 0 ]; then
			cat "body.$1" >>"got.$1"
			echo >>"got.$1"
			mq ack r "$h" || return
			continue
		fi
		[ $status = 1 ] || return 9
		[ -e running ] || return 0
	done
}

@test "20,000 messages, 4 producers, 4 consumers of three kinds: each exactly once" {
	mq init r
	touch running
	consumers=()
	popper 1 & consumers+=($!)
	popper 2 & consumers+=($!)
	claimer 3 & consumers+=($!)
	mq work r -j2 -- sh -c 'read -r x; echo "$x" >>"got.work.$$"' & worker=$!
	producers=()
	for p in 1 2 3 4; do
		produce "$p" & producers+=($!)
	done
	for pid in "${producers[@]}"; do wait "$pid"; done
	mq wait r --empty --timeout 600s
	rm running
	kill "$worker"
	for pid in "${consumers[@]}" "$worker"; do wait "$pid"; done
	for p in 1 2 3 4; do
		for ((i = 0; i < 250; i++)); do echo "$p-one-$i"; done
		for ((b = 0; b < 19; b++)); do seq -f "$p-$b-%g" 250; done
	done | sort >wanted
	cat got.* | sort >got
	cmp wanted got
	run -0 mq fsck r
	assert_output ""
}

@test "one producer, one consumer: the order is kept, over many buckets" {
	mq init r
	touch running
	popper 1 & consumer=$!
	for ((b = 0; b < 30; b++)); do
		seq "$((b * 150))" "$((b * 150 + 148))" | mq push -q -l r
		mq push -q r -m "$((b * 150 + 149))"
	done
	mq wait r --empty --timeout 600s
	rm running
	wait "$consumer"
	seq 0 4499 | cmp - got.1
}

@test "consumers at once do not all fight for one name" {
	need_strace
	mq init -q r sync=never
	seq 2400 | mq push -q -l r
	pids=()
	for i in 1 2 3 4 5 6 7 8; do
		strace -qq -e trace=renameat2 -o "trace.$i" mq pop -l -n 300 r >"got.$i" & pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	assert_equal "$(sort -n got.[1-8] | uniq | wc -l)" 2400
	won=$(cat trace.* | grep -c '= 0$')
	lost=$(cat trace.* | grep -c ENOENT) || true
	[ "$won" -ge 2400 ]
	[ "$lost" -lt "$won" ] || { echo "$lost of $((lost + won)) renames lost"; false; }
}

@test "ten ack one handle: one wins" {
	mq push -q r -m x
	h=$(mq claim r)
	pids=()
	for _ in 1 2 3 4 5 6 7 8 9 10; do
		mq ack r "$h" 2>/dev/null & pids+=($!)
	done
	for pid in "${pids[@]}"; do
		status=0
		wait "$pid" || status=$?
		echo "$status"
	done >statuses
	pids=()
	assert_equal "$(grep -cx 0 statuses) $(grep -cx 69 statuses)" "1 9"
}

@test "killed at random, consumers lose nothing" {
	mq init r attempts=1000 backoff=0s..0s
	seq 300 | mq push -q -l r
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do
		mq work r -j4 -- sh -c 'read -r x; echo "$x" >>"got.$$"' & pid=$!
		sleep "0.0$((RANDOM % 9 + 1))"
		kill -KILL "$pid"
		wait "$pid" || true
	done
	mq work r -j4 --drain=all -- sh -c 'read -r x; echo "$x" >>"got.$$"'
	cat got.* | sort -nu >got
	seq 300 | cmp - got
	run -0 mq fsck r
	assert_output ""
}

@test "a file in the drop box that its producer replaces meanwhile is never torn" {
	mq init q sync=never
	# shellcheck disable=SC2016 # Python
	python3 -c 'if 1:
		import os, sys
		new = sys.argv[1] + "/q/new/"
		n = 0
		while not os.path.exists("stop"):
			n += 1
			with open(new + ".tmp", "w") as f:
				f.write("x" * (n % 7))
			os.rename(new + ".tmp", new + "same")' "$MQ_SPOOL" 3>&- &
	for _ in $(seq 300); do mq pop -q q >out || true; done
	touch stop
	wait $!
	assert_equal "$(count q dead)" 0
}
