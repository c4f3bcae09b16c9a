#!/usr/bin/env bats
# sqs.bats: mq-engine-sqs against emulators of SQS that others wrote: moto, from PyPI, and fauxqs, from npm.  None of them
# looks at a signature; tests/engine/sqs.bats does.

load ../engine/engine_helper

setup_file() {
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=secret AWS_DEFAULT_REGION=us-east-1
	MOTO=$MQ_BUILD/moto FAUXQS=$MQ_BUILD/fauxqs MOTO_PORT=$(free_port)
	export MOTO FAUXQS MOTO_PORT FAUXQS_PORT
	install_moto >"$BATS_FILE_TMPDIR/install.log" 2>&1 && moto_start
	install_fauxqs >>"$BATS_FILE_TMPDIR/install.log" 2>&1 && fauxqs_start
	return 0
}

teardown_file() {
	server_stop moto
	server_stop fauxqs
}

setup() {
	need_helper sqs
	cd "$BATS_TEST_TMPDIR" || return
}

# user COMMAND...: as the user who runs the tests has configured pip and npm, and for five minutes at most.  node trusts
# what the system trusts only if it is told to.
user() {
	HOME=$(getent passwd "$(id -u)" | cut -d: -f6) NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt timeout 300 "$@"
}

# What was installed stays in build/ for the next time.
install_moto() {
	[ ! -e "$MOTO/good" ] || return 0
	rm -rf "$MOTO"
	python3 -m venv "$MOTO" && user "$MOTO/bin/pip" install -q moto flask flask-cors && touch "$MOTO/good"
}

install_fauxqs() {
	command -v node npm >/dev/null || return
	[ ! -e "$FAUXQS/good" ] || return 0
	rm -rf "$FAUXQS"
	mkdir -p "$FAUXQS" && user npm install --no-audit --no-fund --prefix "$FAUXQS" fauxqs@1.9.2 && touch "$FAUXQS/good"
}

moto_start() {
	server_start moto "$MOTO/bin/python" "$BATS_TEST_DIRNAME/moto_sqs.py" "$MOTO_PORT"
	wait_until 60 answers "$MOTO_PORT"
}

# It would listen on all interfaces.
fauxqs_start() {
	FAUXQS_PORT=$(free_port)
	server_start fauxqs node --require "$BATS_TEST_DIRNAME/loopback.cjs" "$FAUXQS/node_modules/.bin/fauxqs"
	wait_until 60 answers "$FAUXQS_PORT"
}

# answers PORT
answers() {
	printf '%s\n' 'set timeout 2000' "set url sqs+http://127.0.0.1:$1" open bye | "$MQ_ENGINE_DIR/mq-engine-sqs" | grep -q ^ready
}

need_moto() {
	[ -e "$MOTO/good" ] || skip "SKIPPED: moto cannot be had from PyPI: $(tail -n 1 "$BATS_FILE_TMPDIR/install.log")"
}

need_fauxqs() {
	[ -e "$FAUXQS/good" ] || skip "SKIPPED: fauxqs cannot be had from npm: $(tail -n 1 "$BATS_FILE_TMPDIR/install.log")"
}

fifo=(--suffix .fifo --queues-have 'key,dedup,-delay')

@test "moto: the conformance suite" {
	need_moto
	conform sqs "sqs+http://127.0.0.1:$MOTO_PORT"
}

@test "moto: the conformance suite on FIFO queues" {
	need_moto
	conform "${fifo[@]}" sqs "sqs+http://127.0.0.1:$MOTO_PORT"
}

@test "moto: boto3 sees what mq sends, and mq what boto3 sends" {
	need_moto
	"$MOTO/bin/python" "$BATS_TEST_DIRNAME/boto_sqs.py" "$MQ_ENGINE_DIR/mq-engine-sqs" "$MOTO_PORT"
}

@test "fauxqs: the conformance suite" {
	need_fauxqs
	conform sqs "sqs+http://127.0.0.1:$FAUXQS_PORT"
}

@test "fauxqs: the conformance suite on FIFO queues" {
	need_fauxqs
	conform "${fifo[@]}" sqs "sqs+http://127.0.0.1:$FAUXQS_PORT"
}
