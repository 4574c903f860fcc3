#!/bin/sh
# SPDX-License-Identifier: MIT
# exports.sh OUTDIR CC HEADER... - write the names that the headers declare
# VMS_API to OUTDIR/exports.txt, one a line, and to OUTDIR/vmastore.map as a
# version script. The headers are preprocessed first, because a macro or an asm
# label may give a function another name in the object file.
set -eu
out=$1 cc=$2
shift 2
for header; do
	include=$(dirname "$(dirname "$header")")
	"$cc" -std=gnu11 -D_GNU_SOURCE -E -P -I"$include" -x c "$header"
done | tr '\n' ' ' | tr ';' '\n' | awk '
	{
		at = index($0, "visibility(\"default\")")
		if (!at)
			next
		text = substr($0, at + length("visibility(\"default\")"))
		sub(/^[ )]*/, "", text)
		if (match(text, /asm(__)? *\(( *"[^"]*")+/)) {
			name = substr(text, RSTART, RLENGTH)
			sub(/^[^"]*"/, "", name)
			gsub(/"[^"]*"/, "", name)
			sub(/"$/, "", name)
		} else {
			sub(/ *__attribute__.*/, "", text)
			sub(/[[(].*/, "", text)
			sub(/ *$/, "", text)
			name = text
			sub(/.*[ *]/, "", name)
		}
		print name
	}' | LC_ALL=C sort -u >"$out/exports.txt"
{
	echo "{ global:"
	sed 's/$/;/' "$out/exports.txt"
	echo "local: *; };"
} >"$out/vmastore.map"
