#!/usr/bin/env bats
# container.bats: mq as process 1 of a container, and handlers that want the terminal

load work_helper

# children PID: those that it has, zombies too
children() {
	local list
	{ read -r list <"/proc/$1/task/$1/children"; } 2>/dev/null || true
	echo "$list"
}

# child_of PID: a process that it started
child_of() {
	local list
	list=$(children "$1")
	[ -n "$list" ] && echo "${list%% *}"
}

# contained NAME COMMAND...: as process 1 of a PID namespace; its pid out here is in $inside
contained() {
	local unshare=(unshare -pf --mount-proc --kill-child)
	"${unshare[@]}" true 2>/dev/null || unshare=(unshare -Urpf --mount-proc --kill-child)
	"${unshare[@]}" true 2>/dev/null || skip "no PID namespaces for us here"
	local name=$1
	shift
	bg "$name" "${unshare[@]}" "$@"
	outside=$pid
	wait_for child_of "$outside" >/dev/null
	inside=$(child_of "$outside")
}

# zombies PID: how many of its children are
zombies() {
	local n=0 child
	for child in $(children "$1"); do
		[ -z "$(parent_of "$child")" ] && n=$((n + 1))
	done
	echo $n
}

no_zombies() {
	[ "$(zombies "$1")" -eq 0 ]
}

# orphans WORK-ARGUMENT...: handlers leave processes behind, which end after them
orphans() {
	mq init -q q
	mkfifo gate
	exec 9<>gate
	seq 5 | mq push -q -l q
	contained worker mq work "$@"
	wait_for has q ready 0
	wait_for has q claimed 0
	exec 9>&-
	: >go
	wait_for no_zombies "$inside"
	sleep 0.3
	no_zombies "$inside"
	kill -TERM "$inside"
	ended "$outside"
	assert_equal "$status" 0
}

@test "as process 1 a worker reaps what its handlers leave behind" {
	orphans q -- sh -c '(sh await go) >/dev/null 2>&1 & exit 0'
}

@test "as process 1 a worker reaps what its handlers leave behind, with --batch" {
	orphans --batch 3 q -- sh -c '(sh await go) >/dev/null 2>&1 & exit 0'
}

@test "as process 1 a worker reaps what its handlers leave behind, with --persistent" {
	# shellcheck disable=SC2016 # the handler expands
	orphans --persistent q -- sh -c 'while read -r id head body rest; do head -c "$body" >/dev/null
		sh -c "(sh await go) >/dev/null 2>&1 &"; echo "$id ok"; done'
}

@test "as process 1 all that wait end at SIGTERM" {
	mq init -q empty max_messages=1
	mq init -q full max_messages=1
	mq init -q asked
	mq push -q full -m x
	n=0
	for args in "wait --empty full" "wait --ready empty" "claim --wait empty" "pop --wait empty" \
		"push --wait -m x full" "watch empty" "request -m x asked" "work empty -- true"; do
		n=$((n + 1))
		# shellcheck disable=SC2086 # words
		contained "waiter$n" mq $args
		wait_for armed "$inside"
		kill -TERM "$inside"
		ended "$outside" || { echo "mq $args does not end"; false; }
		case $args in work* | watch*) want=0 ;; *) want=143 ;; esac
		assert_equal "$args: $status" "$args: $want"
	done
	assert_has full ready 1
}

@test "a handler that wants to read the terminal is stopped, and has failed" {
	mq init -q q attempts=1
	mq push -q q -m x
	mq push -q q -m y
	command -v script >/dev/null || skip "SKIPPED: needs script(1)"
	cat >session <<-'END2'
	#!/bin/bash
	set -m
	mq work -n 2 q -- sh -c 'x=$(cat); [ "$x" = y ] || read -r x </dev/tty; echo "got $x" >>got'
	END2
	run timeout 60 script -qec 'bash session' typescript
	assert_equal "$status" 0
	assert_equal "$(cat got)" "got y"
	assert_equal "$(mq dead q -o reason | cut -d: -f1)" terminal
	grep -q "terminal" typescript
}
