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
	assert_equal "$(json q 'keys_unsorted | join(" ")')" "id queue state priority attempts deliveries size enqueued due deadline expires handle reason origin headers"
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

# ---- what cannot be looked into ----

# blocked ERROR[:when=N+] PATH COMMAND...: all that the command wants to open by that name fails
blocked() {
	strace -f -o "$BATS_TEST_TMPDIR/trace" -P "$2" -e trace=openat -e inject=openat:error="$1" "${@:3}"
}

complaint() {
	blocked "$@" >/dev/null
}

@test "an error while opening waiting/, or a lane, is never taken for nothing there (F4)" {
	need_strace
	for i in 1 2 3; do mq push -q -k K q -m "k$i"; done
	h=$(mq claim --lease 1h q)
	run -1 mq pop q
	mq nack q --delay 1h "$h"
	lane=$(find "$MQ_SPOOL/q/waiting" -mindepth 1 -maxdepth 1 -printf %f)
	# Each verb opens the directory of the lanes, and that again for each lane.
	for e in EIO EACCES ENOSPC EMFILE EIO:when=2+ EACCES:when=2+; do
		for what in waiting "$lane"; do
			[[ $what == waiting || $e != *:* ]] || continue
			for verb in "ls q" "export q" "stat q" "peek q" "mv q to --all" "rm q --all --force" "hold q --all" \
			    "bury q --all" "ls q --last=9" "peek q 019aa3c4-7d52-7a1b-9c40-000000000001"; do
				rm -rf "$MQ_SPOOL/to" copy
				cp -a "$MQ_SPOOL" copy
				# shellcheck disable=SC2086 # words
				run complaint $e "$what" mq -s copy $verb
				case $status in
				74 | 75 | 77) ;;
				*) fail "$verb, $e of $what: exit $status, $output" ;;
				esac
				[[ $output == *": "* ]]
			done
			run -3 blocked $e "$what" mq check q
			run blocked $e "$what" mq wait q --below 9 --timeout 100ms
			[ "$status" -ne 0 ]
		done
	done
	# What was found is shown all the same.
	run blocked EIO waiting mq ls q --ids
	assert_line "$(id q delayed)"
	# And once nothing fails, all of it is there.
	assert_equal "$(mq ls q --ids | wc -l)" 3
}

@test "a bucket that cannot be opened is passed over and told of by whoever looks, claims or waits (A2)" {
	need_strace
	mq push -q q -m first
	mq push -q q -d 1h -m later
	bad=5.20200101T000000.000000Z
	for bucket in ready/$bad ready/+$bad delayed/${bad#*.} claimed/${bad#*.} claimed/w.${bad#*.}; do
		for e in EACCES EIO ENOTDIR ELOOP; do
			mkdir -p "$MQ_SPOOL/q/$bucket"	# who may open it takes it away
			at=$bucket:$e
			run blocked $e "${bucket#*/}" mq ls q
			assert_line --partial "ready"
			assert_line --partial "delayed"
			[[ $output == *"$bad"* || $output == *"${bad#*.}"* ]] || fail "ls, $at: $output"
			[ "$status" -ge 74 ] || fail "ls, $at: $status"
			run blocked $e "${bucket#*/}" mq stat q --json
			assert_line --partial '"ready":1,"delayed":1,'
			[ "$status" -ge 74 ] || fail "stat, $at: $status"
			run blocked $e "${bucket#*/}" mq peek q "$(id q delayed)"
			assert_equal "$status $output" "0 later"
			run blocked $e "${bucket#*/}" mq wait q --ready --timeout 20s
			[ "$status" -eq 0 ] || fail "wait, $at: $status $output"
			run -3 blocked $e "${bucket#*/}" mq check q
			run blocked $e "${bucket#*/}" mq pop q
			assert_line first
			[ "$status" -eq 0 ] || fail "pop, $at: $status $output"
			mq push -q q -m first
			h=$(mq claim q)
			blocked $e "${bucket#*/}" mq nack q --no-count "$h"
		done
		rmdir "$MQ_SPOOL/q/$bucket" 2>/dev/null || true
	done
}

@test "on a terminal of 80 columns each of the usual columns is there whole" {
	mq push -q q -m x
	mq push -q q -d 1h -m y
	python3 "$BATS_TEST_DIRNAME/terminal.py" -- env TERM=dumb mq ls q | tr -d '\r' >shown
	run -0 cat shown
	assert_line --regexp '^ID +STATE +PRIO +ATTEMPTS +SIZE +AGE$'
	assert_line --regexp '^[0-9a-f-]{36}  delayed +5 +0 +1 +[0-9]+s$'
	run awk 'length > 80' shown
	assert_output ""
}

@test "a queue without its ready/, and a symbolic link to a queue, do not vanish without a word (public k, i)" {
	mq push -q good -m x
	mq push -q wreck -m x
	mq push -q moved -m x
	mv "$MQ_SPOOL/moved" elsewhere
	ln -s "$PWD/elsewhere" "$MQ_SPOOL/moved"
	mkdir "$MQ_SPOOL/nothing"
	ln -s nowhere "$MQ_SPOOL/dangling"
	rm -r "$MQ_SPOOL/wreck/ready"
	for verb in ls stat; do
		run mq $verb
		[ "$status" -ge 66 ]
		assert_output --partial good
		assert_output --partial "wreck: its directory ready/ is missing; 'mq fsck --repair wreck' makes it"
		assert_output --partial "'moved' is a symbolic link, which mq does not follow"
		refute_output --partial nothing
		refute_output --partial dangling
	done
	run mq stat --json
	assert_line --partial '"queue":"good","ready":1,'
	run -66 mq push moved -m x
	assert_output --partial "a symbolic link"
	run -66 mq ls moved
	assert_output --partial "a symbolic link"
	run mq fsck
	assert_output --partial "error foreign-link moved: "
	run -0 mq fsck --repair wreck
	run mq ls
	assert_line wreck
	rm "$MQ_SPOOL/moved"
	run -0 mq ls
	assert_output $'good\nwreck'
}
