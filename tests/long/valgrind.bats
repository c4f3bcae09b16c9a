#!/usr/bin/env bats
# valgrind.bats: the suites of make check once more, each mq under valgrind: no bad read or write, nothing used
# before it is set, nothing lost that was allocated.  Not the ones of thousands of commands, nor those of wrong
# clocks and injected calls, which would be valgrind's as well.

load ../helper

@test "each command of the suites under valgrind" {
	command -v valgrind >/dev/null || skip "SKIPPED: no valgrind here"
	mkdir -m 1777 reports
	mkdir build
	ln -s "$MQ_BUILD/preload" "$MQ_BUILD/sweep" "$MQ_BUILD/unit" build/
	# valgrind itself cannot start without a directory to write to, and would take a closed stdout for its own files.
	cat >mq <<-END
		#!/bin/sh
		{ [ -w "\$TMPDIR" ] && true >&1; } 2>/dev/null || exec "$MQ_BIN" "\$@"
		exec valgrind -q --vgdb=no --leak-check=full --errors-for-leak-kinds=definite,indirect --error-exitcode=99 \\
		    --log-file="$PWD/reports/%p" "$MQ_BIN" "\$@"
	END
	chmod 755 mq
	# Other users run it, too.
	dir=$PWD
	while [ "$dir" != / ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
	cd "$BATS_TEST_DIRNAME/.."
	suites=()
	for suite in *.bats; do
		case $suite in
		race.bats | big.bats | sweep.bats | powerloss.bats | clock.bats) ;;
		*) suites+=("${suite%.bats}") ;;
		esac
	done
	# A bats of its own, not a part of this one.
	run env -i PATH="${PATH//"$BATS_LIBEXEC:"/}" MQ_BIN="$BATS_TEST_TMPDIR/mq" MQ_BUILD="$BATS_TEST_TMPDIR/build" MQ_SAN=valgrind \
	    bash run.sh -t 1500 "${suites[@]}"
	echo "$output" | tail -n 80
	# Its reports start with "==", warnings about itself with "--".
	grep -rh '^==' "$BATS_TEST_TMPDIR/reports" && return 1
	# It is so slow that delays and leases of these three are over before the test looks: only what valgrind says counts.
	run awk '$1 == "FAILED" && $2 !~ /^(wait|work|hint)$/' <<<"$output"
	assert_output ""
	proved "$(find "$BATS_TEST_TMPDIR/reports" -type f | wc -l) runs of mq: 0 reports"
}
