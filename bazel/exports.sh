#!/bin/sh
# SPDX-License-Identifier: MIT
# exports.sh OUTDIR CC HEADER... - write the symbols that the headers declare
# VMS_API to OUTDIR/exports.txt, one a line, and to OUTDIR/vmastore.map as a
# version script. OUTDIR/kernel_names.txt lists the names of Linux's that the
# library's functions and objects have in the headers: those with an asm label
# (VMS_SYM), and the macros for what has the same name behind vms_. The headers
# are preprocessed first, because VMS_SYM is a macro.
set -eu
out=$1 cc=$2
shift 2

# preprocess FLAG HEADER...
preprocess() {
	flag=$1
	shift
	for header; do
		include=$(dirname "$(dirname "$header")")
		"$cc" -std=gnu11 -D_GNU_SOURCE -E "$flag" -I"$include" -x c "$header"
	done
}

# "SYMBOL NAME" for each declaration.
declared() {
	preprocess -P "$@" | tr '\n' ' ' | tr ';' '\n' | awk '
	{
		at = index($0, "visibility(\"default\")")
		if (!at)
			next
		text = substr($0, at + length("visibility(\"default\")"))
		sub(/^[ )]*/, "", text)
		gsub(/_Atomic\([^()]*\)/, "_Atomic", text)
		symbol = ""
		if (match(text, /asm(__)? *\(( *"[^"]*")+/)) {
			symbol = substr(text, RSTART, RLENGTH)
			text = substr(text, 1, RSTART - 1)
			sub(/^[^"]*"/, "", symbol)
			gsub(/"[^"]*"/, "", symbol)
			sub(/"$/, "", symbol)
			sub(/_*$/, "", text)
		}
		sub(/ *__attribute__.*/, "", text)
		sub(/[[(].*/, "", text)
		sub(/ *$/, "", text)
		sub(/.*[ *]/, "", text)
		print symbol == "" ? text : symbol, text
	}' | LC_ALL=C sort -u
}

declared "$@" >"$out/declared.txt"
awk '{ print $1 }' "$out/declared.txt" | LC_ALL=C sort -u >"$out/exports.txt"
{
	awk '$2 !~ /^vms_/ { print $2 }' "$out/declared.txt"
	preprocess -dM "$@" | awk '
	$1 == "#define" {
		name = $2
		sub(/\(.*/, "", name)
		text = substr($0, index($0, $2) + length($2))
		if (match(text, /vms_[a-z_]+\(/) && substr(text, RSTART, RLENGTH - 1) == "vms_" name)
			print name
	}'
} | LC_ALL=C sort -u >"$out/kernel_names.txt"
rm "$out/declared.txt"
{
	echo "{ global:"
	sed 's/$/;/' "$out/exports.txt"
	echo "local: *; };"
} >"$out/vmastore.map"
