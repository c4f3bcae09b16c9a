#!/usr/bin/env bats
# umask.bats: two users of a group's queue: one, with any umask, is killed at a call, the other must be able to do all; see sweep/pairs.py

load helper

setup() {
	need_root
	need_inject
}

@test "wherever one user was killed, with whatever umask, the other can go on" {
	prove python3 "$BATS_TEST_DIRNAME/sweep/pairs.py" users
}
