#!/usr/bin/env bats
# mq-engine-amqp against a real RabbitMQ, which is started once.

load rabbitmq_helper
load ../engine/shop_helper

setup_file() {
	rabbit_setup
}

teardown_file() {
	rabbit_teardown
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	dir=$BATS_FILE_TMPDIR/rabbit
	printf 'machine 127.0.0.1 login mq password "s3cret word"\n' >mq.netrc
	printf 'machine 127.0.0.1 login reader password r\n' >reader.netrc
	chmod 600 ./*.netrc
	export READER=$PWD/reader.netrc
}

# talk CASE ARGUMENT...
talk() {
	python3 "$BATS_TEST_DIRNAME/rabbitmq.py" "$@" >talk.out 2>&1 || {
		cat talk.out
		return 1
	}
}

@test "it conforms to mq-engine(7)" {
	conform amqp "$RABBIT_URL"	# each case makes a queue, which takes a second
}

@test "it conforms with TLS, and a vhost with a slash in its name" {
	conform --set ca="$dir/ca.pem" --set credentials="$PWD/mq.netrc" --only 'headers|bodies|keep|retry' \
		amqp "amqps://127.0.0.1:$RABBIT_TLS/orders%2feu"
}

@test "a certificate is checked: its CA, and its name" {
	local url=amqps://127.0.0.1:$RABBIT_TLS
	talk opening ready '' url="$url" ca="$dir/ca.pem"
	talk opening conf 'not trusted' url="$url" ca="$dir/other.pem"
	talk opening conf 'not trusted' url="$url"
	talk opening conf 'mismatch' url="$url" ca="$dir/ca.pem" tls_name=elsewhere.example.org
	talk opening ready '' url="$url" ca="$dir/ca.pem" tls_name=rabbit.example.org
	talk opening conf "$PWD/none.pem" url="$url" ca="$PWD/none.pem"
	talk opening ready '' url="$url" verify=no
}

@test "a certificate logs in, too" {
	conform --set ca="$dir/ca.pem" --set cert="$dir/client.pem" --set key="$dir/client.key" --only 'alone|bye' \
		amqp "amqps://localhost:$RABBIT_TLS"
	talk opening conf 'and its key cannot be used' url="amqps://localhost:$RABBIT_TLS" ca="$dir/ca.pem" \
		cert="$dir/client.pem" key="$dir/server.key"
}

@test "what is wrong with an address or a login is told by its step" {
	printf 'machine 127.0.0.1 login mq password s3cret-but-wrong\n' >wrong
	chmod 600 wrong
	talk opening conf "login: user 'mq'" url="$RABBIT_URL/orders%2feu" credentials="$PWD/wrong"
	talk opening conf "vhost 'nowhere'" url="$RABBIT_URL/nowhere"
	talk opening conf "vhost 'orders/eu'" url="$RABBIT_URL/orders%2feu"
	talk opening ready '' url="$RABBIT_URL/orders%2feu" credentials="$PWD/mq.netrc"
	talk opening conf "login: the address names the user 'me'" url="${RABBIT_URL/\/\//\/\/me@}" credentials="$PWD/mq.netrc"
	chmod 644 mq.netrc
	talk opening conf mq.netrc url="$RABBIT_URL" credentials="$PWD/mq.netrc"
	talk opening again connect: url=amqp://127.0.0.1:1
	talk opening again resolve: url=amqps://no-such-host.invalid credentials="$READER" || true
	talk opening conf 'plain text' url=amqp://192.0.2.1
	talk opening conf 'no credentials' url=amqps://192.0.2.1
	talk opening again connect: url=amqp://192.0.2.1 insecure=yes credentials="$PWD/any" timeout=500 || true
}

@test "others get what mq pushed, and mq takes what others published" {
	talk pushed
	talk foreign
}

@test "headers that the server goes by are carried, and nothing more" {
	talk reserved
	talk headers_too_large
}

@test "a queue with x-max-priority goes by the priority" {
	talk priority
}

@test "no queue, a full queue, a name that is too long" {
	talk refused
}

@test "without rights: perm" {
	talk rights
}

@test "a claim that lapsed counts; no token touches another queue" {
	talk lapsed
	talk forged
}

@test "credit and acks in any rhythm" {
	talk churn
	talk spare
}

@test "the queue is deleted while it is taken from" {
	talk deleted
}

@test "a server with a lower limit of sizes" {
	rabbit_eval 'application:set_env(rabbit, max_message_size, 100000).'
	talk large 100000
	rabbit_eval 'application:set_env(rabbit, max_message_size, 134217728).'
}

@test "who holds a message for longer than consumer_timeout is told that it is lost" {
	rabbit_eval '[application:set_env(rabbit, K, V) || {K, V} <- [{consumer_timeout, 1500}, {channel_tick_interval, 500}]].'
	talk holding
	rabbit_eval '[application:set_env(rabbit, K, V) || {K, V} <- [{consumer_timeout, 1800000}, {channel_tick_interval, 60000}]].'
}

@test "a claim that is extended after 20 minutes goes into a queue of its own" {
	talk kept "$MQ_BUILD/preload/clock.so"
}

@test "the connection is cut at any byte: nothing is lost, nobody is told wrongly" {
	talk cut 61
}

@test "the server stands still: each wait has its limit" {
	talk silent "$(<"$BATS_FILE_TMPDIR/rabbit.pid")"
}

@test "a memory alarm: blocked, and then up" {
	cat >alarm <<-EOF
		#!/usr/bin/env bash
		$(declare -f rabbit_exec rabbit rabbit_ctl)
		rabbit_ctl set_vm_memory_high_watermark absolute "\$1"
	EOF
	chmod +x alarm
	talk blocked "$PWD/alarm 1MB" "$PWD/alarm 1GB"
}

@test "a kill of the server while pushes are open: what was confirmed is there" {
	talk killed "$(<"$BATS_FILE_TMPDIR/rabbit.pid")" 'and the server was killed' "$PWD/list"
	wait_until 20 server_gone "$(<"$BATS_FILE_TMPDIR/rabbit.pid")"
	: >"$BATS_FILE_TMPDIR/rabbit.log"
	rabbit_start
	talk survived "$PWD/list"
}

@test "relays: out and back, while they, their helpers and the server are killed" {
	export HOME=$BATS_FILE_TMPDIR MQ_CONF=/dev/null
	in_bash rabbit_exec rabbit rabbit_ctl rabbit_start rabbit_told
	torture --messages 2000 --kills 20 --server-share 0.1 --server-kill 'server_stop rabbit KILL; rm $BATS_FILE_TMPDIR/rabbit.log' \
	    --server-start rabbit_start "$RABBIT_URL/%2F" torture
}

@test "the tutorial's scripts, unchanged" {
	export HOME=$BATS_FILE_TMPDIR MQ_SPOOL=$RABBIT_URL/%2F
	(shop) >said 2>&1
	shop_says | diff - said
}
