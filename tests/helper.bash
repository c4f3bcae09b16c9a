# helper.bash: for the suites of single verbs: a fresh spool, and short ways to look into it.

bats_require_minimum_version 1.5.0
bats_load_library bats-support
bats_load_library bats-assert

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >no.conf
	export MQ_SPOOL=$BATS_TEST_TMPDIR/spool MQ_CONF=$BATS_TEST_TMPDIR/no.conf
	unset XDG_CONFIG_HOME XDG_STATE_HOME
}

# count QUEUE STATE: files in the state's buckets; says what ls(1) would, not what mq says
count() {
	find "$MQ_SPOOL/$1/$2" -mindepth 2 -type f | wc -l
}

# assert_counts QUEUE "STATE=N ...": the states that are not named are empty
assert_counts() {
	local state want have=
	for state in ready delayed claimed held dead "done"; do
		want=0
		case " $2 " in
		*" $state="*) want=${2##*"$state="} want=${want%% *} ;;
		esac
		[ "$(count "$1" "$state")" -eq "$want" ] || have+="$state: $(count "$1" "$state"), not $want; "
	done
	assert_equal "$have" ""
}

# id QUEUE STATE: of the first message
id() {
	mq ls "$1" --state "$2" --ids -n 1
}

# json QUEUE FILTER: over the objects of all its messages
json() {
	mq ls "$1" --json >json.out && jq -r "$2" <json.out
}

# as_nobody COMMAND...: as a user who owns nothing, but may come as far as our directory
as_nobody() {
	local dir=$BATS_TEST_TMPDIR
	while [ -O "$dir" ] && [ "$dir" != / ] && [ "$dir" != /tmp ]; do
		chmod o+x "$dir"
		dir=$(dirname "$dir")
	done
	MQ_CONF=/nonexistent HOME=/ setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
}

need_root() {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root to be another user"
}

# shellcheck source=tests/prove.bash
source "${BASH_SOURCE[0]%/*}/prove.bash"
# shellcheck source=tests/inject_helper.bash
source "${BASH_SOURCE[0]%/*}/inject_helper.bash"
