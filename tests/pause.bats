#!/usr/bin/env bats
# pause.bats: mq pause and mq resume

load helper

@test "claims stop and go on; pushes too; both" {
	mq push -q q -m x
	run -0 mq pause q
	run -75 mq pop q
	run -75 mq claim q
	run -75 mq work q --drain -- true
	run -0 mq push q -m y
	run -1 mq pop q --wait=0.05s
	run -0 mq pause q --push
	run -75 mq push q -m z
	assert_equal "$(mq stat q --json | jq -r .paused)" all
	run -0 mq resume q
	run -0 mq pop q
	run -75 mq push q -m z
	run -0 mq resume q --push
	run -0 mq resume q --push
	run -0 mq push q -m z
	assert_equal "$(mq stat q --json | jq -r .paused)" no
	run -66 mq pause nosuch
}

@test "of many changes of the policy at once none is lost: init, pause, pause --push" {
	mq init -q q
	for round in 1 2 3 4 5 6; do
		local jobs=()
		for assign in attempts=1$round lease=1${round}s backoff=1${round}s keep=1$round timeout=1${round}s once=1${round}h; do
			mq init -q q "$assign" & jobs+=($!)
		done
		mq pause q & jobs+=($!)
		mq pause --push q & jobs+=($!)
		for job in "${jobs[@]}"; do wait "$job"; done
		run -0 mq config q
		for line in "attempts = 1$round" "lease = 1${round}s" "backoff = 1${round}s" "keep = 1$round" \
		    "timeout = 1${round}s" "once = 1${round}h" "paused = all"; do
			assert_line "$line"
		done
		mq resume q & mq resume --push q & wait
		run -0 mq config q
		assert_line "paused = no"
	done
}

@test "who died while it changed the policy keeps nobody waiting; who lives does, for a while" {
	mq init -q q
	run -0 mq init -q q attempts=3
	python3 "$BATS_TEST_DIRNAME/lock.py" "$MQ_SPOOL/q/lock" 0 locked 3>&- &
	until [ -e locked ]; do sleep 0.02; done
	run -75 mq pause q
	assert_output --partial "another process is changing the policy"
	kill -9 $!
	run -0 mq pause q
	rm "$MQ_SPOOL/q/lock"
	run -0 mq resume q
}
