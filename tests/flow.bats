#!/usr/bin/env bats
# flow.bats: how many messages a queue gives out (rate, max_in_flight), and to whom (single).
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# A queue whose events are in q.log.
logged() {
	printf '[queue q]\nlog = %s/q.log\n' "$PWD" >log.conf
	export MQ_CONF=$PWD/log.conf
	mq init -q q "$@"
}

# seconds EVENT: of all such events, since the first
seconds() {
	awk -v what="$1" '$3 == what { split(substr($1, 12), t, /[:Z]/); s = t[1] * 3600 + t[2] * 60 + t[3]
		if (n++ == 0) first = s; last = s } END { print last - first }' q.log
}

# at_least A B: as decimal numbers
at_least() {
	awk -v a="$1" -v b="$2" 'BEGIN { exit !(a >= b || a < -1000) }'	# or midnight came
}

# ---- rate ----

@test "rate: two workers together take no more than it says" {
	logged rate=20/s
	seq 12 | mq push -q -l q
	bg one mq work -j4 --drain q -- true
	bg two mq work -j4 --drain q -- true
	ended "${pids[0]}" && assert_equal "$status" 0
	ended "${pids[1]}" && assert_equal "$status" 0
	assert_has q ready 0
	assert_equal "$(grep -c ' acked ' q.log)" 12
	# A burst of two, then ten pauses of 50 ms, less what lies between a look and its claim.
	at_least "$(seconds claimed)" 0.45
}

@test "rate: one-shot commands share it; empty is 1, throttled 75" {
	mq init -q q rate=1/h
	run -1 mq pop q
	seq 3 | mq push -q -l q
	run -0 mq pop q
	assert_output 1
	run -75 --separate-stderr mq pop q
	assert_output ''
	# shellcheck disable=SC2154
	[[ $stderr =~ "gives out 1/h (rate): the next one in "[0-9] ]]
	run -75 mq claim q
	run -75 mq pop -q q
	assert_has q ready 2
	assert_equal "$(field q deliveries)" $'0\n0'
	# What waits goes on when the policy lets it.
	bg pop mq pop -w q
	wait_for armed "$pid"
	mq init -q q rate=none
	ended "$pid"
	assert_equal "$(cat pop.out)" 2
}

@test "rate: what is looked for in vain costs nothing" {
	mq init -q q rate=1/h
	for _ in 1 2 3; do run -1 mq pop q; done
	mq push -q q -m x
	run -0 mq pop q
}

@test "rate: pop -n gives what it gets, and says so by 0" {
	mq init -q q rate=20/m
	seq 9 | mq push -q -l q
	run -0 mq pop -n 5 -l q
	assert_output 1
}

@test "rate: without counters, and with a turn in the far future or from the past, it starts anew" {
	mq init -q q rate=1/h
	seq 9 | mq push -q -l q
	run -0 mq pop q
	run -75 mq pop q
	rm "$MQ_SPOOL/q/counters"
	run -0 mq pop q
	run -75 mq pop q
	for turn in 9223372036854775807 -9223372036854775808 0 4102444800000000; do
		python3 - "$MQ_SPOOL/q/counters" "$turn" <<-'END'
		import struct, sys
		with open(sys.argv[1], "r+b") as f:
		    data = f.read()
		    at = 8 * 4 + 8 * 8 + 64 * 40 + 1280 + 8 + 8
		    f.seek(at)
		    f.write(struct.pack("q", int(sys.argv[2])))
		END
		run -0 mq pop q
		run -75 mq pop q
	done
	# Nowhere to keep it: each process has its own, and nobody waits for ever.
	rm "$MQ_SPOOL/q/counters"
	mkdir "$MQ_SPOOL/q/counters"
	run -0 mq pop q
	run -0 mq pop q
	mq push -q -l q < <(seq 9)
	run -0 mq pop -n 3 -l q
	assert_equal "${#lines[@]}" 1
}

@test "rate: a clock that goes back by a day blocks nobody" {
	mq init -q q rate=1/m
	seq 3 | mq push -q -l q
	run -0 mq pop q
	run -75 mq pop q
	[ -z "$MQ_SAN" ] || skip "SKIPPED: the clock is preloaded, which sanitizers do not bear"
	echo '0 -86400' >clock
	run -0 env CLOCK_FILE="$PWD/clock" LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq pop q
}

@test "rate: a worker sleeps until the next one is due" {
	mq init -q q rate=1/h
	seq 2 | mq push -q -l q
	bg work mq work q -- true
	wait_for has q ready 1
	wait_for title_has "$pid" "1 done"
	switched() { awk '/ctxt_switches/ { n += $2 } END { print n }' "/proc/$pid/status"; }
	# It may still be on its way to sleep.
	asleep() { local n; n=$(switched); sleep 0.3; [ "$(switched)" = "$n" ]; }
	wait_for asleep
	assert_has q ready 1
	run -1 mq wait q --empty --timeout 0
}

@test "rate: bad values are refused, good ones come back as they were" {
	for value in 0/s 10/d /s x 1.5/s -1/s 10000000/s 10/s/s; do
		run -64 mq init q "rate=$value"
		assert_output --partial "10/s"
	done
	for value in 1/s 30/m 1000000/h none; do
		mq init -q q "rate=$value"
		run -0 mq config q
		assert_line "rate = $value"
	done
	mq init -q q rate=7
	run -0 mq config q
	assert_line "rate = 7/s"
}

# ---- max_in_flight ----

@test "max_in_flight: 75 for who does not wait, woken by an ack for who does" {
	mq init -q q max_in_flight=2
	run -1 mq claim q
	seq 5 | mq push -q -l q
	one=$(mq claim q)
	two=$(mq claim q)
	run -75 mq claim q
	assert_output --partial "2 messages claimed"
	run -75 mq pop q
	bg wait mq claim -w q
	wait_for armed "$pid"
	mq ack q "$one"
	ended "$pid"
	assert_equal "$status" 0
	run -75 mq claim q
	bg wait mq claim -w q
	wait_for armed "$pid"
	mq nack q "$two" --delay 1h
	ended "$pid"
	assert_equal "$status" 0
	assert_has q claimed 2
	assert_equal "$(field q deliveries --state ready)" 0
}

@test "max_in_flight: a lease that is over makes room" {
	mq init -q q max_in_flight=1 backoff=1h
	seq 2 | mq push -q -l q
	mq claim q --lease 300ms >/dev/null
	run -0 mq pop -w q
	assert_output 2
}

@test "max_in_flight: workers that fight for it never have more, and finish" {
	mq init -q q max_in_flight=2
	seq 60 | mq push -q -l q
	mkdir at
	for n in 1 2 3 4 5; do
		bg "w$n" mq work -j3 --drain=all q -- sh -c ': >at/$MQ_ID; set -- at/*; echo $# $MQ_ATTEMPT; rm at/$MQ_ID'
	done
	for p in "${pids[@]}"; do ended "$p" && assert_equal "$status" 0; done
	assert_equal "$(cat w?.out | wc -l)" 60
	assert_equal "$(cat w?.out | grep -vx -e '1 1' -e '2 1')" ''
	assert_has q ready 0
	assert_equal "$(mq stat q --json | jq .claimed)" 0
}

@test "max_in_flight: counters that are gone or wrong do not change it" {
	mq init -q q max_in_flight=1
	seq 5 | mq push -q -l q
	handle=$(mq claim q)
	rm "$MQ_SPOOL/q/counters"
	run -75 mq claim q
	run -75 mq claim q
	assert_has q claimed 1
	assert_equal "$(field q deliveries --state ready | sort -u)" 0
	claimed() {
		python3 - "$MQ_SPOOL/q/counters" "$1" <<-'END'
		import struct, sys
		with open(sys.argv[1], "r+b") as f:
		    f.seek(8 * 4 + 8 * 8 + 64 * 40 + 1280)
		    f.write(struct.pack("q", int(sys.argv[2])))
		END
	}
	for n in 9 -9 9223372036854775807 -9223372036854775808; do
		claimed "$n"
		run -75 mq claim q
		assert_has q claimed 1
		mq ack q "$handle"
		claimed "$n"
		handle=$(mq claim q)
		assert_has q claimed 1
	done
}

@test "max_in_flight: a claim that is given back for it costs the rate nothing" {
	mq init -q q max_in_flight=1
	seq 3 | mq push -q -l q
	mq claim -q q
	rm "$MQ_SPOOL/q/counters"
	mq init -q q rate=1/h
	run -75 mq claim q
	assert_output --partial "max_in_flight"
	mq init -q q max_in_flight=none
	run -0 mq claim q
	run -75 mq claim q
}

@test "max_in_flight: a consumer that was killed leaves its place" {
	mq init -q q max_in_flight=1 backoff=0s attempts=2
	printf 'x\ny\n' | mq push -q -l q
	bg work mq work q -- sh -c 'touch begun; exec sleep 1000'
	wait_for test -e begun
	run -75 mq pop q
	kill -KILL "$pid"
	run -0 mq pop -w q
	assert_output --regexp '^[xy]$'
}

# ---- single ----

@test "single: one worker consumes, another stands by and takes over when it is killed" {
	mq init -q q single=yes backoff=0s
	mq push -q q -m 1
	bg one mq work q -- sh -c 'cat >>got.one; touch begun; exec sleep 1000'
	one=$pid
	wait_for test -e begun
	bg two mq work q -- sh -c 'cat >>got.two'
	wait_for title_has "$pid" "stands by"
	mq push -q q -m 2
	for verb in pop claim; do
		run -75 mq "$verb" q
		assert_output --partial "has a consumer (process $one)"
	done
	assert_has q ready 1
	assert_equal "$(cat got.two 2>/dev/null)" ""
	kill -KILL "$one"
	wait_for has q ready 0
	wait_for has q claimed 0
	assert_equal "$(fold -w1 got.two | sort | tr -d '\n')" 12
	wait_for bash -c '! grep -q "stands by" /proc/'"$pid"'/cmdline'
}

@test "single: who ends lets the next one in; pop -w waits its turn" {
	mq init -q q single=yes
	bg one mq work q -- true
	wait_for test -s "$MQ_SPOOL/q/active"
	bg pop mq pop -w q
	wait_for armed "$pid"
	kill -TERM "${pids[0]}"
	wait_for not alive "${pids[0]}"
	mq push -q q -m x
	ended "$pid"
	assert_equal "$(cat pop.out)" x
}

@test "single: --drain does not wait for another's end, and no is no" {
	mq init -q q single=yes
	bg one mq work q -- true
	wait_for test -s "$MQ_SPOOL/q/active"
	run -75 mq work --drain q -- true
	assert_output --partial "takes one at a time"
	mq init -q q single=no
	run -0 mq work --drain q -- true
	mq push -q q -m x
	wait_for has q ready 0
}

@test "single: the file may be removed; then there is one again within a second or so" {
	mq init -q q single=yes
	bg one mq work q -- true
	wait_for test -s "$MQ_SPOOL/q/active"
	rm "$MQ_SPOOL/q/active"
	bg two mq work q -- true
	wait_for test -s "$MQ_SPOOL/q/active"
	one_stands_by() {
		mq push -q q -m x
		local n=0
		for p in "${pids[@]}"; do if title_has "$p" "stands by"; then n=$((n + 1)); fi; done
		[ "$n" -eq 1 ]
	}
	wait_for one_stands_by
	run -75 mq pop q
}

@test "single: what is no lock file is not followed and not written to" {
	mq init -q q single=yes
	mq push -q q -m x
	echo secret >victim
	ln -s "$PWD/victim" "$MQ_SPOOL/q/active"
	run -74 mq pop q
	rm "$MQ_SPOOL/q/active"
	mkfifo "$MQ_SPOOL/q/active"
	run -74 timeout 120 mq pop q
	assert_output --partial "not a regular file"
	rm "$MQ_SPOOL/q/active"
	ln victim "$MQ_SPOOL/q/active"
	run -0 mq pop q
	assert_equal "$(cat victim)" secret
}

@test "a copy of the spool made of hard links takes no lock away" {
	mq init -q q single=yes
	mq push -q q -k k -m x
	mq pop q
	cp -al "$MQ_SPOOL" copy
	mq push -q q -k k -m y
	run -0 mq pop q
	assert_output y
	run -0 mq init q lease=1m
}

@test "max_in_flight: a batch does not wait for what its own messages keep from it" {
	mq init -q q max_in_flight=2
	seq 5 | mq push -q -l q
	bg work mq work --batch 9,,1h q -- sh -c 'paste -s -d + >>ran'
	wait_for grep -qx 3+4 ran
	assert_equal "$(head -n 1 ran)" 1+2
}

@test "max_in_flight: --drain waits for another's claim" {
	mq init -q q max_in_flight=1 lease=1h
	printf 'x\ny\n' | mq push -q -l q
	handle=$(mq claim q)
	bg work mq work --drain q -- cat
	wait_for armed "$pid"
	assert_has q ready 1
	mq ack q "$handle"
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(cat work.out)" y
}

@test "max_in_flight: never more than that, however many claim and end at once" {
	cat >count.py <<-'END'
	import fcntl, sys, time
	def add(more):
	    with open("now", "r+") as f:
	        fcntl.flock(f, fcntl.LOCK_EX)
	        n = int(f.read()) + more
	        f.seek(0)
	        f.write(str(n) + "\n")
	    if n > 3:
	        open("toomany", "w")
	for line in sys.stdin.buffer:
	    id, head, body, *_ = line.decode().split()
	    sys.stdin.buffer.read(int(head) + int(body))
	    add(1)
	    time.sleep(0.001)
	    add(-1)
	    print(id, "ok", flush=True)
	END
	echo 0 >now
	mq init -q q max_in_flight=3
	seq 800 | mq push -q -l q
	for i in 1 2 3 4; do bg "work$i" mq work --persistent -j 3 q -- python3 count.py; done
	run -0 mq wait q --empty --timeout 600s
	assert [ ! -e toomany ]
	assert_equal "$(cat now)" 0
}
