#!/usr/bin/env bats
# pubsub.bats: mq-engine-pubsub against a fake of Pub/Sub, which checks tokens and limits.  It proves what the helper sends,
# not what the service does; see fake_pubsub.py.

load engine_helper

setup_file() {
	cd "$BATS_FILE_TMPDIR" || return
	need_program openssl jq
	(umask 077 && openssl genrsa -out key.pem 2048 && openssl rsa -in key.pem -pubout -out public.pem) 2>/dev/null
	(umask 077 && account mq@proj.iam.gserviceaccount.com key.pem >account.json)
	server_start pubsub python3 "$BATS_TEST_DIRNAME/fake_pubsub.py" --account mq@proj.iam.gserviceaccount.com k1 public.pem
	wait_until 20 test -s pubsub.log
	PUBSUB_EMULATOR_HOST=127.0.0.1:$(head -n 1 pubsub.log)
	export PUBSUB_EMULATOR_HOST URL=pubsub://proj-1 ACCOUNT=$BATS_FILE_TMPDIR/account.json
}

teardown_file() {
	server_stop pubsub
}

setup() {
	need_helper pubsub
	cd "$BATS_TEST_TMPDIR" || return
}

# account EMAIL KEY: the file of a service account
account() {
	jq -n --arg e "$1" --rawfile k "$2" '{type: "service_account", client_email: $e, private_key_id: "k1", private_key: $k}'
}

@test "the conformance suite" {
	conform --set credentials="$ACCOUNT" pubsub "$URL"
}
