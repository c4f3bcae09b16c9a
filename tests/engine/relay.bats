#!/usr/bin/env bats
# relay.bats: mq relay between two spools, by mq-engine-mq: what holds for every engine.

load ../helper
load engine_helper
load shop_helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
	there=$BATS_TEST_TMPDIR/there
	url=mq://$there
}

teardown() {
	local pid
	for pid in "${started[@]}"; do
		kill -9 "$pid" 2>/dev/null || true
	done
}
started=()

there() {
	mq -s "$there" "$@"
}

# relay ARGS...: in the background; $relay is its process
relay() {
	mq relay "$@" 2>>relay.err 3>&- &
	relay=$!
	started+=("$relay")
}

# until COMMAND...: for 60 s
until_() {
	local i
	for ((i = 0; i < 1200; i++)); do
		"$@" && return
		sleep 0.05
	done
	echo "in vain: $*"
	return 1
}

# is_up [STATE [RELAY]]
is_up() {
	[ "$(mq stat --relays --json ${2:+"$2"} | jq -r .state)" = "${1:-up}" ]
}

ready() {
	[ "$(mq -s "$1" stat --json "$2" 2>/dev/null | jq .ready)" -eq "$3" ]
}

@test "out: bodies, headers, key, priority and id are there; nothing is left here" {
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 3)' >bytes
	head -c 1048576 /dev/urandom >large
	hundred=()
	for i in $(seq 100); do hundred+=(-H "X-Number-$i: value $i"); done
	mq push jobs bytes >ids
	mq push jobs -m "" >>ids
	mq push jobs large "${hundred[@]}" >>ids
	mq push jobs -p 2 -k some/key -H "Type: a b" -m keyed >>ids
	mq relay --drain jobs "$url/other"
	assert_counts jobs ""
	there ls --json other >list
	assert_equal "$(jq -r '.headers["Mq-Id"][]? // .headers["mq-id"]' list | tr -d '[]"' | sort)" "$(sort ids)"
	there pop other >first
	assert_equal "$(<first)" keyed
	there pop other | cmp - bytes
	assert_equal "$(there pop other | wc -c)" 0
	there peek -i other >info
	assert_equal "$(grep -c '^Header: X-Number-[0-9]*: value' info)" 100
	there pop other | cmp - large
}

@test "in: the same way back, pushed once" {
	there init -q other
	python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 3)' >bytes
	there push -q other bytes
	there push -q other -m "" -H "A: b"
	there push -q other -p 1 -k k -m keyed
	mq relay --drain "$url/other" jobs
	assert_equal "$(there stat --json other | jq '.ready + .claimed + .dead')" 0
	mq peek -i jobs >info
	grep "Header: Key: k" info
	assert_equal "$(mq pop jobs)" keyed
	mq pop jobs | cmp - bytes
	assert_equal "$(mq pop jobs | wc -c)" 0
	assert_counts jobs ""
}

@test "the relay, its helper, or both are killed again and again: nothing is lost, and the id removes what comes twice" {
	local i n=1500 helper
	seq $n >in
	mq push -q -l jobs in
	there init -q other
	for ((i = 0; i < 25; i++)); do
		relay --name out jobs "$url/other"
		sleep 0.0$((RANDOM % 90 + 10))
		case $((i % 3)) in
		0)	kill -9 "$relay" ;;
		1)	helper=$(pgrep -P "$relay" || true)
			[ -z "$helper" ] || kill -9 "$helper"
			sleep 0.05
			kill -9 "$relay" ;;
		2)	kill "$relay" ;;
		esac
		wait "$relay" || true
	done
	mq relay --drain --name out jobs "$url/other"
	assert_counts jobs ""
	# Its helper pushes under the id, so there are no two.
	assert_equal "$(there pop -n 9999 -l other | sort -n | tee got | uniq -d | wc -l)" 0
	cmp <(sort in) <(sort got)
	assert_counts jobs ""

	there push -q -l other in
	for ((i = 0; i < 25; i++)); do
		relay --name in "$url/other" back
		sleep 0.0$((RANDOM % 90 + 10))
		if [ $((i % 2)) -eq 0 ]; then
			kill -9 "$relay"
		else
			kill "$relay"
		fi
		wait "$relay" || true
	done
	mq relay --drain --name in "$url/other" back
	mq pop -n 9999 -l back | sort >got
	cmp <(sort in) got
	assert_equal "$(there stat --json other | jq '.ready + .claimed + .delayed + .dead')" 0
}

@test "out and back at once, all that takes part is killed at random" {
	there init -q other
	torture --messages 500 --kills 15 "$url" other
}

# at_each_call COMMAND...: killed at every eighth of its calls, each time in a fresh spool; then the same once more, and that gives
# each message once, and leaves nothing.
at_each_call() {
	local n calls
	need_inject
	rm -rf start && mkdir start
	cp -a "$MQ_SPOOL" start/spool
	"$MQ_BUILD/sweep/inject" "$BATS_TEST_TMPDIR/spool" 1 list report "$@" >/dev/null 2>&1
	calls=$(wc -l <report)
	[ "$calls" -gt 50 ]
	for ((n = 1 + RANDOM % 8; n <= calls; n += 8)); do
		rm -rf "$MQ_SPOOL"
		cp -a start/spool "$MQ_SPOOL"
		"$MQ_BUILD/sweep/inject" "$BATS_TEST_TMPDIR/spool" "$n" kill report "$@" >/dev/null 2>&1 || true
		"$@" 2>again.err || { echo "killed at $(<report): $(<again.err)"; return 1; }
		assert_equal "$(mq pop -n 9 -l to | sort | tr '\n' ' ')" "one two "
		assert_counts from ""
	done
	proved "killed at $((calls / 8)) of $calls calls: each message once"
}

@test "out: the relay is killed at its calls" {
	mq init -q from
	mq init -q to
	mq push -q from -m one
	mq push -q from -m two -k key
	at_each_call mq relay --drain from "mq://$MQ_SPOOL/to"
}

@test "in: the relay is killed at its calls" {
	mq init -q from
	mq init -q to
	mq push -q from -m one
	mq push -q from -m two -k key
	at_each_call mq relay --drain "mq://$MQ_SPOOL/from" to
}

@test "the engine is away: nothing is lost, no attempt counts, it is told, and it goes on by itself" {
	mq push -q jobs -m one
	there init -q other
	mkdir helpers
	cat >helpers/mq-engine-mq <<EOF
#!/bin/sh
[ -e "$PWD/away" ] || exec "$MQ_ENGINE_DIR/mq-engine-mq"
echo mq-engine 1 mq 0
sed -n /open/q
echo fail again connect:%20nobody%20there
sleep 9
EOF
	chmod +x helpers/mq-engine-mq
	export MQ_ENGINE_DIR=$PWD/helpers
	touch away
	relay jobs "$url/other"
	until_ grep -q "away: .*connect: nobody there; nothing is lost, and it is tried again" relay.err
	run -1 mq check --relay jobs-to-mq
	assert_output --regexp 'WARNING - jobs-to-mq is away \([^|]+\), queue jobs'
	run -2 mq check --relay jobs-to-mq --crit-age 1ms
	run -75 mq relay --drain --name two jobs "$url/other"
	until_ test "$(mq ls --json jobs | jq .attempts)" = 0
	rm away
	until_ ready "$there" other 1
	until_ is_up up jobs-to-mq
	run -0 mq check --relay jobs-to-mq
	assert_output --partial "OK - jobs-to-mq is up"
	kill "$relay"
	wait "$relay"
	is_up stopped jobs-to-mq
	# It is told once, however often it was tried.
	assert_equal "$(grep -c "nobody there" relay.err)" 1
}

@test "what the engine can never hold is a dead letter with the reason, and what is behind it goes on" {
	there init -q other max_size=10
	mq push -q jobs -m "this is longer than that"
	mq push -q jobs -m short
	mq relay --drain jobs "$url/other"
	assert_counts jobs dead=1
	assert_equal "$(mq dead --json jobs | jq -r .reason | cut -d: -f1)" engine-large
	assert_equal "$(there pop other)" short
	assert_equal "$(mq stat --relays --json | jq .refused)" 1
}

@test "what the local queue can never hold goes to the dead letters of the engine" {
	there init -q other
	mq init -q jobs max_size=10
	there push -q other -m "this is longer than that"
	there push -q other -m short
	mq relay --drain "$url/other" jobs
	assert_equal "$(mq pop jobs)" short
	assert_equal "$(there stat --json other | jq .dead)" 1
}

@test "the local queue is full: it waits, and goes on when there is room" {
	there init -q other
	seq 20 | there push -q -l other
	mq init -q jobs max_messages=5
	relay "$url/other" jobs
	until_ is_up full
	until_ ready "$MQ_SPOOL" jobs 5
	for i in $(seq 60); do
		mq pop -n 9 -l jobs >>got || true
		[ "$(wc -l <got)" -lt 20 ] || break
		sleep 0.3
	done
	assert_equal "$(sort -n got | uniq | wc -l)" 20
	assert_equal "$(there stat --json other | jq '.dead + .delayed')" 0
}

@test "relays in a circle: each message goes around once" {
	there init -q b
	mq push -q a -m one
	mq relay --drain --name there a "$url/b"
	mq relay --drain --name back "$url/b" a
	mq relay --drain --name there a "$url/b"
	assert_counts a dead=1
	assert_equal "$(mq dead --json a | jq -r .reason | cut -d: -f1)" loop
}

@test "a name is one relay's; SIGTERM settles and is no failure; SIGHUP tries at once" {
	there init -q other
	relay --name mine jobs "$url/other" || true
	mq init -q jobs
	relay --name mine jobs "$url/other"
	until_ is_up starting || until_ is_up
	run -75 mq relay --name mine jobs "$url/other"
	assert_output --partial "runs already"
	kill "$relay"
	wait "$relay"
	# killed: it is told as dead
	relay --name mine jobs "$url/other"
	mq push -q jobs -m one
	until_ ready "$there" other 1
	kill -9 "$relay"
	wait "$relay" || true
	is_up dead
	run -2 mq check --relay mine
	assert_output --partial CRITICAL
}

@test "sections of mq.conf: --name, --config" {
	there init -q other
	cat >mq.conf <<EOF
[engine far]
url = $url
queue = j* other
[relay one]
source = jobs
destination = @far/jobs
[relay two]
source = @far/jobs
destination = back
window = 10
EOF
	export MQ_CONF=$PWD/mq.conf
	mq push -q jobs -m one
	mq relay --drain --name one
	ready "$there" other 1
	mq relay --config 2>>relay.err 3>&- &
	relay=$!
	started+=("$relay")
	until_ ready "$MQ_SPOOL" back 1
	kill "$relay"
	wait "$relay"
	assert_equal "$(mq stat --relays --json | jq -r '.relay + " " + .state' | sort | tr '\n' ' ')" "one stopped two stopped "
	run -78 mq relay --name three
	echo "sauce = jobs" >>mq.conf
	run -78 mq relay --name one
	assert_output --partial "unknown key 'sauce'"
}

@test "figures for Prometheus, as a table and as JSON" {
	there init -q other
	seq 10 | mq push -q -l jobs
	mq relay --drain jobs "$url/other"
	run mq stat --prometheus
	assert_line 'mq_relay_messages_total{relay="jobs-to-mq",result="sent"} 10'
	assert_line 'mq_relay_state{relay="jobs-to-mq",state="stopped"} 1'
	run mq stat --relays
	assert_line --partial "jobs -> $url/other"
	run mq stat --relays jobs-to-mq
	assert_success
	run -66 mq stat --relays none
}

@test "bad input" {
	mq init -q jobs
	run -64 mq relay jobs other
	run -64 mq relay "$url/a" "$url/b"
	run -64 mq relay jobs
	run -64 mq relay
	run -64 mq relay --config jobs "$url/b"
	run -64 mq relay jobs redis://user:secret@localhost/0/q
	refute_output --partial secret
	assert_output --partial credentials
	run -78 mq relay jobs redis://example.org/0/q
	assert_output --partial "insecure = yes"
	run -78 mq relay jobs nosuch://localhost/q
	assert_output --partial "not installed"
	run -66 mq relay nothere "$url/b"
	printf '[engine other]\nurl = %s\ntransactions = yes\n' "$url" >other.conf
	MQ_CONF=$PWD/other.conf run -78 mq relay jobs @other/b
	assert_output --partial "has no transactions: take 'transactions = yes' out"
	run -78 mq relay jobs @nosection/q
	run -64 mq relay --window 0 jobs "$url/b"
	run -64 mq relay --name 'a b' jobs "$url/b"
}

@test "the tutorial's scripts on a directory, and on another spool by its helper" {
	(shop) >said 2>&1
	shop_says | diff - said
	mkdir "$there"
	there init -q orders
	export MQ_SPOOL=$url
	(shop) >said 2>&1
	shop_says | diff - said
}

@test "what may not be stored for good is not acknowledged at the engine" {
	need_inject
	there init -q other
	mq init -q jobs
	for call in '/renameat2 .*once/.*ready/' '/fsync [^ ]*once/[0-9a-f]+$'; do
		seq 3 | there push -q -l other
		"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$call" EIO report mq relay -q --drain "$url/other" jobs >/dev/null 2>&1 || true
		[ -s report ]
		mq relay -q --drain "$url/other" jobs
		assert_equal "$(mq pop -n 9 -l jobs | sort | tr '\n' ' ')" "1 2 3 "
		assert_equal "$(find "$MQ_SPOOL/jobs/once" -type f)" ""
	done
}

@test "a message whose way or key is too long for a line is a dead letter, and what is behind it goes on" {
	local way
	there init -q other
	way=$(printf '%%%.0s' {1..1500})
	mq push -q -H "Mq-Via: $way" -m poison jobs
	mq push -q -k "$way" -m key jobs
	mq push -q -m good jobs
	mq relay --drain jobs "$url/other"
	assert_counts jobs dead=2
	assert_equal "$(there pop other)" good
	there push -q -H "Mq-Via: $way" -m poison other
	there push -q -m good other
	mq relay --drain "$url/other" back
	assert_equal "$(mq pop back)" good
}

@test "a relay with nothing to send is up when it is connected, also after it was not" {
	there init -q other
	mq init -q jobs
	relay jobs "$url/other"
	until_ is_up
	kill -9 "$(pgrep -P "$relay")"
	until_ grep -q "away: the helper has ended" relay.err
	until_ is_up
	run -0 mq check --relay jobs-to-mq
}

@test "--drain ends with the status of what is wrong" {
	printf '[defaults]\nautocreate = no\n' >no.conf
	mq init -q jobs
	there init -q other
	run -66 mq relay --drain "$url/nosuch" jobs
	refute_output --partial "tried again"
	mq push -q -m one jobs
	run -66 mq relay --drain jobs "$url/nosuch"
	mq pause jobs
	run -75 mq relay --drain jobs "$url/other"
	assert_output --partial paused
}

@test "a chain of spools whose relays have the same name is no circle" {
	there init -q site
	there init -q centre
	mq push -q -m one jobs
	mq relay -q --name ship --drain jobs "$url/site"
	mq -s "$PWD/second" init -q jobs
	mq -s "$PWD/second" relay -q --name ship --drain "$url/site" jobs
	mq -s "$PWD/second" relay -q --name ship2 --drain jobs "$url/centre"
	assert_equal "$(there pop centre)" one
}
