#!/usr/bin/env bats
# deb.bats: the Debian package: built twice, checked by lintian, installed in a fresh root, its worker run there, removed.

load ../work_helper

top=$BATS_TEST_DIRNAME/../..
PATH=$PATH:/usr/sbin:/sbin

setup_file() {
	export EPOCH=1700000000
	command -v dpkg-deb dpkg-shlibdeps >/dev/null || return 0
	# Two trees, as the tests write nowhere else.
	for tree in one two; do
		mkdir -p "$BATS_FILE_TMPDIR/$tree"
		tar -C "$top" --exclude=./build --exclude=./.git -cf - . | tar -C "$BATS_FILE_TMPDIR/$tree" -xf - || return
		SOURCE_DATE_EPOCH=$EPOCH make -s -C "$BATS_FILE_TMPDIR/$tree" -j2 deb || return
	done
	DEB=$(echo "$BATS_FILE_TMPDIR"/one/build/mq_*.deb)
	export DEB
}

setup() {
	common_setup
	[ -n "${DEB:-}" ] || skip "SKIPPED: needs dpkg-deb and dpkg-shlibdeps"
	root=$BATS_FILE_TMPDIR/root
}

teardown() {
	common_teardown
}

# The Debian that this machine is installed from, from where apt gets it.
fresh_root() {
	local codename uri
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root"
	command -v debootstrap >/dev/null || skip "SKIPPED: needs debootstrap"
	codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
	uri=$(apt-get indextargets --format '$(CODENAME) $(COMPONENT) $(REPO_URI)' "Created-By: Packages" |
	    awk -v c="$codename" '$1 == c && $2 == "main" { print $3; exit }')
	[ -n "$uri" ] || skip "SKIPPED: apt knows no mirror of $codename"
	rm -rf "$root"
	debootstrap --variant=minbase "$codename" "$root" "$uri" >debootstrap.log 2>&1 || {
		tail -n 5 debootstrap.log >&2
		return 1
	}
}

in_root() {
	chroot "$root" env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C "$@"
}

as_mq() {
	chroot --userspec=mq:mq "$root" env -i PATH=/usr/bin:/bin LC_ALL=C "$@"
}

# What is there and outlives the next start, but for what dpkg and adduser keep for themselves.
files() {
	(cd "$root" && find . \( -path ./proc -o -path ./run -o -path ./var/lib/dpkg -o -path ./var/log -o -path ./var/cache \) -prune -o \
	    ! -path './etc/passwd*' ! -path './etc/group*' ! -path './etc/shadow*' ! -path './etc/gshadow*' \
	    ! -path './etc/sub[ug]id*' ! -path ./etc/.pwd.lock -printf '%p %M %u %g %l\n') | sort
}

# unit KEY: from the worker's unit as it was installed
unit() {
	sed -n "s/^$1=//p" "$root/lib/systemd/system/mq-work@.service"
}

install_it() {
	cp "$DEB" "$root/mq.deb"
	in_root DEBIAN_FRONTEND=noninteractive dpkg -i /mq.deb >>dpkg.log 2>&1 || { cat dpkg.log >&2; return 1; }
	rm "$root/mq.deb"
}

@test "the same tree gives the same bytes" {
	cmp "$BATS_FILE_TMPDIR"/one/build/mq_*.deb "$BATS_FILE_TMPDIR"/two/build/mq_*.deb
	run -0 dpkg-deb -f "$DEB" Depends
	assert_output --partial libc6
	run -0 dpkg-deb -c "$DEB"
	for file in usr/bin/mq usr/share/man/man1/mq-work.1.gz usr/share/man/man5/mq.conf.5.gz usr/share/doc/mq/copyright \
	    usr/share/doc/mq/changelog.gz usr/share/bash-completion/completions/mq usr/share/zsh/vendor-completions/_mq \
	    usr/share/fish/vendor_completions.d/mq.fish lib/systemd/system/mq-work@.service lib/systemd/system/mq-fsck.timer; do
		assert_output --partial "root/root"
		assert_output --partial " ./$file"
	done
}

@test "lintian finds no error" {
	command -v lintian >/dev/null || skip "SKIPPED: needs lintian"
	run -0 lintian --allow-root --fail-on error,warning "$DEB"
	assert_output ""
}

@test "without dpkg-deb, make deb says what to do" {
	mkdir bin
	ln -s "$(command -v dirname)" "$(command -v sh)" bin
	PATH=$PWD/bin run -1 sh "$top/dist/debian/build.sh" 1
	assert_output --partial "no dpkg-deb here: on Debian, install dpkg-dev"
}

@test "in a fresh root: installed, a message handled by the worker's unit, removed without a trace" {
	fresh_root
	files >before
	install_it
	assert_equal "$(stat -c '%a' "$root/var/spool/mq") $(in_root stat -c '%U %G' /var/spool/mq)" "3770 mq mq"
	in_root sh -c 'cd / && md5sum --quiet -c /var/lib/dpkg/info/mq.md5sums'
	in_root getent passwd mq | grep -q nologin
	# None is enabled.
	[ -z "$(find "$root/etc/systemd" -name 'mq-*')" ]

	# The unit's user, environment and command line.
	assert_equal "$(unit User) $(unit Group)" "mq mq"
	in_root sh -c 'umask 077; mq init other && mq push -q other -m roots'
	as_mq HOME=/var/spool/mq mq init demo handler='touch /tmp/started; while [ ! -e /tmp/go ]; do sleep 0.1; done; cat >/tmp/got'
	cat >listen.py <<-'END'
	import os, socket, sys
	os.chdir(sys.argv[1])	# a path may have 107 bytes only
	s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
	s.bind("notify")
	os.chmod("notify", 0o666)
	while True:
	    sys.stdout.write(s.recv(65536).decode())
	    sys.stdout.flush()
	END
	bg told python3 listen.py "$root/run"
	wait_for [ -S "$root/run/notify" ]
	read -ra command <<<"$(unit ExecStart | sed 's/%i/demo/')"
	bg work chroot --userspec=mq:mq "$root" env -i PATH=/usr/bin:/bin "$(unit Environment)" NOTIFY_SOCKET=/run/notify \
	    WATCHDOG_USEC=200000 "${command[@]}"
	wait_for grep -qx READY=1 told.out
	as_mq "$(unit Environment)" mq push -q demo -m hello
	wait_for [ -e "$root/tmp/started" ]
	wait_for grep -qx "STATUS=1 running, 0 done, 0 failed" told.out
	kill -TERM "$pid"
	wait_for grep -qx STOPPING=1 told.out
	touch "$root/tmp/go"
	ended "$pid"
	assert_equal "$status $(cat "$root/tmp/got")" "0 hello"
	grep -qx WATCHDOG=1 told.out
	rm -f "$root"/tmp/started "$root"/tmp/go "$root"/tmp/got "$root/run/notify"

	# The check sees all queues, root's too.
	in_root setpriv --reuid=mq --regid=mq --clear-groups --bounding-set=-all,+dac_read_search \
	    --inh-caps=-all,+dac_read_search --ambient-caps=+dac_read_search env "$(unit Environment)" mq fsck

	# Again, over itself: what the administrator has changed stays.
	chmod 2775 "$root/var/spool/mq"
	install_it
	assert_equal "$(stat -c '%a' "$root/var/spool/mq")" 2775
	chmod 2770 "$root/var/spool/mq"

	in_root dpkg -r mq >>dpkg.log 2>&1
	run diff before <(files | grep -v '^\./var/spool/mq')
	assert_output ""
	[ -e "$root/var/spool/mq/demo/queue.conf" ]
	# What systemctl enable makes.
	mkdir -p "$root/etc/systemd/system/multi-user.target.wants"
	ln -s /lib/systemd/system/mq-work@.service "$root/etc/systemd/system/multi-user.target.wants/mq-work@demo.service"
	run -0 in_root dpkg -P mq
	assert_output --partial "messages in /var/spool/mq"
	[ -n "$(find "$root/var/spool/mq/other/ready" -type f)" ]
	install_it
	in_root mq -s /var/spool/mq pop other
	# A spool in the home of the user mq counts, too.
	as_mq sh -c 'umask 077 && mkdir -p /var/spool/mq/.local/state && mq -s /var/spool/mq/.local/state/mq push -q own -m x'
	run -0 in_root dpkg -P mq
	assert_output --partial "messages in /var/spool/mq"
	install_it
	as_mq mq -s /var/spool/mq/.local/state/mq pop own
	# What is left of messages is none: keys, subscriptions, records, turns.
	in_root sh -ec 'mq init -q other backoff=0s; mq push -q --id=key other -m x; mq push -q -k key other -m y; mq subscribe topic other; mq push -q topic -m z
	    mq claim other | xargs mq nack other; mq pop -q -l -n 9 other; mq pop -q -l -n 9 other || [ $? = 1 ]'
	[ -n "$(find "$root/var/spool/mq/other/once" -name .synced)" ]
	[ -e "$root/var/spool/mq/topic/subscriptions/other" ]
	in_root dpkg -P mq >>dpkg.log 2>&1
	rmdir "$root/etc/systemd/system/multi-user.target.wants" "$root/etc/systemd/system" "$root/etc/systemd" || true
	run diff before <(files)
	assert_output ""
	run -0 in_root getent passwd mq
	run -0 in_root dpkg --audit
	assert_output ""
}
