#!/usr/bin/env bats
# origin.bats: where a dead letter came from, back to there, and circles of dead-letter queues

load helper

# die QUEUE: fail its next message for good
die() {
	mq nack --dead "$1" "$(mq claim "$1")"
}

# quickly COMMAND...: what goes round for ever is stopped
quickly() {
	timeout -s KILL 60 "$@"
}

@test "dead letters in a circle end in the queue that is met again, with work, batches and several queues" {
	tried=('' ' 2 a 2 x ' ' 4 a 2 b 2 x ' ' 4 a 2 b 2 c 2 x ')
	for n in 1 2 3; do
		rm -rf "$MQ_SPOOL"
		# a -> a, a -> b -> a, x -> a -> b -> c -> a; written by hand, as mq init may refuse to
		for q in a b c x; do mq init $q attempts=2 backoff=0s; done
		next=(b c a)
		for ((i = 0; i < n; i++)); do
			echo "dead_queue = $( ((i + 1 < n)) && echo "${next[i]}" || echo a)" >>"$MQ_SPOOL/$(printf 'abc' | cut -c $((i + 1)))/queue.conf"
		done
		echo "dead_queue = a" >>"$MQ_SPOOL/x/queue.conf"
		id=$(mq push x -m x)
		# shellcheck disable=SC2016 # it is the handler's
		quickly mq work --drain x a b c -- sh -c 'echo "$MQ_QUEUE" >>log; exit 1'
		assert_counts a dead=1
		assert_equal "$(mq ls a --ids)" "$id"
		assert_equal "$(mq ls a -o origin)" x
		# Each queue has tried it as often as it says, and the first one of the circle once more.
		assert_equal "$(sort log | uniq -c | tr -s ' \n' ' ')" "${tried[n]}"
		rm log
		mq push -q a -m y
		quickly mq work --batch 5 --drain a b c -- false
		assert_counts a dead=2
		mq fsck
	done
}

@test "a circle by way of a topic, and a dead letter that expired" {
	mq init s attempts=1 backoff=0s
	mq init u attempts=1 backoff=0s
	mq subscribe t s
	echo "dead_queue = t" >>"$MQ_SPOOL/s/queue.conf"
	mq push -q s -m 'straight back'
	quickly mq work --drain s -- false
	assert_counts s dead=1
	assert_counts t ""
	mq rm -q s --all --force
	# And with a queue between: s -> u -> t -> s
	echo "dead_queue = u" >>"$MQ_SPOOL/s/queue.conf.new"
	mv "$MQ_SPOOL/s/queue.conf.new" "$MQ_SPOOL/s/queue.conf"
	printf 'dead_queue = t\nattempts = 1\nbackoff = 0s\n' >"$MQ_SPOOL/u/queue.conf"
	mq init s attempts=1 backoff=0s
	mq push -q s -m 'by way of u'
	quickly mq work --drain s u -- false
	quickly mq work --drain s u -- false
	assert_counts s dead=1
	assert_counts u ""
	assert_counts t ""
	mq fsck
	mq init e expired=dead
	echo "dead_queue = f" >>"$MQ_SPOOL/e/queue.conf"
	mq init f expired=dead
	echo "dead_queue = e" >>"$MQ_SPOOL/f/queue.conf"
	mq push -q e -x 1ms -m old
	for ((i = 0; i < 20; i++)); do quickly mq pop e || true; quickly mq pop f || true; done
	[ "$(($(count e dead) + $(count f dead) + $(count e ready) + $(count f ready)))" -le 1 ]
}

@test "a dead-letter queue that gets the same topic holds no id twice: the letter stays where it died (A19)" {
	mq init a attempts=1
	echo "dead_queue = d" >>"$MQ_SPOOL/a/queue.conf"
	mq subscribe t a
	mq subscribe t d
	mq push -q t -m x
	die a
	assert_counts a dead=1
	assert_counts d ready=1
	run -0 mq fsck --repair
	assert_counts a dead=1
	assert_counts d ready=1
	mq unsubscribe t d
	mq push -q a -m y
	die a
	assert_counts a dead=1
	assert_counts d ready=2
}

@test "a dead letter knows its queue: ls, --json, show; through moves, archives and a second dead-letter queue" {
	mq init my_queue.1 dead_queue=dlq
	mq init dlq dead_queue=last
	id=$(mq push my_queue.1 -k key -m x)
	mq push -q dlq -m 'its own'
	die my_queue.1
	assert_equal "$(mq ls dlq -o origin,id | sort | tail -n 1)" "my_queue.1  $id"
	assert_equal "$(json dlq 'select(.origin != null) | .id + " " + .origin')" "$id my_queue.1"
	assert_equal "$(json dlq 'select(.origin == null) | .origin')" null
	mq show dlq "$id" | grep -qE '^Origin +my_queue.1$'
	mq mv -q dlq elsewhere "$id"
	assert_equal "$(mq ls elsewhere -o origin)" my_queue.1
	mq export elsewhere >archive
	mq rm -q elsewhere --all --force
	mq import elsewhere <archive
	assert_equal "$(mq ls elsewhere -o origin)" my_queue.1
	mq mv -q elsewhere dlq "$id"
	mq pop -q dlq >/dev/null
	mq pop -q dlq >/dev/null || true
	mq push -q my_queue.1 -m y
	die my_queue.1
	die dlq
	assert_equal "$(mq ls last -o origin)" my_queue.1
	assert_counts last ready=1
	mq fsck
}

@test "retry --to-origin: each to its own queue, by ids, --all and selections; --dry-run; and once more when it fails again" {
	for q in a b; do mq init $q dead_queue=dlq attempts=2; done
	for q in a b a; do mq push -q $q -m "$q"; done
	mq push -q dlq -m own
	for q in a a b; do die $q; done
	assert_counts dlq ready=4
	run -0 mq retry --to-origin --dry-run --all dlq
	assert_equal "$(grep -c 'would retry' <<<"$output")" 3
	assert_counts dlq ready=4
	first=$(json dlq 'select(.origin == "a") | .id' | head -n 1)
	run -0 mq retry --to-origin dlq "$first"
	assert_counts a ready=1
	assert_equal "$(json a '.id + " " + (.attempts | tostring) + " " + (.origin | tostring)')" "$first 0 null"
	own=$(json dlq 'select(.origin == null) | .id')
	run -66 mq retry --to-origin dlq "$own"
	assert_output --partial 'came from no other queue'
	mq hold -q dlq --state ready
	run -0 mq retry --to-origin dlq --match '^b$'
	assert_counts b ready=1
	run -0 mq retry --to-origin dlq --all
	assert_counts a ready=2
	assert_counts dlq held=1
	run -1 mq retry --to-origin dlq --all
	# At home it begins anew: it may become a dead letter again.
	die a
	assert_counts dlq "held=1 ready=1"
	mq claim dlq >handle
	run -69 mq retry --to-origin dlq "$first"
	run -0 mq retry --to-origin --force dlq "$first"
	assert_counts a ready=2
	mq fsck
}

@test "retry --to-origin: a queue that is gone is said, and its letters stay" {
	for q in a b; do mq init $q dead_queue=dlq; mq push -q $q -m $q; die $q; done
	rm -r "$MQ_SPOOL/a"
	assert_equal "$(mq ls dlq -o origin | tr '\n' ' ')" "? b "
	run -66 mq retry --to-origin --all dlq
	assert_output --partial 'not there any more'
	assert_counts dlq ready=1
	assert_counts b ready=1
	assert_equal "$(json dlq .origin)" null
	mq show dlq "$(id dlq ready)" | grep -q 'not there any more'
	mq init a
	run -0 mq retry --to-origin --all dlq
	assert_counts a ready=1
}

@test "retry --to-origin gives nothing to a queue whose name only has the same hash" {
	mq init -q q3353 dead_queue=graves
	mq init -q q7129
	mq push -q q3353 -m one
	mq nack -q --dead q3353 "$(mq claim q3353)"
	run mq retry graves --to-origin --all
	assert_equal "$(mq ls q7129 --ids)" ""
	assert_equal "$(mq ls graves --ids | wc -l)" 1
	rm -r "${MQ_SPOOL:?}/q7129"
	mq retry -q graves --to-origin --all
	assert_equal "$(mq ls q3353 --ids | wc -l)" 1
}
