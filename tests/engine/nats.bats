# nats.bats: mq-engine-nats, against a real nats-server with JetStream: $NATS_SERVER, or the distribution's.

load ../helper
load engine_helper

server=${NATS_SERVER:-$(PATH=/usr/sbin:$PATH command -v nats-server || true)}

# nats_start NAME PORT OPTION...: with a directory of its own
nats_start() {
	local name=$1 port=$2
	shift 2
	server_start "$name" "$server" -a 127.0.0.1 -p "$port" -js -sd "$BATS_FILE_TMPDIR/$name.d" "$@"
	server_ready "$name" 20 nats_answers "$port"
}

# nats_answers PORT: JetStream is not there as soon as the port is
nats_answers() {
	opening nats url="nats://127.0.0.1:$1" timeout=2000 2>/dev/null | grep -Eq '^ready |^fail conf (login|tls)'
}

setup_file() {
	if [ -n "$server" ] && [ -x "$MQ_ENGINE_DIR/mq-engine-nats" ]; then
		PORT=$(free_port)
		export PORT URL=nats://127.0.0.1:$PORT
		nats_start nats "$PORT"
	fi
}

teardown_file() {
	local pid
	for pid in "$BATS_FILE_TMPDIR"/*.pid; do
		[ ! -e "$pid" ] || server_stop "$(basename "$pid" .pid)" KILL
	done
}

setup() {
	[ -n "$server" ] || skip "SKIPPED: no nats-server"
	need_helper nats
	cd "$BATS_TEST_TMPDIR" || return
	cat >raw.py <<'PY'
"""A client of NATS that knows nothing of mq, as a witness."""
import json, os, socket

class Raw:
    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", int(port)), 10)
        self.f = self.s.makefile("rwb")
        self.f.readline()
        self.f.write(b'CONNECT {"verbose":false,"headers":true,"no_responders":true}\r\nSUB in 1\r\n')

    def ask(self, subject, body=b"", head=b""):
        if head:
            head = b"NATS/1.0\r\n" + head + b"\r\n"
            self.f.write(b"HPUB %s in %d %d\r\n%s%s\r\n" % (subject.encode(), len(head), len(head) + len(body), head, body))
        else:
            self.f.write(b"PUB %s in %d\r\n%s\r\n" % (subject.encode(), len(body), body))
        self.f.flush()
        while True:
            words = self.f.readline().split()
            if words[0] == b"PING":
                self.f.write(b"PONG\r\n")
                self.f.flush()
            if words[0] in (b"MSG", b"HMSG"):
                data = self.f.read(int(words[-1]) + 2)[:-2]
                return data[int(words[-2]):] if words[0] == b"HMSG" else data

    def api(self, verb, **fields):
        answer = json.loads(self.ask("$JS.API." + verb, json.dumps(fields).encode() if fields else b""))
        assert "error" not in answer, answer
        return answer

raw = Raw(os.environ["PORT"])
PY
}

@test "it does all that it claims, and refuses the rest" {
	conform nats "$URL"
}

# ---- opening ----

@test "addresses: what is wrong is told before anything is sent" {
	run opening nats url=nats://me:sesame@127.0.0.1
	assert_line --regexp "^fail conf .*'credentials'"
	refute_output --partial sesame
	run opening nats url=nats://192.0.2.1
	assert_line --regexp '^fail conf 192.0.2.1 is another host.*insecure = yes'
	run opening nats url=nats://192.0.2.1 insecure=yes timeout=300
	assert_line --regexp '^fail again connect 192.0.2.1 port 4222: '
	run opening nats url=nats://no-such-host.invalid insecure=yes
	assert_line --regexp '^fail again resolve no-such-host.invalid: '
	run opening nats url=nats://127.0.0.1:1
	assert_line --regexp '^fail again connect 127.0.0.1 port 1: Connection refused'
	run opening nats url="nats://127.0.0.1:$PORT/x"
	assert_line --regexp '^fail conf .*nats://HOST'
	run opening nats url="tls+nats://127.0.0.1:$PORT"
	assert_line --regexp '^fail conf tls 127.0.0.1: .*no TLS'
}

@test "a server without JetStream is refused" {
	local port
	port=$(free_port)
	server_start core "$server" -a 127.0.0.1 -p "$port"
	server_ready core 20 nats_answers "$port"
	run opening nats url="nats://127.0.0.1:$port"
	assert_line --regexp '^fail conf login: .*JetStream.*-js'
	server_stop core
}

@test "passwords and rights" {
	local port
	port=$(free_port)
	cat >users.conf <<-'CONF'
		authorization { users = [
			{ user: mq, password: sesame }
			{ user: pusher, password: sesame, permissions: {
				publish: { allow: ["may", "$JS.API.INFO"] }, subscribe: ["_INBOX.>"] } }
		] }
	CONF
	server_start users "$server" -a 127.0.0.1 -p "$port" -js -sd "$BATS_FILE_TMPDIR/users.d" -c users.conf
	server_ready users 20 nats_answers "$port"
	run opening nats url="nats://127.0.0.1:$port"
	assert_line --regexp '^fail conf login .*[Aa]uthorization'
	printf 'machine 127.0.0.1:%s login mq password wrong\n' "$port" >secret
	chmod 600 secret
	run opening nats url="nats://127.0.0.1:$port" credentials=secret
	assert_line --regexp '^fail conf login .*[Aa]uthorization'
	refute_output --partial wrong
	printf 'machine 127.0.0.1:%s password sesame\n' "$port" >secret
	run opening nats url="nats://mq@127.0.0.1:$port" credentials=secret
	assert_line --regexp '^ready '
	chmod 644 secret
	run opening nats url="nats://mq@127.0.0.1:$port" credentials=secret
	assert_line --regexp '^fail conf credentials secret: its mode is 644'
	chmod 600 secret
	talk nats url="nats://mq@127.0.0.1:$port" credentials=secret <<-'PY'
		p.must("make", "may")
	PY
	# This one may not even ask, and is told so at once.
	printf 'default login pusher password sesame\n' >secret
	talk nats url="nats://127.0.0.1:$port" credentials=secret <<-'PY'
		start = time.monotonic()
		p.push("may", "a", b"1")
		p.answer(p.ask_push("not", "b", b"1"))
		assert p.answers["t2"].cls == "perm", str(p.answers["t2"])
		p.refused(["perm"], "stat", "may")
		p.take("may", 1)
		p.wait(lambda: p.endings, "'ended'")
		assert p.endings["may"][0] == "perm", p.endings
		assert time.monotonic() - start < 5
	PY
	server_stop users
}

@test "a .creds file, in a server with accounts" {
	local port
	python3 -c 'import cryptography' 2>/dev/null || skip "SKIPPED: no cryptography for Python"
	port=$(free_port)
	python3 - "$port" <<-'PY'
		import base64, hashlib, json, sys
		from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

		def crc(data):
		    c = 0
		    for b in data:
		        c ^= b << 8
		        for _ in range(8):
		            c = (c << 1 ^ 0x1021 if c & 0x8000 else c << 1) & 0xffff
		    return c.to_bytes(2, "little")

		def b32(data):
		    return base64.b32encode(data + crc(data)).decode().rstrip("=")

		def b64(data):
		    return base64.urlsafe_b64encode(data).decode().rstrip("=")

		class Key:
		    def __init__(self, prefix):
		        self.key = Ed25519PrivateKey.generate()
		        raw, self.seed = self.key.public_key().public_bytes_raw(), self.key.private_bytes_raw()
		        self.name = b32(bytes([prefix]) + raw)
		        p = (18 << 3) | (prefix >> 5), (prefix & 31) << 3
		        self.seed = b32(bytes(p) + self.seed)

		    def jwt(self, subject, name, nats):
		        claims = {"iat": 1700000000, "iss": self.name, "name": name, "sub": subject, "nats": dict(nats, version=2)}
		        claims["jti"] = base64.b32encode(hashlib.sha256(json.dumps(claims).encode()).digest()).decode().rstrip("=")
		        text = b64(b'{"typ":"JWT","alg":"ed25519-nkey"}') + "." + b64(json.dumps(claims).encode())
		        return text + "." + b64(self.key.sign(text.encode()))

		operator, system, account, user = Key(14 << 3), Key(0), Key(0), Key(20 << 3)
		limits = {"subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": True, "conn": -1, "leaf": -1}
		js = {"mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1}
		o = operator.jwt(operator.name, "op", {"type": "operator", "system_account": system.name})
		s = operator.jwt(system.name, "SYS", {"type": "account", "limits": limits})
		a = operator.jwt(account.name, "mq", {"type": "account", "limits": dict(limits, **js)})
		u = account.jwt(user.name, "worker", {"type": "user", "subs": -1, "data": -1, "payload": -1})
		open("jwt.conf", "w").write('operator: "%s"\nsystem_account: "%s"\nresolver: MEMORY\nresolver_preload: { %s: "%s", %s: "%s" }\n'
		    % (o, system.name, system.name, s, account.name, a))
		open("user.creds", "w").write("-----BEGIN NATS USER JWT-----\n%s\n------END NATS USER JWT------\n\n"
		    "-----BEGIN USER NKEY SEED-----\n%s\n------END USER NKEY SEED------\n" % (u, user.seed))
	PY
	server_start jwt "$server" -a 127.0.0.1 -p "$port" -js -sd "$BATS_FILE_TMPDIR/jwt.d" -c jwt.conf
	server_ready jwt 20 nats_answers "$port"
	chmod 600 user.creds
	talk nats url="nats://127.0.0.1:$port" credentials=user.creds create=yes <<-'PY'
		p.push("accounts", "a", b"1")
		p.take("accounts", 1)
		p.must("ack", p.get(1)[0].token)
	PY
	run opening nats url="nats://127.0.0.1:$port"
	assert_line --regexp '^fail conf login '
	chmod 640 user.creds
	chown 12345 user.creds 2>/dev/null || chmod 644 user.creds
	run opening nats url="nats://127.0.0.1:$port" credentials=user.creds
	assert_line --regexp '^fail conf credentials user.creds: '
	server_stop jwt
}

# certificate NAME SUBJECT EXTENSION: signed by ca.pem
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -days 2 -out "$1.pem" \
		-extfile <(printf '%s\n' "$3") 2>/dev/null
}

authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 -subj "/CN=$1" 2>/dev/null
}

@test "TLS: chain, name and client certificate are checked" {
	local port
	need_program openssl
	port=$(free_port)
	authority ca
	authority stranger
	certificate server localhost 'subjectAltName = DNS:localhost, DNS:queue.example, IP:127.0.0.1'
	certificate client somebody 'extendedKeyUsage = clientAuth'
	nats_start tls "$port" --tls --tlscert server.pem --tlskey server.key --tlscacert ca.pem

	run opening nats url="tls+nats://localhost:$port" ca=ca.pem
	assert_line --regexp '^step tls '
	assert_line --regexp '^ready '
	run opening nats url="tls+nats://127.0.0.1:$port" ca=ca.pem
	assert_line --regexp '^ready '
	run opening nats url="tls+nats://localhost:$port"
	assert_line --regexp '^fail conf tls localhost .*certificate'
	run opening nats url="tls+nats://localhost:$port" ca=stranger.pem
	assert_line --regexp '^fail conf tls localhost .*certificate'
	run opening nats url="tls+nats://localhost:$port" ca=ca.pem tls-name=queue.example
	assert_line --regexp '^ready '
	run opening nats url="tls+nats://localhost:$port" ca=ca.pem tls-name=other.example
	assert_line --regexp '^fail conf tls localhost '
	run opening nats url="tls+nats://localhost:$port" verify=no
	assert_line --regexp '^step tls not verified$'
	assert_line --regexp '^ready '
	run opening nats url="tls+nats://localhost:$port" ca=absent.pem
	assert_line --regexp '^fail conf '
	run opening nats url="nats://localhost:$port"
	assert_line --regexp '^fail conf tls localhost: .*use tls\+nats://'
	server_stop tls

	nats_start mutual "$port" --tlsverify --tlscert server.pem --tlskey server.key --tlscacert ca.pem
	run opening nats url="tls+nats://localhost:$port" ca=ca.pem
	assert_line --regexp '^fail '
	talk nats url="tls+nats://localhost:$port" ca=ca.pem cert=client.pem key=client.key create=yes <<-'PY'
		body = bytes(range(256)) * 2048
		tags = [p.ask_push("tls", "id-%d" % i, body) for i in range(20)]
		assert all(p.answer(t).ok for t in tags)
		p.take("tls", 20)
		for m in p.get(20):
		    assert m.body == body
		    p.must("ack", m.token)
	PY
	server_stop mutual
}

# ---- messages ----

@test "headers: their order, orders to the server, and what a stranger sees" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		headers = [("Zeta", "1"), ("Alpha", "2"), ("Zeta", "3"), ("Empty", ""), ("Nats-Rollup", "all"),
		    ("nats-ttl", "1s"), ("Mid", " "), ("Alpha", "4")]
		p.push("heads", "first", b"1")
		p.push("heads", "id-1", b"body", headers, key="k", priority=2)
		p.take("heads", 2)
		first, m = p.get(2)
		assert first.id == "first" and m.id == "id-1", (first.id, m.id)
		wanted = "".join("%s: %s\n" % (n, v.strip()) for n, v in headers) + "\n"
		assert m.head.decode() == wanted, m.head
		assert (m.fields["key"], m.fields["priority"]) == ("k", "2")
		stored = raw.api("STREAM.MSG.GET.heads", seq=2)["message"]
		import base64
		lines = base64.b64decode(stored["hdrs"]).decode().split("\r\n")
		assert "Nats-Msg-Id: id-1" in lines and "mq-key: k" in lines and "Alpha: 2" in lines, lines
		assert not any(l.lower().startswith(("nats-rollup", "nats-ttl")) for l in lines), lines
		# The copies that a dead letter and its retry are have them, too.
		p.must("dead", m.token, attempts=3, reason="no")
		item = p.must("list", "heads", "dead", 9, 100).items[0]
		assert item.head.decode() == wanted and item.fields(6)["reason"] == "no", (item.head, item.words)
		assert p.must("retry", "heads", "id-1").fields["n"] == "1"
		p.take("heads", 1)
		again = p.get(1)[0]
		assert again.head.decode() == wanted and "attempts" not in again.fields, again.fields
	PY
}

@test "what was not pushed by mq" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		p.must("make", "others")
		raw.ask("others", b"plain")
		raw.ask("others", b"named", b"Nats-Msg-Id: their-own\r\nNats-Expected-Stream: others\r\nColour: red\r\n")
		p.take("others", 2, 1000)
		a, b = p.get(2)
		assert (a.body, a.head, a.fields.get("derived")) == (b"plain", b"", "1")
		assert a.id.startswith("nats-others-1-"), a.id	# and when it was stored
		assert (b.id, b.body, b.head) == ("their-own", b"named", b"Colour: red\n\n"), (b.id, b.head)
		assert abs(a.number("enqueued") / 1e6 - time.time()) < 60
		p.must("ack", b.token)
		try:
		    p.take("others", 1)
		    again = p.get(1)[0]
		except Fail:
		    # nats-server 2.9.10 forgets a request at times.  Then the helper ends, and mq starts another one.
		    assert p.ended and "does not answer" in p.states[-1][1], p.states
		    p = peer(create="yes").open()
		    p.take("others", 1)
		    again = p.get(1)[0]
		assert again.id == a.id and again.number("deliveries") >= 2
		p.must("ack", again.token)
	PY
}

@test "sizes: of the server, of the stream; a full stream; names" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		most = int(p.caps["max-body"])
		p.push("sizes", "1", b"x" * most)
		answer = p.answer(p.ask_push("sizes", "2", b"x" * (most + 1)))
		assert answer.cls == "large" and str(most) in answer.text and str(most + 1) in answer.text, str(answer)
		answer = p.answer(p.ask_push("sizes", "3", b"x" * most, [("H%d" % i, "v" * 1000) for i in range(20)]))
		assert answer.cls == "large" and "max_payload" in answer.text, str(answer)
		p.must("stat", "sizes")
		raw.api("STREAM.CREATE.small", name="small", subjects=["small"], storage="file", retention="workqueue",
		    max_msg_size=5000, max_msgs=3, discard="new")
		answer = p.answer(p.ask_push("small", "4", b"x" * 4000))
		assert answer.cls == "large" and "2952" in answer.text, str(answer)
		for i in range(3):
		    p.push("small", "n%d" % i, b"x" * 1000)
		answer = p.answer(p.ask_push("small", "n4", b"x"))
		assert answer.cls == "full", str(answer)
		for name in ("a.b", "a*", ">", "a b", "x" * 241):
		    answer = p.answer(p.ask_push(name, "5", b"x"))
		    assert answer.cls == "cannot", (name, str(answer))
		# A stream of this name which takes something else is no queue.
		raw.api("STREAM.CREATE.events", name="events", subjects=["events.*"], storage="file")
		answer = p.answer(p.ask_push("events", "6", b"x"))
		assert answer.cls == "conf", str(answer)
		assert "small" in p.must("queues").queues and "events" not in p.must("queues").queues
	PY
}

@test "once: a stream that remembers for a shorter time refuses it" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		raw.api("STREAM.CREATE.brief", name="brief", subjects=["brief"], storage="file", retention="workqueue",
		    duplicate_window=5 * 10**9)
		answer = p.answer(p.ask_push("brief", "1", b"x", once="o"))
		assert answer.cls == "cannot" and "5 s" in answer.text, str(answer)
		p.push("brief", "1", b"x")
	PY
}

@test "consumers that would lose messages are refused" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		for name, config in (("gives-up", {"ack_policy": "explicit", "max_deliver": 3}), ("no-acks", {"ack_policy": "none"})):
		    raw.api("STREAM.CREATE." + name, name=name, subjects=[name], storage="file")
		    raw.api("CONSUMER.DURABLE.CREATE.%s.mq" % name, stream_name=name, config=dict(config, durable_name="mq"))
		    p.refused(["conf"], "check", name)
		    p.take(name, 1)
		    p.wait(lambda: name in p.endings, "'ended'")
		    assert p.endings[name][0] == "conf", p.endings
	PY
}

# ---- claims ----

@test "claims: each has its own lease; nobody is told that one was lost" {
	talk nats url="$URL" create=yes lease=60000 <<-'PY'
		p.must("make", "leases")
		p.push("leases", "a", b"1")
		p.push("leases", "b", b"1")
		p.take("leases", 1, 700)
		a = p.get(1)[0]
		p.take("leases", 1, 60000)
		b = p.get(1)[0]
		p.take("leases", 1, 60000)
		again = p.get(1, 5)[0]
		assert again.id == a.id and 0.6 < again.came - a.came < 3, again.came - a.came
		p.must("extend", b.token, 500)
		p.take("leases", 1, 60000)
		assert p.get(1, 5)[0].id == "b"
		p.must("ack", a.token)
		p.must("ack", again.token)
		p.refused(["lost"], "dead", a.token, reason="late")
		p.refused(["data"], "ack", "$JS.API.STREAM.DELETE.leases")
		p.refused(["data"], "ack", "x")
	PY
}

@test "attempts are kept: over delays, processes, and a new stream of the same name" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		p.push("tries", "a", b"1")
		p.take("tries", 1)
		p.must("nack", p.get(1)[0].token, 0, attempts=1, reason="no")
		p.take("tries", 1)
		m = p.get(1)[0]
		assert m.number("attempts") == 1 and m.number("deliveries") == 2, m.fields
		p.must("nack", m.token, 600, attempts=2)
		p.bye()
		p = peer().open()
		p.take("tries", 1)
		m = p.get(1, 10)[0]
		assert m.number("attempts") == 2, m.fields
		p.must("nack", m.token, 0)
		p.take("tries", 1)
		m = p.get(1)[0]
		assert m.number("attempts") == 2, m.fields
		p.stop("tries")
		raw.api("STREAM.DELETE.tries")
		# The first push after that finds out that it is gone.
		assert p.answer(p.ask_push("tries", "lost", b"1")).cls == "gone"
		p.push("tries", "other", b"1")
		p.take("tries", 1)
		p.must("nack", p.get(1)[0].token, 0)
		p.take("tries", 1)
		m = p.get(1)[0]
		assert (m.id, m.number("attempts"), m.number("deliveries")) == ("other", 0, 2), m.fields
		p.must("ack", m.token)
		# What is acknowledged leaves nothing behind.
		p.must("ping")
		end = time.monotonic() + 5
		while raw.api("STREAM.INFO.mq_attempts", subjects_filter="mq_attempts.tries.>")["state"].get("subjects") and time.monotonic() < end:
		    p.pump(0.05)
		assert not raw.api("STREAM.INFO.mq_attempts", subjects_filter="mq_attempts.tries.>")["state"].get("subjects")
	PY
}

@test "a stream that is deleted while messages are taken from it" {
	talk nats url="$URL" create=yes <<-'PY'
		from raw import raw
		p.must("make", "goes")
		p.take("goes", 5)
		p.nothing("goes")
		raw.api("STREAM.DELETE.goes")
		p.wait(lambda: p.endings, "'ended'", 20)
		assert p.endings["goes"][0] == "gone", p.endings
		p.endings.clear()
		p.push("goes", "a", b"1")
		p.take("goes", 1)
		assert p.get(1)[0].id == "a"
	PY
}

@test "2,000 dead letters are retried while others are served" {
	talk nats url="$URL" create=yes <<-'PY'
		p.must("make", "many")
		tags = [p.ask_push("many", "m%d" % i, b"x") for i in range(2000)]
		assert all(p.answer(t).ok for t in tags)
		p.take("many", 2000)
		tags = [p.ask("dead", m.token, attempts=1, reason="r") for m in p.get(2000)]
		assert all(p.answer(t).ok for t in tags)
		assert p.must("stat", "many").fields["dead"] == "2000"
		tag = p.ask("retry", "many", "")
		p.must("ping")
		assert not p.answers[tag].done
		assert p.answer(tag).fields["n"] == "2000", str(p.answers[tag])
		fields = p.must("stat", "many").fields
		assert (fields["ready"], fields["dead"]) == ("2000", "0"), fields
		p.take("many", 2000)
		got = p.get(2000)
		assert len({m.id for m in got}) == 2000
		for t in [p.ask("ack", m.token) for m in got]:
		    assert p.answer(t).ok
	PY
}

# ---- outages ----

@test "a server that stands still: a time limit, and the outcome is unknown" {
	local port
	port=$(free_port)
	nats_start still "$port"
	STILL=$(<"$BATS_FILE_TMPDIR/still.pid") talk nats url="nats://127.0.0.1:$port" timeout=700 create=yes <<-'PY'
		import signal
		p.must("make", "q")
		p.must("check", "q")
		stand_still(os.environ["STILL"])
		start = time.monotonic()
		answer = p.answer(p.ask_push("q", "1", b"x"))
		assert answer.cls == "unknown", str(answer)
		assert p.status() == 75
		assert 0.6 < time.monotonic() - start < 10
		assert p.states[0][0] == "down", p.states
		other = peer()
		start = time.monotonic()
		words = other.try_open().words
		assert words[:2] == ["fail", "again"], words
		assert 0.5 < time.monotonic() - start < 10
		other.release()
		os.kill(int(os.environ["STILL"]), signal.SIGCONT)
		other = peer().open()
		# One that only takes notices it, too.
		other.take("q", 5)
		other.push("q", "2", b"x")
		other.get(1)
		stand_still(os.environ["STILL"])
		other.wait(lambda: other.ended, "the end")
		assert other.status() == 75
		os.kill(int(os.environ["STILL"]), signal.SIGCONT)
		other.release()
	PY
	server_stop still
}

@test "a server that is killed and started again: what was confirmed is there" {
	local port
	port=$(free_port)
	nats_start crash "$port"
	for round in 1 2 3; do
		ROUND=$round CRASH=$(<"$BATS_FILE_TMPDIR/crash.pid") talk nats url="nats://127.0.0.1:$port" create=yes <<-'PY'
			import signal
			def push():
			    id_ = "r%s-%d" % (os.environ["ROUND"], len(tags))
			    tag = p.ask_push("q", id_, b"x" * 1000)
			    tags[tag] = id_
			    return tag
			p.must("make", "q")
			pid, tags = int(os.environ["CRASH"]), {}
			while len(tags) < 300:
			    push()
			    if len(tags) % 50 == 0:
			        p.pump(0.01)
			p.wait(lambda: p.answers["t150"].done, "some answers")
			# What it cannot have confirmed any more is not known; of the rest it may be.
			stand_still(pid)
			open_ = [push() for i in range(20)]
			p.quiet(0.2)
			os.kill(pid, signal.SIGKILL)
			p.wait(lambda: p.ended, "the end")
			assert p.status() == 75
			assert p.states[0][0] == "down", p.states
			assert all(p.answers[t].cls == "unknown" for t in open_), [str(p.answers[t]) for t in open_]
			open("pushed", "a").writelines(i + "\n" for i in tags.values())
			for tag, id_ in tags.items():
			    answer = p.answers[tag]
			    if answer.ok:
			        print(id_, file=open("confirmed", "a"))
			    else:
			        assert answer.cls == "unknown", str(answer)
		PY
		server_stop crash
		nats_start crash "$port"
	done
	[ "$(wc -l <confirmed)" -ge 450 ]
	talk nats url="nats://127.0.0.1:$port" <<-'PY'
		confirmed, pushed = [set(open(f).read().split()) for f in ("confirmed", "pushed")]
		seen = set()
		n = int(p.must("stat", "q").fields["ready"])
		p.take("q", n)
		for m in p.get(n):
		    assert m.id not in seen, m.id
		    seen.add(m.id)
		    p.must("ack", m.token)
		assert confirmed <= seen, confirmed - seen
		assert seen <= pushed
	PY
	server_stop crash
	proved "nats-server killed 3 times: nothing confirmed was lost"
}

@test "relays: out and back, while they, their helpers and the server are killed" {
	export MQ_CONF=/dev/null TORTURE_PORT server
	TORTURE_PORT=$(free_port)
	nats_start torture "$TORTURE_PORT"
	in_bash nats_start nats_answers opening
	torture --messages 300 --kills 10 --max-body 1000000 --server-kill 'server_stop torture KILL' \
	    --server-start 'nats_start torture $TORTURE_PORT' "nats://127.0.0.1:$TORTURE_PORT" q
	server_stop torture
}
