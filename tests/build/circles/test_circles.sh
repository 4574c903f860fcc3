#!/bin/bash
# SPDX-License-Identifier: MIT
# test_circles.sh CIRCLES EXCEPTIONS ARCHIVE... - the files of lib/ call each
# other in one direction: no file leads back to itself, by the functions and the
# variables that the object files name, hidden ones included. CIRCLES is the awk
# program that finds circles. Prints as cmocka does, so that tools/check counts
# it.
awk=$1 exceptions=$2
shift 2
failed=0

# verdict NAME RC
verdict()
{
	if [ "$2" = 0 ]; then
		echo "[       OK ] $1"
	else
		echo "[  FAILED  ] $1"
		failed=1
	fi
}

# found LINE...: what the script says of these lines of nm, its last line.
found()
{
	printf '%s\n' "$@" | awk -f "$awk" | tail -1
}

echo "[==========] Running 4 test(s)."

name=a_circle_of_two_files_is_found
echo "[ RUN      ] $name"
[ "$(found "lib/x/libx.a:a.pic.o:0 T f" "lib/x/libx.a:a.pic.o: U g" "lib/x/libx.a:b.pic.o:0 T g" "lib/x/libx.a:b.pic.o: U f")" = \
	"2 files, 1 circles, 0 exceptions" ]
verdict $name $?

name=a_circle_across_folders_is_found
echo "[ RUN      ] $name"
[ "$(found "lib/x/libx.a:a.o:0 T f" "lib/x/libx.a:a.o: U g" "lib/y/liby.a:b.o:0 D g" "lib/y/liby.a:b.o: U h" \
	"lib/y/liby.a:c.o:0 T h" "lib/y/liby.a:c.o: U f" "lib/y/liby.a:d.o: U f")" = "4 files, 1 circles, 0 exceptions" ]
verdict $name $?

name=calls_in_one_direction_are_no_circle
echo "[ RUN      ] $name"
[ "$(found "lib/x/libx.a:a.o:0 T f" "lib/x/libx.a:a.o: U g" "lib/x/libx.a:a.o: U h" "lib/x/libx.a:b.o:0 T g" "lib/x/libx.a:b.o: U h" \
	"lib/x/libx.a:c.o:0 T h" "lib/x/libx.a:c.o: U memcpy")" = "3 files, 0 circles, 0 exceptions" ]
verdict $name $?

name=no_file_of_the_library_leads_back_to_itself
echo "[ RUN      ] $name"
rc=0
# Two members of one name could not be told apart.
for archive; do
	double=$(ar t "$archive" | sort | uniq -d)
	if [ -n "$double" ]; then
		echo "$archive: found two files named $double, expected each name once"
		rc=1
	fi
done
nm -A "$@" | awk -v exceptions="$exceptions" -f "$awk" || rc=1
[ $# -ge 9 ] || rc=1
verdict $name $rc

echo "[==========] 4 test(s) run."
exit $failed
