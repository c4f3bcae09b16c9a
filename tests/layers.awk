# layers.awk: do the objects of lib/ keep to tests/layers?
#
#	nm -A -P lib/*.o cmd/*.o cmd/*/*.o | awk -f layers.awk layers -
#
# nm says "DIR/lib/fs.o: NAME TYPE ...".  What one object leaves undefined and
# another one of lib/ defines is a call (or a look at its data).  Says each
# breach on a line of its own and fails if there was one.

function breach(text) { print "layers: " text; bad = 1 }

# The compiler's and libc's other names for a call: __printf_chk, __openat_2,
# open64, environ.
function plain(name) {
	if (name ~ /^__.*_(chk|2)$/)
		gsub(/^__|_(chk|2)$/, "", name)
	sub(/^_+environ$/, "environ", name)
	sub(/64$/, "", name)
	return name
}

FILENAME ~ /layers$/ && /^[0-9]+:/ {
	for (i = 2; i <= NF; i++) {
		rank[$i] = ++ranks
		layer[$i] = $1 + 0
	}
}

# "never: NAME..." or "FILE: NAME...": only FILE may.
FILENAME ~ /layers$/ && /^[a-z]+:/ {
	for (i = 2; i <= NF; i++)
		only[$i] = substr($1, 1, length($1) - 1)
}

FILENAME ~ /layers$/ { next }

{
	n = split($1, part, "/")
	file = part[n]
	sub(/\.o:$/, "", file)
	dir = part[n - 1]
	if (dir == "lib")
		seen[file] = 1
	if ($3 ~ /^[A-TV-Z]$/) {
		if (dir == "lib")
			home[$2] = file
		# libc has mq_open and nine more: one of ours would hide it.
		if ($2 ~ /^mq_/)
			breach(dir "/" file ".c: defines " $2 "; mq_ is libc's prefix")
	} else if (dir == "lib")
		uses[file, $2] = 1
}

END {
	for (file in seen)
		if (!(file in rank))
			breach("lib/" file ".c has no place in tests/layers")
	for (file in rank)
		if (!(file in seen))
			breach("tests/layers names " file ", and there is no lib/" file ".c")
	for (use in uses) {
		split(use, part, SUBSEP)
		file = part[1]
		name = part[2]
		to = home[name]
		if (to != "" && to != file && rank[to] > rank[file])
			breach("lib/" file ".c (layer " layer[file] ") uses " name \
			    " of lib/" to ".c (layer " layer[to] "): not below it, nor to its left")
		name = plain(name)
		if (!(name in only) || only[name] == file || to != "")
			continue
		if (only[name] == "never")
			breach("lib/" file ".c uses " name "; no file of lib/ may")
		else
			breach("lib/" file ".c uses " name "; only lib/" only[name] ".c may")
	}
	exit bad
}
