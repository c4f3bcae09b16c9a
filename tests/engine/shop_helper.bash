# shop_helper.bash: three scripts from the tutorial, which know nothing of where their queue is.

# shop: run them with $MQ_SPOOL, whatever that is, and tell what they said and did
shop() {
	local dir=$BATS_TEST_TMPDIR/shop
	rm -rf "$dir"
	mkdir "$dir"
	cd "$dir" || return
	printf '[queue orders]\nattempts = 3\nbackoff = 300ms\njitter = none\n' >mq.conf
	export MQ_CONF=$dir/mq.conf
	cat >take <<-'EOF'
		#!/bin/sh
		mq push -q orders -m "ann 3 apples"
		echo "bob 1 pear" | mq push -q orders
		printf '%s\n' "cay 2 plums" "dan two figs" | mq push -q -l orders
		mq push -q -H "City: Rome" -m "fay 1 pear" orders
	EOF
	cat >work <<-'EOF'
		#!/bin/sh
		# As from cron, again and again.
		for i in 1 2 3; do
			mq work -q --drain orders -- ./pack
			sleep 1
		done
	EOF
	cat >mend <<-'EOF'
		#!/bin/sh
		echo "dead: $(mq dead orders -o attempts,reason | tr -s ' ')"
		touch reads-words
		mq retry -q orders --all
		mq work -q --drain orders -- ./pack
		mq pop orders
		echo "left: $?"
	EOF
	cat >pack <<-'EOF'
		#!/bin/sh
		read -r who count what
		case $count in
		*[!0-9]*) [ -e reads-words ] || { echo "$count $what?" >&2; exit 1; } ;;
		esac
		echo "$who: $count $what, packed${MQ_HEADER_CITY:+ for $MQ_HEADER_CITY}" >>shelf
	EOF
	chmod +x take work mend pack
	./take
	./work
	./mend
	sort shelf
}

# shop_says: what they say, wherever they run
shop_says() {
	cat <<-'EOF'
		two figs?
		two figs?
		two figs?
		dead: 3 exit-1: two figs?
		left: 1
		ann: 3 apples, packed
		bob: 1 pear, packed
		cay: 2 plums, packed
		dan: two figs, packed
		fay: 1 pear, packed for Rome
	EOF
}
