# prototypes.awk: does each prototype of a header name its parameters?
#
#	awk -f prototypes.awk lib/base/fs.h ...
#
# Says "FILE:LINE: FUNCTION: parameter N has no name" for each that has none, and fails.

# Where the bracket that opens at position i of text is closed.
function closing(text, i,    depth, c) {
	for (; i <= length(text); i++) {
		c = substr(text, i, 1)
		depth += c == "(" ? 1 : c == ")" ? -1 : 0
		if (depth == 0)
			return i
	}
	return 0
}

# A parameter has a name if a word follows its type.  Types of one word are all but those made of
# the words of C.
function named(param,    words, n, i, last, left) {
	if (param ~ /\(\*/)
		return param ~ /\(\* *[a-z_][a-z_0-9]* *(\[[^]]*\])?\)/
	gsub(/\[[^]]*\]/, " ", param)
	gsub(/\*/, " * ", param)
	n = split(param, words, " ")
	left = 0
	for (i = 1; i <= n; i++)
		if (words[i] !~ /^(const|volatile|restrict|struct|enum|union|\*)$/) {
			left++
			last = words[i]
		}
	return words[n] != "*" && left > 1 && last !~ /^(int|char|long|short|unsigned|signed|double|float|bool)$/
}

function statement(text, line,    open, shut, name, list, n, i, c, depth, param) {
	if (text ~ /^ *(typedef|struct|enum|union)[^(]*$/ || text ~ /^ *typedef/ || text ~ /=/)
		return
	# Attributes are not parameters.
	while (match(text, /__attribute__ *\(/)) {
		open = RSTART + RLENGTH - 1
		text = substr(text, 1, RSTART - 1) " " substr(text, closing(text, open) + 1)
	}
	if (!match(text, /[a-z_][a-z_0-9]* *\(/))
		return
	name = substr(text, RSTART, RLENGTH - 1)
	open = RSTART + RLENGTH - 1
	shut = closing(text, open)
	list = substr(text, open + 1, shut - open - 1)
	if (list ~ /^ *(void)? *$/)
		return
	list = list ","
	n = 0
	param = ""
	depth = 0
	for (i = 1; i <= length(list); i++) {
		c = substr(list, i, 1)
		depth += c == "(" ? 1 : c == ")" ? -1 : 0
		if (c != "," || depth > 0) {
			param = param c
			continue
		}
		n++
		if (param !~ /^ *\.\.\. *$/ && !named(param)) {
			print FILENAME ":" line ": " name ": parameter " n " has no name"
			bad = 1
		}
		param = ""
	}
}

FNR == 1 { text = ""; depth = 0; comment = 0 }

{
	line = $0
	# Comments, those of several lines, too; then strings, and what the preprocessor takes.
	while (comment || match(line, /\/\*/)) {
		if (!comment) {
			head = substr(line, 1, RSTART - 1)
			line = substr(line, RSTART + 2)
			comment = 1
		}
		if (!(end = index(line, "*/"))) {
			line = head
			head = ""
			break
		}
		line = head " " substr(line, end + 2)
		head = ""
		comment = 0
	}
	gsub(/"[^"]*"/, "s", line)
	if (continued || line ~ /^[ \t]*#/) {
		continued = line ~ /\\$/
		next
	}
	gsub(/\t/, " ", line)
	for (i = 1; i <= length(line); i++) {
		c = substr(line, i, 1)
		if (c == "{") {
			# A body, or the members of a type.
			depth++
		} else if (c == "}") {
			if (--depth == 0)
				text = ""
		} else if (depth == 0 && c == ";") {
			statement(text, start)
			text = ""
		} else if (depth == 0) {
			if (text ~ /^ *$/ && c != " ")
				start = FNR
			text = text c
		}
	}
	text = text " "
}

END { exit bad }
