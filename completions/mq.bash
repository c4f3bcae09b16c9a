# bash completion for mq; made by 'mq help --completion bash'

_mq_verbs='init config push pop claim ack nack extend work request reply peek show ls stat top dead retry bury hold edit rm mv watch wait subscribe unsubscribe topics replay pause resume engine relay fsck check export import help version'
_mq_states='ready delayed claimed held dead done'
_mq_columns='id state priority attempts deliveries size age enqueued due deadline expires reason handle file origin'
_mq_keys='lease= attempts= backoff= jitter= expire= expired= order_dead= latest= dead_queue= max_messages= max_bytes= max_size= min_free= min_inodes= sync= keep= unrouted= mode= group= paused= log= handler= jobs= timeout= grace= once= accept= rate= max_in_flight= single= breaker='

_mq_opts() {
	case $1 in
	init) echo '-q -v -h --quiet --verbose --help' ;;
	config) echo '--json -q -v -h --quiet --verbose --help' ;;
	push) echo '-m --message -l --lines -0 --null -p --priority -d --delay -x --expire -k --key -H --header --type --content-type --source --cloudevents --id --atomic --wait --chunks -q -v -h --quiet --verbose --help' ;;
	pop) echo '-n --limit -l --lines -0 --null --json --cloudevents -w --wait --chunks -q -v -h --quiet --verbose --help' ;;
	claim) echo '--body --lease -w --wait --json --cloudevents --chunks -q -v -h --quiet --verbose --help' ;;
	ack) echo '-q -v -h --quiet --verbose --help' ;;
	nack) echo '--delay --reason --dead --no-count -q -v -h --quiet --verbose --help' ;;
	extend) echo '-q -v -h --quiet --verbose --help' ;;
	work) echo '-j --jobs --drain -n --limit --timeout --grace --rate --lease --reply --persistent --batch --frame --config -q -v -h --quiet --verbose --help' ;;
	request) echo '-m --message -p --priority -H --header --timeout -q -v -h --quiet --verbose --help' ;;
	reply) echo '-m --message -q -v -h --quiet --verbose --help' ;;
	peek) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last -i --info --json --cloudevents -q -v -h --quiet --verbose --help' ;;
	show) echo '--json -q -v -h --quiet --verbose --help' ;;
	ls) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last -o --columns --sort --by --json --ids -q -v -h --quiet --verbose --help' ;;
	stat) echo '--json --prometheus --textfile --rates --ages --relays -q -v -h --quiet --verbose --help' ;;
	top) echo '-b --batch -d --delay -n --frames -q -v -h --quiet --verbose --help' ;;
	dead) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last -o --columns --sort --by --json --ids -q -v -h --quiet --verbose --help' ;;
	retry) echo '--keep-attempts --to-origin --rate --state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last --all --force --dry-run -q -v -h --quiet --verbose --help' ;;
	bury) echo '--reason --state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last --all --force --dry-run -q -v -h --quiet --verbose --help' ;;
	hold) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last --all --force --dry-run -q -v -h --quiet --verbose --help' ;;
	edit) echo '--headers -q -v -h --quiet --verbose --help' ;;
	rm) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last --all --force --dry-run -q -v -h --quiet --verbose --help' ;;
	mv) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last --all --force --dry-run -q -v -h --quiet --verbose --help' ;;
	watch) echo '--json -q -v -h --quiet --verbose --help' ;;
	wait) echo '--ready --empty --below --timeout -q -v -h --quiet --verbose --help' ;;
	subscribe) echo '--filter --since -q -v -h --quiet --verbose --help' ;;
	unsubscribe) echo '-q -v -h --quiet --verbose --help' ;;
	topics) echo '--json -q -v -h --quiet --verbose --help' ;;
	replay) echo '--to --rate --all --dry-run --state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last -q -v -h --quiet --verbose --help' ;;
	pause) echo '--push -q -v -h --quiet --verbose --help' ;;
	resume) echo '--push -q -v -h --quiet --verbose --help' ;;
	engine) echo '--check -q -v -h --quiet --verbose --help' ;;
	relay) echo '--name -j --window --drain --config -q -v -h --quiet --verbose --help' ;;
	fsck) echo '--repair --json --list -q -v -h --quiet --verbose --help' ;;
	check) echo '--warn-depth --crit-depth --warn-age --crit-age --warn-dead --crit-dead --relay -q -v -h --quiet --verbose --help' ;;
	export) echo '--state --older --newer --since --until --priority --attempts --size --header --reason --like --match -n --limit --first --last -q -v -h --quiet --verbose --help' ;;
	import) echo '--dry-run -q -v -h --quiet --verbose --help' ;;
	help) echo '--completion --table -q -v -h --quiet --verbose --help' ;;
	version) echo '-q -v -h --quiet --verbose --help' ;;
	esac
}

_mq_arg() {
	case $1:$2 in
	push:--message | push:-m) echo none ;;
	push:--priority | push:-p) echo none ;;
	push:--delay | push:-d) echo none ;;
	push:--expire | push:-x) echo none ;;
	push:--key | push:-k) echo none ;;
	push:--header | push:-H) echo none ;;
	push:--type) echo none ;;
	push:--content-type) echo none ;;
	push:--source) echo none ;;
	push:--id) echo none ;;
	pop:--limit | pop:-n) echo none ;;
	claim:--body) echo file ;;
	claim:--lease) echo none ;;
	nack:--delay) echo none ;;
	nack:--reason) echo none ;;
	work:--jobs | work:-j) echo none ;;
	work:--limit | work:-n) echo none ;;
	work:--timeout) echo none ;;
	work:--grace) echo none ;;
	work:--rate) echo none ;;
	work:--lease) echo none ;;
	work:--batch) echo none ;;
	work:--frame) echo none ;;
	request:--message | request:-m) echo none ;;
	request:--priority | request:-p) echo none ;;
	request:--header | request:-H) echo none ;;
	request:--timeout) echo none ;;
	reply:--message | reply:-m) echo none ;;
	peek:--state) echo state ;;
	peek:--older) echo none ;;
	peek:--newer) echo none ;;
	peek:--since) echo none ;;
	peek:--until) echo none ;;
	peek:--priority) echo none ;;
	peek:--attempts) echo none ;;
	peek:--size) echo none ;;
	peek:--header) echo none ;;
	peek:--reason) echo none ;;
	peek:--like) echo id ;;
	peek:--match) echo none ;;
	peek:--limit | peek:-n) echo none ;;
	ls:--state) echo state ;;
	ls:--older) echo none ;;
	ls:--newer) echo none ;;
	ls:--since) echo none ;;
	ls:--until) echo none ;;
	ls:--priority) echo none ;;
	ls:--attempts) echo none ;;
	ls:--size) echo none ;;
	ls:--header) echo none ;;
	ls:--reason) echo none ;;
	ls:--like) echo id ;;
	ls:--match) echo none ;;
	ls:--limit | ls:-n) echo none ;;
	ls:--columns | ls:-o) echo column ;;
	ls:--sort) echo column ;;
	ls:--by) echo none ;;
	stat:--textfile) echo file ;;
	top:--delay | top:-d) echo none ;;
	top:--frames | top:-n) echo none ;;
	dead:--state) echo state ;;
	dead:--older) echo none ;;
	dead:--newer) echo none ;;
	dead:--since) echo none ;;
	dead:--until) echo none ;;
	dead:--priority) echo none ;;
	dead:--attempts) echo none ;;
	dead:--size) echo none ;;
	dead:--header) echo none ;;
	dead:--reason) echo none ;;
	dead:--like) echo id ;;
	dead:--match) echo none ;;
	dead:--limit | dead:-n) echo none ;;
	dead:--columns | dead:-o) echo column ;;
	dead:--sort) echo column ;;
	dead:--by) echo none ;;
	retry:--rate) echo none ;;
	retry:--state) echo state ;;
	retry:--older) echo none ;;
	retry:--newer) echo none ;;
	retry:--since) echo none ;;
	retry:--until) echo none ;;
	retry:--priority) echo none ;;
	retry:--attempts) echo none ;;
	retry:--size) echo none ;;
	retry:--header) echo none ;;
	retry:--reason) echo none ;;
	retry:--like) echo id ;;
	retry:--match) echo none ;;
	retry:--limit | retry:-n) echo none ;;
	bury:--reason) echo none ;;
	bury:--state) echo state ;;
	bury:--older) echo none ;;
	bury:--newer) echo none ;;
	bury:--since) echo none ;;
	bury:--until) echo none ;;
	bury:--priority) echo none ;;
	bury:--attempts) echo none ;;
	bury:--size) echo none ;;
	bury:--header) echo none ;;
	bury:--reason) echo none ;;
	bury:--like) echo id ;;
	bury:--match) echo none ;;
	bury:--limit | bury:-n) echo none ;;
	hold:--state) echo state ;;
	hold:--older) echo none ;;
	hold:--newer) echo none ;;
	hold:--since) echo none ;;
	hold:--until) echo none ;;
	hold:--priority) echo none ;;
	hold:--attempts) echo none ;;
	hold:--size) echo none ;;
	hold:--header) echo none ;;
	hold:--reason) echo none ;;
	hold:--like) echo id ;;
	hold:--match) echo none ;;
	hold:--limit | hold:-n) echo none ;;
	rm:--state) echo state ;;
	rm:--older) echo none ;;
	rm:--newer) echo none ;;
	rm:--since) echo none ;;
	rm:--until) echo none ;;
	rm:--priority) echo none ;;
	rm:--attempts) echo none ;;
	rm:--size) echo none ;;
	rm:--header) echo none ;;
	rm:--reason) echo none ;;
	rm:--like) echo id ;;
	rm:--match) echo none ;;
	rm:--limit | rm:-n) echo none ;;
	mv:--state) echo state ;;
	mv:--older) echo none ;;
	mv:--newer) echo none ;;
	mv:--since) echo none ;;
	mv:--until) echo none ;;
	mv:--priority) echo none ;;
	mv:--attempts) echo none ;;
	mv:--size) echo none ;;
	mv:--header) echo none ;;
	mv:--reason) echo none ;;
	mv:--like) echo id ;;
	mv:--match) echo none ;;
	mv:--limit | mv:-n) echo none ;;
	wait:--below) echo none ;;
	wait:--timeout) echo none ;;
	subscribe:--filter) echo none ;;
	subscribe:--since) echo none ;;
	replay:--to) echo queue ;;
	replay:--rate) echo none ;;
	replay:--state) echo state ;;
	replay:--older) echo none ;;
	replay:--newer) echo none ;;
	replay:--since) echo none ;;
	replay:--until) echo none ;;
	replay:--priority) echo none ;;
	replay:--attempts) echo none ;;
	replay:--size) echo none ;;
	replay:--header) echo none ;;
	replay:--reason) echo none ;;
	replay:--like) echo id ;;
	replay:--match) echo none ;;
	replay:--limit | replay:-n) echo none ;;
	relay:--name) echo none ;;
	relay:--window | relay:-j) echo none ;;
	check:--warn-depth) echo none ;;
	check:--crit-depth) echo none ;;
	check:--warn-age) echo none ;;
	check:--crit-age) echo none ;;
	check:--warn-dead) echo none ;;
	check:--crit-dead) echo none ;;
	export:--state) echo state ;;
	export:--older) echo none ;;
	export:--newer) echo none ;;
	export:--since) echo none ;;
	export:--until) echo none ;;
	export:--priority) echo none ;;
	export:--attempts) echo none ;;
	export:--size) echo none ;;
	export:--header) echo none ;;
	export:--reason) echo none ;;
	export:--like) echo id ;;
	export:--match) echo none ;;
	export:--limit | export:-n) echo none ;;
	help:--completion) echo shell ;;
	esac
}

_mq_operands() {
	case $1 in
	init) echo 'queue key*' ;;
	config) echo 'queue' ;;
	push) echo 'queue file*' ;;
	pop) echo 'queue' ;;
	claim) echo 'queue' ;;
	ack) echo 'queue handle*' ;;
	nack) echo 'queue handle*' ;;
	extend) echo 'queue handle none' ;;
	work) echo 'queue* command file*' ;;
	request) echo 'queue file' ;;
	reply) echo 'queue none file' ;;
	peek) echo 'queue id' ;;
	show) echo 'queue id' ;;
	ls) echo 'queue' ;;
	stat) echo 'queue' ;;
	top) echo 'queue' ;;
	dead) echo 'queue' ;;
	retry) echo 'queue id*' ;;
	bury) echo 'queue id*' ;;
	hold) echo 'queue id*' ;;
	edit) echo 'queue id' ;;
	rm) echo 'queue id*' ;;
	mv) echo 'queue queue id*' ;;
	watch) echo 'queue*' ;;
	wait) echo 'queue' ;;
	subscribe) echo 'none queue' ;;
	unsubscribe) echo 'none queue' ;;
	topics) echo 'none' ;;
	replay) echo 'queue id*' ;;
	pause) echo 'queue' ;;
	resume) echo 'queue' ;;
	engine) echo 'none queue' ;;
	relay) echo 'none none' ;;
	fsck) echo 'queue*' ;;
	check) echo 'queue*' ;;
	export) echo 'queue id*' ;;
	import) echo 'queue' ;;
	help) echo 'verb' ;;
	version) echo '' ;;
	esac
}

_mq_idstates() {
	case $1 in
	retry) echo dead,held,delayed ;;
	bury) echo ready,delayed,held ;;
	hold) echo ready,delayed ;;
	*) echo ready,delayed,claimed,held,dead,done ;;
	esac
}

# _mq_walk WORD...: the words before the present one; sets verb, queue, want and spool.
_mq_walk() {
	verb='' queue='' want='' spool=''
	local word kinds='' need='' n=0 only=''
	for word in "$@"; do
		if [ -n "$need" ]; then
			[ "$need" = spool ] && spool=$word
			need=''
			continue
		fi
		if [ -z "$verb" ]; then
			case $word in
			-s | --spool) need=spool ;;
			--spool=*) spool=${word#--spool=} ;;
			-s?*) spool=${word#-s} ;;
			-*) ;;
			*) verb=$word kinds=$(_mq_operands "$word") ;;
			esac
			continue
		fi
		case $only$word in
		--)
			only=operands:
			case $kinds in *'* '*) kinds=${kinds#* } ;; esac
			;;
		-?*) need=$(_mq_arg "$verb" "$word") ;;
		*)
			n=$((n + 1))
			[ "$n" -eq 1 ] && queue=$word
			case $kinds in
			*'* '*) ;;
			*' '*) kinds=${kinds#* } ;;
			*'*') ;;
			*) kinds='' ;;
			esac
			;;
		esac
	done
	if [ -n "$need" ]; then want=$need
	elif [ -z "$verb" ]; then want=verb
	else
		want=${kinds%% *}
		want=${want%'*'}
	fi
}

_mq_ask() {
	case ${spool:-${MQ_SPOOL-}} in *://* | @*) return ;; esac
	if [ -n "$spool" ]; then mq -q -s "$spool" "$@" 2>/dev/null; else mq -q "$@" 2>/dev/null; fi
}

# _mq_candidates: the words that may come next.
_mq_candidates() {
	case $want in
	verb) echo "$_mq_verbs" ;;
	queue) _mq_ask ls ;;
	id) [ -n "$queue" ] && _mq_ask ls "$queue" --ids -n 1000 --state "$(_mq_idstates "$verb")" ;;
	handle) [ -n "$queue" ] && _mq_ask ls "$queue" -o handle -n 1000 --state claimed ;;
	key) echo "$_mq_keys" ;;
	state) echo "$_mq_states" ;;
	column) echo "$_mq_columns" ;;
	shell) echo bash zsh fish ;;
	esac
}

_mq() {
	local cur=${COMP_WORDS[COMP_CWORD]} verb queue want spool
	_mq_walk "${COMP_WORDS[@]:1:COMP_CWORD-1}"
	COMPREPLY=()
	case $cur in
	-*)
		if [ -z "$verb" ]; then
			mapfile -t COMPREPLY < <(compgen -W '-s --spool -q -v --help --version' -- "$cur")
		else
			mapfile -t COMPREPLY < <(compgen -W "$(_mq_opts "$verb")" -- "$cur")
		fi
		return
		;;
	esac
	case $want in
	file) mapfile -t COMPREPLY < <(compgen -f -- "$cur") ;;
	spool) mapfile -t COMPREPLY < <(compgen -d -- "$cur") ;;
	command) mapfile -t COMPREPLY < <(compgen -c -- "$cur") ;;
	*) mapfile -t COMPREPLY < <(compgen -W "$(_mq_candidates)" -- "$cur") ;;
	esac
	if [ "$want" = key ]; then compopt -o nospace 2>/dev/null; fi
}

complete -F _mq mq
