# SPDX-License-Identifier: MIT
# names.awk - makes, from the public headers, the four files that hide Linux's
# names: begin.h, end.h, begin_fields.h and end_fields.h.
#   awk -v make=begin -f bazel/names.awk include/vmastore/*.h >begin.h
# The four must not be among the headers that it reads. make=list prints each of
# those names, one a line. tests/build/names compares the four files with what
# this prints. The headers must have the form that clang-format gives them.
#
# A name of Linux's is one that does not begin with vms or VMS. A function, a
# type or an enumerator gets the prefix while a header is read; a macro gets it
# in a copy, because a macro's text is read where the program uses it.

# The name's first letter decides on the prefix: vms_mas_find(), VMS_GFP_KERNEL.
function prefixed(name,	letters)
{
	letters = name
	sub(/^_+/, "", letters)
	return (letters ~ /^[A-Z]/ ? "VMS_" : "vms_") name
}

function plain(name)
{
	return name != "" && name !~ /^_*(vms|VMS|VMASTORE_)/
}

function add(name)
{
	if (plain(name) && !(name in identifiers) && !(name in macros)) {
		identifiers[name] = 1
		name_of[++names] = name
	}
}

# Return TEXT in which each name of Linux's has the prefix, except for fields.
function rename(text,	out, before)
{
	out = ""
	while (match(text, /[A-Za-z_][A-Za-z_0-9]*/)) {
		before = out substr(text, 1, RSTART - 1)
		name = substr(text, RSTART, RLENGTH)
		if ((name in identifiers || name in macros) && before !~ /(->|[^.]\.|VMS_K\()$/)
			name = prefixed(name)
		out = before name
		text = substr(text, RSTART + RLENGTH)
	}
	return out text
}

# Take a macro from TEXT, a whole directive with its continued lines.
function take_macro(text,	name, body)
{
	if (text !~ /^#define /)
		return
	name = text
	sub(/^#define /, "", name)
	body = name
	match(name, /^[A-Za-z_0-9]+/)
	name = substr(name, 1, RLENGTH)
	body = substr(body, RLENGTH + 1)
	if (!plain(name)) {
		ours[name] = body
		return
	}
	# rcu.h and compiler.h leave these out themselves.
	if (match(body, /vms_[a-z_]+/) && substr(body, RSTART, RLENGTH) == "vms_" name)
		return
	if (name in macros && macros[name] != body) {
		print name ": two texts; a macro behind vms_ or VMS_ may depend on the language" >"/dev/stderr"
		bad = 1
	}
	if (name in identifiers || name in macros)
		return
	macros[name] = body
	name_of[++names] = name
}

# Add the name in each match of PATTERN in TEXT: what follows HEAD there, up to
# the first character that no name has.
function take_all(text, pattern, head,	found)
{
	while (match(text, pattern)) {
		found = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		sub(head, "", found)
		sub(/[^A-Za-z_0-9].*$/, "", found)
		add(found)
	}
}

function take_enumerators(text,	list, nr, item, i)
{
	while (match(text, /enum [a-z_]+[ \n]*\{[^}]*\}/)) {
		list = substr(text, RSTART, RLENGTH)
		text = substr(text, RSTART + RLENGTH)
		sub(/^[^{]*\{/, "", list)
		nr = split(list, item, ",")
		for (i = 1; i <= nr; i++) {
			gsub(/[ \t\n})]|VMS_K\(|=.*/, "", item[i])
			add(item[i])
		}
	}
}

function take_file(text)
{
	take_all(text, "VMS_SYM\\([A-Za-z_0-9]+", "^VMS_SYM.")
	take_all(text, "static inline [^;{}()=]*[ *][A-Za-z_0-9]+\\(", "^.*[ *]")
	gsub(/VMS_CAPABILITY\("mutex"\) /, "", text)
	take_all(text, "(struct|enum) [a-z_A-Z0-9]+", "^[a-z]+ ")
	take_all(text, "typedef [^;{}()]*;", "^.*[ *]")
	take_all(text, "typedef struct \\{[^}]*\\} [a-z_]+;", "^.*\\} ")
	take_enumerators(text)
}

FILENAME ~ /\/(begin|end)(_fields)?\.h$/ { next }

# Comments and directives are taken out of the text.
FNR == 1 { take_file(code); code = "" }
{
	line = $0
	while (1) {
		if (comment) {
			if (!(at = index(line, "*/")))
				break
			line = substr(line, at + 2)
			comment = 0
		}
		if (!(at = index(line, "/*")))
			break
		rest = substr(line, at + 2)
		line = substr(line, 1, at - 1)
		if ((end = index(rest, "*/"))) {
			line = line substr(rest, end + 2)
			continue
		}
		comment = 1
		kept = line
		line = ""
		break
	}
	if (comment) {
		line = kept
		kept = ""
	}
	sub(/[ \t]+$/, "", line)
	if (directive != "" || line ~ /^#/) {
		directive = directive (directive == "" ? "" : "\n") line
		if (directive ~ /\\$/)
			next
		take_macro(directive)
		directive = ""
		next
	}
	code = code line "\n"
}

# Some fields have the name of a type. (ma_root and anon_vma are names of fields
# throughout: the headers write VMS_K(ma_root) for the enumerator.)
function print_fields(make,	field, nr, i)
{
	nr = split("file page rb_node", field)
	print "/* SPDX-License-Identifier: MIT */"
	if (make == "begin_fields") {
		print "/*"
		print " * begin_fields.h - from here to end_fields.h the fields of a structure keep"
		print " * their names, which are those of types: such a type is written VMS_K(name)."
		print " *"
	} else {
		print "/*"
		print " * end_fields.h - the end of what begin_fields.h begins."
		print " *"
	}
	print " * Made by bazel/names.awk."
	print " */"
	print "#ifdef VMS_NO_KERNEL_NAMES"
	for (i = 1; i <= nr; i++)
		print (make == "begin_fields" ? "#undef " field[i] : "#define " field[i] " " prefixed(field[i]))
	print "#endif"
}

function print_begin(	i, name)
{
	print "/* SPDX-License-Identifier: MIT */"
	print "/*"
	print " * begin.h - each public header includes this before its declarations, and end.h"
	print " * after them. A C++ compiler is told that they are C's, where a structure and a"
	print " * function may share a name. In a program that defines VMS_NO_KERNEL_NAMES,"
	print " * Linux's names become names with a prefix from here to end.h: find_vma() is"
	print " * declared as vms_find_vma(), struct list_head as struct vms_list_head. What the"
	print " * program has under these names is put aside meanwhile."
	print " *"
	print " * Made by bazel/names.awk."
	print " */"
	print "/* clang-format off */"
	print "#ifdef VMS_NO_KERNEL_NAMES"
	for (i = 1; i <= names; i++) {
		name = name_of[i]
		print "#pragma push_macro(\"" name "\")"
		print "#undef " name
		if (name in identifiers && name !~ /^(ma_root|anon_vma)$/)
			print "#define " name " " prefixed(name)
	}
	print "#endif"
	print "#ifdef __cplusplus"
	# g++ would warn that the function vms_mm_map() hides the constructor of
	# the structure of that name.
	print "#pragma GCC diagnostic push"
	print "#pragma GCC diagnostic ignored \"-Wshadow\""
	print "extern \"C\" {"
	print "#endif"
}

# BODY, a macro's text, in lines of at most 100 columns.
function wrapped(body,	lines, nr, i, line, at, out)
{
	nr = split(body, lines, "\n")
	for (i = 1; i <= nr; i++) {
		line = lines[i]
		# A tab takes up to 8 columns.
		while (length(line) + 7 * gsub(/\t/, "\t", line) > 96) {
			for (at = 70; at > 20 && substr(line, at, 1) != " "; at--)
				;
			out = out substr(line, 1, at - 1) " \\\n"
			line = "\t\t" substr(line, at + 1)
		}
		out = out line (i < nr ? "\n" : "")
	}
	return out
}

function print_end(	i, name, body)
{
	print "/* SPDX-License-Identifier: MIT */"
	print "/*"
	print " * end.h - the end of what begin.h begins. In a program that defines"
	print " * VMS_NO_KERNEL_NAMES, each name of Linux's means again what it meant to the"
	print " * program before, and each macro of the library has a copy with a prefix:"
	print " * VMS_GFP_KERNEL, vms_for_each_vma()."
	print " *"
	print " * Made by bazel/names.awk."
	print " */"
	print "/* clang-format off */"
	print "#ifdef __cplusplus"
	print "}"
	print "#pragma GCC diagnostic pop"
	print "#endif"
	print "#ifdef VMS_NO_KERNEL_NAMES"
	for (i = 1; i <= names; i++) {
		name = name_of[i]
		print "#undef " name
		print "#pragma pop_macro(\"" name "\")"
	}
	print "#ifndef VMASTORE_END_H"
	print "#define VMASTORE_END_H"
	for (i = 1; i <= names; i++) {
		name = name_of[i]
		if (!(name in macros) || prefixed(name) in ours)
			continue
		body = rename(macros[name])
		gsub(/[ \t]+\\\n/, " \\\n", body)
		if (length(prefixed(name) body) > 90 && body !~ /\n/ && match(body, /^\([^)]*\)/))
			body = substr(body, 1, RLENGTH) " \\\n\t" substr(body, RLENGTH + 2)
		print "#define " prefixed(name) wrapped(body)
	}
	print "#endif"
	print "#endif"
}

# A macro of the library's own is read where the program uses it, too.
function check_ours(	name)
{
	for (name in ours)
		if (name !~ /^VMASTORE_/ && rename(ours[name]) != ours[name]) {
			print name ": a name of Linux's in it needs VMS_K()" >"/dev/stderr"
			bad = 1
		}
}

END {
	take_file(code)
	check_ours()
	if (bad)
		exit 1
	if (make == "begin")
		print_begin()
	else if (make == "end")
		print_end()
	else if (make == "list")
		for (i = 1; i <= names; i++)
			print name_of[i]
	else
		print_fields(make)
}
