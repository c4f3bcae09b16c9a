#!/usr/bin/env bats
# fuzz.bats: libFuzzer on the parsers; FUZZ_RUNS=10000000 for a release.  What it finds stays in tests/fuzz/corpus as a new seed.

bats_require_minimum_version 1.5.0
load ../prove

target() {
	command -v clang >/dev/null || skip "SKIPPED: no clang here"
	make -s -C "$BATS_TEST_DIRNAME/../.." B="$MQ_BUILD" "$MQ_BUILD/fuzz/$1" >/dev/null
	mkdir new
	"$MQ_BUILD/fuzz/$1" -runs="${FUZZ_RUNS:-1000000}" -artifact_prefix="$BATS_TEST_TMPDIR/" new \
	    "$BATS_TEST_DIRNAME/../fuzz/corpus/$1" 2>log || { tail -n 40 log; return 1; }
	proved "$1: $(sed -n 's/^#\([0-9]*\)[[:space:]]*DONE.*/\1/p' log) runs: 0 findings"
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

@test "names, buckets, handles" {
	target name
}

@test "header blocks" {
	target headers
}

@test "policy files" {
	target conf
}

@test "durations and times" {
	target clock
}

@test "archives" {
	target tar
}

@test "the format file" {
	target format
}

@test "frames of the engine protocol" {
	target frame
}
