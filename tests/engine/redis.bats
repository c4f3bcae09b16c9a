# redis.bats: mq-engine-redis, against a real redis-server.

load ../helper
load engine_helper
load shop_helper

# redis_start NAME PORT OPTION...: with a directory of its own, where what was confirmed is on the disk
redis_start() {
	local name=$1 port=$2
	shift 2
	mkdir -p "$BATS_FILE_TMPDIR/$name.d"
	server_start "$name" redis-server --port "$port" --bind 127.0.0.1 --save '' \
		--dir "$BATS_FILE_TMPDIR/$name.d" --appendonly yes --appendfsync always "$@"
}

setup_file() {
	command -v redis-server >/dev/null || return 0
	PORT=$(free_port)
	export PORT URL=redis://127.0.0.1:$PORT/0
	redis_start redis "$PORT"
	server_ready redis 20 redis-cli -p "$PORT" ping
}

teardown_file() {
	local pid
	for pid in "$BATS_FILE_TMPDIR"/*.pid; do
		[ ! -e "$pid" ] || server_stop "$(basename "$pid" .pid)" KILL
	done
}

setup() {
	need_program redis-server redis-cli
	need_helper redis
	cd "$BATS_TEST_TMPDIR" || return
}

cli() {
	redis-cli -p "$PORT" "$@"
}

@test "it does all that it claims, and refuses the rest" {
	conform redis "$URL"
}

# ---- what the server is like ----

@test "durable: by what Redis does with its log" {
	run opening redis url="$URL"
	assert_line --regexp '^ready .* durable=yes server=redis [0-9.]+$'
	cli config set appendfsync everysec
	run opening redis url="$URL"
	assert_line --regexp ' durable=no '
	cli config set appendfsync always
	cli acl setuser small on '>pw' '~*' '+@all' -config
	printf 'machine 127.0.0.1 login small password pw\n' >secret
	chmod 600 secret
	run opening redis url="$URL" credentials=secret
	assert_line --regexp ' durable=unknown '
	cli acl deluser small
}

@test "a server that deletes keys when its memory is full is refused" {
	cli config set maxmemory-policy allkeys-lru
	run opening redis url="$URL"
	cli config set maxmemory-policy noeviction
	assert_line --regexp '^fail conf login: maxmemory-policy is allkeys-lru, .*noeviction'
}

@test "passwords: wrong, missing, right; the file and its mode" {
	cli acl setuser mq on '>sesame' '~*' '+@all'
	cli config set requirepass other
	printf 'default login mq password wrong\n' >secret
	chmod 600 secret
	run opening redis url="$URL"
	assert_line --regexp '^fail conf login: NOAUTH'
	run opening redis url="$URL" credentials=secret
	assert_line --regexp '^fail conf login: WRONGPASS.*; the login is from secret'
	printf 'machine localhost login mq password wrong machine 127.0.0.1:%s login mq password sesame\n' \
		"$PORT" >secret
	run opening redis url="$URL" credentials=secret
	assert_line --regexp '^ready '
	refute_output --partial sesame
	chmod 640 secret
	chown 12345 secret 2>/dev/null || chmod 644 secret
	run opening redis url="$URL" credentials=secret
	assert_line --regexp '^fail conf credentials secret: '
	run opening redis url="redis://127.0.0.1:$PORT" credentials=absent
	assert_line --regexp '^fail conf credentials absent: No such file'
	REDISCLI_AUTH=other cli config set requirepass ''
	cli acl deluser mq
}

@test "a user who may not is told so" {
	cli acl setuser reader on '>pw' '~*' '+@all' -xadd
	cli hset 'mq:{perm}:c' made 1
	printf 'default login reader password pw\n' >secret
	chmod 600 secret
	talk redis url="$URL" credentials=secret <<-'PY'
		answer = p.answer(p.ask_push("perm", "1", b"x"))
		assert answer.cls == "perm", str(answer)
	PY
	cli acl deluser reader
}

@test "addresses: what is wrong is told before anything is sent" {
	run opening redis url=redis://:pw@127.0.0.1/
	assert_line --regexp "^fail conf .*'credentials'"
	refute_output --partial pw@
	run opening redis url=redis://192.0.2.1/
	assert_line --regexp "^fail conf 192.0.2.1 is another host.*insecure"
	run opening redis url=redis://192.0.2.1/ insecure=yes timeout=300
	assert_line --regexp '^fail again connect 192.0.2.1 port 6379: '
	run opening redis url=redis://no-such-host.invalid/ insecure=yes timeout=5000
	assert_line --regexp '^fail again resolve no-such-host.invalid: '
	run opening redis url=redis://127.0.0.1:1/
	assert_line --regexp '^fail again connect 127.0.0.1 port 1: Connection refused'
	run opening redis url="redis://127.0.0.1:$PORT/x"
	assert_line --regexp '^fail conf .*database'
	run opening redis url="redis://127.0.0.1:$PORT/9999"
	assert_line --regexp '^fail conf login: ERR DB index'
	run opening redis url="redis://[::1]:99999/"
	assert_line --regexp '^fail conf .*port'
}

# ---- TLS ----

# certificate NAME SUBJECT EXTENSION: signed by ca.pem
certificate() {
	openssl req -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.csr" -subj "/CN=$2" 2>/dev/null
	openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -days 2 -out "$1.pem" \
		-extfile <(printf '%s\n' "$3") 2>/dev/null
}

authority() {
	openssl req -x509 -newkey rsa:2048 -nodes -keyout "$1.key" -out "$1.pem" -days 2 \
		-subj "/CN=$1" 2>/dev/null
}

@test "TLS: chain, name and client certificate are checked" {
	local port tls
	need_program openssl
	port=$(free_port)
	tls=rediss://localhost:$port/0
	authority ca
	authority stranger
	certificate server localhost 'subjectAltName = DNS:localhost, DNS:queue.example'
	certificate client somebody 'extendedKeyUsage = clientAuth'
	redis_start tls 0 --tls-port "$port" --tls-cert-file "$PWD/server.pem" \
		--tls-key-file "$PWD/server.key" --tls-ca-cert-file "$PWD/ca.pem" --tls-auth-clients optional
	tls_cli() { redis-cli -p "$port" --tls --cacert ca.pem --cert client.pem --key client.key "$@"; }
	server_ready tls 20 tls_cli ping
	chmod 600 client.key

	run opening redis url="$tls" ca=ca.pem
	assert_line --regexp '^step tls TLSv1.3 .*/CN=localhost$'
	assert_line --regexp '^ready '
	run opening redis url="$tls"
	assert_line --regexp '^fail conf tls localhost: the certificate cannot be trusted: '
	run opening redis url="$tls" ca=stranger.pem
	assert_line --regexp '^fail conf tls localhost: the certificate cannot be trusted: '
	run opening redis url="rediss://127.0.0.1:$port/0" ca=ca.pem
	assert_line --regexp '^fail conf tls 127.0.0.1: the certificate cannot be trusted: IP address mismatch'
	run opening redis url="rediss://127.0.0.1:$port/0" ca=ca.pem tls-name=queue.example
	assert_line --regexp '^ready '
	run opening redis url="$tls" ca=ca.pem tls-name=other.example
	assert_line --regexp '^fail conf tls other.example: .*[Hh]ostname mismatch'
	run opening redis url="$tls" verify=no
	assert_line --regexp '^step tls .*, not verified$'
	assert_line --regexp '^ready '
	run opening redis url="$tls" ca=absent.pem
	assert_line --regexp '^fail conf tls: ca absent.pem: '
	run opening redis url="rediss://127.0.0.1:$PORT/0"
	assert_line --regexp '^fail (conf|again) tls 127.0.0.1: '

	tls_cli config set tls-auth-clients yes
	run opening redis url="$tls" ca=ca.pem
	assert_line --regexp '^fail '
	run opening redis url="$tls" ca=ca.pem cert=client.pem key=client.key
	assert_line --regexp '^ready '
	chmod 644 client.key
	run opening redis url="$tls" ca=ca.pem cert=client.pem key=client.key
	assert_line --regexp '^fail conf tls: key client.key: .*644'
	chmod 600 client.key
	run opening redis url="$tls" ca=ca.pem cert=server.pem key=client.key
	assert_line --regexp '^fail conf tls: key client.key: '

	talk redis url="$tls" ca=ca.pem cert=client.pem key=client.key <<-'PY'
		p.must("make", "tls")
		body = bytes(range(256)) * 4096
		tags = [p.ask_push("tls", "id-%d" % i, body) for i in range(20)]
		assert all(p.answer(t).ok for t in tags)
		p.take("tls", 21)
		for m in p.get(20):
		    assert m.body == body
		    p.must("ack", m.token)
		p.nothing("tls", 1.2)
	PY
	server_stop tls
}

# ---- memory, outages ----

@test "a full server: 'full', consumers go on, and then so do producers" {
	talk redis url="$URL" <<-'PY'
		import subprocess
		def cli(*words):
		    return subprocess.check_output(["redis-cli", "-p", os.environ["PORT"], *words]).decode()
		p.must("make", "full")
		used = int([l for l in cli("info", "memory").split("\r\n") if l.startswith("used_memory:")][0].split(":")[1])
		cli("config", "set", "maxmemory", str(used + 8 * 1048576))
		body, done, n = b"x" * 262144, 0, 0
		while True:
		    answer = p.answer(p.ask_push("full", "m%d" % n, body))
		    if not answer.ok:
		        break
		    n += 1
		assert answer.cls == "full", str(answer)
		assert 20 < n < 60, n
		# Until half of it is worked off there is no byte more to be had.
		cli("config", "set", "maxmemory", str(used + 4 * 1048576))
		# Whatever frees memory is done, and what keeps a claim, too.
		p.take("full", 3)
		a, b, c = p.get(3)
		p.must("extend", a.token, 60000)
		p.must("nack", b.token, 0, attempts=1, reason="later")
		p.must("nack", c.token, 1, attempts=1)
		p.must("dead", a.token, reason="no")
		for i in range(n - 1):
		    p.take("full", 1)
		    p.must("ack", p.get(1)[0].token)
		p.push("full", "again", body)
		cli("config", "set", "maxmemory", "0")
		assert p.must("stat", "full").fields == {"ready": "1", "claimed": "0", "delayed": "0", "dead": "1",
		    "oldest": p.must("stat", "full").fields["oldest"]}
	PY
}

@test "a server that stands still: a time limit, and the outcome is unknown" {
	local port
	port=$(free_port)
	redis_start still "$port"
	server_ready still 20 redis-cli -p "$port" ping
	STILL=$(<"$BATS_FILE_TMPDIR/still.pid") talk redis url="redis://127.0.0.1:$port" timeout=500 <<-'PY'
		import signal
		p.must("make", "q")
		stand_still(os.environ["STILL"])
		start = time.monotonic()
		answer = p.answer(p.ask_push("q", "1", b"x"))
		assert answer.cls == "unknown", str(answer)
		assert p.status() == 75
		assert 0.4 < time.monotonic() - start < 10
		assert p.states[0][0] == "down", p.states
		other = peer()
		start = time.monotonic()
		words = other.try_open().words
		assert words[:2] == ["fail", "again"] and "login" in words[2], words
		assert 0.4 < time.monotonic() - start < 10
		other.release()
		os.kill(int(os.environ["STILL"]), signal.SIGCONT)
		other = peer().open()
		other.must("ping")
		other.bye()
	PY
	server_stop still
}

@test "a server that is killed and started again: what was confirmed is there" {
	local port
	port=$(free_port)
	export CRASH_PORT=$port
	redis_start crash "$port"
	server_ready crash 20 redis-cli -p "$port" ping
	for round in 1 2 3; do
		ROUND=$round CRASH=$(<"$BATS_FILE_TMPDIR/crash.pid") talk redis url="redis://127.0.0.1:$port" <<-'PY'
			import signal, json
			p.must("make", "q")
			tags, killed = {}, False
			while not p.ended:
			    id_ = "r%s-%d" % (os.environ["ROUND"], len(tags))
			    tags[p.ask_push("q", id_, b"x" * 1000)] = id_
			    if not killed and len(tags) % 50 == 0:
			        p.pump(0.01)
			    if not killed and len(tags) > 200 and p.answers["t150"].done:
			        os.kill(int(os.environ["CRASH"]), signal.SIGKILL)
			        killed = True
			assert killed
			assert p.status() == 75
			open("pushed", "a").writelines(i + "\n" for i in tags.values())
			for tag, id_ in tags.items():
			    answer = p.answers[tag]
			    if answer.ok:
			        print(id_, file=open("confirmed", "a"))
			    else:
			        assert not answer.done or answer.cls in ("unknown", "again"), str(answer)
			assert any(a.cls == "unknown" for a in p.answers.values())
		PY
		server_stop crash
		redis_start crash "$port"
		server_ready crash 20 eval "redis-cli -p $port ping | grep -q PONG"
	done
	[ "$(wc -l <confirmed)" -ge 90 ]
	talk redis url="redis://127.0.0.1:$port" <<-'PY'
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
	proved "redis killed 3 times: nothing confirmed was lost"
	server_stop crash
}

@test "a server that talks nonsense, or too much" {
	cat >fake <<'PY'
import socket, sys
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
print(s.getsockname()[1], flush=True)
answers = [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"*" + b"9" * 18 + b"\r\n", b"*1\r\n" * 9 + b":1\r\n",
    b"$99999999999\r\n", b"$3\r\nabcd\r\n", b"+" + b"x" * 100000, b":1\n", b"$-1\r\n" * 4, b"", b"+\0\r\n",
    b":12x\r\n", b"*-1\r\n:1\r\n"]
for answer in answers:
    c = s.accept()[0]
    c.recv(10000)
    c.sendall(answer)
    c.close()
PY
	server_start fake python3 -u fake
	server_ready fake 10 test -s "$BATS_FILE_TMPDIR/fake.log"
	for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
		run opening redis url="redis://127.0.0.1:$(<"$BATS_FILE_TMPDIR/fake.log")" timeout=2000
		assert_success
		assert_line --regexp '^fail (again|conf) login: .+'
		assert_line bye
	done
	server_stop fake
}

# ---- claims ----

@test "fenced: of two who had a claim, only the last one settles it" {
	talk redis url="$URL" <<-'PY'
		p.must("make", "fence")
		other = peer().open()
		p.push("fence", "a", b"1")
		p.take("fence", 1, lease=200)
		old = p.get(1)[0]
		other.take("fence", 1)
		new = other.get(1)[0]
		assert (new.id, new.number("deliveries"), new.number("attempts")) == ("a", 2, 1)
		for words in (("ack",), ("nack", 0), ("nack", 1000), ("dead",), ("extend", 1000)):
		    p.refused(["lost"], words[0], old.token, *words[1:])
		other.must("nack", new.token, 0)
		other.refused(["lost"], "ack", new.token)
		other.stop("fence")
		p.take("fence", 1)
		last = p.get(1)[0]
		assert last.number("attempts") == 1, last.fields
		p.refused(["lost"], "ack", old.token)
		p.refused(["data"], "ack", "x/y")
		p.must("ack", last.token)
		p.refused(["lost"], "ack", last.token)
		other.bye()
	PY
}

@test "an id is known while its message is there; later only to what may have been sent before" {
	talk redis url="$URL" <<-'PY'
		p.must("make", "known")
		def ready():
		    return p.must("stat", "known").fields["ready"]
		def done(kind):
		    p.take("known", 1)
		    p.must(kind, p.get(1)[0].token)
		p.push("known", "1")
		p.push("known", "1", maybe=1)
		p.push("known", "1")
		assert ready() == "1"
		p.take("known", 1)
		m = p.get(1)[0]
		p.push("known", "1")
		assert ready() == "0"
		p.must("ack", m.token)
		p.push("known", "1", maybe=1)
		assert ready() == "0"
		p.push("known", "1")
		assert ready() == "1"
		done("dead")
		p.push("known", "1", maybe=1)
		assert ready() == "0"
		p.push("known", "1")
		assert ready() == "1"
		done("ack")
	PY
	[ "$(cli pttl 'mq:{known}:i:1')" -gt 60000 ]
}

@test "a server that becomes a replica: 'again', and mq looks for another one" {
	talk redis url="$URL" <<-'PY'
		import subprocess
		def replicaof(*of):
		    subprocess.check_call(["redis-cli", "-p", os.environ["PORT"], "replicaof", *of], stdout=2)
		p.must("make", "replica")
		replicaof("127.0.0.1", "1")
		try:
		    answer = p.answer(p.ask_push("replica", "1"))
		    assert answer.cls == "again", str(answer)
		    assert p.status() == 75
		    other = peer()
		    words = other.try_open().words
		    assert words[:2] == ["fail", "again"] and "replica" in words[2], words
		    other.release()
		finally:
		    replicaof("no", "one")
	PY
}

@test "keys: the turn is kept by a delayed one, and passed on by a dead or expired one" {
	talk redis url="$URL" <<-'PY'
		p.must("make", "turn")
		p.push("turn", "a1", key="a")
		p.push("turn", "a2", key="a", expires=int((time.time() + 0.3) * 1e6))
		p.push("turn", "a3", key="a")
		p.push("turn", "b1", key="b")
		p.push("turn", "a0", key="a", delay=1)
		p.take("turn", 9)
		first = {m.id: m for m in p.get(2)}
		assert sorted(first) == ["a1", "b1"], first
		p.must("nack", first["a1"].token, 2000, attempts=1)
		p.nothing("turn")
		again = p.get(1)[0]
		assert (again.id, again.number("attempts")) == ("a1", 1)
		p.must("dead", again.token, reason="no")
		assert p.get(1)[0].id in ("a3", "a0")
		p.must("ack", first["b1"].token)
		p.nothing("turn")
		p.must("retry", "turn", "a1")
		p.nothing("turn", 0.2)
		p.bye()
		p = peer().open()
		left = []
		for i in range(3):
		    p.take("turn", 1)
		    m = p.get(1)[0]
		    left.append(m.id)
		    p.must("ack", m.token)
		# a2 has expired and is a dead letter, which no longer expires when it is retried.
		assert sorted(left) == ["a0", "a1", "a3"] and left[-1] == "a1", left
		dead = p.answer(p.ask("list", "turn", "dead", 9, 0)).items
		assert [i.words[3] for i in dead] == ["a2"] and dead[0].fields(6)["reason"] == "expired", dead
		assert p.must("retry", "turn", "a2").fields == {"n": "1"}
		p.take("turn", 1)
		p.must("ack", p.get(1)[0].token)
		p.take("turn", 1)
		p.nothing("turn")
		assert p.must("stat", "turn").fields == {"ready": "0", "claimed": "0", "delayed": "0", "dead": "0"}
	PY
	[ "$(cli exists 'mq:{turn}:q' 'mq:{turn}:k:a' 'mq:{turn}:f' 'mq:{turn}:l5')" = 0 ]
}

@test "who waits is woken at once: by a push, by what is given back, when a delay is over" {
	talk redis url="$URL" <<-'PY'
		def timed(what, most):
		    start = time.monotonic()
		    what()
		    m = p.get(1)[0]
		    took = time.monotonic() - start
		    assert took < most, (what, took)
		    return m
		p.must("make", "wake")
		other = peer().open()
		p.take("wake", 9)
		p.nothing("wake")
		p.must("ack", timed(lambda: other.push("wake", "1", priority=9), 0.8).token)
		p.nothing("wake")
		p.must("ack", timed(lambda: other.push("wake", "2", delay=100), 0.9).token)
		p.stop("wake")
		other.push("wake", "3")
		other.take("wake", 1)
		m = other.get(1)[0]
		p.take("wake", 9)
		p.nothing("wake")
		p.must("ack", timed(lambda: other.must("nack", m.token, 0), 0.8).token)
		other.bye()
	PY
}

@test "entries of strangers come out, and what strangers claim is not lost" {
	cli hset 'mq:{foreign}:c' made 1
	cli xadd 'mq:{foreign}:s5' '1700000000000-7' body hello 'X Y' "$(printf 'a\nb')" Type t
	cli xadd 'mq:{foreign}:s5' '*' only header
	cli xgroup create 'mq:{foreign}:s5' mq 0
	cli xreadgroup group mq stranger count 1 streams 'mq:{foreign}:s5' '>'
	talk redis url="$URL" <<-'PY'
		p.take("foreign", 1)
		m = p.get(1)[0]
		assert m.head == b"only: header\n\n", m.head
		p.must("ack", m.token)
		p.take("foreign", 1, lease=2000)
		m = p.get(1)[0]
		assert m.id == "redis-5-1700000000000-7", m.id
		assert (m.body, m.head) == (b"hello", b"X_20Y: a?b\nType: t\n\n"), (m.body, m.head)
		assert m.fields["derived"] == "1" and m.fields["enqueued"] == "1700000000000000", m.fields
		assert m.number("attempts") == 1
		p.must("extend", m.token, 60000)
		p.must("dead", m.token, reason="why")
		assert p.must("retry", "foreign", "redis-5-1700000000000-7").fields["n"] == "1"
		p.take("foreign", 1)
		m = p.get(1)[0]
		assert m.id == "redis-5-1700000000000-7" and m.fields["derived"] == "1"
		p.must("ack", m.token)
	PY
}

@test "a server that has forgotten the script learns it again" {
	talk redis url="$URL" <<-'PY'
		import subprocess
		def forget():
		    subprocess.check_call(["redis-cli", "-p", os.environ["PORT"], "script", "flush"], stdout=2)
		p.must("make", "flush")
		p.push("flush", "1", b"x")
		p.take("flush", 1)
		m = p.get(1)[0]
		forget()
		p.must("ack", m.token)
		forget()
		answer = p.answer(p.ask_push("flush", "2", b"y"))
		assert answer.cls == "again", str(answer)
		p.push("flush", "2", b"y")
		forget()
		p.take("flush", 1)
		assert p.get(1)[0].body == b"y"
	PY
}

@test "nothing is left of what was worked off" {
	cli flushdb
	talk redis url="$URL" <<-'PY'
		p.must("make", "left")
		for n in range(300):
		    p.ask_push("left", "", b"x" * 100, priority=n % 10, **({"delay": 1} if n % 3 == 0 else {}))
		p.take("left", 300)
		for i, m in enumerate(p.get(300)):
		    p.ask(("ack", "ack", "dead")[i % 3], m.token)
		p.must("stat", "left")
		p.must("retry", "left", "")
		p.take("left", 100)
		for m in p.get(100):
		    p.ask("ack", m.token)
		assert set(p.must("stat", "left").fields.values()) == {"0"}
	PY
	run cli --raw keys '*'
	assert_output "$(cli --raw keys '*' | grep -xE 'mq:\{left\}:(c|b|d|m|w|s[0-9])')"
	for key in s0 s5 s9 d m; do
		[ "$(cli xlen "mq:{left}:$key")" = 0 ]
	done
}

@test "relays: out and back, while they, their helpers and the server are killed" {
	export MQ_CONF=/dev/null
	TORTURE_PORT=$(free_port)
	export TORTURE_PORT
	redis_start torture "$TORTURE_PORT"
	in_bash redis_start
	torture --messages 400 --kills 12 --server-kill 'server_stop torture KILL' \
	    --server-start 'redis_start torture $TORTURE_PORT' "redis://127.0.0.1:$TORTURE_PORT/0" q
	server_stop torture
}

@test "the tutorial's scripts, unchanged" {
	export MQ_SPOOL=$URL
	(shop) >said 2>&1
	shop_says | diff - said
}

@test "mq ls: that there are more than Redis lists at once is told" {
	need_helper redis
	need_program redis-server
	seq 1001 | MQ_SPOOL=$URL mq push -ql more
	MQ_SPOOL=$URL run -0 --separate-stderr mq ls --ids more
	assert_equal "${#lines[@]}" 1000
	# shellcheck disable=SC2154
	assert_regex "$stderr" 'more than these 1000 ready ones'
	MQ_SPOOL=$URL run -0 mq ls --ids -n 999 more
	assert_equal "${#lines[@]}" 999
}

@test "relays: entries of strangers in two streams may have one number" {
	export MQ_CONF=/dev/null MQ_SPOOL=$PWD/spool
	for stream in s1 s2; do
		mq -s "$URL" init -q "$stream" 2>/dev/null || mq -s "$URL" push -q -m seed "$stream"
		cli XADD "mq:{$stream}:s5" 1900000000000-0 body "from $stream" >/dev/null
		mq relay -q --drain --name "$stream" "$URL/$stream" jobs
	done
	assert_equal "$(mq pop -n 9 -l jobs | grep -c '^from s')" 2
}
