#!/usr/bin/env bats
# verbs.bats: the verbs of mq on the queue of an engine: mq -s URL.  The engine is another spool, by
# mq-engine-mq, and where it has to fail, mq-engine-bad.

load ../helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	spool=$PWD/there
	export MQ_SPOOL=mq://$spool MQ_CONF=$PWD/conf HOME=$PWD
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
	: >conf
	stderr=	# for shellcheck: run --separate-stderr sets it
}

# there VERB...: on the spool itself
there() {
	mq -s "$spool" "$@"
}

# bad FAULT: @bad is an engine that does this.  Only where it hangs is its time short.
bad() {
	local timeout=5s
	[[ $1 != hang* && $1 != mute* ]] || timeout=500ms
	mkdir -p helpers
	printf '#!/bin/sh\nexec python3 -B %q\n' "$BATS_TEST_DIRNAME/bad.py" >helpers/mq-engine-bad
	chmod +x helpers/mq-engine-bad
	export MQ_ENGINE_DIR=$PWD/helpers MQ_SPOOL=@bad
	rm -rf engine
	printf '[engine bad]\nurl = bad://%s%s/engine\ntimeout = %s\n' "$1" "$PWD" "$timeout" >conf
}

# refused VERB...: with 64, and not one message or claim has changed
refused() {
	run -64 --separate-stderr mq "$@" </dev/null
	assert_equal "$output" ""
}

# ---- push ----

@test "push: bytes, an empty message, files, lines, headers come as they went" {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 5000)' >all
	: >empty
	mq push q all empty >ids
	assert_equal "$(wc -l <ids)" 2
	mq pop q | cmp - all
	mq pop q | cmp - empty
	for i in $(seq 100); do set -- "$@" -H "Header-$i: value $i"; done
	id=$(mq push -m text --type order.created "$@" q)
	run -0 mq pop --json q
	assert_equal "$(jq -r '.id, .body, .headers.Type, .headers["Header-77"]' <<<"$output" | tr '\n' ' ')" \
	    "$id text order.created value 77 "
	printf 'a\n\nlast' | mq push -l q >ids
	mq pop -n 5 -0 q | cmp - <(printf 'a\0\0last\0')
	mq push -l q </dev/null
	run -1 mq pop q
}

@test "push: delay, priority, expiry, key and --id are the engine's" {
	mq push -q -d 1h -m later q
	mq push -q -p 9 -m last q
	mq push -q -p 0 -m first q
	mq push -q -k k -m k1 q
	mq push -q -k k -m k2 q
	mq push -q -x 1ms -m gone q
	mq push -q --id once -m one q
	mq push -q --id once -m two q
	assert_equal "$(mq pop -n 9 -l q | tr '\n' ' ')" "first k1 one last k2 "
	assert_equal "$(there stat --json q | jq .delayed)" 1
	run -0 there ls -o priority --json q
}

@test "push: CloudEvents come in" {
	echo '{"specversion":"1.0","id":"7","source":"/s","type":"t","data":{"a":1}}' | mq push -q --cloudevents q
	mq pop --json q | jq -e '.body == "{\"a\":1}" and .headers.Type == "t"'
}

@test "push: a queue that is not there is made, but not with autocreate = no" {
	there init -q q
	printf '[defaults]\nautocreate = no\n' >conf
	run -66 mq push -m x nope
	assert_output --partial "nope"
	mq push -q -m x q
	mq init -q made
	mq init -q made
	mq push -q -m x made
	run -64 mq init made attempts=3
	: >conf
	mq push -q -m x nope
	bad none
	refused init q
}

@test "push: what the engine cannot hold is 65, told with the numbers, and nothing is sent" {
	bad none
	head -c 1048577 /dev/zero >large
	run -65 mq push q large
	assert_output --partial 1048576
	assert [ ! -s engine/stored ]
	printf 'a\nb\n' >lines
	head -c 1100000 /dev/zero | tr '\0' x >>lines
	run -65 --separate-stderr mq push -l q lines
	assert_equal "${#lines[@]}" 2
	assert_regex "$stderr" 'line 3: .*1048576.*2 others are queued'
}

@test "push: options that the engine does not know are refused before anything is sent" {
	bad none
	for option in '-d 1s' '-p 1' '-x 1s' '-k key' '--id once'; do
		# shellcheck disable=SC2086
		refused push -m x $option q
		assert_regex "$stderr" '^mq push: bad: .+; .+'
	done
	assert [ ! -s engine/stored ]
}

@test "push: each fault ends with the right status, and an id that is printed is queued" {
	for fault in none:0 late:0 order:0 noise:0 chatter:0 err-again:75 err-full:75 err-data:65 err-gone:66 \
	    err-perm:77 err-conf:78 err-unknown:71 err-after:71 die-push:71 die-stored:71 mute-stored:71 down:71 \
	    twice:71 stranger:71 garbage:71 no-class:71 die-hello:75 die-open:75 fail-again:75 fail-conf:78; do
		bad "${fault%:*}"
		run "-${fault#*:}" --separate-stderr mq push -l q < <(seq 20)
		printf '%s\n' "${lines[@]}" | grep . | sort >ids || true
		touch engine/stored
		jq -r .id engine/stored | sort | comm -13 - ids >lost
		assert_equal "$fault $(wc -l <lost)" "$fault 0"
		[ "${fault#*:}" != 71 ] || assert_regex "$stderr" "queued or not.*; [0-9]+ are confirmed"
	done
}

@test "push: one message whose outcome is not known is 71, too" {
	for fault in die-push.1 hang-push.1 die-stored.1; do
		bad "$fault"
		run -71 mq push -m x q
		assert_output --partial "the message is queued or not"
	done
}

@test "push --wait: what the engine does not take now is sent again, in the time given" {
	for fault in err-again err-full fail-again die-open; do
		bad "$fault"
		run -0 mq push --wait=20s -l q < <(seq 20)
		assert_equal "$fault $(jq -r .body engine/stored | sort -n | tr '\n' ' ')" "$fault $(seq 20 | tr '\n' ' ')"
	done
	bad fail-again.always
	run -75 mq push --wait=300ms -m x q
}

@test "push: ids come while the input goes on" {
	mkfifo in
	mq push -l q <in >ids &
	exec 9>in
	echo a >&9
	for ((i = 0; i < 600; i++)); do [ ! -s ids ] || break; sleep 0.05; done
	assert_equal "$(wc -l <ids)" 1
	exec 9>&-
	wait $!
}

# ---- pop ----

@test "pop: in order, framed, as JSON, and 1 when nothing came" {
	seq 40 | mq push -ql q
	assert_equal "$(mq pop q)" 1
	assert_equal "$(mq pop -n 38 -l q | md5sum)" "$(seq 2 39 | md5sum)"
	run -0 mq pop --json q
	assert_equal "$(jq -r '.body, .state, .queue' <<<"$output" | tr '\n' ' ')" "40 claimed q "
	run -1 mq pop q
	run -1 mq pop -w100ms q
	run -64 mq pop -n 2 q
	run -66 mq pop nope
	assert_equal "$(there stat --json q | jq -c '[.ready, .claimed, .delayed, .dead]')" "[0,0,0,0]"
}

@test "pop -w: a message that comes later" {
	there init -q q
	mq pop -w60 q >got &
	sleep 0.3
	there push -q -m late q
	wait $!
	assert_equal "$(cat got)" late
}

@test "pop: what stdout does not take is given back, uncounted" {
	seq 5 | mq push -ql q
	run -74 sh -c 'mq pop -n 5 -l q >/dev/full'
	assert_equal "$(there ls --json q | jq -c '[.attempts, .state]' | sort -u)" '[0,"ready"]'
	head -c 300000 /dev/zero | mq push -q big
	mq pop big | head -c 10 >/dev/null || true
	assert_equal "$(there stat --json big | jq .ready)" 1
}

@test "pop: leases are renewed while stdout is slow" {
	printf '[queue q]\nlease = 1s\n' >conf
	head -c 200000 /dev/zero | mq push -q q
	seq 3 | mq push -ql q
	mq pop -n 4 -0 q | { sleep 3; cat; } >got
	assert_equal "$(tr -d '\0' <got | tr '\n' ' ')" "123"
	assert_equal "$(there stat --json q | jq -c '[.ready, .claimed]')" "[0,0]"
	run -1 mq pop q
}

@test "pop: what came out and could not be acknowledged is told" {
	bad none
	seq 5 | mq push -ql q
	sed -i 's/none/die-ack/' conf
	run -71 --separate-stderr mq pop -n 5 -l q
	assert_equal "${#lines[@]}" 5
	assert_regex "$stderr" 'came out, but may come again'
	bad none
	seq 5 | mq push -ql q
	sed -i 's/none/ack-lost/' conf
	run -69 --separate-stderr mq pop -n 5 -l q
}

@test "pop: SIGTERM ends a wait, and what is held goes back" {
	there init -q q
	mq pop -w q >got 2>err &
	pid=$!
	sleep 0.5
	kill "$pid"
	rc=0
	wait "$pid" || rc=$?
	assert_equal "$rc" 143
	mq push -q -m x q
	assert_equal "$(mq pop q)" x
}

# ---- claim, ack, nack, extend ----

@test "claim and ack: from one process to another" {
	mq push -q -m one q
	mq push -q -m two q
	h=$(mq claim --body body q)
	assert_regex "$h" '^mq:0:q:'
	assert_equal "$(cat body)" one
	assert_equal "$(mq stat --json q | jq -c '[.ready, .claimed]')" "[1,1]"
	run -0 mq claim --json q
	assert_equal "$(jq -r '.body, .attempt' <<<"$output" | tr '\n' ' ')" "two 1 "
	h2=$(jq -r .handle <<<"$output")
	mq ack q "$h" "$h2"
	run -69 mq ack q "$h"
	run -1 mq claim q
	run -1 mq claim -w200ms q
	assert_equal "$(mq stat --json q | jq -c '[.ready, .claimed]')" "[0,0]"
}

@test "claim: handles from stdin, and those that are none, or another engine's" {
	mq push -q -m one q
	mq claim q | mq ack q -
	mq push -q -m two q
	h=$(mq claim q)
	run -65 mq ack q junk "redis${h#mq}" "${h#mq:}" mq:-1:x mq:0: mq:x:y "$h"
	assert_output --partial "no handle of a claim on mq, but on 'redis'"
	assert_equal "${#lines[@]}" 6
	assert_equal "$(mq stat --json q | jq .claimed)" 0
	run -65 there ack q "$h"
}

@test "claim: where a claim ends with its process it is refused" {
	bad none
	mq push -q -m x q
	refused claim q
	assert_regex "$stderr" "bad: a claim ends with the process that took it; .*mq pop"
	assert_equal "$(mq pop q)" x
}

@test "claim: a lease that is over comes back; extend holds it" {
	mq push -q -m x q
	h=$(mq claim --lease 1s q)
	h=$(mq extend q "$h" 1h)
	sleep 1.2
	run -1 mq claim q
	mq ack q "$h"
	mq push -q -m x q
	h=$(mq claim --lease 200ms q)
	mq claim -w30 q >other
	run -69 mq ack q "$h"
	run -69 mq extend q "$h"
	mq ack q "$(cat other)"
}

@test "claim: a handle that nobody saw is given back" {
	mq push -q -m x q
	run -74 sh -c 'mq claim q >/dev/full'
	run -74 mq claim --body /dev/full q
	assert_equal "$(there ls --json q | jq -c '[.state, .attempts]')" '["ready",0]'
}

@test "nack: back-off, attempts and the dead letter are those of mq.conf" {
	printf '[queue q]\nattempts = 2\nbackoff = 1h\njitter = none\n' >conf
	mq push -q -m x q
	mq nack q "$(mq claim q)"
	assert_equal "$(there ls --json q | jq -c '[.state, .attempts]')" '["delayed",1]'
	there retry --keep-attempts -q q "$(there ls --ids q)"
	h=$(mq claim q)
	assert_regex "$h" '^mq:1:'
	mq nack --reason 'no such customer' q "$h"
	run -0 mq dead q
	assert_output --partial "no such customer"
	assert_equal "$(mq dead --json q | jq .attempts)" 2
}

@test "nack: --delay, --no-count, --dead" {
	mq push -q -m x q
	mq nack --no-count q "$(mq claim q)"
	assert_equal "$(there ls --json q | jq -c '[.state, .attempts]')" '["ready",0]'
	mq nack --delay 0 q "$(mq claim q)"
	assert_equal "$(there ls --json q | jq -c '[.state, .attempts]')" '["ready",1]'
	mq nack --delay 1h --no-count q "$(mq claim q)"
	assert_equal "$(there ls --json q | jq -c '[.state, .attempts]')" '["delayed",1]'
	there retry -q --all --state delayed q
	mq nack --dead --reason bad q "$(mq claim q)"
	assert_equal "$(mq stat --json q | jq .dead)" 1
	run -64 mq nack --dead --delay 1s q mq:0:x
	bad none
	refused nack --dead q bad:0:x
	assert_regex "$stderr" "no place for dead letters"
}

# ---- looking ----

@test "stat: the numbers that are known, of one queue and of all" {
	seq 3 | mq push -ql b
	mq push -q -d 1h -m x a
	run -0 mq stat b
	assert_line --regexp '^b +3 +0 +0 +0 +[0-9]+s$'
	run -0 mq stat --json
	assert_equal "$(jq -c '[.queue, .ready, .delayed, .approx]' <<<"$output" | tr '\n' ' ')" \
	    '["a",0,1,false] ["b",3,0,false] '
	run -66 mq stat nope
	assert_equal "${#lines[@]}" 1
	bad none
	mq push -q -m x q
	assert_equal "$(mq stat --json q)" '{"queue":"q","ready":1,"delayed":null,"claimed":null,"dead":null,"oldest":null,"approx":false}'
	assert_equal "$(mq stat q | tail -1 | tr -s ' ')" "q 1 - - - -"
	refused stat
}

@test "peek, ls and dead: they change nothing" {
	seq 3 | mq push -ql q
	mq push -q -p 9 -H 'A: b' -m $'four\033[1m' q
	assert_equal "$(mq peek q)" 1
	assert_equal "$(mq peek -n 2 --json q | jq -r .body | tr '\n' ' ')" "1 2 "
	run -0 mq peek -n 9 -i q
	assert_line "Header: A: b"
	assert_line "Priority: 9"
	assert_equal "$(mq ls --ids q)" "$(mq ls --json q | jq -r .id)"
	assert_equal "$(mq ls -n 2 -o state,size,attempts q | tr -s ' ' | sort -u)" "ready 1 0"
	assert_equal "$(mq ls)" q
	assert_equal "$(mq ls --json)" '{"queue":"q"}'
	mq nack --dead --reason why q "$(mq claim q)"
	assert_equal "$(mq peek --state dead q)" 1
	assert_equal "$(mq dead -o reason q)" why
	assert_equal "$(mq ls --state dead --json q | jq -r .reason)" why
	assert_equal "$(mq stat --json q | jq -c '[.ready, .dead]')" "[3,1]"
	run -1 mq peek --state delayed q
	run -64 mq ls --state held q
	run -64 mq ls -o file q
	run -64 mq peek q 01a226e1-723d-72e9-a667-4e4d8572b0a1
	bad none
	for verb in peek ls dead; do
		refused "$verb" q
		assert_regex "$stderr" "cannot be looked at without being taken; .*mq relay"
	done
}

@test "retry: all, or by id" {
	seq 3 | mq push -ql q
	for i in 1 2 3; do mq nack --dead q "$(mq claim q)"; done
	id=$(mq dead --ids -n 1 q)
	mq retry q "$id"
	run -66 mq retry q "$id"
	run -0 mq retry --all q
	assert_output --partial "retried 2 messages"
	run -1 mq retry --all q
	run -64 mq retry q
	run -64 mq retry --all --match x q
	assert_equal "$(mq ls --json q | jq .attempts | sort -u)" 0
	bad none
	refused retry --all q
}

# ---- what is refused ----

@test "verbs that are not for engines: the reason, and what to do instead" {
	for verb in config show top request reply bury hold edit rm mv watch wait subscribe unsubscribe \
	    topics replay pause resume relay fsck export import; do
		refused "$verb" q x
		assert_regex "$stderr" "^mq $verb: not on an engine: .+"
	done
	run -3 mq check q
	assert_output --partial "not on an engine"
	assert [ ! -e there ]
	mq help push >/dev/null
	mq version
}

@test "options that are not for engines: the same" {
	for words in 'push --atomic -m x' 'push --chunks' 'pop --cloudevents' 'claim --cloudevents' 'peek --match x' \
	    'peek --cloudevents' 'ls --sort age' 'ls --older 1d' 'dead --reason x' 'stat --prometheus' 'stat --rates' \
	    'stat --ages' 'retry --to-origin' 'retry --dry-run' 'retry --rate 1/s'; do
		# shellcheck disable=SC2086
		refused $words q
		assert_regex "$stderr" "^mq .*: --[a-z-]+: not on an engine: .+"
	done
	assert [ ! -e there ]
}

@test "addresses: a password, plain text to another host, no scheme, no helper, no section" {
	MQ_SPOOL=redis://user:secret@127.0.0.1/0 run -64 mq stat q
	refute_output --partial secret
	assert_output --partial "no password in an address"
	MQ_SPOOL=redis://example.org/0 run -78 mq stat q
	assert_output --partial "insecure"
	MQ_SPOOL=nothing://here run -78 mq stat q
	assert_output --partial "mq-engine-nothing is not installed"
	MQ_SPOOL=kafak://here run -78 mq stat q
	assert_output --partial "no engine 'kafak'; did you mean kafka://?"
	MQ_SPOOL=@nowhere run -78 mq stat q
	assert_output --partial "[engine nowhere]"
	refute_output --partial "did you mean"
	printf '[engine shop]\nurl = redis://localhost/0\n[engine store]\nurl = redis://localhost/0\n' >near.conf
	MQ_CONF=$PWD/near.conf MQ_SPOOL=@shpo run -78 mq stat q
	assert_output --partial "no section [engine shpo] in mq.conf; did you mean @shop?"
	MQ_SPOOL=mq://relative run -78 mq stat q
	MQ_ENGINE_DIR=$PWD run -78 mq stat q
	run -64 mq stat "a b"
	run -64 mq stat ''
}

@test "addresses: @NAME, and names of queues that are mapped" {
	printf '[engine there]\nurl = mq://%s\nqueue = jobs-* all-jobs\nqueue = * other\n' "$spool" >conf
	export MQ_SPOOL=@there
	mq push -q -m x jobs-1
	mq -s @there push -q -m y else
	assert_equal "$(there ls | tr '\n' ' ')" "all-jobs other "
	assert_equal "$(mq pop jobs-2)" x
	mkdir @there
	mq -s ./@there push -q -m z q
	assert_equal "$(mq -s ./@there pop q)" z
}

@test "the reader of stdout goes away: the end, and no trouble" {
	seq 3000 | mq push -ql q
	rc=0
	bash -c 'set -o pipefail; mq ls q | head -1' >line 2>err || rc=$?
	assert_equal "$rc $(wc -l <line) $(cat err)" "141 1 "
}

@test "mq needs no library of an engine" {
	run -0 ldd "$(readlink -f "$(command -v mq)")"
	refute_output --regexp 'ssl|crypto|curl|rabbitmq|kafka|nats'
}
