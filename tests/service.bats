#!/usr/bin/env bats
# service.bats: a worker as a service: what it takes from the policy (--config), what it tells the service manager, and
# the units that start it.
# shellcheck disable=SC2016 # handlers expand their own variables

load work_helper

setup() {
	common_setup
}

teardown() {
	common_teardown
}

# ---- --config ----

@test "--config: the command is the policy's, run by /bin/sh" {
	mq init -q q handler='n=$(cat); if [ "$n" ]; then echo "$MQ_QUEUE: $n" | tr a-z A-Z; fi' backoff=0s
	mq push -q q -m one
	mq push -q q -m two
	run -0 mq work --config q --drain
	assert_output $'Q: ONE\nQ: TWO'
	mq init -q q handler='exit 65'
	mq push -q q -m bad
	run -0 mq work q --drain --config
	assert_has q dead 1
}

@test "--config: the shell's word that there is no such command stops the worker" {
	mq init -q q handler='nosuchcommand --flag'
	mq push -q q -m x
	run -127 --separate-stderr mq work --config q
	[[ $stderr == *"nosuchcommand --flag: exit status 127"* ]]
	assert_has q ready 1
}

@test "--config: jobs and timeout are the policy's, and options go before them" {
	mq init -q q handler='echo >$MQ_ID; exec sh await a b' jobs=2 timeout=1d
	mq push -q q -m x
	mq push -q q -m y
	bg two mq work --config q --drain
	wait_for title_has "$pid" "2 running"
	touch a b
	ended "$pid"
	assert_equal "$status" 0
	rm a b
	mq push -q q -m x
	mq push -q q -m y
	bg one mq work --config q --drain -j 1
	wait_for title_has "$pid" "1 running"
	assert_has q ready 1
	touch a b
	ended "$pid"
	mq init -q q timeout=100ms attempts=1 handler='exec sh await never'
	mq push -q q -m x
	mq work --config q --drain
	assert_has q dead 1
	mq push -q q -m x
	mq init -q q handler='sleep 0.3'
	mq work --config q --drain --timeout 0
	assert_has q dead 1
	assert_has q ready 0
}

@test "--config: also from mq.conf, for all queues of a name" {
	printf '[defaults]\nhandler = echo all\n[queue m*]\nhandler = echo mail; cat\n' >some.conf
	export MQ_CONF=$PWD/some.conf
	mq push -q mails -m x
	mq push -q other -m x
	run -0 mq work --config --drain mails
	assert_output $'mail\nx'
	run -0 mq work --config --drain other
	assert_output all
	mq init -q mails handler=none
	run -78 mq work --config mails
}

@test "--config: what is missing or too much" {
	mq init -q q
	run -78 mq work --config q
	assert_output --partial "mq init q handler="
	run -64 mq work --config q -- cat
	run -64 mq work --config
	run -64 mq work q
	run -66 mq work --config nosuch
	for bad in handler='a ; b' handler=$'a\nb' handler=' a' handler=';a' handler="$(printf '%181s' x | tr ' ' x)" jobs=0 jobs=1001 \
	    jobs=x timeout=0 timeout=soon; do
		run -64 mq init q "$bad"
	done
	mq init -q q "handler=$(printf '%180s' x | tr ' ' x)" jobs=1000 timeout=1w
	echo 'handler = a ; b' >"$MQ_SPOOL/q/queue.conf"
	run -78 mq work --config q
}

@test "--config: what others could have written is refused" {
	mq init -q q handler='touch ran' mode=0644
	mq push -q q -m x
	for mode in 664 646 620 602; do
		chmod "$mode" "$MQ_SPOOL/q/queue.conf"
		run -78 mq work --config --drain q
		assert_output --partial "$MQ_SPOOL/q/queue.conf may be written by others (mode 0$mode)"
	done
	chmod 644 "$MQ_SPOOL/q/queue.conf"
	# Who may write to the directory may replace it.
	for mode in 770 2770 707; do
		chmod "$mode" "$MQ_SPOOL/q"
		run -78 mq work --config --drain q
		assert_output --partial "directory $MQ_SPOOL/q may be written by others"
		assert_output --partial "[queue q]"
	done
	printf '[queue q]\nhandler = touch from-conf\n' >some.conf
	chmod 664 some.conf
	grep -v handler "$MQ_SPOOL/q/queue.conf" >conf || true
	cp conf "$MQ_SPOOL/q/queue.conf"
	MQ_CONF=$PWD/some.conf run -78 mq work --config --drain q
	assert_output --partial "$PWD/some.conf [queue q] may be written by others"
	chmod 644 some.conf
	[ ! -e ran ]
	MQ_CONF=$PWD/some.conf run -0 mq work --config --drain q
	[ -e from-conf ]
}

@test "--config: a policy that changes is followed from the next start on" {
	mq init -q q handler='cat >>old' jobs=1
	bg work mq work --config q
	mq push -q q -m 1
	wait_for grep -qs 1 old
	mq init -q q handler='cat >>new' jobs=4 timeout=1s
	mq push -q q -m 2
	wait_for grep -qs 2 old
	kill "$pid"
	ended "$pid"
	mq push -q q -m 3
	mq work --config --drain q
	assert_equal "$(cat new)" 3
}
