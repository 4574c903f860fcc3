#!/bin/bash
# SPDX-License-Identifier: MIT
# test_headers.sh HEADER... - each public header compiles by itself, without a
# warning, as C11, C++17 and C++23, with gcc and with clang, except for the
# halves begin*.h and end*.h. A compiler that is not installed is skipped by
# name. Prints as cmocka does, so that tools/check counts it.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
# A program may compile the headers with the warnings that it wants for its own
# code.
flags=(-Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion -Wcast-qual -Wundef -Wshadow -Werror -fsyntax-only
	-I"$(dirname "$(dirname "$1")")")
declare -A of_language=(
	[c]="-Wstrict-prototypes -Wmissing-prototypes"
	[c++]="-Wextra-semi"
)
failed=0

# compiles COMPILER LANGUAGE STANDARD HEADER...: count those that do in $good.
compiles()
{
	local compiler=$1 language=$2 standard=$3 header
	shift 3
	good=0
	for header; do
		# shellcheck disable=SC2086 # a list of words
		if printf '#include <vmastore/%s>\n' "${header##*/}" |
			"$compiler" ${of_language[$language]} -x "$language" -std="$standard" "${flags[@]}" - >"$work/said" 2>&1; then
			good=$((good + 1))
		else
			echo "$header does not compile by itself with $compiler -std=$standard:"
			head -n 20 "$work/said"
		fi
	done
}

# test_case COMPILER LANGUAGE STANDARD HEADER...
test_case()
{
	local compiler=$1 standard=$3 case
	case=headers_compile_with_${compiler//+/p}_as_${standard//+/p}
	echo "[ RUN      ] $case"
	if ! command -v "$compiler" >/dev/null; then
		echo "[  SKIPPED ] $case ($compiler is not installed)"
		return
	fi
	compiles "$@"
	shift 3
	if [ "$good" = $# ]; then
		echo "[       OK ] $case"
	else
		echo "[  FAILED  ] $case"
		failed=1
	fi
	[ -z "${least[$standard]}" ] || [ "$good" -lt "${least[$standard]}" ] && least[$standard]=$good
}

declare -A least
public=()
for header; do
	case $header in */begin*.h | */end*.h) ;; *) public+=("$header") ;; esac
done
set -- "${public[@]}"
echo "[==========] Running 6 test(s)."
for compiler in gcc clang; do
	test_case "$compiler" c c11 "$@"
done
for compiler in g++ clang++; do
	test_case "$compiler" c++ c++17 "$@"
	test_case "$compiler" c++ c++2b "$@"
done
for standard in c11 c++17 c++2b; do
	echo "${least[$standard]:-0} of $# headers compile as ${standard^^}" | sed 's/2B$/23/'
done
echo "[==========] 6 test(s) run."
exit $failed
