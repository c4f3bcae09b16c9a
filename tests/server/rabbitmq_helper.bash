# rabbitmq_helper.bash: one RabbitMQ for the suite, on loopback, with directories and ports of its own.

load ../engine/engine_helper

# rabbit_exec COMMAND...: with the environment that makes it this server and no other
rabbit_exec() {
	local dir=$BATS_FILE_TMPDIR/rabbit
	exec env RABBITMQ_NODENAME="mqtest$RABBIT_PORT@localhost" RABBITMQ_NODE_PORT="$RABBIT_PORT" \
		RABBITMQ_NODE_IP_ADDRESS=127.0.0.1 RABBITMQ_DIST_PORT="$RABBIT_DIST" ERL_EPMD_PORT="$RABBIT_EPMD" \
		ERL_EPMD_ADDRESS=127.0.0.1 RABBITMQ_MNESIA_BASE="$dir/mnesia" RABBITMQ_LOG_BASE="$dir/log" \
		RABBITMQ_CONFIG_FILE="$dir/rabbitmq.conf" RABBITMQ_ENABLED_PLUGINS_FILE="$dir/plugins" \
		RABBITMQ_CONF_ENV_FILE=/dev/null RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS="+sbwt none +sbwtdcpu none +sbwtdio none" \
		HOME="$dir/home" "$@"
}

rabbit() {
	(rabbit_exec "$@")
}

# rabbit_ctl ARGUMENT...: takes two seconds
rabbit_ctl() {
	rabbit /usr/lib/rabbitmq/bin/rabbitmqctl -q "$@"
}

# rabbit_eval CODE
rabbit_eval() {
	rabbit_ctl eval "$1" >/dev/null
}

# An open port is not readiness: queues are still being recovered then.  With NOTIFY_SOCKET the server is the very
# process that was started, and not the child of a script.
rabbit_start() {
	NOTIFY_SOCKET=$BATS_FILE_TMPDIR/rabbit/notify server_start rabbit rabbit_exec /usr/lib/rabbitmq/bin/rabbitmq-server
	wait_until 90 rabbit_told
	rabbit_ctl await_startup --timeout 60
}

rabbit_told() {
	grep -q 'completed with' "$BATS_FILE_TMPDIR/rabbit.log" || server_gone "$(<"$BATS_FILE_TMPDIR/rabbit.pid")"
}

# certificate NAME SUBJECT EXTENSION: signed by our own CA
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=$2" -out "$1.csr" 2>/dev/null
	printf '%s\n' "$3" >"$1.ext"
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile "$1.ext" -out "$1.pem" 2>/dev/null
}

certificates() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout ca.key -subj /CN=tests -days 2 -out ca.pem 2>/dev/null
	openssl req -x509 -newkey rsa:2048 -nodes -keyout other.key -subj /CN=others -days 2 -out other.pem 2>/dev/null
	certificate server localhost 'subjectAltName=DNS:localhost,IP:127.0.0.1,DNS:rabbit.example.org'
	certificate client trusted 'extendedKeyUsage=clientAuth'
	chmod 644 ./*.key
}

# The users, and queues that mq would not make.
definitions() {
	python3 - <<'EOF'
import base64, hashlib, json

def user(name, password, tags=""):
    salt = b"mq12"
    hashed = base64.b64encode(salt + hashlib.sha256(salt + password.encode()).digest()).decode()
    return {"name": name, "password_hash": hashed, "tags": tags,
            "hashing_algorithm": "rabbit_password_hashing_sha256"}

def may(name, vhost, configure=".*", write=".*", read=".*"):
    return {"user": name, "vhost": vhost, "configure": configure, "write": write, "read": read}

def queue(name, **arguments):
    return {"name": name, "vhost": "/", "durable": True, "auto_delete": False,
            "arguments": {"x-" + k.replace("_", "-"): v for k, v in arguments.items()}}

print(json.dumps({
    "users": [user("guest", "guest", "administrator"), user("mq", "s3cret word"), user("reader", "r"),
              user("trusted", "no password is as long as this one")],
    "vhosts": [{"name": "/"}, {"name": "orders/eu"}],
    "permissions": [may("guest", "/"), may("trusted", "/"), may("mq", "orders/eu"), may("reader", "/", "", "", ".*")],
    "queues": [queue("full", max_length=3, overflow="reject-publish"), queue("prio", max_priority=9),
               queue("plain"),
               # RabbitMQ 3.10 forgets a quorum queue that is made just before it is killed; this one is old by then.
               queue("torture", queue_type="quorum")]}))
EOF
}

# Everything for setup_file.
rabbit_setup() {
	need_helper amqp
	[ -x /usr/lib/rabbitmq/bin/rabbitmq-server ] || skip "SKIPPED: no rabbitmq-server"
	need_program amqp-get amqp-publish openssl epmd
	RABBIT_PORT=$(free_port) RABBIT_TLS=$(free_port) RABBIT_DIST=$(free_port) RABBIT_EPMD=$(free_port)
	export RABBIT_PORT RABBIT_TLS RABBIT_DIST RABBIT_EPMD RABBIT_URL=amqp://127.0.0.1:$RABBIT_PORT
	local dir=$BATS_FILE_TMPDIR/rabbit
	mkdir -p "$dir"/{home,mnesia,log}
	cd "$dir" || return
	certificates
	definitions >definitions.json
	echo '[rabbitmq_auth_mechanism_ssl].' >plugins
	cat >rabbitmq.conf <<EOF
listeners.tcp.1 = 127.0.0.1:$RABBIT_PORT
listeners.ssl.1 = 127.0.0.1:$RABBIT_TLS
ssl_options.cacertfile = $dir/ca.pem
ssl_options.certfile = $dir/server.pem
ssl_options.keyfile = $dir/server.key
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
ssl_cert_login_from = common_name
load_definitions = $dir/definitions.json
disk_free_limit.absolute = 10MB
vm_memory_high_watermark.absolute = 1GB
EOF
	rabbit_start || { tail -20 "$BATS_FILE_TMPDIR/rabbit.log" >&2; return 1; }
}

rabbit_teardown() {
	server_stop rabbit
	[ -z "${RABBIT_EPMD-}" ] || ERL_EPMD_PORT=$RABBIT_EPMD epmd -kill >/dev/null 2>&1 || true
}
