# SPDX-License-Identifier: MIT
# width.awk - says which lines of the files that it reads are too wide: a line
# that is comment alone ends at column 80 at most, every other line of C at
# column 100. A table in a header's comment, known by a run of blanks between
# its words or by a bar, may reach column 100. A tab goes to the next multiple
# of 8 columns. A line with an address of the Web in it is let pass, because it
# cannot be broken. Exit 1 if a line is too wide.
#
#   awk -f tools/lint/width.awk FILE...

FNR == 1 {
	in_c = FILENAME ~ /[.](c|h|cc|pml)$/
	header = FILENAME ~ /[.]h$/
	in_comment = 0
}

# The column at which the line ends.
function width_of(line,    at, width) {
	width = 0
	while ((at = index(line, "\t")) != 0) {
		width += length(substr(line, 1, at - 1))
		width += 8 - width % 8
		line = substr(line, at + 1)
	}
	return width + length(line)
}

function is_table(text) {
	sub(/^[ \t]*\*?[ \t]*/, "", text)
	return text ~ /[^ .:!?][ \t][ \t]+[^ ]/ || text ~ /[|]/
}

function too_wide(most) {
	print FILENAME ":" FNR ": ends at column " width_of($0) ", expected " most " at most"
	wrong = 1
}

{
	text = $0
	sub(/^[ \t]+/, "", text)
	comment = in_c ? in_comment || text ~ /^\/[*\/]/ : text ~ /^#([ \t]|$)/
	if (in_c && in_comment && index(text, "*/"))
		in_comment = 0
	else if (in_c && !in_comment && text ~ /^\/\*/ && !index(text, "*/"))
		in_comment = 1
	if (text ~ /https?:\/\//)
		next
	if (comment && width_of($0) > (header && is_table($0) ? 100 : 80))
		too_wide(header && is_table($0) ? 100 : 80)
	else if (!comment && in_c && width_of($0) > 100)
		too_wide(100)
}

END {
	exit wrong
}
