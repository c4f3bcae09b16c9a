#!/usr/bin/env bats
# readme.bats: the tour of README.md, typed on a terminal in an empty directory, shows what it
# says; and what README.md and HACKING.md point at is there.

load helper

top=$BATS_TEST_DIRNAME/..

@test "each command of the README's tour prints what stands below it" {
	[ "$MQ_SAN" != valgrind ] || skip "the terminal has a minute, which is too short under valgrind"
	run -0 python3 "$BATS_TEST_DIRNAME/examples.py" "$top/README.md"
	assert_output ""
}

@test "a tour that is wrong is found" {
	printf '```\n$ echo a\na\n```\n\n```sh\nnot run\n```\n' >page.md
	run -0 python3 "$BATS_TEST_DIRNAME/examples.py" page.md
	printf '```\n$ echo a\nb\n```\n' >page.md
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" page.md
	printf '```sh\nnot run\n```\n' >page.md
	run -1 python3 "$BATS_TEST_DIRNAME/examples.py" page.md
}

@test "the verbs in the README's table exist" {
	mq help --table | awk -F '\t' '$1 == "cmd" { print $2 }' | sort >verbs
	sed -n '/^| for /,/^$/p' "$top/README.md" | grep -oE '`[a-z]+( |`)' | tr -d '` ' | grep -vx mq | sort -u >named
	assert_equal "$(comm -13 verbs named)" ""
}

@test "the documents' links lead to files, and to headings that are there" {
	cd "$top" || return
	broken=
	for page in *.md tests/*.md tests/*/*.md; do
		while read -r target; do
			file=${target%%#*}
			[ -z "$file" ] || [ -e "$(dirname "$page")/$file" ] || broken+="$page: $target; "
			case $target in
			"#"*) sed -n 's/^##* //p' "$page" | tr '[:upper:]' '[:lower:]' | tr -d '.,:/()`' | tr ' ' - |
			    grep -qx -- "${target#\#}" || broken+="$page: $target; " ;;
			esac
		done < <(grep -oE '\]\([^)]+\)' "$page" | sed 's/^](//; s/)$//' | grep -v '^https*:')
	done
	assert_equal "$broken" ""
}

@test "HACKING.md: each file of lib/ has its word in the map, and what it names is there" {
	cd "$top" || return
	wrong=
	for folder in lib/*/; do
		row=$(grep "^| \`$folder\` |" HACKING.md) || wrong+="$folder has no row; "
		for file in "$folder"*.c; do
			name=$(basename "$file" .c)
			grep -q "\`$name\`" <<<"$row" || wrong+="$file is not in the map; "
		done
		for name in $(sed 's/^[^|]*|[^|]*|[^|]*|//' <<<"$row" | grep -oE '`[a-z_]+`' | tr -d '`'); do
			[ -f "$folder$name.c" ] || wrong+="$folder$name.c is only in the map; "
		done
	done
	for name in $(grep -oE '`[a-z_]+\(\)`' HACKING.md | tr -d '`()' | sort -u); do
		grep -qE "^$name\(" lib/*/*.c cmd/*.c cmd/*/*.c || wrong+="$name() is nowhere; "
	done
	for name in $(grep -oE '`(lib|cmd|tests|man)/[a-z0-9_./-]*`' HACKING.md | tr -d '`' | sort -u); do
		[ -e "$name" ] || wrong+="$name is nowhere; "
	done
	assert_equal "$wrong" ""
}
