# SPDX-License-Identifier: MIT
# circles.awk - reads what `nm -A` prints of archives, and prints the circles of
# files: a file names functions or variables of another one, that one names some
# of a third, and so on back to the first. Exit status 1 if there is a circle,
# or an exception that is not needed.
#
# -v exceptions=FILE: references that do not count, one a line:
#     FILE'S NAME <tab> BEGINNING OF THE SYMBOLS <tab> REASON
# A line that begins with # is a comment.

BEGIN {
	while (exceptions != "" && (getline line <exceptions) > 0) {
		if (line ~ /^#/ || split(line, part, "\t") < 3)
			continue
		nr_exceptions++
		by[nr_exceptions] = part[1]
		prefix[nr_exceptions] = part[2]
		reason[nr_exceptions] = part[3]
	}
}

# ".../lib/sync/libsync.a:rcu.pic.o:0000" -> "lib/sync: rcu.c"
function file_of(place,    part, folder, name)
{
	split(place, part, ":")
	folder = part[1]
	sub(/\/[^\/]*$/, "", folder)
	sub(/^.*\/lib\//, "lib/", folder)
	name = part[2]
	sub(/([.]pic)?[.]o$/, ".c", name)
	return folder ": " name
}

NF >= 3 {
	file = file_of($1)
	if (!(file in number)) {
		number[file] = ++nr_files
		name[nr_files] = file
	}
	if ($(NF - 1) == "U")
		needs[file, $NF]
	else if ($(NF - 1) ~ /^[A-Z]$/)
		home[$NF] = file
}

# The number of the exception for this reference; 0: it counts.
function is_exception(file, symbol,    i)
{
	for (i = 1; i <= nr_exceptions; i++)
		if (file ~ (": " by[i] "$") && index(symbol, prefix[i]) == 1)
			return i
	return 0
}

# reach[i, j]: file i leads to file j, by the references in names[].
function close_over(    i, j, k, edge, end)
{
	split("", reach)
	for (edge in names) {
		split(edge, end, SUBSEP)
		reach[end[1], end[2]]
	}
	for (k = 1; k <= nr_files; k++)
		for (i = 1; i <= nr_files; i++)
			if ((i, k) in reach)
				for (j = 1; j <= nr_files; j++)
					if ((k, j) in reach)
						reach[i, j]
}

function print_circles(    i, j, nr, seen)
{
	for (i = 1; i <= nr_files; i++) {
		if (!((i, i) in reach) || i in seen)
			continue
		nr++
		print "a circle of files:"
		for (j = 1; j <= nr_files; j++)
			if ((i, j) in reach && (j, i) in reach)
				seen[j]
		for (j = 1; j <= nr_files; j++)
			if (j in seen && (i, j) in reach && (j, i) in reach)
				print_steps(j, i)
	}
	return nr + 0
}

# Print the files of the circle of file MEMBER to which file FROM leads.
function print_steps(from, member,    j)
{
	for (j = 1; j <= nr_files; j++)
		if ((from, j) in names && (member, j) in reach && (j, member) in reach)
			print "    " name[from] " -> " name[j] ":" names[from, j]
}

END {
	for (need in needs) {
		split(need, part, SUBSEP)
		if (!(part[2] in home) || home[part[2]] == part[1])
			continue
		from = number[part[1]]
		to = number[home[part[2]]]
		i = is_exception(part[1], part[2])
		if (i)
			spared[i, from, to]
		else
			names[from, to] = names[from, to] " " part[2]
	}
	close_over()
	circles = print_circles()
	# An exception is needed if one of its references would close a circle.
	for (key in spared) {
		split(key, part, SUBSEP)
		if ((part[3], part[2]) in reach)
			needed[part[1]]
	}
	for (i = 1; i <= nr_exceptions; i++)
		if (!(i in needed)) {
			print "the exception for " prefix[i] "* in " by[i] " is not needed: it closes no circle"
			circles++
		} else {
			print "exception: " by[i] " names " prefix[i] "*: " reason[i]
		}
	print nr_files + 0 " files, " circles " circles, " nr_exceptions + 0 " exceptions"
	exit circles != 0
}
