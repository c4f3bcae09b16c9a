#!/usr/bin/env bats
# examples.bats: the EXAMPLES of the manual pages do what they say.

load helper

@test "each page has examples, and they run" {
	failed=
	for page in "$BATS_TEST_DIRNAME"/../man/*.[15]; do
		python3 "$BATS_TEST_DIRNAME/examples.py" "$page" || failed+=" ${page##*/}"
	done
	assert_equal "$failed" ""
}

@test "an example that is wrong is found" {
	printf '.Sh EXAMPLES\n.Bd -literal\n$ echo a\nb\n.Ed\n' >wrong.1
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" wrong.1
	printf '.Sh EXAMPLES\n.Bd -literal\n$ echo a; echo b\na\n.Ed\n' >wrong.1
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" wrong.1
	printf '.Sh EXAMPLES\n.Bd -literal\n$ echo a; echo b c\na\n...c\n.Ed\n' >right.1
	run -0 python3 "$BATS_TEST_DIRNAME/examples.py" right.1
}
