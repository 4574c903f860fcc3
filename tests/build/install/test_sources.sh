#!/bin/bash
# SPDX-License-Identifier: MIT
# test_sources.sh CASES MAKEFILE VMASTORE MAPLE RULES - the Makefile compiles
# the files that Bazel compiles, with the same flags. VMASTORE and MAPLE name
# what each library depends on in Bazel, one label a line; RULES are the rules
# of lib/ as Bazel read them.
set -u
# shellcheck source=tests/build/install/cases.sh
. "$1"
makefile=$(readlink -f "$2") vmastore=$3 maple=$4 rules=$5
top=${makefile%/*}

# same LIBRARY LABELS
same()
{
	local bazel
	bazel=$(sed -n 's,^//\(lib/.*\.c\)$,\1,p' "$2" | tr : / | LC_ALL=C sort)
	note "$1: $(wc -l <<<"$bazel") files"
	[ -n "$bazel" ]
	diff <(echo "$bazel") <(make -s -C "$top" list-sources LIBRARY="$1" | LC_ALL=C sort)
}

library_has_the_same_files()
{
	same vmastore "$vmastore"
}

maple_library_has_the_same_files()
{
	same vmastore-maple "$maple"
}

# One list of flags for all of lib/: a file that gets one of its own in Bazel
# shows here.
files_are_compiled_alike()
{
	local bazel
	bazel=$(sed -n 's/^  copts = \[\(.*\)\],$/\1/p' "$rules" | tr -d '",' | sort -u)
	note "flags: $bazel"
	[ -n "$bazel" ]
	diff <(tr ' ' '\n' <<<"$bazel") <(make -s -C "$top" list-flags)
}

run_cases library_has_the_same_files maple_library_has_the_same_files files_are_compiled_alike
