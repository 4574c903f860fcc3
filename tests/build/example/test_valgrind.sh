#!/bin/bash
# SPDX-License-Identifier: MIT
# test_valgrind.sh PROGRAM DOCUMENT - checks that Valgrind reports no error of
# the program in a document: the library reads no memory that was never written,
# and uses no memory after it freed it. The test checks no leaks: Valgrind would
# report the library's callback thread, which lives as long as the process. The
# output has cmocka's form, so that tools/check counts the test.
name=valgrind_is_silent_about_the_example_in_$2
echo "[==========] Running 1 test(s)."
echo "[ RUN      ] $name"
rc=0
if ! command -v valgrind >/dev/null; then
	echo "[  SKIPPED ] $name: there is no valgrind"
elif valgrind -q --error-exitcode=9 "$1"; then
	echo "[       OK ] $name"
else
	echo "[  FAILED  ] $name"
	rc=1
fi
echo "[==========] 1 test(s) run."
exit $rc
