#!/bin/bash
# SPDX-License-Identifier: MIT
# test_foreign.sh CASES LIBRARY INSTALL-MD PROGRAM... - programs in Python and
# Rust use the shared library by its symbols alone, and docs/install.md shows
# them as they are.
set -u
# shellcheck source=tests/build/install/cases.sh
. "$1"
library=$(readlink -f "$2") document=$(readlink -f "$3")
programs=$(dirname "$(readlink -f "$4")")
work=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/foreign.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
# A compiler that a user has for itself is found below HOME.
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export HOME PATH=$PATH:$HOME/.cargo/bin

# prints COMMAND...: it prints what stdin says, and nothing else.
prints()
{
	local expected
	expected=$(cat)
	diff <(echo "$expected") <(timeout 60 "$@")
}

python_program()
{
	python3 -c 'import sys; sys.exit(sys.version_info < (3, 8))' 2>/dev/null || skip "there is no python3 of 3.8 or later"
	note "$(python3 --version)"
	prints python3 "$programs/space.py" "$library" <<-TXT
		 0- 4 rw
		 4- 5 r-
		 5-16 rw
		0x40000000 has 1000 pages
		0x80000000 has 1000 pages
	TXT
}

rust_program()
{
	rustc --version >"$work/version" 2>&1 || skip "there is no rustc"
	note "$(cat "$work/version")"
	rustc -O -D warnings -L "${library%/*}" -o "$work/space" "$programs/space.rs"
	LD_LIBRARY_PATH=${library%/*} prints "$work/space" <<-TXT
		 0- 4 rw
		 4- 5 r-
		 5-16 rw
		the sum is 500500
	TXT
}

# block LANGUAGE: what the document has between ```LANGUAGE and ```.
block()
{
	awk -v fence="\`\`\`$1" '/^```/ { inside = $0 == fence; next } inside' "$document"
}

document_shows_the_programs()
{
	diff "$programs/space.py" <(block python)
	diff "$programs/space.rs" <(block rust)
}

run_cases python_program rust_program document_shows_the_programs
