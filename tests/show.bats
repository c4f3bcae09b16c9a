#!/usr/bin/env bats
# show.bats: mq show: all that is known about one message
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

@test "a dead letter: each attempt with time, duration, status and last words" {
	mq init -q q attempts=2 backoff=0s
	printf 'first\nsecond\n' | mq push -q q -p 3 -H 'From: ann' -H 'Odd: a	b'
	mq work q --drain=all -- sh -c 'printf "attempt %s\n\033[2J\n" "$MQ_ATTEMPT" >&2; exit 7' 2>/dev/null
	msg=$(mq dead q --ids)
	run -0 mq show q "$msg"
	assert_line --regexp "^Id +$msg\$"
	assert_line --regexp '^State +dead since 20[0-9-]+T[0-9:.]+Z \([0-9]+s\)$'
	assert_line --regexp '^Reason +exit-7: '
	assert_line --regexp '^Attempts +2 of 2 failed, delivered 2 times$'
	assert_line --regexp '^Priority +3$'
	assert_line --regexp '^Size +13 bytes$'
	assert_line --regexp '^Header +From: ann$'
	assert_line --regexp '^  1\. 20[0-9-]+T[0-9:.]+Z exit-7 after [0-9]+\.[0-9]{3} s$'
	assert_line --regexp '^  2\. '
	assert_line '       attempt 1'
	assert_line '       attempt 2'
	assert_line '       \^[[2J'
	assert_line '  first'
	assert_line '  second'
	file=$MQ_SPOOL/$(sed -n 's/^File *//p' <<<"$output")
	[ -f "$file" ]
	refute_output --partial $'\033'
	run -0 mq show q "$msg" --json
	assert_equal "$(jq -c '[.id, .state, .queue, .history[].attempt, .history[1].reason, .history[1].stderr, .holders]' <<<"$output")" \
		"[\"$msg\",\"dead\",\"q\",1,2,\"exit-7\",\"attempt 2\\n\\u001b[2J\\n\",[]]"
	assert_equal "$(jq -r '.history[0].duration | type' <<<"$output")" number
	assert_equal "$MQ_SPOOL/$(jq -r .file <<<"$output")" "$file"
}

@test "who holds a claimed message" {
	mq init -q q
	mq push -q q -m body
	bg worker mq work q -n 1 -- sh -c 'touch started; sh await go'
	wait_for [ -e started ]
	msg=$(mq ls q --ids)
	run -0 mq show q "$msg"
	assert_line --regexp "^Held by +process $pid: mq: work q"
	assert_line --regexp '^Held by +process [0-9]+: sh -c touch started; sh await go'
	assert_line --regexp '^Deadline +.* \(in [0-9 ms]+\)$'
	assert_line --regexp '^Handle +'
	run -0 mq show q "$msg" --json
	assert_equal "$(jq ".holders | map(select(.pid == $pid)) | length" <<<"$output")" 1
	touch go
	wait "$pid"
}

@test "a word of an operator, a delay, an expiry; a torn message is told of as well" {
	mq push -q q -m x -d 1h -x 2h
	msg=$(mq ls q --ids)
	run -0 mq show q "$msg"
	assert_line --regexp '^Due +.* \(in 59m'
	assert_line --regexp '^Expires +.* \(in '
	mq bury -q q "$msg" --reason 'not now'
	run -0 mq show q "$msg"
	assert_line --regexp '^     20[0-9-]+T[0-9:.]+Z buried: not now$'
	assert_equal "$(mq show q "$msg" --json | jq -c '.history[0] | [.attempt, .text, .stderr, .duration]')" '[0,"not now",null,null]'
	echo more >>"$MQ_SPOOL/$(mq ls q -o file)"
	run -0 mq show q "$msg"
	assert_line --regexp '^Body: .*torn'
}

@test "a piece of the id is enough, if it is of one" {
	mq init -q q
	place=$MQ_SPOOL/q/dead/$(date -u +%Y%m%dT%H%M%S.000000Z)
	mkdir "$place"
	for id in 019aa3c4-7d52-7a1b-9c40-000000001111 019aa3c4-7d52-7a1b-9c40-000000002222; do
		: >"$place/20260101T000000.0000${id: -2}Z,$id,s0"
	done
	run -0 mq show q 2222
	assert_line --regexp '000000002222$'
	run -0 mq show q 000001111
	run -66 mq show q 019aa3c4
	assert_output --partial 'more than one id, 019aa3c4-7d52-7a1b-9c40-00000000'
	run -66 mq show q 222
	run -66 mq show q 3333
	assert_output "mq show: no message '3333' in queue 'q'"
	run -0 mq retry q 1111 002222
	assert_equal "$(mq ls q --state ready --ids | wc -l)" 2
	run -0 mq peek q 1111
	run -64 mq show q
	run -66 mq show none 1111
}

@test "a record that is cut, or of another version, or junk" {
	mq push -q q -m x
	mq bury -q q --all
	msg=$(mq dead q --ids)
	record=$MQ_SPOOL/q/failures/${msg: -2}/$msg
	{ echo ' tail of something'; echo; echo 'Time: nonsense'; echo
	  printf 'Time: 20260101T000000.000000Z\nNew-Thing: 1\nReason: exit-1\nStderr:\n a\n\n'; head -c 300 /dev/urandom; } >"$record"
	run -0 mq show q "$msg"
	assert_line --regexp '2026-01-01T00:00:00.000000Z exit-1$'
	run -0 mq show q "$msg" --json
	jq -e '.history[0].stderr == "a\n"' <<<"$output"
	# None at all, where others have theirs; and what is no record.
	rm "$record"
	run -0 mq show q "$msg"
	refute_output --partial 'went wrong'
	ln -s /etc/passwd "$record"
	run -0 mq show q "$msg"
	refute_output --partial root:
}

@test "claimed since the claim, whatever extended the lease since; one delivery is one time, one byte one byte" {
	mq push -q q -m x
	h=$(mq claim q --lease 1h)
	id=${h%%,*}
	since() { mq show q "$id" | sed -n 's/^State *claimed since \([^ ]*\) .*/\1/p'; }
	before=$(since)
	assert [ -n "$before" ]
	sleep 0.01
	mq extend q "$h" 1h
	assert [ "$(mq show q "$id" | sed -n 's/^Renewed *\([^ ]*\) .*/\1/p')" \> "$before" ]
	assert_equal "$(since)" "$before"
	run -0 mq show q "$id"
	assert_line --regexp '^Attempts +0 of 5 failed, delivered 1 time$'
	assert_line --regexp '^Size +1 byte$'
	# Given back and claimed anew, it is claimed since then.
	mq nack -q --no-count q "$h"
	h=$(mq claim q)
	assert [ "$(since)" \> "$before" ]
}
