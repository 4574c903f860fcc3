# SPDX-License-Identifier: MIT
# shellcheck shell=bash
# cases.sh - runs shell functions as test cases, and prints what cmocka prints,
# so that tools/check counts each. To be sourced by bash.
#
#   skip WHY            called by a case: it was not tested, and this is why
#   note TEXT           a line for the log of a case that passes, too
#   run_cases CASE...   runs each function; the status is the test's. A case
#                       passes if it returns 0. What it printed is shown only
#                       if it does not.

cases_notes=$(mktemp "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/notes.XXXXXX") || exit 1

skip()
{
	echo "skipped: $1"
	exit 77
}

note()
{
	printf '%s\n' "$1" >>"$cases_notes"
}

run_cases()
{
	local case said rc failed=0
	said=$(mktemp "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/said.XXXXXX") || return 1
	echo "[==========] Running $# test(s)."
	for case; do
		echo "[ RUN      ] $case"
		: >"$cases_notes"
		# In a process of its own, so that `skip` ends the case alone.
		(
			set -e
			"$case"
		) >"$said" 2>&1
		rc=$?
		cat "$cases_notes"
		case $rc in
		0) echo "[       OK ] $case" ;;
		77)
			tail -n 1 "$said"
			echo "[  SKIPPED ] $case ($(tail -n 1 "$said" | sed 's/^skipped: //'))"
			;;
		*)
			tail -n 60 "$said"
			echo "[  FAILED  ] $case"
			failed=1
			;;
		esac
	done
	echo "[==========] $# test(s) run."
	rm -f "$said" "$cases_notes"
	return $failed
}
