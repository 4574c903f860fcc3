#!/bin/bash
# SPDX-License-Identifier: MIT
# test_example.sh PROGRAM EXPECTED DOCUMENT - the program in a document prints
# what the document says it prints. A listing ends an unnamed line with a space,
# which no document keeps: spaces at a line's end do not count. Prints as cmocka
# does, so that tools/check counts it.
name=example_in_${3}_prints_what_is_said_there
echo "[==========] Running 1 test(s)."
echo "[ RUN      ] $name"
if printed=$("$1") && diff -Z "$2" - <<<"$printed"; then
	echo "[       OK ] $name"
	rc=0
else
	echo "$1: exit or output differs (< the document, > the program)"
	echo "[  FAILED  ] $name"
	rc=1
fi
echo "[==========] 1 test(s) run."
exit $rc
