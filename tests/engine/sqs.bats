#!/usr/bin/env bats
# sqs.bats: mq-engine-sqs against a fake of SQS, which checks signatures and limits.  It proves what the helper sends, not
# what the service does; see fake_sqs.py.

load engine_helper

setup_file() {
	server_start sqs python3 "$BATS_TEST_DIRNAME/fake_sqs.py" --user 'AKIDEXAMPLE:wJalr/XUt+EMI' --user 'ASIATEMP:second:session/+='
	wait_until 20 test -s "$BATS_FILE_TMPDIR/sqs.log"
	URL=sqs+http://127.0.0.1:$(head -n 1 "$BATS_FILE_TMPDIR/sqs.log")
	export URL AWS_ACCESS_KEY_ID=AKIDEXAMPLE AWS_SECRET_ACCESS_KEY=wJalr/XUt+EMI
}

teardown_file() {
	server_stop sqs
}

setup() {
	need_helper sqs
	cd "$BATS_TEST_TMPDIR" || return
}

@test "the conformance suite" {
	conform sqs "$URL"
}
