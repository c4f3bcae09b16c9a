#!/usr/bin/env bats
# check.bats: mq check, the Nagios plug-in: the status, the one line, the performance data

load helper

# line STATUS REGEX ARG...: mq check ends so, with one line on stdout that matches and nothing on stderr
line() {
	local want=$1 regex=$2
	shift 2
	run --separate-stderr mq check "$@"
	assert_equal "$status: $stderr" "$want: "
	assert_equal "${#lines[@]}" 1
	assert_output --regexp "$regex"
}

@test "OK, with figures; what is done does not count" {
	mq init -q orders keep=10
	line 0 '^OK - orders: 0 waiting, oldest 0s, 0 dead \| depth=0;;;0 oldest=0s;;;0 dead=0;;;0$' orders
	seq 3 | mq push -q -l orders
	mq pop -q orders
	mq claim orders
	mq push -q -d 1h -m later orders
	mq bury -q orders "$(mq push orders -m bad)"
	line 0 '^OK - orders: 3 waiting, oldest [0-9]+s, 1 dead \| depth=3;100;200;0 oldest=[0-9]+s;300;5400;0 dead=1;1;5;0$' \
		--warn-depth=100 --crit-depth 200 --warn-age 5m --crit-age 1.5h --warn-dead 1 --crit-dead 5 orders
}

@test "ranges are those of Nagios" {
	seq 10 | mq push -q -l q
	while read -r range want; do
		line "$want" "depth=10;$(sed 's/^0://' <<<"$range");;0" --warn-depth "$range" q
		line "$((want * 2))" "depth=10;;$(sed 's/^0://' <<<"$range");0" --crit-depth "$range" q
	done <<-END
	9 1
	10 0
	10: 0
	11: 1
	~:10 0
	~:9 1
	0:9 1
	10:20 0
	11:20 1
	@10:20 1
	@11:20 0
	@10 1
	@9 0
	@~:9 0
	END
	line 2 'CRITICAL - q: 10 waiting \(critical\)' --warn-depth 5 --crit-depth 9 q
	line 1 'WARNING - q: 10 waiting \(warning\)' --warn-depth 5 --crit-depth 10 q
}

@test "the age is of what waits: not of what is not due yet, but of what nobody came for" {
	mq init q
	mq push -q -d 1h -m later q
	line 0 'oldest=0s' --crit-age 0 q
	mq push -q -d 1ms -m due q
	age() { mq check --crit-age 1ms q >out; [ $? -eq 2 ]; }
	for _ in $(seq 100); do ! age || break; sleep 0.02; done
	assert_equal "$(cut -d ' ' -f 1 out)" CRITICAL
	line 2 'oldest [0-9]+s \(critical\).*;0\.001;0 ' --crit-age 1ms q
	# A delivery that failed is no appointment.
	mq pop -q q
	mq init r backoff=1h
	h=$(mq push -q r -m x && mq claim r)
	mq nack r "$h"
	assert_counts r delayed=1
	line 2 'oldest [0-9]+s \(critical\)' --crit-age '~:0' r
}

@test "paused is a warning" {
	mq init q
	mq pause q
	line 1 '^WARNING - q: .*, paused for pop \(warning\) \|' q
	mq pause --push q
	line 1 'paused for pop and push' q
	line 2 '^CRITICAL' --crit-depth 1: q
}

@test "several queues: the worst counts, and labels tell which" {
	mq init -q a; mq push -q -m x b
	line 1 '^WARNING - a: 0 waiting, .*; b: 1 waiting \(warning\), .* \| a_depth=0;0;;0 a_oldest=.* b_depth=1;0;;0 ' --warn-depth 0 a b
	line 1 "^WARNING - no queue 'nosuch' .*; b: 1 waiting \(warning\)" --warn-depth 0 nosuch b
	line 3 "^UNKNOWN - a: 0 waiting.*; no queue 'nosuch' in .* \| a_depth" a nosuch
	line 2 "^CRITICAL - no queue 'nosuch'.*; b: 1 waiting \(critical\)" --crit-depth 0 nosuch b
}

@test "whatever goes wrong is UNKNOWN, in one line on stdout" {
	line 3 '^UNKNOWN - no spool at ' orders
	mq init orders
	line 3 "^UNKNOWN - an operand is missing"
	line 3 "^UNKNOWN - no queue 'ordrs'; did you mean 'orders'\?$" ordrs
	line 3 "^UNKNOWN - unknown option '--nosuch'" --nosuch orders
	line 3 "^UNKNOWN - 'a/b' is not a queue name" 'a|b'
	line 3 "^UNKNOWN - 'a.nb' is not a queue name" "$(printf 'a\nb')"
	for range in '' x 5:3 : :5 5:6:7 -1 1.5 1e3 @ '~' '5 ' 99999999999999999999; do
		line 3 "^UNKNOWN - --warn-depth: '.*' is not a range such as 10" --warn-depth "$range" orders
	done
	for range in '' x 5x 1h:5m ~:-1 5mm:; do
		line 3 "^UNKNOWN - --crit-age: '.*' is not a range such as 5m" --crit-age "$range" orders
	done
	echo nonsense >"$MQ_SPOOL/orders/queue.conf"
	line 3 '^UNKNOWN - orders/queue.conf:1: ' orders
	run -3 bash -c 'mq check orders >/dev/full'
	assert_output --partial "stdout: No space left"
}

@test "who may only read may check, and changes nothing" {
	need_root
	mq init q mode=0644
	mq push -q q -m x
	chmod -R a+rX "$MQ_SPOOL"
	find spool -printf '%p %m %T@\n' | sort >before
	run -0 as_nobody mq -s "$MQ_SPOOL" check q
	assert_output --partial "OK - q: 1 waiting"
	run -0 as_nobody mq -s "$MQ_SPOOL" stat q
	find spool -printf '%p %m %T@\n' | sort | cmp before -
	chmod go-rx "$MQ_SPOOL/q/ready"/*
	run -3 as_nobody mq -s "$MQ_SPOOL" check q
	assert_output --partial "UNKNOWN - "
	assert_output --partial "Permission denied"
}
