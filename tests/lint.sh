#!/usr/bin/env bash
# lint.sh FLAG...: the linters, each one a test.  "make lint" runs it with the
# compiler flags that the sources need.  A linter that is not installed counts
# as skipped and says so.  What a linter printed stays in build/lint/NAME.log.

set -u -o pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.." || exit 1
flags=("$@")
logs=build/lint
mkdir -p "$logs"
passed=0 failed=0 skipped=0

# lint NAME PROGRAM COMMAND...
lint() {
	local name=$1 program=$2
	shift 2
	if ! command -v "$program" >/dev/null; then
		echo "SKIPPED  $name: no $program here; \"make deps-dev\" installs it"
		skipped=$((skipped + 1))
		return
	fi
	if "$@" >"$logs/$name.log" 2>&1; then
		echo "ok       $name"
		passed=$((passed + 1))
	else
		echo "FAILED   $name"
		sed 's/^/    /' "$logs/$name.log"
		failed=$((failed + 1))
	fi
}

# Everything that "make check" and "make bench" build, warnings as errors, beside the real build.
warnings() {
	"${MAKE:-make}" --no-print-directory -j"$(nproc)" \
	    CC="$1" B="build/lint-$1" MQ="build/lint-$1/mq" WERROR=1 all units "build/lint-$1/bench/floor"
}

tidy() {
	printf '%s\0' lib/*/*.c cmd/*.c cmd/*/*.c |
	    xargs -0 -P "$(nproc)" -I '{}' clang-tidy --quiet '{}' -- "${flags[@]}" 2>&1 |
	    { grep -v ' warnings\{0,1\} generated\.$' || true; }
}

# gcc's own; tests/analyzer names what it is wrong about, and why.  A finding that is not listed there is an error, a line
# there without its finding too.
analyzer() {
	{ sed -n 's/[[:space:]]*#.*//; /./s/^/known /p' tests/analyzer
	printf '%s\0' lib/*/*.c cmd/*.c cmd/*/*.c |
	    xargs -0 -P "$(nproc)" -I '{}' gcc -fanalyzer -fanalyzer-verbosity=0 -fdiagnostics-plain-output \
	        "${flags[@]}" -O2 -c -o /dev/null '{}' 2>&1; } |
	    awk '$1 == "known" { known[$2 " " $3 " " $4] = 1; next }
	        / In function / { gsub(/[^a-z0-9_]/, "", $NF); function_ = $NF; next }
	        match($0, /\[-Wanalyzer.*\]/) {
	            split($0, where, ":")
	            what = where[1] " " function_ " " substr($0, RSTART + 1, RLENGTH - 2)
	            if (what in known) { seen[what] = 1; next }
	            print; bad = 1
	        }
	        / error: / { print; bad = 1 }
	        END { for (what in known) if (!(what in seen)) { print "tests/analyzer: not found any more: " what; bad = 1 }
	            exit bad }'
}

cppcheck_all() {
	local include=() define=() flag
	for flag in "${flags[@]}"; do
		case $flag in
		-I*)	include+=("$flag") ;;
		-D*)	define+=("$flag") ;;
		esac
	done
	cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 -j "$(nproc)" \
	    "${include[@]}" "${define[@]}" lib cmd
}

shell() {
	local bats bash
	mapfile -t bats < <(compgen -G 'tests/*.bats'; compgen -G 'tests/long/*.bats')
	mapfile -t bash < <(compgen -G 'tests/*.bash')
	shellcheck tests/*.sh .ci/run dist/debian/build.sh dist/debian/p[or]* || return
	# There "|| fail" is meant for whichever of the two fails.
	shellcheck -s bash -e SC2015 tests/long/*.sh || return
	# Helpers have no #! line; they are bash, as bats is.
	[ ${#bash[@]} -eq 0 ] || shellcheck -s bash "${bash[@]}" || return
	# Each test is a function of its own process: what one sets is not
	# meant for another (SC2030, SC2031); variables come from helpers (SC2154);
	# "done" is a state of ours as well as a word of the shell (SC1010).
	[ ${#bats[@]} -eq 0 ] ||
	    shellcheck -S warning -s bats -e SC1010,SC2030,SC2031,SC2154 "${bats[@]}" || return
	# The scripts of mq-recipes(7).  -nt (SC3013) came with POSIX.1-2024, and all shells have it.
	rm -rf "$logs/recipes" && python3 tests/recipes.py man/mq-recipes.7 "$logs/recipes" &&
	    shellcheck -S warning -s sh -e SC3013 "$logs"/recipes/*/bin/*
}

manuals() {
	mandoc -Tlint -Wwarning man/*
}

layers() {
	local file objects=()
	for file in lib/*/*.c cmd/*.c cmd/*/*.c; do
		objects+=("build/lint-gcc/${file%.c}.o")
	done
	nm -A -P "${objects[@]}" | awk -f tests/layers.awk tests/layers - | sort
}

lint gcc gcc warnings gcc
lint clang clang warnings clang
lint cppcheck cppcheck cppcheck_all
lint clang-tidy clang-tidy tidy
lint analyzer gcc analyzer
lint shellcheck shellcheck shell
lint mandoc mandoc manuals
lint layers nm layers

echo
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ]
