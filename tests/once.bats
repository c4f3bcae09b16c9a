#!/usr/bin/env bats
# once.bats: mq push --id: a message that is accepted once

load helper

# unfinish QUEUE: what a producer leaves that dies after its key was taken, and before its message is ready
unfinish() {
	mv "$MQ_SPOOL/$1"/ready/*/* "$MQ_SPOOL/$1"/once/??/
}

# outdate QUEUE: make the markers name messages of long ago
outdate() {
	local f
	for f in "$MQ_SPOOL/$1"/once/??/=*; do
		ln -sfn "20200101T000000.000000Z,016f5e66-e800-7000-8000-$(printf %012d $((++dated))),s3" "$f"
	done
}

@test "the same key gives the first's id, and nothing is queued" {
	id=$(mq push q --id k -m one)
	run -0 --separate-stderr mq push q --id k -m two
	assert_output "$id"
	# shellcheck disable=SC2154 # bats sets it
	assert_equal "$stderr" ""
	run -0 --separate-stderr mq push -v q --id k <no.conf
	assert_output "$id"
	assert_equal "$stderr" "mq push: nothing was queued: there was a message under the key 'k' before"
	assert_counts q ready=1
	run -0 mq push -q q --id k -m three
	assert_output ""
	[ "$(mq push q --id l -m other)" != "$id" ]
	assert_counts q ready=2
	assert_equal "$(mq pop q)" one
	# It is remembered longer than the message is there; and another queue knows nothing of it.
	assert_equal "$(mq push q --id k -m four)" "$id"
	[ "$(mq push p --id k -m five)" != "$id" ]
	run -0 mq fsck q
}

@test "priority, delay, headers, files and pipes as without a key" {
	echo body >f
	mq push -q q --id k -p 0 -H 'A: b' f
	assert_equal "$(json q '[.priority, .headers.A, .size] | tostring')" '[0,"b",5]'
	mq push -q d --id k -d 1h -m later
	assert_counts d delayed=1
	run -0 mq push d --id k -d 1h -m later
	assert_counts d delayed=1
	# Who feeds us is not killed by a pipe that nobody reads.
	run -0 bash -o pipefail -c 'head -c 1000000 /dev/zero | mq push q --id k'
	mq push -q q --id big <(head -c 1000000 /dev/zero)
	assert_equal "$(mq ls q -o size | grep -c 1000000)" 1
}

@test "what is no key, and what cannot have one" {
	for bad in "" $'a\nb' $'\x7f' "$(printf '%129s' '')" "$(printf '%128s' '' | tr ' ' /)"; do
		run -65 mq push q --id "$bad" -m x
		assert_output --partial "key of --id"
	done
	for key in "$(printf '%128s' '')" "$(printf '%63s' '' | tr ' ' /)" %2F / . .. =a $'\xff\xfe' 'ü' '-x'; do
		id=$(mq push q --id="$key" -m x)
		assert_equal "$(mq push q --id="$key" -m x)" "$id"
	done
	assert_counts q ready=10
	run -64 mq push q --id k -l </dev/null
	run -64 mq push q --id k --atomic -m x
	run -64 mq push q --id k --id l -m x
	run -64 mq push q --id k no.conf no.conf
	run -66 mq push q --id new nosuchfile
	run -0 mq fsck q
}

@test "fifty at once: one message, one id" {
	mkdir ids
	pids=()
	for i in {1..50}; do
		mq push q --id k -m "$i" >"ids/$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	assert_equal "$(sort -u ids/* | wc -l)" 1
	assert_equal "$(cat ids/* | wc -l)" 50
	assert_counts q ready=1
	assert_equal "$(mq ls q --ids)" "$(cat ids/1)"
	assert_equal "$(find spool/q/once spool/q/tmp -type f | wc -l)" 0
}

@test "fifty at once when the time of the key is over: one message, one id" {
	mq push -q q --id k -m old
	outdate q
	mkdir ids
	pids=()
	for i in {1..50}; do
		mq push q --id k -m "$i" >"ids/$i" &
		pids+=($!)
	done
	for pid in "${pids[@]}"; do wait "$pid"; done
	assert_equal "$(sort -u ids/* | wc -l)" 1
	assert_counts q ready=2
	assert_equal "$(find spool/q/once spool/q/tmp -type f | wc -l)" 0
}

@test "what its producer left undone is finished by the next one, once, and by fsck" {
	id=$(mq push q --id k -m one)
	unfinish q
	assert_counts q ""
	assert_equal "$(mq push q --id k -m two)" "$id"
	assert_counts q ready=1
	unfinish q
	run -1 mq fsck q
	assert_output --partial unfinished-push
	run -0 mq fsck --repair q
	assert_counts q ready=1
	assert_equal "$(mq pop q)" one
	run -0 mq fsck q
	# Delayed stays delayed.
	mq push -q d --id k -d 1h -m later
	mv spool/d/delayed/*/* spool/d/once/??/
	mq push -q d --id k -m later
	assert_counts d delayed=1
}

@test "the time of a key is the policy's, and takes its unfinished message along" {
	mq push -q q --id k -m one
	outdate q
	mq push -q q --id k -m two
	assert_counts q ready=2
	mq init -q q once=3000w
	outdate q
	mq push -q q --id k -m three
	assert_counts q ready=2
	mq init -q q once=1s
	mq push -q e --id k -m one
	for f in spool/e/ready/*/*; do
		ln -sfn 20200101T000000.000000Z,016f5e66-e800-7000-8000-000000000001,s3 spool/e/once/??/=k
		mv "$f" "$(echo spool/e/once/??)"/20200101T000000.000000Z,016f5e66-e800-7000-8000-000000000001,s3
	done
	mq push -q e --id k -m two
	assert_equal "$(mq pop -n 9 -l e | tr '\n' ,)" one,two,
	run -64 mq init q once=0
	run -64 mq init q once=never
}

@test "sweeps: old markers go, what was accepted comes in, what was not goes when its writer is dead" {
	for i in {1..40}; do mq push -q q --id "k$i" -m "$i"; done
	outdate q
	mq push -q q --id new -m new
	run -0 mq fsck --repair q
	assert_equal "$(find spool/q/once -name '=*' | wc -l)" 1
	dir=$(dirname spool/q/once/??/=new)
	name=20260101T000000.000000Z,019b7650-2c00-7000-8000-000000000001,s4
	echo abc >"$dir/$name"
	run -0 mq fsck q
	touch -d '2 hours ago' "$dir/$name" "$dir"
	python3 - "$dir/$name" <<-'END'
	import fcntl, os, struct, subprocess, sys
	f = os.open(sys.argv[1], os.O_RDWR)
	lock = struct.pack("hhqqi4x", fcntl.F_WRLCK, 0, 2**62, 1, 0)
	fcntl.fcntl(f, 37, lock)    # F_OFD_SETLK
	assert subprocess.run(["mq", "fsck", "q", "--repair"]).returncode == 0
	assert os.path.exists(sys.argv[1]), "its writer lives"
	END
	touch -d '1 second ago' "$dir"
	run -1 mq fsck q
	assert_output --partial stale-tmp
	run -0 mq fsck --repair q
	[ ! -e "$dir/$name" ]
	assert_counts q ready=41
}

@test "a push in so many sweeps one of the directories" {
	mq push -q q --id k -m x
	for xx in {0..9} {a..f}; do
		mkdir -p spool/q/once/{0..9}"$xx" spool/q/once/{a..f}"$xx"
	done
	for xx in spool/q/once/*; do ln -sfn 20200101T000000.000000Z,016f5e66-e800-7000-8000-000000000001,s3 "$xx/=old"; done
	for _ in {1..3000}; do
		mq push -q q -m x
		set -- spool/q/once/*/=old
		[ "$#" -eq 256 ] || break
	done
	[ "$#" -lt 256 ]
	assert_equal "$(find spool/q/once -name =k | wc -l)" 1
}

@test "foreign things in once/ are told, set aside, and stop nobody but their own key" {
	mq push -q q --id k -m one
	dir=$(dirname spool/q/once/??/=k)
	ln -sfn /etc/passwd "$dir/=k"
	mkfifo "$dir/fifo"
	mkdir "$dir/=dir" spool/q/once/zz
	run -65 timeout 120 mq push q --id k -m two
	assert_output --partial "not what mq made"
	run -1 timeout 120 mq fsck q
	assert_equal "$(grep -c foreign-entry <<<"$output")" 4
	run -0 timeout 120 mq fsck --repair q
	mq push -q q --id k -m two
	assert_counts q ready=2
	: >"$dir/=file"
	run -1 mq fsck q
	rm -r spool/q/once
	: >spool/q/once
	run -74 mq push q --id x -m x
	mq push -q q -m x
}

@test "a queue that is full or paused still answers for what it has" {
	mq init -q q max_messages=1
	id=$(mq push q --id k -m one)
	run -75 mq push q --id l -m two
	assert_equal "$(mq push q --id k -m one)" "$id"
	mq pause -q q --push
	assert_equal "$(mq push q --id k -m one)" "$id"
	mq resume -q q --push
	assert_equal "$(find spool/q/once spool/q/tmp -type f | wc -l)" 0
	mq pop q
	mq push -q q --id l -m two
	assert_counts q ready=1
}

@test "a drop box takes no keys" {
	need_root
	mq init -q q mode=0602
	chmod 0755 spool
	as_nobody mq push q -m plain
	run -77 as_nobody mq push q --id k -m x
	assert_output --partial -- --id
}

@test "a shared queue: another of the group finds the key" {
	need_root
	mq init -q q mode=0660 group=nogroup
	chmod 0755 spool
	id=$(mq push q --id k -m one)
	assert_equal "$(as_nobody mq push q --id k -m two)" "$id"
	as_nobody mq push -q q --id l -m three
	assert_counts q ready=2
	assert_equal "$(mq push q --id l -m four)" "$(mq ls q --ids --last)"
	mq init -q p
	mq push -q p --id k -m one
	mq init -q p mode=0660 group=nogroup
	as_nobody mq push -q p --id k -m one
	assert_counts p ready=1
}

@test "a marker whose time is over is looked at again before it goes" {
	mq push -q q --id k -m old
	outdate q
	dir=$(dirname spool/q/once/??/=k)
	python3 "$BATS_TEST_DIRNAME/lock.py" spool/q/lock $((65536 + ($(stat -c %i "$dir") & 0x7fffffff))) locked 3>&- &
	holder=$!
	until [ -e locked ]; do sleep 0.02; done
	mq push q --id k -m new >id &
	pid=$!
	for _ in {1..1000}; do
		[ -z "$(find "$dir" -name '*,s3' -type f)" ] || break
	done
	now=$(basename "$(find "$dir" -name '*,s3' -type f)")
	other=${now:24:35}$(tr 0-9a-f 1-9a-f0 <<<"${now:59:1}")
	# Another one took the key meanwhile, with a message of its own.
	ln -sfn "${now%,*,*},$other,s3" "$dir/=k"
	kill "$holder"
	wait "$pid"
	assert_equal "$(cat id)" "$other"
	assert_equal "$(readlink "$dir/=k")" "${now%,*,*},$other,s3"
	assert_counts q ready=1
}
