#!/bin/bash
# SPDX-License-Identifier: MIT
# test_vmrecord.sh PROGRAM - what vmrecord promises: its messages where it
# cannot work, the files that it does not touch, and its output. Cases that need
# perf's tracepoints, or strace, are skipped where these are missing. The output
# has cmocka's form, so that tools/check counts it.
set -u
program=$(realpath "$1")
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir" || exit 1
failed=0

# record ARG...: runs vmrecord; its output is then in $said, its exit status in
# $status.
record()
{
	said=$("$program" "$@" 2>&1)
	status=$?
}

# expect STATUS TEXT: checks the exit status of the last record(), and that its
# output contains TEXT.
expect()
{
	[ $status -eq "$1" ] && grep -qF -- "$2" <<<"$said" && return
	echo "exit status $status, expected $1; expected \`$2\` in: $said"
	return 1
}

files_are()
{
	local found
	found=$(ls -A | tr '\n' ' ')
	[ "$found" = "$1" ] && return
	echo "left behind: $found"
	return 1
}

what_is_missing_on_the_command_line_is_said()
{
	record true
	expect 2 "expected -o FILE" || return 1
	record -o "" touch ran
	expect 2 "expected -o FILE" || return 1
	record -o a.xz
	expect 2 "expected CMD to record" || return 1
	record -o a.xz -m 4294967296x true
	expect 2 "--buffer: found '4294967296x', expected a size such as 512K or 16M" || return 1
	record -o a.xz ./no-such-program
	expect 2 "./no-such-program: no such program" || return 1
	files_are ""
}

missing_perf_names_the_package()
{
	record -o a.xz --perf=/no/such/perf true
	expect 2 "apt-get install linux-perf" && expect 2 "--strace" && files_are ""
}

unwritable_place_is_said_before_anything_runs()
{
	record --strace -o no/such/place/a.xz touch ran
	expect 2 "no/such/place/a.xz: cannot write beside it" && files_are ""
}

strace_is_marked_as_second_best()
{
	strace -f -o /dev/null true 2>/dev/null || return 77
	record --strace -o a.xz true
	expect 0 "to read, not to replay" || return 1
	xz -dc a.xz | head -n 1 | grep -q "^# vmrecord: strace" || return 1
	xz -dc a.xz | grep -q "execve(" || return 1
	files_are "a.xz "
}

what_is_no_regular_file_stays()
{
	strace -f -o /dev/null true 2>/dev/null || return 77
	mkfifo fifo && ln -s target link && mkdir into || return 1
	cat fifo >into/got &
	record --strace -o fifo true
	wait
	expect 0 "to read, not to replay" || return 1
	[ -p fifo ] && xz -dc into/got | grep -q "execve(" || return 1
	record --strace -o link true
	expect 0 "to read, not to replay" || return 1
	[ -L link ] && xz -dc target | grep -q "execve(" || return 1
	# strace takes a file name that begins with | as a command.
	record --strace --keep-data -o '|touch ran;.xz' true
	[ ! -e ran ] && [ ! -e ran.data ] || return 1
	files_are "fifo into link target |touch ran;.xz |touch ran;.xz.data "
}

what_is_echoed_cannot_reach_the_terminal()
{
	record -o a.xz $'./\e[2J\nvmrecord: all is well'
	expect 2 '\x1b[2J' || return 1
	! grep -q $'\e' <<<"$said" || return 1
	! grep -q '^vmrecord: all is well' <<<"$said" || return 1
	files_are ""
}

# Makes a fake perf that prints the file $dir/text and, if $dir/lost exists,
# reports lost samples as perf does.
fake_perf()
{
	cat > perf <<-'PERF'
		#!/bin/bash
		here=$(dirname "$0")
		case "$*" in
		record*) [ -f "$here/deaf" ] || while [ $# -gt 0 ]; do [ "$1" != -o ] || echo data > "$2"; shift; done ;;
		*-D*) echo "0 0 0x4490 [0x30]: PERF_RECORD_LOST_SAMPLES: id:6216: lost samples :5" ;;
		*)
			cat "$here/text"
			[ ! -f "$here/lost" ] || echo "Processed 123 samples and lost 5.69%!" >&2
			[ ! -f "$here/broken" ] || exit 3
			;;
		esac
	PERF
	chmod +x perf
	cat > text <<-'TEXT'
		 7/7 [000] 1.000000001: PERF_RECORD_COMM exec: true:7/7
		 7/7 [000] 1.000000002: mmap_lock:mmap_lock_acquire_returned: mm=0xa memcg_id=1 write=true success=true
		 7/7 [000] 1.000000003: sched:sched_process_exec: filename=/bin/true pid=7 old_pid=7
		 7/7 [000] 1.000000004: PERF_RECORD_EXIT(7:7):(1:1)
	TEXT
}

tracepoints_are_permitted()
{
	"$program" -o probe.xz --perf=/bin/false true 2>&1 | grep -q "recorded nothing"
}

whole_recording_is_written_and_described()
{
	tracepoints_are_permitted || return 77
	fake_perf
	record -o a.xz --perf=./perf -- true --not-ours
	expect 0 "a.xz: 0 calls, 0 faults, 1 threads, 1 address spaces, 0 MMAP2 records; 5 lines" || return 1
	xz -dc a.xz | head -n 1 | grep -qx "# vmrecord: rules kernel=[0-9.]*,mmap_min_addr=[0-9a-f]*,read_takes_page=[01],exec_only=[01]" || return 1
	xz -dc a.xz | tail -n +2 | cmp - text && files_are "a.xz perf text "
}

lost_events_are_counted_and_change_the_exit_status()
{
	tracepoints_are_permitted || return 77
	fake_perf
	touch lost
	record -o a.xz --perf=./perf true
	expect 1 "5 events lost by perf" || return 1
	xz -dc a.xz | tail -n 1 | grep -q "PERF_RECORD_LOST_SAMPLES lost 5$"
}

failure_leaves_an_older_recording_alone()
{
	tracepoints_are_permitted || return 77
	fake_perf
	echo older > a.xz
	touch broken
	record -o a.xz --perf=./perf true
	expect 2 "perf script ends with exit status 3" || return 1
	rm broken
	echo "nonsense" > text
	record -o a.xz --perf=./perf true
	expect 2 "cannot be read back" || return 1
	touch deaf
	record -o a.xz --perf=./perf true
	expect 2 "recorded nothing" || return 1
	[ "$(cat a.xz)" = older ] && files_are "a.xz deaf perf text "
}

real_program_is_recorded_whole()
{
	tracepoints_are_permitted && command -v perf > /dev/null || return 77
	record -o a.xz --keep-data -- sh -c 'true | cat'
	expect 0 "lost: 0" || return 1
	xz -dc a.xz | grep -q "PERF_RECORD_COMM exec: sh:" || return 1
	files_are "a.xz a.xz.data "
}

tests="what_is_missing_on_the_command_line_is_said missing_perf_names_the_package unwritable_place_is_said_before_anything_runs
	strace_is_marked_as_second_best whole_recording_is_written_and_described lost_events_are_counted_and_change_the_exit_status
	failure_leaves_an_older_recording_alone what_is_no_regular_file_stays what_is_echoed_cannot_reach_the_terminal
	real_program_is_recorded_whole"

echo "[==========] Running $(wc -w <<<"$tests") test(s)."
for name in $tests; do
	echo "[ RUN      ] $name"
	mkdir "$dir/$name" && cd "$dir/$name" || exit 1
	$name
	case $? in
	0) echo "[       OK ] $name" ;;
	77) echo "[  SKIPPED ] $name" ;;
	*)
		echo "[  FAILED  ] $name"
		failed=1
		;;
	esac
done
echo "[==========] $(wc -w <<<"$tests") test(s) run."
exit $failed
