# work_helper.bash: for tests in which several processes work on one queue.
#
# Nothing here waits for a time to pass, only for a condition, with a deadline
# that nobody should come near.  Each process that a test starts in the
# background goes through bg, so that it is gone when the test ends.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# Seconds; a sanitized or a loaded machine takes its time.
PATIENCE=120

common_setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	unset XDG_CONFIG_HOME XDG_STATE_HOME
	pid='' pids=() test_pid=$BASHPID
	await_program
}

# Only what this test started, by its pid, and only while it is our child.
common_teardown() {
	local pid
	for pid in "${pids[@]}"; do
		if ours "$pid"; then kill -KILL "$pid"; fi
	done
	wait
}

# For suites that need nothing else.
setup() { common_setup; }
teardown() { common_teardown; }

# ours PID: a child of this shell that still runs.
ours() {
	local parent
	parent=$(parent_of "$1") && [ "$parent" = "$test_pid" ]
}

# parent_of PID: fails when there is no such process or it is a zombie.
parent_of() {
	local stat
	{ read -r stat <"/proc/$1/stat"; } 2>/dev/null || return
	stat=${stat##*) }
	# shellcheck disable=SC2086 # fields
	set -- $stat
	[ "$1" != Z ] && echo "$2"
}

alive() {
	parent_of "$1" >/dev/null
}

# wait_for COMMAND...: until it succeeds.
wait_for() {
	local end=$((SECONDS + PATIENCE))
	until "$@"; do
		if [ "$SECONDS" -ge "$end" ]; then
			echo "waited in vain for: $*" >&2
			return 1
		fi
		sleep 0.01
	done
}

not() {
	! "$@"
}

# bg NAME COMMAND...: in the background; its output is in NAME.out and NAME.err,
# its pid in $pid.
bg() {
	local name=$1
	shift
	# A shell without job control has its background ignore SIGINT; mq would go by that.
	env --default-signal=INT,QUIT "$@" </dev/null >"$name.out" 2>"$name.err" 3>&- &
	pid=$!
	pids+=("$pid")
}

# ended PID: wait for the end of a process of bg; its exit status is in $status.
ended() {
	wait_for not alive "$1" || return
	status=0
	# shellcheck disable=SC2034 # for the test
	wait "$1" || status=$?
}

# For handlers: sh await FILE...: until the files are there.
await_program() {
	cat >await <<-'END'
	n=0
	for file; do
		until [ -e "$file" ]; do
			n=$((n + 1))
			[ $n -lt 3000 ] || exit 99
			sleep 0.01
		done
	done
	END
}

# count QUEUE STATE
count() {
	mq ls "$1" --state "$2" --ids >count.ids || return
	wc -l <count.ids
}

# has QUEUE STATE NUMBER
has() {
	[ "$(count "$1" "$2")" -eq "$3" ]
}

assert_has() {
	assert_equal "$2: $(count "$1" "$2")" "$2: $3"
}

# field QUEUE COLUMN [LS-OPTION...]: of the messages in any state
field() {
	local queue=$1 column=$2
	shift 2
	mq ls "$queue" -o "$column" "$@" >field.out || return
	tr -s ' ' <field.out
}

# title PID: what ps would show
title() {
	tr '\0' ' ' <"/proc/$1/cmdline"
}

title_has() {
	[ "$MQ_SAN" != valgrind ] || skip "the title of a process is not to be seen under valgrind"
	[[ $(title "$1") == *"$2"* ]]
}

# Its inotify watches are set: whatever waits is waiting.
armed() {
	alive "$1" && grep -qs '^inotify wd' "/proc/$1/fdinfo/"*
}

# shellcheck source=tests/inject_helper.bash
source "${BASH_SOURCE[0]%/*}/inject_helper.bash"

# stopped_at VARIABLE NAME COMMAND...: mq in the background, stopped there by preload/pause.c until go_on
stopped_at() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	local at="$1=$2"
	shift 2
	bg stopped env "$at" PAUSE="$PWD/pause" LD_PRELOAD="$MQ_BUILD/preload/pause.so" "$@"
	wait_for test -e pause
}

# go_on [STATUS]: it does, and ends with that, or 0
go_on() {
	rm pause
	ended "$pid"
	assert_equal "$status" "${1:-0}"
}
