# inject_helper.bash: for tests that look at single system calls, by sweep/inject.c.

# Skipped only where the kernel cannot do it, not where something else is wrong.
need_inject() {
	run "$MQ_BUILD/sweep/inject" / 1 list "$BATS_TEST_TMPDIR/inject.report" true
	# shellcheck disable=SC2154 # run sets them
	case $status:$output in
	0:*) ;;
	70:*seccomp*) skip "no seccomp notifications here: $output" ;;
	*) echo "$output"; return 1 ;;
	esac
}

# LeakSanitizer does not work where strace looks.
need_strace() {
	[ -z "$MQ_SAN" ] || skip "looked at in the build without sanitizers"
	strace -qq -o /dev/null true || skip "SKIPPED: strace cannot trace here"
}

# steps COMMAND...: its syncs and renames below q/, in order; keys and temporary names made alike
steps() {
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 1 list report "$@" >out || return
	sed -nE "s,$MQ_SPOOL/q/,,g; s,mq-[0-9a-f]{16},TMP,g; s,/[^/ ]*Z\,[^ ]*,/MSG,g; s,[0-9]{8}T[0-9.]*Z,KEY,g
		s,^[0-9]+ ((fsync|syncfs|rename[a-z0-9]*) .*),\1,p" report
}

# at_call PATTERN COMMAND...: the command in the background, stopped before its first call that looks like this (see inject.c).
# action=kill: killed there.
at_call() {
	local pattern=$1
	shift
	rm -f report
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "/$pattern" "${action:-stop}" report "$@" >out 2>err 3>&- &
	until grep -qs '^State:.T' "/proc/$!/status"; do
		if ! kill -0 $! 2>/dev/null; then
			[ "${action:-stop}" != kill ] || [ ! -s report ] || return 0
			fail "it was not stopped at $pattern: $(<err)"
		fi
		sleep 0.02
	done
}
