#!/bin/sh
# demo.sh: the main job on real input, from push to dead letter and back.
#
# Every file under a real directory becomes a message; four workers checksum
# them with a handler that has a bug; what fails is tried again and ends as a
# dead letter; then the bug is mended and the dead letters are sent again.  At
# the end each file's checksum has to be there, and the queue clean and empty.
#
# DEMO_DIR=DIR takes the files from DIR; KEEP=1 leaves the spool for a look.

set -u
export LC_ALL=C

top=$(cd "$(dirname "$0")/.." && pwd)
mq=${MQ_BIN:-$top/mq}
if [ ! -x "$mq" ]; then
	echo "demo: there is no $mq; run make first" >&2
	exit 1
fi
PATH=$(dirname "$mq"):$PATH
export PATH

# The kernel's headers are on every machine that can compile; else this tree.
from=${DEMO_DIR:-/usr/include/linux}
[ -n "${DEMO_DIR:-}" ] || [ -d "$from" ] || from=$top
from=$(cd "$from" && pwd) || exit 1

dir=$(mktemp -d) || exit 1
keep=${KEEP:-}
finish() {
	if [ -n "$keep" ]; then
		echo "demo: kept: cd $dir; export MQ_SPOOL=$dir/spool"
	else
		cd / && rm -rf "$dir"
	fi
}
trap finish EXIT
trap 'exit 130' INT TERM HUP

# run COMMAND: show it, then do it, as typed.
run() {
	printf '\n$ %s\n' "$1"
	eval "$1" || fail "that ended with status $?"
}

say() {
	echo
	printf '# %s\n' "$@"
}

fail() {
	keep=1
	echo "demo: FAILED: $*" >&2
	exit 1
}

# is WHAT FOUND WANTED
is() {
	[ "$2" -eq "$3" ] || fail "$1: $2, not $3"
}

in_state() {
	mq ls demo --state "$1" --ids >listed || fail "mq ls: status $?"
	wc -l <listed
}

cd "$dir" || exit 1
mkdir out
# The user's own policy is not asked; a demo does the same everywhere.
export XDG_CONFIG_HOME="$dir"

run "export MQ_SPOOL=$dir/spool"
say "A queue with a policy: three attempts, a short back-off."
run "mq init demo attempts=3 backoff=0.1s..1s"

# No newline or backslash in a name: sha256sum would escape it below.
find "$from" -name .git -prune -o -path "$top/build" -prune -o -type f -readable \
    ! -path '*[\\
]*' -print0 | sort -z >files
xargs -0 stat -c %s <files >sizes
count=$(wc -l <sizes)
[ "$count" -gt 0 ] || fail "no files under $from"

# The handler's bug is a limit that the dozen largest files go beyond.
nth=13
[ "$count" -gt 26 ] || nth=$((count / 2 + 1))
limit=$(sort -rn sizes | sed -n "${nth}p")
large=$(awk -v limit="$limit" '$1 > limit' sizes | wc -l)
if [ "$large" -eq 0 ]; then
	limit=$((limit - 1))
	large=$(awk -v limit="$limit" '$1 > limit' sizes | wc -l)
fi

cat >handler <<END
#!/bin/sh
# One message: its body is stdin, its id in the environment.
limit=$limit
size=\$(stat -Lc %s /dev/stdin)
if [ "\$size" -gt "\$limit" ]; then
	echo "too large: \$size bytes, the limit is \$limit" >&2
	exit 1
fi
case \$MQ_ATTEMPT:\$size in
1:*7)	echo "not now, please try again" >&2
	exit 75 ;;
esac
sha256sum >out/\$MQ_ID
END
chmod +x handler

say "A handler that does a checksum.  Some bodies are too large for it, always;" \
    "some fail at the first attempt only."
run "cat handler"

say "$count files of $from, each one a message."
started=$(date +%s)
run "xargs -0 mq push demo <files >ids"
is "ids printed" "$(wc -l <ids)" "$count"
run "mq stat demo"

say "Four handlers at once, until nothing is left, neither ready nor waiting for its retry."
run "mq work demo -j4 --drain=all -- ./handler 2>work.log"
run "tail -n 3 work.log"
run "mq stat demo"
is "ready" "$(in_state ready)" 0
is "delayed" "$(in_state delayed)" 0
is "dead" "$(in_state dead)" "$large"

say "Given up on after three attempts: $large dead letters, and why."
run "mq dead demo"

say "Mend the handler, send them again."
run "sed -i 's/^limit=.*/limit=999999999999/' handler"
run "mq retry demo --all"
run "mq work demo -j4 --drain=all -- ./handler 2>>work.log"
run "mq stat demo"
run "mq fsck demo"
took=$(($(date +%s) - started))

for state in ready delayed claimed held dead; do
	is "$state" "$(in_state "$state")" 0
done

# Ids were printed in the order of the files.
xargs -0 sha256sum <files | cut -d ' ' -f 1 >wanted
while read -r id; do
	cut -d ' ' -f 1 "out/$id" || fail "no result for message $id"
done <ids >found
cmp wanted found || fail "a checksum differs"

echo
echo "demo: $count files queued and handled in $took s; $(grep -c 'try again' work.log) failed once and were retried;" \
    "$large became dead letters, and were handled after the repair."
echo "demo: $(wc -l <found) of $count checksums are right, the queue is empty and clean: nothing was lost."
