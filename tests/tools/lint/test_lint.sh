#!/bin/bash
# SPDX-License-Identifier: MIT
# test_lint.sh WIDTH SHARE NAMES - runs the awk programs of tools/lint on files
# made here: WIDTH refuses wide lines, SHARE counts comments, NAMES refuses a
# comment that names a file which does not exist. The output has cmocka's form,
# so that tools/check counts it.
set -u
width=$1 share=$2 names=$3
folder=$(mktemp -d) || exit 1
trap 'rm -rf "$folder"' EXIT
failed=0

# line N TEXT: prints TEXT, filled up with x so that it ends at column N.
line()
{
	printf '%s' "$2"
	printf '%*s\n' $(($1 - ${#2})) '' | tr ' ' x
}

# wide NAME COLUMN MOST: checks that WIDTH refuses the file for its first line.
wide()
{
	local said
	said=$(awk -f "$width" "$folder/$1")
	[ $? = 1 ] && [ "$said" = "$folder/$1:${4-1}: ends at column $2, expected $3 at most" ] && return
	echo "$1: said '$said'"
	return 1
}

# fits NAME: checks that WIDTH reports nothing for the file.
fits()
{
	local said
	said=$(awk -f "$width" "$folder/$1") && [ -z "$said" ] && return
	echo "$1: said '$said'"
	return 1
}

a_comment_ends_at_column_80()
{
	line 80 '// ' >"$folder/a.c"
	fits a.c || return 1
	line 81 '// ' >"$folder/a.c"
	wide a.c 81 80 || return 1
	{ echo '/*'; line 81 ' * '; echo ' */'; } >"$folder/a.c"
	wide a.c 81 80 2 || return 1
	line 81 '# ' >"$folder/a.sh"
	wide a.sh 81 80 || return 1
}

code_ends_at_column_100()
{
	line 100 'int ' >"$folder/b.c"
	fits b.c || return 1
	line 101 'int ' >"$folder/b.c"
	wide b.c 101 100 || return 1
	# After the end of a comment the limit is that of code again.
	{ echo '/*'; echo ' * text */'; line 101 'int '; } >"$folder/b.c"
	wide b.c 101 100 3 || return 1
	line 101 'int x; /* ' >"$folder/b.c"
	wide b.c 101 100
}

a_tab_counts_as_far_as_it_goes()
{
	{ printf '\t'; line 72 '/* '; } >"$folder/c.c"
	fits c.c || return 1
	{ printf ' \t'; line 73 '/* '; } >"$folder/c.c"
	wide c.c 81 80
}

a_table_in_a_header_ends_at_column_100()
{
	line 100 '/* name   what ' >"$folder/d.h"
	fits d.h || return 1
	cp "$folder/d.h" "$folder/d.c"
	wide d.c 100 80 || return 1
	line 101 '/* name   what ' >"$folder/d.h"
	wide d.h 101 100 || return 1
	line 81 '/* no table ' >"$folder/d.h"
	wide d.h 81 80
}

comments_are_counted_by_folder()
{
	local row
	mkdir "$folder/e"
	printf '/* SPDX-License-Identifier: MIT */\n/*\n * text\n */\n\nint x; /* code */\n' >"$folder/e/e.c"
	row=$(awk -f "$share" "$folder/e/e.c" | tail -n 1)
	read -r _ comment code percent _ <<<"$row"
	[ "$comment $code $percent" = "3 1 75.0%" ] && return
	echo "counted: $row"
	return 1
}

# names_file TEXT WORD...: NAMES refuses a C file of that text for these names,
# in the tree that stands below.
names_file()
{
	local said expected=
	printf '%s\n' lib/x/a.h lib/x/y/b.c docs/c.md >"$folder/tree"
	printf '%s\n' "$1" >"$folder/f.c"
	shift
	said=$(awk -v tree="$folder/tree" -f "$names" "$folder/f.c" | sed 's/.*names \(.*\), which.*/\1/' | tr '\n' ' ')
	[ $# = 0 ] || expected="$* "
	[ "$said" = "$expected" ] && return
	echo "found '$said', expected '$expected'"
	return 1
}

a_comment_may_name_files_of_the_tree()
{
	names_file '/* a.h, x/a.h, y/b.c, lib/x/y/b.c, docs/c.md, <sys/mman.h>, FILE.c, *.c */' || return 1
	names_file 'int x; /* what a.h says */ int y;' || return 1
	names_file "/* Linux's mm/vma.c */" || return 1
	names_file "$(printf '/*\n * of Linux 6.12'"'"'s own\n * lib/z.c\n */')"
}

a_comment_that_names_no_file_is_refused()
{
	names_file '/* b.h */' b.h || return 1
	names_file '/* y/a.h, and lib/a.h */' y/a.h lib/a.h || return 1
	names_file "$(printf '/*\n * text\n * z.c: text\n */\nint x; // docs/d.md')" z.c docs/d.md || return 1
	names_file '#include "gone.h"'
}

tests=(
	a_comment_ends_at_column_80
	code_ends_at_column_100
	a_tab_counts_as_far_as_it_goes
	a_table_in_a_header_ends_at_column_100
	comments_are_counted_by_folder
	a_comment_may_name_files_of_the_tree
	a_comment_that_names_no_file_is_refused
)
echo "[==========] Running ${#tests[@]} test(s)."
for test in "${tests[@]}"; do
	echo "[ RUN      ] $test"
	if "$test"; then
		echo "[       OK ] $test"
	else
		echo "[  FAILED  ] $test"
		failed=1
	fi
done
echo "[==========] ${#tests[@]} test(s) run."
exit $failed
