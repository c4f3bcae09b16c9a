# mq.bats: mq-engine-mq, the helper whose engine is another spool.

load ../helper

setup_file() {
	export HELPER=$MQ_ENGINE_DIR/mq-engine-mq CONFORM=$BATS_TEST_DIRNAME
}

# talk: run a Python program on stdin, with the open helper as p and a queue 'jobs'
talk() {
	mq init -q jobs
	python3 -B -c 'import sys
sys.path.insert(0, sys.argv[1])
from conformance.peer import Peer
p = Peer(sys.argv[2], {"url": "mq://" + sys.argv[3]}).open()
exec(sys.stdin.read())
p.bye()' "$CONFORM" "$HELPER" "$MQ_SPOOL"
}

@test "it does all that it claims, and refuses the rest" {
	run python3 "$CONFORM/conform.py" --table "$HELPER" "mq://$MQ_SPOOL"
	assert_success
	refute_line --regexp '^not ok'
	refute_line --regexp ' Ta fails$'
	assert_line --regexp '^\.It retry of one Ta yes Ta tried$'
	mq fsck
}

@test "it does so in one queue, too" {
	run python3 "$CONFORM/conform.py" --queue jobs --only 'stop|gives back|once|stat|retry|keep' \
		"$HELPER" "mq://$MQ_SPOOL"
	assert_success
	mq fsck
}

@test "the suite finds a helper that claims what it cannot do" {
	cat >liar <<'EOF'
#!/usr/bin/env python3
import os, subprocess, sys
p = subprocess.Popen([sys.argv[0] + ".real"], stdout=subprocess.PIPE)
while data := os.read(p.stdout.fileno(), 65536):
    os.write(1, data.replace(b" priority ", b" priority dedup approx=maybe "))
sys.exit(p.wait())
EOF
	chmod +x liar
	ln -s "$HELPER" liar.real
	run python3 "$CONFORM/conform.py" --only 'well formed|with one id' "$PWD/liar" "mq://$MQ_SPOOL"
	assert_failure 1
	assert_line --regexp '^not ok 1 - the capabilities are well formed'
	assert_line --regexp '^not ok 2 - a message that is pushed twice with one id'
}

@test "what a message has stands where mq looks for it" {
	talk <<'EOF'
p.push("jobs", "some-id", b"body", [("Type", "a.b")], key="k 1", priority=2)
p.push("jobs", "other", b"later", delay=3600000)
EOF
	run json jobs 'select(.state == "ready") | .priority, .size'
	assert_output $'2\n4'
	run mq peek -i jobs
	assert_line --regexp '^Header: Type: a.b$'
	assert_line --regexp '^Header: mq-id: some-id$'
	assert_line --regexp '^Header: mq-key: k 1$'
	assert_counts jobs "ready=1 delayed=1"
	mq push -k "k 1" -m second jobs
	run mq pop jobs
	assert_output body
	run mq pop jobs
	assert_output second
}

@test "what mq has pushed comes out with its key, priority and headers" {
	mq init jobs
	mq push -k mine -p 1 -H 'A: b' -m hello jobs
	talk <<'EOF'
p.take("jobs", 1)
m = p.get(1)[0]
assert m.fields["key"] == "mine" and m.fields["priority"] == "1", m.fields
assert b"A: b\n" in m.head and m.body == b"hello"
p.must("ack", m.token)
EOF
	assert_counts jobs ""
}

@test "mq counts attempts, and not the policy of the queue" {
	mq init jobs attempts=2
	talk <<'EOF'
p.push("jobs", "x", b"body")
for n in (1, 2, 3):
    p.take("jobs", 1)
    p.must("nack", p.get(1)[0].token, 0, attempts=n, reason="try %d" % n)
EOF
	run json jobs '.state, .attempts'
	assert_output $'ready\n3'
	talk <<'EOF'
p.take("jobs", 1)
p.must("dead", p.get(1)[0].token, attempts=4, reason="no use")
EOF
	run json jobs '.state, .attempts'
	assert_output $'dead\n4'
	run mq dead jobs
	assert_output --partial "no use"
}

@test "a claim that was kept is one of mq's own" {
	talk <<'EOF'
p.push("jobs", "x", b"body")
p.take("jobs", 1, keep=True)
open("token", "w").write(p.get(1)[0].token)
EOF
	assert_counts jobs "claimed=1"
	mq ack jobs "$(cut -d: -f2 token)"
	assert_counts jobs ""
}

@test "a topic passes messages on, and is not taken from" {
	mq init news
	mq init jobs
	mq subscribe news jobs
	talk <<'EOF'
p.push("news", "x", b"body")
p.take("news", 1)
p.wait(lambda: p.endings, "ended")
assert "topic" in p.endings["news"][1]
EOF
	assert_counts jobs "ready=1"
}

@test "limits of the queue are told, and the others of a batch go in" {
	mq init jobs max_size=10 max_messages=2
	talk <<'EOF'
tags = [p.ask_push("jobs", str(n), b"x" * n) for n in (5, 11, 6, 7)]
got = [str(p.answer(t)).split("'")[0] for t in tags]
assert got == ["ok", "err large ", "ok", "err again "], got
EOF
	assert_counts jobs "ready=2"
}

@test "a queue with 'accept' is left to mq push" {
	mq init jobs accept=true
	talk <<'EOF'
p.refused(("perm",), "push", "jobs", "x", 0, 0)
EOF
	assert_counts jobs ""
}

@test "an address that is no path, or no spool, is refused with the step" {
	run --separate-stderr "$HELPER" < <(printf '%s\n' 'set url mq://host/x' open)
	assert_line --regexp '^fail conf .*mq://host/x.*mq:///PATH'
	run --separate-stderr "$HELPER" < <(printf '%s\n' "set url mq://$PWD/none" open)
	assert_line --regexp '^fail conf open%20the%20spool.*none'
}
