#!/bin/sh
# SPDX-License-Identifier: MIT
# layout.sh CC AWK-PROGRAM HEADER... - print the layout that a C compiler gives
# each structure of the public headers, as assertions for a C++ compiler. CC may
# be a compiler with options.
set -eu
cc=$1 program=$2
shift 2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
for header; do
	include=$(dirname "$(dirname "$header")")
	case $header in */begin*.h | */end*.h) ;; *) echo "#include <vmastore/${header##*/}>" ;; esac
done >"$work/all.c"
sed -n 's/VMS_K(\([a-z_]*\))/\1/g; s/^.*\bstruct \([a-z_]*\) *{.*/\1/p; s/^struct .*) \([a-z_]*\) {.*/\1/p' "$@" | LC_ALL=C sort -u >"$work/ours"
$cc -std=gnu11 -D_GNU_SOURCE -g -gdwarf-4 -fno-eliminate-unused-debug-types -I"$include" -c -o "$work/all.o" "$work/all.c"
readelf --debug-dump=info "$work/all.o" | awk -v ours="$work/ours" -f "$program"
