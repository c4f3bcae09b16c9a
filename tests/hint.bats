#!/usr/bin/env bats
# hint.bats: one-shot commands go to their bucket without listing all of them, and a hint that is wrong costs nothing but a look

load helper

# A queue with so many ready buckets, the first with three messages, the others with one, whose hints are there.
many() {
	local i key
	mq init q
	for i in $(seq "$1"); do
		key=20260101T$(printf '%02d%02d%02d' $((i / 3600)) $((i / 60 % 60)) $((i % 60))).000000Z
		mkdir "$MQ_SPOOL/q/ready/5.$key"
		printf '%05d' "$i" >"$MQ_SPOOL/q/ready/5.$key/$key,019aa3c4-7d52-7a1b-9c40-0000000$(printf %05d "$i"),s5"
	done
	for i in 1 2; do
		printf 0000$i >"$MQ_SPOOL/q/ready/5.20260101T000001.000000Z/20260101T000001.00000${i}Z,019aa3c4-7d52-7a1b-9c40-00000008000$i,s5"
	done
	sleep 0.4
	mq push -q q -m last
	mq claim q >first
}

# entries COMMAND...: names that it read from directories
entries() {
	strace -f -qq -e trace=getdents64 -o trace "$@" >out || return
	sed -n 's/.* \([0-9]*\) entries .*/\1/p' trace | awk '{ n += $1 } END { print n + 0 }'
}

@test "push, pop, claim and ack look at some names, however many buckets there are" {
	need_strace
	many 300
	for command in "mq push -q q -m x" "mq claim q" "mq push -q q -m y" "mq claim q" "mq ack q $(cat first)"; do
		n=$(entries $command)
		[ "$n" -lt 100 ] || { echo "$command reads $n names"; return 1; }
	done
	# What changes the directory is noticed: the next one lists it.
	mkdir "$MQ_SPOOL/q/ready/5.20260101T120000.000000Z"
	[ "$(entries mq claim q)" -gt 300 ]
}

@test "a more urgent message, and an older one that another program put there, are next" {
	many 3
	mq push -q q -p 0 -m urgent
	assert_equal "$(mq pop q)" urgent
	sleep 0.4
	mq pop -n 3 -l q
	key=20250101T000000.000000Z
	mkdir "$MQ_SPOOL/q/ready/5.$key"
	printf older >"$MQ_SPOOL/q/ready/5.$key/$key,019aa3c4-7d52-7a1b-9c40-000000090000,s5"
	assert_equal "$(mq pop q)" older
	assert_equal "$(mq pop q)" 00003
	assert_equal "$(mq pop q)" last
	run -1 mq pop q
}

@test "hints that are junk, or of another time, lose nothing" {
	many 5
	dd if=/dev/urandom of="$MQ_SPOOL/q/counters" bs=1 seek=2000 count=2096 conv=notrunc status=none
	assert_equal "$(mq pop q)" 00001
	sleep 0.4
	mq push -q q -m more
	mq pop -n 2 -l q
	# The directory changes, and its time says that it did not.
	touch -r "$MQ_SPOOL/q/ready" then
	rm -r "$MQ_SPOOL/q/ready/5.20260101T000004.000000Z"
	mkdir "$MQ_SPOOL/q/ready/5.20260101T000003.500000Z"
	printf old >"$MQ_SPOOL/q/ready/5.20260101T000003.500000Z/20260101T000003.500000Z,019aa3c4-7d52-7a1b-9c40-000000090000,s3"
	mq push -q q -p 7 -m less
	touch -r then "$MQ_SPOOL/q/ready"
	assert_equal "$(mq pop -n 9 -l q | sort | tr '\n' ' ')" "00003 00005 last less more old "
	run -1 mq pop q
	mq fsck q
}

# forge N [KEY]: hints that pass their own check, of the present time, for all three states; sha and FNV are no secrets
forge() {
	python3 - "$MQ_SPOOL/q" "$@" <<-'END'
		import os, struct, sys
		q, n = sys.argv[1], int(sys.argv[2])
		key = int(sys.argv[3]) if len(sys.argv) > 3 else 0
		with open(q + "/counters", "r+b") as f:
		    page = bytearray(f.read())
		    words = 2 + 10 * 5 + 1
		    for i, state in enumerate(("ready", "delayed", "claimed")):
		        st = os.stat(f"{q}/{state}")
		        seen = struct.pack("=qQ", st.st_ctime_ns, st.st_ino) + struct.pack("=qqqIIq", key, key, key, 0, 0, n) * 10
		        h = 0xcbf29ce484222325
		        for byte in seen:
		            h = (h ^ byte) * 0x100000001b3 % 2 ** 64
		        at = 32 + 64 + 64 * 40 + i * words * 8
		        page[at:at + words * 8] = seen + struct.pack("=Q", h)
		    f.seek(0)
		    f.write(page)
	END
}

@test "hints that somebody forged are not believed, and cost no more than a look" {
	mq init q backoff=0s
	for forged in "-1" "-9223372036854775808" "9223372036854775807" "5" "1 -5" "2 9223372036854775807" "0"; do
		for i in 1 2 3; do mq push -q q -m x; done
		forge $forged
		h=$(mq claim q)
		forge $forged
		mq nack q "$h"
		forge $forged
		assert_equal "$(mq pop -n 3 -l q | wc -l)" 3
		forge $forged
		run -1 mq pop q
	done
}

@test "the forged hints are where hints are: one that holds is used" {
	need_strace
	mq init q
	mq push -q q -m x
	sleep 0.4
	key=$(find "$MQ_SPOOL/q/ready" -mindepth 1 -name '5.*' -printf '%f')
	cp "$MQ_SPOOL/q/counters" before
	forge 1 $(($(date -d "$(sed -E 's/^5\.(....)(..)(..)T(..)(..)(..).*/\1-\2-\3T\4:\5:\6Z/' <<<"$key")" +%s) * 1000000 + 10#${key:18:6}))
	strace -f -qq -e trace=openat,getdents64 -o trace mq push -q q -m y
	run ! grep getdents64 trace
}

@test "buckets of a class that does not belong there are seen all the same" {
	mq init q backoff=0s
	mq push -q q -m first
	mq push -q q -d 4 -m due	# longer than a loaded machine takes for what comes before
	bucket=$(cd "$MQ_SPOOL/q/delayed" && find . -mindepth 2 -type f -printf '%h')
	mv "$MQ_SPOOL/q/delayed/$bucket" "$MQ_SPOOL/q/delayed/5.${bucket#./}"
	mkdir "$MQ_SPOOL/q/delayed/${bucket#./}"
	mq push -q q -m dead
	for h in $(mq claim q) $(mq claim q); do mq nack q --dead "$h"; done
	sleep 0.4
	mq push -q q -m x
	mq pop q
	mv "$MQ_SPOOL/q/dead/"* "$MQ_SPOOL/q/ready/"
	mq push -q q -m y
	sleep 4
	mq push -q q -m z
	assert_equal "$(for i in 1 2 3 4 5; do mq pop -l q; done | sort | tr '\n' ' ')" "dead due first y z "
}

@test "who only looks makes no counters" {
	mq init q
	rm -f "$MQ_SPOOL/q/counters"
	mq ls q
	run -1 mq wait q --ready --timeout 1ms
	run -1 mq peek q
	assert [ ! -e "$MQ_SPOOL/q/counters" ]
}

# soon SECONDS: a time key so far from now
soon() {
	date -u -d "@$(awk -v now="$EPOCHREALTIME" -v s="$1" 'BEGIN { printf "%.6f", now + s }')" +%Y%m%dT%H%M%S.%6NZ
}

@test "what is due in the third bucket, or lapses there, comes back in time, also if a hint was taken before" {
	mq init q backoff=0s
	mq push -q q -d 10m -m later
	for i in 1 2 3; do
		key=$(soon 4.$((5 + i)))
		mkdir "$MQ_SPOOL/q/delayed/$key" "$MQ_SPOOL/q/claimed/$key"
		printf "due$i" >"$MQ_SPOOL/q/delayed/$key/$key,019aa3c4-7d52-7a1b-9c40-00000000001$i,s4"
		printf "was$i" >"$MQ_SPOOL/q/claimed/$key/$key,019aa3c4-7d52-7a1b-9c40-00000000002$i,s4,d1,c000000000000000$i,t1000"
	done
	sleep 0.4
	run -1 mq pop q
	run -1 mq pop q
	sleep 5
	assert_equal "$(mq pop -n 9 -l q | sort | tr '\n' ' ')" "due1 due2 due3 was1 was2 was3 "
	assert_counts q delayed=1
}

@test "a delayed or claimed message among a million costs a look at one bucket" {
	need_strace
	mq init q
	for i in $(seq 300); do
		mkdir "$MQ_SPOOL/q/delayed/$(soon "$((600 + i))")" "$MQ_SPOOL/q/claimed/$(soon "$((100 + i / 2)).$i")"
	done
	sleep 0.4
	for i in 1 2 3; do mq push -q q -m x; done
	mq pop q	# it takes empty buckets away
	sleep 0.4
	mq pop q
	[ "$(entries mq pop q)" -lt 100 ]
}

# ---- new/ ----

# drop N: so many files in new/
drop() {
	python3 -c '
import sys
for i in range(int(sys.argv[2])):
    open(f"{sys.argv[1]}/f{i:07}", "w").close()' "$MQ_SPOOL/q/new" "$1"
}

@test "however many files lie in new/, whoever looks at them reads the directory once (A7)" {
	need_strace
	mq init q
	drop 20000
	mq config q >/dev/null
	for command in "mq stat q" "mq ls q --ids" "mq check q" "mq wait q --ready --timeout 1m" "mq pop q"; do
		n=$(entries $command)
		[ "$n" -lt 30000 ] || { echo "$command reads $n names"; return 1; }
	done
	assert_equal "$(mq ls q --ids | sort -u | wc -l)" 19999
	mq init q max_messages=30000
	n=$(entries mq push -q q -m x)
	[ "$n" -lt 40000 ] || { echo "push reads $n names"; return 1; }
	n=$(entries mq peek q "$(id q ready | tail -n 1)")
	[ "$n" -lt 50000 ] || { echo "peek reads $n names"; return 1; }
}

@test "what arrived is adopted in its order, however many files there are (A7)" {
	mq init q
	drop 5000
	# Those that came first come first, whatever their names are, and the rest by their names.
	mv "$MQ_SPOOL/q/new/f0004999" "$MQ_SPOOL/q/new/z"
	for i in 1 2 3; do
		sleep 0.02
		printf $i >"$MQ_SPOOL/q/new/a$i"
	done
	mq ls q --ids >listed
	mq pop -n 6000 -l q >popped
	assert_equal "$(wc -l <popped)" 5003
	assert_equal "$(tail -n 3 popped)" $'1\n2\n3'
	assert_equal "$(wc -l <listed)" 5003
}

# ---- buckets ----

# biggest STATE: how many names are in the bucket that has the most
biggest() {
	find "$MQ_SPOOL/q/$1" -mindepth 2 -printf '%h\n' | sort | uniq -c | sort -n | awk 'END { print $1 + 0 }'
}

@test "where the size of a directory says nothing about its entries, they are counted (B2)" {
	[ -z "${MQ_SAN:-}" ] || skip "SKIPPED: its preload needs a plain build"
	# The last one is of CephFS, which adds up the bodies, and of directories that never are smaller.
	for size in 0 4096 entries 1048576; do
		rm -rf "$MQ_SPOOL"
		mq init q sync=never
		DIR_SIZE=$size LD_PRELOAD=$MQ_BUILD/preload/dirsize.so mq push -q q -l < <(seq 6000)
		[ "$(biggest ready)" -lt 3500 ] || fail "$size: $(biggest ready) in one bucket"
		[ "$(biggest ready)" -gt 400 ] || fail "$size: $(biggest ready) in the fullest bucket"
		assert_equal "$(mq pop -n 7000 -l q | wc -l)" 6000
	done
	# And by one command after the other.
	rm -rf "$MQ_SPOOL"
	for i in 1 2 3 4 5; do DIR_SIZE=1048576 LD_PRELOAD=$MQ_BUILD/preload/dirsize.so mq push -q q -m x; done
	assert_equal "$(find "$MQ_SPOOL/q/ready" -mindepth 1 -maxdepth 1 | wc -l)" 1
	rm -rf "$MQ_SPOOL"
	mq push -q q -m x
	bucket=$(echo "$MQ_SPOOL"/q/ready/5.*)
	name=$(ls "$bucket")
	for i in $(seq 1200); do : >"$bucket/${name%%Z*}Z,019aa3c4-7d52-7a1b-9c40-$(printf '%012d' "$i"),s0"; done
	DIR_SIZE=0 LD_PRELOAD=$MQ_BUILD/preload/dirsize.so mq push -q q -m x
	assert_equal "$(find "$MQ_SPOOL/q/ready" -mindepth 1 -maxdepth 1 | wc -l)" 2
	# Here st_size tells: nobody lists what he puts something into.
	mq push -q q -m x
	assert_equal "$(find "$MQ_SPOOL/q/ready" -mindepth 1 -maxdepth 1 | wc -l)" 2
}

@test "the last finished bucket of a class stays, and one with a + is used where there is no other (A9)" {
	need_strace
	mq init q backoff=0s
	full="strace -qq -o trace -e trace=mkdirat -e inject=mkdirat:error=ENOSPC"
	for i in 1 2 3; do mq push -q q -m m; done
	h=$(mq claim q)
	mkdir "$MQ_SPOOL/q/delayed/+20990101T000000.000000Z"
	mq pop q
	$full mq nack q --delay 1h "$h"
	assert_counts q "ready=1 delayed=1"
	# One that somebody left half made, and nothing else.
	h=$(mq claim q)
	rm -r "$MQ_SPOOL/q/dead/"*
	mkdir "$MQ_SPOOL/q/dead/+20990101T000000.000000Z"
	$full mq nack q --dead "$h"
	assert_counts q "dead=1 delayed=1"
	assert_equal "$(find "$MQ_SPOOL/q/dead" -name '+*')" ""
	mq retry q --all
	assert_equal "$(mq pop q)" m
	mq fsck q
}

@test "a message goes past a bucket that cannot be opened into another (A2)" {
	need_strace
	mq init q
	for e in EACCES EIO ENOTDIR ELOOP; do
		mq push -q q -m m
		h=$(mq claim q)
		# The one that its key belongs to, if it could be opened.
		bad=$(soon 1800)
		mkdir "$MQ_SPOOL/q/delayed/$bad"
		strace -qq -o trace -P "$bad" -e trace=openat -e inject=openat:error=$e \
		    mq nack q --no-count --delay 1h "$h"
		grep -q INJECTED trace
		rmdir "$MQ_SPOOL/q/delayed/$bad"
	done
	assert_counts q "delayed=4"
}

@test "on a full disk a message that failed goes to a state of which a killed maker left a half bucket (A9)" {
	need_root
	unshare -m true || skip "SKIPPED: no mount namespaces here"
	cat >script <<-'END'
	mkdir small
	mount -t tmpfs -o nr_inodes=200 none small || exit 8
	export MQ_SPOOL=$PWD/small/s
	mq init q && mq push -q q -m x && mq push -q q -m y
	h=$(mq claim q)
	mkdir small/s/q/delayed/+20990101T000000.000000Z
	mq pop -q q
	i=0
	while : 2>err >small/$((i++)); do :; done
	mq nack q "$h" || exit 9
	END
	run unshare -m bash script
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount here"; fi
	[ "$status" -eq 0 ] || fail "$output"
}
