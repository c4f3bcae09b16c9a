# layers.awk: does the code keep to the floors of tests/layers?
#
#	nm -A -P lib/*/*.o cmd/*.o cmd/*/*.o | awk -v prefix=build/ -f layers.awk layers -
#
# nm says "DIR/lib/base/fs.o: NAME TYPE ...".  A name that one object leaves undefined and another
# one defines is a use: a call, or a look at data.  Prints a table of the uses between folders,
# then each breach on a line of its own, and fails if there was one.

function breach(text) { breaches[++bad] = "layers: " text }

# The compiler's and libc's other names for a call: __printf_chk, __openat_2, open64, environ.
function plain(name) {
	if (name ~ /^__.*_(chk|2)$/)
		gsub(/^__|_(chk|2)$/, "", name)
	sub(/^_+environ$/, "environ", name)
	sub(/64$/, "", name)
	return name
}

function folder(file) {
	sub(/\/[^\/]*$/, "", file)
	return file
}

# Files of one folder that reach each other are a circle: say each once, by its first file.
function circles(where, n, member,    i, j, k, round) {
	for (k = 1; k <= n; k++)
		for (i = 1; i <= n; i++)
			if ((member[i], member[k]) in reach)
				for (j = 1; j <= n; j++)
					if ((member[k], member[j]) in reach)
						reach[member[i], member[j]] = 1
	for (i = 1; i <= n; i++) {
		if (member[i] in told || !((member[i], member[i]) in reach))
			continue
		round = ""
		for (j = 1; j <= n; j++)
			if ((member[i], member[j]) in reach && (member[j], member[i]) in reach) {
				told[member[j]] = 1
				round = round " " substr(member[j], length(where) + 2) ".c"
			}
		breach("a circle in " where "/:" round)
	}
}

function table(    i, j, line, n) {
	line = sprintf("%-16s", "uses of")
	for (j = 1; j <= floors; j++)
		line = line " " short[j]
	print line
	for (i = 1; i <= floors; i++) {
		line = sprintf("%-16s", floor[i])
		for (j = 1; j <= floors; j++) {
			n = between[floor[i], floor[j]]
			line = line sprintf(" %" length(short[j]) "s", n ? n : ".")
		}
		print line
	}
}

FILENAME ~ /layers$/ && /^floors:/ {
	for (i = 2; i <= NF; i++) {
		floor[++floors] = $i
		rank[$i] = floors
		short[floors] = $i
		sub(/^.*\//, "", short[floors])
	}
	next
}

FILENAME ~ /layers$/ && /^verbs:/ {
	for (i = 2; i <= NF; i++)
		above[$i] = 1
	next
}

# "never: NAME..." or "FILE: NAME...": of lib/, only FILE may use them (and others that say so, too).
FILENAME ~ /layers$/ && /^[a-z\/]+:/ {
	for (i = 2; i <= NF; i++)
		only[$i] = (only[$i] == "" ? "" : only[$i] " ") substr($1, 1, length($1) - 1)
}

FILENAME ~ /layers$/ { next }

{
	file = substr($1, length(prefix) + 1)
	sub(/\.o:$/, "", file)
	if (!(file in at)) {
		at[file] = folder(file)
		order[++files] = file
	}
	if ($3 ~ /^[A-TV-Z]$/) {
		home[$2] = file
		# libc has mq_open and nine more: one of ours would hide it.
		if ($2 ~ /^mq_/)
			breach(file ".c defines " $2 "; mq_ is libc's prefix")
	} else
		use[++uses] = file " " $2
}

END {
	for (i = 1; i <= files; i++)
		if (!(at[order[i]] in rank))
			breach(order[i] ".c: tests/layers has no floor " at[order[i]])
	for (i = 1; i <= uses; i++) {
		split(use[i], part, " ")
		file = part[1]
		name = part[2]
		to = home[name]
		if (to != "") {
			if (to == file)
				continue
			between[at[file], at[to]]++
			if (rank[at[to]] > rank[at[file]])
				breach(file ".c uses " name " of " to ".c, which is on a floor above")
			else if (at[to] == "cmd" && !(file in above))
				breach(file ".c uses " name " of " to ".c: verbs use no verbs")
			else if (at[to] == at[file])
				reach[file, to] = 1
			continue
		}
		name = plain(name)
		if (file !~ /^lib\// || !(name in only) || index(" " only[name] " ", " " file " ") > 0)
			continue
		if (only[name] == "never")
			breach(file ".c uses " name "; no file of lib/ may")
		else
			breach(file ".c uses " name "; only " only[name] ".c may")
	}
	for (j = 1; j <= floors; j++) {
		n = 0
		for (i = 1; i <= files; i++)
			if (at[order[i]] == floor[j])
				member[++n] = order[i]
		circles(floor[j], n, member)
	}
	table()
	for (i = 1; i <= bad; i++)
		print breaches[i]
	exit bad > 0
}
