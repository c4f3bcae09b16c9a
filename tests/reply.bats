#!/usr/bin/env bats
# reply.bats: mq reply
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# ask NAME: a request in the background; its place is in $token
ask() {
	bg "$1" mq request q -m question
	wait_for has q ready 1
	token=$(mq ls q --json | jq -r '.headers["Reply-To"]')
	mq ack q "$(mq claim q)"
}

answered() {
	ended "$pid" || return
	assert_equal "$status $(cat asks.out)" "0 $1"
	assert_equal "$(find "$MQ_SPOOL/q/replies" "$MQ_SPOOL/q/tmp" -mindepth 1)" ""
}

@test "stdin, a file, -m, nothing at all" {
	mq init -q q
	ask asks
	echo from stdin | mq reply q "$token"
	answered "from stdin"
	ask asks
	echo from stdin | mq reply q "$token" -
	answered "from stdin"
	echo from a file >file
	ask asks
	mq reply q "$token" file
	answered "from a file"
	ask asks
	mq reply -m text q "$token"
	answered text
	ask asks
	mq reply q "$token" </dev/null
	answered ""
}

@test "any bytes, any size: max_size is for messages" {
	mq init -q q max_size=10
	head -c 5000000 /dev/urandom >in
	ask asks
	mq reply q "$token" <in
	ended "$pid"
	cmp in asks.out
}

@test "in a handler the environment tells queue and place" {
	mq init -q q
	bg work mq work q -- sh -c 'tr a-z A-Z | mq reply'
	run -0 mq request q -m loud
	assert_output LOUD
	run -0 mq request q -m loud
	assert_output LOUD
	mq push -q q -m 'no request'
	mq init -q q attempts=1
	wait_for has q dead 1
	run -0 mq show q "$(mq ls q --ids --state dead)"
	assert_output --partial "this message is no request: it has no header Reply-To"
	unset MQ_QUEUE MQ_HEADER_REPLY_TO
	run -64 mq reply -m x
	assert_output --partial "QUEUE and PLACE are missing"
}

@test "the first answer is it; the second is late, and so is one that nobody waits for" {
	mq init -q q
	ask asks
	kill -STOP "$pid"
	mq reply q "$token" -m first
	run -69 mq reply q "$token" -m second
	assert_output "mq reply: queue q: this request has an answer already; the answer is dropped"
	kill -CONT "$pid"
	answered first
	run -69 mq reply q "$token" -m third
	assert_output "mq reply: queue q: nobody waits for this answer any more; the answer is dropped"
	assert_equal "$(mq stat q --json | jq .totals.late)" 2
	assert_equal "$(mq stat --prometheus | grep '^mq_answers_late')" 'mq_answers_late_total{queue="q"} 2'
	assert_equal "$(ls -A "$MQ_SPOOL/q/tmp")" ""
}

@test "who gives up while an answer is written is not answered by a part of it" {
	mq init -q q
	ask asks
	mkfifo pipe
	mq reply q "$token" <pipe >out 2>errors 3>&- &
	replier=$!
	exec 5>pipe
	echo half >&5
	wait_for written
	kill "$pid"
	ended "$pid"
	assert_equal "$(cat asks.out)" ""
	exec 5>&-
	status=0
	wait "$replier" || status=$?
	assert_equal "$status" 69
	assert_equal "$(ls -A "$MQ_SPOOL/q/tmp")" ""
}

written() {
	[ -s "$(echo "$MQ_SPOOL"/q/tmp/mq-*)" ]
}

@test "stopped before the answer is complete: nothing is answered" {
	mq init -q q
	ask asks
	mkfifo pipe
	mq reply q "$token" <pipe >out 2>errors 3>&- &
	replier=$!
	pids+=("$replier")
	exec 5>pipe
	echo half >&5
	wait_for written
	kill "$replier"
	ended "$replier"
	exec 5>&-
	assert_equal "$status $(ls -A "$MQ_SPOOL/q/tmp")" "143 "
	assert alive "$pid"
	mq reply q "$token" -m whole
	answered whole
}

@test "a place is 32 digits and nothing else; a queue is one that there is" {
	mq init -q q
	mq init -q r
	for token in '' . .. ../../r/new 0123456789abcdef0123456789abcde 0123456789ABCDEF0123456789abcdef \
		0123456789abcdef0123456789abcdef0 0123456789abcdef/../../../r/new; do
		run -65 mq reply q "$token" -m x
		assert_output --partial "is no reply place"
	done
	token=0123456789abcdef0123456789abcdef
	run -66 mq reply qq $token -m x
	assert_output --partial "did you mean"
	run -64 mq reply ../q $token -m x
	run -69 mq reply q $token -m x
	run -64 mq reply q $token file -m x
	run -64 mq reply q $token -m x -m y
	run -64 mq reply a b c d
	run -64 mq -s ssh://host/spool reply q $token -m x
	assert_equal "$(find "$MQ_SPOOL/r" "$MQ_SPOOL/q" -type f ! -name counters)" ""
}

@test "who may not write there: 77; a handler's answer that cannot be given is a failed attempt" {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root to be another user"
	dir=$BATS_TEST_TMPDIR
	while [ -O "$dir" ] && [ "$dir" != / ] && [ "$dir" != /tmp ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
	as_nobody() { MQ_CONF=/nonexistent setpriv --reuid=65534 --regid=65534 --clear-groups "$@"; }
	mkdir "$MQ_SPOOL"
	chown 65534:65534 "$MQ_SPOOL"
	as_nobody mq init -q q attempts=1
	bg asks mq request q -m question
	wait_for has q ready 1
	token=$(mq ls q --json | jq -r '.headers["Reply-To"]')
	# What root makes in somebody's queue is theirs; this is another's.
	chown 0:0 "$MQ_SPOOL/q/replies/$token"
	chmod 755 "$MQ_SPOOL/q/replies/$token"
	run -77 as_nobody mq reply q "$token" -m x
	run -77 as_nobody mq work --reply --drain q -- echo x
	assert_equal "$(mq dead q -o reason | tail -n 1)" no-answer
	chmod 700 "$MQ_SPOOL/q/replies/$token"
	run -77 as_nobody mq reply q "$token" -m x
	chown 65534:65534 "$MQ_SPOOL/q/replies/$token"
	as_nobody mq reply q "$token" -m x
	answered x
}
