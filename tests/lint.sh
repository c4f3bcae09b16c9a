#!/usr/bin/env bash
# lint.sh FLAG...: the linters, each one a test.  "make lint" runs it with the
# compiler flags that the sources need.  A linter that is not installed counts
# as skipped and says so.  What a linter printed stays in build/lint/NAME.log.
#
#	LINT="clang-tidy mandoc"	only these; without it, all
#	FILES=changed			only files that differ from where this branch left main
#	FILES="lib/life/push.c ..."	only these files
#
# FILES is for the linters that look at one file at a time: cppcheck, clang-tidy,
# analyzer, shellcheck, mandoc, columns, prototypes.  The others take all.  clang-tidy and analyzer look at the helpers of engines
# (cmd/helper/) only if FILES names them, for they take long.

set -u -o pipefail
export LC_ALL=C.UTF-8
cd "$(dirname "$0")/.." || exit 1
flags=("$@")
logs=build/lint
mkdir -p "$logs"
passed=0 failed=0 skipped=0
linters='top gcc clang cppcheck clang-tidy analyzer shellcheck mandoc layers figures statics columns prototypes'

for name in ${LINT:-}; do
	case " $linters " in
	*" $name "*) ;;
	*)	echo "lint.sh: no linter '$name'; there are: $linters" >&2; exit 64 ;;
	esac
done

# ---- which files ----

in_git() {
	[ "$(git rev-parse --show-prefix 2>/dev/null && echo git)" = $'\ngit' ]
}

# Where this branch left main; on main itself, the last commit.
base() {
	local main
	for main in main origin/main; do
		if git rev-parse -q --verify "$main" >/dev/null; then
			git merge-base HEAD "$main"
			return
		fi
	done
	git rev-parse HEAD
}

case ${FILES:-} in
changed)
	if ! in_git; then
		echo 'lint.sh: FILES=changed: only in a git checkout' >&2
		exit 64
	fi
	mapfile -t wanted < <(git diff --name-only --diff-filter=d "$(base)"; git ls-files -o --exclude-standard)
	;;
*)	read -ra wanted <<<"${FILES:-}" ;;
esac
for file in "${wanted[@]}"; do
	if [ ! -e "$file" ]; then
		echo "lint.sh: there is no file $file" >&2
		exit 64
	fi
done

# files GLOB...: those that match and are wanted
files() {
	local file
	compgen -G "$1" | while IFS= read -r file; do
		case "${FILES:+ ${wanted[*]} }" in
		'' | *" $file "*) echo "$file" ;;
		esac
	done
	shift
	[ $# -eq 0 ] || files "$@"
}

c_files() { files 'lib/*/*.c' 'cmd/*.c' 'cmd/*/*.c' 'cmd/helper/*/*.c'; }

# For the slow ones: the helpers of engines only when they are asked for, by FILES.
deep_files() { c_files | if [ -n "${FILES:-}" ]; then cat; else grep -v '^cmd/helper/'; fi; }

h_files() { files 'lib/*.h' 'lib/*/*.h' 'cmd/*.h' 'cmd/*/*.h' 'cmd/helper/*/*.h'; }

# ---- how one is run ----

# lint NAME PROGRAM COMMAND...
lint() {
	local name=$1 program=$2
	shift 2
	case " ${LINT:-$linters} " in
	*" $name "*) ;;
	*)	return ;;
	esac
	if ! command -v "$program" >/dev/null; then
		echo "SKIPPED  $name: no $program here; \"make deps-dev\" installs it"
		skipped=$((skipped + 1))
		return
	fi
	if "$@" >"$logs/$name.log" 2>&1; then
		echo "ok       $name"
		passed=$((passed + 1))
		# What is not an error is worth a look, too.
		sed 's/^/    /' "$logs/$name.log"
	else
		echo "FAILED   $name"
		sed 's/^/    /' "$logs/$name.log"
		failed=$((failed + 1))
	fi
}

# ---- the linters ----

# What lies at the top is what a newcomer sees first.  A file that came there by accident is none of these.
top() {
	local known=' .ci .clang-format .clang-tidy .gitignore LICENSE Makefile NEWS.md README.md HACKING.md spool-format.md'
	known+=' cmd completions dist lib man tests '
	in_git || { echo 'not a git checkout: not looked at'; return; }
	git ls-files | cut -d / -f 1 | sort -u | while IFS= read -r file; do
		case $known in
		*" $file "*) ;;
		*)	echo "$file: not on the list of what may lie at the top (tests/lint.sh)" ;;
		esac
	done | { ! grep .; }
}

# Everything that "make check" and "make bench" build, warnings as errors, beside the real build.
warnings() {
	"${MAKE:-make}" --no-print-directory -s -j"$(nproc)" \
	    CC="$1" B="build/lint-$1" MQ="build/lint-$1/mq" WERROR=1 all units "build/lint-$1/bench/floor"
}

tidy() {
	deep_files | tr '\n' '\0' |
	    xargs -0 -r -P "$(nproc)" -I '{}' clang-tidy --quiet '{}' -- "${flags[@]}" 2>&1 |
	    { grep -v ' warnings\{0,1\} generated\.$' || true; }
}

# gcc's own; tests/analyzer names what it is wrong about, and why.  A finding that is not listed there is an error.  A
# line there without its finding is not: an edit elsewhere in the function can hide a finding, and the next one show it.
# What is said of one file comes in one piece, as a finding is in the function that was named last.
# shellcheck disable=SC2016 # expanded by sh
analyzer() {
	{ sed -n 's/[[:space:]]*#.*//; /./s/^/known /p' tests/analyzer
	deep_files | sed 's/^/looked /'
	deep_files | tr '\n' '\0' |
	    xargs -0 -r -P "$(nproc)" -I '{}' sh -c 'said=$("$@" 2>&1); echo "$said"' sh \
	        gcc -fanalyzer -fanalyzer-verbosity=0 -fdiagnostics-plain-output \
	        "${flags[@]}" -O2 -c -o /dev/null '{}' 2>&1; } |
	    awk '$1 == "known" { known[$2 " " $3 " " $4] = $2; next }
	        $1 == "looked" { looked[$2] = 1; next }
	        / In function / { gsub(/[^a-z0-9_]/, "", $NF); function_ = $NF; next }
	        match($0, /\[-Wanalyzer.*\]/) {
	            split($0, where, ":")
	            what = where[1] " " function_ " " substr($0, RSTART + 1, RLENGTH - 2)
	            if (what in known) { seen[what] = 1; next }
	            print; bad = 1
	        }
	        / error: / { print; bad = 1 }
	        END { for (what in known) if (!(what in seen) && known[what] in looked)
	                print "warning: tests/analyzer: not found any more: " what
	            for (what in known) if (system("test -e " known[what]) != 0)
	                print "warning: tests/analyzer: there is no file " known[what]
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
	c_files | tr '\n' '\0' | xargs -0 -r cppcheck --quiet --std=c11 --enable=warning,performance,portability \
	    --inline-suppr --error-exitcode=1 -j "$(nproc)" "${include[@]}" "${define[@]}"
}

# checked OPTION... -- GLOB...: shellcheck of those of the files that are there
checked() {
	local options=() list
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	shift
	mapfile -t list < <(files "$@")
	[ ${#list[@]} -eq 0 ] || shellcheck "${options[@]}" "${list[@]}"
}

shell() {
	checked -- 'tests/*.sh' .ci/run dist/debian/build.sh 'dist/debian/p[or]*' || return
	# There "|| fail" is meant for whichever of the two fails.
	checked -s bash -e SC2015 -- 'tests/long/*.sh' || return
	# Helpers have no #! line; they are bash, as bats is.
	checked -s bash -- 'tests/*.bash' || return
	# Each test is a function of its own process: what one sets is not
	# meant for another (SC2030, SC2031); variables come from helpers (SC2154);
	# "done" is a state of ours as well as a word of the shell (SC1010).
	checked -S warning -s bats -e SC1010,SC2030,SC2031,SC2154 -- 'tests/*.bats' 'tests/long/*.bats' || return
	# The scripts of mq-recipes(7).  -nt (SC3013) came with POSIX.1-2024, and all shells have it.
	[ -n "$(files man/mq-recipes.7)" ] || return 0
	rm -rf "$logs/recipes" && python3 tests/recipes.py man/mq-recipes.7 "$logs/recipes" &&
	    shellcheck -S warning -s sh -e SC3013 "$logs"/recipes/*/bin/*
}

manuals() {
	files 'man/*' | tr '\n' '\0' | xargs -0 -r mandoc -Tlint -Wwarning
}

# Its own build, as cross-module optimization would hide calls; the gcc linter leaves it there.
# Most commits change some of the numbers.  Only whether there are none, or at least 1, 10 or 100, is compared.
about() { sed -E 's/[0-9]{3,}/100/g; s/\b[0-9]{2}\b/10/g; s/\b[0-9]\b/1/g; s/ +/ /g'; }

layers() {
	local file objects=()
	for file in lib/*/*.c cmd/*.c cmd/*/*.c; do
		objects+=("build/lint-gcc/${file%.c}.o")
	done
	warnings gcc && nm -A -P "${objects[@]}" |
	    awk -v prefix=build/lint-gcc/ -f tests/layers.awk tests/layers - >"$logs/layers.txt"
	local status=$?
	cat "$logs/layers.txt"
	[ $status -eq 0 ] || return 1
	diff <(sed -n '/^uses of/,/^```/p' HACKING.md | grep -v '^```' | about) <(about <"$logs/layers.txt") ||
	    { echo 'HACKING.md has another table: put this one there'; return 1; }
}

figures() {
	# Files that are too long are named and are no failure yet.
	awk -v may='lib/mq.h' -f tests/figures.awk lib/*.h lib/*/*.[ch] cmd/*.[ch] cmd/*/*.[ch] || true
}

statics() {
	awk -f tests/statics.awk lib/*/*.c cmd/*.c cmd/*/*.c
}

# A tab goes to the next multiple of 8; a character of several bytes is one column.
columns() {
	local file
	{ c_files; h_files; } | while IFS= read -r file; do
		expand "$file" | LC_ALL=C awk -v file="$file" '{ gsub(/[\200-\277]/, "") }
		    length > 100 { print file ":" FNR ": " length " columns" }'
	done | { ! grep .; }
}

prototypes() {
	h_files | tr '\n' '\0' | xargs -0 -r awk -f tests/prototypes.awk
}

lint top git top
lint gcc gcc warnings gcc
lint clang clang warnings clang
lint cppcheck cppcheck cppcheck_all
lint clang-tidy clang-tidy tidy
lint analyzer gcc analyzer
lint shellcheck shellcheck shell
lint mandoc mandoc manuals
lint layers nm layers
lint figures awk figures
lint statics awk statics
lint columns expand columns
lint prototypes awk prototypes

echo
echo "$passed passed, $failed failed$([ "$skipped" -eq 0 ] || echo ", $skipped skipped")"
[ "$failed" -eq 0 ]
