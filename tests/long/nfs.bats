#!/usr/bin/env bats
# nfs.bats: over NFS 4.2, with a server and two clients of it in one User Mode Linux: full, drained to the last message;
# competing consumers on both clients, with the server restarted in between.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert
load ../prove

setup() {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root"
	for program in linux.uml exportfs rpc.nfsd modprobe ip; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$program" || skip "SKIPPED: no $program here"
	done
	cd "$BATS_TEST_TMPDIR" || return
}

# guest SIZE: run stdin in a guest in which m and n are two clients' mounts of a server's tmpfs of that size
guest() {
	cat >script
	cat >init <<-END
		#!/bin/bash
		exec >/dev/console 2>&1 </dev/null
		export PATH=${MQ_BIN%/*}:/usr/sbin:/usr/bin:/sbin:/bin MQ_CONF=/dev/null TMPDIR=/run
		mount -t proc proc /proc
		mount -t sysfs sys /sys
		for dir in /run /var/lib/nfs; do mount -t tmpfs none \$dir; done
		mkdir -p /run/modules/lib /run/export /run/home/m /run/home/n /var/lib/nfs/v4recovery
		touch /var/lib/nfs/etab /var/lib/nfs/rmtab
		ln -s /usr/lib/uml/modules /run/modules/lib/modules
		ip link set lo up
		cd /run/home
		start_server() { rpc.nfsd -N 3 -V 4 4; }
		modprobe -d /run/modules nfsd && modprobe -d /run/modules nfsv4 && mount -t nfsd none /proc/fs/nfsd &&
		    mount -t tmpfs -o size=$1 none /run/export &&
		    exportfs -o rw,no_root_squash,fsid=0,insecure,no_subtree_check 127.0.0.1:/run/export &&
		    rpc.mountd -N 3 2>/dev/null && start_server && mount -t nfs4 127.0.0.1:/ m && mount -t nfs4 -o nosharecache 127.0.0.1:/ n
		if [ \$? -eq 0 ]; then
			(. $PWD/script)
			echo "guest: exit \$?"
		fi
		echo o >/proc/sysrq-trigger
		sleep 9
	END
	chmod 755 init
	timeout 600 linux.uml mem=512M root=none rootfstype=hostfs rootflags=/ ro init="$PWD/init" con=null con0=null,fd:1 quiet \
	    </dev/null 2>&1 | tr -d '\r' >console || true
	cat console
	grep -q 'guest: exit' console || skip "SKIPPED: no NFS in the guest"
	assert_equal "$(grep -e '^guest: exit' -e '^FAILED' console)" "guest: exit 0"
}

@test "a full NFS server: drained to the last message" {
	guest 2m <"$BATS_TEST_DIRNAME/drain.sh"
	proved "NFS: full, $(grep -oE 'drained [1-9][0-9]+ messages' console): 0 lost"
}

@test "two clients and a server that restarts: each message once" {
	guest 200m <<-'END'
		mq -s m/spool init q
		for client in m n; do
			(for i in $(seq 60); do mq -s $client/spool push -q q -m "$client$i" || echo "FAILED: push"; done) &
			for k in 1 2; do
				(idle=0
				while [ $idle -lt 60 ]; do
					mq -s $client/spool pop -l q >>got.$client$k 2>err.$client$k
					case $? in
					0) ;;
					1) idle=$((idle + 1)); sleep 0.1 ;;
					*) echo "FAILED: pop: $(cat err.$client$k)"; exit ;;
					esac
				done) &
			done
		done
		sleep 1
		rpc.nfsd 0 && start_server || echo "FAILED: restart"
		for job in $(jobs -p); do wait $job; done
		for f in got.*; do [ -s $f ] || echo "FAILED: $f took nothing"; done
		[ "$(cat got.* | sort | uniq -d | wc -l) $(sort -u got.* | wc -l)" = "0 120" ] || echo "FAILED: $(cat got.* | sort | uniq -c | sort -n | tail -n 3)"
		mq -s n/spool fsck q || echo "FAILED: fsck"
	END
	proved "NFS: 120 messages through two clients and a restart of the server: 0 lost or doubled"
}
