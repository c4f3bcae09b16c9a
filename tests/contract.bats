#!/usr/bin/env bats
# contract.bats: the command table, the manual, the completions, the documents
# and the tests say the same.

load helper

top=$BATS_TEST_DIRNAME/..

verbs() {
	mq help --table | awk -F '\t' '$1 == "cmd" { print $2 }'
}

@test "the verbs are those of the design" {
	assert_equal "$(verbs | tr '\n' ' ')" "init config push pop claim ack nack extend work request reply peek show ls stat top dead retry bury hold edit rm mv watch wait subscribe unsubscribe topics replay pause resume engine relay fsck check export import help version "
}

# The options of a selection are told once, in mq.1; a page refers to that.
selecting() {
	sed -n '/^\.Sh SELECTING MESSAGES/,/^\.Sh ENV/p' "$top/man/mq.1" | grep -Eq -- "$1"
}

@test "each verb that is defined is in the table" {
	verbs | sort >table
	sed -n 's/^const struct cmd cmd_\([a-z]*\) = .*/\1/p' "$top"/cmd/*.c "$top"/cmd/*/*.c | sort | diff table -
}

@test "each verb has a page that tells each of its options, and a suite" {
	missing=
	for verb in $(verbs); do
		page=$top/man/mq-$verb.1
		[ -f "$page" ] || { missing+="no page for $verb; "; continue; }
		[ -f "$top/tests/$verb.bats" ] || [ -f "$top/tests/engine/$verb.bats" ] || missing+="no suite for $verb; "
		grep -q "^\.Xr mq-$verb 1" "$top/man/mq.1" || missing+="mq.1 does not name $verb; "
		shared='^$'
		if grep -q 'SELECTING MESSAGES' "$page"; then shared=; fi
		while read -r letter long; do
			if [ -z "$shared" ] && selecting "^\.It.* Fl (Fl |-)?$long( |,|=|\$)"; then continue; fi
			[ "$letter" = - ] || grep -Eq "^\.It Fl $letter( |,|$)" "$page" || missing+="$verb -$letter; "
			[ "$long" = - ] || grep -Eq "Fl (Fl |-)$long( |,|=|$)" "$page" || missing+="$verb --$long; "
		done < <(mq help --table | awk -F '\t' -v v="$verb" '$1 == "opt" && $2 == v { print ($3 == "" ? "-" : $3), ($4 == "" ? "-" : $4) }')
	done
	assert_equal "$missing" ""
}

@test "no page tells an option that there is not" {
	extra=
	for verb in $(verbs); do
		mq help "$verb" >help.txt
		for long in $(grep -Eo '^\.It .*' "$top/man/mq-$verb.1" | grep -Eo 'Fl (Fl |-)[a-z-]+' | sed -E 's/Fl (Fl |-)//'); do
			grep -q -- "--$long" help.txt || extra+="$verb --$long; "
		done
	done
	assert_equal "$extra" ""
}

@test "the completions in the tree are those of the table" {
	mq help --completion bash | cmp - "$top/completions/mq.bash"
	mq help --completion zsh | cmp - "$top/completions/_mq"
	mq help --completion fish | cmp - "$top/completions/mq.fish"
	run -64 mq help --completion csh
	bash -n "$top/completions/mq.bash"
	if command -v zsh >/dev/null; then zsh -n "$top/completions/_mq"; fi
	if command -v fish >/dev/null; then fish -n "$top/completions/mq.fish"; fi
}

@test "bash completes verbs, queues, ids, handles, options, keys, on the spool of the line" {
	MQ_SPOOL=$PWD/other mq push -q orders -m x
	mq push -q jobs -m x
	id=$(mq push jobs -m y)
	h=$(mq claim jobs)
	cat >complete <<-'END'
	source "$1"
	shift
	COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
	_mq
	printf '%s\n' "${COMPREPLY[@]}"
	END
	complete_line() { bash complete "$top/completions/mq.bash" "$@" | sort | tr '\n' ' '; }
	assert_equal "$(complete_line mq pu)" "push "
	assert_equal "$(complete_line mq pop '')" "jobs "
	assert_equal "$(complete_line mq -s other pop '')" "orders "
	assert_equal "$(complete_line mq hold jobs '')" "$id "
	assert_equal "$(complete_line mq ack jobs '')" "$h "
	assert_equal "$(complete_line mq push --at)" "--atomic "
	assert_equal "$(complete_line mq init jobs le)" "lease= "
	assert_equal "$(complete_line mq ls jobs --state de)" "dead delayed "
}

@test "findings of fsck: program, format page and manual agree" {
	mq fsck --list | cut -f 1,2,5 | sort >program
	sed -nE 's/^\| `([a-z-]*)` \| (error|warning|info) \| (F[0-9.]+) \|.*/\1\t\2\t\3/p' "$top/spool-format.md" | sort >format
	diff program format
	cut -f 1 program >ids
	grep -Eo '^\.It Ic [a-z-]+' "$top/man/mq-fsck.1" | sed 's/.* //' | sort >manual
	diff ids manual
}

@test "each kind of finding is provoked by a test, and each verb that changes something is swept" {
	for id in $(mq fsck --list | cut -f 1); do
		grep -qw -- "$id" "$top"/tests/*.bats || echo "$id"
	done >missing
	# A relay and its helper are two processes: engine/relay.bats sweeps them.
	for verb in $(verbs | grep -vxE 'top|watch|check|engine|relay|help|version'); do
		grep -qE "\"[^\"]*mq $verb( |\")" "$top/tests/sweep/scenarios.py" || echo "$verb"
	done >>missing
	assert_equal "$(cat missing)" ""
}

@test "policy keys: program and manual agree" {
	mq init q
	mq config q | sed -n 's/^\([a-z_]*\) = .*/\1/p' | sort >keys
	for key in $(cat keys); do
		grep -Eq "^\.It (Ic|Cm|Sy|Va) $key( |\$)" "$top/man/mq.conf.5" || echo "$key"
	done >missing
	assert_equal "$(cat missing)" ""
}

@test "the SYNOPSIS of each page has each of its options" {
	missing=
	for verb in $(verbs); do
		sed -n '/^\.Sh SYNOPSIS/,/^\.Sh DESCRIPTION/p' "$top/man/mq-$verb.1" >synopsis
		while read -r letter long; do
			# What mq itself says to an mq on another host is not for people to type.
			[ "$long" != chunks ] || continue
			if grep -q 'Ar selection' synopsis && selecting "^\.It.* Fl (Fl |-)?$long( |,|=|\$)"; then continue; fi
			grep -Eq "(Fl|\|) ([A-Za-z0-9]*${letter}[A-Za-z0-9]*|-$long)( |\$)" synopsis || missing+="$verb --$long; "
		done < <(mq help --table | awk -F '\t' -v v="$verb" '$1 == "opt" && $2 == v { print ($3 == "" ? "--" : $3), $4 }')
	done
	assert_equal "$missing" ""
}

# surface KIND: what there is of it now, from tests/surface.sh
surface() {
	[ -f surface ] || "$top/tests/surface.sh" >surface
	sed -n "s/^$1 //p" surface
}

# items FILE FIRST LAST: the words of all ".It Ic a , b" from a line like FIRST to one like LAST
items() {
	sed -n "/$2/,/$3/p" "$1" | sed -n 's/^\.It Ic //p' | tr -d ,. | tr ' ' '\n' | grep .
}

@test "columns: program, help, completions and manual agree" {
	surface column | sort >program
	mq help ls | sed -n 's/.*columns: \([a-z_,]*\).*/\1/p' | tr , '\n' | sort | diff program -
	mq help --completion bash | sed -n "s/^_mq_columns='\(.*\)'/\1/p" | tr ' ' '\n' | sort | diff program -
	for verb in ls dead; do
		sed -n '/^Print these columns/,/^Without it/p' "$top/man/mq-$verb.1" | sed -n 's/^\.Cm //p' |
		    tr -d ,. | tr ' ' '\n' | grep . | sort | diff program -
	done
	mq init -q q
	COLUMNS=250 mq top -b -n 1 | sed -n 3p | tr -s ' ' '\n' | grep . | sort >program
	items "$top/man/mq-top.1" '^\.Ss All queues' '^\.El' | sort | diff program -
}

# members LIST: the names in a list of cmd/shared/members.h, in their order
members() {
	sed -n "/^#define $1(X)/,/^\$/p" "$top/cmd/shared/members.h" | sed -n 's/^\tX(\([a-z_]*\)).*/\1/p'
}

@test "members of JSON: their lists, program and manual agree" {
	mq push -q q -m x
	members MESSAGE_MEMBERS >list
	mq ls --json q | jq -r 'keys_unsorted[]' | diff list -
	printf '%s\n' body body_base64 | cat list - | sort >all
	items "$top/man/mq.1" '^A message:' '^\.El' | sort | diff all -
	members QUEUE_MEMBERS >list
	mq stat --json q | jq -r 'keys_unsorted[]' | diff list -
	items "$top/man/mq.1" '^A queue, from' '^\.El' | diff list -
	# Claim has one more, and the manual tells it in the text.
	{ surface "json pop"; surface "json claim" | grep -vx attempt; } | sort -u | diff all -
	for verb in ls show claim stat topics fsck watch; do
		for member in $(surface "json $verb" | tr . '\n' | sort -u); do
			{ cat "$top/man/mq-$verb.1"; sed -n '/^\.Sh JSON/,/^\.Sh [^J]/p' "$top/man/mq.1"; } |
			    grep -Eq "^\.(It )?(Ic|Cm|Va) (.* )?$member( |\$)" || echo "$verb $member"
		done
	done >missing
	assert_equal "$(cat missing)" ""
}

@test "metrics: their list, program and manual agree" {
	mq init -q q
	mq stat --prometheus | awk '$2 == "TYPE" { print $3 }' >program
	sed -n 's/^\tX(\(mq_[a-z_]*\),.*/\1/p' "$top/cmd/shared/prometheus.c" | diff program -
	mq -s "$PWD/there" init -q q
	mq relay -q --drain q "mq://$PWD/there/q"
	mq stat --prometheus | awk '$2 == "TYPE" { print $3 }' | grep ^mq_relay >relays
	sed -n 's/^\tX(\(mq_relay[a-z_]*\),.*/\1/p' "$top/cmd/shared/relayput.c" | diff relays -
	cat relays >>program
	sort -o program program
	# Each kind of event that the program counts has its metric.
	mq stat --json q | jq -r '.totals | keys[]' | sort >totals
	sed -nE 's/^mq_(messages|answers)_(.*)_total$/\2/p' program | sort | diff totals -
	grep -oE '^\.(It )?Ic mq_.*' "$top/man/mq-stat.1" | tr -d ,. | tr ' ' '\n' | grep ^mq_ | sort | diff program -
}

@test "fields of names: the codec and the format page agree" {
	sed -nE 's/^static const char (known|late)\[\] = "(.*)";/\2/p' "$top/lib/base/name.c" | tr -d '\n' >codec
	assert [ -s codec ]
	sed -nE 's/^\| F2\.[0-9]+ \| `([a-zA-Z])` \|.*/\1/p' "$top/spool-format.md" | tr -d '\n' >page
	assert_equal "$(cat page)" "$(cat codec)"
	# Each is in the golden spool and in the unit test of the codec.
	for letter in $(grep -o . codec); do
		grep -q ",$letter" "$top/tests/format.bats" || echo "format.bats: $letter"
		grep -q ",$letter" "$top/tests/unit/test_name.c" || echo "test_name.c: $letter"
	done >missing
	assert_equal "$(cat missing)" ""
}

@test "NEWS names this version's verbs" {
	for verb in $(verbs); do
		grep -qw "$verb" "$top/NEWS.md" || echo "$verb"
	done >missing
	assert_equal "$(cat missing)" ""
}

# news WORD OF: a line of NEWS.md names both
news() {
	grep -w -- "$1" "$top/NEWS.md" | grep -Eqw -- "$2"
}

@test "what is new since the last release is in NEWS, and nothing is gone" {
	surface >now
	LC_ALL=C comm -13 "$top/tests/surface.txt" surface >new
	LC_ALL=C comm -23 "$top/tests/surface.txt" surface >gone
	while read -r kind of name; do
		case $kind in
		option)	news "$name" "$of|selections" ;;
		column)	news "$of" 'columns?' ;;
		json)	news "${name##*.}" 'JSON|--json|json' ;;
		key)	news "$of" 'key|policy|init' ;;
		*)	news "$of" . ;;
		esac || echo "$kind $of $name"
	done <new >missing
	while read -r kind of name; do
		grep -F '**Breaking**' "$top/NEWS.md" | grep -qw -- "${name:-$of}" || echo "gone: $kind $of $name"
	done <gone >>missing
	assert_equal "$(cat missing)" ""
}

@test "NEWS is a line a change, in groups" {
	run -0 awk 'NR > 4 && !/^(## |### |- |$)/' "$top/NEWS.md"
	assert_output "The first version, with spool format 1."
}

@test "no page has a quote within a quote: each Ql of a line ends at the end of that line" {
	run -1 grep -nE '^\.([A-Z][a-z] )?Ql .* Ql ' "$top"/man/*
}
