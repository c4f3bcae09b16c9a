#!/usr/bin/env bats
# order.bats: push -k: messages of one key one at a time and in order; queues that keep the latest.
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# key K BODY...: each pushed with key K
key() {
	local k=$1 body
	shift
	for body; do mq push -q q -k "$k" -m "$body" || return; done
}

# take: claim the next; its body is in $body, its handle in $h
take() {
	h=$(mq claim q --body body "$@") || return
	body=$(<body)
}

# next BODY: that is what is claimed
next() {
	take && assert_equal "$body" "$1"
}

# nothing: there is nothing to claim
nothing() {
	run -1 mq claim q
}

# turns: how many keys have one
turns() {
	find spool/q/turns -type f 2>/dev/null | wc -l
}

@test "one at a time: the next of a key is had when the one before it is acknowledged" {
	key a a1 a2 a3
	next a1
	nothing
	mq ack q "$h"
	next a2
	nothing
	mq ack q "$h"
	next a3
	mq ack q "$h"
	nothing
	assert_equal "$(turns)" 0
	run -0 ls spool/q/waiting
	assert_output ""
	run -0 mq fsck q
}

@test "other keys, and messages without one, go on meanwhile" {
	key a a1 a2
	key b b1 b2
	mq push -q q -m plain
	next a1
	next b1
	next plain
	nothing
}

@test "the key is a header, and its hash is in the name" {
	mq push -q q -k 'order 17' -m x
	run -0 mq peek -i q
	assert_line "Header: Key: order 17"
	run -0 find spool/q/ready -name '*,K[0-9a-f]*'
	assert_output --regexp ',K[0-9a-f]{16}$'
	mq work q --drain -- sh -c 'printf %s "$MQ_HEADER_KEY" >key'
	assert_equal "$(<key)" "order 17"
}

@test "a failed message keeps its turn through its back-off" {
	mq init q backoff=1h jitter=none
	key a a1 a2
	next a1
	mq nack q "$h"
	nothing
	mq retry -q q --all --state delayed --keep-attempts
	next a1
	mq ack q "$h"
	next a2
}

@test "a claim that is given back goes first again" {
	key a a1 a2
	next a1
	mq nack --no-count q "$h"
	next a1
}

@test "the one that has the turn is found behind another of its key that goes before it by its priority" {
	mq init q backoff=0s
	key a a1
	next a1
	mq push -q q -k a -p 0 -m urgent
	mq nack q "$h"
	next a1
	mq ack q "$h"
	next urgent
}

@test "a lease that ran out keeps the turn" {
	mq init q backoff=0s
	key a a1 a2
	take --lease 1ms
	sleep 0.01
	next a1
}

@test "order_dead=skip: a dead letter lets the others pass" {
	key a a1 a2
	next a1
	nothing
	mq nack --dead q "$h"
	next a2
	mq ack q "$h"
	mq retry -q q --all
	next a1
	assert_equal "$(turns)" 1
}

@test "order_dead=block: a dead letter blocks its key until it is retried, removed or moved" {
	mq init q order_dead=block
	mq init other
	key a a1 a2 a3
	key b b1
	next a1
	mq nack --dead q "$h"
	next b1
	nothing
	mq retry -q q --all
	next a1
	mq nack --dead q "$h"
	nothing
	mq rm -q q --state dead --all --force
	next a2
	mq nack --dead q "$h"
	nothing
	mq mv -q q other --state dead --all
	next a3
	mq hold -q q --force "${h%%,*}"
	key a a4
	nothing
	mq rm -q q --state held --all --force
	next a4
	mq ack q "$h"
	assert_equal "$(turns)" 1	# b1
}

# blocked KEYS: of each, the first is a dead letter and the next two are parked
blocked() {
	mq init q order_dead=block
	for ((i = 0; i < $1; i++)); do seq -f "k$i-%g" 3 | mq push -q -l -k "k$i" q; done
	mq work q --drain -- sh -c 'exit 65'
	nothing
	assert_equal "$(find spool/q/waiting -type f | wc -l)" $((2 * $1))
}

@test "a policy that blocks no more lets all keys pass, also those that are parked" {
	blocked 70
	mq init q order_dead=skip
	assert_equal "$(find spool/q/waiting -type f | wc -l)" 70
	mq work q --drain -- true
	assert_has q ready 0
}

@test "also one that was changed by hand" {
	blocked 70
	sed -i s/block/skip/ spool/q/queue.conf
	mq work q --drain -- true
	assert_has q ready 0
}

@test "of many keys the one is found whose dead letter was removed by hand" {
	blocked 20
	rm "$(find spool/q/dead -type f | sort | sed -n 5p)"
	next k4-2
	nothing
}

@test "with a dead-letter queue a failed message does not block" {
	mq init q order_dead=block dead_queue=graves
	key a a1 a2
	next a1
	mq nack --dead q "$h"
	next a2
	mq ack q "$h"
	# A queue that is its own is none.
	mq init q dead_queue=q
	key a a3 a4
	next a3
	mq nack --dead q "$h"
	nothing
}

@test "but it blocks where the dead-letter queue cannot take it" {
	mq init q order_dead=block dead_queue=graves
	touch spool/graves
	key a a1 a2
	next a1
	mq nack --dead q "$h"
	assert_has q dead 1
	nothing
	rm spool/graves
	mq retry -q q --all
	next a1
	mq nack --dead q "$h"
	assert_has graves ready 1
	next a2
}

@test "rm, hold, bury and mv of what waits for its turn" {
	mq init to
	key a a1 a2 a3 a4 a5 a6
	next a1
	nothing	# now the others are parked
	assert_has q ready 5
	mapfile -t ids < <(mq ls q --state ready --ids)
	mq rm q --force "${ids[0]}"
	mq hold -q q "${ids[1]}"
	mq bury q "${ids[2]}"
	mq mv -q q to "${ids[3]}"
	mq ack q "$h"
	next a6
	run -0 mq pop to
	assert_output a5
	mq ack q "$h"
	assert_equal "$(turns)" 0
	run -0 mq fsck q
}

# given_back BODY...: of one key; the first has the turn and is ready, the others are parked
given_back() {
	key K "$@"
	next "$1"
	nothing
	mq nack -q --no-count q "$h"
	assert_has q ready $#
}

@test "rm, hold, bury and mv of a selection take also the next of each key, and in order" {
	mq init to
	for verb in "rm --force q" "hold q" "bury q" "mv q to"; do
		for which in --all --header=Key=K --last=9; do
			given_back 1 2 3 4 5 6 7 8 9
			mq ls q --sort=id --ids >want
			# shellcheck disable=SC2086 # a verb and its operands
			run -0 mq -v $verb $which
			assert_has q ready 0
			grep -o '[0-9a-f-]\{36\}' <<<"$output" >got
			run -0 diff want got
			assert_equal "$(turns)" 0
			mq rm -q q --state=held,dead --all --force || :
			mq pop -n 10 -l to >bodies || :
		done
	done
	assert_equal "$(<bodies)" "$(seq 9)"
	given_back 1 2 3 4
	mq ls q --sort=id --ids >want
	run -0 mq -v mv q to - <want
	grep -o '[0-9a-f-]\{36\}' <<<"$output" >got
	run -0 diff want got
	given_back 1 2 3 4
	mq rm -q q --first=2
	next 3
}

@test "mv killed at work, or others at work meanwhile: what it has not moved goes on" {
	given_back 1 2 3 4
	stopped_at PAUSE_OPEN "$(hash_of 1)" mq mv -q --all q to
	kill -KILL "$pid"
	rm pause
	next 2
	mq nack -q --no-count q "$h"
	stopped_at PAUSE_OPEN "$(hash_of 2)" mq mv -q --all q to
	next 3
	go_on
	mq ack q "$h"
	nothing
	assert_equal "$(mq pop -n 9 -l to | tr '\n' ' ')" "1 2 4 "
	assert_equal "$(turns)" 0
	run -0 mq fsck q
}

@test "what is held, or comes by mv, and waits again takes its place among those that wait" {
	key a a1 a2 a3 a4
	next a1
	nothing
	mapfile -t ids < <(mq ls q --state ready --ids)
	mq hold -q q "${ids[1]}"
	mq mv -q q other "${ids[0]}"
	mq retry -q q "${ids[1]}"
	mq mv -q other q "${ids[0]}"
	mq ack q "$h"
	for body in a2 a3 a4; do
		next $body
		mq ack q "$h"
	done
	nothing
}

@test "an expired message does not block" {
	mq init q expired=drop
	key a a1
	mq push -q q -k a -x 1ms -m old
	key a a2
	sleep 0.01
	next a1
	nothing
	mq ack q "$h"
	next a2
}

@test "what waits is seen by ls, peek, show, stat and export as ready" {
	key a a1 a2
	next a1
	nothing
	run -0 mq ls q -o id,state
	assert_line --regexp 'ready'
	run -0 mq stat --json q
	assert_output --partial '"ready":1'
	id=$(mq ls q --state ready --ids)
	run -0 mq peek q "$id"
	assert_output a2
	run -0 mq show q "$id"
	assert_line --regexp '^Turn +that of message .*, which is before it$'
	run -0 mq show q "${h%%,*}"
	assert_line --regexp '^Turn +it has the turn of its key$'
	mq export q >archive
	MQ_SPOOL=$PWD/other mq import -q q <archive
	run -0 env MQ_SPOOL="$PWD/other" mq pop q
	assert_output a1
}

@test "many keys busy: the claim finds the one that is not" {
	for ((i = 0; i < 100; i++)); do key "k$i" "k$i-1" "k$i-2"; done
	for ((i = 0; i < 100; i++)); do next "k$i-1"; done
	key free last
	next last
	nothing
}

@test "one key with many messages does not hold up the others" {
	seq -f 'a%g' 1200 | mq push -q -l -k a q
	key b b1
	next a1
	next b1
	nothing
	mq ack q "$h"
	run -0 mq fsck q
}

@test "an atomic batch of one key is in order" {
	seq 1100 | mq push -q -l --atomic -k a q
	mq work q --drain -j2 -- sh -c 'cat; echo' >got
	run -0 diff <(seq 1100 | head -100) <(head -100 got)
	run -0 diff <(seq 1100) got
}

@test "a worker takes keys in order, and different ones at the same time" {
	key a a1 a2
	key b b1
	bg work mq work q -j4 -- sh -c 'read -r x; touch "began.$x"; sh await "go.$x"; echo "$x" >>log'
	wait_for test -e began.a1
	wait_for test -e began.b1
	key c c1
	wait_for test -e began.c1
	[ ! -e began.a2 ]
	touch go.a1
	wait_for test -e began.a2
	touch go.a2 go.b1 go.c1
	mq wait q --empty --timeout 600s
}

@test "pop -w is woken when the turn of what it waits for comes" {
	key a a1 a2
	next a1
	bg pop mq pop q -w
	wait_for test -d spool/q/waiting
	wait_for sh -c 'ls spool/q/waiting/* | grep -q .'
	mq ack q "$h"
	ended "$pid"
	assert_equal "$(<pop.out)" a2
}

@test "watch tells a message that waited once" {
	mq init q
	bg watch mq watch q
	wait_for grep -q . watch.err
	key a a1 a2
	next a1
	nothing
	mq ack q "$h"
	next a2
	wait_for sh -c '[ "$(grep -c claimed watch.out)" = 2 ]'
	assert_equal "$(grep -c pushed watch.out)" 2
	refute grep -q moved watch.out
}

@test "a turn that a killed command left behind is found and mended" {
	key a a1 a2 a3
	next a1
	nothing
	rm spool/q/claimed/*/*	# as by hand, or by a crash between two steps
	run -1 mq fsck q
	assert_output --partial stuck-turn
	run -0 mq fsck --repair q
	next a2
	rm spool/q/claimed/*/*
	key a a4
	next a3	# who meets a message of that key mends it, too
}

@test "foreign things in turns/ and waiting/ stop no other key, and fsck mends them" {
	key a a1 a2
	key b b1
	mq push -q q -m free
	next a1
	mq ack q "$h"
	turn=spool/q/turns/af63dc4c8601ec8c	# the hash of "a"
	rm -rf "$turn"
	for broken in 'touch $turn' 'ln -s /tmp $turn' 'mkdir $turn; mkfifo $turn/x' 'mkdir $turn; mkdir $turn/d' \
	    'mv spool/q/turns t; touch spool/q/turns' 'ln -s /tmp spool/q/waiting'; do
		rm -rf "$turn" spool/q/waiting
		mkdir -p "${turn%/*}"
		turn=$turn sh -c "$broken"
		mq pop q -n 9 -l >got 2>err || :
		grep -qx free got
		run -0 mq ls
		run -1 mq fsck q
		assert_output --partial foreign-
		run -0 mq fsck -q --repair q
		run -0 mq fsck q
		mq push -q q -m free
		[ -z "$(mq ls q --match a2 --ids)" ] || assert_equal "$(mq pop q -n 9 -l | sort | head -n 1)" a2
		key a a2
		key b b1
		mq push -q q -m free
	done
}

@test "-k: bad uses" {
	run -64 mq push q -k '' -m x
	run -64 mq push q -k a -k b -m x
	run -65 mq push q -k $'a\nb' -m x
	run -64 mq push q -k ' a' -m x
	run -64 mq push q -k a$'\t' -m x
	run -64 mq push q -k a -H 'key: b' -m x
	[ ! -e spool/q/ready ] || assert_has q ready 0
}

@test "latest: a message replaces the waiting one of its key" {
	mq init q latest=yes
	key a a1 a2 a3
	key b b1
	assert_has q ready 2
	next a3
	key a a4 a5
	next b1
	nothing
	mq ack q "$(mq ls q --state claimed --json | jq -r 'select(.headers.Key == "a" or .headers.key == "a" or (.headers|tostring|test("\"a\""))) | .handle' | head -n1)"
	next a5
	mq ack q "$h"
	nothing
}

@test "latest: the newest takes the place of one that failed, at once" {
	mq init q latest=yes backoff=1h jitter=none
	key a a1
	next a1
	mq nack q "$h"
	nothing
	key a a2
	next a2
	assert_has q delayed 0
}

@test "latest: what comes back from a claim while a newer one waits is gone, and keeps nobody waiting" {
	printf "[queue q]\nlog = %s\n" "$PWD/events" >no.conf
	mq init q latest=yes backoff=1h jitter=none
	for back in "" "--delay 1h" "--no-count --delay 1h" "--no-count"; do
		key a old
		next old
		key a new
		nothing
		# shellcheck disable=SC2086 # options
		mq nack $back q "$h"
		assert_has q ready 1
		assert_has q delayed 0
		next new
		mq ack q "$h"
	done
	assert_equal "$(grep -c replaced events)" 4
	key a old
	take --lease 1ms
	key a new
	sleep 0.01
	next new
	assert_has q delayed 0
}

@test "latest: the newest is delivered at once when the worker of an older one is killed" {
	mq init q latest=yes backoff=1h jitter=none
	key a old
	bg worker mq work q -- sh -c 'echo >working; exec sleep 60'
	wait_for test -e working
	key a new
	kill -KILL "$pid"
	wait_for next new
	assert_has q delayed 0
}

@test "latest: a message that was delayed is replaced when it is ready, too" {
	mq init q latest=yes
	mq push -q q -k a -d 1ms -m old
	mq push -q q -p 0 -m first
	due() { take && mq nack --no-count q "$h" && [ "$(count q delayed)" -eq 0 ]; }
	wait_for due
	assert_has q ready 2
	key a new
	assert_has q ready 2
	next first
	next new
	assert_equal "$(mq fsck q)" ""
}

@test "latest: a suspect that comes back while a newer one waits is gone" {
	mq init q latest=yes
	key a old
	mq push -q q -m beside
	bg worker mq work q -j 2 -- sh -c 'echo >>working; exec sleep 60'
	both() { [ "$(wc -l <working)" -eq 2 ]; }
	wait_for test -e working
	wait_for both
	key a new
	mq push -q q -p 0 -m first
	kill -KILL "$pid"
	ended "$pid"
	next first
	assert_has q claimed 1
	assert_has q ready 2
	next beside
	next new
	assert_equal "$(find spool/q/failures -type f | wc -l)" 1
}

@test "latest: one that fails just while a newer one is pushed is gone, too" {
	mq init q latest=yes backoff=1h jitter=none
	key a old
	next old
	stopped_at PAUSE_OPEN delayed mq nack q "$h"
	key a new
	go_on
	assert_has q delayed 0
	next new
}

@test "latest: a dead letter stays one, whatever came after it" {
	mq init q latest=yes
	key a old
	next old
	key a new
	mq nack --dead q "$h"
	assert_has q dead 1
	next new
}

@test "latest: where the newest was removed, moved away or set aside, an older one that is retried is delivered" {
	mq init q latest=yes
	for go in "rm q" "mv q other" "retry q" hold bury; do
		key a old
		mq nack --dead q "$(mq claim q)"
		old=$(mq ls q --state dead --ids)
		key a new
		new=$(mq ls q --state ready --ids)
		case $go in
		retry*)	mq ack q "$(mq claim q)" ;;
		mv*)	mq mv q other "$new" ;;
		rm*)	mq rm q "$new" ;;
		*)	mq "$go" q "$new" ;;
		esac
		mq retry -q q "$old"
		next old
		mq ack q "$h"
		case $go in hold | bury) mq rm -q q "$new" ;; esac
	done
	for go in hold bury; do
		key a old
		next old
		key a new
		mq "$go" -q q --state ready
		mq nack --delay 0 q "$h"
		next old
		mq ack q "$h"
		mq retry -q q --state held,dead
		next new
		mq ack q "$h"
	done
	mq init q expire=1s expired=drop
	key a old
	mq nack --dead q "$(mq claim q)"
	mq push -q q -k a -x 1ms -m new
	wait_for nothing
	mq retry -q q --all
	next old
}

@test "latest: also of what comes through a topic, or from its past" {
	mq init q latest=yes
	mq init t keep=1d
	mq subscribe t q
	for i in 1 2 3; do
		mq push -q t -k a -m "v$i"
		mq push -q t -k b -m "w$i"
	done
	assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ' ')" "v3 w3 "
	mq init late latest=yes
	mq subscribe -q --since=1d t late
	assert_equal "$(mq pop late -n 9 -l | sort | tr '\n' ' ')" "v3 w3 "
}

@test "latest: of what one command pushes only the last is left waiting" {
	mq init q latest=yes
	key a v0
	# More than share one sync, last.
	for how in "-d 1ms" "--atomic -d 1ms" "--atomic" ""; do
		[ "$how" ] && last=3 || last=1100
		# shellcheck disable=SC2086 # options
		seq "$last" | mq push q -l -k a $how >ids
		assert_equal "$(wc -l <ids)" "$last"
		assert_equal "$(mq ls q --ids)" "$(tail -n1 ids)"
	done
	next 1100
	run -0 mq fsck q
}

@test "latest: also of what is moved, retried or replayed there, in whatever order" {
	mq init q latest=yes
	for order in cat tac; do
		mq push -q o -k a -m v1
		mq push -q o -k b -m w1
		mq push -q o -k a -m v2
		mq ls o --ids | $order | mq mv o q -
		assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ' ')" "v2 w1 "
		for body in v1 v2; do
			key a "$body"
			mq nack --dead q "$(mq claim q)"
		done
		mq ls q --ids --state dead | $order | mq retry q -
		assert_equal "$(mq ls q --ids | wc -l)" 1
		next v2
		mq ack q "$h"
	done
	# What was dead, or is held, replaces nothing before it is retried.
	key a v1
	mq push -q o -k a -m v2
	mq hold -q o --all
	mq mv -q o q --state held
	assert_has q ready 1
	mq retry -q q --state held
	next v2
	mq ack q "$h"
	nothing
}

@test "latest: what is replayed is newer than all that was there, each than the one before" {
	mq init q latest=yes
	mq init -q e keep=1d
	for body in v1 v2 v3; do
		mq push -q e -k a -m "$body"
		mq pop -q e >/dev/null
	done
	mq replay -q --all --to=q e
	assert_has q ready 1
	assert_equal "$(mq pop q -n 9 -l)" v3
	mq init q keep=1d
	key a w1
	mq pop q
	key a w2
	mq replay -q --all q
	assert_has q ready 1
	assert_has q "done" 1
	assert_equal "$(mq pop q -n 9 -l)" w1
}

@test "latest: of many pushed at once the newest is always delivered" {
	mq init q latest=yes
	for ((p = 0; p < 4; p++)); do
		bg "push$p" sh -c 'for i in 1 2 3 4 5 6 7 8 9 10; do mq push -q q -k a -m "$1-$i"; done' - "$p"
	done
	for p in "${pids[@]}"; do ended "$p"; done
	newest=$(mq ls q --sort=id -o id --ids | tail -n1)
	last=$(mq peek q "$newest")
	mq work q --drain -- sh -c 'cat; echo' >got
	assert_equal "$(tail -n1 got)" "$last"
}

@test "export and import: whose turn it is comes along, in whatever state" {
	mq init q order_dead=block
	for how in "nack --dead" "nack --delay=1h" "hold --force" claimed given-back; do
		key K 1
		next 1
		mq push -q q -k K -p 0 -m 2
		key K 3
		case $how in
		nack*) mq ${how% *} q "${how#* }" "$h" ;;
		hold*) mq hold -q q --force "${h%%,*}" ;;
		given-back) mq nack -q --no-count q "$h" ;;
		esac
		rm -rf spool/b
		mq export q | mq import -q b
		case $how in
		claimed | given-back)
			assert_equal "$(mq pop b)" 1
			assert_equal "$(mq pop b)" 2
			;;
		*)
			run -1 mq pop b
			run -0 mq fsck b
			mq rm -q b --state=dead,held,delayed --all --force
			assert_equal "$(mq pop b)" 2
			;;
		esac
		assert_equal "$(mq pop b)" 3
		mq rm -q q --state=ready,delayed,claimed,dead,held --all --force
	done
}

@test "import: who consumes meanwhile takes nothing before what has the turn; with order_dead=skip a dead letter has none" {
	key K 1 2 3
	next 1
	mq nack q --delay=1h "$h"
	mq export q >q.tar
	mq init b
	bg pop mq pop -w b
	wait_for armed "$pid"
	mq import -q b <q.tar
	mq push -q b -m other
	ended "$pid"
	assert_equal "$(<pop.out)" other
	mq init -q q order_dead=block
	mq nack --dead q "$(mq retry -q q --state=delayed --all; mq claim q)"
	mq export q >q.tar
	mq init skip order_dead=skip
	mq import -q skip <q.tar
	assert_equal "$(mq pop skip)" 2
}

@test "mv: whose turn it is comes along" {
	key K 1 2 3
	next 1
	mq nack q --delay=1h "$h"
	mq mv -q --all q to
	run -1 mq pop to
	mq retry -q to --state=delayed --all
	assert_equal "$(mq pop -n 9 -l to | tr '\n' ' ')" "1 2 3 "
	# Who has it there keeps it.
	mq push -q to -k K -m 0
	other=$(mq claim to)
	key K 4
	next 4
	mq nack q --delay=1h "$h"
	mq mv -q --all q to
	mq push -q to -k K -m 5
	mq ack to "$other"
	assert_equal "$(mq pop to)" 5
}

# hash_of BODY: of the key of the message with that body
hash_of() {
	find spool/q -name "*$(mq ls q --match "$1" --ids)*,K*" | sed -n '1s/.*,K\([0-9a-f]*\).*/\1/p'
}

# two_buckets: b1 claimed; b2, and in a bucket after that b3; a1 and a2, pushed before and after that bucket was made, in topic t
two_buckets() {
	mq subscribe t q
	key b b1 b2
	mq claim q
	mq pause -q t
	mq push -q t -k a -m a1
	local first
	first=$(ls spool/q/ready)
	bucket=$(date -u +%Y%m%dT%H%M%S.%6NZ)
	mkdir "spool/q/ready/${first%%.*}.$bucket"
	key b b3
	mq push -q t -k a -m a2
}

@test "two that a topic gives while a claim looks: the one that it has missed goes first" {
	two_buckets
	stopped_at PAUSE_OPEN "$bucket" mq pop q
	mq resume -q t
	mq topics
	assert_equal "$(find spool/q/ready -type f | wc -l)" 4
	go_on
	assert_equal "$(<stopped.out)" a1
	next a2
}

@test "nor does one take the turn of a more urgent one before it, however long the look has lasted" {
	two_buckets
	stopped_at PAUSE_OPEN "$bucket" mq pop q
	sleep 1.1
	mq push -q q -k c -p 0 -m urgent
	key c later
	go_on
	assert_equal "$(<stopped.out)" urgent
	next later
}

@test "nor when the clock was set back meanwhile" {
	two_buckets
	mkdir "spool/q/ready/6.$bucket"
	echo 0 100 >clock
	stopped_at PAUSE_OPEN "5.$bucket" env CLOCK_FILE="$PWD/clock" \
	    LD_PRELOAD="$MQ_BUILD/preload/pause.so $MQ_BUILD/preload/clock.so" mq pop q
	echo 0 0 >clock
	mq push -q q -k c -p 0 -m urgent
	mq push -q q -k c -p 6 -m later
	go_on
	assert_equal "$(<stopped.out)" urgent
}

@test "nor is the second put aside before the first" {
	two_buckets
	key a a0
	next a0
	first=$h
	# It puts b2 aside: the first bucket is read.
	stopped_at PAUSE_MKDIR "$(hash_of b1)" sh -c 'mq pop q; [ $? = 1 ]'
	mq resume -q t
	mq topics
	go_on
	mq ack q "$first"
	next a1
	mq ack q "$h"
	next a2
}

# full_bucket: the next push makes a new one
full_bucket() {
	local newest pad
	newest=$(find spool/q/ready -mindepth 1 -type d | sort | tail -n 1)
	pad=$(printf '%0200d' 0)
	touch "$newest"/."$pad"{1..400}
}

@test "a bucket that others remove, or finish, while it is made" {
	mq push -q q -m first
	full_bucket
	stopped_at PAUSE_MKDIR Z mq push -q q -m second
	rmdir spool/q/ready/+*
	go_on
	full_bucket
	stopped_at PAUSE_MKDIR Z mq push -q q -m third
	half=$(echo spool/q/ready/+*)
	chmod 0 "$half"
	mv "$half" "${half/+}"
	go_on
	assert_equal "$(stat -c %a "${half/+}")" "$(stat -c %a spool/q/tmp)"
	assert_equal "$(mq ls q --match 'first|second|third' --ids | wc -l)" 3
}

@test "keys in order under random kills" {
	run timeout 800 python3 "$BATS_TEST_DIRNAME/order.py" 5 60 20 "${SEED:-1}"
	echo "$output"
	assert_equal "$status" 0
}
