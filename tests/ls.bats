#!/usr/bin/env bats
# ls.bats: mq ls

load helper

@test "queues, one a line; a missing spool is not an empty one" {
	run -66 mq ls
	mq init b
	mq init a
	run -0 mq ls
	assert_output $'a\nb'
	run -0 mq ls --json
	assert_line '{"queue":"a"}'
	mq init c
	run -0 mq ls c
	assert_output ""
}

@test "selections, columns, sorting" {
	printf 'apple\nbanana\ncherry\n' | mq push -q q -l
	mq push -q q -d 1h -m date
	mq hold q "$(id q ready)"
	assert_equal "$(mq ls q --ids | wc -l)" 4
	assert_equal "$(mq ls q -o state | sort | uniq -c | tr -s ' \n' ' ')" " 1 delayed 1 held 2 ready "
	assert_equal "$(mq ls q --state held,delayed -o state | tr '\n' ,)" delayed,held,
	assert_equal "$(mq ls q --match 'an.n' --ids | wc -l)" 1
	assert_equal "$(mq ls q --older 1h --ids | wc -l)" 0
	assert_equal "$(mq ls q --older 0 --ids | wc -l)" 4
	assert_equal "$(mq ls q -n 2 --ids | wc -l)" 2
	assert_equal "$(mq ls q -o size --sort -size | tr -s ' \n' ,)" 6,6,5,4,
	run -64 mq ls q -o nosuch
	run -64 mq ls q --state nosuch
	run -64 mq ls q --match '('
}

@test "JSON: the members of the manual" {
	mq push -q q -x 1h -m x
	assert_equal "$(json q 'keys_unsorted | join(" ")')" "id queue state priority attempts deliveries size enqueued due deadline expires handle reason headers"
	assert_equal "$(json q '.expires > .enqueued')" true
}

@test "foreign bytes never reach the terminal raw" {
	mq push -q q -m x
	mq bury q --all --reason $'\033[31mred'
	run -0 mq dead q
	refute_output --partial $'\033'
	run -0 mq ls q --json
	refute_output --partial $'\033'
}

@test "C1 controls, which steer terminals too, are shown, not sent; letters stay" {
	mq push -q q -m x
	mq bury q --all --reason $'\302\233red gr\303\274n'
	for verb in "dead q" "ls q --json" "ls q -o reason"; do
		# shellcheck disable=SC2086 # a verb and its operands
		run -0 mq $verb
		refute_output --partial $'\302\233'
		refute_output --partial $'\233'
	done
	run -0 mq dead q
	assert_output --partial 'grün'
}
