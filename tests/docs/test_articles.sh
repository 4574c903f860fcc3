#!/bin/bash
# SPDX-License-Identifier: MIT
# test_articles.sh PROGRAM NAMES - every name that the tables of
# docs/articles.md promise is there. PROGRAM, which uses the public ones, was
# compiled and linked. NAMES says what must stand in which file's code; a
# comment does not count. Prints as cmocka does, so that tools/check counts it.
test=every_name_that_the_articles_page_promises_is_there
echo "[==========] Running 1 test(s)."
echo "[ RUN      ] $test"
rc=0
"$1" || rc=1

# The code of a C file, without comments.
code() {
	awk '{
		line = $0
		out = ""
		while (line != "") {
			if (inside) {
				end = index(line, "*/")
				if (!end)
					break
				line = substr(line, end + 2)
				inside = 0
				continue
			}
			begin = index(line, "/*")
			if (!begin) {
				out = out line
				break
			}
			out = out substr(line, 1, begin - 1)
			line = substr(line, begin + 2)
			inside = 1
		}
		print out
	}' "$1"
}

last=
while IFS=$'\t' read -r file kind name; do
	if [ "$file" != "$last" ]; then
		last=$file
		text=
		if [ -f "$file" ]; then
			text=$(code "$file")
		else
			echo "docs/articles.md: names $file, expected a file"
			rc=1
		fi
	fi
	case $kind in
	function) words=("${name%()}") ;;
	field) words=("struct ${name%.*}" "${name#*.}") ;;
	*) words=("$name") ;;
	esac
	for word in "${words[@]}"; do
		if ! [[ $text =~ (^|[^A-Za-z0-9_])"$word"([^A-Za-z0-9_]|$) ]]; then
			echo "docs/articles.md: promises \"$name\" in $file, expected it in the code there"
			rc=1
		fi
	done
done < <(sort "$2")
if [ $rc = 0 ]; then
	echo "[       OK ] $test"
else
	echo "[  FAILED  ] $test"
fi
echo "[==========] 1 test(s) run."
exit $rc
