#!/bin/sh
# deps.sh [dev|engines|long]: install what the build, the demo and the tests need beyond make and git; with "dev" also what
# lint and the completion tests need, with "engines" the libraries of all helpers and the larger servers, with "long" what
# "make check-long" needs.  Says one line and does nothing when nothing is
# missing.
# Where only something that the tests need cannot be had, it says so and succeeds: build and demo work.
#
# What counts is what works, not which package it came from: each need is
# probed for (a program, a header, a bats library), and only then does a
# package name matter, and that only where there is apt-get.

set -u

CC=${CC:-cc}
case $CC in
cc)	command -v cc >/dev/null 2>&1 || CC=gcc ;;
esac

has() { command -v "$1" >/dev/null 2>&1; }

has_sbin() { PATH=$PATH:/usr/sbin:/sbin has "$1"; }

has_compiler() { $CC --version >/dev/null 2>&1; }

has_pc() { has pkg-config && pkg-config --exists "$1"; }

has_venv() { python3 -c 'import venv, ensurepip' 2>/dev/null; }

# Not every inih has a .pc file, so ask the compiler for its header.
has_header() {
	printf '#include <%s>\n' "$1" | $CC -E -o /dev/null -x c - 2>/dev/null
}

# bats' own bats_load_library is only there from 1.8 on.  Look where it does.
has_batslib() {
	_ifs=$IFS
	IFS=:
	for _dir in ${BATS_LIB_PATH:-} /usr/lib/bats /usr/local/lib/bats \
	    /usr/lib /usr/local/lib; do
		if [ -e "$_dir/$1/load.bash" ]; then
			IFS=$_ifs
			return 0
		fi
	done
	IFS=$_ifs
	return 1
}

# The suites load libraries in the way of bats 1.7; 1.8 is the oldest that they are run with.
has_bats() {
	case $(bats --version 2>/dev/null) in
	'' | *' 0.'* | *' 1.'[0-7] | *' 1.'[0-7].*) return 1 ;;
	esac
}

# need PACKAGE WHAT PROBE...: note PACKAGE as missing unless PROBE succeeds.
# "vital" is what build and demo cannot do without.
missing='' what='' vital='' part=vital
need() {
	_package=$1 _what=$2
	shift 2
	"$@" && return
	missing="$missing $_package"
	what="$what
  $_what (Debian: $_package)"
	[ "$part" != vital ] || vital=1
}

probe() {
	missing='' what='' vital='' part=vital
	# Without a compiler no header can be found, so those below count as missing, too.
	need gcc		"a C compiler"			has_compiler
	need libc6-dev		"libc's headers"		has_header stdio.h
	need pkg-config		"pkg-config"			has pkg-config
	need libbsd-dev		"libbsd, its headers and libbsd-overlay.pc" \
	    has_pc libbsd-overlay
	need libinih-dev	"inih (libinih and ini.h)"	has_header ini.h
	need libjansson-dev	"jansson (libjansson and jansson.h)"	has_header jansson.h
	part=tests
	need bats		"bats-core 1.8 or newer"	has_bats
	need bats-support	"bats-support"	has_batslib bats-support
	need bats-assert	"bats-assert"	has_batslib bats-assert
	need jq			"jq"				has jq
	need python3		"python3"			has python3
	need strace		"strace"			has strace
	need tmux		"tmux"				has tmux
	need libssl-dev		"OpenSSL, for mq-engine-redis"	has_pc openssl
	need libnats-dev	"libnats, for mq-engine-nats"	has_pc libnats
	need libcurl4-openssl-dev	"libcurl, for mq-engine-sqs and -pubsub"	has_pc libcurl
	need redis-server	"redis-server"			has_sbin redis-server
	need nats-server	"nats-server"			has_sbin nats-server
	need beanstalkd		"beanstalkd"			has_sbin beanstalkd
	need openssl		"openssl"			has openssl
	[ "$1" != base ] || return 0
	if [ "$1" = engines ]; then
		need librabbitmq-dev	"librabbitmq, for mq-engine-amqp"	has_pc librabbitmq
		need librdkafka-dev	"librdkafka, for mq-engine-kafka"	has_pc rdkafka
		need rabbitmq-server	"rabbitmq-server"	has_sbin rabbitmq-server
		need amqp-tools		"amqp-get"		has amqp-get
		need kcat		"kcat"			has kcat
		need default-jre-headless	"java"		has java
		need maven		"mvn, which fetches Kafka"	has mvn
		need python3-venv	"python3's venv"	has_venv
		return 0
	fi
	need cppcheck		"cppcheck"			has cppcheck
	need clang		"clang"				has clang
	need clang-tidy		"clang-tidy"			has clang-tidy
	need shellcheck		"shellcheck"			has shellcheck
	need mandoc		"mandoc"			has mandoc
	need zsh		"zsh"				has zsh
	need fish		"fish"				has fish
	[ "$1" = long ] || return 0
	need openssh-server	"sshd"				has_sbin sshd
	need openssh-client	"ssh"				has ssh
	need valgrind		"valgrind"			has valgrind
	need faketime		"faketime"			has faketime
	need prometheus		"promtool"			has promtool
	need spin		"spin"				has spin
	need xfsprogs		"mkfs.xfs"			has mkfs.xfs
	need btrfs-progs	"mkfs.btrfs"			has mkfs.btrfs
	need user-mode-linux	"User Mode Linux, for NFS"	has linux.uml
	need nfs-kernel-server	"exportfs, for the guest"	has_sbin exportfs
	need kmod		"modprobe, for the guest"	has_sbin modprobe
	need iproute2		"ip, for the guest"		has_sbin ip
	need dpkg-dev		"dpkg-shlibdeps"		has dpkg-shlibdeps
	need lintian		"lintian"			has lintian
	need debootstrap	"debootstrap"			has_sbin debootstrap
}

set_=${1:-base}
case $set_ in
base | dev | engines | long) ;;
*)	echo "usage: deps.sh [dev|engines|long]" >&2; exit 64 ;;
esac

case $CC in
cc | gcc) ;;
*)	# Which package has the compiler that somebody asked for is not known.
	if ! has_compiler; then
		echo "deps: no C compiler here: please install $CC" >&2
		exit 1
	fi ;;
esac

probe "$set_"
if [ -z "$missing" ]; then
	echo "deps: nothing is missing"
	exit 0
fi

if ! has apt-get; then
	echo "deps: there is no apt-get here; please install:$what" >&2
	exit 1
fi

root=
if [ "$(id -u)" -ne 0 ]; then
	if ! has sudo; then
		echo "deps: neither root nor sudo; as root, please run:" >&2
		echo "  apt-get install --no-install-recommends$missing" >&2
		exit 1
	fi
	root=sudo
fi

# A server that is installed for the tests is not to be started as a service: the suites start their own, on loopback.
policy=/usr/sbin/policy-rc.d
quiet() {
	[ ! -e $policy ] || return 0
	printf '#!/bin/sh\nexit 101\n' | $root sh -c "cat >$policy && chmod 755 $policy" || return 0
	trap '$root rm -f $policy' EXIT
}
case $missing in
*-server* | *beanstalkd*) quiet ;;
esac

echo "deps: installing$missing"
# "env" because sudo drops the environment.  A stale or partly failing package
# list is no reason to stop: the install says whether it was good enough.
$root env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
	echo "deps: apt-get update failed; trying with the lists there are" >&2
install() {
	$root env DEBIAN_FRONTEND=noninteractive apt-get -qq -y -o Dpkg::Use-Pty=0 install --no-install-recommends "$@"
}
# shellcheck disable=SC2086 # a list of words
install $missing || {
	# One package that is not to be had keeps apt-get from installing any: then each on its own.
	echo "deps: not all at once; one after the other" >&2
	for package in $missing; do
		install "$package" || echo "deps: apt-get could not install $package" >&2
	done
}

probe "$set_"
if [ -n "$vital" ]; then
	echo "deps: still not there:$what" >&2
	exit 1
fi
if [ -n "$missing" ]; then
	echo "deps: mq can be built and \"make demo\" works, but not all tests and linters run without these:$what" >&2
	exit 0
fi
echo "deps: done"
