#!/usr/bin/env bats
# remote.bats: -s ssh://HOST/PATH, with a program in ssh's place that does what sshd does

load helper

# As sshd: the words behind the host are one string for the login shell.  Notes its words, and what it runs.
setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	spool=$BATS_TEST_TMPDIR/far/spool
	mkdir far
	cat >fakessh <<-'END'
	here=$BATS_TEST_TMPDIR
	printf '%s\n' "$#" "$@" >>"$here/argv"
	echo >>"$here/calls"
	[ "$1" = -T ] || exit 99
	shift
	if [ "$1" = -p ]; then shift 2; fi
	cd "$here/far" && unset MQ_SPOOL MQ_SSH && shift && exec sh -c "$1"
	END
	export MQ_SSH="sh '$BATS_TEST_TMPDIR/fakessh'" MQ_SPOOL=ssh://me@host$spool
	unset XDG_CONFIG_HOME XDG_STATE_HOME
}

calls() { wc -l <calls; }

# What lies there, asked without ssh.
there() { MQ_SPOOL=$spool mq "$@"; }

@test "words arrive as they are, whatever they are" {
	odd=$'it\'s "odd" $(touch pwned) `touch pwned` \\ * ; & | > x\n\t#!~ \xff\xfe end'
	run -0 mq push q -m "$odd" -H "Odd: a'b \$HOME \"c\" \\ "$'\xff' -p 0
	assert_equal "$(calls)" 1
	there peek q >body
	printf %s "$odd" | cmp - body
	assert_equal "$(MQ_SPOOL=$spool json q .priority)" 0
	there pop q --json | grep -qF "a'b \$HOME \\\"c\\\" \\\\"
	run ! grep -q pwned argv	# what others may see in ps there
	mq push q -m x >id
	mq bury q "$(cat id)" --reason "$odd"
	grep -qaF "Text: $(tr '\n' ' ' <<<"$odd" | sed 's/ $//')" "$spool/q/failures/"*/"$(cat id)"
	mq rm q "$(cat id)"
	run -0 mq push q -m ''
	run -0 mq push q -m --help
	run -0 mq push -m -x -- q
	mq push -q q -l -m $'two\nlines'
	run -64 mq push q -m x -m y
	assert_equal "$(there pop q -n 9 -l | tr '\n' ,)" ",--help,-x,two,lines,"
	mq -q -s "ssh://host:22$spool/it's a \$(touch pwned)" push q -m x
	assert_equal "$(MQ_SPOOL="$spool/it's a \$(touch pwned)" mq pop q)" x
	tail -n 6 argv >words
	assert_equal "$(head -n 4 words | tr '\n' ' ')" "5 -T -p 22 "
	assert_equal "$(find . -name pwned)" ""
}

@test "bodies go and come byte by byte, one ssh for a command" {
	head -c 3M /dev/urandom >big
	printf 'a\0b\r\n\377' >small
	: >empty
	n=0
	for f in big small empty; do
		mq push q <$f >id
		assert_equal "$(calls)" $((n += 1))
		assert_equal "$(cat id)" "$(there ls q --ids)"
		mq peek q | cmp - $f
		mq pop q | cmp - $f
		assert_equal "$(calls)" $((n += 2))
	done
	run -1 mq pop q
	assert_output ""
	seq 300 | mq push -q -l q
	mq pop q -n 300 -l | cmp - <(seq 300)
	assert_equal "$(calls)" $((n + 3))
	there init -q q
	MQ_SPOOL=$spool assert_counts q ""
}

@test "files are those of this side, each a message, ids in order" {
	echo one >one
	echo two >"two words"
	echo three | mq push q one "two words" - >ids
	cmp ids <(there ls q --ids)
	assert_equal "$(there pop q -n 3 -0 | tr '\0\n' ',;')" "one;,two;,three;,"
	seq 3 >lines
	mq push -q -l --atomic q lines lines
	assert_equal "$(there pop q -n 9 -l | tr '\n' ' ')" "1 2 3 1 2 3 "
	assert_equal "$(calls)" 2
	run -66 mq push q one missing
	run -65 mq push q .
	assert_equal "$(calls)" 2
	run -64 mq push q -m x one
	run -64 mq push
	MQ_SPOOL=$spool assert_counts q ""
}

@test "claim --body writes here, ack and the rest work there" {
	head -c 300k /dev/urandom >big
	mq push -q q big
	h=$(mq claim q --body got --lease 1h)
	cmp got big
	assert_equal "$(calls)" 2
	mq extend q "$h" 2h
	run -0 mq ls q --state claimed -o handle
	assert_output "$h"
	mq nack q "$h" --reason "it's late" --dead
	assert_equal "$(mq dead q -o reason)" "it's late"
	mq ls q --ids | mq retry -q q -
	mq push -q q -m two
	run -74 mq claim q --body ./no/such
	MQ_SPOOL=$spool assert_counts q "ready=2"
	mq claim q --json --body got | jq -e '.body_base64 != null' >json.out
	cmp got big
	mq rm -q q --all --force
	run -1 mq claim q --body nothing
	assert [ ! -e nothing ]
}

@test "exit statuses are those of the other side; 255 is 75" {
	run -66 mq pop nosuch
	run -1 mq push -l q </dev/null || run -0 mq push -l q </dev/null
	there init -q q paused=all
	run -75 mq pop q
	run -75 mq push q -m x
	run -75 mq push -l q <no.conf
	assert_output --partial "paused"
	run -64 mq pop q --nosuch
	run -64 mq pop
	run -65 mq ack q junk
	there resume -q q
	there resume -q --push q
	for verb in "pop q" "push q" "push q -m x" "ls" "claim q --body f"; do
		MQ_SSH="sh -c 'exit 255'" run -75 mq $verb <no.conf
		assert_output --partial "connection to me@host"
		MQ_SSH="sh -c 'exit 127'" run -78 mq $verb <no.conf
		assert_output --partial "PATH of me@host"
		MQ_SSH=/nonexistent/ssh run -78 mq $verb <no.conf
	done
	for verb in "pop q" "push q" "claim q --body f"; do
		MQ_SSH="sh -c 'echo Welcome; exit 0'" run -74 mq $verb <no.conf
		assert_output --partial "login script"
	done
	MQ_SPOOL=$spool assert_counts q ""
}

@test "a connection that breaks makes no message of half an input" {
	# ssh ends after so many bytes; the other side sees the end of its input.
	cat >broken <<-'END'
	for command; do :; done
	cd "$BATS_TEST_TMPDIR/far" && unset MQ_SPOOL MQ_SSH && head -c "$LIMIT" | sh -c "$command"
	exit 255
	END
	head -c 100000 /dev/urandom >big
	for limit in 0 3 4 5 99999 100004 100007; do
		LIMIT=$limit MQ_SSH="sh '$PWD/broken'" run mq push q <big
		assert [ "$status" -eq 75 -o "$status" -eq 71 ]
		LIMIT=$limit MQ_SSH="sh '$PWD/broken'" run mq push q --atomic big no.conf
		assert [ "$status" -ne 0 ]
		there init -q q
		MQ_SPOOL=$spool assert_counts q ""
	done
	# All of it arrived, and only the answer did not come: not certain.
	LIMIT=100012 MQ_SSH="sh '$PWD/broken'" run -71 mq push q <big
	MQ_SPOOL=$spool assert_counts q "ready=1"
	there peek q | cmp - big
}

@test "pop acknowledges there when stdout has taken it here, else it stays" {
	mq push -q q -m one
	run -74 bash -c 'mq pop q >/dev/full'
	MQ_SPOOL=$spool assert_counts q "ready=1"
	assert_equal "$(MQ_SPOOL=$spool json q .attempts)" 0
	head -c 1M /dev/zero | mq push -q -p 0 q
	run bash -c '{ mq pop q; echo $? >status; } | head -c 10'
	assert_equal "$(cat status)" 74
	for ((i = 0; i < 100; i++)); do
		[ "$(find "$spool/q/ready" -mindepth 2 -type f | wc -l)" -ne 2 ] || break
		sleep 0.05
	done
	MQ_SPOOL=$spool assert_counts q "ready=2"
	# The body comes, and the connection breaks before the answer.
	cat >broken <<-'END'
	for command; do :; done
	cd "$BATS_TEST_TMPDIR/far" && unset MQ_SPOOL MQ_SSH && sh -c "$command" </dev/null
	exit 255
	END
	MQ_SSH="sh '$PWD/broken'" run -75 bash -c 'mq pop q >/dev/null'
	MQ_SSH="sh '$PWD/broken'" run -75 mq claim q --body f
	MQ_SPOOL=$spool assert_counts q "ready=2"
}

@test "what looks like an option or like nothing is refused before any ssh" {
	for host in -oProxyCommand=touch\ pwned -oProxyCommand=x@host me@-oProxyCommand=x '' me@ @host host:port host:12x host: host:999999 \
	    '[::1' '[::1]x' $'ho\nst' $'host\033'; do
		run -64 mq -s "ssh://$host/spool" ls
		assert_output --partial "ssh://"
	done
	for spool in ssh:// ssh://host ssh://host/ ssh:///path; do
		run -64 mq -s "$spool" ls
	done
	assert [ ! -e argv ]
	mq -s ssh://u@[fe80::1%eth0]:2200/no/such/spool ls 2>err || true
	assert_equal "$(head -n 5 argv | tr '\n' ' ')" "5 -T -p 2200 u@fe80::1%eth0 "
}

@test "work stays where the spool is; help and version are of this side; no terminal for archives" {
	run -64 mq work q -- true
	assert_output --partial "ssh -t me@host mq -s '$spool' work"
	run -0 mq help push
	run -0 mq push --help
	run -0 mq version
	run -0 mq --version
	run -64 script -qec 'mq export q' /dev/null
	run -64 script -qec 'mq import q' /dev/null
	assert [ ! -e argv ]
}

@test "a queue moves through it, and a pop waits there" {
	seq 20 | mq push -q -l q
	mq export q | MQ_SPOOL=$PWD/near mq import -q q
	MQ_SPOOL=$PWD/near mq export q | mq import -q r
	cmp <(there ls q --ids) <(there ls r --ids)
	run -1 mq wait q --empty --timeout 0.1s
	echo late >late
	there init -q other
	mq pop other --wait=30s >got &
	pid=$!
	there push -q other late
	wait $pid
	cmp got late
}

@test "a loop's own stdin is left to the loop, but for what is told to read it" {
	seq 3 | mq push -q -l q
	for _ in 1 2 3; do mq claim q; done >handles
	# ssh reads what it is given whether the other side wants it or not.
	cp fakessh polite
	sed -i 's/exec sh -c "$1"/cat >got; exec sh -c "$1" <got/' fakessh
	while read -r h; do mq ack q "$h"; done <handles
	mv polite fakessh
	assert_equal "$(there stat q --json | jq .claimed)" 0
	mq push -q q -m x
	there hold -q q --all
	there ls q --ids | mq retry -q q -
	assert_equal "$(there stat q --json | jq .ready)" 1
	mq export q >archive
	mq import other <archive
	assert_equal "$(there stat other --json | jq .ready)" 1
}
