#!/usr/bin/env bats
# The whole suite of mq-engine-nats once more, with the newest nats-server that Go's module proxy has.

load ../helper
load ../engine/engine_helper

setup_file() {
	export GO_DIR=${MQ_BUILD:-build}/go
	if command -v go >/dev/null; then
		# What was built before is good for a week: the proxy need not be asked each time.
		if [ -z "$(find "$GO_DIR/bin/nats-server" -mtime -7 2>/dev/null)" ]; then
			mkdir -p "$GO_DIR"
			GOFLAGS=-modcacherw GOBIN=$(realpath "$GO_DIR")/bin go install github.com/nats-io/nats-server/v2@latest \
				>"$BATS_FILE_TMPDIR/go.log" 2>&1 || tail -n 3 "$BATS_FILE_TMPDIR/go.log" >&3
		fi
	fi
}

@test "the suite of NATS, with the newest server" {
	need_program go
	need_helper nats
	[ -x "$GO_DIR/bin/nats-server" ] || skip "SKIPPED: nats-server cannot be had"
	NATS_SERVER=$(realpath "$GO_DIR/bin/nats-server")
	export NATS_SERVER
	run env -u BATS_TEST_NAME_PREFIX bats --tap "$BATS_TEST_DIRNAME/../engine/nats.bats"
	refute_line --partial SKIPPED
	assert_success
	proved "all of it with $("$NATS_SERVER" --version)"
}
