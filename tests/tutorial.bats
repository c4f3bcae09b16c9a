#!/usr/bin/env bats
# tutorial.bats: mq-tutorial(7), typed from its beginning to its end, shows on a terminal what it says.

load helper

@test "each command of the tutorial prints what stands below it" {
	[ "$MQ_SAN" != valgrind ] || skip "the terminal has a minute, which is too short under valgrind"
	run -0 python3 "$BATS_TEST_DIRNAME/examples.py" "$BATS_TEST_DIRNAME/../man/mq-tutorial.7"
}

@test "of a page of section 7 all displays that begin with a command are run, on a terminal" {
	page() {
		printf '.Sh ONE\n.Bd -literal -offset indent\n%s\n.Ed\n.Bd -literal\n*/5 * * * * exit 1\n$ exit 1\n.Ed\n' "$1" >page.7
	}
	page $'$ x=1; echo a >&2\na\n$ [ -t 1 ] && echo "$x"; stty size\n1\n24 80'
	run -0 python3 "$BATS_TEST_DIRNAME/examples.py" page.7
	page $'$ echo a >&2\n$ true'
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" page.7
	page $'$ exit 0\n$ true'
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" page.7
	page '# not run'
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" page.7
}
