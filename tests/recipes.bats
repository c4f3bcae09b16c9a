#!/usr/bin/env bats
# recipes.bats: the scripts and commands of mq-recipes(7), taken from the page and run, with stand-ins for programs that
# need a network or another system; each in the ways in which it fails, too.  A display that no test runs is a failure.
# shellcheck disable=SC2016 # stand-ins expand their own variables

load work_helper

setup() {
	common_setup
	mkdir stand-ins
	export HOME=$PWD PATH=$PWD/stand-ins:$PATH
	displays=
}

teardown() {
	common_teardown
	[ -z "${BATS_TEST_COMPLETED:-}" ] || [ -z "$displays" ] ||
		assert_equal "not run: $(sort -u ran | comm -13 - <(echo "$displays"))" "not run: "
}

# recipe SECTION: its displays in ./recipe, its scripts in PATH.
recipe() {
	python3 "$BATS_TEST_DIRNAME/recipes.py" "$BATS_TEST_DIRNAME/../man/mq-recipes.7" all "$1"
	mv "all/$1" recipe
	mkdir -p recipe/bin	# one without scripts
	mv recipe/bin scripts
	mkdir recipe/bin
	local name
	for name in scripts/*; do
		name=${name#*/}
		printf '#!/bin/sh\necho %s >>%s/ran\nexec %s/scripts/%s "$@"\n' "$name" "$PWD" "$PWD" "$name" >"recipe/bin/$name"
		chmod +x "recipe/bin/$name"
	done
	PATH=$PWD/recipe/bin:$PATH
	: >ran
	displays=$(find recipe scripts -type f ! -path 'recipe/bin/*' -printf '%f\n' | sort)
}

# typed N: what the N-th such display says, up to what fails; loosely N: whatever fails
typed() {
	echo "typed-$1" >>"$HOME/ran"
	sh -e "recipe/typed-$1"
}

loosely() {
	echo "typed-$1" >>ran
	sh "recipe/typed-$1"
}

# cron LINE: as cron runs that line of the crontab
cron() {
	local line
	echo crontab-1 >>"$HOME/ran"
	line=$(sed -n "$1p" "$HOME/recipe/crontab-1" | sed -E 's/^(@[a-z]+|([^ ]+ ){4}[^ ]+) +//')
	[ -n "$line" ] && sh -c "$line"
}

# stand_in NAME: a program from standard input, found before any other
stand_in() {
	{ echo '#!/bin/sh'; cat; } >"stand-ins/$1"
	chmod +x "stand-ins/$1"
}

# ssh to hosts that are directories below remote/.  The next line of the file "weather" tells how it goes: "down"; "cut", where
# three bytes arrive; "lost", where the answer does not come.
stand_in_ssh() {
	: >weather
	stand_in ssh <<-'END'
	while :; do
		case $1 in
		-o | -p)	shift 2 ;;
		-n)	exec </dev/null; shift ;;
		-*)	shift ;;
		*)	break ;;
		esac
	done
	host=$1
	shift
	how=$(head -n 1 "$HOME/weather")
	sed -i 1d "$HOME/weather"
	echo "$host: $how: $*" >>"$HOME/ssh.calls"
	command=$(echo "$*" | sed "s|/var/spool/mq|$HOME/remote/$host/spool|g")
	mkdir -p "$HOME/remote/$host"
	cd "$HOME/remote/$host" || exit 255
	unset MQ_QUEUE MQ_ID MQ_HANDLE
	export MQ_SPOOL="$PWD/spool"
	case $how in
	down)	exit 255 ;;
	cut)	head -c 3 | sh -c "$command"; exit 255 ;;
	lost)	sh -c "$command"; exit 255 ;;
	*)	exec sh -c "$command" ;;
	esac
	END
}

# there HOST COMMAND...: mq on that host
there() {
	local host=$1
	shift
	MQ_SPOOL=$PWD/remote/$host/spool mq "$@"
}

@test "cron digest" {
	recipe cron-digest
	stand_in backup <<<'echo "tape is full"; exit 2'
	stand_in certbot <<<'[ ! -e ~/expired ] || { echo "renewed"; }'
	stand_in sendmail <<-'END'
	touch sending
	[ ! -e hang ] || sh await go
	[ ! -e down ] || exit 75
	[ "$*" = -t ] && cat >>mails
	END
	cron 1
	cron 2
	assert_has digest ready 1
	touch expired
	cron 2
	assert_has digest ready 2

	touch down
	run -75 cron 3
	assert_has digest ready 2
	assert_equal "$(field digest attempts,deliveries)" $'0 1\n0 1'
	assert_equal "$(ls mails 2>&-)" ""

	rm down sending
	touch hang
	PATH=$PATH bg digest digest root
	wait_for [ -e sending ]
	kill -TERM "$pid"
	touch go
	ended "$pid"
	assert_equal "$status $(field digest attempts | tr '\n' ' ')" "75 0 0 "
	rm hang mails

	run -0 cron 3
	assert_equal "$(grep -c ^To: mails) $(grep -x -e 'To: root' -e 'tape is full' -e renewed mails | tr '\n' ' ')" "1 To: root tape is full renewed "
	grep -qx 'backup /home: status 2' mails
	assert_equal "$(mq ls digest)" ""
	run -0 cron 3
	assert_equal "$(grep -c ^To: mails)" 1
	run -0 typed 1
	assert_output --partial "OK - digest: 0 waiting"
}

@test "image conversion" {
	recipe image-conversion
	stand_in convert <<-'END'
	echo "$1" >>"$HOME/converted"
	[ "$2 $3" = "-resize 320x320" ] || exit 99
	head -c 2 "$1" >"${4#jpg:}"
	case $(cat "$1") in
	broken)	echo "convert: not a TIFF" >&2; exit 1 ;;
	esac
	tr a-z A-Z <"$1" >"${4#jpg:}"
	END
	mkdir scans
	echo one >scans/a.tif
	echo two >"scans/b c.tif"
	echo broken >scans/bad.tif
	run -0 typed 1
	assert_equal "$(cat thumbs/a.jpg "thumbs/b c.jpg")" $'ONE\nTWO'
	mq push -q images -m "$HOME/scans/gone.tif"
	run -0 mq work --config --drain=all images
	assert_equal "$(ls -A thumbs)" $'a.jpg\nb c.jpg'
	assert_equal "$(mq dead images -o attempts,reason | tr -s ' ' | sort)" "1 exit-65: $HOME/scans/gone.tif: not there any more
3 exit-1: convert: not a TIFF"
	run -0 typed 2
	assert_output --partial "exit-1: convert: not a TIFF"

	rm scans/bad.tif
	: >converted
	run -0 typed 1
	assert_equal "$(cat converted)" ""
	echo three >scans/a.tif
	touch -d "+1 minute" scans/a.tif
	run -0 typed 1
	assert_equal "$(cat thumbs/a.jpg)" THREE
}

@test "mail retry" {
	recipe mail-retry
	stand_in msmtp <<-'END'
	read -r answer <answer
	[ "$*" = -t ] || exit 99
	[ "$answer" = 75 ] || cat >>"sent.$answer"
	[ "$answer" = lost ] && exit 75
	[ "$answer" = 0 ] || echo "msmtp: no: $answer" >&2
	exit "$answer"
	END
	typed 1
	typed 2
	id=$(mq ls mails --ids)
	for answer in 75 78 lost; do
		echo $answer >answer
		run -0 mq work --config --drain mails
		assert_has mails delayed 1
		run -0 typed 3
		assert_output --partial "$id"
		mq retry -q mails --state=delayed --keep-attempts
	done
	assert_equal "$(field mails attempts)" 3
	echo 0 >answer
	run -0 mq work --config --drain mails
	assert_equal "$(mq ls mails)" ""
	assert_equal "$(cat sent.0)" "Message-Id: <$id@$(uname -n)>
To: ann
Subject: hello

How are you?"
	cmp sent.0 sent.lost
	for answer in 64 65 67 68; do
		echo $answer >answer
		typed 2
		run -0 mq work --config --drain mails
		mq dead mails -o attempts,reason | grep -Eq "^1 +exit-65: msmtp: no: $answer"
		mq rm -q mails --state=dead
	done
	mq config mails | grep -qx 'expire = 5d'
}

# The next line of the file "answers" is what curl gets: a status and what -w is asked for besides; "none": it exits 7;
# when there are no more lines: 200.  Two at once leave a mark.
stand_in_curl() {
	: >answers
	stand_in curl <<-'END'
	mkdir busy || echo "two at once" >>overlaps
	printf '%s\n' "$@" >>words
	cat >>bodies
	echo >>bodies
	answer=$(head -n 1 answers)
	sed -i 1d answers
	[ "$answer" != hang ] || { touch hangs; sh await go; answer=; }
	rmdir busy
	[ "$answer" != none ] || { printf 000; echo "curl: (7) no route" >&2; exit 7; }
	printf %s "${answer:-200 }"
	END
}

@test "webhook" {
	recipe webhook
	stand_in_curl
	typed 1
	assert_equal "$(mq config hooks | grep -E '^(backoff|attempts)')" $'attempts = 20\nbackoff = 5s..1h'
	id=$(mq ls hooks --ids)
	mq init -q hooks backoff=10ms jobs=1
	printf '%s\n' 500 none 503 200 >answers
	run -0 mq work --config --drain=all hooks
	assert_equal "$(mq ls hooks)" ""
	assert_equal "$(sort bodies | uniq -c | tr -s ' ')" ' 4 {"order":17}'
	assert_equal "$(grep -c "^Idempotency-Key: $id\$" words) $(grep -c '^https://example.org/orders$' words)" "4 4"

	typed 1
	mq init -q hooks backoff=10ms jobs=1
	echo 404 >answers
	run -0 mq work --config --drain=all hooks
	assert_equal "$(mq dead hooks -o attempts,reason | tr -s ' ')" "1 exit-65: HTTP 404"
	run -0 typed 2
	assert_output --partial "HTTP 404"
	mq push -q hooks -m other
	mq bury -q hooks --all
	typed 3
	assert_has hooks ready 1
	assert_has hooks dead 1
	run -0 mq work --config --drain hooks
	assert_has hooks ready 0
}

@test "ask and answer" {
	recipe ask-and-answer
	printf '%s\n' 'apple 3' 'pear 5' >prices
	# The second is a worker, in the background: it is ours, and ends with the test.
	sed -n 1p recipe/typed-1 | sh -e
	assert_equal "$(mq config prices | grep ^attempts)" 'attempts = 3'
	sed -n '2s/^\(.*\) &$/exec \1/p' recipe/typed-1 >worker
	echo typed-1 >>ran
	bg work sh worker
	run -0 ask pear
	assert_output "pear 5"
	run -0 ask plum
	assert_output "plum: not sold here"
	run -65 ask '../x'
	assert_output --regexp 'failed for good: exit-65: not a name: ../x$'
	mq init -q prices backoff=0s
	mv prices away
	mkdir prices
	run -65 ask apple
	assert_output --regexp 'failed for good: exit-1: grep: .*prices: Is a directory$'
	rmdir prices
	mv away prices
	for fruit in apple pear apple pear; do
		ask $fruit >"$fruit.$RANDOM" &
		asking+=($!)
	done
	for one in "${asking[@]}"; do wait "$one"; done
	assert_equal "$(sort -u apple.* pear.*)" $'apple 3\npear 5'
	kill "$pid"
	ended "$pid"
	sed -i s/10s/100ms/ recipe/bin/../../scripts/ask
	run -75 ask apple
	assert_output "nobody answers just now"
	run -0 typed 2
	assert_line 'mq_answers_late_total{queue="prices"} 0'
	assert_line --partial "exit-65: not a name: ../x"
}

@test "log shipping over a flaky link" {
	recipe log-shipping-over-a-flaky-link
	stand_in_ssh
	mkdir -p remote/loghost/logs
	typed 1
	mq init -q logs backoff=10ms min_free=0
	echo logrotate.conf-1 >>ran
	sed -n '/postrotate/,/endscript/{//!p}' recipe/logrotate.conf-1 >postrotate
	run -0 sh -e postrotate "$PWD/app.log"
	run -0 mq ls logs
	assert_output ""
	seq 1000 >app.log.2
	sh -e postrotate "$PWD/app.log"
	id=$(mq ls logs --ids)
	part=remote/loghost/logs/.$id

	echo down >weather
	run -0 mq work --config -n 1 logs
	assert_equal "$(ls -A remote/loghost/logs)" ""
	echo cut >weather
	run -0 mq work --config -n 1 logs
	assert_equal "$(ls -A remote/loghost/logs) $(head -c 9 "$part.2")" ".$id.2 1"$'\n'2
	echo lost >weather
	run -0 mq work --config -n 1 logs
	assert_equal "$(ls remote/loghost/logs)" ""
	printf '\nlost\n' >weather
	run -0 mq work --config -n 1 logs
	assert_equal "$(ls remote/loghost/logs) $(field logs attempts)" "$(uname -n)-$id 4"
	run -0 typed 2
	assert_output --partial "OK - logs: 1 waiting"
	run -0 mq work --config -n 1 logs
	assert_equal "$(mq ls logs)" ""
	assert_equal "$(ls remote/loghost/logs)" "$(uname -n)-$id"
	cmp "remote/loghost/logs/$(uname -n)-$id" app.log.2

	touch -d "-3 days" remote/loghost/logs/*-* "$part.2"
	(cd remote/loghost && cron 1)
	assert_equal "$(ls -A remote/loghost/logs)" ".$id.3
$(uname -n)-$id"

	mq init -q logs max_bytes=6K
	sh -e postrotate "$PWD/app.log"
	run -75 sh -e postrotate "$PWD/app.log"
	assert [ -s app.log.2 ]
}

@test "rate-limited API calls" {
	recipe rate-limited-api-calls
	stand_in_curl
	mq init -q calls backoff=5h jitter=none
	seq 5 | mq push -q -l calls
	printf '%s\n' '429 3600' '503 Sat, 21 Nov 2026 03:16:01 GMT' '500 ' '404 ' >answers
	run -0 typed 1
	assert_equal "$(cat overlaps 2>&-)" ""
	assert_equal "$(mq ls calls -o state,attempts,deliveries,reason | tr -s ' ' | sort)" "dead 1 1 exit-65: HTTP 404
delayed 0 1 -
delayed 0 1 -
delayed 1 1 exit-75: HTTP 500"
	mq ls calls --state=delayed --json | jq -c 'def at: .[0:19] + "Z" | fromdate; (.due | at) - (.enqueued | at)' >waits
	assert [ "$(sed -n 1p waits)" -ge 60 ]
	assert [ "$(sed -n 2p waits)" -ge 3600 ]
	mq retry -q calls --state=delayed
	run -0 mq work --config --drain calls
	assert_equal "$(sort -n bodies | tr '\n' ' ')" "1 1 2 2 3 3 4 5 "
	run -0 typed 2

	mq push -q calls -m 6
	echo hang >answers
	bg cron sh -c "$(sed 's/^[* ]*//' recipe/crontab-1)"
	wait_for [ -e hangs ]
	mq push -q calls -m 7
	run -1 cron 1
	touch go
	ended "$pid"
	assert_equal "$status $(tail -n 2 bodies | tr '\n' ' ')" "0 6 7 "
	assert_equal "$(cat overlaps 2>&-)" ""
}

@test "shell commands as jobs" {
	recipe shell-commands-as-jobs
	stand_in rsync <<<'echo "rsync: no route to host" >&2; exit 12'
	stand_in make <<<'echo made >>$HOME/did'
	echo big >big.log
	typed 1
	mq push -q jobs -m 'nosuchcommand --flag'
	typed 2
	assert_equal "$(cat did)" made
	[ -e big.log.gz ]
	assert_equal "$(mq ls jobs --state delayed -o attempts | tr -d ' ' | tr '\n' ,)" "1,1,"
	mq init -q jobs attempts=2
	# shellcheck disable=SC2046 # ids
	mq retry -q --keep-attempts jobs $(mq ls jobs --ids)
	mq work --config --drain jobs || true
	assert_equal "$(mq dead jobs -o reason | cut -d: -f1 | sort | tr '\n' ,)" "exit-12,exit-127,"
}

@test "fan-in from ssh hosts" {
	recipe fan-in-from-ssh-hosts
	stand_in_ssh
	stand_in store-event <<<'[ ! -e down ] && cat >>stored && echo >>stored'
	hub=mq@hub
	typed 1
	mq init -q events backoff=0s
	printf '%s\n' one two three | mq push -q -l events
	mapfile -t ids < <(mq ls events --ids)
	printf '%s\n' down cut >weather
	run -0 mq work --config -n 2 events
	run -0 there $hub ls events
	assert_output ""
	assert_has events ready 3
	echo lost >weather
	run -0 mq work --config -n 1 events
	assert_equal "$(count events ready) $(MQ_SPOOL=$PWD/remote/$hub/spool count events ready)" "3 1"
	run -0 cron 1
	assert_equal "$(mq ls events)" ""
	assert_equal "$(there $hub ls events --json | jq -r '.headers.Origin' | sort)" \
		"$(printf "$(uname -n)/%s\n" "${ids[@]}" "${ids[0]}" | sort)"
	MQ_SPOOL=$PWD/remote/$hub/spool typed 2
	assert_equal "$(there $hub peek events "$(there $hub ls events --ids --first)")" one

	touch down
	there $hub init -q events backoff=0s
	run -0 there $hub work -n 1 events -- once store-event
	rm down
	run -0 there $hub work --drain events -- once store-event
	assert_equal "$(sort stored | tr '\n' ' ')" "one three two "
	assert_equal "$(there $hub ls events)" ""
}

@test "one event, three services" {
	recipe one-event-three-services
	typed 1
	echo lamp | place-order 17 ann
	echo lamp | place-order 17 ann
	echo chair | place-order 18 ann
	echo table | place-order 19 bob
	assert_has payment ready 3
	# Shipping is down: a file stands where it keeps its notes.
	: >shipping.done
	cron 1
	cron 2
	cron 3
	assert_has shipping delayed 2	# one of each customer; the others wait for it
	assert_has shipping ready 4
	rm shipping.done
	mq retry -q shipping --state delayed
	cron 3
	for service in payment inventory; do assert_equal "$(cat $service.done/*.order.placed | tr '\n' ' ')" "lamp chair table "; done
	assert_equal "$(cd shipping.done && cat ./*.order.paid | tr '\n' ' ')" "lamp chair table "
	assert_equal "$(find shipping.done -name '1[78].*' -printf '%T@ %f\n' | sort -n | cut -d' ' -f2 | tr '\n' ' ')" \
		"17.order.placed 18.order.placed 17.order.paid 18.order.paid "

	# Payment dies between its own work and the event; the second time it publishes it, the third it does nothing.
	echo vase | place-order 20 bob
	mq work -n 1 payment -- serve payment
	assert_has shipping ready 1
	mq replay -q orders --header Order=20 --to payment
	cron 1
	assert_has shipping ready 2
	mq replay -q orders --header Type=order.placed --header Order=20 --to payment
	cron 1
	assert_has shipping ready 2
	cron 3

	# One that nobody can serve: payment refuses it; the others have dead letters of their own, or none.
	mq init -q inventory attempts=3
	place-order 21 ann </dev/null
	cron 1
	assert_has payment dead 1
	assert_has shipping ready 1
	typed 2
	assert_equal "$(mq pop mail -n 9 -0 | tr '\0\n' '  ')" "lamp  chair  table  vase  "
	run -0 typed 3
	assert_output --partial "orders shipping Type=order.*"
	assert_output --partial "exit-65"
	for queue in payment inventory shipping mail; do mq unsubscribe orders $queue; done
	run -66 sh -c 'echo x | place-order 22 ann'
	assert_equal "$(mq ls orders --state ready --ids)" ""
	run -0 mq fsck
}

@test "drill: a poison message" {
	recipe drill-a-poison-message
	run -0 typed 1
	assert_equal "$(cat parsed)" $'one\ntwo\nfour'
	assert_has drill dead 1
	run -0 typed 2
	assert_output --partial "signal-11"
	assert_output --partial "3 of 3 failed"
	assert_equal "$(grep -c 'parse: what is poison?$' <<<"$output")" 5
	run -0 typed 3
	assert_equal "$(tail -n 1 parsed) $(mq ls drill)" "three "
	run -0 loosely 4
	assert_has drill dead 1
	assert_output --regexp ' 3 +[0-9]+s +lost$'
}

@test "drill: a full disk" {
	[ "$EUID" -eq 0 ] || skip "SKIPPED: needs root to mount"
	unshare -m mount -t tmpfs none "$PWD/stand-ins" || skip "SKIPPED: cannot mount here"
	recipe drill-a-full-disk
	run typed 1
	assert_equal "$status" 0
	assert_output --regexp '[0-9]+ messages, then status 75'
	n=$(sed -n 's/ messages, then.*//p' <<<"$output")
	assert [ "$n" -gt 10 ]
	assert_line "in order, and $n there"
	assert_line "there is room again"
	assert_line "$((n - 1)) were left"
}

@test "moving a queue" {
	recipe moving-a-queue
	stand_in_ssh
	seq 5 | mq push -q -l jobs
	mq push -q jobs -m late -d 1h
	mq push -q jobs -m bad -p 0
	mq work -n 1 jobs -- sh -c 'echo why >&2; exit 65'
	bg worker mq work -n 1 jobs -- sh await go
	worker=$pid
	wait_for has jobs claimed 1
	bg move sh -e recipe/typed-1
	move=$pid
	echo typed-1 >>ran
	wait_for eval 'mq config jobs | grep -qx "paused = all"'
	echo cut >weather
	assert alive "$move"
	touch go
	ended "$move"
	assert_equal "$status" 255
	ended "$worker"
	assert_has jobs ready 4
	run -75 mq push jobs -m x

	stand_in sleep <<<:	# nobody works any more
	run -0 typed 1
	assert_output --partial "6 messages are there"
	assert_equal "$(there newhost ls jobs -o id,state,attempts,reason)" "$(mq ls jobs -o id,state,attempts,reason)"
	run -75 there newhost pop jobs
	run -75 there newhost push jobs -m x
	run -0 typed 1
	assert_output --partial "6 messages are there"

	there newhost resume --push jobs
	extra=$(there newhost push jobs -m extra)
	run -1 typed 1
	there newhost rm -q jobs "$extra"

	typed 2
	assert_equal "$(mq ls jobs)" ""
	run -0 typed 3
	run -0 there newhost work --drain jobs -- cat
	assert_output 2345
	run -0 there newhost dead jobs -o reason
	assert_output "exit-65: why"
}

@test "upgrading" {
	recipe upgrading
	stand_in systemctl <<-'END'
	echo "$*" >>done
	case $1 in
	list-units)	[ ! -e worker.pid ] || echo 'mq-work@q.service loaded active running mq worker of the queue q' ;;
	stop)	kill "$(cat worker.pid)"; touch go
		until [ -e stopped ]; do sleep 0.01; done ;;
	esac
	END
	stand_in install-mq <<<'echo "install $*" >>done; [ ! -e broken ] && mq ls q --state=claimed --ids | wc -l >claims'
	mq push -q q -m one
	mq push -q q -m two
	bg worker sh -c 'mq work q -- sh -c "sh await go; cat >>handled" & echo $! >worker.pid; wait; touch stopped'
	wait_for has q claimed 1
	run -0 upgrade install-mq mq
	assert_equal "$(cat done)" "list-units --plain --no-legend --state=active mq-work@*
stop mq-work@q.service
install mq
start mq-work@q.service"
	assert_equal "$(cat handled) $(cat claims)" "one 0"
	assert_has q ready 1

	rm worker.pid done
	touch broken
	run -1 upgrade install-mq mq
	assert_equal "$(grep -c start done)" 0
	rm done
	touch "$MQ_SPOOL/q/ready/oops"
	run -1 upgrade install-mq mq
	assert_equal "$(grep -c install done)" 0
	rm "$MQ_SPOOL/q/ready/oops"
	rm done broken
	run -0 upgrade install-mq mq
	assert_equal "$(tail -n 1 done)" "install mq"

	run -0 loosely 1
	assert_output --regexp 'mq stat: .*
status 78'
	run -78 mq -s copy pop q
	sed -i 1s/99/1/ copy/.mq
	diff -r "$MQ_SPOOL" copy
	run -0 typed 2
}

@test "each recipe has a test" {
	sed -n 's/^\.Sh \([A-Z].*\)/\1/p' "$BATS_TEST_DIRNAME/../man/mq-recipes.7" | tr A-Z a-z |
		grep -v -x -e name -e description -e "see also" | sort >sections
	[ "$(wc -l <sections)" -ge 11 ]
	sed -n 's/^@test "\(.*\)" {/\1/p' "$BATS_TEST_FILENAME" | tr A-Z a-z | sort >tests
	assert_equal "$(comm -23 sections tests)" ""
}

# engine_recipe NAME: another spool plays the engine; its directory is $PWD/there
engine_recipe() {
	mkdir -p "$PWD/there"
	mq -s "$PWD/there" init -q "$2" backoff=0s
	sed -i "s,^url = .*,url = mq://$PWD/there,; /^credentials/d" recipe/mq.conf-1
	echo mq.conf-1 >>ran
	export MQ_CONF=$PWD/recipe/mq.conf-1
}

# Units are run until nothing is left: a relay by its name, a worker by its queue.
stand_in_units() {
	stand_in systemctl <<-'EOF'
		case $1:$3 in
		enable:mq-relay@*)	exec mq relay -q --drain --name "${3#*@}" ;;
		enable:mq-work@*)	exec mq work -q --drain "${3#*@}" -- sh -c 'cat >>worked; echo >>worked' ;;
		esac
	EOF
}

@test "from one host to RabbitMQ" {
	recipe from-one-host-to-rabbitmq
	engine_recipe rabbit jobs
	stand_in_units
	mq push -q -m one jobs
	typed 1
	typed 2
	assert_equal "$(mq ls jobs --ids | wc -l)" 0
	typed 3
	assert_equal "$(cat worked)" one
	run typed 4
	assert_output --partial hello
	run loosely 5
	assert_output --partial "jobs-out is stopped"
}

@test "a fleet ships to Kafka" {
	recipe a-fleet-ships-to-kafka
	engine_recipe kafka events
	stand_in_units
	typed 1
	assert_equal "$(mq -s "$PWD/there" peek events)" 21.5
	mq -s "$PWD/there" peek -i events | grep -q 'Key: device-7'
	run loosely 2
	assert_output --partial "events is stopped"
	mq config events | grep -q '^max_bytes = 2G'
}

@test "SQS jobs worked by shell handlers" {
	recipe sqs-jobs-worked-by-shell-handlers
	engine_recipe cloud thumbnails-prod
	stand_in convert <<<'[ "$1" != bad.png ] && cp "$1" "$4"'
	echo image >a.png
	echo image >bad.png
	mq -s "$PWD/there" push -q -m "$PWD/a.png" thumbnails-prod
	mq -s "$PWD/there" push -q -m none.png thumbnails-prod
	typed 1
	[ -e a.png.thumb ]
	assert_equal "$(mq -s "$PWD/there" stat --json thumbnails-prod | jq .dead)" 1
	run typed 2
	assert_output --partial thumbnails
}
