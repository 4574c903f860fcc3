#!/bin/bash
# SPDX-License-Identifier: MIT
# test_example.sh PROGRAM EXPECTED DOCUMENT - checks that the program in a
# document prints what the document says. The comparison ignores spaces at the
# ends of lines: a listing ends the line of an unnamed mapping with a space, and
# no document keeps that space. The output has cmocka's form, so that
# tools/check counts the test.
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
