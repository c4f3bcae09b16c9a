#!/usr/bin/env bats
# help.bats: mq help, and what an unknown word is answered

load helper

@test "usage, each verb, unknown ones" {
	run -0 mq help
	assert_line --partial "usage: mq"
	for verb in $(mq help --table | awk -F '\t' '$1 == "cmd" { print $2 }'); do
		run -0 mq help "$verb"
		assert_line --partial "usage: mq $verb"
		run -0 mq "$verb" --help
		assert_line --partial "usage: mq $verb"
	done
	run -64 mq
	run -64 mq psuh
	assert_output --partial "did you mean 'push'?"
	run -64 mq help nosuch
	run -64 mq push --nosuch q
	assert_output --partial "--nosuch"
	run -64 mq --nosuch
	run -0 mq --help
}

@test "options before and after operands, -- ends them, POSIXLY_CORRECT changes nothing" {
	POSIXLY_CORRECT=1 mq push q -m -x -q
	mq push -m y -q -- q
	assert_equal "$(mq pop q)" -x
	assert_equal "$(mq pop -- q)" y
	echo in >./-f
	mq push -q q -- -f
	assert_equal "$(mq pop q)" in
}
