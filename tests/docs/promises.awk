# SPDX-License-Identifier: MIT
# Reads the tables of docs/articles.md. Writes a C program that uses each public
# name which they promise (-v program=FILE), and one line for each name that
# must stand in a file's code (-v names=FILE): the file, the kind of name, the
# name.
#
# A row: | the articles' words | `name`, `name`, or - | file, or nothing | text
# | The first name of a row stands in that file, the others there or in another
# public header. A file of the system is written <like.h>.
BEGIN {
	FS = " *[|] *"
}

function fail(why)
{
	print FILENAME ":" FNR ": " why >"/dev/stderr"
	failed = 1
}

function kind_of(name)
{
	if (name ~ /\(\)$/)
		return "function"
	if (name ~ /^struct [A-Za-z_][A-Za-z0-9_]*$/)
		return "struct"
	if (name ~ /^[A-Za-z_][A-Za-z0-9_]*\.[A-Za-z_][A-Za-z0-9_]*$/)
		return "field"
	if (name ~ /^[A-Za-z_][A-Za-z0-9_]*$/)
		return "word"
	return ""
}

function use(kind, name,    part)
{
	if (kind == "function") {
		sub(/\(\)$/, "", name)
		functions = functions "#ifndef " name "\n\t(const void *)" name ",\n#endif\n"
	} else if (kind == "field") {
		split(name, part, ".")
		others = others "\tsizeof(((struct " part[1] " *)0)->" part[2] "),\n"
	} else {
		others = others "\tsizeof(" name "),\n"
	}
}

function promise(name, file, first,    kind)
{
	kind = kind_of(name)
	if (kind == "") {
		fail("\"" name "\" is no name, expected f(), struct s, s.f or a word")
		return
	}
	nr++
	if (file !~ /^lib\//)
		use(kind, name)
	if (file !~ /^</ && (first || file ~ /^lib\//))
		print file "\t" kind "\t" name >names
}

/^[|]/ && $2 != "name" && $2 !~ /^-+$/ {
	rows++
	here = $3
	file = $4
	if (NF < 6)
		fail("a row of " NF - 2 " columns, expected 4")
	else if (here == "-" && file != "")
		fail("a file without a name, expected nothing")
	else if (here != "-" && file !~ /^(include\/vmastore\/[a-z_]+[.]h|lib\/[a-z]+\/([a-z]+\/)?[a-z_0-9]+[.][ch]|<[a-z\/]+[.]h>)$/)
		fail("\"" file "\", expected a file of include/vmastore/ or lib/, or <a system's header>")
	else if (here != "-") {
		first = 1
		count = split(here, part, ", ")
		for (i = 1; i <= count; i++) {
			if (part[i] !~ /^`[^`]+`$/)
				fail("\"" part[i] "\", expected a name in backticks, or -")
			promise(substr(part[i], 2, length(part[i]) - 2), file, first)
			first = 0
		}
	}
}

END {
	if (rows < 100) {
		print FILENAME ": found " rows + 0 " rows, expected the tables" >"/dev/stderr"
		failed = 1
	}
	if (failed)
		exit 1
	printf "%s", "/* Made from docs/articles.md by promises.awk. */\n" \
		"#include <stdio.h>\n#include <sys/mman.h>\n" \
		"#include <vmastore/compiler.h>\n#include <vmastore/file.h>\n#include <vmastore/import.h>\n#include <vmastore/list.h>\n#include <vmastore/maple_tree.h>\n" \
		"#include <vmastore/mm.h>\n#include <vmastore/page.h>\n#include <vmastore/query.h>\n#include <vmastore/rbtree.h>\n" \
		"#include <vmastore/rcu.h>\n#include <vmastore/rwsem.h>\n#include <vmastore/task.h>\n\n" \
		"static const void *const functions[] = {\n" functions "};\n" \
		"static const size_t others[] = {\n" others "};\n\n" \
		"/* Looks at each, in steps that the compiler does not know: so all are linked. */\n" \
		"int main(int argc, char **argv)\n{\n\tint missing = 0;\n\n\t(void)argv;\n" \
		"\tfor (size_t i = 0; i < sizeof(functions) / sizeof(functions[0]); i += (size_t)argc)\n\t\tmissing += !functions[i];\n" \
		"\tfor (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i += (size_t)argc)\n\t\tmissing += !others[i];\n" \
		"\tprintf(\"" nr " names in " rows " rows\\n\");\n\treturn missing != 0;\n}\n" >program
}
