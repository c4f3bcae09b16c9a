# layers.awk: do the objects of lib/ keep to tests/layers?
#
#	nm -A -P lib/*/*.o cmd/*.o cmd/*/*.o | awk -f layers.awk layers -
#
# nm says "DIR/lib/base/fs.o: NAME TYPE ...".  What one object leaves undefined and another one
# of lib/ defines is a call (or a look at its data).  Says each breach on a line of its own and
# fails if there was one.

function breach(text) { print "layers: " text; bad = 1 }

# The compiler's and libc's other names for a call: __printf_chk, __openat_2, open64, environ.
function plain(name) {
	if (name ~ /^__.*_(chk|2)$/)
		gsub(/^__|_(chk|2)$/, "", name)
	sub(/^_+environ$/, "environ", name)
	sub(/64$/, "", name)
	return name
}

FILENAME ~ /layers$/ && /^floors:/ {
	for (i = 2; i <= NF; i++)
		rank[$i] = i
	next
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
	lib = part[n - 2] == "lib"
	file = part[n - 1] "/" file
	if (lib)
		seen[file] = part[n - 1]
	if ($3 ~ /^[A-TV-Z]$/) {
		if (lib)
			home[$2] = file
		# libc has mq_open and nine more: one of ours would hide it.
		if ($2 ~ /^mq_/)
			breach(file ".c: defines " $2 "; mq_ is libc's prefix")
	} else if (lib)
		uses[file, $2] = 1
}

END {
	for (file in seen)
		if (!(seen[file] in rank))
			breach("lib/" file ".c: tests/layers has no floor of that name")
	for (use in uses) {
		split(use, part, SUBSEP)
		file = part[1]
		name = part[2]
		to = home[name]
		if (to != "" && rank[seen[to]] > rank[seen[file]])
			breach("lib/" file ".c uses " name " of lib/" to ".c, which is on a floor above")
		name = plain(name)
		if (!(name in only) || "base/" only[name] == file || to != "")
			continue
		if (only[name] == "never")
			breach("lib/" file ".c uses " name "; no file of lib/ may")
		else
			breach("lib/" file ".c uses " name "; only lib/base/" only[name] ".c may")
	}
	exit bad
}
