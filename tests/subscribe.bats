#!/usr/bin/env bats
# subscribe.bats: topics: who gets what, filters, starting from what was kept, what is refused, and who dies on the way
# shellcheck disable=SC2016 # for other shells

load work_helper
load inject_helper
load helper

setup() {
	pid=
	common_setup
}

teardown() {
	common_teardown
}

# bodies QUEUE: of all that is ready, in order
bodies() {
	mq pop "$1" -n 1000 -l | tr '\n' ' '
}

@test "each queue gets each message: one inode, and each its own leases, failures and dead letters" {
	for s in payment inventory shipping; do mq subscribe orders $s; done
	mq init -q payment attempts=1
	run -0 mq push orders -m one
	assert_counts orders ""
	for s in payment inventory shipping; do assert_counts $s "ready=1"; done
	assert_equal "$(find "$MQ_SPOOL" -path '*/ready/*' -type f -printf '%i %n\n' | sort -u | wc -l)" 1
	assert_equal "$(find "$MQ_SPOOL" -path '*/ready/*' -type f -printf '%n\n' | sort -u)" 3
	assert_equal "$(id payment ready)" "$output"
	mq work payment --drain -- false
	h=$(mq claim inventory)
	mq nack inventory --delay 1h "$h"
	assert_counts payment "dead=1"
	assert_counts inventory "delayed=1"
	assert_counts shipping "ready=1"
	assert_equal "$(json shipping '.attempts, .deliveries' | tr '\n' ' ')" "0 0 "
	assert_equal "$(mq pop shipping)" one
	run -0 mq fsck
}

@test "an edit in one queue leaves the others as they were; claims hold their own locks" {
	mq subscribe orders a
	mq subscribe orders b
	mq push -q orders -m one
	mq hold -q a --all
	EDITOR='sed -i s/one/two/' mq edit -q a "$(id a held)"
	mq retry -q a --state held
	assert_equal "$(mq pop a)" two
	assert_equal "$(mq peek b)" one
	# Both have it claimed by a living process; one dies, and only its claim comes back.
	mq push -q orders -m three
	mq pop -q b
	mq init -q a backoff=0s
	bg w1 mq work a -- sh -c 'echo x >in.a; exec sleep 60'
	a=$pid
	bg w2 mq work b -- sh -c 'echo x >in.b; exec sleep 60'
	wait_for test -s in.a
	wait_for test -s in.b
	kill -9 "$a"
	wait_for mq claim -q a
	run -1 mq claim b
	assert_counts b "claimed=1"
}

@test "filters: words of Type, patterns of others, without, all of several, a header twice" {
	sub() { local q=$1; shift; local f=(); for x; do f+=(--filter "$x"); done; mq subscribe t "$q" "${f[@]}"; }
	sub all
	sub created 'Type=order.*.created'
	sub any 'type=order.#'
	sub last 'Type=#.created'
	sub mid 'Type=#.b.#.d.*'
	sub eu 'Region=eu-*' 'Region!=eu-test'
	sub none 'Region!=*'
	mq push -q t -H 'Type: order.a.created' -m 1
	mq push -q t -H 'Type: order' -m 2
	mq push -q t -H 'Type: orders.a.created' -m 3
	mq push -q t -H 'TYPE: a.b.c.b.d.e' -m 4
	mq push -q t -H 'Region: us-1' -H 'region: eu-1' -m 5
	mq push -q t -H 'Region: eu-1' -H 'Region: eu-test' -m 6
	mq push -q t -H 'Type: order.a.b.created' -m 7
	mq push -q t -m 8
	assert_equal "$(bodies all)" "1 2 3 4 5 6 7 8 "
	assert_equal "$(bodies created)" "1 "
	assert_equal "$(bodies any)" "1 2 7 "
	assert_equal "$(bodies last)" "1 3 7 "
	assert_equal "$(bodies mid)" "4 "
	assert_equal "$(bodies eu)" "5 "
	assert_equal "$(bodies none)" "1 2 3 4 7 8 "
	sub created 'Type=gone'
	mq push -q t -H 'Type: order.a.created' -m 9
	assert_counts created ""
}

@test "what is refused, and makes nothing" {
	mq push -q plain -m x
	run -64 mq subscribe t t
	run -64 mq subscribe t q --filter 'Type=ord*'
	assert_output --partial "one word"
	run -64 mq subscribe t q --filter 'Type=a..b'
	run -64 mq subscribe t q --filter x
	run -64 mq subscribe t q --filter '=x'
	run -64 mq subscribe t q --filter $'A=b\nc'
	run -64 mq subscribe t q --since yesterday
	run -64 mq subscribe plain q
	assert_output --partial "swapped"
	run -64 mq subscribe t
	assert [ ! -e "$MQ_SPOOL/t" ]
	assert [ ! -e "$MQ_SPOOL/q" ]
	mq subscribe t q
	run -64 mq subscribe new t
	assert_output --partial "swapped"
	run -64 mq subscribe q new
	assert [ ! -e "$MQ_SPOOL/new" ]
	mq subscribe t plain
	for verb in "pop t" "claim t" "work t -- cat"; do
		# shellcheck disable=SC2086 # words
		run -64 mq $verb
		assert_output --partial "plain, q"
	done
	assert_counts t ""
}

# refused TOPIC QUEUE WHY: the one that was stopped has lost against this subscription, and left nothing
refused() {
	go_on 64
	grep -q "$3" stopped.err
	run -0 mq topics
	assert_output "$1 $2"
	assert_equal "$(echo "$MQ_SPOOL"/*/topics/* "$MQ_SPOOL"/*/subscriptions)" "$MQ_SPOOL/$2/topics/$1 $MQ_SPOOL/$1/subscriptions"
	mq unsubscribe "$1" "$2"
	rmdir "$MQ_SPOOL/$1/subscriptions"
}

@test "what was allowed is looked at again: the queue became a topic, or the topic a subscriber" {
	stopped_at PAUSE_MKDIR topics mq subscribe a b
	mq subscribe b c
	refused b c "'b' is a topic"
	rm -r "$MQ_SPOOL"
	stopped_at PAUSE_MKDIR topics mq subscribe b c
	mq subscribe a b
	refused a b "queue 'b' subscribes to topic 'a'"
	rm -r "$MQ_SPOOL"
	stopped_at PAUSE_MKDIR topics mq subscribe a b
	mq subscribe b a
	refused b a "'b' is a topic"
	# What it was about, it may do now.
	mq subscribe a b
}

# subscribe_both TOPIC QUEUE TOPIC QUEUE: at once; one of them loses, or both
subscribe_both() {
	local one=0 two=0 first
	bg one mq subscribe "$1" "$2"
	first=$pid
	bg two mq subscribe "$3" "$4"
	ended "$first"
	one=$status
	ended "$pid"
	two=$status
	case "$one $two" in
	'0 64' | '64 0' | '64 64') ;;
	*) echo "subscribe $*: $one and $two"; return 1 ;;
	esac
	assert_equal "$(mq topics | wc -l)" "$(((one == 0) + (two == 0)))"
	assert_equal "$(find "$MQ_SPOOL" -path '*/topics/*' | wc -l)" "$(((one == 0) + (two == 0)))"
	run -0 mq fsck
	assert_output ""
	rm -r "$MQ_SPOOL"
}

@test "two at once make neither a cycle nor a chain" {
	for ((n = 0; n < 10; n++)); do
		subscribe_both a b b a
		subscribe_both t q q z
	done
}

@test "topics that subscribe to topics are found by fsck, and ended by hand" {
	mq subscribe b c
	mq init a
	mkdir "$MQ_SPOOL/a/subscriptions"
	: >"$MQ_SPOOL/a/subscriptions/b"
	mkdir "$MQ_SPOOL/b/topics"
	: >"$MQ_SPOOL/b/topics/a"
	run -1 mq fsck --repair
	assert_output --partial "error chained-topic a/subscriptions/b: queue 'b' is a topic, too: mq unsubscribe a b ends it"
	assert_equal "${#lines[@]}" 1
	mq unsubscribe b c
	# Without a subscription it may be one that is just being given up.
	run -0 mq fsck
	assert_output ""
	[ -z "$MQ_SAN" ] || skip "SKIPPED: the clock is preloaded, which sanitizers do not bear"
	echo '0 120' >clock
	run -1 env CLOCK_FILE="$PWD/clock" LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq fsck
	assert_output --partial "error chained-topic a/subscriptions/b: "
	rmdir "$MQ_SPOOL/b/subscriptions"
	run -0 env CLOCK_FILE="$PWD/clock" LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq fsck
	assert_output ""
}

@test "a directory where a subscription goes: what it is, and what to do" {
	mq subscribe t q
	mkdir "$MQ_SPOOL/t/subscriptions/d" "$MQ_SPOOL/q/topics/u"
	for verb in subscribe unsubscribe; do
		run -74 mq $verb t d
		assert_output --partial "$MQ_SPOOL/t/subscriptions/d is a directory"
		assert_output --partial "mq fsck --repair t sets it aside"
	done
	run -74 mq subscribe u q
	assert_output --partial "$MQ_SPOOL/q/topics/u is a directory"
	mq fsck -q --repair >/dev/null
	mq subscribe t d
	mq subscribe u q
	run -0 mq topics
	assert_output $'t d\nt q\nu q'
}

@test "a topic that is shared later has its subscriptions readable, too" {
	mq subscribe t a
	mq init -q t mode=0660
	assert_equal "$(stat -c %a "$MQ_SPOOL/t/subscriptions/a" "$MQ_SPOOL/t/subscriptions" | tr '\n' ' ')" "660 770 "
}

@test "nobody wants it: held until somebody does, dropped, or refused" {
	mq subscribe t q --filter 'Kind=a'
	mq push -q t -m x
	assert_counts t "held=1"
	assert_equal "$(json t .reason)" unrouted
	mq subscribe t q --since 1h
	assert_counts t ""
	assert_equal "$(bodies q)" "x "
	mq subscribe t q --filter 'Kind=a'
	mq push -q t -m y
	mq subscribe t q
	mq retry -q t --state held
	assert_equal "$(bodies q)" "y "
	mq subscribe t q --filter 'Kind=a'
	mq init -q t unrouted=drop
	mq push -q t -m z
	assert_counts t ""
	mq init -q t unrouted=error
	run -66 mq push t -m z
	assert_output --partial "unrouted"
	run -0 mq push -q t -H 'kind: a' -m ok
	mq unsubscribe t q
	run -66 mq push t -H 'kind: a' -m z
	assert_counts t ""
	assert_equal "$(bodies q)" "ok "
}

@test "a message that nobody wants blocks no others of its key" {
	mq init t order_dead=block
	mq subscribe --filter Type=wanted t a
	for n in 1 2; do
		mq push -q t -k k -m nobody
		mq push -q t -k k --type wanted -m "$n"
	done
	assert_equal "$(bodies a)" "1 2 "
	assert_counts t "held=2"
}

@test "--since: what was kept and passes, once, and not what the queue has" {
	mq init -q t keep=1d
	mq subscribe t a
	mq push -q t -H 'Kind: x' -m 1
	mq push -q t -m 2
	mq push -q t -H 'Kind: x' -m 3
	run -0 mq subscribe t b --since 1h --filter Kind=x
	assert_output --partial "2 earlier messages"
	mq subscribe -q t b --since 2000-01-01 --filter Kind=x
	assert_equal "$(bodies b)" "1 3 "
	mq subscribe t c --since 2100-01-01T00:00:00Z
	mq push -q t -m 4
	assert_equal "$(bodies c)" "4 "
	assert_equal "$(bodies a)" "1 2 3 4 "
}

@test "--since: what is pushed meanwhile comes once, also if it is acknowledged before the old ones are given" {
	mq init -q t keep=1d sync=never
	mq subscribe t a
	seq 3000 | sed s/^/old/ | mq push -q -l t
	mq init -q b sync=never
	bg subscribe mq subscribe t b --since 1h
	wait_for compgen -G "$MQ_SPOOL/b/ready/*/*" >/dev/null
	kill -STOP "$pid"
	mq push -q t -m new
	mq pop b -n 9999 -l >got
	kill -CONT "$pid"
	ended "$pid"
	assert_equal "$status" 0
	mq pop b -n 9999 -l >>got
	assert_equal "$(grep -c old got)" 3000
	assert_equal "$(grep -c new got)" 1
}

@test "--since passes over what may not be read, says so, and gives the rest" {
	need_root
	mq init -q t keep=1d unrouted=drop
	mq subscribe t a
	mq unsubscribe t a
	seq 4 | mq push -q -l t
	chmod 0 "$(find "$MQ_SPOOL/t/done" -type f | sort | sed -n 2p)"
	chown -R 65534:65534 "$MQ_SPOOL"
	run -77 as_nobody mq subscribe t b --since 1h
	assert_output --partial "3 earlier messages"
	assert_output --partial "1 message is passed over"
	assert_equal "$(bodies b)" "1 3 4 "
}

@test "--since misses no message that is acknowledged in the topic, and not put aside yet" {
	need_inject
	mq init -q t keep=1d
	mq subscribe -q t a
	at_call "renameat2 [^ ]*t/claimed/[^ ]*,f[^ ]* [^ ]*t/done/" mq push -q t -k key -m one
	mq subscribe t late --since 1h
	kill -CONT $!
	wait $!
	assert_equal "$(mq pop late)" one
	run -1 mq pop late
	assert_equal "$(mq pop a)" one
}

@test "a queue that just acknowledges a message does not get it once more from a repeated distribution" {
	need_inject
	mq init -q t keep=1d
	mq init -q a keep=1d
	mq subscribe -q t a
	# The one who distributes dies when the queue has the message, and before it is acknowledged in the topic.
	action="kill" at_call "renameat2 [^ ]*t/claimed/[^ ]* [^ ]*t/claimed/[^ ]*,f" mq push -q t -k key -m one
	mq pause t	# or pop would repeat it
	at_call "renameat2 [^ ]*a/claimed/[^ ]*,f[^ ]* [^ ]*a/done/" mq pop a
	mq resume t
	mq topics t
	kill -CONT $!
	wait $!
	assert_counts a done=1
}

@test "--since misses nothing that is being distributed meanwhile" {
	mq init -q t keep=1d
	mq subscribe t a
	seq 400 >in
	bg push mq push -q -l t in
	mq subscribe -q t b --since 1h
	ended "$pid"
	mq subscribe -q t b --since 1h
	mq topics -q >/dev/null
	assert_equal "$(mq pop b -n 1000 -l | sort -n | uniq | cmp - in && echo same)" same
}

@test "a full or paused subscriber refuses before anything is queued; others are not asked" {
	mq subscribe t a
	mq subscribe t b --filter Kind=b
	mq init -q a max_messages=3
	mq pause --push b
	run -75 mq push -l t <<<$'1\n2\n3\n4\n5'
	assert_output --partial "queue 'a' is full"
	assert_equal "$(bodies a)" "1 2 3 "
	run -75 mq push t -H 'Kind: b' -m x
	assert_output --partial "queue 'b'"
	run -65 mq push t --atomic -l <<<$'1\n2\n3\n4\n5'
	assert_counts a ""
	assert_counts t ""
	mq push -q -l t <<<$'1\n2\n3'
	bg waiting mq push -q t --wait=20s -m 4
	mq pop a
	ended "$pid"
	assert_equal "$status" 0
	assert_equal "$(bodies a)" "2 3 4 "
}

@test "a subscriber that cannot get it: push has succeeded, says so, and a later command completes it" {
	mq init -q t backoff=0s
	mq subscribe t a
	mq subscribe t b
	mv "$MQ_SPOOL/b/ready" "$MQ_SPOOL/b/away"
	run -0 mq push t -m x
	assert_output --partial "queue 'b' did not get"
	assert_counts t "ready=1"
	h=$(mq claim a)
	mv "$MQ_SPOOL/b/away" "$MQ_SPOOL/b/ready"
	assert_equal "$(mq pop b)" x
	assert_counts t ""
	# Not once more, though it has another name there by now.
	assert_counts a "claimed=1"
	mq ack a "$h"
	run -0 mq fsck
}

@test "a queue that cannot be had: the others get each message once, however often it is tried" {
	mq init -q t backoff=0s
	for q in a b c; do mq subscribe t $q; done
	echo 'lease = bananas' >"$MQ_SPOOL/b/queue.conf"
	id=$(mq push t -k k -m x 2>err)
	for i in 1 2 3; do
		assert_equal "$(bodies a)" "$([ $i -gt 1 ] || echo 'x ')"
		run -0 mq topics t
		assert_output --partial "queue 'b' did not get all yet: b/queue.conf"
	done
	run -0 mq show t "$id"
	assert_output --regexp "Reason +queue 'b': b/queue.conf.*bananas"
	assert_output --partial "; given to a c"
	assert_equal "$(mq show t "$id" --json | jq -r '.history[-1] | .given, .reason')" $'a c\nrefused'
	# As a crash may leave it: a name that is cut off says nothing.
	record=$(echo "$MQ_SPOOL/t/failures/"*/"$id")
	printf '\nTime: 20261121T000000.000000Z\nReason: refused\nGiven: a' >>"$record"
	mq subscribe t d
	rm "$MQ_SPOOL/b/queue.conf"
	sed -i '$d' "$record"
	run -0 mq topics t
	refute_output --partial "did not"
	for q in b c d; do assert_equal "$(bodies $q)" "x "; done
	assert_equal "$(bodies a)" ""
	assert_counts t ""
	assert_equal "$(find "$MQ_SPOOL/t/failures" -type f)" ""
	run -0 mq fsck
}

@test "mq topics and fsck --repair try at once what has a back-off; they say what is paused" {
	mq init -q t backoff=1h jitter=none
	mq subscribe t a
	for try in 'mq topics t' 'mq fsck --repair t'; do
		echo 'lease = bananas' >"$MQ_SPOOL/a/queue.conf"
		mq push -q t -m one
		assert_counts t "delayed=1"
		rm "$MQ_SPOOL/a/queue.conf"
		run -1 mq pop a
		run -0 $try
		assert_equal "$(bodies a)" "one "
	done
	# What was pushed for later stays for later.
	mq push -q t -d 1h -m later
	mq topics -q t
	assert_counts t "delayed=1"
	mq pause t
	run -0 mq topics t
	assert_output --partial "topic 't' is paused, and keeps 1 message"
}

@test "a subscription that cannot be read keeps what its queue may want, and nobody else's" {
	mq subscribe t a
	mq subscribe t b
	head -c 70000 /dev/zero >"$MQ_SPOOL/t/subscriptions/b"
	head -c 70000 /dev/zero >"$MQ_SPOOL/t/subscriptions/core"
	run -0 mq push t -m x
	assert_output --partial "subscriptions/core: larger than"
	assert_output --partial "queue 'b' did not get all yet: subscriptions/b: larger than"
	assert_equal "$(bodies a)" "x "
	run -78 mq topics
	assert_line "t a"
	: >"$MQ_SPOOL/t/subscriptions/b"
	rm "$MQ_SPOOL/t/subscriptions/core"
	run -0 mq topics
	assert_equal "$(bodies b)" "x "
	assert_equal "$(bodies a)" ""
}

@test "a message larger than a subscriber takes is refused, and not queued" {
	mq subscribe t a
	mq subscribe t b --filter Kind=b
	mq init -q a max_size=10
	mq init -q b max_size=3
	run -65 mq push t -m 12345678901
	assert_output --partial "max_size, 10 bytes, of queue 'a'"
	run -65 mq push t -H 'Kind: b' -m 1234
	assert_output --partial "max_size, 3 bytes, of queue 'b'"
	mq push -q t -m 1234
	assert_equal "$(bodies a)" "1234 "
	assert_counts t ""
}

@test "who waits for what a paused topic keeps is woken by resume" {
	mq subscribe t a
	mq pause t
	bg pop mq pop a -w
	wait_for armed "$pid"
	mq push -q t -m x
	mq resume t
	ended "$pid"
	assert_equal "$(cat pop.out)" x
}

@test "a queue that was removed is passed over; fsck ends its subscription" {
	mq subscribe t a
	mq subscribe t b
	rm -r "$MQ_SPOOL/b"
	run -0 mq push t -m x
	assert_output --partial "no queue 'b'"
	assert_equal "$(mq pop a)" x
	run -1 mq fsck t
	assert_output --partial lost-subscription
	run -0 mq fsck --repair t
	run -0 mq topics t
	assert_output "t a"
	printf 'nonsense\n' >"$MQ_SPOOL/t/subscriptions/a"
	run -1 mq fsck t
	assert_output --partial bad-filter
	rm "$MQ_SPOOL/t/subscriptions/a"
	touch -d '1 hour ago' "$MQ_SPOOL/a/topics/t"
	: >"$MQ_SPOOL/t/subscriptions/a"
	rm "$MQ_SPOOL/a/topics/t"
	run -0 mq fsck --repair
	assert_output --partial lost-marker
	assert [ -e "$MQ_SPOOL/a/topics/t" ]
}

@test "killed in the middle: each queue gets each message, and none twice" {
	need_inject
	for q in a b c; do mq subscribe t $q; done
	mq push -q t -m first
	for q in a b c; do mq pop -q $q >/dev/null; done
	seq 3 >in
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 1 list report mq push -q -l t in
	last=$(tail -n 1 report | cut -d ' ' -f 1)
	for q in a b c; do assert_equal "$(bodies $q)" "1 2 3 "; done
	for ((n = 1; n <= last; n += 1 + last / 12)); do
		"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$n" kill report mq push -l t in >ids 2>&1 || true
		mq fsck --repair >/dev/null || true
		accepted=$(grep -c -- - ids || true)
		for q in a b c; do
			bodies $q >"got.$q"
			assert_equal "$(tr ' ' '\n' <"got.$q" | sort | uniq -d | grep . || true)" ""
		done
		cmp got.a got.b
		cmp got.b got.c
		[ "$(wc -w <got.a)" -ge "$accepted" ]
		assert_counts t ""
	done
}

@test "a push to the topic wakes who waits for the queue; a delayed one and a dropped file do, too" {
	mq subscribe t a
	bg pop mq pop a -w
	wait_for armed "$pid"
	mq push -q t -m x
	ended "$pid"
	assert_equal "$(cat pop.out)" x
	bg late mq pop a -w
	wait_for armed "$pid"
	mq push -q t -d 300ms -m y
	ended "$pid"
	assert_equal "$(cat late.out)" y
	bg dropped mq pop a -w
	wait_for armed "$pid"
	echo z >"$MQ_SPOOL/t/tmp/z" && mv "$MQ_SPOOL/t/tmp/z" "$MQ_SPOOL/t/new/z"
	ended "$pid"
	assert_equal "$(cat dropped.out)" z
	mq init q dead_queue=t
	bg dead mq pop a -w
	wait_for armed "$pid"
	mq push -q q -m d
	mq nack --dead q "$(mq claim q)"
	ended "$pid"
	assert_equal "$(cat dead.out)" d
	bg watch mq watch a
	wait_for grep -qx 'mq watch: ready' watch.err
	mq push -q t -m w
	wait_for grep -q ' pushed a ' watch.out
}

@test "a link that is refused is a copy" {
	mq subscribe t a
	printf 'int linkat(int a, const char *b, int c, const char *d, int e) { (void)a, (void)b, (void)c, (void)d, (void)e; *__errno_location() = 1; return -1; }\n' >no.c
	sed -i '1i #include <errno.h>' no.c
	[ -z "$MQ_SAN" ] || skip "preloaded in the build without sanitizers"
	cc -shared -fPIC -o no.so no.c
	LD_PRELOAD=$PWD/no.so mq push -q t -H 'A: b' -m x
	assert_equal "$(find "$MQ_SPOOL/a/ready" -type f -printf '%n\n')" 1
	assert_equal "$(json a '.headers | tostring')" '{"A":"b"}'
	assert_equal "$(mq pop a)" x
	assert_counts t ""
}

@test "the events of a shop: three services, one of them down for a while, each handles each order" {
	for s in payment inventory shipping; do mq subscribe OrderPlaced $s; done
	mq init -q shipping backoff=0s
	for s in payment inventory; do
		bg $s mq work $s -- sh -c 'cat >>'$s.log
	done
	for n in $(seq 10); do mq push -q OrderPlaced -m "$n
"; done
	# A worker of another queue may be just distributing one.
	wait_for has shipping ready 10
	bg shipping mq work shipping --drain -- sh -c 'cat >>shipping.log'
	ended "$pid"
	for s in payment inventory; do wait_for sh -c "[ \$(wc -l <$s.log) -eq 10 ]"; done
	for s in payment inventory shipping; do assert_equal "$(sort -n $s.log | tr '\n' ' ')" "1 2 3 4 5 6 7 8 9 10 "; done
}
