#!/usr/bin/env bats
# sqs.bats: mq-engine-sqs against a fake of SQS, which checks signatures and limits.  It proves what the helper sends, not
# what the service does; see fake_sqs.py.

load engine_helper

setup_file() {
	fake sqs --user 'AKIDEXAMPLE:wJalr/XUt+EMI' --user 'ASIATEMP:second:session/+=' --user 'ASIAOLD:third:expired'
	fake any --any
	export AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalr/XUt+EMI SECRETS='wJalr/XUt+EMI session/+= hush'
}

teardown_file() {
	server_stop sqs
	server_stop any
	server_stop small
	server_stop tls
}

setup() {
	need_helper sqs
	cd "$BATS_TEST_TMPDIR" || return
}

# fake NAME [ARGUMENT...]: start a fake; its port is in NAME.log
fake() {
	local name=$1
	shift
	server_start "$name" python3 "$BATS_TEST_DIRNAME/fake_sqs.py" "$@"
	wait_until 20 test -s "$BATS_FILE_TMPDIR/$name.log"
}

port() {
	head -n 1 "$BATS_FILE_TMPDIR/$1.log"
}

# try FAKE CASE [KEY=VALUE...]
try() {
	local fake=$1 name=$2
	shift 2
	python3 "$BATS_TEST_DIRNAME/sqs_case.py" "$name" "$MQ_ENGINE_DIR/mq-engine-sqs" "sqs+http://127.0.0.1:$(port "$fake")" \
		"http://127.0.0.1:$(port "$fake")" "$@"
}

@test "the conformance suite" {
	conform sqs "sqs+http://127.0.0.1:$(port sqs)"
}

@test "the conformance suite on FIFO queues" {
	conform --suffix .fifo --queues-have key,dedup,-delay --only 'pushes|deliver|key|nack|dead|retry|twice|delay|stop|lease' \
		sqs "sqs+http://127.0.0.1:$(port sqs)"
}

@test "a signature that is wrong, a key that is none, a session that is over: conf" {
	AWS_SECRET_ACCESS_KEY=hush try sqs refused
	AWS_ACCESS_KEY_ID=AKIDOTHER try sqs refused
	AWS_ACCESS_KEY_ID=ASIATEMP AWS_SECRET_ACCESS_KEY=second try sqs refused
	AWS_ACCESS_KEY_ID=ASIAOLD AWS_SECRET_ACCESS_KEY=third AWS_SESSION_TOKEN=expired WANTED=ExpiredToken try sqs refused
}

@test "a session token is signed along" {
	AWS_ACCESS_KEY_ID=ASIATEMP AWS_SECRET_ACCESS_KEY=second AWS_SESSION_TOKEN=session/+= try sqs opens
}

@test "clocks that differ are both named" {
	try sqs clock
}

@test "credentials: a file with profiles, of which others may know nothing" {
	cat >file <<-'END'
		# a comment
		[default]
		aws_access_key_id = AKIDOTHER
		aws_secret_access_key=hush

		[ work ]
		aws_access_key_id=AKIDEXAMPLE
		aws_secret_access_key = wJalr/XUt+EMI
	END
	chmod 640 file
	AWS_PROFILE=work try sqs opens credentials="$PWD/file"
	try sqs refused credentials="$PWD/file"
	AWS_PROFILE=none run ! try sqs opens credentials="$PWD/file"
	assert_output --partial "$PWD/file has no [none]"
	chmod 644 file
	run ! try sqs opens credentials="$PWD/file"
	assert_output --partial "$PWD/file has mode 0644"
	run ! try sqs opens credentials="$PWD/missing"
	assert_output --partial "$PWD/missing: No such file"
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
	chmod 600 file
	AWS_SHARED_CREDENTIALS_FILE=$PWD/file AWS_PROFILE=work try sqs opens
	mkdir .aws && cp -p file .aws/credentials
	HOME=$PWD AWS_PROFILE=work try sqs opens
}

@test "credentials that are written anew are read anew" {
	printf '%s\n' '[default]' 'aws_access_key_id = AKIDEXAMPLE' 'aws_secret_access_key = wJalr/XUt+EMI' >file
	chmod 600 file
	try sqs renewed credentials="$PWD/file"
}

@test "addresses that are none, and plain text to another host" {
	try sqs plain
}

@test "nobody is there: again, and 'connect' is named" {
	run -0 free_port
	python3 "$BATS_TEST_DIRNAME/sqs_case.py" away "$MQ_ENGINE_DIR/mq-engine-sqs" "sqs+http://127.0.0.1:$output" x
}

@test "TLS: the certificate is checked, against the file that is named" {
	cd "$BATS_FILE_TMPDIR" || return
	need_program openssl
	openssl req -x509 -newkey rsa:2048 -nodes -keyout tls.key -out tls.crt -days 2 -subj /CN=localhost \
		-addext subjectAltName=DNS:localhost,IP:127.0.0.1 2>/dev/null
	fake tls --any --tls tls.crt tls.key
	python3 "$BATS_TEST_DIRNAME/sqs_case.py" tls "$MQ_ENGINE_DIR/mq-engine-sqs" "sqs+https://127.0.0.1:$(port tls)" x ca="$PWD/tls.crt"
}

@test "throttled: it is tried again within the limit, and then refused as 'again'" {
	try sqs throttled
	try sqs throttled_long
}

@test "an error of the server: a push is unknown and not sent again, an ack is" {
	try sqs trouble
}

@test "a connection that is cut: a push is unknown, and was sent once" {
	try sqs cut
}

@test "a server that hangs: unknown after the time-out" {
	try sqs hangs
}

@test "the messages of a batch fail one by one" {
	try sqs entries
}

@test "a body with another checksum is not delivered" {
	try any damaged
}

@test "ten messages go into a request, if they are not too large together" {
	try sqs batches
	try sqs large_batch
}

@test "the limit of the queue is kept, with headers and as base64" {
	fake small --any --max-size 262144
	try small small_queue
}

@test "FIFO: nothing overtakes a message that failed" {
	try sqs overtaking
}

@test "FIFO: what waits behind a message goes back with it" {
	try sqs fifo_nack
}

@test "FIFO: dead and ready again within five minutes" {
	try sqs fifo_dead
}

@test "messages of strangers, and messages that strangers see" {
	try any strangers
	try any legible
}

@test "a queue that is removed meanwhile" {
	try any gone_later
}

@test "no proxy of the environment is used" {
	try sqs no_proxy
}

@test "a redrive policy is told of" {
	try any redrive
}

@test "relays: out and back, while they and their helpers are killed" {
	export MQ_CONF=/dev/null
	torture --messages 300 --kills 10 --max-body 700000 "sqs+http://127.0.0.1:$(port sqs)" torture
}
