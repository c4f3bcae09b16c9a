#!/usr/bin/env bats
# top.bats: mq top in a real terminal: a tmux of our own, whose screen is looked at.
# What the screens looked like stays in $MQ_BUILD/screens.
# shellcheck disable=SC2016 # what runs in the terminal expands its own variables

load helper
load work_helper

setup() {
	common_setup
	unset TMUX NO_COLOR COLUMNS LINES PAGER
	pid='' terminals=1
}

teardown() {
	close_terminal 2>/dev/null || true
	common_teardown
}

# A path that is relative: that of a socket must be short.
tm() {
	tmux -S "tmux.$terminals" -f /dev/null "$@"
}

# The next one has a server of its own: this one may still be about to end.
close_terminal() {
	tm kill-server
	terminals=$((terminals + 1))
}

# terminal COLUMNS ROWS COMMAND...: what it was set to before and after is in before and after; its exit
# status in status; mq itself in pid.
terminal() {
	local size=(-x "$1" -y "$2")
	shift 2
	printf 'stty -g >before; echo in front; sh -c '\''echo $$ >pid; exec "$@"'\'' sh %s; echo $? >status.new
		stty -g >after; mv status.new status; echo behind; exec cat\n' "$*" >run.sh
	TERM=screen tm new-session -d "${size[@]}" "sh run.sh 2>err"
	tm set-option -g default-terminal screen
}

screen() {
	tm capture-pane -p >screen.txt
}

# A line that matches each of these.
shows() {
	local pattern
	screen || return
	for pattern; do
		grep -Eq -- "$pattern" screen.txt || return
	done
}

wait_shows() {
	wait_for shows "$@" || { cat screen.txt >&2; return 1; }
}

hidden() {
	screen && ! grep -Eq -- "$1" screen.txt
}

keys() {
	tm send-keys "$@"
}

keep_screen() {
	mkdir -p "$MQ_BUILD/screens"
	screen
	cp screen.txt "$MQ_BUILD/screens/$1.txt"
}

# quit: with the terminal as it was, and the shell's own screen.
restored() {
	wait_for test -s status
	cmp before after
	wait_for shows '^in front' '^behind'
	assert_equal "$(tm display-message -p '#{alternate_on} #{cursor_flag}')" "0 1"
}

# order: the names of the queues as they stand on the screen
order() {
	screen && sed -n '/^QUEUE/,/^$/p' screen.txt | sed 1d | awk 'NF > 0 { printf "%s ", $1 }'
}

order_is() {
	[ "$(order)" = "$1" ]
}

push_some() {
	seq 12 | mq push -q -l jobs
	mq init -q mail attempts=1
	seq 5 | mq push -q -l mail
	mq bury -q mail "$(mq ls mail --ids -n 1)"
	mq push -q -d 1h mail -m later
	mq claim mail >handle
}

@test "all queues with their numbers; sorted; filtered; the screen is given back" {
	push_some
	terminal 80 24 mq top
	wait_shows '^QUEUE +READY +DELAY +CLAIM +HELD +DEAD +OLDEST' '^jobs +12 +0 +0 +0 +0' '^mail +3 +1 +1 +0 +1' \
	    '^2 queues, 0 workers +ready 15 +delayed 1 +claimed 1 +dead 1'
	keep_screen queues
	assert order_is "jobs mail "
	keys x
	wait_for order_is "mail jobs "
	keys x
	wait_for order_is "jobs mail "
	keys i
	wait_for order_is "mail jobs "
	keys d
	wait_for order_is "jobs mail "
	mq push -q -m x -- mail2
	wait_shows '^mail2 +1'
	keys / i l 2
	wait_for order_is "mail2 "
	keys Enter
	wait_for order_is "mail2 "
	keys Escape
	wait_for order_is "jobs mail mail2 "
	keys '?'
	wait_shows 'any key: back' 'choose a line'
	keep_screen help
	keys x
	wait_shows '^jobs'
	keys q
	restored
	assert_equal "$(cat status)" 0
}

@test "into a queue: states, retry, hold, bury, remove after a question" {
	push_some
	dead=$(mq dead mail --ids)
	terminal 80 24 mq top
	wait_shows '^mail'
	keys j Enter
	wait_shows '^ all +ready 3 +delayed 1 +claimed 1 +held 0 +dead 1 +done 0' "^$dead dead .*buried" 'delayed .*due in' 'claimed .*lease ends'
	keep_screen messages
	keys 5
	wait_for hidden ' ready  '
	keys r
	wait_shows "retried $dead" 'ready 4 .*dead 0'
	assert_has mail dead 0
	keys 1 End h
	wait_shows '^held ' 'ready 3 .*held 1'
	assert_has mail held 1
	keys Tab Tab Tab
	wait_shows 'no messages in this state|held 1'
	keys 1 b
	wait_shows '^buried' 'ready 2 .*dead 1'
	keys 5 x
	wait_shows '^remove message .* for good'
	keys n
	wait_shows '^not done'
	assert_has mail dead 1
	keys x y
	wait_shows '^removed' 'dead 0'
	assert_has mail dead 0
	# What others hold, or have done, is not touched.
	keys 3 r
	wait_shows 'is claimed'
	assert_has mail claimed 1
	keys q
	wait_shows '^jobs'
	keys q
	restored
}

@test "pause and resume; all dead messages retried" {
	push_some
	mq bury -q jobs --all
	terminal 80 24 mq top
	wait_shows '^jobs +0 .* 12 '
	keys R
	wait_shows 'retry all dead messages of jobs'
	keys n
	wait_shows '^not done'
	keys R y
	wait_shows 'retried 12' '^jobs +12 +0 +0 +0 +0'
	assert_has jobs ready 12
	keys z
	wait_shows '^paused jobs' '^jobs .* paused'
	run -75 mq pop jobs
	keys z
	wait_shows '^resumed jobs'
	run -0 mq pop jobs
	keys q
	restored
}

@test "a message in the pager, its foreign bytes made visible" {
	printf 'first\n\033[31mred\n' | mq push -q q -H 'Kind: report'
	export PAGER='cat >paged; echo the pager was here'
	terminal 80 24 mq top q
	wait_shows 'ready 1'
	keys Enter
	wait_shows 'the pager was here' 'Return: back'
	grep -q '^Header: Kind: report' paged
	grep -q '^first' paged
	grep -Fq '\^[[31mred' paged || grep -Fq '\033[31mred' paged
	run ! grep -q $'\033' paged
	keys Enter
	wait_shows 'ready 1' 'r:retry'
	keys q q
	restored
}

@test "workers, and what they run" {
	[ "$MQ_SAN" != valgrind ] || skip "SKIPPED: the title of a process is not to be seen under valgrind"
	seq 3 | mq push -q -l jobs
	MQ_SPOOL=$PWD/other mq push -q jobs -m x
	bg other env MQ_SPOOL="$PWD/other" mq work jobs -- sh -c ': elsewhere; sleep 1000'
	bg work mq work -j2 jobs -- sh -c ': at work; printf "\033[31m" >/dev/null; sleep 1000'
	work=$pid
	wait_for has jobs claimed 2
	terminal 120 30 mq top
	wait_shows '1 worker ' '^jobs +1 .* 1 +sh -c : at work' 'jobs: 2 running; for .*: sh -c : at work'
	keys Enter
	wait_shows "^worker $work of $(command id -un): 2 running, 0 done, 0 failed" '^  [0-9a-f-]{36} for .*: sh -c : at work'
	keep_screen workers
	screen
	assert_equal "$(grep -c ': sh -c' screen.txt)" 2
	run ! grep elsewhere screen.txt
	keys q q
	restored
}

@test "narrow and wide; resized while it runs" {
	push_some
	terminal 40 10 mq top
	wait_shows '^QUEUE +READY' '^mail +3 '
	keep_screen narrow
	run ! grep -E '.{41}' screen.txt
	keys j Enter
	wait_shows 'all +ready 3'
	tm resize-window -x 120 -y 40
	wait_shows 'all +ready 3 .*done 0' 'z:pause$'
	keys q
	wait_shows 'RUNNING' 'i:reverse$'
	tm resize-window -x 5 -y 2
	wait_for shows '^mq t'
	tm resize-window -x 300 -y 90
	wait_shows 'RUNNING' '^mail +3'
	keys q
	restored
}

@test "a queue that is removed while it is looked at; a spool that is" {
	push_some
	terminal 80 24 mq top -d 0.1s mail
	wait_shows '^ all +ready 3'
	wait_for rm -rf "$MQ_SPOOL/mail"	# its counters may be made anew meanwhile
	wait_shows "queue 'mail' was removed" '^jobs +12'
	wait_for rm -rf "$MQ_SPOOL"
	wait_for hidden '^jobs'
	keys q
	restored
}

@test "whatever ends it, the terminal is given back" {
	push_some
	for sig in INT TERM HUP QUIT SEGV ABRT BUS USR1 KILL; do
		rm -f status after pid
		terminal 80 24 mq top
		wait_shows '^jobs'
		run ! stty_same
		kill -s "$sig" "$(cat pid)"
		wait_for test -s status
		assert_equal "$sig $(cat status)" "$sig $((128 + $(kill -l "$sig")))"
		# After kill -9 that takes a moment.
		wait_for stty_same
		wait_for shows '^in front'
		# Then the shell may come first, and write what it has to say on the other screen.
		[ "$sig" = KILL ] || wait_for shows '^behind'
		assert_equal "$(tm display-message -p '#{alternate_on} #{cursor_flag}')" "0 1"
		close_terminal
	done
}

stty_same() {
	[ "$(stty -g <"$(tm display-message -p '#{pane_tty}')")" = "$(cat before)" ]
}

@test "the handlers of signals do without the second process" {
	push_some
	for sig in TERM SEGV; do
		rm -f status after pid
		terminal 80 24 mq top
		wait_shows '^jobs'
		read -r guard <"/proc/$(cat pid)/task/$(cat pid)/children" || true
		kill -KILL "${guard% }"
		kill -s "$sig" "$(cat pid)"
		restored
		close_terminal
	done
}

@test "stopped and continued" {
	push_some
	printf 'set -m\nsh -c "echo \\$\\$ >pid; exec mq top"\nstty -g >stopped\necho stopped\nread x\nfg\necho $? >status\nexec cat\n' >job.sh
	TERM=screen tm new-session -d -x 80 -y 24 'stty -g >before; sh job.sh'
	wait_shows '^jobs'
	keys C-z
	wait_shows 'stopped'
	cmp before stopped
	run ! grep -q '^jobs' screen.txt
	keys Enter
	wait_shows '^jobs' 'q:quit'
	keys q
	wait_for test -s status
	assert_equal "$(cat status)" 0
	stty_same
	close_terminal
	# By somebody who does not look after the terminal.
	rm status
	terminal 80 24 mq top
	wait_shows '^jobs'
	kill -STOP "$(cat pid)"
	tm resize-window -x 120 -y 30
	kill -CONT "$(cat pid)"
	wait_shows 'RUNNING' '^jobs'
	keys q
	restored
}

@test "a terminal that goes away ends it" {
	push_some
	terminal 80 24 mq top
	wait_shows '^jobs'
	top=$(cat pid)
	close_terminal
	wait_for not alive "$top"
}

@test "colours only where they are wanted, and nothing raw" {
	push_some
	printf 'x\033]0;title\007' >why
	mq nack mail "$(cat handle)" --reason "$(cat why)"
	terminal 100 24 mq top mail
	wait_shows '\\\^\[\]0;title|\\033\]0;title'
	assert [ "$(tm capture-pane -p -e | grep -c $'\033\[31m')" -gt 0 ]
	keys q q
	wait_for test -s status
	close_terminal
	rm status
	terminal 100 24 env NO_COLOR=1 mq top mail
	wait_shows '^ all'
	run ! grep -q $'\033\[3[0-7]m' <(tm capture-pane -p -e)
}

@test "a queue that takes long to count, beside others; where it is not UTF-8" {
	push_some
	mq init -q large
	python3 -c 'import sys; [open("%s/large/new/%d" % (sys.argv[1], n), "w").close() for n in range(20000)]' "$MQ_SPOOL"
	run -0 mq top -b -n 2 -d 0.1
	assert_equal "$(grep -c '^large +20000 ' -E <<<"$output")" 2
	terminal 80 24 env LC_ALL=C mq top -d 0.2s
	wait_shows '^large +~?20000' '^jobs +12'
	mq push -q large -m one-more
	wait_shows '^large +~?20001'
	keys j Enter
	wait_shows '^ all +ready ~?20001' 'the first 2000 of a state are listed'
	mq push -q -l large < <(seq 30)
	mq work large -n 25 -- true
	keys q
	wait_shows '^large +.* [.:=+*#-]+ '
	keys q
	restored
}

@test "a worker of several queues works on each of them" {
	[ "$MQ_SAN" != valgrind ] || skip "SKIPPED: the title of a process is not to be seen under valgrind"
	mq init -q hung
	seq 2 | mq push -q -l jobs
	bg work mq work -j3 hung jobs -- sh -c ': at work; sleep 1000'
	work=$pid
	wait_for has jobs claimed 2
	wait_for bash -c "mq top -b -n 1 jobs | grep -q '^worker $work of .*: 2 running'"
	mq top -b -n 1 >all
	grep -q '2 queues, 1 worker ' all
	grep -Eq '^hung .* 1$' all
	grep -Eq '^jobs .* 1 +sh -c : at work' all
	mq top -b -n 1 hung >hung
	grep -q "^worker $work of .*: 0 running" hung
	assert_equal "$(mq top -b -n 1 jobs | grep -c ': sh -c : at work')" 2
}

@test "workers of others: not sure whether they are ours" {
	need_root
	[ "$MQ_SAN" != valgrind ] || skip "SKIPPED: the title of a process is not to be seen under valgrind"
	queue=q-$BASHPID	# others may work on queues of simple names meanwhile
	mq push -q "$queue" -m x
	bg work mq work "$queue" -- sleep 1000
	wait_for title_has "$pid" "1 running"
	chmod -R go+rX "$MQ_SPOOL"
	as_nobody mq top -b -n 1 >out
	grep -Eq "^$queue +.* 1\\?$" out
	as_nobody mq top -b -n 1 "$queue" >out
	grep -q '1 running, 0 done, 0 failed (perhaps of another spool)' out
	kill "$pid"
}

@test "batch: plain text; frames, a queue" {
	push_some
	mq top -b -n 1 >out
	grep -Eq '^QUEUE +READY +DELAY +CLAIM +HELD +DEAD' out
	grep -Eq '^mail +3 +1 +1 +0 +1' out
	run ! grep -q $'\033' out
	run -0 mq top -b -n 2 -d 0.1 mail
	assert_equal "$(grep -c '^mq top  mail' <<<"$output")" 2
	assert_line --regexp '^[0-9a-f-]{36} dead .*buried'
	COLUMNS=30 mq top -b -n 1 >out
	run ! grep -E '.{31}' out
	mq init -q empty
	run -0 mq top -b -n 1 empty
	run -74 bash -c 'mq top -b -n 1 >/dev/full'
}

@test "a broken policy, a queue that may not be read: told, and the others shown" {
	push_some
	echo 'lease = never' >"$MQ_SPOOL/jobs/queue.conf"
	run -0 mq top -b -n 1
	assert_line --regexp '^jobs +12 '
	assert_line --regexp '^mail +3 '
	terminal 80 24 mq top
	wait_shows '^jobs +12' 'queue.conf.*lease'
	keys Enter
	wait_shows 'ready 12' 'queue.conf.*lease'
	keys z
	wait_shows 'queue.conf.*lease'
	keys q q
	restored
}

@test "64 without a terminal that can be drawn on; other usage" {
	push_some
	run -64 mq top
	assert_output --partial "mq stat"
	assert_output --partial "mq top -b"
	terminal 80 24 env TERM=dumb mq top
	wait_for test -s status
	assert_equal "$(cat status)" 64
	grep -q "mq stat --json" err
	run -64 mq top -b -n 0
	run -64 mq top -b -d 0
	run -64 mq top -b a b
	run -66 mq top -b nosuch
	MQ_SPOOL=$PWD/nosuch run -66 mq top
}

@test "dead and show, as they look on a terminal" {
	mq init -q orders attempts=2 backoff=0s
	echo '4711: 3 apples' | mq push -q orders -H 'Customer: ann'
	mq work orders --drain=all -- sh -c 'echo "customer unknown: $(printf %0100d 7)" >&2; exit 1' 2>/dev/null
	terminal 80 24 'sh -c "mq dead orders; mq stat orders"'
	wait_shows '^ID +ATTEMPTS  AGE +REASON' '^[0-9a-f-]{36}  2 +[0-9]+s +exit-1: customer u.*\.\.\.$' '^QUEUE  +READY'
	screen
	[ "$(awk '{ if (length > max) max = length } END { print max }' screen.txt)" -le 80 ]
	keep_screen dead
	close_terminal
	terminal 80 30 'mq show orders '"$(id orders dead)"
	wait_shows '^State +dead since' '^Header +Customer: ann' 'What went wrong, and when:' '^  1\. .* exit-1 after' '^  4711: 3 apples'
	keep_screen show
}

@test "a ready message that waits for the turn of its key says so" {
	mq init -q q order_dead=block attempts=1
	seq 2 | mq push -q -l -k key q
	mq work -q --drain q -- false
	run -1 mq pop q
	run -0 mq top -b -n 1 q
	assert_line --regexp ' ready .* waits for its turn *$'
	assert_line --regexp ' dead .* exit-1 *$'
	mq retry -q q --all
	mq work -q --drain q -- true
	run -0 mq top -b -n 1 q
	refute_output --partial "waits for its turn"
}
