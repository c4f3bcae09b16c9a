# prove.bash: for suites that sweep: what they looked at goes into the table at the end of a run.

# proved TEXT
proved() {
	echo "# proved: $*" >&3
}

# prove COMMAND...: its last line is what it proved
prove() {
	local proof=$BATS_TEST_TMPDIR/proof
	"$@" >"$proof" 2>&1 || { cat "$proof"; return 1; }
	proved "$(tail -n 1 "$proof")"
}
