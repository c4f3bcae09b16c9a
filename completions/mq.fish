# fish completion for mq; made by 'mq help --completion fish'

# Ask mq, with the spool that was typed.
function __mq_ask
	set -l words (commandline -opc)
	set -l spool
	set -l need
	for word in $words[2..-1]
		if test -n "$need"
			set spool -s $word
			set need
			continue
		end
		switch $word
			case -s --spool
				set need yes
			case '--spool=*'
				set spool -s (string replace -- --spool= '' $word)
			case '-s*'
				set spool -s (string sub -s 3 -- $word)
			case '-*'
			case '*'
				break
		end
	end
	string match -qr '^(@|.*://)' -- $spool[2] (test -n "$spool"; or echo "$MQ_SPOOL"); and return
	mq -q $spool $argv 2>/dev/null
end

function __mq_arg
	switch $argv[1]:$argv[2]
		case push:--message push:-m
			echo yes
		case push:--priority push:-p
			echo yes
		case push:--delay push:-d
			echo yes
		case push:--expire push:-x
			echo yes
		case push:--key push:-k
			echo yes
		case push:--header push:-H
			echo yes
		case push:--type
			echo yes
		case push:--content-type
			echo yes
		case push:--source
			echo yes
		case push:--id
			echo yes
		case pop:--limit pop:-n
			echo yes
		case claim:--body
			echo yes
		case claim:--lease
			echo yes
		case nack:--delay
			echo yes
		case nack:--reason
			echo yes
		case work:--jobs work:-j
			echo yes
		case work:--limit work:-n
			echo yes
		case work:--timeout
			echo yes
		case work:--grace
			echo yes
		case work:--rate
			echo yes
		case work:--lease
			echo yes
		case work:--batch
			echo yes
		case work:--frame
			echo yes
		case request:--message request:-m
			echo yes
		case request:--priority request:-p
			echo yes
		case request:--header request:-H
			echo yes
		case request:--timeout
			echo yes
		case reply:--message reply:-m
			echo yes
		case peek:--state
			echo yes
		case peek:--older
			echo yes
		case peek:--newer
			echo yes
		case peek:--since
			echo yes
		case peek:--until
			echo yes
		case peek:--priority
			echo yes
		case peek:--attempts
			echo yes
		case peek:--size
			echo yes
		case peek:--header
			echo yes
		case peek:--reason
			echo yes
		case peek:--like
			echo yes
		case peek:--match
			echo yes
		case peek:--limit peek:-n
			echo yes
		case ls:--state
			echo yes
		case ls:--older
			echo yes
		case ls:--newer
			echo yes
		case ls:--since
			echo yes
		case ls:--until
			echo yes
		case ls:--priority
			echo yes
		case ls:--attempts
			echo yes
		case ls:--size
			echo yes
		case ls:--header
			echo yes
		case ls:--reason
			echo yes
		case ls:--like
			echo yes
		case ls:--match
			echo yes
		case ls:--limit ls:-n
			echo yes
		case ls:--columns ls:-o
			echo yes
		case ls:--sort
			echo yes
		case ls:--by
			echo yes
		case stat:--textfile
			echo yes
		case top:--delay top:-d
			echo yes
		case top:--frames top:-n
			echo yes
		case dead:--state
			echo yes
		case dead:--older
			echo yes
		case dead:--newer
			echo yes
		case dead:--since
			echo yes
		case dead:--until
			echo yes
		case dead:--priority
			echo yes
		case dead:--attempts
			echo yes
		case dead:--size
			echo yes
		case dead:--header
			echo yes
		case dead:--reason
			echo yes
		case dead:--like
			echo yes
		case dead:--match
			echo yes
		case dead:--limit dead:-n
			echo yes
		case dead:--columns dead:-o
			echo yes
		case dead:--sort
			echo yes
		case dead:--by
			echo yes
		case retry:--rate
			echo yes
		case retry:--state
			echo yes
		case retry:--older
			echo yes
		case retry:--newer
			echo yes
		case retry:--since
			echo yes
		case retry:--until
			echo yes
		case retry:--priority
			echo yes
		case retry:--attempts
			echo yes
		case retry:--size
			echo yes
		case retry:--header
			echo yes
		case retry:--reason
			echo yes
		case retry:--like
			echo yes
		case retry:--match
			echo yes
		case retry:--limit retry:-n
			echo yes
		case bury:--reason
			echo yes
		case bury:--state
			echo yes
		case bury:--older
			echo yes
		case bury:--newer
			echo yes
		case bury:--since
			echo yes
		case bury:--until
			echo yes
		case bury:--priority
			echo yes
		case bury:--attempts
			echo yes
		case bury:--size
			echo yes
		case bury:--header
			echo yes
		case bury:--reason
			echo yes
		case bury:--like
			echo yes
		case bury:--match
			echo yes
		case bury:--limit bury:-n
			echo yes
		case hold:--state
			echo yes
		case hold:--older
			echo yes
		case hold:--newer
			echo yes
		case hold:--since
			echo yes
		case hold:--until
			echo yes
		case hold:--priority
			echo yes
		case hold:--attempts
			echo yes
		case hold:--size
			echo yes
		case hold:--header
			echo yes
		case hold:--reason
			echo yes
		case hold:--like
			echo yes
		case hold:--match
			echo yes
		case hold:--limit hold:-n
			echo yes
		case rm:--state
			echo yes
		case rm:--older
			echo yes
		case rm:--newer
			echo yes
		case rm:--since
			echo yes
		case rm:--until
			echo yes
		case rm:--priority
			echo yes
		case rm:--attempts
			echo yes
		case rm:--size
			echo yes
		case rm:--header
			echo yes
		case rm:--reason
			echo yes
		case rm:--like
			echo yes
		case rm:--match
			echo yes
		case rm:--limit rm:-n
			echo yes
		case mv:--state
			echo yes
		case mv:--older
			echo yes
		case mv:--newer
			echo yes
		case mv:--since
			echo yes
		case mv:--until
			echo yes
		case mv:--priority
			echo yes
		case mv:--attempts
			echo yes
		case mv:--size
			echo yes
		case mv:--header
			echo yes
		case mv:--reason
			echo yes
		case mv:--like
			echo yes
		case mv:--match
			echo yes
		case mv:--limit mv:-n
			echo yes
		case wait:--below
			echo yes
		case wait:--timeout
			echo yes
		case subscribe:--filter
			echo yes
		case subscribe:--since
			echo yes
		case replay:--to
			echo yes
		case replay:--rate
			echo yes
		case replay:--state
			echo yes
		case replay:--older
			echo yes
		case replay:--newer
			echo yes
		case replay:--since
			echo yes
		case replay:--until
			echo yes
		case replay:--priority
			echo yes
		case replay:--attempts
			echo yes
		case replay:--size
			echo yes
		case replay:--header
			echo yes
		case replay:--reason
			echo yes
		case replay:--like
			echo yes
		case replay:--match
			echo yes
		case replay:--limit replay:-n
			echo yes
		case relay:--name
			echo yes
		case relay:--window relay:-j
			echo yes
		case check:--warn-depth
			echo yes
		case check:--crit-depth
			echo yes
		case check:--warn-age
			echo yes
		case check:--crit-age
			echo yes
		case check:--warn-dead
			echo yes
		case check:--crit-dead
			echo yes
		case export:--state
			echo yes
		case export:--older
			echo yes
		case export:--newer
			echo yes
		case export:--since
			echo yes
		case export:--until
			echo yes
		case export:--priority
			echo yes
		case export:--attempts
			echo yes
		case export:--size
			echo yes
		case export:--header
			echo yes
		case export:--reason
			echo yes
		case export:--like
			echo yes
		case export:--match
			echo yes
		case export:--limit export:-n
			echo yes
		case help:--completion
			echo yes
	end
end

# The operands so far behind the verb.
function __mq_operands
	set -l words (commandline -opc)
	set -l i (contains -i -- $argv[1] $words)
	or return
	set -l need
	set -l only
	for word in $words[(math $i + 1)..-1]
		if test -n "$need"
			set need
		else if test -n "$only"
			echo $word
		else if test "$word" = --
			set only yes
		else if string match -q -- '-?*' $word
			set need (__mq_arg $argv[1] $word)
		else
			echo $word
		end
	end
end

function __mq_candidates
	set -l operands (__mq_operands $argv[2])
	switch $argv[1]
		case queue
			__mq_ask ls
		case id
			__mq_ask ls $operands[1] --ids -n 1000 --state $argv[3]
		case handle
			__mq_ask ls $operands[1] -o handle -n 1000 --state claimed
		case command
			__fish_complete_command
		case shell
			printf '%s\n' bash zsh fish
		case state
			printf '%s\n' ready delayed claimed held dead done
		case column
			printf '%s\n' id state priority attempts deliveries size age enqueued due deadline expires reason handle file origin
		case verb
			printf '%s\n' init config push pop claim ack nack extend work request reply peek show ls stat top dead retry bury hold edit rm mv watch wait subscribe unsubscribe topics replay pause resume engine relay fsck check export import help version
		case key
			printf '%s\n' lease= attempts= backoff= jitter= expire= expired= order_dead= latest= dead_queue= max_messages= max_bytes= max_size= min_free= min_inodes= sync= keep= unrouted= mode= group= paused= log= handler= jobs= timeout= grace= once= accept= rate= max_in_flight= single= breaker=
	end
end

# What comes next is of this kind: the n-th of the verb's operands, the last one repeating, or the first up to --.
function __mq_wants
	set -l kinds (string split ' ' -- $argv[3])
	set -l n (math (count (__mq_operands $argv[2])) + 1)
	if string match -q -- '*\* *' $argv[3]
		set -l words (commandline -opc)
		set -l at (contains -i -- -- $words)
		and set n (math (count $words) - $at + 2)
		or set n 1
	end
	if test $n -gt (count $kinds)
		string match -q -- '*\*' $kinds[-1]; or return 1
		set n (count $kinds)
	end
	test (string trim -c '*' -- $kinds[$n]) = $argv[1]
end

complete -c mq -f
complete -c mq -n __fish_use_subcommand -s s -l spool -rF -d 'the spool'
complete -c mq -n __fish_use_subcommand -l version -d 'print the version'
complete -c mq -n __fish_use_subcommand -a init -d 'make a queue, or change its policy'
complete -c mq -n __fish_use_subcommand -a config -d 'show the policy of a queue'
complete -c mq -n __fish_use_subcommand -a push -d 'put messages into a queue and print their ids'
complete -c mq -n __fish_use_subcommand -a pop -d 'take a message out: its body to stdout, then gone'
complete -c mq -n __fish_use_subcommand -a claim -d 'take a message for a while, and print the handle of the claim'
complete -c mq -n __fish_use_subcommand -a ack -d 'end claims: the messages are done with'
complete -c mq -n __fish_use_subcommand -a nack -d 'end claims: the attempts failed'
complete -c mq -n __fish_use_subcommand -a extend -d 'renew the lease of a claim'
complete -c mq -n __fish_use_subcommand -a work -d 'run a command for each message'
complete -c mq -n __fish_use_subcommand -a request -d 'push a message and wait for the answer'
complete -c mq -n __fish_use_subcommand -a reply -d 'answer a request'
complete -c mq -n __fish_use_subcommand -a peek -d 'show messages, the next one, and change nothing'
complete -c mq -n __fish_use_subcommand -a show -d 'tell all that is known about a message'
complete -c mq -n __fish_use_subcommand -a ls -d 'list queues, or the messages of one'
complete -c mq -n __fish_use_subcommand -a stat -d 'count messages by state, with sizes, ages and rates'
complete -c mq -n __fish_use_subcommand -a top -d 'all queues on one screen, live; look into one, act on it'
complete -c mq -n __fish_use_subcommand -a dead -d 'list dead letters, with the reason of each'
complete -c mq -n __fish_use_subcommand -a retry -d 'make dead, held or delayed messages ready again'
complete -c mq -n __fish_use_subcommand -a bury -d 'give up on messages: they become dead letters'
complete -c mq -n __fish_use_subcommand -a hold -d 'set messages aside until retry'
complete -c mq -n __fish_use_subcommand -a edit -d 'change a dead or held message in an editor'
complete -c mq -n __fish_use_subcommand -a rm -d 'remove messages for good'
complete -c mq -n __fish_use_subcommand -a mv -d 'move messages to another queue'
complete -c mq -n __fish_use_subcommand -a watch -d 'print each event of queues as it happens'
complete -c mq -n __fish_use_subcommand -a wait -d 'block until a queue is ready, empty or short'
complete -c mq -n __fish_use_subcommand -a subscribe -d 'let a queue get what is pushed to a topic'
complete -c mq -n __fish_use_subcommand -a unsubscribe -d 'let a queue get no more of a topic'
complete -c mq -n __fish_use_subcommand -a topics -d 'show topics and who subscribes to them'
complete -c mq -n __fish_use_subcommand -a replay -d 'deliver again what was acknowledged and kept'
complete -c mq -n __fish_use_subcommand -a pause -d 'stop claims (or pushes) until resume'
complete -c mq -n __fish_use_subcommand -a resume -d 'allow claims (or pushes) again'
complete -c mq -n __fish_use_subcommand -a engine -d 'tell what message engines can do, and try to reach one'
complete -c mq -n __fish_use_subcommand -a relay -d 'carry messages between a queue and a message engine'
complete -c mq -n __fish_use_subcommand -a fsck -d 'check queues, and mend them'
complete -c mq -n __fish_use_subcommand -a check -d 'tell a monitoring system how a queue is, as a Nagios plug-in'
complete -c mq -n __fish_use_subcommand -a export -d 'write a queue to standard output as a tar archive'
complete -c mq -n __fish_use_subcommand -a import -d 'read what export wrote, and put it into a queue'
complete -c mq -n __fish_use_subcommand -a help -d 'tell about commands'
complete -c mq -n __fish_use_subcommand -a version -d 'print the version'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants queue init "queue key*"' -a '(__mq_candidates queue init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants id init "queue key*"' -a '(__mq_candidates id init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants handle init "queue key*"' -a '(__mq_candidates handle init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants key init "queue key*"' -a '(__mq_candidates key init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants verb init "queue key*"' -a '(__mq_candidates verb init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants command init "queue key*"' -a '(__mq_candidates command init ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from init; and __mq_wants file init "queue key*"' -F
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants queue config "queue"' -a '(__mq_candidates queue config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants id config "queue"' -a '(__mq_candidates id config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants handle config "queue"' -a '(__mq_candidates handle config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants key config "queue"' -a '(__mq_candidates key config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants verb config "queue"' -a '(__mq_candidates verb config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants command config "queue"' -a '(__mq_candidates command config ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from config; and __mq_wants file config "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from config' -l json -d 'a JSON object'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants queue push "queue file*"' -a '(__mq_candidates queue push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants id push "queue file*"' -a '(__mq_candidates id push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants handle push "queue file*"' -a '(__mq_candidates handle push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants key push "queue file*"' -a '(__mq_candidates key push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants verb push "queue file*"' -a '(__mq_candidates verb push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants command push "queue file*"' -a '(__mq_candidates command push ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from push; and __mq_wants file push "queue file*"' -F
complete -c mq -n '__fish_seen_subcommand_from push' -s m -l message -d 'the message is TEXT, not stdin' -x
complete -c mq -n '__fish_seen_subcommand_from push' -s l -l lines -d 'each line of the input is a message'
complete -c mq -n '__fish_seen_subcommand_from push' -s 0 -l null -d 'each NUL-terminated piece of the input is a message'
complete -c mq -n '__fish_seen_subcommand_from push' -s p -l priority -d 'priority 0 (first) to 9 (last); default 5' -x
complete -c mq -n '__fish_seen_subcommand_from push' -s d -l delay -d 'not before DUR from now' -x
complete -c mq -n '__fish_seen_subcommand_from push' -s x -l expire -d 'expires DUR from now' -x
complete -c mq -n '__fish_seen_subcommand_from push' -s k -l key -d 'messages of one KEY are handled one at a time and in order' -x
complete -c mq -n '__fish_seen_subcommand_from push' -s H -l header -d 'add a header; may be repeated' -x
complete -c mq -n '__fish_seen_subcommand_from push' -l type -d 'add the header Type: what happened, such as order.created' -x
complete -c mq -n '__fish_seen_subcommand_from push' -l content-type -d 'add the header Content-Type, such as application/json' -x
complete -c mq -n '__fish_seen_subcommand_from push' -l source -d 'add the header Source: who says so' -x
complete -c mq -n '__fish_seen_subcommand_from push' -l cloudevents -d 'the input is CloudEvents in JSON: attributes become headers, the data the body'
complete -c mq -n '__fish_seen_subcommand_from push' -l id -d 'once: a message that was pushed under KEY before is not pushed again' -x
complete -c mq -n '__fish_seen_subcommand_from push' -l atomic -d 'all messages or none'
complete -c mq -n '__fish_seen_subcommand_from push' -l wait -d 'wait while the queue is full or paused, DUR at most'
complete -c mq -n '__fish_seen_subcommand_from push' -l chunks -d 'for mq on another host: in pieces, so that a broken connection is noticed'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants queue pop "queue"' -a '(__mq_candidates queue pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants id pop "queue"' -a '(__mq_candidates id pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants handle pop "queue"' -a '(__mq_candidates handle pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants key pop "queue"' -a '(__mq_candidates key pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants verb pop "queue"' -a '(__mq_candidates verb pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants command pop "queue"' -a '(__mq_candidates command pop ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pop; and __mq_wants file pop "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from pop' -s n -l limit -d 'up to N messages; more than one needs -l, -0 or --json' -x
complete -c mq -n '__fish_seen_subcommand_from pop' -s l -l lines -d 'a newline behind each body'
complete -c mq -n '__fish_seen_subcommand_from pop' -s 0 -l null -d 'a NUL behind each body'
complete -c mq -n '__fish_seen_subcommand_from pop' -l json -d 'one JSON object a line, with all that is known'
complete -c mq -n '__fish_seen_subcommand_from pop' -l cloudevents -d 'one CloudEvent in JSON a line'
complete -c mq -n '__fish_seen_subcommand_from pop' -s w -l wait -d 'wait for a message, DUR at most'
complete -c mq -n '__fish_seen_subcommand_from pop' -l chunks -d 'for mq on another host: in pieces, so that a broken connection is noticed'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants queue claim "queue"' -a '(__mq_candidates queue claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants id claim "queue"' -a '(__mq_candidates id claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants handle claim "queue"' -a '(__mq_candidates handle claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants key claim "queue"' -a '(__mq_candidates key claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants verb claim "queue"' -a '(__mq_candidates verb claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants command claim "queue"' -a '(__mq_candidates command claim ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from claim; and __mq_wants file claim "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from claim' -l body -d 'write the body to FILE' -rF
complete -c mq -n '__fish_seen_subcommand_from claim' -l lease -d 'length of the lease instead of the policy\'s' -x
complete -c mq -n '__fish_seen_subcommand_from claim' -s w -l wait -d 'wait for a message, DUR at most'
complete -c mq -n '__fish_seen_subcommand_from claim' -l json -d 'print all that is known, body included, as a JSON object'
complete -c mq -n '__fish_seen_subcommand_from claim' -l cloudevents -d 'print it as a CloudEvent in JSON; the handle is its attribute mqhandle'
complete -c mq -n '__fish_seen_subcommand_from claim' -l chunks -d 'for mq on another host: in pieces, so that a broken connection is noticed'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants queue ack "queue handle*"' -a '(__mq_candidates queue ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants id ack "queue handle*"' -a '(__mq_candidates id ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants handle ack "queue handle*"' -a '(__mq_candidates handle ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants key ack "queue handle*"' -a '(__mq_candidates key ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants verb ack "queue handle*"' -a '(__mq_candidates verb ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants command ack "queue handle*"' -a '(__mq_candidates command ack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ack; and __mq_wants file ack "queue handle*"' -F
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants queue nack "queue handle*"' -a '(__mq_candidates queue nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants id nack "queue handle*"' -a '(__mq_candidates id nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants handle nack "queue handle*"' -a '(__mq_candidates handle nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants key nack "queue handle*"' -a '(__mq_candidates key nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants verb nack "queue handle*"' -a '(__mq_candidates verb nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants command nack "queue handle*"' -a '(__mq_candidates command nack ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from nack; and __mq_wants file nack "queue handle*"' -F
complete -c mq -n '__fish_seen_subcommand_from nack' -l delay -d 'not again before DUR, instead of the policy\'s back-off' -x
complete -c mq -n '__fish_seen_subcommand_from nack' -l reason -d 'why it failed, for \'mq dead\'' -x
complete -c mq -n '__fish_seen_subcommand_from nack' -l dead -d 'give up on it now'
complete -c mq -n '__fish_seen_subcommand_from nack' -l no-count -d 'this attempt does not count'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants queue extend "queue handle none"' -a '(__mq_candidates queue extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants id extend "queue handle none"' -a '(__mq_candidates id extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants handle extend "queue handle none"' -a '(__mq_candidates handle extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants key extend "queue handle none"' -a '(__mq_candidates key extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants verb extend "queue handle none"' -a '(__mq_candidates verb extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants command extend "queue handle none"' -a '(__mq_candidates command extend ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from extend; and __mq_wants file extend "queue handle none"' -F
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants queue work "queue* command file*"' -a '(__mq_candidates queue work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants id work "queue* command file*"' -a '(__mq_candidates id work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants handle work "queue* command file*"' -a '(__mq_candidates handle work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants key work "queue* command file*"' -a '(__mq_candidates key work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants verb work "queue* command file*"' -a '(__mq_candidates verb work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants command work "queue* command file*"' -a '(__mq_candidates command work ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from work; and __mq_wants file work "queue* command file*"' -F
complete -c mq -n '__fish_seen_subcommand_from work' -s j -l jobs -d 'run up to N handlers at once; default 1' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l drain -d 'stop when nothing is ready; all: nor delayed or claimed'
complete -c mq -n '__fish_seen_subcommand_from work' -s n -l limit -d 'stop after MAX messages' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l timeout -d 'stop a handler that runs longer; a failed attempt' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l grace -d 'after SIGTERM, stop handlers that still run then' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l rate -d 'start at most N handlers a second (N/m, N/h)' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l lease -d 'length of the lease instead of the policy\'s' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l reply -d 'what a handler prints is the answer to its message'
complete -c mq -n '__fish_seen_subcommand_from work' -l persistent -d 'start CMD once and give it message after message'
complete -c mq -n '__fish_seen_subcommand_from work' -l batch -d 'up to N messages at once, BYTES long, waiting DUR for them' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l frame -d 'how a batch is given: lines, null, json' -x
complete -c mq -n '__fish_seen_subcommand_from work' -l config -d 'command, jobs and time limit from the policies'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants queue request "queue file"' -a '(__mq_candidates queue request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants id request "queue file"' -a '(__mq_candidates id request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants handle request "queue file"' -a '(__mq_candidates handle request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants key request "queue file"' -a '(__mq_candidates key request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants verb request "queue file"' -a '(__mq_candidates verb request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants command request "queue file"' -a '(__mq_candidates command request ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from request; and __mq_wants file request "queue file"' -F
complete -c mq -n '__fish_seen_subcommand_from request' -s m -l message -d 'the request is TEXT, not stdin' -x
complete -c mq -n '__fish_seen_subcommand_from request' -s p -l priority -d 'priority 0 (first) to 9 (last); default 5' -x
complete -c mq -n '__fish_seen_subcommand_from request' -s H -l header -d 'add a header; may be repeated' -x
complete -c mq -n '__fish_seen_subcommand_from request' -l timeout -d 'give up after DUR: exit 1; default 1m' -x
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants queue reply "queue none file"' -a '(__mq_candidates queue reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants id reply "queue none file"' -a '(__mq_candidates id reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants handle reply "queue none file"' -a '(__mq_candidates handle reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants key reply "queue none file"' -a '(__mq_candidates key reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants verb reply "queue none file"' -a '(__mq_candidates verb reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants command reply "queue none file"' -a '(__mq_candidates command reply ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from reply; and __mq_wants file reply "queue none file"' -F
complete -c mq -n '__fish_seen_subcommand_from reply' -s m -l message -d 'the answer is TEXT, not stdin' -x
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants queue peek "queue id"' -a '(__mq_candidates queue peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants id peek "queue id"' -a '(__mq_candidates id peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants handle peek "queue id"' -a '(__mq_candidates handle peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants key peek "queue id"' -a '(__mq_candidates key peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants verb peek "queue id"' -a '(__mq_candidates verb peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants command peek "queue id"' -a '(__mq_candidates command peek ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from peek; and __mq_wants file peek "queue id"' -F
complete -c mq -n '__fish_seen_subcommand_from peek' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state peek)'
complete -c mq -n '__fish_seen_subcommand_from peek' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id peek)'
complete -c mq -n '__fish_seen_subcommand_from peek' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from peek' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from peek' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from peek' -s i -l info -d 'what is known about it, and its headers, before the body'
complete -c mq -n '__fish_seen_subcommand_from peek' -l json -d 'one JSON object a line, body included'
complete -c mq -n '__fish_seen_subcommand_from peek' -l cloudevents -d 'one CloudEvent in JSON a line'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants queue show "queue id"' -a '(__mq_candidates queue show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants id show "queue id"' -a '(__mq_candidates id show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants handle show "queue id"' -a '(__mq_candidates handle show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants key show "queue id"' -a '(__mq_candidates key show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants verb show "queue id"' -a '(__mq_candidates verb show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants command show "queue id"' -a '(__mq_candidates command show ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from show; and __mq_wants file show "queue id"' -F
complete -c mq -n '__fish_seen_subcommand_from show' -l json -d 'one JSON object, with the attempts, without the body'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants queue ls "queue"' -a '(__mq_candidates queue ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants id ls "queue"' -a '(__mq_candidates id ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants handle ls "queue"' -a '(__mq_candidates handle ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants key ls "queue"' -a '(__mq_candidates key ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants verb ls "queue"' -a '(__mq_candidates verb ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants command ls "queue"' -a '(__mq_candidates command ls ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from ls; and __mq_wants file ls "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from ls' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state ls)'
complete -c mq -n '__fish_seen_subcommand_from ls' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id ls)'
complete -c mq -n '__fish_seen_subcommand_from ls' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from ls' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from ls' -s o -l columns -d 'columns: id,state,priority,attempts,deliveries,size,age,enqueued,due,deadline,expires,reason,handle,file,origin' -x -a '(__mq_candidates column ls)'
complete -c mq -n '__fish_seen_subcommand_from ls' -l sort -d 'sort by a column; -COL: the greatest first' -x -a '(__mq_candidates column ls)'
complete -c mq -n '__fish_seen_subcommand_from ls' -l by -d 'count those that have this in common' -x
complete -c mq -n '__fish_seen_subcommand_from ls' -l json -d 'one JSON object a line'
complete -c mq -n '__fish_seen_subcommand_from ls' -l ids -d 'ids only'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants queue stat "queue"' -a '(__mq_candidates queue stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants id stat "queue"' -a '(__mq_candidates id stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants handle stat "queue"' -a '(__mq_candidates handle stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants key stat "queue"' -a '(__mq_candidates key stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants verb stat "queue"' -a '(__mq_candidates verb stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants command stat "queue"' -a '(__mq_candidates command stat ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from stat; and __mq_wants file stat "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from stat' -l json -d 'one JSON object a queue'
complete -c mq -n '__fish_seen_subcommand_from stat' -l prometheus -d 'the text format of Prometheus'
complete -c mq -n '__fish_seen_subcommand_from stat' -l textfile -d 'replace FILE by that, for a node exporter' -rF
complete -c mq -n '__fish_seen_subcommand_from stat' -l rates -d 'rates of the last 1, 5 and 15 minutes'
complete -c mq -n '__fish_seen_subcommand_from stat' -l ages -d 'how many messages are how old, in minutes'
complete -c mq -n '__fish_seen_subcommand_from stat' -l relays -d 'how the relays fare, in place of the queues'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants queue top "queue"' -a '(__mq_candidates queue top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants id top "queue"' -a '(__mq_candidates id top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants handle top "queue"' -a '(__mq_candidates handle top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants key top "queue"' -a '(__mq_candidates key top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants verb top "queue"' -a '(__mq_candidates verb top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants command top "queue"' -a '(__mq_candidates command top ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from top; and __mq_wants file top "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from top' -s b -l batch -d 'frames as plain text on stdout, without keys'
complete -c mq -n '__fish_seen_subcommand_from top' -s d -l delay -d 'from one frame to the next; default 2s' -x
complete -c mq -n '__fish_seen_subcommand_from top' -s n -l frames -d 'end after N frames' -x
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants queue dead "queue"' -a '(__mq_candidates queue dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants id dead "queue"' -a '(__mq_candidates id dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants handle dead "queue"' -a '(__mq_candidates handle dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants key dead "queue"' -a '(__mq_candidates key dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants verb dead "queue"' -a '(__mq_candidates verb dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants command dead "queue"' -a '(__mq_candidates command dead ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from dead; and __mq_wants file dead "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from dead' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state dead)'
complete -c mq -n '__fish_seen_subcommand_from dead' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id dead)'
complete -c mq -n '__fish_seen_subcommand_from dead' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from dead' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from dead' -s o -l columns -d 'columns: id,state,priority,attempts,deliveries,size,age,enqueued,due,deadline,expires,reason,handle,file,origin' -x -a '(__mq_candidates column dead)'
complete -c mq -n '__fish_seen_subcommand_from dead' -l sort -d 'sort by a column; -COL: the greatest first' -x -a '(__mq_candidates column dead)'
complete -c mq -n '__fish_seen_subcommand_from dead' -l by -d 'count those that have this in common' -x
complete -c mq -n '__fish_seen_subcommand_from dead' -l json -d 'one JSON object a line'
complete -c mq -n '__fish_seen_subcommand_from dead' -l ids -d 'ids only'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants queue retry "queue id*"' -a '(__mq_candidates queue retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants id retry "queue id*"' -a '(__mq_candidates id retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants handle retry "queue id*"' -a '(__mq_candidates handle retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants key retry "queue id*"' -a '(__mq_candidates key retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants verb retry "queue id*"' -a '(__mq_candidates verb retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants command retry "queue id*"' -a '(__mq_candidates command retry dead,held,delayed)'
complete -c mq -n '__fish_seen_subcommand_from retry; and __mq_wants file retry "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from retry' -l keep-attempts -d 'do not start counting attempts anew'
complete -c mq -n '__fish_seen_subcommand_from retry' -l to-origin -d 'in the queue that they came from as dead letters'
complete -c mq -n '__fish_seen_subcommand_from retry' -l rate -d 'at most N a second (N/m, N/h)' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state retry)'
complete -c mq -n '__fish_seen_subcommand_from retry' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id retry)'
complete -c mq -n '__fish_seen_subcommand_from retry' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from retry' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from retry' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from retry' -l all -d 'all messages that this is meant for (see the manual)'
complete -c mq -n '__fish_seen_subcommand_from retry' -l force -d 'claimed messages too: their holders lose them'
complete -c mq -n '__fish_seen_subcommand_from retry' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants queue bury "queue id*"' -a '(__mq_candidates queue bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants id bury "queue id*"' -a '(__mq_candidates id bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants handle bury "queue id*"' -a '(__mq_candidates handle bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants key bury "queue id*"' -a '(__mq_candidates key bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants verb bury "queue id*"' -a '(__mq_candidates verb bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants command bury "queue id*"' -a '(__mq_candidates command bury ready,delayed,held)'
complete -c mq -n '__fish_seen_subcommand_from bury; and __mq_wants file bury "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from bury' -l reason -d 'why, for \'mq dead\'' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state bury)'
complete -c mq -n '__fish_seen_subcommand_from bury' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id bury)'
complete -c mq -n '__fish_seen_subcommand_from bury' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from bury' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from bury' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from bury' -l all -d 'all messages that this is meant for (see the manual)'
complete -c mq -n '__fish_seen_subcommand_from bury' -l force -d 'claimed messages too: their holders lose them'
complete -c mq -n '__fish_seen_subcommand_from bury' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants queue hold "queue id*"' -a '(__mq_candidates queue hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants id hold "queue id*"' -a '(__mq_candidates id hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants handle hold "queue id*"' -a '(__mq_candidates handle hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants key hold "queue id*"' -a '(__mq_candidates key hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants verb hold "queue id*"' -a '(__mq_candidates verb hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants command hold "queue id*"' -a '(__mq_candidates command hold ready,delayed)'
complete -c mq -n '__fish_seen_subcommand_from hold; and __mq_wants file hold "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from hold' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state hold)'
complete -c mq -n '__fish_seen_subcommand_from hold' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id hold)'
complete -c mq -n '__fish_seen_subcommand_from hold' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from hold' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from hold' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from hold' -l all -d 'all messages that this is meant for (see the manual)'
complete -c mq -n '__fish_seen_subcommand_from hold' -l force -d 'claimed messages too: their holders lose them'
complete -c mq -n '__fish_seen_subcommand_from hold' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants queue edit "queue id"' -a '(__mq_candidates queue edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants id edit "queue id"' -a '(__mq_candidates id edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants handle edit "queue id"' -a '(__mq_candidates handle edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants key edit "queue id"' -a '(__mq_candidates key edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants verb edit "queue id"' -a '(__mq_candidates verb edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants command edit "queue id"' -a '(__mq_candidates command edit ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from edit; and __mq_wants file edit "queue id"' -F
complete -c mq -n '__fish_seen_subcommand_from edit' -l headers -d 'the headers too: above the body, with an empty line between'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants queue rm "queue id*"' -a '(__mq_candidates queue rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants id rm "queue id*"' -a '(__mq_candidates id rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants handle rm "queue id*"' -a '(__mq_candidates handle rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants key rm "queue id*"' -a '(__mq_candidates key rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants verb rm "queue id*"' -a '(__mq_candidates verb rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants command rm "queue id*"' -a '(__mq_candidates command rm ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from rm; and __mq_wants file rm "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from rm' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state rm)'
complete -c mq -n '__fish_seen_subcommand_from rm' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id rm)'
complete -c mq -n '__fish_seen_subcommand_from rm' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from rm' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from rm' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from rm' -l all -d 'all messages that this is meant for (see the manual)'
complete -c mq -n '__fish_seen_subcommand_from rm' -l force -d 'claimed messages too: their holders lose them'
complete -c mq -n '__fish_seen_subcommand_from rm' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants queue mv "queue queue id*"' -a '(__mq_candidates queue mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants id mv "queue queue id*"' -a '(__mq_candidates id mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants handle mv "queue queue id*"' -a '(__mq_candidates handle mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants key mv "queue queue id*"' -a '(__mq_candidates key mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants verb mv "queue queue id*"' -a '(__mq_candidates verb mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants command mv "queue queue id*"' -a '(__mq_candidates command mv ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from mv; and __mq_wants file mv "queue queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from mv' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state mv)'
complete -c mq -n '__fish_seen_subcommand_from mv' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id mv)'
complete -c mq -n '__fish_seen_subcommand_from mv' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from mv' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from mv' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from mv' -l all -d 'all messages that this is meant for (see the manual)'
complete -c mq -n '__fish_seen_subcommand_from mv' -l force -d 'claimed messages too: their holders lose them'
complete -c mq -n '__fish_seen_subcommand_from mv' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants queue watch "queue*"' -a '(__mq_candidates queue watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants id watch "queue*"' -a '(__mq_candidates id watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants handle watch "queue*"' -a '(__mq_candidates handle watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants key watch "queue*"' -a '(__mq_candidates key watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants verb watch "queue*"' -a '(__mq_candidates verb watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants command watch "queue*"' -a '(__mq_candidates command watch ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from watch; and __mq_wants file watch "queue*"' -F
complete -c mq -n '__fish_seen_subcommand_from watch' -l json -d 'one JSON object a line'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants queue wait "queue"' -a '(__mq_candidates queue wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants id wait "queue"' -a '(__mq_candidates id wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants handle wait "queue"' -a '(__mq_candidates handle wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants key wait "queue"' -a '(__mq_candidates key wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants verb wait "queue"' -a '(__mq_candidates verb wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants command wait "queue"' -a '(__mq_candidates command wait ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from wait; and __mq_wants file wait "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from wait' -l ready -d 'until a message is ready'
complete -c mq -n '__fish_seen_subcommand_from wait' -l empty -d 'until none is ready, delayed or claimed'
complete -c mq -n '__fish_seen_subcommand_from wait' -l below -d 'until fewer than N are ready, delayed or claimed' -x
complete -c mq -n '__fish_seen_subcommand_from wait' -l timeout -d 'give up after DUR: exit 1' -x
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants queue subscribe "none queue"' -a '(__mq_candidates queue subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants id subscribe "none queue"' -a '(__mq_candidates id subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants handle subscribe "none queue"' -a '(__mq_candidates handle subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants key subscribe "none queue"' -a '(__mq_candidates key subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants verb subscribe "none queue"' -a '(__mq_candidates verb subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants command subscribe "none queue"' -a '(__mq_candidates command subscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from subscribe; and __mq_wants file subscribe "none queue"' -F
complete -c mq -n '__fish_seen_subcommand_from subscribe' -l filter -d 'only messages with such a header; NAME!=PATTERN: without; all of several' -x
complete -c mq -n '__fish_seen_subcommand_from subscribe' -l since -d 'also what the topic kept since TIME (UTC), or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants queue unsubscribe "none queue"' -a '(__mq_candidates queue unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants id unsubscribe "none queue"' -a '(__mq_candidates id unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants handle unsubscribe "none queue"' -a '(__mq_candidates handle unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants key unsubscribe "none queue"' -a '(__mq_candidates key unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants verb unsubscribe "none queue"' -a '(__mq_candidates verb unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants command unsubscribe "none queue"' -a '(__mq_candidates command unsubscribe ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from unsubscribe; and __mq_wants file unsubscribe "none queue"' -F
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants queue topics "none"' -a '(__mq_candidates queue topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants id topics "none"' -a '(__mq_candidates id topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants handle topics "none"' -a '(__mq_candidates handle topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants key topics "none"' -a '(__mq_candidates key topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants verb topics "none"' -a '(__mq_candidates verb topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants command topics "none"' -a '(__mq_candidates command topics ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from topics; and __mq_wants file topics "none"' -F
complete -c mq -n '__fish_seen_subcommand_from topics' -l json -d 'one JSON object a line'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants queue replay "queue id*"' -a '(__mq_candidates queue replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants id replay "queue id*"' -a '(__mq_candidates id replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants handle replay "queue id*"' -a '(__mq_candidates handle replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants key replay "queue id*"' -a '(__mq_candidates key replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants verb replay "queue id*"' -a '(__mq_candidates verb replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants command replay "queue id*"' -a '(__mq_candidates command replay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from replay; and __mq_wants file replay "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from replay' -l to -d 'into QUEUE, not the one that they are from' -x -a '(__mq_candidates queue replay)'
complete -c mq -n '__fish_seen_subcommand_from replay' -l rate -d 'at most N a second (N/m, N/h)' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l all -d 'all that are kept'
complete -c mq -n '__fish_seen_subcommand_from replay' -l dry-run -d 'only say what would be done'
complete -c mq -n '__fish_seen_subcommand_from replay' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state replay)'
complete -c mq -n '__fish_seen_subcommand_from replay' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id replay)'
complete -c mq -n '__fish_seen_subcommand_from replay' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from replay' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from replay' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants queue pause "queue"' -a '(__mq_candidates queue pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants id pause "queue"' -a '(__mq_candidates id pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants handle pause "queue"' -a '(__mq_candidates handle pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants key pause "queue"' -a '(__mq_candidates key pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants verb pause "queue"' -a '(__mq_candidates verb pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants command pause "queue"' -a '(__mq_candidates command pause ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from pause; and __mq_wants file pause "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from pause' -l push -d 'stop pushes, not claims'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants queue resume "queue"' -a '(__mq_candidates queue resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants id resume "queue"' -a '(__mq_candidates id resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants handle resume "queue"' -a '(__mq_candidates handle resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants key resume "queue"' -a '(__mq_candidates key resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants verb resume "queue"' -a '(__mq_candidates verb resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants command resume "queue"' -a '(__mq_candidates command resume ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from resume; and __mq_wants file resume "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from resume' -l push -d 'allow pushes, not claims'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants queue engine "none queue"' -a '(__mq_candidates queue engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants id engine "none queue"' -a '(__mq_candidates id engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants handle engine "none queue"' -a '(__mq_candidates handle engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants key engine "none queue"' -a '(__mq_candidates key engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants verb engine "none queue"' -a '(__mq_candidates verb engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants command engine "none queue"' -a '(__mq_candidates command engine ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from engine; and __mq_wants file engine "none queue"' -F
complete -c mq -n '__fish_seen_subcommand_from engine' -l check -d 'try each step to the engine, and to QUEUE'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants queue relay "none none"' -a '(__mq_candidates queue relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants id relay "none none"' -a '(__mq_candidates id relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants handle relay "none none"' -a '(__mq_candidates handle relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants key relay "none none"' -a '(__mq_candidates key relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants verb relay "none none"' -a '(__mq_candidates verb relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants command relay "none none"' -a '(__mq_candidates command relay ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from relay; and __mq_wants file relay "none none"' -F
complete -c mq -n '__fish_seen_subcommand_from relay' -l name -d 'what the relay is called; alone: the one of mq.conf' -x
complete -c mq -n '__fish_seen_subcommand_from relay' -s j -l window -d 'so many messages under way at most; default 200' -x
complete -c mq -n '__fish_seen_subcommand_from relay' -l drain -d 'end when there is nothing left'
complete -c mq -n '__fish_seen_subcommand_from relay' -l config -d 'run all relays of mq.conf'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants queue fsck "queue*"' -a '(__mq_candidates queue fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants id fsck "queue*"' -a '(__mq_candidates id fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants handle fsck "queue*"' -a '(__mq_candidates handle fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants key fsck "queue*"' -a '(__mq_candidates key fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants verb fsck "queue*"' -a '(__mq_candidates verb fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants command fsck "queue*"' -a '(__mq_candidates command fsck ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from fsck; and __mq_wants file fsck "queue*"' -F
complete -c mq -n '__fish_seen_subcommand_from fsck' -l repair -d 'mend what can be mended'
complete -c mq -n '__fish_seen_subcommand_from fsck' -l json -d 'one JSON object a finding'
complete -c mq -n '__fish_seen_subcommand_from fsck' -l list -d 'list the kinds of findings'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants queue check "queue*"' -a '(__mq_candidates queue check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants id check "queue*"' -a '(__mq_candidates id check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants handle check "queue*"' -a '(__mq_candidates handle check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants key check "queue*"' -a '(__mq_candidates key check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants verb check "queue*"' -a '(__mq_candidates verb check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants command check "queue*"' -a '(__mq_candidates command check ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from check; and __mq_wants file check "queue*"' -F
complete -c mq -n '__fish_seen_subcommand_from check' -l warn-depth -d 'warning if so many are ready, delayed or claimed' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l crit-depth -d 'critical, the same' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l warn-age -d 'warning if the oldest message that waits is so old' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l crit-age -d 'critical, the same' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l warn-dead -d 'warning if there are so many dead letters' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l crit-dead -d 'critical, the same' -x
complete -c mq -n '__fish_seen_subcommand_from check' -l relay -d 'the operands are relays'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants queue export "queue id*"' -a '(__mq_candidates queue export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants id export "queue id*"' -a '(__mq_candidates id export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants handle export "queue id*"' -a '(__mq_candidates handle export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants key export "queue id*"' -a '(__mq_candidates key export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants verb export "queue id*"' -a '(__mq_candidates verb export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants command export "queue id*"' -a '(__mq_candidates command export ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from export; and __mq_wants file export "queue id*"' -F
complete -c mq -n '__fish_seen_subcommand_from export' -l state -d 'only messages in STATE; a list a,b, or given again' -x -a '(__mq_candidates state export)'
complete -c mq -n '__fish_seen_subcommand_from export' -l older -d 'only messages enqueued at least DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l newer -d 'only messages enqueued less than DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l since -d 'only messages enqueued at TIME (UTC) or DUR ago, or later' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l until -d 'only messages enqueued before TIME (UTC) or DUR ago' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l priority -d 'only messages of priority N; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l attempts -d 'only messages that failed N times; N+, N-M' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l size -d 'only bodies of N bytes; N+, N-M, with K, M, G' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l header -d 'only messages with such a header' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l reason -d 'only messages that failed for such a reason' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l like -d 'only messages that failed for the same cause as ID' -x -a '(__mq_candidates id export)'
complete -c mq -n '__fish_seen_subcommand_from export' -l match -d 'only messages with a line that matches (extended regex)' -x
complete -c mq -n '__fish_seen_subcommand_from export' -s n -l limit -d 'at most N messages' -x
complete -c mq -n '__fish_seen_subcommand_from export' -l first -d 'the first message, or N'
complete -c mq -n '__fish_seen_subcommand_from export' -l last -d 'the last message, or N'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants queue import "queue"' -a '(__mq_candidates queue import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants id import "queue"' -a '(__mq_candidates id import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants handle import "queue"' -a '(__mq_candidates handle import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants key import "queue"' -a '(__mq_candidates key import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants verb import "queue"' -a '(__mq_candidates verb import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants command import "queue"' -a '(__mq_candidates command import ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from import; and __mq_wants file import "queue"' -F
complete -c mq -n '__fish_seen_subcommand_from import' -l dry-run -d 'change nothing; only count'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants queue help "verb"' -a '(__mq_candidates queue help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants id help "verb"' -a '(__mq_candidates id help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants handle help "verb"' -a '(__mq_candidates handle help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants key help "verb"' -a '(__mq_candidates key help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants verb help "verb"' -a '(__mq_candidates verb help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants command help "verb"' -a '(__mq_candidates command help ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from help; and __mq_wants file help "verb"' -F
complete -c mq -n '__fish_seen_subcommand_from help' -l completion -d 'print the completions for bash, zsh or fish' -x -a '(__mq_candidates shell help)'
complete -c mq -n '__fish_seen_subcommand_from help' -l table -d 'print the command table, tab-separated'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants queue version ""' -a '(__mq_candidates queue version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants id version ""' -a '(__mq_candidates id version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants handle version ""' -a '(__mq_candidates handle version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants key version ""' -a '(__mq_candidates key version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants verb version ""' -a '(__mq_candidates verb version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants command version ""' -a '(__mq_candidates command version ready,delayed,claimed,held,dead,done)'
complete -c mq -n '__fish_seen_subcommand_from version; and __mq_wants file version ""' -F
