#!/bin/sh
# SPDX-License-Identifier: MIT
# repository.sh DIR - a git repository of 400 commits, the same wherever it is
# made.
set -eu

git init -q "$1"
cd "$1"
i=0
while [ $i -lt 400 ]; do
	i=$((i + 1))
	seq $i $((i * 9)) > "file$((i % 9)).txt"
	git add .
	GIT_AUTHOR_DATE="2001-01-01T00:00:00Z" GIT_COMMITTER_DATE="2001-01-01T00:00:00Z" \
		git -c user.name=A -c user.email=a@example.org commit -q -m "change $i"
done
git gc -q
