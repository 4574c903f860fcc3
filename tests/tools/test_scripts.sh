#!/bin/bash
# SPDX-License-Identifier: MIT
# test_scripts.sh SCRIPT... - what the shell scripts promise before they build anything: a number outside its range is refused with
# status 2 and a line that says what was expected, and output that is lost ends a script with status 2. Prints as cmocka does, so that
# tools/check counts it.
set -u
scripts=("$@")
failed=0

# A script that takes a word which it should refuse would go on: here it finds nothing to build or to install with.
stubs=$(mktemp -d)
trap 'rm -rf "$stubs"' EXIT
for program in apt-get bazel clang gcc git sudo; do
	printf '#!/bin/sh\nexit 1\n' >"$stubs/$program"
	chmod +x "$stubs/$program"
done
PATH=$stubs:$PATH

# run SCRIPT WORD...: its standard error in $said, its exit status in $status.
run()
{
	said=$(timeout 20 "$@" 2>&1 >/dev/null)
	status=$?
}

# refused SCRIPT OPTION LEAST MOST VALUE...: OPTION takes no number but those of that range: not one above it, and none of the values.
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
	refused tools/planted --seconds 1 86400 5x || return 1
	refused tools/coverage --least 0 100 08 || return 1
	refused tests/maple/fuzz/run --seconds 1 86400 || return 1
	refused tests/oracle/planted/run --seeds 1 99999999 || return 1
	refused tests/oracle/planted/run --jobs 1 64
}

help_that_is_lost_is_no_success()
{
	local script
	for script in "${scripts[@]}"; do
		case $script in
		tools/planted) continue ;; # has none
		esac
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

tests="numbers_are_held_to_their_range help_that_is_lost_is_no_success a_line_that_is_lost_ends_a_script"

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
