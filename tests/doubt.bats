#!/usr/bin/env bats
# doubt.bats: exit statuses 126 and 127 of handlers that did start: the command's fault, or the message's
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

# lines QUEUE LINE...: each line a message, with two attempts and no back-off
lines() {
	local queue=$1
	shift
	mq init -q "$queue" attempts=2 backoff=0s
	printf '%s\n' "$@" | mq push -q -l "$queue"
}

# state QUEUE: how many are ready, delayed, claimed and dead
state() {
	mq stat "$1" --json | jq -c '[.ready, .delayed, .claimed, .dead]'
}

# reason QUEUE: of its dead letter, without what the handler said
reason() {
	mq dead "$1" -o reason | cut -d: -f1
}

failures() {
	mq ls "$1" --json --state ready,delayed | jq -s 'map(.attempts) | add'
}

@test "a queue of lines for a shell gets past a misspelt one, wherever it stands" {
	for bad in 1 2 3; do
		set -- 'echo one' 'echo two' 'echo three'
		set -- "${@:1:bad-1}" 'nosuchcommand' "${@:bad}"
		lines "q$bad" "$@"
		run -0 --separate-stderr mq work --drain "q$bad" -- sh
		assert_output $'one\ntwo\nthree'
		assert_equal "$(reason "q$bad")" "exit-127"
		assert_equal "$(state "q$bad")" "[0,0,0,1]"
	done
}

@test "126 of what may not be executed is the message's own, too" {
	echo 'echo never' >text
	lines q './text' 'echo one'
	run -0 --separate-stderr mq work --drain q -- sh
	assert_output one
	assert_equal "$(reason q)" "exit-126"
}

@test "a misspelt line: with several handlers at once" {
	lines q 'nosuchcommand' 'echo 1' 'echo 2' 'echo 3' 'echo 4'
	run -0 --separate-stderr mq work -j 4 --drain q -- sh
	assert_equal "$(sort <<<"$output" | tr '\n' ' ')" "1 2 3 4 "
	assert_equal "$(state q)" "[0,0,0,1]"
}

@test "a misspelt line: with --batch it is found by halving" {
	lines q 'nosuchcommand' 'true' 'true' 'true' 'true'
	run -0 --separate-stderr mq work --batch 5 --drain q -- sh -e
	assert_equal "$(state q)" "[0,0,0,1]"
	assert_equal "$(reason q)" "exit-127"
}

@test "a misspelt line: with --persistent" {
	lines q 'nosuchcommand' 'true' 'true'
	run -0 --separate-stderr mq work --persistent --drain q -- sh -c '
		while read -r id head body rest; do sh -c "$(head -c "$body")" || exit; echo "$id ok"; done'
	assert_equal "$(state q)" "[0,0,0,1]"
}

@test "a misspelt line: with --config, and of several queues" {
	lines a 'nosuchcommand' 'echo a'
	lines b 'echo b'
	mq init -q a handler='sh'
	mq init -q b handler='sh'
	run -0 --separate-stderr mq work --config --drain a
	assert_output a
	assert_equal "$(state a)" "[0,0,0,1]"
	lines c 'nosuchcommand'
	run -0 --separate-stderr mq work --drain c b -- sh
	assert_output b
	assert_equal "$(state c)" "[0,0,0,1]"
}

@test "127 of three different messages: the command is at fault, and no message has failed" {
	for args in "" "--persistent" "--batch 3" "-j 4"; do
		rm -rf "$MQ_SPOOL"
		lines q 1 2 3 4 5
		: >ids
		# shellcheck disable=SC2086 # arguments
		run -127 --separate-stderr mq work $args q -- sh -c 'echo "$MQ_ID" >>ids; nosuchcommand'
		# shellcheck disable=SC2154 # set by run
		[[ $stderr == *"sh: exit status 127: the command cannot be run"* ]]
		assert_equal "$(state q)" "[5,0,0,0]"
		assert_equal "$(failures q)" 0
	done
}

@test "127 of all there is: the same, and nothing is waited for" {
	lines q 1 2
	run -127 mq work q -- sh -c 'exit 127'
	run -126 mq work --drain=all q -- sh -c 'exit 126'
	run -127 mq work -n 1 q -- sh -c 'exit 127'
	assert_equal "$(state q)" "[2,0,0,0]"
	assert_equal "$(failures q)" 0
	lines r 1
	mq init -q s
	run -127 mq work r s -- sh -c 'exit 127'
	assert_equal "$(state r)" "[1,0,0,0]"
}

@test "127 with a limit of claims at once: others are tried all the same" {
	lines q 'nosuchcommand' 'echo one'
	mq init -q q max_in_flight=1 single=yes
	run -0 --separate-stderr mq work --drain q -- sh
	assert_output one
	assert_equal "$(state q)" "[0,0,0,1]"
}

@test "headers that do not fit into the environment: the message's own failed attempt, named" {
	mq init -q q attempts=1
	head -c 75000 /dev/zero | tr '\0' x >long
	mq push -q q -m big -H "Big: $(head -c 60000 long)"
	mq push -q q -m small
	id=$(mq ls q --ids -n 1)
	# A quarter of the stack is for arguments and environment.
	run -0 --separate-stderr bash -c 'ulimit -s 512; MORE=$(cat long) && export MORE && exec mq work --drain q -- sh -c "cat; echo"'
	assert_output small
	[[ $stderr == *"$id"*"Argument list too long"* ]]
	assert_equal "$(state q)" "[0,0,0,1]"
	assert_equal "$(mq dead q --ids)" "$id"
}

@test "ids of a batch that do not fit into the environment: a smaller batch" {
	mq init -q q attempts=1
	seq 3000 | mq push -q -l q
	head -c 75000 /dev/zero | tr '\0' x >long
	run -0 --separate-stderr bash -c 'ulimit -s 512; MORE=$(cat long) && export MORE && exec mq work --batch 3000 --drain q -- sh -c "cat >>got"'
	assert_equal "$(sort -n got | uniq | wc -l)" 3000
	assert_equal "$(wc -l <got)" 3000
}
