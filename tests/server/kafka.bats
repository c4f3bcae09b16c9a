#!/usr/bin/env bats
# mq-engine-kafka against librdkafka's mock cluster, and against a broker that kafka.sh has fetched.

load ../engine/engine_helper
load ../inject_helper

# kafka_jars: where the broker is
kafka_jars() {
	local complete
	for complete in "$BATS_TEST_DIRNAME"/../../build/kafka/*/complete; do
		[ ! -e "$complete" ] || { realpath "${complete%/*}"; return; }
	done
	return 1
}

# kafka_secrets DIR: a CA, a certificate of the broker, and a CA that has nothing to do with it
kafka_secrets() {
	local name
	for name in ca other; do
		openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=$name" -keyout "$1/$name.key" -out "$1/$name.pem"
	done
	openssl req -newkey rsa:2048 -nodes -subj /CN=localhost -keyout "$1/broker.key" -out "$1/broker.csr"
	openssl x509 -req -in "$1/broker.csr" -CA "$1/ca.pem" -CAkey "$1/ca.key" -CAcreateserial -days 2 -out "$1/broker.crt" \
		-extfile <(echo subjectAltName=DNS:localhost)
	cat "$1/broker.key" "$1/broker.crt" "$1/ca.pem" >"$1/broker.pem"
	printf 'machine other login x password y\nmachine 127.0.0.1\n login mq\n password "hush42"\nmachine localhost login mq password hush42\n' >"$1/plain"
	printf 'machine 127.0.0.1 login mq password wrong-hush\n' >"$1/wrong"
	printf 'default login scram password "hush43" mechanism SCRAM-SHA-512\n' >"$1/scram"
	chmod 600 "$1"/plain "$1"/wrong "$1"/scram
}

# Listeners: plain, TLS, SASL in plain text (which is for loopback), SASL over TLS, and one that names another host.
kafka_properties() {
	local sasl=org.apache.kafka.common.security
	cat <<-END
	process.roles=broker,controller
	node.id=1
	controller.quorum.voters=1@127.0.0.1:$control
	listeners=PLAINTEXT://127.0.0.1:$plain,ELSEWHERE://127.0.0.1:$elsewhere,SSL://127.0.0.1:$tls,SASL_PLAINTEXT://127.0.0.1:$sasl_plain,SASL_SSL://127.0.0.1:$sasl_tls,CONTROLLER://127.0.0.1:$control
	advertised.listeners=PLAINTEXT://127.0.0.1:$plain,ELSEWHERE://192.0.2.1:9092,SSL://localhost:$tls,SASL_PLAINTEXT://127.0.0.1:$sasl_plain,SASL_SSL://localhost:$sasl_tls
	listener.security.protocol.map=PLAINTEXT:PLAINTEXT,ELSEWHERE:PLAINTEXT,SSL:SSL,SASL_PLAINTEXT:SASL_PLAINTEXT,SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT
	controller.listener.names=CONTROLLER
	inter.broker.listener.name=PLAINTEXT
	sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
	listener.name.sasl_plaintext.plain.sasl.jaas.config=$sasl.plain.PlainLoginModule required user_mq="hush42";
	listener.name.sasl_ssl.plain.sasl.jaas.config=$sasl.plain.PlainLoginModule required user_mq="hush42";
	listener.name.sasl_plaintext.scram-sha-512.sasl.jaas.config=$sasl.scram.ScramLoginModule required;
	listener.name.sasl_ssl.scram-sha-512.sasl.jaas.config=$sasl.scram.ScramLoginModule required;
	ssl.keystore.type=PEM
	ssl.keystore.location=$dir/broker.pem
	log.dirs=$dir/data
	message.max.bytes=2097152
	connections.max.idle.ms=5000
	offsets.topic.replication.factor=1
	offsets.topic.num.partitions=3
	transaction.state.log.replication.factor=1
	transaction.state.log.min.isr=1
	group.initial.rebalance.delay.ms=0
	END
}

# broker_setup: its directory is ready; start it with "sh broker.sh"
broker_setup() {
	local dir=$BATS_FILE_TMPDIR/kafka jars control plain tls sasl_plain sasl_tls elsewhere
	jars=$(kafka_jars) && command -v java openssl kcat >/dev/null || return 0
	mkdir -p "$dir"
	kafka_secrets "$dir" 2>/dev/null
	read -r control plain tls sasl_plain sasl_tls elsewhere < <(free_ports 6)
	kafka_properties >"$dir/server.properties"
	java -Xmx128m -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk \
		-S 'SCRAM-SHA-512=[name=scram,password=hush43]' -c "$dir/server.properties" >"$dir/format.log" 2>&1
	cat >"$dir/broker.sh" <<-END
	java -Xmx384m -XX:TieredStopAtLevel=1 -cp "$jars/*" kafka.Kafka "$dir/server.properties" >>"$dir/log" 2>&1 </dev/null 3>&- &
	echo \$! >"$BATS_FILE_TMPDIR/broker.pid"
	for i in \$(seq 120); do
		kcat -b 127.0.0.1:$plain -q -L -m 2 >/dev/null 2>&1 && exit
		sleep 0.25
	done
	exit 1
	END
	printf '%s\n' "kafka://127.0.0.1:$plain" >"$dir/url"
	printf '%s\n' "kafkas://localhost:$tls" >"$dir/url-tls"
	printf '%s\n' "kafka://127.0.0.1:$sasl_plain" >"$dir/url-sasl"
	printf '%s\n' "kafkas://localhost:$sasl_tls" >"$dir/url-sasl-tls"
	printf '%s\n' "kafka://127.0.0.1:$elsewhere" >"$dir/url-elsewhere"
	sh "$dir/broker.sh"
}

free_ports() {
	python3 -c 'import socket, sys
s = [socket.socket() for _ in range(int(sys.argv[1]))]
[x.bind(("127.0.0.1", 0)) for x in s]
print(*[x.getsockname()[1] for x in s])' "$1"
}

# background NAME COMMAND...: what takes long runs beside the other tests; "finished NAME" waits for it
background() {
	local name=$BATS_FILE_TMPDIR/$1
	shift
	{ if "$@"; then echo 0 >"$name.rc"; else echo 1 >"$name.rc"; fi; } >"$name.out" 2>&1 3>&- &
}

finished() {
	wait_until 400 test -e "$BATS_FILE_TMPDIR/$1.rc"
	cat "$BATS_FILE_TMPDIR/$1.out"
	[ "$(<"$BATS_FILE_TMPDIR/$1.rc")" -eq 0 ]
}

conform_in() {
	mkdir -p "$BATS_FILE_TMPDIR/$1" && cd "$BATS_FILE_TMPDIR/$1" && shift && conform "$@"
}

MOCKED='hello|before|well formed|no frame|all bytes|hundred|usual|what else|without an id|200 pushes|alone|one key'
MOCKED+='|more messages than credit|keeps the attempts|stat tells|dead letters|is refused'

# mock_start NAME: it does what is written into NAME.fifo
mock_start() {
	mkfifo "$BATS_FILE_TMPDIR/$1.fifo"
	server_start "$1" "$KAFKATOOL" mock "$BATS_FILE_TMPDIR/$1.fifo"
	wait_until 10 test -s "$BATS_FILE_TMPDIR/$1.log"
}

mock_url() {
	echo "kafka://$(head -1 "$BATS_FILE_TMPDIR/$1.log")"
}

setup_file() {
	need_helper kafka
	export KAFKATOOL=$BATS_FILE_TMPDIR/kafkatool
	# shellcheck disable=SC2046 # words
	"${CC:-cc}" -std=c11 -D_GNU_SOURCE -O1 $(pkg-config --cflags rdkafka) -o "$KAFKATOOL" \
		"$BATS_TEST_DIRNAME/kafkatool.c" $(pkg-config --libs rdkafka)
	mock_start mock
	mock_start faulty
	# Joining and leaving a group takes the mock many seconds, so only some of the cases run with it; and its topics have
	# four partitions.
	background mocked conform_in mocked --only "$MOCKED" kafka "$(mock_url mock)"
	broker_setup
	[ ! -e "$BATS_FILE_TMPDIR/kafka/url" ] || background real conform_in real kafka "$(<"$BATS_FILE_TMPDIR/kafka/url")"
}

teardown_file() {
	server_stop mock
	server_stop faulty
	server_stop broker
}

setup() {
	cd "$BATS_TEST_TMPDIR" || return 1
	dir=$BATS_FILE_TMPDIR/kafka
}

need_broker() {
	[ -e "$dir/url" ] || skip "SKIPPED: no Kafka broker: run \"make deps-engines\" where Maven reaches its registry"
	url=$(<"$dir/url$1")
}

# try CASE URL [ARGUMENT...]
try() {
	python3 "$BATS_TEST_DIRNAME/kafka.py" "$1" "$MQ_ENGINE_DIR/mq-engine-kafka" "${@:2}"
}

# ---- the mock -------------------------------------------------------------------------------------

@test "mock: errors of a broker: those that pass, and those that do not" {
	try injected "$(mock_url faulty)" "$BATS_FILE_TMPDIR"/faulty.{fifo,log}
}

@test "mock: an answer that comes too late is 'unknown'" {
	try slow "$(mock_url faulty)" "$BATS_FILE_TMPDIR"/faulty.{fifo,log}
}

@test "mock: transactions: a commit whose outcome nobody knows" {
	command -v kcat >/dev/null || skip "SKIPPED: no kcat"
	try unsure "$(mock_url faulty)" "$BATS_FILE_TMPDIR"/faulty.{fifo,log}
}

@test "mock: the broker goes, and all that is open is answered" {
	try down "$(mock_url faulty)" "$BATS_FILE_TMPDIR"/faulty.{fifo,log}
}

# ---- opening --------------------------------------------------------------------------------------

@test "opening fails at once, and says which step" {
	try fails kafka://127.0.0.1:1 again connect:
	try fails kafka://no.such.host.invalid:9092 again resolve: insecure=yes
	try fails kafka://192.0.2.1:9092 conf 'plain text to another host: use kafkas://192.0.2.1:9092'
	try fails kafka://me:hush@127.0.0.1:9092 conf "'credentials'"
	try fails kafka://127.0.0.1:9092/topic conf 'kafka://HOST[:PORT],...'
	try fails kafka:// conf 'kafka://HOST[:PORT],...'
	try fails kafkas://127.0.0.1:9092 conf tls_name tls-name=other
	echo 'machine 127.0.0.1 login mq password hush' >open
	chmod 644 open
	try fails kafka://127.0.0.1:9092 conf "open: its mode is 644" credentials="$PWD/open"
	try fails kafka://127.0.0.1:9092 conf "none: No such file" credentials="$PWD/none"
	chmod 600 open
	try fails kafka://192.0.2.1:9092,127.0.0.1 conf 'only over TLS' insecure=yes credentials="$PWD/open"
}

@test "plain text goes to no other host, also if a broker names it" {
	need_broker -elsewhere
	try elsewhere "$url"
}

@test "TLS: the CA has to be known, the name has to be right" {
	need_broker -tls
	try opens "$url" ca="$dir/ca.pem"
	try fails "$url" conf tls: ca="$dir/other.pem"
	try fails "$url" conf tls:
	try fails "${url/localhost/127.0.0.1}" conf tls: ca="$dir/ca.pem"
	try opens "${url/localhost/127.0.0.1}" verify=no
	try fails "$url" conf no.such.file ca=no.such.file
}

@test "SASL: PLAIN on loopback, SCRAM over TLS, a wrong password" {
	need_broker -sasl
	try opens "$url" credentials="$dir/plain"
	try fails "$url" conf login: credentials="$dir/wrong"
	need_broker -sasl-tls
	try opens "$url" credentials="$dir/plain" ca="$dir/ca.pem"
	if pkg-config --atleast-version=2.6.1 rdkafka; then
		try opens "$url" credentials="$dir/scram" ca="$dir/ca.pem"
	else
		try fails "$url" conf 'needs librdkafka 2.6' credentials="$dir/scram" ca="$dir/ca.pem"
	fi
}

# ---- a broker -------------------------------------------------------------------------------------

@test "broker: what is pushed and taken, as another client sees it" {
	need_broker
	try witness "$url"
}

@test "broker: order in one partition" {
	need_broker
	try order "$url"
}

@test "broker: connections that it closes for idleness are opened again" {
	need_broker
	try idle "$url"
}

@test "broker: sizes, of messages and of batches" {
	need_broker
	try sizes "$url"
}

@test "broker: transactions: what is pushed again after a death is there once" {
	need_broker
	try transacted "$url"
}

@test "broker: transactions: the limit of the topic is lowered" {
	need_broker
	try lowered "$url"
}

@test "broker: no topic comes from asking about it" {
	need_broker
	try nothing_made "$url"
}

@test "broker: acks out of order" {
	need_broker
	try out_of_order "$url"
}

@test "broker: nack and dead are copies" {
	need_broker
	try nacked "$url"
}

@test "broker: partitions go to a second consumer" {
	need_broker
	try shared "$url"
}

@test "broker: records that were deleted before they were taken" {
	need_broker
	try gap "$url"
	try gap_again "$url"
}

@test "broker: an offset that is of another topic" {
	need_broker
	try another "$url"
	try made_anew "$url"
}

# ---- conformance, which ran beside all that -------------------------------------------------------

@test "conformance: the mock" {
	finished mocked
}

@test "conformance: a broker" {
	need_broker
	finished real
}

# ---- last, as the broker dies ---------------------------------------------------------------------

@test "broker: killed with pushes open" {
	need_broker
	try killed "$url" "sh $dir/broker.sh" "$BATS_FILE_TMPDIR/broker.pid"
}

@test "relays: in transactions each message is there once, whoever is killed" {
	need_broker
	need_inject
	try exactly "$url" "sh $dir/broker.sh" "$BATS_FILE_TMPDIR/broker.pid" "$MQ_BUILD/sweep/inject" >exactly.out 2>&1 || { cat exactly.out; return 1; }
	echo "# proved: $(tail -n 1 exactly.out)" >&3
}

@test "relays: out and back, while they, their helpers and the broker are killed" {
	need_broker
	export MQ_CONF=/dev/null
	in_bash need_broker
	torture --messages 500 --kills 10 --max-body 900000 --server-share 0.1 --server-kill 'server_stop broker KILL' \
	    --server-start "sh $dir/broker.sh" "$url" torture
}
