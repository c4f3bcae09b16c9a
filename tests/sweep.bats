#!/usr/bin/env bats
# sweep.bats: each verb killed at its system calls, and these failing; see sweep/sweep.py

load helper

setup() {
	# Skipped only where the kernel cannot do it, not where something else is wrong.
	run "$MQ_BUILD/sweep/inject" / 1 list "$BATS_TEST_TMPDIR/report" true
	case $status:$output in
	0:*) ;;
	70:*seccomp*) skip "no seccomp notifications here: $output" ;;
	*) echo "$output"; return 1 ;;
	esac
}

@test "whatever call a command is killed at, no message is lost, doubled or half there" {
	python3 "$BATS_TEST_DIRNAME/sweep/sweep.py" kill
}

@test "whatever call fails, no message is lost, and nothing is said that is not so" {
	python3 "$BATS_TEST_DIRNAME/sweep/sweep.py" fail
}
