#!/usr/bin/env bats
# ssh.bats: -s ssh://HOST/PATH by a real ssh and sshd, on this machine, with keys of their own

load ../helper

setup() {
	local sshd
	sshd=$(PATH=$PATH:/usr/sbin:/sbin command -v sshd) && command -v ssh >/dev/null ||
		skip "SKIPPED: no sshd here; \"make deps-long\" installs it"
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	unset MQ_SPOOL XDG_CONFIG_HOME XDG_STATE_HOME
	ssh-keygen -q -t ed25519 -N '' -f host
	ssh-keygen -q -t ed25519 -N '' -f user
	[ "$EUID" -ne 0 ] || mkdir -p /run/sshd
	cat >sshd_config <<-END
	ListenAddress 127.0.0.1
	HostKey $PWD/host
	PidFile none
	AuthorizedKeysFile $PWD/user.pub
	StrictModes no
	PasswordAuthentication no
	KbdInteractiveAuthentication no
	PermitRootLogin yes
	SetEnv PATH=$PATH MQ_CONF=$MQ_CONF
	END
	# Where a port is free is found by trying.
	for port in 20722 21722 22722 23722; do
		"$sshd" -D -e -p $port -f sshd_config 2>sshd.log 3>&- &
		pid=$!
		for ((i = 0; i < 100; i++)); do
			! kill -0 $pid 2>/dev/null || ! grep -q "Server listening" sshd.log || break 2
			kill -0 $pid 2>/dev/null || break
			sleep 0.05
		done
		kill $pid 2>/dev/null || true
		pid=
	done
	[ -n "$pid" ] || skip "SKIPPED: sshd does not start here: $(cat sshd.log)"
	export MQ_SSH="ssh -i '$PWD/user' -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -F none"
	me=$(command id -un)@127.0.0.1 far=ssh://$(command id -un)@127.0.0.1:$port$PWD/spool
	sh -c "$MQ_SSH -p $port $me true" 2>err || skip "SKIPPED: no ssh to this machine: $(cat err sshd.log)"
}

# cut_line PID: end the ssh below that mq, with a shell between them or not
cut_line() {
	local child ssh
	for child in $(pgrep -P "$1"); do
		for ssh in "$child" $(pgrep -P "$child"); do
			[ "$(cat "/proc/$ssh/comm")" != ssh ] || kill "$ssh"
		done
	done
}

teardown() {
	[ -z "${pid:-}" ] || kill "$pid"
}

@test "push, pop, claim, export and import by a real sshd" {
	export MQ_SPOOL=$far
	odd=$'it\'s "odd" $(touch pwned) \\ \n \xff'
	head -c 3M /dev/urandom >big
	mq push -q q big
	mq push q -m "$odd" -H "A: b 'c' \$HOME" -p 9 >id
	mq pop q | cmp - big
	mq peek q | cmp - <(printf %s "$odd")
	h=$(mq claim q --body body)
	printf %s "$odd" | cmp - body
	run -0 mq nack q "$h" --delay 0s --reason "$odd"
	mq export q | MQ_SPOOL=$PWD/near mq import -q q
	assert_equal "$(MQ_SPOOL=$PWD/near mq ls q --ids)" "$(cat id)"
	MQ_SPOOL=$PWD/near mq export q | mq import r
	run -74 bash -c 'mq pop r >/dev/full'
	assert_equal "$(mq ls r --ids)" "$(cat id)"
	run -1 mq pop empty --wait=0.1s || assert_equal "$status" 66
	assert [ ! -e pwned ]
}

@test "a connection that is cut: no half message, none lost" {
	export MQ_SPOOL=$far
	mkfifo pipe
	mq init -q q
	mq push q <pipe 2>err &
	push=$!
	exec 9>pipe
	head -c 1M /dev/zero >&9
	cut_line "$push"
	exec 9>&-
	status=0
	wait $push || status=$?
	assert_equal "$status" 75
	MQ_SPOOL=$PWD/spool assert_counts q ""
	head -c 8M /dev/zero | mq push -q q
	mq pop q >pipe 2>err &
	pop=$!
	exec 9<pipe
	head -c 1000 <&9 >some
	cut_line "$pop"
	exec 9<&-
	status=0
	wait $pop || status=$?
	assert [ "$status" -ne 0 ]
	for ((i = 0; i < 200; i++)); do
		[ "$(find spool/q/ready -mindepth 2 -type f | wc -l)" -ne 1 ] || break
		sleep 0.05
	done
	MQ_SPOOL=$PWD/spool assert_counts q "ready=1"
	mq pop q | cmp - <(head -c 8M /dev/zero)
}
