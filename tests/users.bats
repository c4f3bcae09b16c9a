#!/usr/bin/env bats
# users.bats: several users of one queue: a group that shares it, others who may only put messages in, and what each can
# do to another's messages

load helper

# Programs such as timeout(1) start mq as a user who may have no way to where it was built.
setup_file() {
	[ "$EUID" -eq 0 ] || return 0
	mkdir -m 755 "$BATS_FILE_TMPDIR/bin"
	install -m 755 "$MQ_BIN" "$BATS_FILE_TMPDIR/bin/mq"
	export PATH=$BATS_FILE_TMPDIR/bin:$PATH
}

setup() {
	need_root
	cd "$BATS_TEST_TMPDIR" || return
	chmod 755 . "$BATS_FILE_TMPDIR" "${BATS_FILE_TMPDIR%/*}"
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=/nonexistent HOME=/nonexistent
	unset XDG_CONFIG_HOME XDG_STATE_HOME
	umask 022
	dir=$PWD
	while [ "$dir" != / ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
}

# Two of the group "mail" (8), two of no group that counts.  With a umask that hides all.
as() {
	local uid=$1 groups=--clear-groups
	shift
	case $uid in
	2001 | 2002) groups=--groups=8 ;;
	esac
	(umask 077 && setpriv --reuid="$uid" --regid="$uid" "$groups" "$@")
}
alice() { as 2001 "$@"; }
bob() { as 2002 "$@"; }
carol() { as 2003 "$@"; }
dave() { as 2004 "$@"; }

@test "a group shares a queue: each may push, take, fail, retry and check what the other pushed" {
	mkdir -m 2770 spool && chgrp mail spool
	alice mq init q mode=0660 group=mail backoff=0s attempts=2
	alice mq push -q q -H "From: alice" -m one
	bob mq push -q q -d 1ms -m two
	assert_equal "$(bob mq pop q)" one
	sleep 0.1
	h=$(alice mq claim q)
	bob mq nack q --reason=no "$h"
	alice mq push -q q -p 1 -m three
	run bob mq work q --drain -- sh -c 'cat >&2; exit 1'
	assert_equal "$(alice mq dead q --ids | wc -l)" 2
	alice mq dead q --json | jq -r .reason
	assert_equal "$(bob mq retry q --all | wc -l)" 0
	assert_equal "$(alice mq pop -n 2 -l q | sort | tr '\n' ' ')" "three two "
	bob mq hold -q q --all || true
	bob mq init q mode=0660 group=mail
	run -0 alice mq fsck q
	run -0 bob mq stat q
	run find spool -not -group mail
	assert_output ""
	run find spool/q -type d -not -perm 2770
	assert_output ""
	run find spool/q -type f -not -perm 660
	assert_output ""
}

@test "two users at once: each message once" {
	mkdir -m 2770 spool && chgrp mail spool
	alice mq init q mode=0660 group=mail
	for u in 2001 2002; do
		(for i in $(seq 50); do echo "$u-$i"; done | as $u mq push -q -l q) &
	done
	wait
	for u in 2001 2002 2001 2002; do
		while as $u mq pop -n 5 -l q; do :; done >"got.$BASHPID" &
		while as $u mq pop -n 5 -l q; do :; done >"got.$u.$RANDOM" &
	done
	wait
	assert_equal "$(cat got.* | wc -l) $(sort -u got.* | wc -l)" "100 100"
}

@test "who is not of the group may do nothing, and is told so" {
	mkdir -m 2771 spool && chgrp mail spool
	alice mq init q mode=0660 group=mail
	h=$(alice mq push -q q -m one && alice mq claim q)
	alice mq push q -m two >id
	for command in "push q -m x" "pop q" "claim q" "peek q" "ls q" "stat q" "dead q" "ack q $h" "nack q $h" "extend q $h" \
	    "retry q --all" "rm q $(cat id)" "hold q --all" "bury q $(cat id)" "mv q q2 $(cat id)" "fsck q" "init q attempts=3" "wait q --ready"; do
		run carol mq $command
		assert_equal "$command: $status" "$command: 77"
	done
	assert_counts q "ready=1 claimed=1"
	assert_equal "$(alice mq pop q)" two
}

@test "a queue that is shared later: directories, policy and counters are open to the group, messages keep what they had" {
	mkdir -m 2770 spool && chgrp mail spool
	mq init q
	mq push -q q -m before
	mq init q mode=0660 group=mail
	alice mq push -q q -m after
	run -0 alice mq config q
	assert_line "mode = 0660"
	run -0 --separate-stderr alice mq pop q
	assert_output after
	assert_equal "$(alice mq stat q --json | jq .totals.pushed)" 2
	assert_equal "$(stat -c '%a %G' spool/q/counters spool/q/queue.conf | sort -u)" "660 mail"
	assert_equal "$(mq pop q)" before
	# Half-way stopped, it is done again.
	chmod 700 spool/q/ready
	mq init q mode=0660
	assert_equal "$(stat -c %a spool/q/ready)" 2770
}

box() {
	mkdir -m 755 spool
	mq init q mode=0622 "$@"
}

@test "a drop box: others may push; the id is the message's" {
	box
	carol mq push q -m one >ids
	dave mq push q -m two >>ids
	printf 'three\nfour\n' | carol mq push q -l >>ids
	seq 40 | carol mq push -q q -l
	mq ls q --ids -n 4 >listed
	cmp ids listed
	assert_equal "$(sort -u ids | wc -l)" 4
	assert_equal "$(mq pop -n 44 -l q | sed 4q | tr '\n' ' ')" "one two three four "
	mq fsck q
}

@test "a drop box: others may neither list, nor read, nor take, nor remove" {
	box
	carol mq push q -m secret >id
	mq push -q q -m other
	h=$(mq claim q)
	mq push q -m more >id2
	for command in "pop q" "claim q" "peek q" "ls q" "stat q" "dead q" "ack q $h" "nack q $h" "rm q $(cat id)" "rm q $(cat id2)" \
	    "hold q --all" "fsck q" "init q attempts=3" "watch q" "work q --drain -- cat"; do
		run dave timeout 10 mq $command
		assert_equal "$command: $status" "$command: 77"
	done
	# Even if the name is known.
	carol mq push -q q -m third
	file=$(echo spool/q/new/*)
	[ -e "$file" ]
	run ! dave ls spool/q/new
	run ! dave cat "$file"
	run ! dave mv "$file" spool/q/new/mine
	run ! dave rm -f "$file"
	run ! dave ls spool/q/ready
	run ! dave sh -c 'echo "paused = all" >>spool/q/queue.conf'
	for priority in "-p 3" "-d 1h" "-x 1h" "-HA:b" "--atomic -l"; do
		run -77 dave mq push q $priority -m x
		assert_output --partial "only drop plain messages"
	done
	assert_counts q "ready=2 claimed=1"
	assert_equal "$(mq pop -n 3 -l q | sort | tr '\n' ' ')" "more other third "
}

@test "a drop box: size, pause and space hold for others, too" {
	box max_size=3
	run -65 carol mq push q -m four
	carol mq push -q q -m abc
	mq pause -q q --push
	run -75 carol mq push q -m x
	run -75 carol mq push --wait=0.1s q -m x
	mq resume -q q --push
	mq init q min_inodes=99999999999
	run -75 carol mq push q -m x
	assert_equal "$(find spool/q/new -type f | wc -l)" 1
}

@test "a drop box of one user, who may read what others put in" {
	mkdir spool && chown 2001:2001 spool
	alice mq init q mode=0602
	chmod 755 spool
	carol mq push -q q -m one
	assert_equal "$(alice mq pop q)" one
	alice mq fsck q
}

@test "a drop box that a group empties" {
	mkdir -m 2775 spool && chgrp mail spool
	alice mq init q mode=0662 group=mail
	carol mq push -q q -m one
	carol mq push -q q -m two
	assert_equal "$(bob mq pop q)" one
	assert_equal "$(alice mq pop q)" two
	run -77 dave mq pop q
	bob mq fsck q
}

@test "a drop box: the id of another message cannot be had, and a broken policy is told" {
	box
	id=$(dave mq push q -m victim)
	name=$(ls spool/q/new)
	h=$(mq claim q --lease 1h)
	for key in "${name%%.*}.${name#*.}" "$id" ffffffff-ffff-7fff-bfff-ffffffffffff 99991231T235959.000000Z.x 19700101T000000.000000Z.x; do
		carol sh -c "echo fake >spool/q/new/$key"
	done
	run -0 mq ls q --ids
	assert_equal "$(sort <<<"$output" | uniq -d)" ""
	assert_equal "${#lines[@]}" 6
	for id in "${lines[@]}"; do
		[ "$(date -d "$(mq ls q --json "$id" | jq -r .enqueued)" +%Y)" = "$(date +%Y)" ]
	done
	run -0 mq fsck q
	mq ack q "$h"
	echo "lease = soon" >>spool/q/queue.conf
	run -78 carol mq push q -m x
	assert_output --partial queue.conf
}

@test "a drop box of one user: what he may not read becomes a dead letter and stops nothing" {
	mkdir spool && chown 2001:2001 spool
	alice mq init q mode=0622
	chmod 755 spool
	carol sh -c 'umask 077; echo bad >spool/q/new/x'
	alice mq push -q q -m good
	assert_equal "$(alice mq pop q)" good
	run -77 alice mq pop q
	assert_output --partial "may not be read"
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	# A minute later.
	cp "$MQ_BUILD/preload/clock.so" . && chmod 755 clock.so
	echo "0 61" >clock
	run -1 alice env LD_PRELOAD="$PWD/clock.so" CLOCK_FILE="$PWD/clock" mq pop q
	assert_equal "$(alice mq dead q --json | jq -r .reason)" "whoever consumes here may not read it"
	alice mq rm -q q --all --force
	run -0 alice mq fsck q
}

@test "a drop box: a directory of a stranger is not litter, however deep" {
	box
	python3 - spool/q/new/.mq-0123456789abcdef <<-'END'
		import os, sys, time
		top = os.path.abspath(sys.argv[1])
		os.mkdir(top)
		os.chdir(top)
		for i in range(5000):
		    os.mkdir("d")
		    os.chdir("d")
		os.utime(top, (time.time() - 300000,) * 2)
	END
	mq fsck q --repair || true
	[ -d spool/q/new/.mq-0123456789abcdef ]
	for i in $(seq 100); do mq push -q q -m x; done
	# In tmp/, where only our own make directories, a tree that is none of ours stays, and is said to.
	mv spool/q/new/.mq-0123456789abcdef spool/q/tmp/mq-0123456789abcdef.d
	run -1 mq fsck q --repair
	refute_output --partial repaired
	rm -r spool/q/tmp/mq-0123456789abcdef.d
}

@test "a drop box that all others empty, and one whose group may look but not take" {
	mkdir -m 755 spool
	mq init all mode=0626
	carol mq push -q all -m one
	dave mq push -q all -m two
	assert_equal "$(dave mq pop -n 2 -l all | tr '\n' ' ')" "one two "
	mq init look mode=0642 group=mail
	assert_equal "$(stat -c %a spool/look/new)" 3753
}

@test "what a hostile user drops is not followed, does not hang, and holds up nothing" {
	box
	echo secret >secret && chmod 600 secret
	new=$PWD/spool/q/new
	carol mkfifo "$new/fifo"
	carol ln -s "$PWD/secret" "$new/link"
	carol mkdir "$new/dir"
	carol sh -c "echo none >$new/unreadable; chmod 0 $new/unreadable; echo x >$new/.hidden; echo y >\"$new/\$(printf '\\033[31m')\""
	# Of another's file, where the system lets it be done at all.
	carol ln "$PWD/secret" "$new/hard" && [ "$(cat /proc/sys/fs/protected_hardlinks)" = 1 ] && return 1
	carol mq push -q q -m good
	timeout 30 mq work q --drain -- cat >out
	grep -qx good out
	run ! grep secret out
	run mq fsck q
	for name in fifo link dir; do assert_output --partial "new/$name"; done
	refute_output --partial $'\033'
	mq fsck q --repair >/dev/null
	run -0 mq fsck q
	assert_equal "$(cat secret)" secret
}

@test "what a producer who died left in the drop box is removed after an hour" {
	box
	carol sh -c "echo half >spool/q/new/.mq-0123456789abcdef; echo half >spool/q/new/.mq-0123456789abcde0; echo other >spool/q/new/.rsync"
	touch -d '2 hours ago' spool/q/new/.mq-0123456789abcdef spool/q/new/.rsync
	run -1 mq fsck q
	assert_output --partial new/.mq-0123456789abcdef
	run -0 mq fsck q --repair
	assert_equal "$(find spool/q/new -type f -printf '%f\n' | sort | tr '\n' ' ')" ".mq-0123456789abcde0 .rsync "
}

@test "a handler from the policy: nobody but the worker's user and root chooses what runs" {
	mkdir -m 2770 spool && chgrp mail spool
	alice mq init q handler='echo "ran by $(id -u)"'
	alice mq push -q q -m x
	run -78 mq work --config --drain q
	assert_output --partial "spool/q belongs to another user (uid 2001)"
	run -0 alice mq work --config --drain q
	assert_output "ran by 2001"
	# Shared, so that a member may write another policy.
	alice mq init q mode=0660 group=mail
	alice mq push -q q -m x
	bob sh -c 'echo "handler = echo bad" >spool/q/queue.conf'
	for user in alice bob mq; do
		[ "$user" != mq ] || user=
		run -78 $user mq work --config --drain q
		refute_output bad
		assert_output --partial "set it in mq.conf"
	done
	# A queue.conf that is a message of ours: moved there by who may write to the directory.
	chmod 2750 spool/q && bob mq ls q >/dev/null
	chmod 640 spool/q/queue.conf && chown 2002 spool/q/queue.conf
	run -78 alice mq work --config --drain q
	assert_output --partial "queue.conf belongs to another user (uid 2002)"
	chown root spool/q/queue.conf
	run -0 alice mq work --config --drain q
	assert_output bad
	# The machine's own mq.conf decides for a shared queue; a user's does not for another.
	rm spool/q/queue.conf && chmod 2770 spool/q
	printf '[queue q]\nmode = 0660\ngroup = mail\nhandler = echo good\n' >mq.conf
	chmod 644 mq.conf
	MQ_CONF=$PWD/mq.conf alice mq push -q q -m x
	MQ_CONF=$PWD/mq.conf run -0 bob mq work --config --drain q
	assert_output good
	chown 2001 mq.conf
	MQ_CONF=$PWD/mq.conf run -78 bob mq work --config --drain q
	assert_output --partial "mq.conf [queue q] belongs to another user (uid 2001)"
}

@test "what root makes in a queue, or a spool, of another user is that user's" {
	mkdir theirs && chmod 777 theirs
	export MQ_SPOOL=$PWD/theirs/spool
	as 2003 mq init -q q attempts=1
	seq 600 | mq push -q -l q
	mq bury -q q --all
	mq retry -q q --all
	mq nack q "$(mq claim q)" --reason 'root says no'
	mq init -q q attempts=2
	mq init -q new
	mq push -q new -m body
	mq export q | mq import copy 2>/dev/null
	assert_equal "$(find theirs/spool ! -user 2003)" ""
	run -0 as 2003 mq pop new
	assert_output body
	run -0 as 2003 mq pop copy
	assert_equal "$(as 2003 mq pop -n 599 -l q | wc -l)" 599
	# A file with another name, that is not root's to give away.
	echo secret >precious
	as 2003 rm -f theirs/spool/q/counters
	ln precious theirs/spool/q/counters
	mq push -q q -m x
	mq init -q q mode=0640
	assert_equal "$(stat -c %u precious)" 0
}

@test "the default spool is made in a home below a directory that its user can pass but not read" {
	mkdir -m 711 homes
	mkdir homes/carol
	chown 2003 homes/carol
	unset MQ_SPOOL
	HOME=$PWD/homes/carol carol mq push -q q -m x
	assert [ -d homes/carol/.local/state/mq/q ]
}

# shellcheck disable=SC2016 # expanded in there
@test "the user who owns /var/spool/mq has it as the default, wherever home is; others do not" {
	unshare -m mount -t tmpfs none /var/spool 2>/dev/null || skip "SKIPPED: cannot mount here"
	mkdir -m 777 home
	run -0 unshare -m sh -ec '
		mount -t tmpfs none /var/spool
		install -d -o 2001 -g 2001 -m 3770 /var/spool/mq
		unset MQ_SPOOL
		export HOME="$PWD/home" PATH="$1"
		setpriv --reuid=2001 --regid=2001 --clear-groups mq push -q q -m x
		mq ls q --ids | wc -l
		setpriv --reuid=2003 --regid=2003 --clear-groups mq push -q q -m x
		mq ls q --ids | wc -l
		ls -A home/.local/state/mq' sh "$PATH"
	assert_output $'1\n1\n.mq\nq'
}

# A spool that alice and bob share, and the commands that make something in it for the first time.
shared_spool() {
	printf '%s\n' '[defaults]' 'mode = 0660' 'group = mail' 'backoff = 0s' '[queue latest]' 'latest = yes' \
	    '[queue single]' 'single = yes' >mq.conf
	export MQ_CONF=$PWD/mq.conf
	mkdir -m 2770 base && chgrp mail base
	for q in plain keyed claimed latest single; do
		alice mq -s base push -q $q -m one
	done
	printf '%s\n' one two | alice mq -s base push -q -l -k k keyed
	alice mq -s base pop -q keyed >out
	alice mq -s base claim keyed >out
	alice mq -s base claim claimed >handle
	cat <<-END
		push plain -p 3 -m x|push plain -p 3 -m y|pop plain
		push plain --id job -m x|push plain --id job -m y
		push latest -k k -m x|push latest -k k -m y
		push fresh -m x|push fresh -m y|pop fresh
		pop keyed|pop keyed|push keyed -k k -m y
		nack claimed $(cat handle)|nack claimed $(cat handle)|pop claimed
		work single --drain -- true|pop single
		subscribe topic plain|subscribe topic plain|push topic -m y
		request plain --timeout 10ms -m x|request plain --timeout 1ms -m y
	END
}

# others CHECK|CHECK...: 77 of any of them is told, and what a checker says of modes
others() {
	local checks command
	IFS='|' read -ra checks <<<"$1"
	for command in "${checks[@]}"; do
		alice mq -q $command >out 2>err || [ $? -ne 77 ] || { echo "$command: $(cat err)"; return 1; }
	done
	alice mq fsck >out || true
	! grep -E 'wrong-mode|unreadable' out
}

@test "whoever is killed behind each making of a directory or file, with any umask, shuts nobody else out" {
	need_inject
	shared_spool >commands
	kills=0
	while IFS='|' read -r command checks; do
		rm -rf spool && cp -a base spool
		"$MQ_BUILD/sweep/inject" "$PWD/spool" 1 list calls \
		    setpriv --reuid=2002 --regid=2002 --groups=8 mq $command >out 2>&1 </dev/null || true
		at=$(awk '$2 == "mkdirat" || ($2 == "openat" && $3 ~ /(fresh\/counters|active|failures.*)$/) { print $1 + 1 }' calls)
		assert [ -n "$at" ]
		for n in $at; do
			for mask in 022 077 0777; do
				rm -rf spool && cp -a base spool
				(umask $mask && "$MQ_BUILD/sweep/inject" "$PWD/spool" "$n" kill calls \
				    setpriv --reuid=2002 --regid=2002 --groups=8 mq $command >out 2>&1 </dev/null) || true
				others "$checks" || { echo "umask $mask, $command, killed at: $(cat calls)"; return 1; }
				kills=$((kills + 1))
			done
		done
	done <commands
	proved "$kills kills behind the making of something: nobody else shut out"
}

@test "fsck tells a mode that shuts others out; the owner of the queue mends what is empty or advice, root all of it" {
	shared_spool >/dev/null
	mv base spool
	bob mkdir -m 700 spool/plain/ready/+3.20200101T000000.000000Z
	bob mkdir -m 000 spool/plain/once
	bob mkdir -m 2770 spool/plain/turns
	bob mkdir -m 700 spool/plain/turns/0123456789abcdef
	bob sh -c ': >spool/plain/active'
	rm spool/plain/counters
	bob sh -c ': >spool/plain/counters'
	run -1 alice mq fsck plain
	for path in ready/+3.20200101T000000.000000Z once turns/0123456789abcdef active counters; do
		assert_line --partial "wrong-mode plain/$path: its mode is"
	done
	assert_line --partial "which shuts others out: only root or uid 2002 may set it"
	alice mq fsck --repair plain || true
	run -0 alice mq fsck plain
	refute_output
	alice mq push -q plain --id x -m again
	# What is not empty stays: it is told, and others go on beside it.
	bob mkdir -m 700 spool/plain/ready/+3.20200101T000000.000000Z
	bob sh -c ': >spool/plain/ready/+3.20200101T000000.000000Z/foreign'
	touch spool/plain/dead/foreign
	run -1 alice mq fsck --repair plain
	assert_line --partial "unreadable plain/ready/+3.20200101T000000.000000Z"
	assert_line --partial "foreign-entry plain/dead/foreign"
	run mq fsck --repair plain
	assert_line --regexp "wrong-mode plain/ready/\\+3.*\\(repaired\\)"
	run -0 alice mq fsck plain
	run find spool/plain -type d -not -perm 2770
	refute_output
}

@test "what root makes in another user's queue is that user's, wherever root is killed" {
	need_inject
	mkdir -m 700 base && chown 2003 base
	carol mq -s base init -q q backoff=0s
	carol mq -s base push -q q -k k -m one
	carol mq -s base push -q q -k l -m two
	for command in "mq pop q" "mq push q -p 3 --id job -m x" "mq push fresh -m x"; do
		rm -rf spool && cp -a base spool
		"$MQ_BUILD/sweep/inject" "$PWD/spool" 1 list calls $command >out </dev/null
		for n in $(awk '$2 ~ /^(mkdirat|openat)$/ { print $1 + 1 }' calls); do
			rm -rf spool && cp -a base spool
			"$MQ_BUILD/sweep/inject" "$PWD/spool" "$n" kill calls $command >out 2>&1 </dev/null || true
			run find spool ! -type l ! -user 2003
			assert_output "" || { cat calls; return 1; }
		done
	done
}

@test "root mends what others own in a queue that is one user's alone" {
	mkdir -m 700 spool && chown 2003 spool
	carol mq push -q q -m one
	mkdir -m 700 spool/q/turns
	run -1 carol mq fsck q
	assert_line --partial "wrong-mode q/turns: it belongs to uid 0, and the queue to uid 2003"
	run mq fsck --repair q
	assert_equal "$(stat -c %u spool/q/turns)" 2003
	run -0 carol mq fsck q
}

@test "whoever may read a queue, and no more, holds up nobody by a lock" {
	mkdir -m 2775 spool && chgrp mail spool
	alice mq init -q q mode=0664 group=mail once=1ms single=yes
	alice mq push -q q --id job -m one
	alice mq export q >archive
	alice mq pop -q q >/dev/null
	set -m # so that each job, with all that it starts, can be killed at the end
	bob timeout 60 mq request q -m x >/dev/null 2>&1 3>&- &
	until [ -n "$(find spool/q/replies -mindepth 1 2>/dev/null)" ]; do sleep 0.02; done
	for place in spool/q/lock spool/q/active spool/q/replies/*; do
		run carol flock --nonblock "$place" true
		assert_output --partial "Permission denied"
	done
	for place in spool/q spool/q/once spool/q/once/*; do
		carol flock --nonblock --no-fork "$place" sleep 90 3>&- &
	done
	sleep 0.3
	run -0 alice timeout 60 mq push q --id job -m two
	run -0 alice mq import q <archive
	run -0 alice mq pause q
	for job in $(jobs -p); do kill -- "-$job" 2>/dev/null || true; done
}

@test "a sender cannot change an accepted message while it is handled, nor keep others from theirs by taking its mode away (A11)" {
	need_root
	[ -z "$MQ_SAN" ] || skip "a preloaded library comes before the sanitizers"
	mq init q mode=0622
	chmod -R a+rX "$BATS_TEST_TMPDIR"; chmod 0777 .
	# The sender keeps a descriptor.
	# shellcheck disable=SC2016 # it is the sender's
	setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '
		exec 9<>"$1/new/.mine"; printf original >&9; mv "$1/new/.mine" "$1/new/$2"
		until [ -e go ]; do sleep 0.01; done
		exec 8<>/proc/self/fd/9; printf CHANGED! >&8; chmod 0 /proc/self/fd/9; : >changed
	' sender "$MQ_SPOOL/q" first 3>&- &
	for ((i = 0; i < 1000; i++)); do [ ! -e "$MQ_SPOOL/q/new/first" ] || break; sleep 0.01; done
	mq work --drain q -- sh -c 'touch go; until [ -e changed ]; do sleep 0.01; done; cat >>got'
	wait
	assert_equal "$(cat got)" original
	assert_counts q ""
	rm -f go changed
	chown -R 65533:65533 "$MQ_SPOOL"
	# And one who takes the mode away after it was adopted.
	# shellcheck disable=SC2016 # it is the sender's
	setpriv --reuid=65534 --regid=65534 --clear-groups bash -c '
		exec 9<>"$1/new/.mine"; printf secret >&9; mv "$1/new/.mine" "$1/new/$2"
		until [ -e go ]; do sleep 0.01; done; chmod 0 /proc/self/fd/9; : >changed
	' sender "$MQ_SPOOL/q" second 3>&- &
	for ((i = 0; i < 1000; i++)); do [ ! -e "$MQ_SPOOL/q/new/second" ] || break; sleep 0.01; done
	consumer() { setpriv --reuid=65533 --regid=65533 --clear-groups env HOME=/ "$@"; }
	consumer mq push -q q -p 0 -m 'goes first'
	assert_equal "$(consumer mq pop q)" 'goes first'	# and adopts the other
	touch go
	wait
	run -77 consumer mq pop q	# others may be allowed to read it: for a minute
	assert_counts q ready=1
	echo "100 100" >clock
	chmod a+r clock
	cp "$MQ_BUILD/preload/clock.so" . && chmod 755 clock.so
	run -1 consumer env CLOCK_FILE="$PWD/clock" LD_PRELOAD="$PWD/clock.so" mq pop q
	assert_counts q dead=1
	assert_equal "$(mq dead q -o reason)" unreadable
	consumer mq push -q q -m 'and on'
	run -0 consumer mq pop q
	assert_output 'and on'
}

@test "who may not make a queue is told which, and in which spool" {
	mkdir -m 755 spool
	run -77 carol mq push newq -m x
	assert_output "mq push: cannot make queue 'newq' in $PWD/spool: Permission denied"
	run -77 carol mq init newq
	assert_output "mq init: cannot make queue 'newq' in $PWD/spool: Permission denied"
}

@test "mq topics passes over the queues of other users, as mq ls does; one that is named is refused" {
	mkdir -m 1777 spool
	alice mq push -q private -m x
	alice mq subscribe hers private
	carol mq subscribe his mine
	run -0 carol mq ls
	run -0 --separate-stderr carol mq topics
	assert_output "his mine"
	assert_equal "$stderr" ""
	run -0 --separate-stderr carol mq -v topics --json
	assert_output '{"topic":"his","queue":"mine","filters":[]}'
	local told=$stderr
	for queue in private hers; do
		[[ $told == *"mq topics: $PWD/spool/$queue: Permission denied: passed over"* ]]
		run -77 carol mq topics $queue
		assert_output "mq topics: $PWD/spool/$queue: Permission denied"
	done
	# A part of one's own topic that cannot be read is still told.
	chmod 0 spool/his/subscriptions
	run -77 carol mq topics
	assert_output --partial "Permission denied"
}

@test "a bucket that may not be opened is told with its path, by whatever meets it" {
	mkdir -m 1777 spool
	carol mq push -q q -m x
	carol mq push -q q -k key -m 1
	carol mq push -q q -k key -m 2
	carol mq claim q
	carol mq claim q
	run -1 carol mq pop q		# the second one of the key goes to waiting
	carol mq push -q q -m y
	lane=$(echo spool/q/waiting/*/*) ready=$(echo spool/q/ready/*)
	for bucket in "$ready" "$lane"; do
		chmod 0 "$bucket"
		for command in "ls q" "stat q" stat "check q" "show q 1234" \
		    "export q" "dead q --state ready" "hold q --all --dry-run"; do
			# shellcheck disable=SC2086 # words
			run carol mq $command
			[[ $output == *"$PWD/$bucket: Permission denied"* ]] || fail "$command: $output"
		done
		chmod 700 "$bucket"
	done
	chmod 0 "$ready"
	for command in "pop q" "claim q" "work q --drain -- cat"; do
		# shellcheck disable=SC2086 # words
		run -77 carol mq $command
		assert_output --partial "$PWD/$ready: Permission denied"
	done
}
