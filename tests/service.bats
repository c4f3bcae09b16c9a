#!/usr/bin/env bats
# service.bats: a worker as a service: what it takes from the policy (--config), what it tells the service manager, and
# the units that start it.
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

units=$BATS_TEST_DIRNAME/../dist/systemd

setup() {
	common_setup
	cat >listen.py <<-'END'
	# listen.py SOCKET LOG: what comes, line by line; nothing while the file "deaf" is there.
	import os, socket, sys, time
	name = sys.argv[1]
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind("\0" + name[1:] if name[0] == "@" else name)
	log = open(sys.argv[2], "a", buffering=1)
	open("listening", "w").close()
	while True:
	    while os.path.exists("deaf"):
	        time.sleep(0.01)
	    text = s.recv(65536).decode()
	    assert text.endswith("\n") and "\n\n" not in text, text
	    log.write(text)
	END
}

teardown() {
	common_teardown
}

# listen [NAME]: a service manager; what it is told is in told.
listen() {
	: >told
	export NOTIFY_SOCKET=${1:-$PWD/notify}
	bg listen env -u NOTIFY_SOCKET python3 listen.py "$NOTIFY_SOCKET" told
	wait_for [ -e listening ]
}

was_told() {
	grep -qx "$1" told
}

# pings N: it has heard of the watchdog's business at least N times.
pings() {
	[ "$(grep -cx WATCHDOG=1 told)" -ge "$1" ]
}

switches() {
	grep voluntary_ctxt_switches "/proc/$1/status"
}

# asleep PID: and not woken between two looks
asleep() {
	local one
	one=$(switches "$1") && sleep 0.2 && [ "$one" = "$(switches "$1")" ]
}

# exec_start UNIT QUEUE: its command line, with the program under test
exec_start() {
	sed -n "s|%i|$2|; s|^ExecStart=/usr/bin/mq |mq |p" "$units/$1"
}

# ---- --config ----

@test "--config: the command is the policy's, run by /bin/sh" {
	mq init -q q handler='n=$(cat); if [ "$n" ]; then echo "$MQ_QUEUE: $n" | tr a-z A-Z; fi' backoff=0s
	mq push -q q -m one
	mq push -q q -m two
	run -0 mq work --config q --drain
	assert_output $'Q: ONE\nQ: TWO'
	mq init -q q handler='exit 65'
	mq push -q q -m bad
	run -0 mq work q --drain --config
	assert_has q dead 1
}

@test "--config: the shell's word that there is no such command stops the worker" {
	mq init -q q handler='nosuchcommand --flag'
	mq push -q q -m x
	run -127 --separate-stderr mq work --config q
	[[ $stderr == *"nosuchcommand --flag: exit status 127"* ]]
	assert_has q ready 1
}

@test "--config: jobs and timeout are the policy's, and options go before them" {
	mq init -q q handler='echo >$MQ_ID; exec sh await a b' jobs=2 timeout=1d
	mq push -q q -m x
	mq push -q q -m y
	bg two mq work --config q --drain
	wait_for title_has "$pid" "2 running"
	touch a b
	ended "$pid"
	assert_equal "$status" 0
	rm a b
	mq push -q q -m x
	mq push -q q -m y
	bg one mq work --config q --drain -j 1
	wait_for title_has "$pid" "1 running"
	assert_has q ready 1
	touch a b
	ended "$pid"
	mq init -q q timeout=100ms attempts=1 handler='exec sh await never'
	mq push -q q -m x
	mq work --config q --drain
	assert_has q dead 1
	mq push -q q -m x
	mq init -q q handler='sleep 0.3'
	mq work --config q --drain --timeout 0
	assert_has q dead 1
	assert_has q ready 0
}

@test "--config: also from mq.conf, for all queues of a name" {
	printf '[defaults]\nhandler = echo all\n[queue m*]\nhandler = echo mail; cat\n' >some.conf
	export MQ_CONF=$PWD/some.conf
	mq push -q mails -m x
	mq push -q other -m x
	run -0 mq work --config --drain mails
	assert_output $'mail\nx'
	run -0 mq work --config --drain other
	assert_output all
	mq init -q mails handler=none
	run -78 mq work --config mails
}

@test "--config: what is missing or too much" {
	mq init -q q
	run -78 mq work --config q
	assert_output --partial "mq init q handler="
	run -64 mq work --config q -- cat
	run -64 mq work --config
	run -64 mq work q
	run -66 mq work --config nosuch
	for bad in handler='a ; b' handler=$'a\nb' handler=' a' handler=';a' handler="$(printf '%181s' x | tr ' ' x)" jobs=0 jobs=1001 \
	    jobs=x timeout=0 timeout=soon; do
		run -64 mq init q "$bad"
	done
	mq init -q q "handler=$(printf '%180s' x | tr ' ' x)" jobs=1000 timeout=1w
	echo 'handler = a ; b' >"$MQ_SPOOL/q/queue.conf"
	run -78 mq work --config q
}

@test "--config: what others could have written is refused" {
	mq init -q q handler='touch ran' mode=0644
	mq push -q q -m x
	for mode in 664 646 620 602; do
		chmod "$mode" "$MQ_SPOOL/q/queue.conf"
		run -78 mq work --config --drain q
		assert_output --partial "$MQ_SPOOL/q/queue.conf may be written by others (mode 0$mode)"
	done
	chmod 644 "$MQ_SPOOL/q/queue.conf"
	# Who may write to the directory may replace it.
	for mode in 770 2770 707; do
		chmod "$mode" "$MQ_SPOOL/q"
		run -78 mq work --config --drain q
		assert_output --partial "directory $MQ_SPOOL/q may be written by others"
		assert_output --partial "[queue q]"
	done
	printf '[queue q]\nhandler = touch from-conf\n' >some.conf
	chmod 664 some.conf
	grep -v handler "$MQ_SPOOL/q/queue.conf" >conf || true
	cp conf "$MQ_SPOOL/q/queue.conf"
	MQ_CONF=$PWD/some.conf run -78 mq work --config --drain q
	assert_output --partial "$PWD/some.conf [queue q] may be written by others"
	chmod 644 some.conf
	[ ! -e ran ]
	MQ_CONF=$PWD/some.conf run -0 mq work --config --drain q
	[ -e from-conf ]
}

@test "--config: a policy that changes is followed from the next start on" {
	mq init -q q handler='cat >>old' jobs=1
	bg work mq work --config q
	mq push -q q -m 1
	wait_for grep -qs 1 old
	mq init -q q handler='cat >>new' jobs=4 timeout=1s
	mq push -q q -m 2
	wait_for grep -qs 2 old
	kill "$pid"
	ended "$pid"
	mq push -q q -m 3
	mq work --config --drain q
	assert_equal "$(cat new)" 3
}

# ---- the service manager ----

@test "a service manager is told: ready, status, alive, stopping; a running handler ends first" {
	mq init -q q handler='env >env.txt; touch started; sh await go; touch done'
	listen
	WATCHDOG_USEC=100000 bg work mq work --config q
	work=$pid
	wait_for was_told READY=1
	armed "$work"
	was_told "STATUS=0 running, 0 done, 0 failed"
	# While there is nothing to do.
	wait_for pings 5
	mq push -q q -m x
	wait_for [ -e started ]
	wait_for was_told "STATUS=1 running, 0 done, 0 failed"
	run ! was_told STOPPING=1
	kill -TERM "$work"
	wait_for was_told STOPPING=1
	wait_for pings $(($(grep -cx WATCHDOG=1 told) + 5))
	alive "$work"
	[ ! -e "done" ]
	touch go
	ended "$work"
	assert_equal "$status" 0
	[ -e "done" ]
	assert_equal "$(grep -cx READY=1 told)/$(grep -cx STOPPING=1 told)" 1/1
	assert_equal "$(head -n 1 told)" READY=1
	run ! grep -E '^(NOTIFY_SOCKET|WATCHDOG_)' env.txt
}

@test "a service manager is told by an abstract name, and not of a watchdog that is meant for another" {
	mq init -q q
	listen "@mq-test-$$-$BATS_TEST_NUMBER"
	WATCHDOG_USEC=20000 WATCHDOG_PID=1 bg work mq work q -- sh -c 'touch started; sh await go'
	wait_for was_told READY=1
	mq push -q q -m x
	wait_for was_told "STATUS=1 running, 0 done, 0 failed"
	kill "$pid"
	wait_for was_told STOPPING=1
	touch go
	ended "$pid"
	run ! pings 1
	# "exec" keeps the pid.
	WATCHDOG_USEC=20000 bg mine sh -c 'WATCHDOG_PID=$$ exec mq work q -- true'
	wait_for pings 3
}

@test "the status is told at most once a second, and the last one in the end" {
	mq init -q q
	seq 300 | mq push -q -l q
	listen
	begin=$SECONDS
	bg work mq work q -- true
	wait_for was_told "STATUS=0 running, 300 done, 0 failed"
	run -0 grep -c STATUS told
	[ "$output" -le $((SECONDS - begin + 2)) ]
}

@test "a manager that does not listen, is not there or has a strange address keeps nobody from working" {
	mq init -q q handler='cat >>got'
	seq 3 | mq push -q -l q
	NOTIFY_SOCKET=$PWD/nobody WATCHDOG_USEC=1000 mq work --config q --drain
	seq 4 6 | mq push -q -l q
	for name in notify "" "@" / vsock:1:2 "/$(printf '%0120d' 0)"; do
		NOTIFY_SOCKET=$name run -0 mq work --config q --drain
		assert_output --partial "NOTIFY_SOCKET=$name: neither"
	done
	for usec in 0 1 -1 x 99999999999999999999 ""; do
		NOTIFY_SOCKET=$PWD/nobody WATCHDOG_USEC=$usec mq work --config q --drain
	done
	assert_equal "$(tr -d '\n' <got)" 123456
	# Its socket is full; it is told later.
	touch deaf
	listen
	WATCHDOG_USEC=2000 bg work mq work --config q
	for n in 7 8 9; do
		mq push -q q -m "$n"
		wait_for grep -q "$n" got
	done
	wait_for asleep "$pid"	# and not pinging each millisecond
	rm deaf
	wait_for was_told "STATUS=0 running, 3 done, 0 failed"
}

@test "a worker that stops at once was ready once" {
	mq push -q q -m x
	listen
	mq work q --drain -- true
	wait_for was_told STOPPING=1
	assert_equal "$(grep -v STATUS told | tr '\n' ' ')" "READY=1 STOPPING=1 "
	: >told
	mq push -q q -m x
	mq work q -n 1 -- true
	wait_for was_told STOPPING=1
	assert_equal "$(grep -v STATUS told | tr '\n' ' ')" "READY=1 STOPPING=1 "
	: >told
	mq push -q q -m x
	run -127 mq work q -- ./nosuchcommand
	wait_for was_told STOPPING=1
	run ! was_told READY=1
}

@test "without a watchdog, an idle service is not woken" {
	mq init -q q
	listen
	bg idle mq work q -- true
	wait_for was_told READY=1
	wait_for asleep "$pid"
	switches "$pid" >before
	sleep 1.2
	run -0 diff before <(switches "$pid")
}

# ---- units ----

@test "systemd finds nothing wrong with the units" {
	command -v systemd-analyze >/dev/null || skip "SKIPPED: no systemd-analyze here"
	mkdir units
	ln -s "$MQ_BIN" mq	# there may be a blank in its path
	for unit in "$units"/*; do
		sed "s|/usr/bin/mq|$PWD/mq|" "$unit" >"units/${unit##*/}"
	done
	run -0 systemd-analyze verify --man=no units/*
	assert_output ""
}

@test "the worker's unit: its command line serves any queue, and stops as it should" {
	mq init -q demo handler='touch started; sh await go; cat >got'
	listen
	read -ra command < <(exec_start mq-work@.service demo)
	assert_equal "${command[*]}" "mq work --config demo"
	WATCHDOG_USEC=200000 bg work "${command[@]}"
	wait_for was_told READY=1
	mq push -q demo -m x
	wait_for [ -e started ]
	kill -TERM "$pid"
	wait_for was_told STOPPING=1
	touch go
	ended "$pid"
	assert_equal "$status $(cat got)" "0 x"
	# What ends it for good ends it with a status that the unit knows.
	known=" $(sed -n 's/^RestartPreventExitStatus=//p' "$units/mq-work@.service") "
	mq init -q demo handler=none
	run mq work --config demo
	[[ $known == *" $status "* ]]
	run mq work --config nosuch
	[[ $known == *" $status "* ]]
	mq init -q demo handler=nosuchcommand
	mq push -q demo -m x
	run -127 mq work --config demo
	[[ $known == *" $status "* ]]
}

@test "the units of the timers: what they run works, and changes nothing" {
	mq push -q q -m x
	find "$MQ_SPOOL" | sort >before
	read -ra command < <(exec_start mq-fsck.service)
	run -0 "${command[@]}"
	run -0 diff before <(find "$MQ_SPOOL" | sort)
	mkdir collector
	read -ra command < <(exec_start mq-metrics.service | sed "s|/var/lib/prometheus/node-exporter|$PWD/collector|")
	run -0 "${command[@]}"
	grep -q '^mq_' collector/mq.prom
	run -0 diff before <(find "$MQ_SPOOL" | sort)
}

@test "make install puts the units where it is told, with the path of the program" {
	command -v make >/dev/null || skip "SKIPPED: no make here"
	# As make names it, and nothing is to be built.
	local top bin
	top=$(realpath "$BATS_TEST_DIRNAME/..")
	bin=${MQ_BIN#"$top/"}
	make -s -C "$top" -o "$bin" install MQ="$bin" DESTDIR="$PWD/root" PREFIX=/opt/mq SYSTEMDUNITDIR=/opt/mq/lib/systemd/system
	[ "$(cd root/opt/mq/lib/systemd/system && echo *)" = "$(cd "$units" && echo *)" ]
	run -0 grep -rh ^ExecStart= root/opt/mq/lib/systemd/system
	refute_output --partial /usr/bin
	assert_line "ExecStart=/opt/mq/bin/mq work --config %i"
	make -s -C "$top" uninstall DESTDIR="$PWD/root" PREFIX=/opt/mq SYSTEMDUNITDIR=/opt/mq/lib/systemd/system
	run -0 find root -not -type d
	assert_output ""
}
