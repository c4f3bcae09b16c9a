#!/usr/bin/env bash
# run.sh [--long | --server] [-j JOBS] [-t SECONDS] [NAME...]: run the tests and sum them up.
#
# A suite is a file that speaks TAP: tests/NAME.bats, tests/engine/NAME.bats, tests/unit/NAME.c (built
# to $MQ_BUILD/unit/NAME) and, with --long, tests/long/NAME.bats; with --server, tests/server/NAME.bats alone.  NAME here is
# "push", "unit/name" or "long/stress"; without one, all of them run.  Three times as
# many run at once as there are processors, each in its own process group and with a
# time limit, so that a hang is a failure.  What a suite printed stays in
# $MQ_BUILD/tests/NAME.tap.
#
# A suite fails when a test fails, but also when its exit status is not 0, when
# it has no plan (a line "1..N") or not as many results as planned, and when a
# sanitizer reported anything, in whichever process.  A line "# proved: TEXT"
# of a suite goes into the table at the end.
#
# Tests see nothing of the user's environment but PATH.  They get
#	MQ_BIN		the program under test (its directory is first in PATH)
#	MQ_BUILD	the directory it was built in (preload/NAME.so is there)
#	MQ_ENGINE_DIR	where the helpers of engines are
#	MQ_SAN		not empty when it was built with ASan and UBSan; "valgrind" below valgrind
#	FUZZ_RUNS	the user's: how long long/fuzz runs
#	HOME, TMPDIR	empty, one pair for each suite, removed afterwards

set -u
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.." || exit 1

usage() {
	echo "usage: run.sh [--long | --server] [-j jobs] [-t seconds] [name...]" >&2
	exit 64
}

bin=$(realpath "${MQ_BIN:-mq}")
build=$(realpath "${MQ_BUILD:-build}")
san=${MQ_SAN:-}
out=$build/tests
jobs=$((3 * $(nproc 2>/dev/null || echo 2)))	# most of them wait most of the time
long='' limit='' server=''

while [ $# -gt 0 ]; do
	case $1 in
	--long)	long=1; shift ;;
	--server)	server=1; shift ;;
	-j)	jobs=${2-}; shift 2 || usage ;;
	-t)	limit=${2-}; shift 2 || usage ;;
	-*)	usage ;;
	*)	break ;;
	esac
done
limit=${limit:-$((long ? 7200 : 900))}
case $jobs$limit in *[!0-9]*) usage ;; esac
if [ "$jobs" -lt 1 ] || [ "$limit" -lt 1 ]; then usage; fi

if [ ! -x "$bin" ]; then
	echo "run.sh: no program to test at $bin; run make first" >&2
	exit 1
fi
bats=$(bats --version 2>/dev/null)
case $bats in
'')	echo 'run.sh: bats is needed: run "make deps"' >&2; exit 1 ;;
*' 0.'* | *' 1.'[0-7] | *' 1.'[0-7].*)
	echo "run.sh: the tests need bats 1.8 or newer with bats-support and bats-assert; this is $bats" >&2
	exit 1 ;;
esac

# ---- which suites, the slowest of the last time first ----

suites=() files=(tests/unit/*.c tests/*.bats tests/engine/*.bats ${long:+tests/long/*.bats})
[ -z "$server" ] || files=(tests/server/*.bats)
for file in "${files[@]}"; do
	[ -e "$file" ] || continue
	name=${file#tests/}
	suites+=("${name%.*}")
done

wanted=()
for name in "$@"; do
	found=
	for suite in "${suites[@]}"; do
		case $suite in
		"$name" | */"$name") wanted+=("$suite"); found=1 ;;
		esac
	done
	if [ -z "$found" ]; then
		echo "run.sh: no tests named '$name'" >&2
		exit 64
	fi
done
[ $# -eq 0 ] || suites=("${wanted[@]}")

# Nothing is known of the first time: then those that compute most go first, as what begins last decides when it ends.
slow=' work hint big race order powerloss users sweep pairs '
mapfile -t suites < <(
	for suite in "${suites[@]}"; do
		case $slow in
		*" $suite "*)	after=${slow#*" $suite "}; took=$((99999 - ${#after})) ;;
		*)		took=50000 ;;
		esac
		[ -r "$out/$suite.time" ] && read -r took _ <"$out/$suite.time"
		echo "$took $suite"
	done | sort -k1,1rn -k2 -u | cut -d' ' -f2
)

# ---- run ----

tmp=$(mktemp -d) || exit 1
tmp=$(realpath "$tmp")
chmod 755 "$tmp"

# LD_PRELOAD takes a blank or a colon for the end of a name.
case $build in
*[[:space:]:]*)	ln -s "$build" "$tmp/build" && seen=$tmp/build ;;
*)	seen=$build ;;
esac

cleanup() {
	# Some tests leave directories that nobody may enter.
	chmod -R u+rwX "$tmp" 2>/dev/null
	rm -rf "$tmp"
}

# shellcheck disable=SC2317,SC2329 # called by the traps
interrupted() {
	local pid
	for pid in "$tmp"/pid.*; do
		[ -e "$pid" ] && kill "$(<"$pid")" 2>/dev/null
	done
	wait
	exit 130
}
trap cleanup EXIT
trap interrupted INT TERM HUP

# A shell without job control starts its children with SIGINT ignored; tests
# that send one would wait for ever.
defsig=
env --default-signal=INT,QUIT true 2>/dev/null && defsig=--default-signal=INT,QUIT

# in_clean_env DIR REPORTS COMMAND...
in_clean_env() {
	local dir=$1 reports=$2 name pass=()
	shift 2
	for name in LD_LIBRARY_PATH LD_PRELOAD; do
		[ -z "${!name:-}" ] || pass+=("$name=${!name}")
	done
	# Exit status 99: never one that a test expects.  log_path: a report
	# counts even when the test throws the program's stderr away.
	[ -z "$san" ] || pass+=(
		"ASAN_OPTIONS=log_path=$reports:exitcode=99:detect_stack_use_after_return=1"
		"UBSAN_OPTIONS=log_path=$reports:exitcode=99:print_stacktrace=1"
		"LSAN_OPTIONS=suppressions=$PWD/tests/leaks:print_suppressions=0"
	)
	umask 022
	ulimit -c 0
	# shellcheck disable=SC2086 # $defsig is an option or nothing
	exec env -i $defsig \
	    PATH="${bin%/*}:$PATH" HOME="$dir/home" TMPDIR="$dir/tmp" \
	    LC_ALL=C.UTF-8 TERM=dumb SHELL=/bin/sh \
	    USER="$(id -un)" LOGNAME="$(id -un)" \
	    BATS_LIB_PATH="${BATS_LIB_PATH:+$BATS_LIB_PATH:}/usr/lib/bats:/usr/local/lib/bats:/usr/lib:/usr/local/lib" \
	    MQ_BIN="$bin" MQ_BUILD="$seen" MQ_ENGINE_DIR="$seen/engine" MQ_SAN="$san" \
	    FUZZ_RUNS="${FUZZ_RUNS:-}" "${pass[@]}" "$@"
}

# judge TAP STATUS: "passed failed skipped trouble..."
judge() {
	awk -v status="$2" -v limit="$limit" '
	/^1\.\.[0-9]+/		{ planned = 1; plan = substr($1, 4) + 0 }
	/^ok .* # skip/		{ skipped++; next }
	/^ok /			{ passed++ }
	/^not ok /		{ failed++ }
	END {
		ran = passed + failed + skipped
		if (status == 124 || status == 137)
			trouble = "stopped after " limit " s (it hangs)"
		else if (status > 128)
			trouble = "killed by signal " status - 128
		else if (!planned)
			trouble = "no plan (a line 1..N)"
		else if (ran != plan)
			trouble = "planned " plan " tests, ran " ran
		else if (ran == 0)
			trouble = "no tests in it"
		else if (status != 0 && !failed)
			trouble = "exit status " status
		if (trouble != "" && status != 0 && trouble !~ /status|signal|hangs/)
			trouble = trouble ", exit status " status
		print passed + 0, failed + (trouble != ""), skipped + 0, trouble
	}' "$1"
}

# counts PASSED FAILED SKIPPED
counts() {
	echo "$1 passed, $2 failed$([ "$3" -eq 0 ] || echo ", $3 skipped")"
}

# run_suite NAME: leaves NAME.tap, NAME.result and NAME.time (how long it took, and how much of a
# processor, in tenths of a second); says one line.
run_suite() {
	local suite=$1 tap=$out/$1.tap dir=$tmp/$1 start took used status cmd report
	mkdir -p "${tap%/*}" "$dir/home" "$dir/tmp"
	rm -f "$out/$suite".{tap,result,san.*}
	case $suite in
	unit/*)	cmd=("$build/$suite") ;;
	*)	cmd=(bats --tap "tests/$suite.bats") ;;
	esac

	start=$EPOCHREALTIME
	(in_clean_env "$dir" "$out/$suite.san" \
	    timeout -k 10 "$limit" "${cmd[@]}") </dev/null >"$tap" 2>&1 &
	echo $! >"$tmp/pid.$BASHPID"
	wait $!
	status=$?
	rm -f "$tmp/pid.$BASHPID"
	took=$(((${EPOCHREALTIME/[!0-9]/} - ${start/[!0-9]/}) / 100000))
	# Of what "times" prints, the second line is about children: "1m2.345s 0m6.789s".
	times >"$dir/times"
	used=$(awk -F '[ms ]' 'NR == 2 { print int(($1 * 60 + $2 + $4 * 60 + $5) * 10) }' "$dir/times")

	local passed failed skipped trouble
	read -r passed failed skipped trouble < <(judge "$tap" "$status")
	for report in "$out/$suite".san.*; do
		[ -e "$report" ] || continue
		failed=$((failed + 1))
		trouble="${trouble:+$trouble; }a sanitizer's report"
		break
	done
	echo "$passed $failed $skipped $trouble" >"$out/$suite.result"
	echo "$took $used" >"$out/$suite.time"

	printf '%-6s %-20s %-36s %5d.%d s%s\n' \
	    "$([ "$failed" -eq 0 ] && echo ok || echo FAILED)" "$suite" \
	    "$(counts "$passed" "$failed" "$skipped")" \
	    $((took / 10)) $((took % 10)) "${trouble:+  ($trouble)}"
}

running=0
for suite in "${suites[@]}"; do
	if [ "$running" -ge "$jobs" ]; then
		wait -n
		running=$((running - 1))
	fi
	run_suite "$suite" &
	running=$((running + 1))
done
wait

# ---- sum ----

passed=0 failed=0 skipped=0
for suite in "${suites[@]}"; do
	[ -s "$out/$suite.result" ] || echo '0 1 0 no result' >"$out/$suite.result"
	read -r p f s trouble <"$out/$suite.result"
	passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
	[ "$s" -eq 0 ] ||
	    sed -n "s|^ok [0-9]* [- ]*\(.*\) # skip *\(.*\)|SKIPPED $suite: \1: \2|p" "$out/$suite.tap"
done

for suite in "${suites[@]}"; do
	read -r p f s trouble <"$out/$suite.result"
	[ "$f" -gt 0 ] || continue
	echo
	echo "---- FAILED: $suite${trouble:+: $trouble} ----"
	# What is not about a test that passed, or all of it when it stopped
	# in the middle of something.
	if [ -n "$trouble" ]; then
		cat "$out/$suite.tap"
	else
		grep -v -e '^ok ' -e '^1\.\.' "$out/$suite.tap"
	fi
	for report in "$out/$suite".san.*; do
		[ -e "$report" ] && cat "$report"
	done
done

# ---- the table of what was swept, by the suites that sweep ----

first=1
for suite in "${suites[@]}"; do
	while IFS= read -r line; do
		[ -z "$first" ] || printf '\n%-20s %s\n' suite 'swept'
		first=
		printf '%-20s %s\n' "$suite" "${line#\# proved: }"
	done < <(grep '^# proved: ' "$out/$suite.tap")
done

# ---- what took longest, as it is what the whole run waits for ----

for suite in "${suites[@]}"; do
	[ -s "$out/$suite.time" ] && read -r took used <"$out/$suite.time" && echo "$took ${used:-0} $suite"
done | sort -rn | awk '
	{ sum += $1; cpu += $2 }
	NR <= 5 { slow[NR] = sprintf("%-20s %5.1f s, %5.1f s of a processor", $3, $1 / 10, $2 / 10) }
	END {
		if (NR > 5) {
			printf "\n%-20s %5.1f s, %5.1f s of a processor\n", "all suites", sum / 10, cpu / 10
			for (i = 1; i <= 5; i++)
				print slow[i]
		}
	}'

echo
counts "$passed" "$failed" "$skipped"
if [ $((passed + failed + skipped)) -eq 0 ]; then
	echo "run.sh: no test ran" >&2
	exit 1
fi
[ "$failed" -eq 0 ]
