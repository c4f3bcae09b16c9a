#!/usr/bin/env bats
# select.bats: one language for ls, dead, peek and the verbs that act (mq.1, SELECTING MESSAGES)

load helper

# Ten bodies of their number times ten bytes, priorities 0 to 9; odd ones have a header.
ten() {
	for i in 0 1 2 3 4 5 6 7 8 9; do
		if [ $((i % 2)) = 1 ]; then set -- -H "Kind: odd-$i" -H "Who: ann"; else set --; fi
		printf '%*d' $((i * 10 + 1)) "$i" | mq push -q q -p "$i" "$@"
	done
}

# which OPTION...: the priorities of what is selected
which() {
	mq ls q -o priority "$@" | tr -d '\n '
}

@test "by priority, size, attempts, header, age: numbers, N+ and N-M" {
	ten
	assert_equal "$(which --priority 3)" 3
	assert_equal "$(which --priority 7+)" 789
	assert_equal "$(which --priority 2-4)" 234
	assert_equal "$(which --size 31)" 3
	assert_equal "$(which --size 71+)" 789
	assert_equal "$(which --size 0-21)" 012
	assert_equal "$(which --size 1K+)" ""
	assert_equal "$(which --header kind)" 13579
	assert_equal "$(which --header 'KIND=odd-[35]')" 35
	assert_equal "$(which --header 'Kind=odd')" ""
	assert_equal "$(which --header 'Kind=*' --header Who=ann --priority 5+)" 579
	assert_equal "$(which --header Other)" ""
	assert_equal "$(which --newer 1h)" 0123456789
	assert_equal "$(which --older 1h)" ""
	assert_equal "$(which --newer 0s)" ""
	assert_equal "$(which --match '^ *7$' --priority 5+)" 7
	mq nack q "$(mq claim q)"
	assert_equal "$(which --attempts 1+)" 0
	assert_equal "$(which --attempts 0)" 123456789
}

@test "the first and the last, of all and of a selection, sorted and not" {
	ten
	assert_equal "$(which --first)" 0
	assert_equal "$(which --first=2)" 01
	assert_equal "$(which --last)" 9
	assert_equal "$(which --last=3)" 789
	assert_equal "$(which --last=30)" 0123456789
	assert_equal "$(which --last=2 --header kind)" 79
	assert_equal "$(which --sort -priority --first=2)" 98
	assert_equal "$(which --sort -priority --last=2)" 10
	assert_equal "$(mq peek q --last --header kind | tr -d ' ')" 9
	assert_equal "$(mq peek q --priority 4 | tr -d ' ')" 4
	run -0 mq hold q --last=2
	assert_output 'mq hold: held 2 messages'
	assert_equal "$(which --state held)" 89
	run -0 mq rm -q q --first --state held
	assert_equal "$(which --state held)" 9
}

@test "by reason: the word, or all of the text, as a pattern" {
	mq init -q q attempts=1
	seq 3 | mq push -q -l q
	# shellcheck disable=SC2016
	mq work q --drain -- sh -c 'read n; echo "no customer $n" >&2; exit $n' 2>/dev/null
	reasons() { mq dead q -o reason "$@" | tr '\n' ','; }
	assert_equal "$(reasons --reason exit-2)" "exit-2: no customer 2,"
	assert_equal "$(reasons --reason 'exit-[13]')" "exit-1: no customer 1,exit-3: no customer 3,"
	assert_equal "$(reasons --reason '*customer 3')" "exit-3: no customer 3,"
	assert_equal "$(reasons --reason 'customer')" ""
	run -0 mq retry q --reason '*customer 1'
	assert_counts q "ready=1 dead=2"
	run -1 mq retry -q q --reason nothing
	run -1 mq peek q --state dead --reason nothing
}

@test "what acts says how many, not with -q; what is no selection is told, and does nothing" {
	ten
	run -0 mq bury q --priority 8+
	assert_output 'mq bury: buried 2 messages'
	run -0 mq bury -q q --priority 7
	assert_output ''
	for bad in '--priority x' '--priority 3-' '--priority 4-3' '--priority -3' '--size 1Q' '--size 9+9' '--attempts 1.5' \
	    '--header =x' '--first=0' '--last=x' '--first --last' '-n 3 --last' '--newer soon' '--match ('; do
		# shellcheck disable=SC2086
		run -64 mq rm q --all --force $bad
	done
	run -64 mq rm q --last "$(id q ready)"
	run -64 mq peek q --last "$(id q ready)"
	assert_counts q 'ready=7 dead=3'
}

@test "a selection that reads passes over what may not be read, or is torn, and goes on" {
	need_root
	ten
	chmod 711 "$MQ_SPOOL"
	chmod -R a+rX "$MQ_SPOOL"
	file=$MQ_SPOOL/$(mq ls q --priority 3 -o file)
	chmod 600 "$file"
	run -77 as_nobody mq ls q --header kind -o priority
	assert_equal "$(grep -o '^[0-9]$' <<<"$output" | tr -d '\n')" 1579
	assert_output --partial 'denied'
	chmod 644 "$file"
	echo more >>"$file"
	assert_equal "$(which --header kind)" 1579
	assert_equal "$(which --match 5)" 5
}

@test "on a terminal: colours by state, the last column no wider; NO_COLOR, a dumb terminal and pipes without" {
	mq init -q q attempts=1
	mq push -q q -m x
	mq nack q "$(mq claim q)" --reason "$(printf '%0200d' 7)"
	run -0 env TERM=xterm python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq dead q
	assert_line --partial '0000...'
	assert_equal "${#lines[1]}" 81	# with the carriage return of terminals
	run -0 env TERM=xterm python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq ls q
	assert_output --partial $'\033[31mdead'
	run -0 env TERM=xterm NO_COLOR=1 python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq ls q
	refute_output --partial $'\033'
	run -0 env TERM=dumb python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq ls q
	refute_output --partial $'\033'
	run -0 env TERM=xterm mq ls q
	refute_output --partial $'\033'
	run -0 env TERM=xterm python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq stat q
	assert_line $'QUEUE READY DELAYED CLAIMED HELD DEAD DONE BYTES OLDEST IN/s OUT/s FAIL/s DRAIN\r'
	run -0 mq stat q
	assert_line --regexp '^QUEUE    READY  DELAYED'
	assert_equal "$(mq dead q | wc -c)" "$((36 + 2 + 2 + 2 + 6 + 2 + 200 + 1))"
}

@test "text that hides, or turns the order of, what stands there is made visible" {
	mq push -q q -m x -H "$(printf 'Name: a\342\200\256b\342\200\213c\303\251')"
	run -0 mq show q "$(id q ready)"
	assert_line --partial 'a\M-b\M^@\M-.b'
	assert_line --partial 'cé'
}
