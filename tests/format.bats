#!/usr/bin/env bats
# format.bats: the spool format (spool-format.md): what is written, what is read,
# and that a stranger's producer and consumer work beside mq.

load helper

top=$BATS_TEST_DIRNAME/..

@test "the rules of the format page are numbered one by one, a line each" {
	run -0 awk '/^```/ { fenced = !fenced }
		fenced { next }
		/^## / { section = $2 + 0; n = 0; next }
		match($0, /^(- \*\*|\| )F[0-9]+\.[0-9]+(\*\*| \|)/) {
			id = "F" section "." ++n
			if (substr($0, RSTART, RLENGTH) !~ "^[-| *]*" id "[ |*]*$")
				print "line " FNR ": this is the place of " id ": " $0
			if (/^-/ && length($0) > 200)
				print "line " FNR ": " id " is too long a rule for one line"
			next
		}
		/^ /  { print "line " FNR ": the rest of a rule on a line of its own: " $0 }
		/^- / { print "line " FNR ": a rule without a number: " $0 }' "$top/spool-format.md"
	assert_output ""
}

@test "each rule of the format page that is cited exists" {
	sed -nE 's/^(- \*\*|\| )(F[0-9]+\.[0-9]+)(\*\*| \|).*/\2/p' "$top/spool-format.md" | sort >rules
	assert [ "$(wc -l <rules)" -gt 200 ]
	cd "$top" || return
	grep -rohE '\bF[0-9]+\.[0-9]+\b' lib cmd tests man ./*.md | sort -u >"$OLDPWD/cited"
	cd "$OLDPWD" || return
	assert [ "$(wc -l <cited)" -gt 20 ]
	assert_equal "$(comm -13 rules cited)" ""
	# A section is too much to cite.
	run -1 grep -rnE 'spool-format[^;]*section' "$top/lib" "$top/cmd"
}

# golden: a spool of format 1 as another implementation might have left it
golden() {
	mkdir -p "$MQ_SPOOL"/q/{tmp,new,failures}
	for state in ready/5 ready/0 claimed/w claimed delayed held dead done; do
		case $state in
		*/?) mkdir -p "$MQ_SPOOL/q/$state.20261121T000000.000000Z" ;;
		*) mkdir -p "$MQ_SPOOL/q/$state/20261121T000000.000000Z" ;;
		esac
	done
	printf 'mq-spool 1\n' >"$MQ_SPOOL/.mq"
	while read -r bucket name body; do
		case $bucket in
		*/?) bucket+=. ;;
		*) bucket+=/ ;;
		esac
		printf '%b' "$body" >"$MQ_SPOOL/q/${bucket}20261121T000000.000000Z/$name"
	done <<-'END'
	ready/5 20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s5 plain
	ready/0 20261121T031601.123457Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e5,s5,p0 first
	ready/5 20261121T031601.123458Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e6,s11,h9 Kind:\040x\n\nab
	held 20261121T031601.123459Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e7,s4,a2,d3,rexit-1,zkeep-me held
	dead 20261121T031601.123460Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e8,s4,a5,d5,rtimeout dead
	claimed 29991121T031601.123461Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e9,s1,d1,c00c0ffee00c0ffee,t40000000000000 c
	delayed 29991121T031601.123462Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3ea,s1 d
	done 20261121T031601.123463Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3eb,s1,d1 k
	ready/5 20261121T031601.123464Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3ec,s1,Zfuture f
	END
}

@test "a spool of format 1 is read" {
	golden
	mq ls q --json >out
	assert_equal "$(jq -r '[.id[34:], .state, .priority, .attempts, .deliveries, .size, .reason // "-"] | join(" ")' out)" "$(cat <<-'END'
	e5 ready 0 0 0 5 -
	e4 ready 5 0 0 5 -
	e6 ready 5 0 0 2 -
	ea delayed 5 0 0 1 -
	e9 claimed 5 0 1 1 -
	e7 held 5 2 3 4 exit-1
	e8 dead 5 5 5 4 timeout
	eb done 5 0 1 1 -
	END
	)"
	assert_equal "$(jq -r 'select(.id[34:] == "e6") | .headers.Kind' out)" x
	assert_equal "$(mq pop q)$(mq pop q)$(mq pop q)" firstplainab
	run -1 mq pop q
	mq retry q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e8
	assert_equal "$(mq pop q)" dead
	run -0 mq fsck q
	assert_output --partial future-name
}

# put BUCKET NAME BODY: one more message of the golden spool
put() {
	mkdir -p "$MQ_SPOOL/q/$1"
	printf '%s' "$3" >"$MQ_SPOOL/q/$1/$2"
}

@test "keys, turns, replayed and expiring messages of format 1 are read" {
	local low=20261121T000000.000000Z id=019aa3c4-7d52-7a1b-9c40-5f7e01c2d4e order=af63dc4c8601ec8c
	golden
	rm "$MQ_SPOOL"/q/*/*20261121T000000.000000Z/*
	# A claim that was acknowledged by a consumer which died before it had passed the turn on.
	put claimed/w.$low 20261121T031601.000001Z,${id}1,s1,K$order,d1,c00c0ffee00c0ffee,t300000,l,f 1
	put waiting/$order/$low 20261121T031601.000002Z,${id}2,s1,K$order 2
	put turns/$order ${id}1 ''
	put ready/5.$low 20261121T031601.000003Z,${id}3,s1,x20261121T031701.000000Z 3
	put ready/5.$low 20261121T031601.000004Z,${id}4,s1,x29991121T031701.000000Z 4
	put done/$low 20261121T031601.000005Z,${id}5,s1,d1 5
	ln "$MQ_SPOOL/q/done/$low"/*,s1,d1 "$MQ_SPOOL/q/ready/5.$low/20261121T031601.000006Z,${id}6,s1,y"
	# Of another key, with the turn, after it was parked once.
	put ready/5.$low 20261121T031601.000007Z,${id}7,s1,Kaf63df4c8601f1a5,w 7
	put turns/af63df4c8601f1a5 ${id}7 ''
	# A suspect; and a claim among others, of a holder that died long before this machine started.
	put ready/5.$low 20261121T031601.000008Z,${id}8,s1,d1,qKpRL,u 8
	put claimed/w.$low 20261121T031601.000009Z,${id}9,s1,d1,c00c0ffee00c0ffef,t300000,l,n,m8f0d180,g19a1b2c3d4e 9
	# Claims that failed, of consumers which died before they had put them where they belong.
	put claimed/w.$low 20261121T031601.000010Z,${id}a,s1,a1,d1,rexit-1,c00c0ffee00c0ffee,t1,l,Fd a
	put claimed/w.$low 20261121T031601.000011Z,${id}b,s1,a1,d1,rexit-1,c00c0ffee00c0ffee,t1,l,Fl b
	put claimed/w.$low 20261121T031601.000012Z,${id}c,s1,a1,d1,rexit-1,c00c0ffee00c0ffee,t3600001,l,Fl c
	mq init q keep=9
	assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ,)" 2,4,5,7,8,9,b,
	assert_equal "$(json q 'select(.state == "dead") | .id[35:] + .reason' | sort | tr '\n' ,)" 3expired,aexit-1,
	assert_equal "$(json q 'select(.state == "delayed") | .id[35:]')" c
	assert_equal "$(json q 'select(.state == "done") | .id[35:]' | sort | tr '\n' ,)" 1,2,4,5,7,8,9,b,
	run -0 mq fsck q
	assert_output ""
}

@test "an unknown lower-case field is carried along; an upper-case one is left alone" {
	golden
	mq retry q 019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e7 --keep-attempts
	mq pop -q q
	mq nack q "$(mq claim q)" --no-count
	h=$(mq claim q)
	find "$MQ_SPOOL" -name '*zkeep-me*' >kept
	assert_equal "$(wc -l <kept)" 1
	run -0 mq ack q "$h"
	assert [ -e "$MQ_SPOOL"/q/ready/5.*/*Zfuture ]
}

@test "names that mq writes: the grammar, and the state in the directory" {
	mq push -q q -p 3 -x 1h -H 'A: b' -m x
	mq nack q "$(mq claim q)" --dead
	mq push -q q -m y
	h=$(mq claim q)
	assert [ -n "$h" ]
	key='[0-9]{8}T[0-9]{6}\.[0-9]{6}Z'
	id='[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'
	run -0 find "$MQ_SPOOL/q/dead" -type f -printf '%P\n'
	assert_output --regexp "^$key/$key,$id,s7,p3,h6,a1,d1,x$key,rnack\$"
	run -0 find "$MQ_SPOOL/q/claimed" -type f -printf '%P\n'
	assert_output --regexp "^$key/$key,$id,s1,d1,c[0-9a-f]{16},t300000\$"
	for name in 20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s05 \
	    20261121T031601.123456Z,019aa3c4-7d52-4a1b-9c40-5f7e01c2d3e4,s0 \
	    20261321T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s0 \
	    20261121T031601.123456Z,019aa3c4-7d52-7a1b-9c40-5f7e01c2d3e4,s0,p5; do
		touch "$(echo "$MQ_SPOOL"/q/ready/5*)/$name"
	done
	run -1 mq pop q
	run -1 mq fsck q
	assert_equal "$(grep -c foreign-entry <<<"$output")" 4
}

@test "a producer of ten lines of sh" {
	assert [ "$(wc -l <"$BATS_TEST_DIRNAME/format/producer.sh")" -le 10 ]
	mq init q
	for n in 1 2 3; do printf '%s' "$n" | sh "$BATS_TEST_DIRNAME/format/producer.sh" "$MQ_SPOOL/q"; done
	assert_equal "$(mq pop q -n 9 -l | sort | tr '\n' ,)" 1,2,3,
}

@test "a consumer of thirty lines of Python, alone and in competition" {
	consumer=$BATS_TEST_DIRNAME/format/consumer.py
	assert [ "$(wc -l <"$consumer")" -le 30 ]
	mq push -q q -H 'A: b' -m body
	printf '%s' fails | mq push -q q
	python3 -W ignore "$consumer" "$MQ_SPOOL/q" sh -c 'x=$(cat); echo "$x" >>'"$PWD"'/got; [ "$x" != fails ]'
	assert_equal "$(cat got)" $'body\nfails'
	assert_counts q claimed=1
	mq rm -q q "$(id q claimed)" --force
	seq 200 | mq push -q q -l
	rm got
	for n in 1 2; do
		python3 -W ignore "$consumer" "$MQ_SPOOL/q" sh -c 'cat >>'"$PWD/got.$n"'; echo >>'"$PWD/got.$n" &
	done
	mq pop q -n 1000 -l >got.3
	wait
	cat got.? | sort -n >got
	seq 200 | cmp - got
	run -0 mq fsck q
	assert_output ""
}

@test "a clock that was set back: the lease of an unlocked claim starts anew, with the same handle" {
	mq push -q q -m x
	h=$(mq claim q --lease 1h)
	f=$(find "$MQ_SPOOL/q/claimed" -type f)
	mkdir "$MQ_SPOOL/q/claimed/29991121T000000.000000Z"
	mv "$f" "$MQ_SPOOL/q/claimed/29991121T000000.000000Z/29991121T031601.123461Z,${f#*Z/*,}"
	run -1 mq claim q
	assert_counts q claimed=1
	run -0 json q '(.deadline | sub("[.].*"; "Z") | fromdate) - now | . > 3000 and . <= 3600'
	assert_output true
	run -0 mq ack q "$h"
}
