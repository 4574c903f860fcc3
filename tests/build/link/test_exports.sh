#!/bin/bash
# SPDX-License-Identifier: MIT
# test_exports.sh NAMES FILE... - each FILE (an archive, a shared object)
# defines exactly the global symbols that NAMES lists, and each of them begins
# with vms_. Prints as cmocka does, so that tools/check counts it.
names=$1
shift
echo "[==========] Running $((2 * $#)) test(s)."
failed=0
for file; do
	case $file in
	*.so) found=$(nm -D -g --defined-only "$file") kind=shared_object ;;
	*) found=$(nm -g --defined-only "$file") kind=archive ;;
	esac
	# Skip the sanitizers' symbols, which are no part of the library.
	found=$(awk 'NF == 3 && $3 !~ /^(__odr_asan|___?asan|__tsan|__ubsan|__start|__stop)/ { print $3 }' <<<"$found" | LC_ALL=C sort -u)
	case=${kind}_exports_what_the_headers_declare
	echo "[ RUN      ] $case"
	if [ -n "$found" ] && wrong=$(diff <(LC_ALL=C sort -u "$names") <(echo "$found")); then
		echo "[       OK ] $case"
	else
		echo "$file: < declared in a public header but not exported, > exported but not declared:"
		grep '^[<>]' <<<"$wrong"
		echo "[  FAILED  ] $case"
		failed=1
	fi
	case=every_symbol_of_the_${kind}_begins_with_vms_
	echo "[ RUN      ] $case"
	if [ -n "$found" ] && ! plain=$(grep -v ^vms_ <<<"$found"); then
		echo "[       OK ] $case"
	else
		echo "$file: ${plain:-no symbols}"
		echo "[  FAILED  ] $case"
		failed=1
	fi
done
echo "[==========] $((2 * $#)) test(s) run."
exit $failed
