# bad_helper.bash: a private directory of helpers with bad.py as mq-engine-bad, and engines that misbehave.

# shellcheck source=tests/helper.bash
source "${BASH_SOURCE[0]%/*}/../helper.bash"

N=20

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	export MQ_SPOOL=$PWD/spool MQ_CONF=$PWD/conf MQ_ENGINE_DIR=$PWD/helpers
	mkdir helpers
	printf '#!/bin/sh\nexec python3 -BSEs %q\n' "$BATS_TEST_DIRNAME/bad.py" >helpers/mq-engine-bad
	chmod +x helpers/mq-engine-bad
}

# fresh FAULT: an empty queue, an empty engine, and @bad with this fault; where it hangs, mq waits
# for a short time, in which a loaded machine may not even start it
fresh() {
	local timeout=10s
	case $1 in
	*hang* | *mute* | stopped* | no-newline* | no-bye* | no-end* | close-output* | huge*) timeout=300ms ;;
	esac
	rm -rf spool engine out
	mkdir engine
	: >out
	printf '[engine bad]\nurl = bad://%s%s\ntimeout = %s\n' "$1" "$PWD/engine" $timeout >conf
	mq init -q jobs
}

# relay FROM TO: drain it, as often as it says that the engine is away; the statuses are in rcs
relay() {
	local i rc
	rcs=
	for i in {1..9}; do
		rc=0
		timeout 60 mq relay --drain "$1" "$2" 2>>out || rc=$?
		rcs+=" $rc"
		[ "$rc" -ne 0 ] || return 0
	done
	return 1
}

# once COMMAND...: run it, again if the machine was too slow to start the helper
once() {
	local i
	for i in {1..9}; do
		status=0
		timeout 60 "$@" 2>out || status=$?
		[ -s engine/log ] || continue
		if [ "$status" -ne 75 ] || [ -e engine/faulty ] || ! grep -q "does not answer" out; then
			break
		fi
	done
}

wrong() {
	failed+="$fault: $*"$'\n'$(tail -3 out)$'\n'
}

# until_true COMMAND...: within 30 s
until_true() {
	local deadline=$((SECONDS + 30))
	until "$@"; do
		[ $SECONDS -lt $deadline ] || return 1
		sleep 0.05
	done
}

gone() {
	! kill -0 "$1" 2>/dev/null
}
