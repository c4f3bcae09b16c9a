#!/usr/bin/env bats
# steps.bats: the clock steps by an hour, both ways, at the calls of each verb; and while many handlers are at work; see sweep/pairs.py
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper
load inject_helper
load prove

setup() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	common_setup
	export CLOCK_FILE=$BATS_TEST_TMPDIR/clock
	clock_at 0 0
	# Messages are numbers: each four are kept until the clock has stepped for them.
	cat >handler <<-'END'
	read -r n
	echo "$n $MQ_ATTEMPT" >>started
	exec sh await "go.$(((n + 3) / 4))"
	END
}

# clock_at SECONDS SUSPENDED: so wrong is the clock from now on; CLOCK_MONOTONIC is right
clock_at() {
	echo "0 $1 $2" >"$CLOCK_FILE.new" && mv "$CLOCK_FILE.new" "$CLOCK_FILE"
}

clocked() {
	env LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq "$@"
}

started() {
	[ -e started ] && [ "$(wc -l <started)" -ge "$1" ]
}

# handled_over SECONDS [LOOKER...]: four handlers at a time; the clock steps, by more than their leases, while they work, thrice;
# each time somebody else may look for what there is
handled_over() {
	local round step=$1
	shift
	mq init -q q attempts=1 lease=5m
	seq 12 | mq push -q q -l
	bg worker env LD_PRELOAD="$MQ_BUILD/preload/clock.so" mq work -j 4 --drain q -- sh handler
	for round in 1 2 3; do
		wait_for started $((4 * round))
		clock_at $((round * step)) $((round * step))
		"$@"
		: >"go.$round"
	done
	ended "$pid"
	assert_equal "$status:$(cat worker.err)" "0:"
	assert_equal "$(sort -n started)" "$(seq -f '%g 1' 12)"
	assert_equal "$(mq stat q --json | jq -c '[.ready, .delayed, .claimed, .dead]')" "[0,0,0,0]"
}

@test "two hours forward, thrice, with -j4 and attempts=1: none is dead, none is handled twice" {
	handled_over 7200 true
	proved "12 messages, 3 steps of 2 h, attempts=1: 0 dead, 0 handled twice"
}

@test "a suspend of ten minutes, thrice: none is dead, none is handled twice" {
	handled_over 600 true
	proved "12 messages, 3 suspends of 10 minutes, attempts=1: 0 dead, 0 handled twice"
}

@test "at whatever call of a command the clock steps, nothing is lost, doubled, or dead" {
	need_inject
	prove python3 "$BATS_TEST_DIRNAME/sweep/pairs.py" clock
}
