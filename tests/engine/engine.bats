#!/usr/bin/env bats
# engine.bats: mq engine: what engines there are, what one can do, and whether it can be used.

load ../helper
load engine_helper

teardown_file() {
	server_stop secret KILL
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	spool=$PWD/there
	export MQ_SPOOL=mq://$spool MQ_CONF=$PWD/conf HOME=$PWD
	unset XDG_CONFIG_HOME XDG_STATE_HOME CREDENTIALS_DIRECTORY
	: >conf
	stderr=	# for shellcheck: run --separate-stderr sets it
}

# there VERB...: on the spool itself
there() {
	mq -s "$spool" "$@"
}

# bad FAULT: @bad is an engine that does this.  Only where it hangs is its time short.
bad() {
	local timeout=5s
	[[ $1 != hang* && $1 != mute* ]] || timeout=500ms
	mkdir -p helpers
	printf '#!/bin/sh\nexec python3 -B %q\n' "$BATS_TEST_DIRNAME/bad.py" >helpers/mq-engine-bad
	chmod +x helpers/mq-engine-bad
	export MQ_ENGINE_DIR=$PWD/helpers MQ_SPOOL=@bad
	rm -rf engine
	printf '[engine bad]\nurl = bad://%s%s/engine\ntimeout = %s\n' "$1" "$PWD" "$timeout" >conf
}

@test "engine: the engines, and whether their helpers are there" {
	run -0 mq engine
	assert_line --regexp '^mq:// +another spool +mq-engine-mq +yes$'
	assert_line --regexp '^amqp:// +RabbitMQ +mq-engine-amqp +(yes|no)$'
	MQ_ENGINE_DIR=$PWD run -0 mq engine
	refute_line --regexp 'yes$'
}

@test "engine URL: what it can and cannot do" {
	there init -q q
	run -0 mq engine "mq://$spool"
	assert_line --regexp '^push -d +yes'
	assert_line --regexp '^claim +yes$'
	assert_line --regexp '^a lost claim +is told'
	bad none
	run -0 mq engine @bad
	assert_line --regexp '^push -d +no$'
	assert_line --regexp '^claim +no: '
	assert_line --regexp '^body +up to 1048576 bytes'
	assert_line --regexp '^durable +yes'
	run -64 mq engine "$PWD"
	run -64 mq engine a b c
}

@test "engine --check: each step, and the one that fails" {
	there init -q q
	run -0 mq engine --check "mq://$spool" q
	assert_equal "$(awk '{ print $1, $2 }' <<<"$output" | tr '\n' ' ')" \
	    "address ok helper ok connect ok ready ok queue ok right ok "
	run -66 --separate-stderr mq engine --check "mq://$spool" nope
	assert_line --regexp '^queue +failed'
	run -78 --separate-stderr mq engine --check nothing://x
	assert_line --regexp '^helper +failed'
	assert_equal "$(MQ_SPOOL=$spool mq engine --check "mq://$spool" q | wc -l)" 6
	run -64 --separate-stderr mq engine --check redis://u:p@h
	assert_line --regexp '^address +failed'
	bad fail-perm
	run -77 --separate-stderr mq engine --check @bad
	assert_line --regexp '^[a-z]+ +failed'
}

@test "engine --check: another step for each thing that is wrong" {
	[ -x "$MQ_ENGINE_DIR/mq-engine-redis" ] || skip "SKIPPED: mq-engine-redis was not built"
	run -75 --separate-stderr mq engine --check redis://127.0.0.1:1/0
	assert_line --regexp '^connect +failed'
	assert_regex "$stderr" 'Connection refused'
	printf 'machine 127.0.0.1 login u password p\n' >secret
	chmod 644 secret
	printf '[engine r]\nurl = redis://127.0.0.1:1/0\ncredentials = %s\n' "$PWD/secret" >conf
	run -78 --separate-stderr mq engine --check @r
	assert_regex "$stderr" "secret"
}

@test "engine --check: credentials that are wrong are the step login" {
	need_helper redis
	need_program redis-server redis-cli
	port=$(free_port)
	server_start secret redis-server --port "$port" --bind 127.0.0.1 --save '' --requirepass right
	server_ready secret 20 redis-cli -p "$port" -a right --no-auth-warning ping
	printf 'machine 127.0.0.1 password wrong\n' >secret
	chmod 600 secret
	printf '[engine r]\nurl = redis://127.0.0.1:%s/0\ncredentials = %s/secret\n' "$port" "$PWD" >conf
	run -78 --separate-stderr mq engine --check @r
	assert_equal "$(awk '{ print $1, $2 }' <<<"$output" | tail -3 | tr '\n' ' ')" "resolve ok connect ok login failed "
	refute_regex "$stderr" 'wrong'
	run -78 mq -s @r push -m x q
	sed -i s/wrong/right/ secret
	run -0 mq engine --check @r
	mq -s @r init -q q
	run -0 mq engine --check @r q
	assert_line --regexp '^right +ok'
	server_stop secret KILL
}
