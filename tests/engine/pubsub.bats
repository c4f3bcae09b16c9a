#!/usr/bin/env bats
# pubsub.bats: mq-engine-pubsub against a fake of Pub/Sub, which checks tokens and limits.  It proves what the helper sends,
# not what the service does; see fake_pubsub.py.

load engine_helper

setup_file() {
	need_program openssl jq
	cd "$BATS_FILE_TMPDIR" || return
	(umask 077 && openssl genrsa -out key.pem 2048 && openssl genrsa -out other.pem 2048) 2>/dev/null
	openssl rsa -in key.pem -pubout -out public.pem 2>/dev/null
	account account.json key.pem
	fake pubsub --account mq@proj.iam.gserviceaccount.com k1 public.pem
	fake any
	export ACCOUNT=$BATS_FILE_TMPDIR/account.json SECRETS='PRIVATE Bearer'
}

teardown_file() {
	server_stop pubsub
	server_stop any
	server_stop tls
}

setup() {
	need_helper pubsub
	cd "$BATS_TEST_TMPDIR" || return
}

# account FILE KEY [EMAIL [TYPE]]: make the file of a service account
account() {
	(umask 077 && jq -n --arg e "${3-mq@proj.iam.gserviceaccount.com}" --arg t "${4-service_account}" --rawfile k "$2" \
		'{type: $t, client_email: $e, private_key_id: "k1", private_key: $k}' >"$1")
}

# fake NAME [ARGUMENT...]: start a fake; its port is in NAME.log
fake() {
	local name=$1
	shift
	server_start "$name" python3 "$BATS_TEST_DIRNAME/fake_pubsub.py" "$@"
	wait_until 20 test -s "$BATS_FILE_TMPDIR/$name.log"
}

port() {
	head -n 1 "$BATS_FILE_TMPDIR/$1.log"
}

# try FAKE CASE [KEY=VALUE...]
try() {
	local fake=$1 name=$2
	shift 2
	PUBSUB_EMULATOR_HOST=127.0.0.1:$(port "$fake") python3 "$BATS_TEST_DIRNAME/pubsub_case.py" "$name" \
		"$MQ_ENGINE_DIR/mq-engine-pubsub" pubsub://proj-1 "http://127.0.0.1:$(port "$fake")" "$@"
}

@test "the conformance suite, with a token" {
	PUBSUB_EMULATOR_HOST=127.0.0.1:$(port pubsub) conform --set credentials="$ACCOUNT" pubsub pubsub://proj-1
}

@test "a token of another key, of another account, and none: conf" {
	try pubsub opens credentials="$ACCOUNT"
	account other.json "$BATS_FILE_TMPDIR/other.pem"
	try pubsub refused credentials="$PWD/other.json"
	account other.json "$BATS_FILE_TMPDIR/key.pem" somebody@else
	try pubsub refused credentials="$PWD/other.json"
	try pubsub refused
}

@test "files that are none of a service account" {
	echo hush >none.json && chmod 600 none.json
	try any unusable credentials="$PWD/none.json"
	account user.json "$BATS_FILE_TMPDIR/key.pem" me@example.org authorized_user
	try any unusable credentials="$PWD/user.json"
	account key.json none.json
	try any unusable credentials="$PWD/key.json"
	chmod 604 user.json
	try any unusable credentials="$PWD/user.json"
	try any unusable credentials="$PWD/missing"
}

@test "clocks that differ are both named" {
	try pubsub clock credentials="$ACCOUNT"
}

@test "addresses that are none, and plain text to another host" {
	try any addresses
}

@test "TLS, with a token, at a host that is named" {
	cd "$BATS_FILE_TMPDIR" || return
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	fake tls --account mq@proj.iam.gserviceaccount.com k1 public.pem --tls tls.crt tls.key
	python3 "$BATS_TEST_DIRNAME/pubsub_case.py" tls "$MQ_ENGINE_DIR/mq-engine-pubsub" "pubsub+https://127.0.0.1:$(port tls)/proj-1" x \
		ca="$PWD/tls.crt" credentials="$ACCOUNT"
}

@test "throttled: it is tried again within the limit" {
	try any throttled
}

@test "an error of the server: a push is unknown and not sent again, an ack is" {
	try any trouble
}

@test "a connection that is cut: a push is unknown, and was sent once" {
	try any cut
}

@test "a server that hangs: unknown after the time-out" {
	try any hangs
}

@test "one message or token that is refused takes no other along" {
	try any poison
}

@test "keys: nothing overtakes a message that failed" {
	try any overtaking
}

@test "keys: what waits behind a message goes back with it" {
	try any nack
}

@test "many messages go into a request, if they are not too large together" {
	try any batches
	try any large_batch
}

@test "headers that attributes cannot hold" {
	try any headers
}

@test "a topic without a subscription is refused" {
	try any unheard
}

@test "several subscriptions of a topic" {
	try any fan_out
}

@test "exactly-once delivery tells of lost claims" {
	try any exactly_once
}

@test "a subscription that is removed meanwhile" {
	try any gone_later
}

@test "messages of strangers, and messages that strangers see" {
	try any strangers
	try any legible
}

@test "relays: out and back, while they and their helpers are killed" {
	export MQ_CONF=$PWD/mq.conf PUBSUB_EMULATOR_HOST
	PUBSUB_EMULATOR_HOST=127.0.0.1:$(port pubsub)
	printf '[engine fake]\nurl = pubsub://proj-1\ncredentials = %s\n' "$ACCOUNT" >mq.conf
	torture --messages 300 --kills 10 @fake torture
}
