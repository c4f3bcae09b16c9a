# badverbs.bats: push and pop on an engine whose helper misbehaves: the outcome is told right.

load bad_helper

# push_once FAULT STATUS...: one push with each fault; what is stored is known, if the status tells
push_once() {
	local fault want stored failed=''
	while [ $# -gt 0 ]; do
		fault=$1 want=$2
		shift 2
		fresh "$fault"
		: >>engine/stored
		once mq -s @bad push q -m hello
		stored=$(wc -l <engine/stored)
		[ "$status" -eq "$want" ] || wrong "ended with $status, not $want"
		case $status in
		0) [ "$stored" -eq 1 ] || wrong "not stored" ;;
		71) ;;
		*) [ "$stored" -eq 0 ] || wrong "stored, and ended with $status" ;;
		esac
	done
	assert_equal "$failed" ""
}

@test "push to an engine: 71 where nobody knows" {
	push_once none 0 die-push.1 71 die-stored.1 71 hang-push.1 71 mute-stored.1 71 down.1 71 \
		garbage.1 71 err-after.1 71 mute-one.1 71 close-output.1 71
}

@test "push to an engine: what is known is told by the status" {
	push_once err-data.1 65 err-large.1 65 err-full.1 75 err-again.1 75 err-gone.1 66 \
		err-perm.1 77 err-conf.1 78 err-cannot.1 64 die-hello 75 fail-perm 77 fail-conf 78 \
		no-protocol 78 noise.1 0 no-bye 0
}

@test "push of many to an engine: each id that is printed is stored" {
	local fault failed='' rc
	for fault in none:0 die-push:71 die-stored:71 twice:71 mute-one:71 err-data:65 err-full:75 order:0; do
		rc=${fault#*:} fault=${fault%:*}
		fresh "$fault"
		run --separate-stderr timeout 30 mq -s @bad push -l q < <(seq $N)
		assert_equal "$fault $status" "$fault $rc"
		printf '%s\n' "${lines[@]}" | sort >printed
		jq -r .id engine/stored | sort | comm -23 printed - >lost
		[ ! -s lost ] || wrong "printed, and not stored: $(wc -l <lost)"
	done
	assert_equal "$failed" ""
}

# pop_all FAULT STATUS...: what is gone has come out
pop_all() {
	local fault want failed='' i
	for i in $(seq 0 $((N - 1))); do
		printf '{"queue": "q", "id": "m%d", "body": "%d"}\n' "$i" "$i"
	done >all
	while [ $# -gt 0 ]; do
		fault=$1 want=$2
		shift 2
		fresh "$fault"
		cp all engine/stored
		: >engine/acked
		once mq -s @bad pop -l -n $N q >got
		[ "$status" -eq "$want" ] || wrong "ended with $status, not $want"
		sort got | comm -13 - <(sort engine/acked) >lost
		[ ! -s lost ] || wrong "gone, and not printed: $(wc -l <lost)"
	done
	assert_equal "$failed" ""
}

@test "pop from an engine: nothing is gone that did not come out" {
	pop_all none 0 die-look.1 75 hang-look.1 75 die-msg.1 75 mute-msg.1 75 die-ack.1 71 \
		hang-ack.1 71 die-acked.1 71 cut-body.1 75 cut-body-mute.1 75 no-lengths.1 75 \
		long-token.1 75 bad-field.1 75 no-bye 0
}
