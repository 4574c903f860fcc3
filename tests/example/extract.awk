# SPDX-License-Identifier: MIT
# Splits the README's example into dir/example.c and dir/expected.txt. An empty or missing block ends in exit 1.
/^```/ {
	into = ""
	if ($0 == "```c" && !lines["example.c"])
		into = "example.c"
	else if ($0 == "```text" && lines["example.c"] && !lines["expected.txt"])
		into = "expected.txt"
	next
}
into {
	print >(dir "/" into)
	lines[into]++
}
END {
	if (!lines["example.c"] || !lines["expected.txt"]) {
		print "README.md: found no ```c block with a ```text block after it, expected the embedding example" >"/dev/stderr"
		exit 1
	}
}
