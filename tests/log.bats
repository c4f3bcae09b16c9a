#!/usr/bin/env bats
# log.bats: the event log (key log of mq.conf): what it tells, and that nothing depends on it

load helper

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/mq.conf
	unset XDG_CONFIG_HOME XDG_STATE_HOME
	mkdir logs
	log=$PWD/logs/events
	conf
}

teardown() {
	[ -z "${worker-}" ] || kill "$worker" 2>/dev/null || true
}

# conf [LINE...]: mq.conf names the log
conf() {
	printf '%s\n' '[defaults]' "log = $log" 'backoff = 0s' 'jitter = none' "$@" >mq.conf
}

# told: queue and event of each line, in a row
told() {
	cut -d ' ' -f 2,3 <"$log" | tr ' \n' ': '
}

# whole: no line that is none
whole() {
	local t='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}\.[0-9]{6}Z'
	run grep -Evn "^$t [a-z0-9]+ [a-z]+ [0-9a-f-]{36} size=[0-9]+ priority=[0-9] attempts=[0-9]+ deliveries=[0-9]+ age=[0-9]+\.[0-9]{3}( reason=[a-z0-9-]+)?( (due|deadline)=$t)?( (to|from)=[a-z0-9]+)? pid=[0-9]+ uid=[0-9]+$" "$log"
	assert_output ""
}

@test "each change of state is a line" {
	conf 'attempts = 2' '[queue q]' 'dead_queue = given'
	id=$(mq push q -H 'Kind: x' -m hello)
	h=$(mq claim q)
	mq extend q "$h"
	mq nack q --no-count "$h"
	mq nack q "$(mq claim q)"
	mq nack q "$(mq claim q)"
	mq hold -q given --all
	mq retry -q given --all --state held
	mq mv -q given other "$id"
	mq bury -q other "$id"
	mq rm -q other "$id"
	assert_equal "$(told)" "q:pushed q:claimed q:released q:claimed q:failed q:claimed q:moved given:moved given:held given:retried given:moved other:moved other:dead other:removed "
	assert_equal "$(cut -d ' ' -f 4 "$log" | sort -u)" "$id"
	assert_equal "$(cut -d ' ' -f 5 "$log" | sort -u)" size=5
	assert_equal "$(grep -c " pid=[0-9]* uid=$EUID$" "$log")" 14
	sed -n 5p "$log" | grep -q ' attempts=1 deliveries=2 age=0\.[0-9]* reason=nack pid='
	sed -n 7p "$log" | grep -q ' to=given pid='
	sed -n 8p "$log" | grep -q ' from=q pid='
	sed -n 13p "$log" | grep -q ' reason=buried '
	whole
}

@test "delays, expiry, leases that lapse, the drop box, kept messages, what is torn" {
	conf 'keep = 1' '[queue d]' 'expired = drop'
	mq push -q q -d 1ms -m later
	mq pop q --wait=10s
	assert_equal "$(told)" "q:delayed q:due q:claimed q:acked "
	head -n 1 "$log" | grep -q ' due=2'
	sed -n 3p "$log" | grep -q ' deadline=2'
	mq push -q q -m next
	mq pop -q q
	assert_equal "$(told | cut -d ' ' -f 5-)" "q:pushed q:claimed q:acked q:removed "
	: >"$log"
	mq push -q e -x 1ms -m x
	mq push -q d -x 1ms -m x
	mq push -q l -m x
	mq claim l --lease 1ms >h
	wait_until 'mq claim l --lease 1ms >h'
	wait_until '! mq pop d && ! mq pop e && grep -q expired "$log"'
	assert_equal "$(grep ' l ' "$log" | cut -d ' ' -f 3 | head -n 4 | tr '\n' ' ')" "pushed claimed failed claimed "
	grep -q ' l failed .* reason=lapsed' "$log"
	grep -q ' d expired ' "$log"
	grep -q ' e dead .* reason=expired' "$log"
	: >"$log"
	mq init n
	echo x >"$MQ_SPOOL/n/tmp/f" && mv "$MQ_SPOOL/n/tmp/f" "$MQ_SPOOL/n/new/"
	mq pop n
	assert_equal "$(told)" "n:pushed n:claimed n:acked "
	mq push -q n -m whole
	for f in "$MQ_SPOOL"/n/ready/*/*; do : >"$f"; done
	run -1 mq pop n
	tail -n 1 "$log" | grep -q ' n dead .* reason=torn '
	whole
}

# wait_until COMMAND: within ten seconds
wait_until() {
	local until=$((SECONDS + 10))
	while [ $SECONDS -lt $until ]; do
		if eval "$1"; then return; fi
		sleep 0.02
	done
	return 1
}

@test "lines of many processes do not mix; batches, too" {
	conf 'sync = never'
	for i in 1 2 3 4; do
		seq 100 | mq push -q -l "q$i" &
		seq 100 | mq push -q -l --atomic "q$i" &
	done
	wait
	for i in 1 2 3 4; do
		(while mq pop -q -n 50 -l "q$i"; do :; done >"out$i") &
		mq work -q --drain -j 2 "q$i" -- true &
	done
	wait
	whole
	assert_equal "$(for e in pushed claimed acked; do grep -c " $e " "$log"; done | tr '\n' ' ')" "800 800 800 "
}

@test "no log, no file; syslog and no in queue.conf; a file only in mq.conf" {
	conf '[queue quiet]' 'log = no' '[queue own]' "log = $PWD/logs/own"
	mq push -q quiet -m x
	assert [ ! -e "$log" ]
	mq push -q own -m x
	assert [ ! -e "$log" ]
	assert [ -s logs/own ]
	mq init q log=no
	mq push -q q -m x
	assert [ ! -e "$log" ]
	assert_equal "$(stat -c %a logs/own)" 640
	# Who may write a queue's policy does not choose what others append to.
	for file in /etc/passwd "$PWD/logs/x"; do
		run -64 mq init q "log=$file"
		assert_output --partial "may be named in mq.conf only"
		echo "log = $file" >"$MQ_SPOOL/q/queue.conf"
		run -78 mq push q -m x
		assert_output --partial "q/queue.conf:1: a file for log may be named in mq.conf only"
	done
	for bad in yes events ./events / '' logs/; do
		[ -z "$bad" ] || run -64 mq init own "log=$bad"
		conf '[queue q2]' "log = $bad"
		run -78 mq push q2 -m x
	done
	conf '[queue q2]' "log = /$(printf 'x%.0s' {1..190})"
	mq init q2
	run -0 mq config q2
	assert_line --partial "# log = /xxx"
}

@test "a log that cannot be had changes nothing, and is told of once" {
	seq 3 >lines
	for kind in directory fifo link device missing closed; do
		rm -rf logs/* victim
		case $kind in
		directory) mkdir "$log" ;;
		fifo) mkfifo "$log" ;;
		link) echo mine >victim && ln -s ../victim "$log" ;;
		device) log=/dev/full ;;
		missing) log=$PWD/logs/no/events ;;
		closed) log=/proc/version ;;
		esac
		conf
		run -0 --separate-stderr timeout 120 mq push -q -l "$kind" <lines
		assert_equal "$kind: $stderr" "$kind: "
		run -0 --separate-stderr timeout 120 mq push -l "$kind" <lines
		assert_equal "$kind: ${#lines[@]} ${#stderr_lines[@]}" "$kind: 3 1"
		[ $kind != device ] || [[ $stderr == *"is not a regular file;"* ]] || fail "$stderr"
		[[ $stderr == "mq push: the log $log"*"; what was done is done, and not all of it is logged" ]] || fail "$kind: $stderr"
		run -0 --separate-stderr timeout 120 mq pop -n 6 -l "$kind"
		assert_equal "$kind: ${#lines[@]} ${#stderr_lines[@]}" "$kind: 6 1"
		log=$PWD/logs/events
	done
	rm -rf logs/* && echo mine >victim && ln -s ../victim "$log"
	conf
	mq push -q q -m x
	assert_equal "$(cat victim)" mine
}

@test "a full disk cuts a line, and no other" {
	need_inject
	mq push -q q -m x	# the file is there
	seq 3 >lines
	n=0
	while :; do
		: >"$log"
		rm -f report
		run "$MQ_BUILD/sweep/inject" "$PWD/logs" $((++n)) short report "$(command -v mq)" push -q -l q <lines
		assert_equal "$status" 0
		[ -s report ] || break
		if ! grep -q write report; then continue; fi
		assert_equal "$(grep -c ' uid=[0-9]*$' "$log")" 2
		assert_equal "$(grep -vc ' uid=[0-9]*$' "$log")" 1
		cut=yes
	done
	assert_equal "$cut" yes
}

@test "whatever call for the log fails, or is the last: no message is lost, and nothing else is said to be" {
	need_inject
	mq init q
	h=
	for action in EIO ENOSPC EINTR kill; do
		n=0
		while :; do
			rm -f "$log" report
			[ -n "$h" ] || h=$(mq push -q q -m x && mq claim q)
			run "$MQ_BUILD/sweep/inject" "$PWD/logs" $((++n)) $action report "$(command -v mq)" ack q "$h"
			[ -s report ] || break
			[ $action = kill ] || assert_equal "$(cat report): $status" "$(cat report): 0"
			assert_counts q ""
			h=
		done
		[ "$n" -gt 2 ] || fail "only $n calls"
		assert_equal "$action: $status" "$action: 0"
		assert_counts q ""
		h=
	done
}

@test "a worker goes on in a new file when the old one was renamed away" {
	mq init q
	mq work -q q -- true &
	worker=$!
	mq push -q q -m 1
	wait_until 'grep -q acked "$log"'
	mv "$log" logs/old
	# It looks once a second.
	wait_until '[ -e "$log" ] && grep -q "q acked" "$log" || { sleep 0.2; mq push -q q -m x; false; }'
	kill "$worker"
	wait "$worker" || true
	worker=
	assert_equal "$(cat logs/old "$log" | grep -c ' acked ')" "$(cat logs/old "$log" | grep -c ' pushed ')"
	whole
}

@test "syslog gets the same lines, without their time" {
	need_root
	command -v unshare >/dev/null && unshare -m true || skip "SKIPPED: no mount namespaces here"
	cat >script <<-'END'
	mkdir dev && : >dev/null && : >dev/full && : >dev/urandom || exit 8
	for f in null full urandom; do mount --bind /dev/$f dev/$f || exit 8; done
	mount --rbind dev /dev || exit 8
	python3 - <<-'PY' &
	import socket
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind("/dev/log")
	open("armed", "w").close()
	with open("got", "w") as f:
	    for i in range(3):
	        f.write(s.recv(5000).decode() + "\n")
	PY
	while [ ! -e armed ]; do sleep 0.02; done
	mq push -q q -m x && mq pop -q q >/dev/null && wait
	mq push q -m x >ids 2>err
	echo $? >>err
	END
	conf '[queue q]' 'log = syslog'
	run timeout 120 unshare -m bash script
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount here"; fi
	assert_equal "$(sed -E 's/[0-9]{3,}//; s/ [0-9a-f-]{36} .* pid/ ID pid/; s/pid=.*//' got)" "<14>mq[]: q pushed ID 
<14>mq[]: q claimed ID 
<14>mq[]: q acked ID "
	# Nobody is there: no harm.
	assert_equal "$(cat err)" "mq push: the log /dev/log: Connection refused; what was done is done, and not all of it is logged
0"
}
