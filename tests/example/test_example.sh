#!/bin/bash
# SPDX-License-Identifier: MIT
# test_example.sh PROGRAM EXPECTED - the README's program prints what the README says it prints. A listing ends an unnamed line with
# a space, which no README keeps: spaces at a line's end do not count.
# Prints as cmocka does, so that tools/check counts it.
name=readme_example_prints_what_the_readme_says
echo "[==========] Running 1 test(s)."
echo "[ RUN      ] $name"
if printed=$("$1") && diff -Z "$2" - <<<"$printed"; then
	echo "[       OK ] $name"
	rc=0
else
	echo "$1: exit or output differs (< the README, > the program)"
	echo "[  FAILED  ] $name"
	rc=1
fi
echo "[==========] 1 test(s) run."
exit $rc
