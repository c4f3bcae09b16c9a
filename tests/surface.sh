#!/usr/bin/env bash
# surface.sh: what programs and people may rely on, a line each: verbs, options, policy keys,
# columns, findings, members of JSON, metrics.  tests/surface.txt is what this printed when the
# last version was released; tests/contract.bats wants what came since in NEWS.md.
#
# Run it with mq in PATH.  A member within a member is told with a dot.

set -eu
export LC_ALL=C
dir=$(mktemp -d "${TMPDIR:-/tmp}/surface.XXXXXX")
trap 'rm -rf "$dir"' EXIT
export MQ_SPOOL=$dir/spool MQ_CONF=$dir/no.conf XDG_CONFIG_HOME=$dir XDG_STATE_HOME=$dir
: >"$MQ_CONF"

# A topic with a subscriber; a queue with a dead letter, a message whose body is no UTF-8, and a bad file.
mq init -q topic
mq subscribe topic jobs
mq push -q jobs -p 0 -H 'Kind: x' -m first
mq nack jobs "$(mq claim jobs)" --dead --reason why
printf '\377' | mq push -q jobs
touch "$MQ_SPOOL/jobs/ready/junk"
mq watch --json jobs >"$dir/events" 2>"$dir/armed" &
watcher=$!
until [ -s "$dir/armed" ]; do sleep 0.05; done
mq push -q jobs -m third
until [ -s "$dir/events" ]; do sleep 0.05; done
kill "$watcher"
wait "$watcher" || true

mq init -q sent
mq -s "$dir/there" init -q sent
mq relay -q --drain sent "mq://$dir/there/sent" 2>/dev/null || true	# its helper may be missing in an older tree

members() {
	jq -r '[paths | map(strings) | join(".")] | unique[] | select(. != "" and (startswith("headers.") | not))' |
	    sort -u | sed "s/^/json $1 /"
}

{
mq help --table | awk -F '\t' '$1 == "cmd" { print "verb", $2 }
	$1 == "opt" { print "option", $2, ($4 == "" ? "-" $3 : "--" $4) }'
mq config jobs | sed -n 's/^\([a-z_]*\) = .*/key \1/p'
mq fsck --list | sed 's/^\([a-z-]*\)\t.*/finding \1/'
{ mq ls jobs -o '' 2>&1 || true; } | sed -n 's/.*there are \([a-z_,]*\).*/\1/p' | tr , '\n' | sed 's/^/column /'
mq stat --prometheus | awk '$2 == "TYPE" { print "metric", $3 }'
mq ls --json jobs | members ls
mq peek --json jobs | members peek
mq show --json jobs "$(mq ls --ids --state dead jobs)" | members show
mq claim --json jobs | members claim
mq pop --json jobs | members pop
mq stat --json jobs | members stat
mq topics --json | members topics
mq stat --relays --json | members relays
{ mq fsck --json jobs || true; } | members fsck
members watch <"$dir/events"
} | sort -u
