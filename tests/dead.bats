#!/usr/bin/env bats
# dead.bats: mq dead

load helper

@test "id, attempts, age, reason; selections; nothing is 0" {
	mq init q
	run -0 mq dead q
	assert_output ""
	seq 2 | mq push -q q -l
	mq bury q "$(id q ready)" --reason 'bad number'
	run -0 mq dead q
	assert_output --regexp '^[0-9a-f-]{36} +0 +[0-9]+[smhd].* +bad number$'
	assert_equal "$(mq dead q --ids)" "$(id q dead)"
	assert_equal "$(mq dead q --json | jq -r .reason)" "bad number"
}

# buried TEXT...: a dead letter for each reason
buried() {
	local text
	for text; do
		mq push -q q -m x
		mq bury -q q --all --state ready --reason "$text"
	done
}

# causes: count and cause of each group
causes() {
	mq dead q --by reason --json | jq -r '"\(.count) \(.value)"'
}

@test "--by reason: numbers and ids are equal, words and codes are not" {
	mq init q
	buried "no file /x/01a227eb-d0d2-7fef-a7a7-6c384269dd3d" "no file /x/01A227EB-0000-4fef-a7a7-6c384269dd3e" \
		"cannot reach 10.0.0.5:5432 (order 17)" "cannot reach 10.0.0.17:80 (order 4)" "cannot reach 127.0.0.1 (order 5)" \
		"commit 1f3870be2" "commit 9c40aa5f7e01" "deadbeef facade" "deadbeef" \
		"HTTP 503 for 17" "HTTP 404 for 17" "HTTP/1.1 503 for 18" "HTTP/1.1 503 for 19" "errno=28: x1" "errno=5: x2" \
		"took 12.5s" "took 3s" "at 2026-11-29T10:00:01Z" "at 2025-01-02T03:04:05Z" 17 18
	run -0 causes
	assert_output "$(printf '%s\n' "3 cannot reach # (order #)" "2 #" "2 HTTP/1.1 503 for #" "2 at #-#-#T#Z" "2 commit #" "2 no file /x/#" \
		"2 took #s" "1 HTTP 404 for #" "1 HTTP 503 for #" "1 deadbeef" "1 deadbeef facade" "1 errno=28: x#" "1 errno=5: x#")"
}

@test "--by reason: what mq itself says keeps its number, and what a handler says does not" {
	mq init q attempts=1
	seq 9 | mq push -q q -l
	mq work -q --drain q -- sh -c 'read -r n; [ "$n" = 9 ] && kill -9 $$; [ "$n" -gt 6 ] && exit 3; echo "no customer $n" >&2; exit 1' 2>/dev/null
	run -0 causes
	assert_output "$(printf '%s\n' "6 exit-1: no customer #" "2 exit-3" "1 signal-9")"
}

@test "--by header, key, attempts, hour; ls, a limit, a table" {
	mq init q attempts=1
	mq push -q q -m 1 -H 'Customer: acme' -k a
	mq push -q q -m 2 -H 'customer: acme'
	mq push -q q -m 3
	run -0 mq ls q --by header:CUSTOMER --json
	assert_equal "$(jq -r '"\(.by) \(.count) \(.value)"' <<<"$output" | head -1)" "header:CUSTOMER 2 acme"
	run -0 mq ls q --by header:customer
	assert_equal "$(mq ls q --by key --json | jq -c '[.value, .count]' | sort | tr '\n' ' ')" '["a",1] [null,2] '
	mq bury -q q --all
	mq retry -q q --all -n 1 --keep-attempts
	assert_equal "$(mq dead q --by attempts --json | jq -c '[.value, .count]')" '["0",2]'
	assert_equal "$(mq dead q --by hour --json | jq -r .value | uniq | grep -cE '^20..-..-..T..Z$')" "$(mq dead q --by hour | wc -l)"
	run -0 mq ls q --by key -n 1
	assert_equal "${#lines[@]}" 1
	mq init empty
	run -0 mq dead empty --by reason
	assert_output ""
	for bad in nonsense header: header ''; do
		run -64 mq dead q --by "$bad"
		assert_output --partial "reason|header:NAME|key|attempts|hour"
	done
	for bad in --ids "-o id" "--sort age" --last; do
		# shellcheck disable=SC2086 # two words
		run -64 mq dead q --by key $bad
	done
}

@test "--by header: a damaged message counts, and does not hide the others" {
	mq init q
	for n in 1 2 3; do mq push -q q -m "$n" -k k; done
	: >"$(find "$MQ_SPOOL/q/ready" -type f | head -1)"
	run -0 mq ls q --by key --json
	assert_equal "$(jq -c '[.value, .count]' <<<"$output" | sort | tr '\n' ' ')" '["k",2] [null,1] '
}

@test "--like: those of the same cause, of any verb" {
	mq init q
	mq init graves
	for n in $(seq 5); do buried "no customer $n"; done
	for n in $(seq 3); do buried "no item $n"; done
	mq push -q q -m fresh
	run -0 mq dead q --by reason --json
	like=$(jq -r 'select(.value == "no item #").id' <<<"$output")
	assert_equal "$(mq dead q --like "$like" --ids | wc -l)" 3
	assert_equal "$(mq dead q --like "${like: -12}" --reason '*2' --ids | wc -l)" 1
	run -0 mq mv q graves --like "$like" -n 2
	run -0 mq retry -q q --like "$like"
	assert_counts q "ready=2 dead=5"
	# It is ready by now, and still has a cause.
	run -1 mq retry -q q --like "$like"
	run -0 mq ls q --like "$like" --ids
	assert_output "$like"
	run -66 mq retry q --like 01a227eb-d0d2-7fef-a7a7-6c384269dd3d
	assert_output --partial "no message"
	run -66 mq retry q --like zzz
	run -65 mq retry q --like "$(mq ls q --state ready --ids --last)"
	assert_output --partial "has not failed"
	assert_counts q "ready=2 dead=5"
}

@test "--by on a terminal: ages, the end of the id, in 80 columns" {
	mq init q
	buried "$(printf 'a long reason that goes on %.0s' 1 2 3 4)"
	run -0 python3 "$BATS_TEST_DIRNAME/terminal.py" -- mq dead q --by reason
	assert_line --index 0 --regexp "^ +COUNT +OLDEST +NEWEST +NEWEST'S ID +REASON"
	assert_line --index 1 --regexp "^ +1 +[0-9]+m?s +[0-9]+m?s  $(id q dead | tail -c 13)  a long .*\.\.\."
	for line in "${lines[@]}"; do assert [ "${#line}" -le 81 ]; done
}
