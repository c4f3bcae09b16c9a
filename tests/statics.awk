# statics.awk: static functions of one name in many files, which nobody can search for.
#
#	awk -f statics.awk FILE...
#
# Prints each name that more than three files define, and fails if there is one.  "options" is what
# each verb calls the function that takes its options.

/^static .*[^;=,]$/ { static_ = 1; next }

static_ && match($0, /^[a-z_0-9]+\(/) {
	name = substr($0, 1, RLENGTH - 1)
	if (!((name, FILENAME) in seen) && name != "options") {
		seen[name, FILENAME] = 1
		count[name]++
		where[name] = where[name] " " FILENAME
	}
}

/./ { static_ = 0 }

END {
	for (name in count)
		if (count[name] > 3) {
			print name "() is static in" where[name] ": begin it with its module"
			bad = 1
		}
	exit bad
}
