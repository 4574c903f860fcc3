#!/bin/bash
# SPDX-License-Identifier: MIT
# test_exports.sh NAMES FILE... - checks that each FILE (an archive, a shared
# object) defines exactly the global symbols that NAMES lists. The output has
# cmocka's form, so that tools/check counts the test.
names=$1
shift
echo "[==========] Running $# test(s)."
failed=0
for file; do
	case $file in
	*.so) found=$(nm -D -g --defined-only "$file") case=shared_object_exports_what_the_headers_declare ;;
	*) found=$(nm -g --defined-only "$file") case=archive_exports_what_the_headers_declare ;;
	esac
	# Skip the sanitizers' symbols, which are no part of the library.
	found=$(awk 'NF == 3 && $3 !~ /^(__odr_asan|___?asan|__tsan|__ubsan|__start|__stop)/ { print $3 }' <<<"$found" | LC_ALL=C sort -u)
	echo "[ RUN      ] $case"
	if [ -n "$found" ] && wrong=$(diff <(LC_ALL=C sort -u "$names") <(echo "$found")); then
		echo "[       OK ] $case"
	else
		echo "$file: < declared in a public header but not exported, > exported but not declared:"
		grep '^[<>]' <<<"$wrong"
		echo "[  FAILED  ] $case"
		failed=1
	fi
done
echo "[==========] $# test(s) run."
exit $failed
