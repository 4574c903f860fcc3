# SPDX-License-Identifier: MIT
# header_page.awk - a section-3 manual page (mdoc) of a public header, made of
# its comments and declarations:
#
#   awk -v version=V -v date=D -v libraries=NAMES -v see_also=PAGES -f it HEADER
#
# The header's first comment becomes the description. After it, what stands at
# the left edge is taken in turn: comments as text, `/* ---- title ---- */` as
# headings, declarations as code. Bodies of inline functions, include guards,
# conditions of the preprocessor and the words for the compiler are left out,
# and so is what is named vms__*, which is the library's own.

function escape(line)
{
	gsub(/\\/, "\\e", line)
	gsub(/-/, "\\-", line)
	if (line ~ /^[.']/)
		line = "\\\&" line
	return line
}

# trim(TEXT): without blanks and empty lines at its end, and empty lines at its
# start.
function trim(text)
{
	sub(/[ \t\n]+$/, "", text)
	sub(/^\n+/, "", text)
	return text
}

# literal(TEXT, INDENT): its lines as they stand.
function literal(text, indent,    lines, n, i)
{
	text = trim(text)
	if (text == "")
		return
	begin_page()
	print ".Bd -literal" (indent ? " -offset indent" : "")
	n = split(text, lines, "\n")
	for (i = 1; i <= n; i++)
		print escape(lines[i])
	print ".Ed"
}

function begin_page(    words, n, i)
{
	if (begun++)
		return
	print ".\\\" Made by packaging/header_page.awk of the header that it describes."
	print ".Dd " date
	print ".Dt VMASTORE_" toupper(name) " 3"
	print ".Os vmastore " version
	print ".Sh NAME"
	print ".Nm vmastore_" name
	print ".Nd " escape(summary)
	print ".Sh LIBRARY"
	n = split(libraries, words, " ")
	for (i = 1; i <= n; i++)
		print (i > 1 ? "or " : "") "lib" escape(words[i]) " (\\-l" escape(words[i]) ")" (i < n ? "," : "")
	print ".Sh SYNOPSIS"
	print ".In vmastore/" name ".h"
	print ".Sh DESCRIPTION"
}

# without_marks(COMMENT): its text, without the marks of a comment.
function without_marks(text,    lines, n, i, out)
{
	n = split(text, lines, "\n")
	out = ""
	for (i = 1; i <= n; i++) {
		if (i == 1)
			sub(/^[ \t]*\/\*+[ \t]?/, "", lines[i])
		if (i == n)
			sub(/[ \t]*\*+\/[ \t]*$/, "", lines[i])
		if (i > 1)
			sub(/^[ \t]*\*?[ ]?/, "", lines[i])
		gsub(/\t/, "        ", lines[i])
		out = out lines[i] "\n"
	}
	return out
}

function take_comment(text,    plain, rest)
{
	plain = without_marks(text)
	if (plain ~ /^SPDX/)
		return
	if (!described) {
		# "NAME.h - summary. More text."
		described = 1
		plain = trim(plain)
		sub(/^[^ ]+ - /, "", plain)
		rest = plain
		gsub(/\n/, " ", rest)
		summary = rest
		if (match(rest, /\. /))
			summary = substr(rest, 1, RSTART - 1)
		sub(/\.$/, "", summary)
		rest = substr(plain, length(summary) + 1)
		sub(/^\.[ \n]*/, "", rest)
		literal(rest, 0)
		begin_page()
		return
	}
	apart = 0
	flush()
	if (plain ~ /^ *-----*/) {
		gsub(/-----*/, "", plain)
		gsub(/^[ ]+|[ \n]+$/, "", plain)
		title = plain
		return
	}
	comment = plain
}

# Prints the declarations that stand together, and the comment before them.
function flush()
{
	if (code comment != "") {
		begin_page()
		if (!declaring++)
			print ".Sh DECLARATIONS"
		if (title != "")
			print ".Ss " escape(title)
		title = ""
		literal(code, 0)
		literal(comment, 1)
	}
	code = comment = ""
}

# for_readers(CODE): without what the compiler alone wants to know; nothing is
# left of what is no declaration.
function for_readers(text)
{
	gsub(/\t/, "        ", text)
	if (text ~ /^(static )?inline |^static .*inline /) {
		sub(/\n\{.*/, ";", text)
		sub(/^static inline /, "", text)
	}
	if (text ~ /^#/) {
		if (text ~ /^#[ ]*define [A-Za-z0-9_]+\(/) {
			match(text, /\)/)
			text = substr(text, 1, RSTART)
		}
		sub(/[ ]*\\\n.*/, "", text)
		gsub(/[ ][ ]+/, " ", text)
		# Guards and settings, and the other side of an #else.
		if (text ~ /^#[ ]*define ([A-Za-z0-9_]+$|[A-Z_]*_INLINE )/ || seen[text]++)
			return ""
		return trim(text)
	}
	if (text ~ /__asm__/ && text !~ /VMS_API/)
		return ""
	if (text ~ /^_Static_assert|^static_assert|^VMS_RCU_INLINE|_INLINE|^(struct|enum|union) [a-z_]+;$/)
		return ""
	gsub(/VMS_API /, "", text)
	gsub(/[ \n]*VMS_[A-Z_]*SYM\([^)]*\)|[ \n]*__asm__\([^)]*\)| VMS_TLS_MODEL/, "", text)
	gsub(/[ \n]*__attribute__\(\([^;{]*\)\)/, "", text)
	if (text ~ /(^|[^a-z_])vms__[a-z_]+/ && text !~ /^(struct|union)/)
		return ""
	return trim(text)
}

function take_code(text)
{
	text = for_readers(text)
	if (apart && code != "")
		flush()
	apart = 0
	if (text == "") {
		# Its comment is about nothing else.
		if (code == "")
			comment = ""
		return
	}
	code = code (code == "" ? "" : "\n") text
}

# depth_of(LINE): how many braces and brackets it opens more than it closes.
function depth_of(line,    opened, closed)
{
	gsub(/"([^"\\]|\\.)*"/, "", line)
	gsub(/'([^'\\]|\\.)'/, "", line)
	opened = gsub(/[{(]/, "", line)
	closed = gsub(/[})]/, "", line)
	return opened - closed
}

# code_of(LINE): it without comments; keeps in_comment for the next line.
function code_of(line,    out, at)
{
	out = ""
	while (line != "") {
		if (in_comment) {
			at = index(line, "*/")
			if (!at)
				return out
			line = substr(line, at + 2)
			in_comment = 0
		} else {
			at = index(line, "/*")
			if (!at)
				return out line
			out = out substr(line, 1, at - 1)
			line = substr(line, at + 2)
			in_comment = 1
		}
	}
	return out
}

FNR == 1 {
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.h$/, "", name)
}

state == "" && /^\/\*/ { state = "comment"; text = "" }

state == "comment" {
	text = text (text == "" ? "" : "\n") $0
	if (/\*\//) {
		state = ""
		take_comment(text)
	}
	next
}

state == "" && /^[ \t]*$/ { apart = 1; next }

# What makes a header one for C++, and macros that stand by themselves.
state == "" && /^extern "C"|^}[ \t]*(\/\*.*)?$|^[A-Z_]+$/ { next }

state == "" && /^#[ ]*define/ { state = "macro"; text = "" }

state == "macro" {
	text = text (text == "" ? "" : "\n") $0
	if (!/\\$/) {
		state = ""
		take_code(text)
	}
	next
}

state == "" && /^#/ { next }

state == "" { state = "code"; text = ""; depth = 0; in_comment = 0 }

state == "code" {
	text = text (text == "" ? "" : "\n") $0
	line = code_of($0)
	depth += depth_of(line)
	if (depth <= 0 && !in_comment && (line ~ /;[ \t]*$/ || line ~ /^}/)) {
		state = ""
		take_code(text)
	}
}

END {
	begin_page()
	flush()
	print ".Sh SEE ALSO"
	n = split(see_also, pages, " ")
	for (i = 1; i <= n; i++)
		print ".Xr " pages[i] " 3" (i < n ? " ," : "")
}
