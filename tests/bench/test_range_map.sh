#!/bin/bash
# SPDX-License-Identifier: MIT
# test_range_map.sh PROGRAM - checks that bench/range_map measures every row
# that docs/range-map.md quotes: the names are those of the document, and each
# row ends with numbers. The figures are the machine's, so the test compares
# none. The output has cmocka's form, so that tools/check counts the test.
name=every_cost_that_the_page_quotes_is_measured
echo "[==========] Running 1 test(s)."
echo "[ RUN      ] $name"
rc=0

# The first column of each row, which is 42 wide.
names() {
	grep -E '^.{42} +[0-9][0-9. ]*$' | cut -c1-42 | sed 's/ *$//'
}

if ! printed=$("$1" --quick); then
	echo "$1: failed"
	rc=1
fi
quoted=$(names <docs/range-map.md)
if [ "$(wc -l <<<"$quoted")" -lt 14 ]; then
	echo "docs/range-map.md: quotes \"$quoted\", expected a table of 14 rows"
	rc=1
fi
if ! diff <(echo "$quoted") <(names <<<"$printed"); then
	echo "$1: other rows (< the document, > the program)"
	rc=1
fi
if "$1" --slow 2>/dev/null; then
	echo "$1: takes an unknown word"
	rc=1
fi
if [ $rc = 0 ]; then
	echo "[       OK ] $name"
else
	echo "[  FAILED  ] $name"
fi
echo "[==========] 1 test(s) run."
exit $rc
