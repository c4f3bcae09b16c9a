#!/usr/bin/env bats
# edit.bats: mq edit: another body for a message that waits for a decision

load helper

# one QUEUE [ARG...]: push, and set aside; the id in $msg
one() {
	msg=$(mq push "$@")
	mq hold -q "$1" "$msg"
}

@test "dead or held: same id, state, attempts, record and headers; another body" {
	mq init -q q attempts=1
	printf 'three appels\n' | mq push -q q -H 'From: ann' -p 2
	mq work q --drain -- sh -c 'echo bad >&2; exit 1' 2>/dev/null
	msg=$(id q dead)
	EDITOR='sed -i s/appels/apples/' run -0 mq edit q "$msg"
	assert_output ""
	assert_equal "$(mq peek q "$msg")" 'three apples'
	assert_equal "$(json q '[.id, .state, .attempts, .priority, .reason, .headers.From] | join(" ")')" "$msg dead 1 2 exit-1: bad ann"
	assert_equal "$(mq show q "$msg" --json | jq '.history | length')" 1
	assert_counts q dead=1
	mq retry -q q "$msg"
	assert_equal "$(mq pop q)" 'three apples'
	mq fsck q
}

@test "bytes stay bytes: no final newline is added, one that is there stays, NUL and empty" {
	one q -m abc
	EDITOR='sed -i s/b/B/' run -0 mq edit q "$msg"	# sed adds no newline, vi does:
	printf '#!/bin/sh\ntr a-z A-Z <"$1" >t && { cat t; echo; } >"$1"\n' >caps
	EDITOR='sh caps' run -0 mq edit q "$msg"
	assert_equal "$(mq peek q "$msg" | od -An -c | tr -d ' ')" ABC
	printf 'a\0b\n' | mq push q >id2
	mq hold -q q "$(cat id2)"
	EDITOR='sed -i s/b/c/' run -0 mq edit q "$(cat id2)"
	assert_equal "$(mq peek q "$(cat id2)" | od -An -c | tr -s ' ')" ' a \0 c \n'
	EDITOR='truncate -s 0' run -0 mq edit q "$(cat id2)"
	assert_equal "$(mq peek q "$(cat id2)" | wc -c)" 0
	mq fsck q
}

@test "--headers: above the body; broken ones are refused, and the work is kept" {
	one q -m body -H 'Customer: ann'
	EDITOR="sed -i -e s/ann/bob/ -e '1a More: 1'" run -0 mq edit q --headers "$msg"
	assert_equal "$(json q '.headers | tojson')" '{"Customer":"bob","More":"1"}'
	assert_equal "$(mq peek q "$msg")" body
	TMPDIR=$PWD EDITOR="sed -i '1i no header'" run -65 mq edit q --headers "$msg"
	assert_output --partial 'your version is kept in'
	copy=$(sed -n 's/.*your version is kept in //p' <<<"$output")
	assert_equal "$(head -n 1 "$copy")" 'no header'
	assert_equal "$(stat -c %a "$copy")" 600
	TMPDIR=$PWD EDITOR="sed -i '/^\$/d'" run -65 mq edit q --headers "$msg"
	assert_equal "$(mq peek q "$msg")" body
	# All headers taken away, then one given to a message that has none.
	EDITOR="sed -i '1,/^\$/c\\
\\
'" run -0 mq edit q --headers "$msg"
	EDITOR="sed -i '1i New: yes'" run -0 mq edit q --headers "$msg"
	assert_equal "$(json q '.headers | tojson')" '{"New":"yes"}'
	mq fsck q
}

@test "--headers: a key stays what it was" {
	one q -k a -m body
	EDITOR='sed -i s/^Key:.a/Key:\ b/' run -65 mq edit --headers q "$msg"
	assert_output --partial "Key"
	EDITOR='sed -i s/^body/text/' run -0 mq edit --headers q "$msg"
	assert_equal "$(mq peek q "$msg")" text
}

@test "not changed, an editor that fails, one that is not there: all as it was" {
	one q -m body
	file=$(mq ls q -o file)
	EDITOR=true run -0 mq edit q "$msg"
	assert_output --partial 'not changed'
	EDITOR=false run -75 mq edit q "$msg"
	EDITOR='sh -c "echo x >\$0; exit 1"' run -75 mq edit q "$msg"
	EDITOR=/nonexistent run -75 mq edit q "$msg"
	TMPDIR=/nonexistent EDITOR=true run mq edit q "$msg"
	[ "$status" -ne 0 ]
	assert_equal "$(mq ls q -o file)" "$file"
	assert_equal "$(find "${TMPDIR:-/tmp}" -maxdepth 1 -name "mq-edit-${msg: -8}*" | wc -l)" 0
}

@test "what may be taken meanwhile is not edited; what is taken meanwhile stays as it is" {
	msg=$(mq push q -m body)
	EDITOR=true run -69 mq edit q "$msg"
	assert_output --partial "mq hold q $msg"
	mq hold -q q "$msg"
	printf 'echo changed >"$1"\nmq retry -q q %s\n' "$msg" >thief
	TMPDIR=$PWD EDITOR='sh thief' run -69 mq edit q "$msg"
	assert_output --partial 'moved on while it was edited'
	assert_counts q ready=1
	assert_equal "$(mq pop q)" body
	mq fsck q
	run -66 mq edit q 1234
	run -64 mq edit q
}

@test "too large for the queue: 65, and the old one stays" {
	mq init -q q max_size=10
	one q -m body
	TMPDIR=$PWD EDITOR='sh -c "seq 100 >\$0"' run -65 mq edit q "$msg"
	assert_equal "$(mq peek q "$msg")" body
	assert_counts q held=1
}

@test "killed at each step it leaves the old one, the new one or both, whole" {
	need_strace
	mq init q sync=always
	one q -m body
	export EDITOR='sed -i s/$/x/'
	for call in renameat2 unlinkat unlink fsync openat; do
		for ((n = 1; n < 60; n++)); do
			strace -qq -o /dev/null -e inject="$call:signal=KILL:when=$n" mq edit q "$(id q held)" 2>/dev/null && break
			[ "$(count q held)" -ge 1 ]
			for file in "$MQ_SPOOL"/q/held/*/*; do
				grep -qx 'bodyx*' "$file"
			done
			mq fsck q --repair >/dev/null || true
		done
		[ "$n" -gt 1 ]
		[ "$n" -lt 60 ]
	done
}

@test "what becomes of the message while it is edited: acked, removed, moved, edited by another: 69, and it stays so" {
	# later COMMAND...: an editor that does that, and then a change of the same size, or of another
	later() { printf '%s >/dev/null\nprintf "%%s" "$NEW" >"$1"\n' "$*" >editor; }
	export TMPDIR=$PWD EDITOR='sh editor'
	for NEW in BODY 'a longer one'; do
		export NEW
		one q -m body
		later 'mq retry -q q --state held; mq pop q'
		run -69 mq edit q "$msg"
		assert_counts q ""
		one q -m body
		later mq rm q "$msg"
		run -69 mq edit q "$msg"
		assert_counts q ""
		one q -m body
		later mq mv q other "$msg"
		run -69 mq edit q "$msg"
		assert_counts q ""
		assert_equal "$(mq peek other "$msg")" body
		mq rm -q other "$msg"
		one q -m body
		later mq retry q "$msg"
		run -69 mq edit q "$msg"
		assert_equal "$(mq pop q)" body
		one q -m body
		later "EDITOR='sed -i s/body/thre/' mq edit q $msg"
		run -69 mq edit q "$msg"
		assert_equal "$(mq peek q "$msg")" thre
		assert_counts q held=1
		assert_output --partial 'your version is kept in'
		mq rm -q q "$msg"
	done
	mq fsck
}

@test "the editor has its signals: Ctrl-C ends it, not mq" {
	one q -m body
	printf 'sed -n "s/^SigIgn:[[:space:]]*//p" /proc/self/status >ignored; while echo ready; do sleep 0.1; done\n' >editor
	# More than once, for a shell may miss one between two commands.
	EDITOR='sh editor' run -75 env --default-signal=INT,QUIT python3 "$BATS_TEST_DIRNAME/terminal.py" \
	    ready '\x03' ready '\x03' ready '\x03' ready '\x03' -- mq edit q "$msg"
	assert_output --partial 'failed; nothing was changed'
	assert_equal "$((0x$(cat ignored) & 0x1001006))" 0	# INT, QUIT, PIPE, XFSZ
	assert_equal "$(mq peek q "$msg")" body
}

@test "root edits for the owner of the queue: the new version is his" {
	need_root
	mkdir theirs && chmod 777 theirs
	MQ_SPOOL=$PWD/theirs/spool as_nobody mq push -q q -m body
	export MQ_SPOOL=$PWD/theirs/spool
	mq hold -q q --all
	EDITOR='sed -i s/$/!/' run -0 mq edit q "$(mq ls q --ids)"
	mq retry -q q --state held
	assert_equal "$(find theirs/spool ! -user 65534)" ""
	run -0 as_nobody mq pop q
	assert_output 'body!'
}

@test "the old version goes to another hand in the last moment: the new one is taken back, whoever else shares the file (B12)" {
	need_strace
	mq subscribe t q
	mq subscribe t other
	msg=$(mq push t -m body)
	mq hold -q q "$msg"
	mq claim other >handle
	# Between the two: the new one is there, and the old one is not removed yet.
	EDITOR='sed -i s/body/BODY/' strace -qq -f -o /dev/null -e trace=unlinkat -e inject=unlinkat:delay_enter=3000000:when=1 \
	    mq edit q "$msg" 3>&- &
	for ((i = 0; i < 1000; i++)); do [ "$(count q held)" -lt 2 ] || break; sleep 0.01; done
	old=$(for f in "$MQ_SPOOL"/q/held/*/*; do ! grep -qx body "$f" || echo "$f"; done)
	mkdir -p "$MQ_SPOOL/q/ready/5.20260101T000000.000000Z"
	mv "$old" "$MQ_SPOOL/q/ready/5.20260101T000000.000000Z/"	# as mq retry would
	mq ack other "$(cat handle)"
	wait $! && status=0 || status=$?
	assert_equal "$status" 69
	assert_counts q ready=1
	assert_equal "$(mq pop q)" body
}
