# SPDX-License-Identifier: MIT
# names.awk - says which comments name a file that the tree does not have. A
# name is known if a path of the tree ends with it, from a folder's beginning
# on: node.h, maple/node.h and lib/maple/node.h are one file. In Markdown only
# names that begin with a folder of the tree count. A header of the system is
# written <like.h>, a file of Linux or liburcu with that word just before it
# ("Linux's mm/vma.c"), and a name that stands for any has
# two capitals (FILE.c). Exit 1 if a name is not known.
#
#   awk -v tree=PATHS -f tools/lint/names.awk FILE...
#
# PATHS: a file with the path of every file of the tree, one a line.

BEGIN {
	while ((getline path <tree) > 0) {
		known[path]
		n = split(path, part, "/")
		if (n > 1)
			top[part[1]]
		end = part[n]
		known[end]
		for (i = n - 1; i > 1; i--) {
			end = part[i] "/" end
			known[end]
		}
	}
	close(tree)
}

FNR == 1 {
	in_c = FILENAME ~ /[.](c|h|cc|inc|pml)$/
	in_text = FILENAME ~ /[.]md$/
	in_comment = 0
	line_before = ""
}

# The part of LINE that is comment.
function comment_of(line,    at, found) {
	if (in_text)
		return line
	if (!in_c)
		return match(line, /(^|[ \t])#/) ? substr(line, RSTART) : ""
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (!at)
				return found " " line
			found = found " " substr(line, 1, at - 1)
			line = substr(line, at + 2)
			in_comment = 0
		} else if (match(line, /\/[*\/]/)) {
			if (substr(line, RSTART, 2) == "//")
				return found " " substr(line, RSTART)
			line = substr(line, RSTART + 2)
			in_comment = 1
		} else {
			break
		}
	}
	return found
}

function begins_with_a_folder(name,    part) {
	return split(name, part, "/") > 1 && part[1] in top
}

{
	whole = text = comment_of($0)
	while (match(text, /[A-Za-z0-9_.\/-]+[.](c|h|cc|md|sh|awk|bzl|patch)/)) {
		name = substr(text, RSTART, RLENGTH)
		before = substr(text, 1, RSTART - 1)
		text = substr(text, RSTART + RLENGTH)
		# Part of a longer word, a pattern, or any name.
		if (text ~ /^[A-Za-z0-9_*{<]/ || before ~ /[*}<$]$/ || name ~ /[A-Z][A-Z][^\/]*[.][ch]/)
			continue
		if (line_before " " before ~ /(Linux|liburcu)( [0-9.]+)?'s( own)?[ *#`]*$/)
			continue
		sub(/^([.][.]?\/)+/, "", name)
		if (name in known || (in_text && !begins_with_a_folder(name)))
			continue
		print FILENAME ":" FNR ": names " name ", which is not in the tree"
		wrong = 1
	}
	line_before = whole
}

END {
	exit wrong
}
