# SPDX-License-Identifier: MIT
# share.awk - for each folder of the C files that it reads: how many lines are
# comment alone, how many hold code, the share of comment in both, and the
# column at which the widest line of either kind ends. Blank lines and a file's
# licence line count as neither.
#
#   git ls-files 'lib/*.[ch]' | xargs awk -f tools/lint/share.awk

FNR == 1 {
	folder = FILENAME
	sub(/\/[^\/]*$/, "", folder)
	in_comment = 0
}

function width_of(line,    at, width) {
	width = 0
	while ((at = index(line, "\t")) != 0) {
		width += length(substr(line, 1, at - 1))
		width += 8 - width % 8
		line = substr(line, at + 1)
	}
	return width + length(line)
}

/^[ \t]*$/ || /SPDX-License-Identifier/ {
	next
}

{
	text = $0
	sub(/^[ \t]+/, "", text)
	comment = in_comment || text ~ /^\/[*\/]/
	if (in_comment && index(text, "*/"))
		in_comment = 0
	else if (!in_comment && text ~ /^\/\*/ && !index(text, "*/"))
		in_comment = 1
	width = width_of($0)
	if (comment) {
		comments[folder]++
		if (width > widest_comment[folder])
			widest_comment[folder] = width
	} else {
		code[folder]++
		if (width > widest_code[folder])
			widest_code[folder] = width
	}
	seen[folder] = 1
}

END {
	printf "%-28s %8s %8s %7s %15s %12s\n", "folder", "comment", "code", "share", "widest comment", "widest code"
	sort = "LC_ALL=C sort"
	for (folder in seen)
		printf "%-28s %8d %8d %6.1f%% %15d %12d\n", folder, comments[folder], code[folder],
			100 * comments[folder] / (comments[folder] + code[folder]), widest_comment[folder],
			widest_code[folder] | sort
	close(sort)
}
