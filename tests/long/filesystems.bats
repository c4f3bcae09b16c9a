#!/usr/bin/env bats
# filesystems.bats: on each file system, filled to the last byte and the last inode: claims, acks, nacks and
# dead letters go on, and the queue is drained to the last message.  As root, in a mount namespace of its own.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
load ../prove

setup() {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root to mount"
	unshare -m true || skip "SKIPPED: no mount namespaces here"
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_CONF=$BATS_TEST_TMPDIR/no.conf
}

# on MOUNT-SCRIPT: drain a full one; the script mounts it at ./m, exit 8: it cannot be had here
on() {
	mkdir -p m
	{ echo "{ $1; } >mount.log 2>&1 || { cat mount.log; exit 8; }"; cat "$BATS_TEST_DIRNAME/drain.sh"; } >script
	run unshare -m bash script
	echo "$output"
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount it here: ${output%%$'\n'*}"; fi
	assert_equal "$status $(grep FAILED <<<"$output" || true)" "0 "
	proved "$BATS_TEST_DESCRIPTION: full, $(grep -o 'drained .*' <<<"$output"): 0 lost"
}

@test "tmpfs" {
	on 'mount -t tmpfs -o size=2m none m'
}

@test "tmpfs without inodes" {
	on 'mount -t tmpfs -o size=20m,nr_inodes=300 none m'
}

@test "ext4" {
	on 'truncate -s 16M img && mkfs.ext4 -q -m 0 img && mount -o loop img m'
}

@test "ext4 without inodes" {
	on 'truncate -s 64M img && mkfs.ext4 -q -N 400 img && mount -o loop img m'
}

@test "xfs" {
	on 'truncate -s 320M img && mkfs.xfs -q img && mount -o loop img m && head -c 230M /dev/zero >m/pad'
}

# Bodies of 20,000 bytes: smaller ones lie in the metadata, and once these are full btrfs refuses every rename.
@test "btrfs" {
	on 'size=20000; truncate -s 300M img && mkfs.btrfs -q img && mount -o loop img m && { head -c 100M /dev/urandom >m/pad || true; }'
}

# At its quota btrfs refuses every rename (and so mq(1) says it): that must not look like an empty queue, and once rm has
# made room the rest is drained.
@test "btrfs at its quota" {
	cat >script <<-'END'
	{ mkdir m && truncate -s 300M img && mkfs.btrfs -q img && mount -o loop img m && btrfs quota enable m && btrfs subvolume create m/s &&
	    btrfs qgroup limit 16M m/s && umount m && mount -o loop,subvol=s img m; } >mount.log 2>&1 || { cat mount.log; exit 8; }
	fail() { echo "FAILED: $*"; exit 9; }
	export MQ_SPOOL=$PWD/m/spool
	n=0
	head -c 20000 /dev/urandom >body
	for text in "$(base64 -w 0 body)" more; do
		while mq push -q q -m "$text" 2>err; do n=$((n + 1)); [ $n -lt 30000 ] || fail "it never fills"; done
		grep -q quota err || fail "push: $(cat err)"
	done
	[ "$(mq ls q --ids | wc -l)" -eq $n ] || fail "ls"
	while mq claim q >handle 2>err; [ $? -ne 0 ]; do
		grep -q quota err || fail "claim: $(cat err)"
		mq rm -q q "$(mq ls q --ids -n 1)" && n=$((n - 1)) || fail rm
		[ $n -gt 300 ] || fail "rm makes no room"
	done
	mq ack q "$(cat handle)" || fail ack
	k=1
	while mq pop q -0 >>popped; do k=$((k + 1)); done
	[ $k -eq $n ] || fail "drained $k of $n"
	END
	run unshare -m bash script
	echo "$output"
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount it here: ${output%%$'\n'*}"; fi
	assert_equal "$status $(grep FAILED <<<"$output" || true)" "0 "
	proved "$BATS_TEST_DESCRIPTION: drained once rm had made room: 0 lost"
}

@test "overlayfs over tmpfs" {
	on 'mkdir t && mount -t tmpfs -o size=2m none t && mkdir t/u t/w t/l && mount -t overlay -o lowerdir=t/l,upperdir=t/u,workdir=t/w none m'
}

@test "read only: 74 or 73 and nothing lost; looking goes on" {
	cat >script <<-'END'
	mkdir -p m && mount -t tmpfs none m || exit 8
	export MQ_SPOOL=$PWD/m/spool
	mq push -q q -m x
	mount -o remount,ro m || exit 8
	mq push q -m y; [ $? -eq 73 ] || exit 1
	mq pop q; [ $? -eq 74 ] || exit 2
	[ "$(mq peek q)" = x ] && [ "$(mq ls q --ids | wc -l)" = 1 ] && mq stat q || exit 3
	mount -o remount,rw m
	[ "$(mq pop q)" = x ] || exit 4
	END
	run unshare -m bash script
	if [ "$status" -eq 8 ]; then skip "SKIPPED: cannot mount here"; fi
	assert_equal "$status" 0
}
