#!/bin/sh
# SPDX-License-Identifier: MIT
# pipes.sh - typical work of a shell: subshells that are forked and never call
# execve, pipelines, command substitution.
set -eu

total=0
for i in 1 2 3 4 5 6; do
	n=$(seq $((i * 100)) | while read -r line; do
		[ $((line % 7)) -ne 0 ] || echo "$line"
	done | wc -l)
	total=$((total + n))
done
(
	x=$(seq 3000 | sort -r | head -n 5 | tr '\n' ' ')
	echo "$x$total"
)
