#!/usr/bin/env bats
# stat.bats: mq stat

load helper

@test "a table, JSON, Prometheus" {
	seq 3 | mq push -q q -l
	mq push -q q -d 1h -m later
	mq bury q "$(id q ready)"
	run -0 mq stat
	assert_line --regexp '^q +2 +1 +0 +0 +1 +0'
	mq stat q --json >out
	assert_equal "$(jq -r '.queue, .ready, .delayed, .claimed, .held, .dead, .done, .bytes, .paused' out | tr '\n' ,)" q,2,1,0,0,1,0,8,no,
	assert_equal "$(jq -r '.rates.in | length' out)" 3
	assert_equal "$(jq -r '.oldest | length' out)" 27
	run -0 mq stat --prometheus
	assert_line 'mq_queue_messages{queue="q",state="dead"} 1'
	assert_line 'mq_messages_pushed_total{queue="q"} 4'
	assert_equal "$(grep -c '^# TYPE mq_queue_messages ' <<<"$output")" 1
	run -66 mq stat nosuch
}

# at SECONDS: mq's clock is so wrong from now on
at() {
	echo "0 $1" >clock.new && mv clock.new clock
}

# with_clock: mq goes by at
with_clock() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	export CLOCK_FILE=$PWD/clock
	at 0
	mq() { LD_PRELOAD=$MQ_BUILD/preload/clock.so command mq "$@"; }
}

@test "bytes of a queue, and max_bytes, count headers; the size of a message is that of its body" {
	mq push -q q -m body
	mq push -q q -H "Name: value" -m body
	bytes=$((4 + $(printf 'Name: value\n\nbody' | wc -c)))
	assert_equal "$(mq stat q --json | jq -c '[.bytes, .bytes_by_state.ready]')" "[$bytes,$bytes]"
	assert_equal "$(mq stat q --prometheus | grep '^mq_queue_bytes.*ready')" \
	    "mq_queue_bytes{queue=\"q\",state=\"ready\"} $bytes"
	assert_equal "$(mq ls q --json | jq -r .size | tr '\n' ' ')" "4 4 "
	mq init -q q max_bytes=$((bytes + 4))
	run -75 mq push q -H "Name: value" -m body
	run -0 mq push q -m body
}

@test "drain: how long the backlog lasts at the rates of the last minute" {
	with_clock
	at -600
	seq 30 | mq push -q -l q
	at 0
	# More comes than goes, nothing moves, there is nothing: no answer.
	assert_equal "$(mq stat q --json | jq .drain)" null
	run -0 mq stat q
	assert_line --regexp '^QUEUE .* FAIL/s   DRAIN$'
	assert_line --regexp '^q +30 .* 0\.0 +-$'
	mq pop -n 6 -l q >out
	# 24 are left, 6 a minute go.
	assert_equal "$(mq stat q --json | jq ".drain + 0")" 240
	run -0 mq stat q
	assert_line --regexp '^q +24 .* 0\.1 +0\.0 +4m$'
	# What is given up on is gone, too; what comes is not.
	mq push -q q -m x
	mq nack q --dead "$(mq claim q)"
	assert_equal "$(mq stat q --json | jq ".drain + 0")" 240
	mq bury -q q "$(id q ready)" "$(mq ls q --ids --state ready -n 2 | tail -n 1)" "$(mq ls q --ids --state ready -n 3 | tail -n 1)"
	mq pause q
	run -0 mq stat q
	assert_line --regexp '^q +21 .* 2m paused: pop$'
	mq rm -q q --all --force
	assert_equal "$(mq stat q --json | jq .drain)" null
}

@test "--rates: of the last 1, 5 and 15 minutes" {
	with_clock
	at -600
	seq 90 | mq push -q -l q
	at -200
	mq pop -n 60 -l q >out
	at 0
	mq claim q >h
	mq nack q "$(cat h)"
	run -0 mq stat --rates
	assert_line --regexp '^QUEUE +BACKLOG +IN/1m +IN/5m +IN/15m +OUT/1m +OUT/5m +OUT/15m +FAIL/1m +FAIL/5m +FAIL/15m +DRAIN$'
	assert_line --regexp '^q +30 +0\.00 +0\.00 +0\.10 +0\.00 +0\.20 +0\.07 +0\.02 +0\.00 +0\.00 +-$'
	assert_equal "$(mq stat q --json | jq -c '(.rates.out | map(. + 0)), .totals')" '[0,0.2,0.0667]
{"pushed":90,"delivered":61,"acked":60,"failed":1,"dead":0,"expired":0,"retried":0,"removed":0,"late":0}'
	run -0 mq stat --rates --json
	assert_output --partial '"rates":'
	run -64 mq stat --rates --ages
	run -64 mq stat --rates --prometheus
}

@test "--ages: how many of a state are how old" {
	with_clock
	for age in 108000 76700 76860 1500 420 280 320; do
		at -$age
		mq push -q q -m $age
	done
	at 0
	mq bury -q q "$(id q ready)"
	mq push -q other -d 1h -m x
	mq init empty
	run -0 mq stat --ages
	assert_equal "$(tr -s ' ' <<<"$output")" "QUEUE STATE T 5m 10m 20m 40m 80m 160m 320m 640m 1280m 1280m+
other delayed 1 1 0 0 0 0 0 0 0 0 0
q ready 6 1 2 0 1 0 0 0 0 1 1
q dead 1 0 0 0 0 0 0 0 0 0 1"
	run -0 mq stat --ages empty
	assert_equal "${#lines[@]}" 1
	assert_equal "$(mq stat q --ages --json | jq -c '.ages | .limits, .ready, .dead')" "[300,600,1200,2400,4800,9600,19200,38400,76800]
[1,2,0,1,0,0,0,0,1,1]
[0,0,0,0,0,0,0,0,0,1]"
	assert_equal "$(mq stat q --json | jq -c '.bytes_by_state.ready, .bytes_by_state.dead, .oldest_by_state.held')" "23
6
null"
	at -200000	# The clock went back: what comes from the future is young.
	assert_equal "$(mq stat q --json | jq -c '.ages.ready')" "[6,0,0,0,0,0,0,0,0,0]"
}

@test "--textfile: replaced by one rename, or left alone" {
	mq push -q q -m x
	mkdir dir
	echo old >dir/mq.prom
	ln dir/mq.prom dir/link
	(umask 077 && mq stat --textfile dir/mq.prom) >out
	assert_equal "$(cat out dir/link)" old
	assert_equal "$(stat -c %a dir/mq.prom)" 644
	mq stat --prometheus | cmp - dir/mq.prom
	assert_equal "$(ls -A dir | tr '\n' ' ')" "link mq.prom "
	run -0 mq stat q --textfile=new.prom --prometheus
	cmp new.prom dir/mq.prom
	# What fails names the file, and leaves it and nothing else.
	echo old >dir/mq.prom
	run -73 mq stat --textfile nosuch/mq.prom
	assert_output "mq stat: nosuch/mq.prom: No such file or directory"
	run -66 mq stat nosuch --textfile dir/mq.prom
	run -64 mq stat --textfile=
	run -64 mq stat --textfile dir/mq.prom --json
	for type in dir /dev/null; do
		run -73 mq stat --textfile $type
		assert_output "mq stat: $type: there is something that is not a regular file"
	done
	mkfifo dir/fifo
	run -73 timeout 10 mq stat --textfile dir/fifo
	rm dir/fifo
	# A queue that cannot be had is missing on stdout; a file would do without it for good.
	if [ "$EUID" -eq 0 ]; then
		mkdir -m 777 out.d
		cp dir/mq.prom out.d
		chmod -R a+rX "$MQ_SPOOL"
		mq init secret
		run -77 as_nobody mq -s "$MQ_SPOOL" stat --textfile out.d/mq.prom
		assert_equal "$(cat out.d/mq.prom)$(ls -A out.d)" oldmq.prom
	fi
	assert_equal "$(cat dir/mq.prom)$(ls -A dir | tr '\n' ' ')" "oldlink mq.prom "
}

@test "--textfile, whatever call fails or is its last: the old file or the new one" {
	need_inject
	mq push -q q -m x
	mkdir dir
	ended=
	for action in ENOSPC kill; do
		n=0
		while :; do
			rm -f dir/* report
			echo old >dir/mq.prom
			run "$MQ_BUILD/sweep/inject" "$PWD/dir" $((++n)) $action report "$(command -v mq)" stat --textfile "$PWD/dir/mq.prom"
			[ -s report ] || break
			if [ "$status" -eq 0 ] || ! grep -qx old dir/mq.prom; then
				tail -n 1 dir/mq.prom | grep -q mq_build_info || ended+="$action $(cat report): torn; "
			fi
			# Only who is killed may leave something beside.
			[ $action = kill ] || [ "$(ls -A dir)" = mq.prom ] || grep -q unlink report || ended+="$action $(cat report): left $(ls -A dir); "
		done
		assert_equal "$status" 0
		[ "$n" -gt 5 ] || ended+="only $n calls; "
	done
	assert_equal "$ended" ""
}

@test "promtool finds nothing to object to" {
	command -v promtool >/dev/null || skip "SKIPPED: no promtool (make deps-long installs it)"
	mkdir "$MQ_SPOOL"
	run -0 bash -c 'mq stat --prometheus | promtool check metrics'
	assert_output ""
	seq 3 | mq push -q -l q
	mq bury -q q "$(id q ready)"
	mq init other
	mq pause other
	run -0 bash -c 'mq stat --prometheus | promtool check metrics'
	assert_output ""
	# It does find something.
	run -3 bash -c 'mq stat --prometheus | sed s/_total/s/ | promtool check metrics'
	assert_output --partial "_total"
}

@test "mv on a full disk leaves no counters that fsck calls bad, and they are made later (users B5)" {
	need_strace
	mq push -q q -m x
	strace -qq -o trace -e trace=fallocate -e inject=fallocate:error=ENOSPC mq mv q other --all
	grep -q fallocate trace
	run -0 mq fsck
	mq push -q other -m y
	assert_equal "$(stat -c %s "$MQ_SPOOL/other/counters")" 4096
	run -0 mq fsck
	[[ $(mq stat other --json) == *'"ready":2,'* ]]
}

@test "on a terminal of 80 columns a queue takes one line, whatever its name and its numbers" {
	mq push -q nightly-reports -m x
	seq 12345 | mq push -q -l orders
	mq init -q tasks attempts=1
	seq 3 | mq push -q -l tasks
	mq work -q --drain -n 2 tasks -- false 2>err
	python3 "$BATS_TEST_DIRNAME/terminal.py" -- env TERM=dumb mq stat | tr -d '\r' >shown
	assert_equal "$(wc -l <shown)" 4
	assert_equal "$(awk 'length > 80' shown)" ""
	assert_equal "$(awk 'NR > 1 && NF != n { print } NR == 1 { n = NF }' shown)" ""
	# What holds something is there; for programs all of it is.
	grep -q '^QUEUE .* DEAD .* DRAIN$' shown
	run -0 mq stat
	assert_line --regexp '^QUEUE +READY +DELAYED +CLAIMED +HELD +DEAD +DONE .*FAIL/s +DRAIN$'
}
