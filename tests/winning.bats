#!/usr/bin/env bats
# winning.bats: whoever ends, fails or moves a message wins it first: a command that is refused has changed
# nothing, and what a killed one began the next one completes.

load work_helper

# key K BODY...: each pushed with key K
key() {
	local k=$1 body
	shift
	for body; do mq push -q q -k "$k" -m "$body" || return; done
}

# paused NAME WHERE COMMAND...: mq in the background, stopped there by preload/pause.c until NAME.pause is removed
paused() {
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	local name=$1 where=$2
	shift 2
	bg "$name" env "$where" PAUSE="$PWD/$name.pause" LD_PRELOAD="$MQ_BUILD/preload/pause.so" "$@"
	wait_for test -e "$name.pause"
}

# killed CALL N COMMAND...: killed at its Nth such call; fails if it ended before that
killed() {
	local call=$1 n=$2
	shift 2
	! strace -qq -o /dev/null -e trace="$call" -e inject="$call:signal=KILL:when=$n" "$@" >killed.out
}

# hint: what latest/ says of its one key
hint() {
	readlink spool/q/latest/*
}

# ---- refused, and nothing changed

@test "latest: of two pushes at once only the newer message stays, whichever writes the hint last" {
	mq init q latest=yes
	mq push -q q -k a -m old
	# Stopped when it is published, and has not written the hint yet; then when that is written.
	for n in 2 3; do
		paused first "PAUSE_$([ "$n" = 2 ] && echo RENAME=2 || echo UNLINK=1)" mq push q -k a -m "first $n"
		mq push -q q -k a -m "second $n"
		rm first.pause
		ended "$pid"
		assert_equal "$status" 0
		assert_has q ready 1
		assert_equal "$(mq peek q)" "second $n"
	done
}

@test "of two nacks of one claim that want another end each, only one succeeds" {
	for wants in "--dead:--delay=1h" "--delay=1h:--dead" "--delay=1h:--delay=2h"; do
		rm -rf spool
		mq init q backoff=1h
		mq push -q q -m one
		h=$(mq claim q)
		# The first is stopped when it has decided: its claim is marked, and not moved yet.
		paused first PAUSE_RENAME=2 mq nack "${wants%:*}" q "$h"
		find spool/q/claimed -name '*,F*' | grep -q . || fail "$wants: nothing is decided"
		run -69 mq nack "${wants#*:}" q "$h"
		rm first.pause
		ended "$pid"
		assert_equal "$wants $status" "$wants 0"
		assert_has q "$([ "${wants%:*}" = --dead ] && echo dead || echo delayed)" 1
	done
	# Whoever wants the same may help.
	mq push -q q -m two
	h=$(mq claim q)
	paused first PAUSE_RENAME=2 mq nack --dead q "$h"
	run -0 mq nack --dead q "$h"
	rm first.pause
	ended "$pid"
	assert_equal "$status" 0
}

@test "nack --dead that is refused leaves the turn, the record and the hint of the newest as they were" {
	for where in PAUSE_FSYNC=1 PAUSE_RENAME=1; do
		rm -rf spool
		mq init q backoff=1h jitter=none latest=yes
		key a A
		h=$(mq claim --lease 1ms q)
		paused nack $where mq nack --dead --reason=refused q "$h"
		run -1 mq pop q		# takes it back, for its lease is over; or completes what was won
		rm nack.pause
		ended "$pid"
		if [ "$status" -eq 69 ]; then
			assert_has q delayed 1
			[ "$(hint)" ]
			run -0 mq show q "${h%%,*}"
			refute_output --partial refused
			run -0 find spool/q/turns -type f -name "${h%%,*}*"
			[ "$output" ]
		else
			assert_equal "$status" 0
			assert_has q dead 1
		fi
	done
}

@test "nack that is refused: the older one that waits for its retry is not overtaken" {
	for where in PAUSE_FSYNC=1 PAUSE_RENAME=1; do
		rm -rf spool body
		mq init q backoff=1h jitter=none
		key a A B
		h=$(mq claim --lease 1ms q)
		paused nack $where mq nack --dead q "$h"
		mq claim --body body q || :
		rm nack.pause
		ended "$pid"
		if [ "$status" -eq 69 ]; then
			[ ! -e body ]
			run -1 mq pop q
		else
			assert_equal "$status" 0
			assert_has q dead 1
			[ -e body ] || mq pop q >body
			assert_equal "$(<body)" B
		fi
	done
}

@test "nack --dead that has no room to rename its claim leaves the turn with it" {
	need_strace
	mq init q
	key a A B
	h=$(mq claim q)
	run strace -f -qq -o /dev/null -e trace=renameat,renameat2 -e inject=renameat,renameat2:error=ENOSPC \
		mq nack --dead q "$h"
	[ "$status" -ne 0 ]
	run -1 mq claim q
	run -0 mq ack q "$h"
	run -0 mq pop q
	assert_output B
}

@test "the records of two that fail at once are kept, also where failures/ has to be made" {
	need_inject
	mq init q
	mq push -q q -m A
	mq push -q q -m B
	a=$(mq claim q) b=$(mq claim q)
	rmdir "$MQ_SPOOL/q/failures"
	at_call "mkdirat .*failures$" mq nack q "$a"
	mq nack q "$b"
	kill -CONT $!
	wait $!
	assert_equal "$(find "$MQ_SPOOL/q/failures" -type f | wc -l)" 2
}

@test "nack --dead that is short of descriptors once takes its message to the dead-letter queue all the same" {
	need_inject
	mq init -q graves
	mq init -q q dead_queue=graves
	mq push -q q -m A
	h=$(mq claim q)
	cp -a "$MQ_SPOOL" before
	"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" 0 list report mq nack --dead q "$h"
	calls=$(awk '$2 == "openat" && /graves/ { print $1 }' report)
	[ "$calls" ]
	for n in $calls; do
		rm -rf "$MQ_SPOOL"
		cp -a before "$MQ_SPOOL"
		"$MQ_BUILD/sweep/inject" "$MQ_SPOOL" "$n" EMFILE report mq nack --dead q "$h"
		assert_has graves ready 1
	done
}

@test "nack that is refused leaves no record of a message that is gone" {
	mq init q
	mq push -q q -m A
	h=$(mq claim q)
	paused nack PAUSE_RENAME=1 mq nack q "$h"
	mq ack q "$h"
	rm nack.pause
	ended "$pid"
	assert_equal "$status" 69
	assert_equal "$(find spool/q/failures -type f 2>/dev/null | wc -l)" 0
}

@test "expiry that loses its message to a claim does not end the turn of its key" {
	mq init q
	mq push -q q -k k -x 2s -m M1
	mq push -q q -k k -m M2
	paused one PAUSE_RENAME=1 mq claim q
	one=$pid
	expires=$(mq ls q --json -n 1 | jq -r .expires)
	expired() { [[ $(date -u +%FT%T.%6NZ) > $expires ]]; }
	wait_for expired
	paused two PAUSE_RENAME=1 mq claim q
	two=$pid
	rm one.pause
	ended "$one"
	assert_equal "$status" 0
	rm two.pause
	ended "$two"
	assert_equal "$status" 1
	assert_has q claimed 1
}

@test "of two that move one message at once only one says so" {
	mq init -q q
	mq push -q q -m x
	h=$(mq claim q)
	paused first PAUSE_RENAME=1 mq nack --no-count q "$h"
	run -0 mq nack --no-count q "$h"
	rm first.pause
	ended "$pid"
	assert_equal "$status" 69
	mq nack --dead q "$(mq claim q)"
	paused first PAUSE_RENAME=1 mq retry --all q
	run -0 mq -v retry --all q
	assert_output --partial "retried 1 message"
	rm first.pause
	ended "$pid"
	run cat first.err
	refute_output --partial "retried 1 message"
	assert_has q ready 1
}

# ---- the newest of a key

@test "latest: an ack killed at any call, and then a retry or mv of an older one: it is removed only for one that stands" {
	need_strace
	for keep in no 1d; do
		for call in unlinkat renameat2; do
			for n in 1 2 3 4 5 6 7 8; do
				rm -rf spool
				mq init q latest=yes keep=$keep
				key k old
				old=$(mq ls q --ids)
				mq nack --dead q "$(mq claim q)"
				key k new
				h=$(mq claim q)
				killed "$call" "$n" mq ack q "$h" || break
				if ((n % 2)); then
					mq retry -q q "$old"
					found=$(mq ls q --ids)
				else
					mq mv -q q other "$old"
					mq mv -q other q "$old"
					mq retry -q q "$old"
					found=$(mq ls q --ids)
				fi
				[[ $found == *"$old"* || $(mq ls q --state ready,claimed --ids) == *"${h%%,*}"* ]] ||
					{ echo "keep $keep, $call $n: the old one is gone, and there is no new one"; false; }
			done
			[ "$n" -gt 1 ] || [ "$call" = renameat2 ]
		done
	done
}

@test "latest: an older one is not removed for a newer one that was taken away by hand" {
	mq init q latest=yes
	key k v1
	h=$(mq claim q)
	key k v2
	find spool/q/ready -type f -delete
	mq nack --no-count q "$h"
	run -0 mq pop q
	assert_output v1
	key k v1
	mq nack --dead q "$(mq claim q)"
	key k v2
	find spool/q/ready -type f -delete
	mq retry -q q --all
	run -0 mq pop q
	assert_output v1
	# Nor is one that comes from another queue.
	mq push -q other -k k -m v1
	key k v2
	find spool/q/ready -type f -delete
	mq mv -q other q --all
	run -0 mq pop q
	assert_output v1
}

@test "latest: what names a message that is nowhere is stale-latest, and mended" {
	mq init q latest=yes
	key k v1
	run -0 mq fsck q
	find spool/q/ready -type f -delete
	run -1 mq fsck q
	assert_output --partial stale-latest
	run -0 mq fsck --repair q
	assert_equal "$(find spool/q/latest -type l | wc -l)" 0
	run -0 mq fsck q
}

@test "latest: two keys of one hash do not replace each other" {
	mq init q latest=yes
	a=8yn0iYCKYHlIj4-BwPqk b=GReLUrM4wMqfg9yzV3KQ
	mq push -q q -k $a -m alice
	mq push -q q -k $b -m bob
	assert_has q ready 2
	h=$(mq claim q)
	mq push -q q -k $b -m bob2
	mq nack --no-count q "$h"
	assert_equal "$(mq pop q)" alice
	mq pop -q q >got
	cat got
	grep bob2 got
	# And by retry and mv.
	mq push -q q -k $a -m alice
	mq nack --dead q "$(mq claim q)"
	mq push -q q -k $b -m bob
	mq retry -q q --all
	assert_has q ready 2
	mq push -q other -k $a -m alice2
	mq mv -q other q --all
	assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ' ')" "alice2 bob "
}

# ---- killed, and completed

@test "an ack that was killed halfway: the next one goes on, nothing counts it, and the same ack completes it" {
	need_strace
	for then in pop ack claims retry mv hold rm fsck stat wait drain extend nack; do
		rm -rf spool
		mq init q max_in_flight=1
		key K k1 k2
		h=$(mq claim --lease 1h q)
		killed unlinkat 1 mq ack q "$h" || { echo "was not killed"; false; }
		case $then in
		pop)	run -0 mq pop q
			assert_output k2
			assert_equal "$(find spool/q/claimed -type f | wc -l)" 0 ;;
		claims)	run -0 mq claim q ;;
		ack)	run -0 mq ack q "$h"
			assert_equal "$(find spool/q/claimed -type f | wc -l)" 0
			run -69 mq ack q "$h" ;;
		extend)	run -69 mq extend q "$h" 1h ;;
		nack)	run -69 mq nack q "$h" ;;
		fsck)	mq fsck --repair q
			assert_equal "$(find spool/q/claimed -type f | wc -l)" 0
			run -0 mq fsck q ;;
		stat)	assert_equal "$(mq stat q --json | jq -c '[.ready, .claimed]')" "[1,0]" ;;
		wait)	mq pop -q q >/dev/null
			run -0 mq wait q --empty --timeout 20s ;;
		drain)	run -0 timeout 60 mq work q --drain=all -- true ;;
		*)	args=()
			[ $then != mv ] || args=(other)
			run -66 mq $then --force q "${args[@]}" "${h%%,*}" ;;
		esac
		# It was acknowledged: never again.
		run mq pop q -n 9 -l
		refute_output --partial k1
		[ $then = drain ] || [ $then = rm ] || [ ! -e spool/other ] || assert_has other ready 0
		assert_has q claimed "$([ $then = claims ] && echo 1 || echo 0)"
	done
}

@test "an ack whose turn could not be passed on is not given out again" {
	need_inject
	key K k1 k2
	h=$(mq claim --lease 1h q)
	mq pop q || :	# k2 waits in waiting/
	chmod 0 spool/q/waiting
	if [ "$EUID" -eq 0 ]; then
		chmod 755 spool/q/waiting
		mv spool/q/waiting spool/q/away
		ln -s away spool/q/waiting
	fi
	run mq ack q "$h"
	assert_equal "$status" 0
	if [ "$EUID" -eq 0 ]; then
		rm spool/q/waiting
		mv spool/q/away spool/q/waiting
	fi
	chmod 755 spool/q/waiting
	run mq retry --force q "${h%%,*}"
	assert_equal "$status" 66
	assert_equal "$(mq pop q -n 9 -l)" k2
}

@test "a nack killed at any call: the message is a claim, or was failed once, with its reason and its delay" {
	need_strace
	for how in --dead "--delay 1h"; do
		for call in unlinkat renameat2 openat write fsync; do
			for n in {1..60}; do
				rm -rf spool
				mq init -q q order_dead=skip
				key K k1 k2
				h=$(mq claim --lease 1h q)
				# shellcheck disable=SC2086 # options
				killed "$call" "$n" mq nack $how --reason=why q "$h" || break
				run mq pop q	# completes what was begun
				case $(mq ls q --json | jq -r "select(.id == \"${h%%,*}\") | .state, .attempts" | tr '\n' ' ') in
				"claimed 0 ")	mq nack -q q "$h" ;;
				"dead 1 ")	[ "$how" = --dead ]
					assert_output k2 ;;
				"delayed 1 ")	[ "$how" != --dead ]
					assert_equal "$output" "" ;;
				*)	mq ls q; echo "$how $call $n"; false ;;
				esac
			done
		done
	done
}

@test "what was failed and not put aside yet: the same nack completes it, an ack is refused" {
	need_strace
	for then in nack ack fsck extend pop; do
		rm -rf spool
		mq init -q q
		mq push -q q -m x
		h=$(mq claim --lease 1h q)
		killed renameat2 2 mq nack --dead q "$h" || { echo "was not killed"; false; }
		case $then in
		nack)	run -0 mq nack --dead q "$h" ;;
		fsck)	mq fsck --repair q ;;
		pop)	run -1 mq pop q ;;
		*)	run -69 mq $then q "$h" ;;
		esac
		assert_has q dead 1
		assert_has q claimed 0
		run -0 mq fsck q
	done
}

@test "a lane whose turn a killed rm, mv or bury did not pass on goes on, though the queue is never empty" {
	need_strace
	for verb in "rm --force" "mv --force" "bury --force"; do
		rm -rf spool
		key k A B
		h=$(mq claim q)
		run -1 mq pop q		# B is parked
		args=()
		[[ $verb != mv* ]] || { args=(other); mq init -q other; }
		for n in 1 2 3; do
			# The rename that passes the turn is the last one.
			# shellcheck disable=SC2086 # options
			strace -qq -o trace -e trace=renameat2 -e inject="renameat2:signal=KILL:when=$n" mq $verb -q q "${args[@]}" "${h%%,*}" || :
			[ "$(mq ls q --state claimed --ids)" ] || break
		done
		seq 1200 | mq push -q q -l
		mq pop q -n 1100 -l >got
		grep -qx B got || { echo "$verb: B did not come"; false; }
	done
}

@test "a claim that stays ended halfway is half-ended" {
	need_strace
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	key K k1
	h=$(mq claim --lease 9h q)
	killed unlinkat 3 mq ack q "$h" || { echo "was not killed"; false; }
	run -0 mq fsck q
	echo "0 7200" >clock
	export CLOCK_FILE=$PWD/clock LD_PRELOAD=$MQ_BUILD/preload/clock.so
	run -1 mq fsck q
	assert_output --partial half-ended
	run -0 mq fsck --repair q
	run -0 mq fsck q
	assert_equal "$(find spool/q/claimed -type f | wc -l)" 0
}

# ---- what never ends

@test "a file handle that stays stale ends ack, nack, release and extend with 74" {
	need_strace
	for verb in ack nack "nack --no-count" extend; do
		mq push -q q -m x
		h=$(mq claim q)
		# shellcheck disable=SC2086 # options
		run -74 timeout 60 strace -qq -o /dev/null -e trace=unlinkat,renameat2 -e inject=unlinkat,renameat2:error=ESTALE \
		    mq $verb q "$h"
		mq ack q "$h"
	done
}

@test "counts of attempts and deliveries end at their greatest value, and the message is dead, not lost" {
	mq init q
	mq push -q q -m x
	f=$(find spool/q/ready -type f)
	mv "$f" "$f,a2147483647,d2147483647"
	h=$(mq claim q)
	mq nack --no-count q "$h"
	h=$(mq claim q)
	mq nack q "$h"
	assert_has q dead 1
	run -0 mq fsck q
	mq retry -q q --all
	run -0 mq pop q
	assert_output x
	# So it does when it lapses, and when it comes by import.
	mq push -q q -m y
	f=$(find spool/q/ready -type f)
	mv "$f" "$f,a2147483647,d2147483647"
	mq export q --state ready >archive
	mq import to <archive
	for q in q to; do
		mq claim --lease 1ms $q
		sleep 0.01
		run -1 mq pop $q
		assert_has $q dead 1
		run -0 mq fsck $q
	done
}

# ---- done/

@test "keep changed to no: what was kept goes" {
	mq init -q q keep=1d
	seq 3 | mq push -q q -l
	mq pop -q q -n 3 -l >/dev/null
	assert_has q "done" 3
	mq init -q q keep=no
	mq push -q q -m x
	mq pop -q q
	assert_has q "done" 0
}

@test "what a killed command left of a lane or a turn, empty, is found and removed" {
	key k a
	mq pop -q q
	mkdir -p spool/q/waiting/0123456789abcdef/20200101T000000.000000Z spool/q/turns/0123456789abcdef
	run -0 mq fsck q	# it may be in the making
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	echo "0 7200" >clock
	export CLOCK_FILE=$PWD/clock LD_PRELOAD=$MQ_BUILD/preload/clock.so
	run -1 mq fsck q
	assert_equal "$(grep -c orphan-turn <<<"$output")" 2
	run -0 mq fsck --repair q
	run -0 mq fsck q
	assert_equal "$(find spool/q/waiting spool/q/turns -mindepth 1 | wc -l)" 0
}
