#!/bin/bash
# SPDX-License-Identifier: MIT
# test_valgrind.sh PROGRAM DOCUMENT - Valgrind has nothing to say of the program
# in a document: the library reads nothing that was never written, and lets go
# of nothing that it still uses. (With --leak-check=full Valgrind also names the
# library's callback thread, which lives as long as the process.) Prints as
# cmocka does, so that tools/check counts it.
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
