# beanstalk.bats: mq-engine-beanstalk, against a real beanstalkd.

load ../helper
load engine_helper

# beanstalk_start NAME PORT OPTION...: with a directory of its own, and each job on the disk when it is confirmed
beanstalk_start() {
	local name=$1 port=$2
	shift 2
	mkdir -p "$BATS_FILE_TMPDIR/$name.d"
	server_start "$name" beanstalkd -l 127.0.0.1 -p "$port" -b "$BATS_FILE_TMPDIR/$name.d" -f 0 "$@"
	server_ready "$name" 20 beanstalk_answers "$port"
}

beanstalk_answers() {
	opening beanstalk url="beanstalk://127.0.0.1:$1" timeout=2000 | grep -q '^ready '
}

setup_file() {
	if command -v beanstalkd >/dev/null && [ -x "$MQ_ENGINE_DIR/mq-engine-beanstalk" ]; then
		PORT=$(free_port)
		export PORT URL=beanstalk://127.0.0.1:$PORT
		beanstalk_start beanstalk "$PORT"
	fi
}

teardown_file() {
	local pid
	for pid in "$BATS_FILE_TMPDIR"/*.pid; do
		[ ! -e "$pid" ] || server_stop "$(basename "$pid" .pid)" KILL
	done
}

setup() {
	need_program beanstalkd
	need_helper beanstalk
	cd "$BATS_TEST_TMPDIR" || return
	cat >raw.py <<'PY'
"""A client of beanstalkd that knows nothing of mq, as a witness."""
import os, socket

class Raw:
    def __init__(self, port):
        self.s = socket.create_connection(("127.0.0.1", int(port)), 10)
        self.f = self.s.makefile("rwb")

    def ask(self, line, body=None):
        self.f.write(line.encode() + b"\r\n" + (body + b"\r\n" if body is not None else b""))
        self.f.flush()
        answer = self.f.readline().decode().split()
        if answer[0] in ("OK", "RESERVED", "FOUND"):
            return answer, self.f.read(int(answer[-1]) + 2)[:-2]
        return answer, None

    def put(self, tube, body, pri=0, delay=0, ttr=60):
        self.ask("use " + tube)
        answer, _ = self.ask("put %d %d %d %d" % (pri, delay, ttr, len(body)), body)
        assert answer[0] == "INSERTED", answer
        return int(answer[1])

raw = Raw(os.environ["PORT"])
PY
}

@test "it does all that it claims, and refuses the rest" {
	conform beanstalk "$URL"
}

@test "addresses: what is wrong is told before anything is sent" {
	run opening beanstalk url=beanstalk://me:sesame@127.0.0.1
	assert_line --regexp '^fail conf '
	refute_output --partial sesame
	run opening beanstalk url=beanstalk://me@127.0.0.1
	assert_line --regexp '^fail conf .*no users'
	run opening beanstalk url=beanstalk://192.0.2.1
	assert_line --regexp '^fail conf 192.0.2.1 is another host.*insecure = yes'
	run opening beanstalk url=beanstalk://192.0.2.1 insecure=yes timeout=300
	assert_line --regexp '^fail again connect 192.0.2.1 port 11300: '
	run opening beanstalk url=beanstalk://no-such-host.invalid insecure=yes
	assert_line --regexp '^fail again resolve no-such-host.invalid: '
	run opening beanstalk url=beanstalk://127.0.0.1:1
	assert_line --regexp '^fail again connect 127.0.0.1 port 1: Connection refused'
	run opening beanstalk url="beanstalk://127.0.0.1:$PORT/x"
	assert_line --regexp '^fail conf .*beanstalk://HOST'
}

@test "a server that talks nonsense" {
	cat >fake <<'PY'
import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
print(s.getsockname()[1], flush=True)
for answer in [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"OK 99999999999\r\n", b"OK\r\n\r\n", b"\r\n", b"x" * 100000, b"",
    b"OK 5\r\n---\n\n\r\n", b"OK -1\r\n", b"OK 3 \r\n"]:
    c = s.accept()[0]
    c.recv(10000)
    c.sendall(answer)
    c.close()
PY
	server_start fake python3 -u fake
	server_ready fake 10 test -s "$BATS_FILE_TMPDIR/fake.log"
	for _ in 1 2 3 4 5 6 7 8 9; do
		run opening beanstalk url="beanstalk://127.0.0.1:$(<"$BATS_FILE_TMPDIR/fake.log")" timeout=2000
		assert_line --regexp '^fail again login .+'
	done
	server_stop fake
}

@test "sizes and names; a server that drains" {
	local port
	port=$(free_port)
	beanstalk_start small "$port" -z 4000
	SMALL=$(<"$BATS_FILE_TMPDIR/small.pid") talk beanstalk url="beanstalk://127.0.0.1:$port" <<-'PY'
		import signal
		most = int(p.caps["max-body"])
		assert most == 4000 - 2048, most
		p.push("q", "1", b"x" * most)
		answer = p.answer(p.ask_push("q", "2", b"x" * (most + 1)))
		assert answer.cls == "large" and str(most) in answer.text and str(most + 1) in answer.text, str(answer)
		answer = p.answer(p.ask_push("q", "3", b"x" * most, [("H%d" % i, "v" * 100) for i in range(20)]))
		assert answer.cls == "large" and "with the headers" in answer.text, str(answer)
		for name in ("-a", "a b", "a\u00e9", "x" * 200):
		    answer = p.answer(p.ask_push(name, "4", b"x"))
		    assert answer.cls == "cannot", (name, str(answer))
		os.kill(int(os.environ["SMALL"]), signal.SIGUSR1)
		end = time.monotonic() + 10
		while time.monotonic() < end:
		    answer = p.answer(p.ask_push("q", "5", b"x"))
		    if not answer.ok:
		        break
		assert answer.cls == "again" and "draining" in answer.text, str(answer)
		# What is there can be taken all the same, but there is no place for a copy.
		p.take("q", 1)
		m = p.get(1)[0]
		p.refused(["again"], "nack", m.token, 0, attempts=1)
		p.must("nack", m.token, 0)
		p.take("q", 1)
		p.must("ack", p.get(1)[0].token)
	PY
	server_stop small
}

@test "what a stranger sees, and what was not pushed by mq" {
	talk beanstalk url="$URL" <<-'PY'
		from raw import raw
		p.push("seen", "id-1", b"body", [("Zeta", "1"), ("Alpha", "2"), ("Zeta", ""), ("Alpha", "4")], priority=2)
		raw.ask("use seen")
		(_, job, _), data = raw.ask("peek-ready")
		head, body = data.split(b"\n\n", 1)
		assert body == b"body" and b"mq-id: id-1" in head.split(b"\n"), data
		assert data.startswith(b"mq1 %d\n" % (len(head) + 2 - len(data.split(b"\n")[0]) - 1)), data
		assert b"pri: 2048" in raw.ask("stats-job " + job)[1]
		p.take("seen", 1)
		m = p.get(1)[0]
		assert m.head == b"Zeta: 1\nAlpha: 2\nZeta: \nAlpha: 4\n\n", m.head
		p.must("ack", m.token)
		plain = raw.put("theirs", b"plain", pri=4000000000)
		odd = raw.put("theirs", b"mq1 99\nno block", pri=3000)
		p.take("theirs", 2)
		a, b = p.get(2)
		assert (a.body, a.fields["priority"], a.head) == (b"mq1 99\nno block", "2", b""), a.fields
		assert (b.body, b.fields["priority"], b.fields["derived"]) == (b"plain", "9", "1"), b.fields
		assert b.id.startswith("beanstalk-") and b.id.endswith("-%d" % plain), b.id
		assert abs(b.number("enqueued") / 1e6 - time.time()) < 60
		# A copy of it has its id, and whatever else was known.
		p.must("nack", b.token, 0, attempts=2)
		p.must("ack", a.token)
		p.take("theirs", 1)
		again = p.get(1)[0]
		assert (again.id, again.body, again.number("attempts"), again.fields["priority"]) == (b.id, b"plain", 2, "9"), again.fields
		assert b"pri: 4000000000" in raw.ask("stats-job " + again.token.split("-")[0])[1]
		p.must("ack", again.token)
	PY
}

@test "a claim is kept beyond its time to run, as long as its process holds it" {
	talk beanstalk url="$URL" <<-'PY'
		from raw import raw
		job = raw.put("short", b"x", ttr=1)
		p.take("short", 1)
		m = p.get(1)[0]
		p.quiet(3.2)
		assert b"state: reserved" in raw.ask("stats-job %d" % job)[1]
		assert not p.messages
		p.must("ack", m.token)
	PY
}

@test "a claim that was lost is told" {
	# beanstalkd 1.12 does not always notice the end of a claim whose connection stands still: a fake does.
	cat >fake.py <<'PY'
import socket, threading
s = socket.socket()
s.bind(("127.0.0.1", 0))
s.listen(9)
print(s.getsockname()[1], flush=True)
given = []
STATS = b"---\nmax-job-size: 65535\nversion: \"9\"\nid: f\n"
JOB = b"---\nid: 7\nstate: reserved\npri: 5\nage: 1\nttr: 1\nreserves: 1\n"
def serve(c):
    f = c.makefile("rwb")
    for line in f:
        word = line.split()[0]
        if word == b"stats":
            answer = b"OK %d\r\n%s" % (len(STATS), STATS)
        elif word in (b"watch", b"ignore"):
            answer = b"WATCHING 1"
        elif word == b"stats-job":
            answer = b"OK %d\r\n%s" % (len(JOB), JOB)
        elif word == b"reserve-with-timeout":
            answer = b"TIMED_OUT" if given else b"RESERVED 7 1\r\nx"
            given.append(1)
        else:
            answer = b"NOT_FOUND"
        f.write(answer + b"\r\n")
        f.flush()
while True:
    threading.Thread(target=serve, args=(s.accept()[0],), daemon=True).start()
PY
	server_start loser python3 -u fake.py
	server_ready loser 10 test -s "$BATS_FILE_TMPDIR/loser.log"
	talk beanstalk url="beanstalk://127.0.0.1:$(<"$BATS_FILE_TMPDIR/loser.log")" <<-'PY'
		p.take("q", 1)
		m = p.get(1)[0]
		p.quiet(0.8)
		p.refused(["lost"], "ack", m.token)
		p.refused(["lost"], "ack", m.token)
		p.refused(["lost"], "nack", "12345678", 0)
	PY
	server_stop loser
}

@test "the one who holds something does not wait for others: acks are answered at once" {
	talk beanstalk url="$URL" <<-'PY'
		p.take("quick", 4)
		for i in range(40):
		    p.push("quick", "m%d" % i, b"x")
		    m = p.get(1, 2)[0]
		    start = time.monotonic()
		    p.must("ack", m.token)
		    assert time.monotonic() - start < 0.5
		    p.take("quick", 1)
		from raw import raw
		n = int([l for l in raw.ask("stats")[1].decode().split("\n") if l.startswith("current-connections")][0].split()[1])
		assert n <= 5, n
		# Many that come one after the other and are held need a connection each, up to a number.
		p.take("quick", 40)
		held = []
		for i in range(40):
		    p.push("quick", "h%d" % i, b"x")
		    held += p.get(1, 5)
		n = int([l for l in raw.ask("stats")[1].decode().split("\n") if l.startswith("current-connections")][0].split()[1])
		assert n <= 19, n
		for m in held:
		    p.must("ack", m.token)
	PY
}

@test "dead letters, and what others have buried" {
	talk beanstalk url="$URL" <<-'PY'
		from raw import raw
		for i in range(3):
		    p.push("dying", "d%d" % i, b"body%d" % i, priority=i)
		p.take("dying", 3)
		for m in p.get(3):
		    p.must("dead", m.token, attempts=4, reason="no " + "x" * 500)
		job = raw.put("dying", b"theirs")
		raw.ask("watch dying")
		raw.ask("reserve-with-timeout 1")
		raw.ask("bury %d 0" % job)
		assert p.must("stat", "dying").fields == {"ready": "0", "claimed": "0", "delayed": "0", "dead": "4"}
		for i in range(2):
		    items = p.must("list", "dying", "dead", 9, 3).items
		    assert [f.words[3] for f in items[:3]] == ["d0", "d1", "d2"], [f.words for f in items]
		    assert items[0].fields(6)["attempts"] == "4" and items[0].fields(6)["reason"].startswith("no xxx")
		    assert (items[0].body, items[0].fields(6)["size"]) == (b"bod", "5")
		    assert items[3].words[3].endswith("-%d" % job) and len(items) == 4
		assert len(p.must("list", "dying", "dead", 2, 3).items) == 2
		assert "dying" in p.must("queues").queues and "dying.mq-dead" not in p.must("queues").queues
		p.refused(["gone"], "retry", "dying", "nobody")
		assert p.must("retry", "dying", "d1").fields["n"] == "1"
		p.take("dying", 1)
		m = p.get(1)[0]
		assert (m.id, m.body, m.fields["priority"]) == ("d1", b"body1", "1") and "attempts" not in m.fields and "reason" not in m.fields, m.fields
		p.must("ack", m.token)
		# One that waits for its time is no dead letter.
		p.push("dying", "later", b"x", delay=3600000)
		assert p.must("retry", "dying", "").fields["n"] == "3"
		fields = p.must("stat", "dying").fields
		assert fields == {"ready": "3", "claimed": "0", "delayed": "1", "dead": "0"}, fields
	PY
}

@test "a server that stands still: a time limit, and the outcome is unknown" {
	local port
	port=$(free_port)
	beanstalk_start still "$port"
	STILL=$(<"$BATS_FILE_TMPDIR/still.pid") talk beanstalk url="beanstalk://127.0.0.1:$port" timeout=700 <<-'PY'
		import signal
		stand_still(os.environ["STILL"])
		start = time.monotonic()
		answer = p.answer(p.ask_push("q", "1", b"x"))
		assert answer.cls == "unknown", str(answer)
		p.wait(lambda: p.ended, "the end")
		assert p.status() == 75
		assert 0.6 < time.monotonic() - start < 10
		other = peer()
		words = other.try_open().words
		assert words[:2] == ["fail", "again"] and "login" in words[2], words
		other.release()
		os.kill(int(os.environ["STILL"]), signal.SIGCONT)
		other = peer().open()
		other.take("q", 5)
		other.get(1)
		stand_still(os.environ["STILL"])
		assert other.status() == 75
		os.kill(int(os.environ["STILL"]), signal.SIGCONT)
		other.release()
	PY
	server_stop still
}

@test "a server that is killed and started again: what was confirmed is there" {
	local port
	port=$(free_port)
	beanstalk_start crash "$port"
	for round in 1 2 3; do
		ROUND=$round CRASH=$(<"$BATS_FILE_TMPDIR/crash.pid") talk beanstalk url="beanstalk://127.0.0.1:$port" <<-'PY'
			import signal
			def push():
			    id_ = "r%s-%d" % (os.environ["ROUND"], len(tags))
			    tag = p.ask_push("q", id_, b"x" * 1000)
			    tags[tag] = id_
			    return tag
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
		beanstalk_start crash "$port"
	done
	[ "$(wc -l <confirmed)" -ge 450 ]
	talk beanstalk url="beanstalk://127.0.0.1:$port" <<-'PY'
		confirmed, pushed = [set(open(f).read().split()) for f in ("confirmed", "pushed")]
		seen, torn = set(), 0
		n = int(p.must("stat", "q").fields["ready"])
		p.take("q", n)
		for m in p.get(n):
		    p.must("ack", m.token)
		    # beanstalkd writes a job in four steps, and takes it for whole after the third: its body is NULs then.
		    if m.id not in pushed and not m.body.strip(b"\0"):
		        torn += 1
		        continue
		    assert m.id not in seen, m.id
		    seen.add(m.id)
		assert confirmed <= seen, confirmed - seen
		assert seen <= pushed, seen - pushed
		assert torn <= 3, torn
	PY
	server_stop crash
	proved "beanstalkd killed 3 times: nothing confirmed was lost"
}

@test "durable: no without a binlog" {
	local port
	port=$(free_port)
	server_start memory beanstalkd -l 127.0.0.1 -p "$port"
	server_ready memory 20 beanstalk_answers "$port"
	run opening beanstalk url="beanstalk://127.0.0.1:$port"
	assert_line --regexp '^ready .* durable=no server=beanstalkd-[0-9.]+'
	run opening beanstalk url="$URL"
	assert_line --regexp '^ready .* durable=unknown '
	server_stop memory
}

@test "relays: out and back, while they, their helpers and the server are killed" {
	export MQ_CONF=/dev/null TORTURE_PORT
	TORTURE_PORT=$(free_port)
	beanstalk_start torture "$TORTURE_PORT"
	in_bash beanstalk_start beanstalk_answers opening
	torture --messages 300 --kills 10 --max-body 60000 --torn --server-kill 'server_stop torture KILL' \
	    --server-start 'beanstalk_start torture $TORTURE_PORT' "beanstalk://127.0.0.1:$TORTURE_PORT" q
	server_stop torture
}
