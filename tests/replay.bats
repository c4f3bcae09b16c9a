#!/usr/bin/env bats
# replay.bats: mq replay: what was kept is delivered again

load helper

kept() {
	mq init -q q keep=1d
	mq push -q q -H 'Kind: a' -m one
	mq push -q q -m two
	mq pop -q q -n 9 -l >/dev/null
	assert_counts q "done=2"
}

@test "again in its own queue: a fresh id, one inode, and not kept twice" {
	kept
	old=$(json q 'select(.state == "done") | .id' | sort)
	run -0 mq replay q --all
	assert_output --partial "replayed 2 messages"
	assert_counts q "ready=2 done=2"
	assert_equal "$(comm -12 <(echo "$old") <(json q 'select(.state == "ready") | .id' | sort))" ""
	assert_equal "$(find "$MQ_SPOOL/q" -path '*/done/*' -type f -printf '%n\n' | sort -u)" 2
	run -0 mq fsck
	assert_equal "$(mq pop q -n 9 -l | tr '\n' ' ')" "one two "
	assert_counts q "done=2"
	assert_equal "$(json q .id | sort)" "$old"
}

@test "through failures and retries it stays a replayed one; in another queue it is none" {
	kept
	mq init -q q attempts=1
	mq replay -q q --header Kind=a
	mq work q --drain -- false
	mq retry -q q --all
	mq push -q q -m new
	mq pop -q q -n 9 -l >/dev/null
	assert_counts q "done=3"
	mq replay -q q --header Kind=a
	mq init -q to keep=1d
	mq mv -q q to --state ready --limit 1
	mq pop to
	assert_counts to "done=1"
}

@test "--to: made, linked, and kept there as the policy says; nothing is moved" {
	kept
	run -0 mq replay -q q --all --to to
	assert_counts q "done=2"
	assert_counts to "ready=2"
	mq init -q to keep=1d
	mq pop -q to >/dev/null
	assert_counts to "ready=1 done=1"
	run -64 mq replay q --all --to ../x
	run -1 mq replay q --match nothing --to never
	assert [ ! -e "$MQ_SPOOL/never" ]
	mq subscribe topic a
	mq replay -q q --all --to topic
	assert_counts topic ""
	assert_counts a "ready=2"
}

@test "which: ids, selections, --since and --until; a dry run changes nothing" {
	kept
	run -64 mq replay q
	run -1 mq replay q --until 1h
	run -1 mq replay q --since 2100-01-01
	run -0 mq replay q --since 2000-01-01T00:00:00Z --until 2100-01-01 --dry-run
	assert_equal "${#lines[@]}" 2
	assert_counts q "done=2"
	run -0 mq replay q "$(json q 'select(.headers != {}) | .id' | head -n 1)"
	assert_counts q "ready=1 done=2"
	run -65 mq replay q "$(id q ready)"
	mq claim -q q >/dev/null
	run -65 mq replay q "$(id q claimed)"
	run -64 mq replay q --since nonsense
	run -64 mq replay q --since 2026-13-01
	run -64 mq replay q --since 2026-11-21T1
	run -66 mq replay q 01a1fd8d-186b-7c8b-a836-f4f938e4f30c
	run -66 mq replay nope --all
	mq push -q empty -m x
	run -1 mq replay empty --all
}

@test "an id that is given again, however much later, is replayed once" {
	kept
	one=$(mq ls q --ids --match one)
	two=$(mq ls q --ids --match two)
	for n in 1 4095 4096 8192; do
		{ yes "$one" | head -n "$n"; echo "$two"; echo "${one: -8}"; } >ids
		mq replay q - <ids
		assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ' ')" "one two "
	done
}

@test "the kept one may be purged: what was replayed has the file still" {
	kept
	mq replay -q q --all
	mq rm -q q --state "done" --force
	assert_equal "$(mq pop q -n 9 -l | tr '\n' ' ')" "one two "
}

@test "an expiry that has passed is renewed; a replay at a rate takes its time and can be stopped" {
	mq init -q q keep=1d
	mq push -q q -x 1h -m one
	mq pop -q q >/dev/null
	kept=$(find "$MQ_SPOOL/q/done" -type f)
	mv "$kept" "$(sed -E 's/,x[^,]*/,x20260101T000000.000000Z/' <<<"$kept")"
	assert_equal "$(json q .expires)" 2026-01-01T00:00:00.000000Z
	mq replay -q q --all
	assert_equal "$(mq pop q)" one
	seq 3 | mq push -q -l q
	mq pop -q q -n 9 -l >/dev/null
	run -0 mq replay q --all --rate 1000/s
	assert_output --partial "replayed 4"
}
