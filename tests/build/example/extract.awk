# SPDX-License-Identifier: MIT
# extract.awk - writes a document's first ```c block to the file `program`, and
# the ```text block after it to the file `output`. With `all` set it writes
# every ```c block, one after the other, and every ```text block: the document
# then develops one program piece by piece. An empty or missing block ends in
# exit 1.
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
