#!/bin/bash
# SPDX-License-Identifier: MIT
# test_hidden.sh NAMES-AWK LAYOUT-SH LAYOUT-AWK LIST-H RBTREE-H HEADER... - with
# VMS_NO_KERNEL_NAMES each public header leaves a program its own words. Prints
# as cmocka does, so that tools/check counts it.
names=$1 layout=$2 layout_awk=$3 list=$4 rbtree=$5
shift 5
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
include=$(dirname "$(dirname "$1")")
public=()
for header; do
	case $header in */begin*.h | */end*.h) ;; *) public+=("$header") ;; esac
done
failed=0

# begin.h, end.h and so on are what names.awk makes of the other headers.
files_are_up_to_date()
{
	local made
	for made in begin end begin_fields end_fields; do
		awk -v make=$made -f "$names" "${public[@]}" >"$work/$made" &&
			diff "$work/$made" "$include/vmastore/$made.h" || {
			echo "make it anew, as bazel/names.awk says"
			return 1
		}
	done
}

# system_headers LANGUAGE
system_headers()
{
	printf '#include <%s.h>\n' errno limits sched stddef stdint stdio string sys/mman
	[ "$1" = c++ ] || printf '#include <%s.h>\n' stdatomic stdbool
}

# A program has a macro of its own for each of Linux's names. Its text is no C,
# so a header that reads one does not compile; and each is afterwards as it was.
# The system's headers come first, because some of them have such names, too.
hostile()
{
	local name
	system_headers "$1"
	awk -v make=list -f "$names" "${public[@]}" | while read -r name; do
		printf '#undef %s\n#define %s @ the program has %s @\n' "$name" "$name" "${name}_"
	done
	echo '#define VMS_NO_KERNEL_NAMES'
	printf '#include <vmastore/%s>\n' "${2##*/}"
}

# macros_survive COMPILER LANGUAGE STANDARD
macros_survive()
{
	local header nr
	nr=$(awk -v make=list -f "$names" "${public[@]}" | wc -l)
	for header in "${public[@]}"; do
		hostile "$2" "$header" >"$work/hostile"
		"$1" -x "$2" -std="$3" -Wall -Wextra -Werror -fsyntax-only -I"$include" "$work/hostile" || return 1
		[ "$("$1" -x "$2" -std="$3" -E -dM -I"$include" "$work/hostile" | grep -c '@ the program has .*_ @$')" = "$nr" ] || {
			echo "$header: fewer than $nr of the program's macros are left"
			return 1
		}
	done
	echo "$nr names in ${#public[@]} headers"
}

# The types and the enumerators of a C file, as gcc's debug information has
# them.
types_of()
{
	gcc -std=gnu11 -DVMS_NO_KERNEL_NAMES -g -gdwarf-4 -fno-eliminate-unused-debug-types -I"$include" -c -o "$work/types.o" "$1" &&
		readelf --debug-dump=info "$work/types.o" | awk '
		/Abbrev Number:/ { wanted = /<1>.*DW_TAG_(structure|enumeration|union)_type|<1>.*DW_TAG_typedef|DW_TAG_enumerator/ }
		wanted && /DW_AT_name / { print $NF }' | LC_ALL=C sort -u
}

# Nothing that the headers declare is without a prefix: no function (gcc lists
# those), no type and no enumerator.
every_name_has_a_prefix()
{
	local header
	system_headers c >"$work/system.c"
	{
		cat "$work/system.c"
		for header in "${public[@]}"; do
			printf '#include <vmastore/%s>\n' "${header##*/}"
		done
	} >"$work/all.c"
	gcc -std=gnu11 -DVMS_NO_KERNEL_NAMES -fsyntax-only -aux-info "$work/functions" -I"$include" "$work/all.c" &&
		types_of "$work/system.c" >"$work/system" && types_of "$work/all.c" >"$work/types" || return 1
	LC_ALL=C comm -13 "$work/system" "$work/types" >"$work/ours"
	echo "$(grep -c vmastore/ "$work/functions") functions, $(wc -l <"$work/ours") types and enumerators"
	[ "$(grep -c vmastore/ "$work/functions")" -gt 200 ] && [ "$(wc -l <"$work/ours")" -gt 50 ] || return 1
	! grep vmastore/ "$work/functions" | sed 's/;.*//; s/ (.*//' | grep -v '[ *]_*vms_[a-z_0-9]*$' &&
		! grep -v '^_*\(vms\|VMS\)_' "$work/ours"
}

# No exported function's symbol is the name of an inline function: clang would
# take a call of the one for a call of the other.
no_symbol_is_an_inline_functions_name()
{
	local header
	for header in "${public[@]}"; do
		printf '#include <vmastore/%s>\n' "${header##*/}"
	done >"$work/all.c"
	gcc -std=gnu11 -DVMS_NO_KERNEL_NAMES -fsyntax-only -aux-info "$work/functions" -I"$include" "$work/all.c" &&
		gcc -std=gnu11 -DVMS_NO_KERNEL_NAMES -E -P -I"$include" "$work/all.c" | tr -d ' \n' |
		grep -oE '__asm__\(("[a-z_0-9]*")+\)' | tr -cd 'a-z_0-9\n' | sed 's/^__asm__//' | LC_ALL=C sort -u >"$work/symbols" &&
		grep vmastore/ "$work/functions" | grep ' static ' | sed 's/;.*//; s/ (.*//; s/.*[ *]//' |
		LC_ALL=C sort -u >"$work/inline" || return 1
	echo "$(wc -l <"$work/symbols") symbols, $(wc -l <"$work/inline") inline functions"
	[ "$(wc -l <"$work/symbols")" -gt 100 ] && [ "$(wc -l <"$work/inline")" -gt 30 ] &&
		! LC_ALL=C comm -12 "$work/symbols" "$work/inline" | grep .
}

# A structure has the same fields at the same places, with or without the names.
layout_is_the_same()
{
	sh "$layout" "gcc -DVMS_NO_KERNEL_NAMES" "$layout_awk" "${public[@]}" >"$work/hidden"
	sh "$layout" gcc "$layout_awk" "${public[@]}" | sed 's/struct vms_/struct /' | LC_ALL=C sort >"$work/shown"
	sed 's/struct vms_/struct /' "$work/hidden" | LC_ALL=C sort | diff "$work/shown" - && [ -s "$work/shown" ]
}

# own_headers_fit COMPILER LANGUAGE STANDARD
own_headers_fit()
{
	local header
	for header in "${public[@]}"; do
		{
			printf '#include "%s"\n' "$(realpath "$list")" "$(realpath "$rbtree")"
			echo '#define VMS_NO_KERNEL_NAMES'
			printf '#include <vmastore/%s>\n' "${header##*/}"
		} | "$1" -x "$2" -std="$3" -Wall -Wextra -Werror -fsyntax-only -I"$include" - || return 1
	done
}

# test_case NAME COMMAND...
test_case()
{
	local name=$1
	shift
	echo "[ RUN      ] $name"
	case $1 in
	*survive | *fit)
		command -v "$2" >/dev/null || {
			echo "[  SKIPPED ] $name ($2 is not installed)"
			return
		}
		;;
	esac
	if "$@"; then
		echo "[       OK ] $name"
	else
		echo "[  FAILED  ] $name"
		failed=1
	fi
}

echo "[==========] Running 12 test(s)."
test_case files_are_up_to_date files_are_up_to_date
test_case every_name_has_a_prefix every_name_has_a_prefix
test_case no_symbol_is_an_inline_functions_name no_symbol_is_an_inline_functions_name
test_case layout_is_the_same layout_is_the_same
for what in macros_survive own_headers_fit; do
	test_case ${what}_gcc $what gcc c gnu11
	test_case ${what}_clang $what clang c gnu11
	test_case ${what}_gpp $what g++ c++ c++17
	test_case ${what}_clangpp $what clang++ c++ c++17
done
echo "[==========] 12 test(s) run."
exit $failed
