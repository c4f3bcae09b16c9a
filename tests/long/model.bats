#!/usr/bin/env bats
# model.bats: the protocol of claims, all interleavings of it; see ../model/claim.pml

bats_require_minimum_version 1.5.0
load ../prove

setup() {
	command -v spin >/dev/null || skip "SKIPPED: no spin here; \"make deps-long\" installs it"
	cd "$BATS_TEST_TMPDIR" || return
}

# verify DEFINE...: errors found; fails when not all states were looked at
verify() {
	spin -a "$@" "$BATS_TEST_DIRNAME/../model/claim.pml" >spin.log 2>&1 || { cat spin.log; return 1; }
	cc -O2 -w -DVECTORSZ=4096 -DSAFETY -DCOLLAPSE -o pan pan.c || return
	./pan -m1000000 >pan.log 2>&1 || return
	if grep -e 'max search depth too small' -e 'out of memory' pan.log; then return 1; fi
	sed -n 's/.*errors: \([0-9]*\).*/\1/p' pan.log
}

states() {
	sed -n 's/^ *\([0-9]*\) states, stored.*/\1/p' pan.log
}

@test "no loss, one owner, no deadlock: two and three consumers, a sweeper, deaths at any step" {
	[ "$(verify -DN=2)" = 0 ]
	two=$(states)
	[ "$(verify -DN=3 -DEND=1)" = 0 ]
	proved "$two states with two consumers, $(states) with three: 0 with a message lost, two owners or a message stuck"
}

@test "each wrong variant is found out" {
	for wrong in NO_TOKEN EARLY UNLINK_FIRST HALF_BUCKET; do
		[ "$(verify -DN=2 -D$wrong)" -ge 1 ] || { echo "not found: $wrong"; cat pan.log; return 1; }
	done
	proved "planted and found: claims without token, leases taken back early, claims by unlink, a bucket that vanishes"
}
