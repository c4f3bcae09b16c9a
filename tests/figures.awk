# figures.awk: how long functions and files are.
#
#	awk -v may="lib/mq.h ..." -f figures.awk FILE...
#
# Prints the median and the longest function (lines between its braces), then each file of more
# than 400 lines that is not one of "may"; fails if there is one.  Files may be tables.

function close_file() {
	if (lines > 400 && !(name in table))
		large[++larges] = sprintf("%s: %d lines", name, lines)
}

BEGIN {
	n = split(may, part, " ")
	for (i = 1; i <= n; i++)
		table[part[i]] = 1
}

FNR == 1 { close_file(); name = FILENAME; inside = 0 }

{ lines = FNR }

/^[A-Za-z_].*\(/ {
	function_ = $0
	sub(/\(.*/, "", function_)
	sub(/.*[ *]/, "", function_)
}

/^\{/ { inside = FNR }

/^\}/ && inside {
	length_ = FNR - inside - 1
	count[length_]++
	functions++
	if (length_ > longest) {
		longest = length_
		which = function_ " in " name
	}
	inside = 0
}

END {
	close_file()
	for (median = 0; (seen += count[median]) * 2 < functions; median++)
		;
	printf "%d functions: median %d lines, longest %d (%s)\n", functions, median, longest, which
	for (i = 1; i <= larges; i++)
		print large[i]
	exit larges > 0
}
