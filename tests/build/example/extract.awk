# SPDX-License-Identifier: MIT
# Splits a document's example: its first ```c block into the file `program`, the
# ```text block after it into the file `output`. With `all` set, every ```c
# block, one behind the other, and every ```text block: a program that the
# document tells piece by piece. An empty or missing block ends in exit 1.
/^```/ {
	into = ""
	if ($0 == "```c" && (all || !lines[program]))
		into = program
	else if ($0 == "```text" && lines[program] && (all || !lines[output]))
		into = output
	next
}
into {
	print >into
	lines[into]++
}
END {
	if (!lines[program] || !lines[output]) {
		print FILENAME ": found no ```c block with a ```text block after it, expected an example" >"/dev/stderr"
		exit 1
	}
}
