#!/bin/bash
# SPDX-License-Identifier: MIT
# test_scripts.sh VMBENCH SCRIPT... - the checks that the shell scripts make
# before they build anything: a number outside its range is refused with status
# 2 and a line that says what was expected, and lost output ends a script with
# status 2. The output has cmocka's form, so that tools/check counts it.
set -u
vmbench=$1
shift
scripts=("$@")
failed=0

# A script that wrongly accepts a word would go on. These stubs keep it from
# building or installing anything.
stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
for program in apt-get bazel clang gcc git sudo; do
	printf '#!/bin/sh\nexit 1\n' >"$stubs/$program"
	chmod +x "$stubs/$program"
done
PATH=$stubs:$PATH
# A script that tries to install something leaves this file behind.
printf '#!/bin/sh\n>%s\nexit 1\n' "$stubs/installed" >"$stubs/apt-get"

# run SCRIPT WORD...: runs the script; its standard error is then in $said, its
# exit status in $status.
run()
{
	said=$(timeout 20 "$@" 2>&1 >/dev/null)
	status=$?
}

# refused SCRIPT OPTION LEAST MOST VALUE...: checks that OPTION refuses the
# number above that range and each of the values.
refused()
{
	local script=$1 option=$2 value
	for value in "$(($4 + 1))" "${@:5}"; do
		run "$script" "$option=$value"
		[ $status = 2 ] && [[ $said == *"$option: found "*", expected a number from $3 to $4"* ]] && [[ $said != *$'\e'* ]] && continue
		echo "$script $option=${value@Q}: status $status: $said"
		return 1
	done
}

numbers_are_held_to_their_range()
{
	refused tools/check --stress-seconds 1 86400 || return 1
	refused tools/check --oracle-seconds 0 86400 || return 1
	refused tools/check --seed 0 999999999999 "" " 5" "5 " -1 +1 0x10 08 1e3 5x 18446744073709551617 $'1\e[2J' $'1\n2' || return 1
	refused tests/planted/locks/run --seconds 1 86400 5x || return 1
	refused tools/coverage --least 0 100 08 || return 1
	refused tests/lib/maple/fuzz/run --seconds 1 86400 || return 1
	refused tests/explore/run --bound 0 8 x || return 1
	refused tests/planted/layout/run --seeds 1 99999999 || return 1
	refused tests/planted/layout/run --jobs 1 64
}

# early SCRIPT TEXT WORD...: checks that the script ends with status 2 and TEXT
# before it installs anything.
early()
{
	local script=$1 text=$2
	shift 2
	rm -f "$stubs/installed"
	run "$script" "$@"
	[ $status = 2 ] && [[ $said == *"$text"* ]] && [[ $said != *$'\e'* ]] && [ ! -e "$stubs/installed" ] && return
	echo "$script $*: status $status, $(ls "$stubs"): $said"
	return 1
}

# Symptom: a bad list was reported only after packages were installed and
# everything was built, and a bad folder for the report only after all
# measurements.
scale_looks_at_its_words_first()
{
	local value
	for value in "" 0 1025 1, ,1 1,,2 x 1x " 1" -1 08 4294967297 18446744073709551617 $'1\e[2J'; do
		early tools/scale "--threads: found " "--threads=$value" || return 1
	done
	for value in "" btree maple, ,maple rbtree,,maple "maple rbtree" "*" "[a-z]*" $'maple\e[2J'; do
		early tools/scale "--engine: found " "--engine=$value" || return 1
	done
	mkdir "$stubs/folder" "$stubs/folder/index.html"
	: >"$stubs/file"
	for value in "$stubs/file" "$stubs/file/in" /dev/null /proc/none "$stubs/folder"; do
		early tools/scale "--output: found " "--output=$value" || return 1
	done
	early tools/scale "one of the options" --nonsense
}

what_scale_takes_is_not_refused()
{
	run tools/scale --threads=1,2,1024 --engine=maple,rbtree,maple-vma --output="$stubs/a place" --no-install
	[ $status = 1 ] && [[ $said == *"the build failed"* ]] && [ -d "$stubs/a place" ] && return
	echo "status $status: $said"
	return 1
}

# Symptom: Bazel refuses to work in such a place, but that showed only after
# minutes of installing.
a_place_where_nothing_can_be_built_is_said_first()
{
	local script
	mkdir "$stubs/a tree"
	tar -chf - "${scripts[@]}" tools/lib.sh | tar -xf - -C "$stubs/a tree"
	for script in tools/check tools/coverage tools/maplebench tests/planted/locks/run tools/scale tests/oracle/compare tests/planted/layout/run; do
		early "$stubs/a tree/$script" "Bazel cannot build in a folder whose name has a blank" || return 1
		VMS_BAZEL_ROOT=$stubs/a\ tree early "$script" "VMS_BAZEL_ROOT: found " || return 1
		TMPDIR=$stubs/none early "$script" "TMPDIR: found $stubs/none, expected a folder that can be written" || return 1
	done
}

# The scripts hold the engines' names, because they cannot ask the program
# before it is built.
the_engines_are_those_of_the_program()
{
	local listed
	listed=$("$vmbench" --list | sed -n 's/^engine  *//p' | paste -s -d ' ')
	[ -n "$listed" ] && [ "$listed" = "$(VMS_TOP="" bash -c '. tools/lib.sh; echo $VMS_ENGINES')" ] && return
	echo "vmbench has: $listed"
	return 1
}

help_that_is_lost_is_no_success()
{
	local script
	for script in "${scripts[@]}"; do
		# Its help is that of a program that it builds first.
		[ "$script" != tests/oracle/compare ] || continue
		[[ $("$script" --help) == usage:* ]] || {
			echo "$script: --help prints no usage"
			return 1
		}
		"$script" --help >/dev/full 2>/dev/null
		[ $? = 2 ] && continue
		echo "$script --help >/dev/full: status $?"
		return 1
	done
}

a_line_that_is_lost_ends_a_script()
{
	(
		# shellcheck source=tools/lib.sh
		. tools/lib.sh
		say "lost"
		exit 0
	) >/dev/full 2>/dev/null
	[ $? = 2 ]
}

tests="numbers_are_held_to_their_range scale_looks_at_its_words_first what_scale_takes_is_not_refused
	a_place_where_nothing_can_be_built_is_said_first the_engines_are_those_of_the_program
	help_that_is_lost_is_no_success a_line_that_is_lost_ends_a_script"

echo "[==========] Running $(wc -w <<<"$tests") test(s)."
for name in $tests; do
	echo "[ RUN      ] $name"
	if $name; then
		echo "[       OK ] $name"
	else
		echo "[  FAILED  ] $name"
		failed=1
	fi
done
echo "[==========] $(wc -w <<<"$tests") test(s) run."
exit $failed
