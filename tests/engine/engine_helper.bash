# engine_helper.bash: servers for the suites of engines: on loopback, on ports of their own, ended by their ids.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

# need_helper NAME: mq-engine-NAME was built
need_helper() {
	[ -x "$MQ_ENGINE_DIR/mq-engine-$1" ] || skip "SKIPPED: mq-engine-$1 was not built"
}

# need_program NAME...
need_program() {
	local name
	for name in "$@"; do
		command -v "$name" >/dev/null || skip "SKIPPED: no $name"
	done
}

# free_port: print a port that nobody listens on
free_port() {
	python3 -c 'import socket
s = socket.socket()
s.bind(("127.0.0.1", 0))
print(s.getsockname()[1])'
}

# wait_until SECONDS COMMAND...: until it succeeds
wait_until() {
	local end=$((SECONDS + $1))
	shift
	until "$@" >/dev/null 2>&1; do
		[ "$SECONDS" -lt "$end" ] || return 1
		sleep 0.05
	done
}

# server_start NAME COMMAND...: its id is in NAME.pid, what it says in NAME.log, both in $BATS_FILE_TMPDIR
server_start() {
	local name=$BATS_FILE_TMPDIR/$1
	shift
	"$@" </dev/null >>"$name.log" 2>&1 3>&- &
	echo $! >"$name.pid"
}

# server_signal NAME SIGNAL
server_signal() {
	kill -"$2" "$(<"$BATS_FILE_TMPDIR/$1.pid")"
}

# server_stop NAME [SIGNAL]: and wait for its end
server_stop() {
	local pid
	[ -e "$BATS_FILE_TMPDIR/$1.pid" ] || return 0
	pid=$(<"$BATS_FILE_TMPDIR/$1.pid")
	kill -"${2:-TERM}" "$pid" 2>/dev/null || true
	wait_until 20 server_gone "$pid" || kill -KILL "$pid"
	rm -f "$BATS_FILE_TMPDIR/$1.pid"
}

server_gone() {
	# One that nobody has waited for is still there, as a zombie.
	[ ! -e "/proc/$1" ] || grep -q '^State:[[:space:]]*Z' "/proc/$1/status"
}

# conform [ARGUMENT...] HELPER URL: the conformance suite; prints what failed
conform() {
	python3 "$BATS_TEST_DIRNAME/../engine/conform.py" "${@:1:$#-2}" "$MQ_ENGINE_DIR/mq-engine-${*: -2:1}" "${*: -1}" \
		>conform.out 2>&1 || { grep -A3 -e '^not ok' -e '^Bail' -e Error conform.out; return 1; }
}

# torture [ARGUMENT...] URL QUEUE: messages out and back through relays under kills, see torture.py.  TORTURE="20000 60": with
# so many messages and kills, whatever the suite says.
torture() {
	local dir=$BATS_TEST_TMPDIR/torture
	rm -rf "$dir"
	mkdir "$dir"
	# shellcheck disable=SC2086 # two words
	python3 "$BATS_TEST_DIRNAME/../engine/torture.py" "${@:1:$#-2}" ${TORTURE:+--messages ${TORTURE% *} --kills ${TORTURE#* }} \
	    "$dir" "${@: -2}" >torture.out 2>&1 || { cat torture.out; return 1; }
	echo "# proved: $(tail -n 1 torture.out)" >&3
}

# in_bash FUNCTION...: the bash that torture starts for its commands has these functions, and those of servers
in_bash() {
	export -f "$@" server_start server_stop server_signal server_gone server_ready wait_until
}

# server_ready NAME SECONDS COMMAND...: wait until the command succeeds
server_ready() {
	local name=$1
	shift
	wait_until "$@" && return
	echo "$name is not ready: ${*:2}" >&2
	tail -n 20 "$BATS_FILE_TMPDIR/$name.log" >&2
	return 1
}

# talk SCHEME KEY=VALUE...: run a Python program on stdin, with an open helper as p, which was told
# these settings.  peer(KEY=VALUE...) is another one, not opened yet; Peer and Fail are there, too.
talk() {
	python3 -B -c '
import os, sys, time
sys.path.insert(0, sys.argv[1])
from conformance.peer import Peer, Fail

def stand_still(pid):
    """SIGSTOP, and wait for its threads: they stop one after the other."""
    os.kill(int(pid), 19)
    tasks = "/proc/%d/task/" % int(pid)
    while any(open(tasks + t + "/stat").read().rsplit(")", 1)[1].split()[0] != "T" for t in os.listdir(tasks)):
        time.sleep(0.01)

def peer(**more):
    settings = dict(a.split("=", 1) for a in sys.argv[3:])
    settings.update({k.replace("_", "-"): v for k, v in more.items()})
    return Peer("%s/mq-engine-%s" % (os.environ["MQ_ENGINE_DIR"], sys.argv[2]), settings)

p = peer().open()
exec(compile(sys.stdin.read(), "talk", "exec"))
if all(state != "down" for state, _ in p.states):
    p.bye()
p.release()' "$BATS_TEST_DIRNAME/../engine" "$@"
}

# opening SCHEME KEY=VALUE...: what comes of "open", as text
opening() {
	local scheme=$1 setting
	shift
	{
		for setting; do
			printf 'set %s %s\n' "${setting%%=*}" "${setting#*=}"
		done
		printf 'open\nbye\n'
	} | "$MQ_ENGINE_DIR/mq-engine-$scheme" | sed 's/%20/ /g'
}
