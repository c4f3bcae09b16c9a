#!/usr/bin/env bats
# accept.bats: what looks at a message before it is accepted; headers of its type, and of its trace

load helper

PARENT=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01

setup_file() {
	unset TRACEPARENT TRACESTATE BAGGAGE
}

@test "a message that the command refuses is not queued" {
	mq init -q q accept='grep -q good || { echo "not good" >&2; exit 3; }'
	mq push -q q -m "a good one"
	run -65 mq push q -m "a bad one"
	assert_line "not good"
	assert_line --partial "refused by accept"
	assert_line --partial "exit status 3"
	assert_counts q ready=1
	assert_equal "$(find spool/q/tmp -type f | wc -l)" 0
	mq init -q q accept=none
	mq push -q q -m "a bad one"
	assert_counts q ready=2
}

@test "it gets the body, however large, the headers, and the queue" {
	mq init -q q accept='cat >got; env >env.txt; echo "not for ids"'
	head -c 300000 /dev/urandom >f
	MQ_HEADER_OTHER=x MQ_ID=x mq push q -H 'A-b: c d' f >ids 2>errors
	cmp f got
	assert_equal "$(wc -l <ids)" 1
	assert_equal "$(cat errors)" "not for ids"
	grep -qx MQ_QUEUE=q env.txt
	grep -qx "MQ_SPOOL=$MQ_SPOOL" env.txt
	grep -qx 'MQ_HEADER_A_B=c d' env.txt
	run -1 grep -E '^MQ_(ID|HEADER_OTHER)=' env.txt
	# One that has seen enough does no harm.
	mq init -q q accept=true
	mq push -q q f
	assert_counts q ready=2
}

@test "a stream of lines: what came before stays; all or none with --atomic" {
	mq init -q q accept='! grep -q bad'
	printf 'a\nb\nbad\nc\n' >lines
	run -65 mq push q -l lines
	assert_counts q ready=2
	run -65 mq push q -l --atomic lines
	assert_counts q ready=2
	run -65 mq push q -m bad -d 1h
	run -65 mq push q --id k -m bad
	mq push -q q --id k -m fine
	assert_counts q ready=3
	assert_equal "$(find spool/q/tmp -type f | wc -l)" 0
}

@test "one that cannot be run, or is killed, says nothing about the message" {
	mq init -q q accept=nosuchcommand
	run -78 mq push q -m x
	assert_output --partial "cannot be run"
	: >notexecutable
	mq init -q q accept=./notexecutable
	run -78 mq push q -m x
	mq init -q q accept='kill -9 $$'
	run -75 mq push q -m x
	assert_output --partial "signal 9"
	assert_counts q ""
}

@test "a signal ends push also while it is asked" {
	mq init -q q accept='echo $$ >asked; exec sleep 60'
	mq push q -m x &
	pid=$!
	wait_for() { for _ in {1..500}; do [ -s asked ] && return; sleep 0.01; done; return 1; }
	wait_for
	kill "$pid"
	status=0
	wait "$pid" || status=$?
	assert_equal "$status" 143
	assert_counts q ""
	assert_equal "$(find spool/q/tmp -type f | wc -l)" 0
}

@test "a signal ends also what the command has started; so does Ctrl-C" {
	id=$(mq push q -m body)
	mq hold -q q "$id"
	mq init -q q accept='sleep 300 & echo asked; wait'
	mkfifo errors
	for verb in "push q -m x" "edit q $id"; do
		# shellcheck disable=SC2086 # words
		EDITOR='sed -i s/body/new/' mq $verb 2>errors 3>&- &
		exec 8<errors
		read -r line <&8
		assert_equal "$line" asked
		kill $!
		status=0
		wait $! || status=$?
		assert_equal "$status" 143
		# Until nobody has it open.
		run -0 timeout 120 cat <&8
	done
	assert_output --partial "your version is kept"
	# Also when it stands still, as it has not got the terminal.
	for accept in 'sleep 300 & echo asked; wait' 'echo asked; read -r line </dev/tty'; do
		mq init -q q accept="$accept"
		run -130 env --default-signal=INT python3 "$BATS_TEST_DIRNAME/terminal.py" asked '\x03' -- mq push q -m x
	done
	assert_counts q held=1
	assert_equal "$(mq peek q "$id")" body
}

@test "only who could be us, or root, chooses what runs" {
	mq init -q q accept='touch ran' mode=0660
	chmod g+w spool/q
	run -78 mq push q -m x
	assert_output --partial "accept refused"
	run -78 mq push q -l </dev/null
	[ ! -e ran ]
	chmod 0700 spool/q
	chmod g+w spool/q/queue.conf
	run -78 mq push q -m x
	chmod 0600 spool/q/queue.conf
	mq push -q q -m x
	[ -e ran ]
	# From mq.conf it may be for a queue that is shared.
	mq init -q p mode=0660
	chmod g+w spool/p
	printf '[queue p]\naccept = touch ran2\n' >no.conf
	mq push -q p -m x
	[ -e ran2 ]
	chmod o+w no.conf
	run -78 mq push p -m x
	chmod o-w no.conf
}

@test "what comes by import, mv and retry is not asked about; what edit makes is" {
	mq push q -m bad >id
	mq export q >archive
	mq init -q q accept='! grep -q bad'
	mq init -q p accept='! grep -q bad'
	mq import -q p <archive
	mq init -q r
	mq push -q r -m bad
	mq mv -q r p --all
	assert_counts p ready=2
	mq bury -q p --all
	mq retry -q p --all
	mq hold -q p --all
	export TMPDIR=$PWD
	EDITOR='sed -i s/bad/badder/' run -65 mq edit p "$(cat id)"
	assert_output --partial "your version is kept"
	assert_equal "$(mq peek p "$(cat id)")" bad
	EDITOR='sed -i s/bad/good/' mq edit -q p "$(cat id)"
	assert_equal "$(mq peek p "$(cat id)")" good
}

@test "an archive does not choose what runs here" {
	mq init -q q accept='touch pwned'
	mq push -q q -m x
	rm pwned
	mq export q >archive
	rm -r spool/q
	run -0 mq import q <archive
	assert_output --partial "accept=touch pwned was not taken"
	mq push -q q -m y
	[ ! -e pwned ]
}

@test "--type, --content-type and --source are headers, given once" {
	mq push -q q --type order.created --content-type 'application/json' --source shop -H 'X: y' -m '{}'
	assert_equal "$(json q '.headers | tostring')" \
		'{"Type":"order.created","Content-Type":"application/json","Source":"shop","X":"y"}'
	run -64 mq push q --type a --type b -m x
	run -64 mq push q --type a -H 'type: b' -m x
	assert_output --partial "Type is given twice"
	run -64 mq push q -H 'SOURCE: b' --source a -m x
	run -65 mq push q --type $'a\nb' -m x
	mq push -q q -H 'Type: a' -H 'Type: b' -m x
	run -0 mq ls q --header Type=order.created --ids
	assert_equal "$(wc -l <<<"$output")" 1
}

@test "a trace comes from the environment, and goes to the handler" {
	TRACEPARENT=$PARENT TRACESTATE=a=b BAGGAGE=c=d mq push -q q -m x
	assert_equal "$(json q '.headers | tostring')" \
		"{\"Traceparent\":\"$PARENT\",\"Tracestate\":\"a=b\",\"Baggage\":\"c=d\"}"
	TRACEPARENT=other TRACESTATE=other BAGGAGE=other mq work q --drain -- sh -c 'env >env.txt'
	grep -qx "TRACEPARENT=$PARENT" env.txt
	grep -qx TRACESTATE=a=b env.txt
	grep -qx BAGGAGE=c=d env.txt
	# The trace of the worker itself is not that of a message that has none.
	mq push -q q -m x
	TRACEPARENT=$PARENT TRACESTATE=x BAGGAGE=x mq work q --drain -- sh -c 'env >env.txt'
	run -1 grep -E '^(TRACE|BAGGAGE)' env.txt
}

@test "a trace is taken only when it is well formed, and no header says another" {
	for bad in '' x "${PARENT%1}" "${PARENT}0" "${PARENT^^}" "ff${PARENT#00}" "$PARENT-x" \
		00-00000000000000000000000000000000-00f067aa0ba902b7-01 00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01; do
		TRACEPARENT=$bad TRACESTATE=a=b mq push -q q -m x
	done
	assert_equal "$(json q '.headers | tostring' | sort -u)" "{}"
	TRACEPARENT="cc${PARENT#00}-more" mq push -q r -m x
	assert_equal "$(json r .headers.Traceparent)" "cc${PARENT#00}-more"
	TRACEPARENT=$PARENT TRACESTATE=a=b mq push -q s -H 'traceparent: mine' -m x
	assert_equal "$(json s '.headers | tostring')" '{"traceparent":"mine"}'
	TRACEPARENT=$PARENT TRACESTATE=$'a\nb' BAGGAGE='' mq push -q t -m x
	assert_equal "$(json t '.headers | tostring')" "{\"Traceparent\":\"$PARENT\"}"
}

@test "a drop box takes the message without its trace" {
	need_root
	mq init -q q mode=0602
	chmod 0755 spool
	TRACEPARENT=$PARENT as_nobody mq push -q q -m plain
	assert_equal "$(mq pop q)" plain
}
