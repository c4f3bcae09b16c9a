#!/usr/bin/env bats
# badinput.bats: bad input gets a clear error, the right exit status, and loses nothing

load helper

@test "queue names" {
	for name in ../x -x '' . .. .hidden a/b 'a b' "$(printf 'a\nb')" "$(printf 'x%.0s' {1..300})"; do
		run -64 mq push -m x -- "$name"
		assert_output --partial "is not a queue name"
		run -64 mq pop -- "$name"
	done
	assert [ ! -e x -a ! -e "$MQ_SPOOL/.hidden" ]
	run -0 mq push -q -m x "$(printf 'x%.0s' {1..64})"
}

@test "durations and numbers" {
	mq push -q q -m x
	for d in 5x '' -1 1e3 '5 m' 99999999999999999999 1..2 m; do
		run -64 mq push q -m x -d "$d"
		run -64 mq claim q --lease "$d"
		run -64 mq ls q --older "$d"
	done
	for n in 0 -1 x 1.5 99999999999999999999 '' ' 1' +1; do
		run -64 mq pop q -l -n "$n"
		run -64 mq work q -j "$n" -- true
	done
	assert_counts q ready=1
}

@test "a spool of a newer format, or what is none" {
	mq push -q q -m x
	printf 'mq-spool 2\n' >"$MQ_SPOOL/.mq"
	run -78 mq pop q
	assert_output --partial newer
	printf 'mq-spool 1\nfeature wheels\n' >"$MQ_SPOOL/.mq"
	run -78 mq pop q
	assert_output --partial wheels
	printf 'junk\n' >"$MQ_SPOOL/.mq"
	run -78 mq push q -m y
	printf 'mq-spool 1\nnote hello\n' >"$MQ_SPOOL/.mq"
	run -0 mq pop q
}

@test "policy files: each fault with file and line" {
	mq init q
	export MQ_CONF=$PWD/mq.conf
	while IFS= read -r text; do
		printf '%b' "$text" >mq.conf
		run -78 mq push q -m x
		assert_output --partial "mq.conf:"
	done <<-'END'
	[defaults]\nleese = 1m\n
	[defaults]\nlease = 1m\nlease = 2m\n
	[defaults]\nlease = 1m\n attempts = 2\n
	[nosuch]\nlease = 1m\n
	lease = 1m\n
	[defaults]\nlease = 1m ; comment\n
	[queue other]\nlease = never\n
	END
	assert_counts q ""
}

@test "no permission is never empty" {
	need_root
	mq push -q q -m x
	chmod 755 "$MQ_SPOOL"
	for verb in pop peek claim ls stat dead; do
		run -77 as_nobody mq "$verb" q
		assert_output --partial "$MQ_SPOOL/q"
	done
	run -77 as_nobody mq push q -m y
	run -77 as_nobody mq wait q --empty
	find "$MQ_SPOOL/q" -type d -exec chmod 777 {} +
	run -77 as_nobody mq pop q
	assert_output --partial "may not be read"
	run -1 as_nobody mq pop --wait=0.1s q
	assert_output --partial "may not be read"
	find "$MQ_SPOOL/q/ready" -type f -exec chmod 644 {} +
	run -0 as_nobody mq pop q
}

@test "a read-only file system, a full disk, a state on another file system" {
	need_root
	unshare -m true || skip "SKIPPED: no mount namespaces here"
	mq push -q q -m x
	cat >script <<-'END'
	set -u
	fail() { echo "FAILED: $*"; exit 9; }
	mount --bind "$MQ_SPOOL" "$MQ_SPOOL" && mount -o remount,bind,ro "$MQ_SPOOL" || exit 8
	mq push q -m y && fail push on read-only
	[ "$(mq peek q)" = x ] || fail peek
	[ "$(mq ls q --ids | wc -l)" = 1 ] || fail ls
	mq pop q && fail pop on read-only
	umount "$MQ_SPOOL"
	mkdir small
	mount -t tmpfs -o size=1m,nr_inodes=200 none small || exit 8
	: >small/fill
	export MQ_SPOOL=$PWD/small/s
	mq push -q q -m first || fail first
	n=1
	while mq push -q q -m "m$n" 2>err; do n=$((n + 1)); done
	mq push q -m more 2>err
	[ $? = 75 ] || fail "full disk: $?"
	[ -z "$(ls -A small/s/q/tmp)" ] || fail litter in tmp
	# A page of the counters that cannot be had, as on a copy-on-write file system.
	rm small/s/q/counters && truncate -s 4096 small/s/q/counters
	cat /dev/zero >>small/fill 2>err
	h=$(mq claim q) && mq nack q "$h" || fail claim and nack on a full disk
	: >small/fill
	h=$(mq claim q) && mq nack q "$h" --dead || fail dead on a full disk
	mq hold q "$(mq ls q --ids --state ready -n 1)" || fail hold
	mq retry q --all --state held,dead,delayed || fail retry
	k=0
	while mq pop q >/dev/null; do k=$((k + 1)); done
	[ $k = $n ] || fail "drained $k of $n"
	mq push -q q -m again || fail push after the drain
	mount -t tmpfs none small/s/q/claimed || exit 8
	mkdir small/s/q/claimed/20200101T000000.000000Z
	mq pop q 2>err && fail pop across file systems
	grep -q 'another file system' err || fail "message: $(cat err)"
	[ "$(mq peek q)" = again ] || fail lost
	END
	run unshare -m bash script
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount here"; fi
	assert_equal "$status $(grep FAILED <<<"$output" || true)" "0 "
}

@test "closed descriptors: no spool file becomes stdout" {
	mq push -q q -m body
	run -74 bash -c 'mq push q <&-'
	run -74 bash -c 'mq peek q >&-'
	run -74 bash -c 'mq ls q >/dev/full'
	run -74 bash -c 'mq stat >/dev/full'
	run bash -c 'mq pop nosuch 2>&-'
	assert_equal "$status" 66
	run -0 bash -c 'mq pop q <&- 2>&-'
	assert_output body
}

@test "a queue's name that is a file, a link, a directory of something else" {
	mq init q
	touch "$MQ_SPOOL/file"
	ln -s q "$MQ_SPOOL/link"
	mkdir "$MQ_SPOOL/dir"
	for name in file link; do
		run -66 mq pop "$name"
		run -66 mq push "$name" -m x
	done
	run ! mq pop dir
	# The queues are listed; that one is only linked is told, and is a failure.
	run -66 --separate-stderr mq ls
	assert_output q
	[[ $stderr == *"'link' is a symbolic link"* ]]
}

@test "links in a queue are not followed: advice, policy, records, directories, the drop box" {
	mq init q attempts=1
	mq push -q q -m x
	rm "$MQ_SPOOL/q/counters"
	ln -s "$PWD/victim" "$MQ_SPOOL/q/counters"
	mq push -q q -m y
	assert [ ! -e victim ]
	echo short >victim
	run -1 mq fsck q
	assert_output --partial "bad-counters"
	run -0 mq fsck q --repair
	assert_equal "$(cat victim)" short
	rm -f "$MQ_SPOOL/q/counters"
	mq push -q q -m z
	ln -s /etc/passwd "$MQ_SPOOL/q/new/link"
	assert_equal "$(mq pop q -n 9 -l | tr '\n' ,)" x,y,z,
	assert [ -L "$MQ_SPOOL/q/new/link" ]
	mq push -q q -m dead
	mq nack q "$(mq claim q)" --reason why
	f=$(find "$MQ_SPOOL/q/failures" -type f)
	mv "$f" record
	ln -s "$PWD/record" "$f"
	run -0 mq peek -i q "$(id q dead)"
	refute_output --partial "Failure:"
	mv "$MQ_SPOOL/q/dead" elsewhere
	ln -s "$PWD/elsewhere" "$MQ_SPOOL/q/dead"
	run ! mq ls q --state dead
	rm -f "$MQ_SPOOL/q/queue.conf"
	echo 'paused = all' >mine.conf
	ln -s "$PWD/mine.conf" "$MQ_SPOOL/q/queue.conf"
	run ! mq push q -m x
	refute_output --partial paused
}

@test "a message that may not be read does not stand before the others" {
	need_root
	for n in 1 2 3 4; do mq push -q q -m "$n"; done
	find "$MQ_SPOOL" -type d -exec chmod 777 {} +
	find "$MQ_SPOOL/q" -type f -exec chmod 666 {} +
	find "$MQ_SPOOL/q/ready" -type f | sort | head -n 2 | xargs chmod 600
	run -0 --separate-stderr as_nobody mq pop q
	assert_output 3
	run -0 as_nobody mq claim q
	run -77 as_nobody mq pop q
	assert_counts q "ready=2 claimed=1"
}
