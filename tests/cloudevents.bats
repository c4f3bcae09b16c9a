#!/usr/bin/env bats
# cloudevents.bats: CloudEvents 1.0 in structured JSON, in and out

load helper

unset TRACEPARENT TRACESTATE BAGGAGE

# event MEMBERS: one with all that is required, and these
event() {
	printf '{"specversion":"1.0","id":"A-1","source":"/shop","type":"order.created"%s}' "${1:+,$1}"
}

# same FILE FILE: the same events, with numbers as they are written
same() {
	python3 - "$1" "$2" <<-'END'
	import json, sys
	load = lambda f: [json.loads(line, parse_int=lambda s: "i" + s, parse_float=lambda s: "f" + s)
	                  for line in open(f, encoding="utf-8", newline="\n")]
	a, b = map(load, sys.argv[1:])
	assert a and len(a) == len(b), (len(a), len(b))
	for x, y in zip(a, b):
	    assert x == y, f"{x}\n is not\n{y}"
	END
}

# once FILE: no member is twice in an object
once() {
	python3 - "$1" <<-'END'
	import json, sys
	def once(pairs):
	    names = [name for name, _ in pairs]
	    assert len(names) == len(set(names)), names
	for line in open(sys.argv[1], encoding="utf-8", newline="\n"):
	    json.loads(line, object_pairs_hook=once)
	END
}

# stays FILE: push takes the events as they are
stays() {
	once "$1"
	mq push -q stays -l --cloudevents "$1"
	mq pop stays -n 999 --cloudevents >stays
	same "$1" stays
}

@test "attributes become headers, the data the body" {
	event '"subject":"s","time":"2026-01-01T00:00:00Z","dataschema":"urn:x","datacontenttype":"text/plain","data":"a\nb","ext":"e"' >f
	mq push -q q --cloudevents f -H 'Own: x'
	assert_equal "$(json q '.headers | tostring')" '{"Own":"x","Ce-id":"A-1","Source":"/shop","Type":"order.created","Subject":"s","Time":"2026-01-01T00:00:00Z","Dataschema":"urn:x","Content-Type":"text/plain","Ce-ext":"e"}'
	assert_equal "$(mq pop q)" $'a\nb'
	run -0 mq ls q
	assert_output ""
}

@test "what an event must have it has, also where a header is empty and there twice" {
	mq push -q q -H 'Source:' -H 'Source: /x' -H 'Type:' -H 'Type: x' -H 'Ce-Id:' -H 'Ce-Id: x' -m hi
	run -0 mq peek --cloudevents q
	assert_equal "$(jq -r 'has("id", "source", "type", "time")' <<<"$output" | sort -u)" true
}

@test "what goes in comes out: JSON stays JSON, text a string, bytes are bytes" {
	for members in '' \
		'"data":{"n":1.10,"big":123456789012345678901234567890,"e":1e2,"s":"\u0041\"\\\/","l":[],"o":{"data":[1,{"x":"}"}]}}' \
		'"data":"text"' '"data":null' '"data":false' '"data":[ 1 , 2 ]' '"data":-0.0' \
		'"datacontenttype":"application/json","data":"text"' '"datacontenttype":"application/vnd.x+JSON; charset=utf-8","data":{"a":1}' \
		'"datacontenttype":"text/plain","data":"123"' '"datacontenttype":"text/plain","data":""' '"datacontenttype":"text/xml","data":"<a b=\"c\"/>\u0000\u009b"' \
		'"data_base64":"/////w=="' '"data_base64":"//8="' '"datacontenttype":"image/png","data_base64":"iVBORw0KGgo="' \
		'"data_base64":"bm90IEpTT04="' '"datacontenttype":"application/json","data_base64":"bm90IEpTT04="' \
		'"count":5,"flag":true,"off":false,"str":"5","word":"true","quote":"\"x\"","blank":" x ","none":"","brace":"{}","null":"null","uni":"ü\u20ac"' \
		'"traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01","tracestate":"a=b"'; do
		event "$members"
		echo
	done >in
	mq push -q q -l --cloudevents in
	mq pop q -n 99 --cloudevents >out
	# An empty body is no data.
	sed -i 's/,"data":""}$/}/' in
	same in out
	# And once more: it is a fixed point.
	mq push -q q -l --cloudevents out
	mq pop q -n 99 --cloudevents | cmp - out
	{ event '"datacontenttype":"text/plain","data_base64":"aGVsbG8="'; echo; event '"unset":null'; } | mq push -q q -l --cloudevents
	assert_equal "$(mq pop q --cloudevents | jq -r .data)" hello
	assert_equal "$(mq pop q --cloudevents | jq 'has("unset")')" false
}

@test "data of any kind, by the thousand, in one stream" {
	python3 - >events <<-'END'
	import base64, json, random
	random.seed(7)
	def value(depth=0):
	    k = random.randrange(7 if depth < 4 else 5)
	    if k == 0: return random.randrange(-10**30, 10**30)
	    if k == 1: return random.random() * 10 ** random.randrange(-20, 20)
	    if k == 2: return "".join(chr(random.choice((0, 9, 10, 34, 92, 47, 123, 125, 127, 0x9b, 0xe9, 0x20ac, 0x1f600))) for _ in range(random.randrange(9)))
	    if k < 5: return random.choice((None, True, False, "", [], {}))
	    if k == 5: return [value(depth + 1) for _ in range(random.randrange(4))]
	    return {value(4).__repr__(): value(depth + 1) for _ in range(random.randrange(4))}
	for n in range(1000):
	    e = {"specversion": "1.0", "id": str(n), "source": "s", "type": "t"}
	    if n % 5 == 0: e["data_base64"] = base64.b64encode(b"\xff" + random.randbytes(n % 64)).decode()
	    elif n % 5 == 1: e.update(datacontenttype="text/plain", data="x" + str(value(4)))
	    else: e["data"] = value()
	    items = list(e.items()); random.shuffle(items)
	    print(json.dumps(dict(items), ensure_ascii=n % 2 == 0, separators=random.choice(((",", ":"), (" , ", " : ")))))
	END
	mq push -q q --cloudevents -l events
	mq pop q --cloudevents -n 2000 >out
	same events out
}

@test "plain messages are events too" {
	mq push -q q -m 'hello "you"'
	mq push -q q -m '{"a": 1}'
	printf '{\n\t"a": [1,\r\n2]\n}\n' | mq push -q q --content-type application/json --type t --source s
	printf 'a\0\377' | mq push -q q
	mq push -q q -m ''
	printf '\xc2\x9b\x1b[31m' | mq push -q q
	id=$(id q ready)
	enqueued=$(json q .enqueued | head -n 1)
	mq peek q --cloudevents -n 9 >peeked
	mq pop q --cloudevents -n 9 >out
	cmp peeked out
	assert_equal "$(wc -l <out)" 6
	assert_equal "$(sed -n 1p out | jq -r '.specversion, .id, .source, .type, .datacontenttype, .data' | tr '\n' '|')" \
		"1.0|$id|urn:mq:$(uname -n):q|mq.message|text/plain|hello \"you\"|"
	assert_equal "$(sed -n 1p out | jq -r .time)" "$enqueued"
	assert_equal "$(sed -n 2p out | jq -c .data)" '{"a":1}'
	assert_equal "$(sed -n 3p out | jq -c '[.data, .type, .source, .datacontenttype]')" '[{"a":[1,2]},"t","s","application/json"]'
	assert_equal "$(sed -n 4p out | jq -r .data_base64)" YQD/
	assert_equal "$(sed -n 5p out | jq 'has("data") or has("data_base64")')" false
	run -1 grep -P '[\x1b]|\xc2\x9b' out
}

@test "headers as in the HTTP binding are the attributes, where the plain ones are missing or empty" {
	mq push -q q -m x -H 'Ce-Id: 17' -H 'Ce-Type: order.created' -H 'Ce-Source: /shop' -H 'Ce-Specversion: 1.0' \
		-H 'Ce-Subject: 5' -H 'Ce-Time: 2026-01-01T00:00:00Z' -H 'Ce-Dataschema: "x"' -H 'CE-TRACEPARENT: t' -H 'Ce-Level: 5' --content-type text/plain
	mq push -q q -m x -H 'ce-type: no' --type yes -H 'Ce-Source: no' -H 'Source: yes' -H 'Ce-Subject: yes' -H 'Subject:' \
		-H 'Ce-Time: no' -H 'Time: yes' -H 'Traceparent: yes' -H 'Ce-Traceparent: no'
	mq pop q -n 9 --cloudevents >out
	assert_equal "$(sed -n 1p out)" '{"specversion":"1.0","id":"17","type":"order.created","source":"/shop","subject":"5","time":"2026-01-01T00:00:00Z","dataschema":"\"x\"","traceparent":"t","level":5,"datacontenttype":"text/plain","data":"x"}'
	assert_equal "$(sed -n 2p out | jq -r '[.type, .source, .subject, .time, .traceparent] | join(" ")')" "yes yes yes yes yes"
	stays out
}

@test "whatever the headers are, what comes out is an event" {
	for name in Ce-Specversion Ce-Data Ce-Data_base64 Ce-Datacontenttype Ce-Mqhandle Ce-Id Ce-Type Type Source Time Content-Type Traceparent Ce-Ext \
		ce-EXT "Ce-$(printf 'x%.0s' {1..41})" Ce-under_score Ce-; do
		for value in x 1.0 '""' '"a\nb"' '"\u0000"' ' "' $'a\tb' true null '{}' $'\xff' 1e999 text/plain; do
			mq push -q q -m "$name" -H "$name: $value" -H "$name: other"
		done
	done
	mq peek q -n 999 --cloudevents >out
	assert_equal "$(wc -l <out)" $((17 * 13))
	stays out
	mq push -q r -m x -H 'Ce-Mqhandle: x'
	mq claim r --cloudevents >out
	once out
	mq ack r "$(jq -r .mqhandle out)"
}

@test "what is no event is refused, and says why" {
	while IFS='|' read -r text why; do
		run -65 mq push q --cloudevents -m "$text"
		assert_output --partial "$why"
	done <<-'END'
	|expected near end
	{|expected near end
	[]|not a JSON object
	{"a":1} x|end of file expected
	{"specversion":"1.0","source":"s","type":"t"}|no 'id'
	{"specversion":"1.0","id":1,"source":"s","type":"t"}|'id' is not a string
	{"specversion":"1.0","id":"","source":"s","type":"t"}|'id' is not a string
	{"specversion":"1.0","id":"i","type":"t"}|no 'source'
	{"specversion":"1.0","id":"i","source":"s"}|no 'type'
	{"id":"i","source":"s","type":"t"}|no 'specversion'
	{"specversion":"0.3","id":"i","source":"s","type":"t"}|not 1.0
	{"specversion":"1.0","id":"i","source":"s","type":"t","type":"u"}|twice
	{"specversion":"1.0","id":"i","source":"s","type":"t","data":1,"data_base64":""}|'data' and 'data_base64'
	{"specversion":"1.0","id":"i","source":"s","type":"t","data":1,"data":2}|twice
	{"specversion":"1.0","id":"i","source":"s","type":"t","Ext":"x"}|lower-case
	{"specversion":"1.0","id":"i","source":"s","type":"t","":"x"}|lower-case
	{"specversion":"1.0","id":"i","source":"s","type":"t","ext":{}}|'ext' is not a string
	{"specversion":"1.0","id":"i","source":"s","type":"t","ext":"a\tb"}|control
	{"specversion":"1.0","id":"i","source":"s","type":"t","data":{"a\u0000b":1}}|NUL
	{"specversion":"1.0","id":"i","source":"s","type":"t","data":[1.50e400]}|overflow
	{"specversion":"1.0","id":"i","source":"s","type":"t","data":"\ud800"}|Unicode
	{"specversion":"1.0","id":"i","source":"s","type":"t","subject":"s "}|blank
	{"specversion":"1.0","id":"i","source":"s","type":"t","subject":""}|empty
	{"specversion":"1.0","id":"i","source":"s","type":"t","subject":5}|'subject' is not a string
	{"specversion":"1.0","id":"i","source":"s","type":"t","subject":"a\nb"}|control
	{"specversion":"1.0","id":"i","source":"s","type":" t"}|blank
	{"specversion":"1.0","id":"i","source":"s","type":"t","data_base64":"a"}|base64
	{"specversion":"1.0","id":"i","source":"s","type":"t","data_base64":"a=bc"}|base64
	{"specversion":"1.0","id":"i","source":"s","type":"t","datacontenttype":"text/plain","data":{}}|'data' is not a string
	END
	run -65 mq push q --cloudevents -m $'{"specversion":"1.0","id":"\xff","source":"s","type":"t"}'
	deep=$(printf '[%.0s' {1..2048})
	run -65 mq push q --cloudevents -m "{\"specversion\":\"1.0\",\"id\":\"i\",\"source\":\"s\",\"type\":\"t\",\"data\":$deep${deep//\[/\]}}"
	assert_output --partial "depth"
	run -65 mq push q --cloudevents < <(head -c 17000000 /dev/zero)
	assert_output --partial "larger than"
	assert_counts q ""
	run -64 mq push q --cloudevents --type t -m x
	run -64 mq push q --cloudevents -H 'ce-x: y' -m x
	run -64 mq pop q --cloudevents --json
	run -64 mq pop q --cloudevents -l
	run -64 mq peek q --cloudevents --json
	run -64 mq claim q --cloudevents --json
}

@test "lines: what came before a bad one stays; one key, one event; accept sees the headers" {
	{ event; echo; event; echo; echo '{'; event; echo; } >lines
	run -65 mq push q -l --cloudevents lines
	assert_counts q ready=2
	run -65 mq push q -l --atomic --cloudevents lines
	assert_counts q ready=2
	id=$(event | mq push q --id A-1 --cloudevents)
	assert_equal "$(event | mq push q --id A-1 --cloudevents)" "$id"
	assert_counts q ready=3
	mq init -q p accept='[ "$MQ_HEADER_TYPE" = order.created ]'
	event | mq push -q p --cloudevents
	run -65 mq push p --cloudevents -m '{"specversion":"1.0","id":"i","source":"s","type":"t"}'
	assert_counts p ready=1
}

@test "claim tells the handle, which does not stay with the event" {
	mq push -q q -m x
	mq claim q --cloudevents >event
	mq push -q p --cloudevents event
	mq ack q "$(jq -r .mqhandle event)"
	assert_counts q ""
	assert_equal "$(mq pop p --cloudevents | jq 'has("mqhandle")')" false
}

@test "a large body that is no event comes out whole, in constant memory" {
	head -c 20000000 /dev/zero | tr '\0' x >f
	mq push -q q f
	mq pop q --cloudevents | jq -r .data | head -c 20000000 | cmp - f
}
