#!/bin/bash
# SPDX-License-Identifier: MIT
# test_install.sh CASES MAKEFILE - checks what the Makefile promises: make
# builds and installs the tree; programs that know nothing of the tree use the
# installed copy through pkg-config, CMake and Meson; make uninstalls it.
set -u
# shellcheck source=tests/build/install/cases.sh
. "$1"
makefile=$(readlink -f "$2")
top=${makefile%/*}
work=$(mktemp -d "${TEST_TMPDIR:-${TMPDIR:-/tmp}}/install.XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
prefix=$work/prefix
programs=$top/tests/build/install/programs
jobs=$(nproc)
# A user has none of the settings that the caller's make or shell may have.
unset MAKEFLAGS MAKELEVEL CC CXX CFLAGS CXXFLAGS LDFLAGS DESTDIR PREFIX LIBDIR
export PKG_CONFIG_PATH=$prefix/lib/pkgconfig LC_ALL=C.UTF-8

needs()
{
	local tool
	for tool; do
		command -v "$tool" >/dev/null 2>&1 || skip "there is no $tool"
	done
}

# nothing COMMAND...: checks that the command prints no line. `! command` would
# not do, because `set -e` passes over its failure.
nothing()
{
	local found
	found=$("$@" || true)
	[ -z "$found" ] || {
		printf 'found, where there should be nothing (%s):\n%s\n' "$*" "$found"
		return 1
	}
}

tree_make()
{
	make -s -j"$jobs" -C "$top" BUILD="$work/build" PREFIX="$prefix" "$@"
}

# runs PROGRAM...: checks that each program runs with the installed shared
# library, and prints ": ok".
runs()
{
	local program
	for program; do
		LD_LIBRARY_PATH=$prefix/lib "$program" >"$work/said"
		grep -q ': ok$' "$work/said"
	done
}

# needs_library PROGRAM SONAME, is_static PROGRAM: how a program was linked.
needs_library()
{
	readelf -d "$1" | grep -F "[$2]"
}

is_static()
{
	nothing readelf_needs_us "$1"
}

readelf_needs_us()
{
	readelf -d "$1" | grep -E 'NEEDED.*vmastore'
}

# ---- building and installing -------------------------------------------------

installs_into_the_prefix()
{
	local version
	tree_make install
	version=$(pkg-config --modversion vmastore)
	note "vmastore $version"
	readelf -d "$prefix/lib/libvmastore.so.$version" | grep -F 'soname: [libvmastore.so.0]'
	readelf -d "$prefix/lib/libvmastore-maple.so.$version" | grep -F 'soname: [libvmastore-maple.so.0]'
	[ "$(readlink "$prefix/lib/libvmastore.so.0")" = "libvmastore.so.$version" ]
	[ "$(readlink "$prefix/lib/libvmastore.so")" = libvmastore.so.0 ]
	diff -r -x BUILD "$top/include/vmastore" "$prefix/include/vmastore"
}

# Installs into an empty root with the folders of a Debian package: the files
# are those of a usual installation, and none of them mentions DESTDIR.
installs_into_an_empty_root()
{
	local root=$work/root lib=/usr/lib/x-linux-gnu
	tree_make install DESTDIR="$root" PREFIX=/usr LIBDIR=$lib
	note "$(find "$root" -type l -printf '%P -> %l\n' -o ! -type d -printf '%P\n' | LC_ALL=C sort)"
	[ "$(find "$root" ! -type d | wc -l)" = "$(find "$prefix" ! -type d | wc -l)" ]
	nothing grep -rlF "$work" "$root/usr/lib" --include='*.pc' --include='*.cmake'
	(
		unset PKG_CONFIG_PATH
		export PKG_CONFIG_LIBDIR=$root$lib/pkgconfig
		[ "$(pkg-config --variable=libdir vmastore)" = $lib ]
		[ "$(pkg-config --variable=includedir vmastore)" = /usr/include ]
	)
	tree_make uninstall DESTDIR="$root" PREFIX=/usr LIBDIR=$lib
	nothing find "$root" ! -type d
	nothing find "$root" -name '*vmastore*'
}

# exports FILE NM-OPTION LIBRARY: checks that the file defines just the symbols
# in the library's list.
exports()
{
	# shellcheck disable=SC2086 # no option, or one
	nm -g --defined-only $2 "$1" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort -u |
		diff "$work/build/$3/exports.txt" -
}

libraries_export_what_the_headers_declare()
{
	local name
	for name in vmastore vmastore-maple; do
		exports "$prefix/lib/lib$name.a" "" $name
		exports "$prefix/lib/lib$name.so" -D $name
		note "lib$name: $(wc -l <"$work/build/$name/exports.txt") symbols"
	done
	# The maple tree's library contains no address space.
	nothing grep -E 'mmap|fault' "$work/build/vmastore-maple/exports.txt"
}

# Whether a header is only a half of the others, which begins or ends them.
is_half()
{
	case ${1##*/} in
	begin.h | begin_fields.h | end.h | end_fields.h) ;;
	*) return 1 ;;
	esac
}

# docs/install.md names the headers of the small library, and `make help` the
# variables.
the_docs_name_what_there_is()
{
	diff <(sed -n '/The headers of the small one are/,/`compiler.h`/p' "$top/docs/install.md" |
		grep -oE '`[a-z_]+\.h`' | tr -d '`' | LC_ALL=C sort) \
		<(sed 's,.*/,,' "$work/build/vmastore-maple/headers" | grep -vE '^(begin|end)' | LC_ALL=C sort -u)
	for name in CC CPPFLAGS CFLAGS LDFLAGS DESTDIR PREFIX BINDIR LIBDIR INCLUDEDIR MANDIR BUILD; do
		tree_make help | grep -q "^  $name="
		grep -qw "$name" "$top/docs/install.md"
	done
}

# A distribution may build with -flto; the archive must still hold machine code.
builds_with_clang_and_lto_flags()
{
	needs clang
	make -s -j"$jobs" -C "$top" BUILD="$work/clang" CC=clang CFLAGS="-O1 -flto -Werror" lib
	diff "$work/build/vmastore/exports.txt" "$work/clang/vmastore/exports.txt"
	exports "$work/clang/libvmastore.a" "" vmastore
	gcc -I"$prefix/include" -o "$work/clang/ranges" "$programs/ranges.c" \
		"$work/clang/libvmastore-maple.a" -lurcu-memb -lurcu-common -pthread
	runs "$work/clang/ranges"
}

# ---- manual pages and tools --------------------------------------------------

# lint FILE...
lint()
{
	needs mandoc
	mandoc -T lint -W warning "$@"
}

pages_are_sound()
{
	local header pages=$prefix/share/man/man3
	lint "$pages"/*.3
	for header in "$prefix"/include/vmastore/*.h; do
		header=${header##*/}
		! is_half "$header" || continue
		grep -qx "\.In vmastore/$header" "$pages/vmastore_${header%.h}.3"
	done
	# Each page says which library it is about.
	grep -q '^libvmastore .*,$' "$pages/vmastore_maple_tree.3"
	grep -q '^libvmastore [^,]*$' "$pages/vmastore_mm.3"
}

# Every function that a header marks VMS_API stands in the header's page, with
# its parameters.
pages_have_every_function()
{
	local header name names count=0
	for header in "$prefix"/include/vmastore/*.h; do
		names=$(sed -n 's/^VMS_API [^(]*[ *]\([a-z_0-9]*\)(.*/\1/p' "$header")
		header=${header##*/}
		for name in $names; do
			grep -q "^[a-z].*[ *]$name(.*[;,]" "$prefix/share/man/man3/vmastore_${header%.h}.3" || {
				echo "$header: its page has no $name()"
				return 1
			}
			count=$((count + 1))
		done
	done
	note "$count functions"
	[ $count -gt 100 ]
}

# help_options (of --help, from stdin), page_options PAGE: the long options.
help_options()
{
	sed -nE 's/^ +(-., )?(--[a-z-]+).*/\2/p' | LC_ALL=C sort -u
}

page_options()
{
	sed -n 's/^\.It Fl //p' "$1" | grep -oE '(^| )-[a-z-]+' | sed 's/^ *-/--/' | LC_ALL=C sort -u
}

installs_the_tools()
{
	local tool pages=$prefix/share/man/man1
	needs pkg-config
	pkg-config --exists jansson hwloc liblzma || skip "jansson, hwloc or liblzma is not here"
	tree_make install-tools
	[ "$("$prefix/bin/vmbench" --list | grep -c maple-vma)" != 0 ]
	"$prefix/bin/vmbench" --workload=lookup --engine=maple-vma --threads=1 --seconds=0.01 --repeats=1
	lint "$pages"/*.1
	for tool in vmbench vmrecord; do
		diff <("$prefix/bin/$tool" --help | help_options) <(page_options "$pages/$tool.1")
	done
	diff <(for tool in check run ops; do "$prefix/bin/vmreplay" $tool --help; done | help_options) \
		<(page_options "$pages/vmreplay.1")
}

# ---- pkg-config --------------------------------------------------------------

# with_pkg_config NAME MAKE-ARGUMENT...: puts the programs into $work/NAME.
with_pkg_config()
{
	local out=$work/$1
	shift
	needs pkg-config
	mkdir "$out"
	make -s -C "$programs" OUT="$out" "$@"
}

# links_lto COMPILER: skips the case if the compiler cannot link with -flto.
links_lto()
{
	echo 'int main(void) { return 0; }' | "$1" -flto -x c - -o "$work/lto" >/dev/null 2>&1 ||
		skip "$1 cannot link with -flto here"
}

pkg_config_shared()
{
	with_pkg_config shared CC=gcc
	runs "$work/shared/space" "$work/shared/ranges"
	needs_library "$work/shared/space" libvmastore.so.0
	needs_library "$work/shared/ranges" libvmastore-maple.so.0
}

pkg_config_static()
{
	with_pkg_config static CC=gcc STATIC=-static
	runs "$work/static/space" "$work/static/ranges"
	is_static "$work/static/space"
	is_static "$work/static/ranges"
}

pkg_config_shared_lto()
{
	links_lto gcc
	with_pkg_config shared-lto CC=gcc CFLAGS="-O2 -flto"
	runs "$work/shared-lto/space" "$work/shared-lto/ranges"
}

pkg_config_static_lto()
{
	links_lto gcc
	with_pkg_config static-lto CC=gcc CFLAGS="-O2 -flto" STATIC=-static
	runs "$work/static-lto/space" "$work/static-lto/ranges"
	is_static "$work/static-lto/space"
}

pkg_config_shared_clang()
{
	needs clang
	with_pkg_config clang-shared CC=clang
	runs "$work/clang-shared/space" "$work/clang-shared/ranges"
}

pkg_config_static_clang()
{
	needs clang
	with_pkg_config clang-static CC=clang STATIC=-static
	runs "$work/clang-static/space" "$work/clang-static/ranges"
}

pkg_config_static_clang_lto()
{
	needs clang
	links_lto clang
	with_pkg_config clang-lto CC=clang CFLAGS="-O2 -flto" STATIC=-static
	runs "$work/clang-lto/space" "$work/clang-lto/ranges"
}

pkg_config_cxx()
{
	needs g++
	with_pkg_config cxx cxx CXX=g++ CXXFLAGS=-std=c++17
	runs "$work/cxx/cc-space"
	with_pkg_config cxx-static cxx CXX=g++ CXXFLAGS=-std=c++17 STATIC=-static
	runs "$work/cxx-static/cc-space"
}

pkg_config_cxx_clang()
{
	needs clang++
	with_pkg_config cxx-clang cxx CXX=clang++ CXXFLAGS=-std=c++17
	runs "$work/cxx-clang/cc-space"
}

# ---- CMake -------------------------------------------------------------------

# with_cmake NAME ARGUMENT...
with_cmake()
{
	local out=$work/$1
	shift
	needs cmake
	cmake -S "$programs" -B "$out" -DCMAKE_PREFIX_PATH="$prefix" "$@"
	cmake --build "$out"
	runs "$out/space" "$out/ranges" "$out/space-static" "$out/ranges-static"
	needs_library "$out/space" libvmastore.so.0
	needs_library "$out/ranges" libvmastore-maple.so.0
	is_static "$out/space-static"
	is_static "$out/ranges-static"
}

cmake_program()
{
	with_cmake cmake
}

cmake_program_lto()
{
	links_lto gcc
	with_cmake cmake-lto -DCMAKE_C_COMPILER=gcc -DCMAKE_INTERPROCEDURAL_OPTIMIZATION=ON
}

cmake_program_clang()
{
	needs clang
	with_cmake cmake-clang -DCMAKE_C_COMPILER=clang
}

cmake_program_cxx()
{
	needs g++
	with_cmake cmake-cxx -DCXX=ON -DCMAKE_CXX_COMPILER=g++
	runs "$work/cmake-cxx/cc-space"
}

# finds WORDS: whether CMake accepts what is installed for that version, with
# the components that WORDS name.
finds()
{
	cat >"$work/versions/CMakeLists.txt" <<-TXT
		cmake_minimum_required(VERSION 3.16)
		project(v C)
		find_package(vmastore $1 REQUIRED)
	TXT
	cmake -S "$work/versions" -B "$work/versions/$1" -DCMAKE_PREFIX_PATH="$prefix"
}

# The versions and components that a program may ask for, and some that CMake
# must refuse. The library for ThreadSanitizer is not installed yet.
cmake_versions_and_components()
{
	local wanted
	needs cmake
	mkdir "$work/versions"
	for wanted in 0 0.1 0.1.0 "0.1 COMPONENTS vmastore maple"; do
		finds "$wanted"
	done
	for wanted in 0.0 0.2 1 9.9 "0.1 COMPONENTS tsan" "0.1 COMPONENTS maple-tsan" "0.1 COMPONENTS none"; do
		if finds "$wanted"; then
			return 1
		fi
	done
}

# ---- Meson -------------------------------------------------------------------

# with_meson NAME ARGUMENT...
with_meson()
{
	local out=$work/$1
	shift
	needs meson ninja pkg-config
	meson setup "$@" "$out" "$programs"
	meson compile -C "$out"
	runs "$out/space" "$out/ranges" "$out/space-static" "$out/ranges-static"
	needs_library "$out/space" libvmastore.so.0
	is_static "$out/space-static"
	is_static "$out/ranges-static"
}

meson_program()
{
	with_meson meson
}

meson_program_lto()
{
	links_lto gcc
	with_meson meson-lto -Db_lto=true
}

meson_program_clang()
{
	needs clang
	CC=clang with_meson meson-clang
}

# ---- ThreadSanitizer ---------------------------------------------------------

needs_tsan()
{
	needs "$1"
	echo 'int main(void) { return 0; }' | "$1" -fsanitize=thread -x c - -o "$work/runtime" >/dev/null 2>&1 ||
		skip "$1 cannot link with -fsanitize=thread here"
}

# under_tsan PROGRAM ARGUMENT...: what it prints goes to $work/said.
# ThreadSanitizer cannot live with addresses that are too random (setarch), and
# sleeps for a second at exit unless it is told not to.
under_tsan()
{
	local fixed=()
	! setarch -R true 2>/dev/null || fixed=(setarch -R)
	TSAN_OPTIONS=atexit_sleep_ms=0 LD_LIBRARY_PATH=$prefix/lib "${fixed[@]}" "$@" >"$work/said" 2>&1
}

# shows_no_race PROGRAM...
shows_no_race()
{
	local program
	for program; do
		under_tsan "$program" || {
			cat "$work/said"
			return 1
		}
		[ "$(cat "$work/said")" = "threads: ok" ]
	done
}

# shows_race FUNCTION PROGRAM ARGUMENT...: ThreadSanitizer reports a race of
# that function.
shows_race()
{
	local function=$1 rc=0
	shift
	under_tsan "$@" || rc=$?
	if [ $rc != 66 ] || ! grep -q 'WARNING: ThreadSanitizer: data race' "$work/said" ||
		! grep -q " $function " "$work/said"; then
		printf 'no race of %s: %s, status %d\n' "$function" "$*" $rc
		cat "$work/said"
		return 1
	fi
}

# shows_mistakes PROGRAM: a user's own races, which the library's annotations
# must not hide.
shows_mistakes()
{
	shows_race change_late "$1" late
	shows_race free_early "$1" early
	shows_race keep_cursor "$1" cursor
	shows_race read_unlocked "$1" rwsem
}

shows_mistakes_of_space()
{
	shows_race read_layout_unlocked "$1" mmap_lock
	shows_race read_uses_unlocked "$1" vma
}

# The library is compiled once for all cases below. -O1 without -g takes half
# the time.
installs_for_tsan()
{
	local name
	needs_tsan gcc
	tree_make install-tsan CFLAGS=-O1
	for name in vmastore vmastore-maple; do
		exports "$prefix/lib/lib$name-tsan.a" "" $name
		exports "$prefix/lib/lib$name-tsan.so" -D $name
		readelf -d "$prefix/lib/lib$name-tsan.so" | grep -F "soname: [lib$name-tsan.so.0]"
	done
	# The runtime is the program's, whichever compiler it has.
	nothing grep 'NEEDED.*tsan' <(readelf -d "$prefix/lib/libvmastore-tsan.so")
}

tsan_pkg_config()
{
	needs_tsan gcc
	with_pkg_config tsan tsan CC=gcc CFLAGS="-O1 -g"
	shows_no_race "$work/tsan/threads" "$work/tsan/threads-maple"
	shows_mistakes "$work/tsan/threads"
	shows_mistakes_of_space "$work/tsan/threads"
	shows_mistakes "$work/tsan/threads-maple"
	needs_library "$work/tsan/threads" libvmastore-tsan.so.0
	needs_library "$work/tsan/threads-maple" libvmastore-maple-tsan.so.0
}

tsan_pkg_config_clang()
{
	needs_tsan clang
	with_pkg_config tsan-clang tsan CC=clang CFLAGS="-O1 -g"
	shows_no_race "$work/tsan-clang/threads" "$work/tsan-clang/threads-maple"
	shows_mistakes "$work/tsan-clang/threads"
	shows_mistakes_of_space "$work/tsan-clang/threads"
}

# with_cmake_tsan NAME COMPILER
with_cmake_tsan()
{
	local out=$work/$1
	needs cmake
	needs_tsan "$2"
	cmake -S "$programs" -B "$out" -DCMAKE_PREFIX_PATH="$prefix" -DCMAKE_C_COMPILER="$2" -DTSAN=ON
	cmake --build "$out" --target threads threads-static threads-maple threads-maple-static
	shows_no_race "$out/threads" "$out/threads-static" "$out/threads-maple" "$out/threads-maple-static"
	shows_mistakes "$out/threads-static"
	shows_mistakes_of_space "$out/threads-static"
	needs_library "$out/threads" libvmastore-tsan.so.0
	is_static "$out/threads-static"
	is_static "$out/threads-maple-static"
}

tsan_cmake()
{
	with_cmake_tsan cmake-tsan gcc
}

tsan_cmake_clang()
{
	with_cmake_tsan cmake-tsan-clang clang
}

tsan_meson()
{
	local out=$work/meson-tsan
	needs meson ninja pkg-config
	needs_tsan gcc
	meson setup -Dtsan=true "$out" "$programs"
	meson compile -C "$out" threads threads-static threads-maple-static
	shows_no_race "$out/threads" "$out/threads-static" "$out/threads-maple-static"
	is_static "$out/threads-static"
}

# without ANNOTATION: links $work/without with a library that lacks it.
without()
{
	objcopy --redefine-sym "$1=no_annotation" "$prefix/lib/libvmastore-maple-tsan.a" "$work/without.a"
	echo 'void no_annotation(void *addr, long size); void no_annotation(void *addr, long size) { (void)addr, (void)size; }' |
		gcc -fsanitize=thread -O1 -g -I"$prefix/include" -o "$work/without" -x c - "$programs/threads.c" \
			-x none "$work/without.a" -lurcu-memb -lurcu-common -pthread
}

# Each thing that the library tells ThreadSanitizer is needed: without it a
# program has a false report, or a user's mistake has none.
tsan_needs_each_annotation()
{
	needs_tsan gcc
	without __tsan_acquire
	shows_race free_thing "$work/without"
	without __tsan_release
	shows_race free_thing "$work/without"
	without __tsan_write_range
	shows_no_race "$work/without"
	under_tsan "$work/without" cursor
	nothing grep WARNING "$work/said"
}

# A program and a library of which only one is built for ThreadSanitizer.
tsan_mixtures_are_refused_or_warned_of()
{
	local flags=(-O1 "-I$prefix/include" "$programs/threads.c" "-L$prefix/lib")
	local urcu=(-lurcu-memb -lurcu-common -pthread) kind rest
	needs_tsan gcc
	for kind in -lvmastore-maple-tsan "$prefix/lib/libvmastore-maple-tsan.a"; do
		if gcc "${flags[@]}" "$kind" "${urcu[@]}" -o "$work/mixed" 2>"$work/said"; then
			return 1
		fi
		grep 'undefined reference to .__tsan' "$work/said"
	done
	for kind in -lvmastore-maple "$prefix/lib/libvmastore-maple.a"; do
		for rest in gcc clang; do
			command -v $rest || continue
			$rest -fsanitize=thread "${flags[@]}" "$kind" "${urcu[@]}" -o "$work/mixed"
			under_tsan "$work/mixed" || true
			grep '^vmastore: .*ThreadSanitizer.*install-tsan' "$work/said"
		done
		# A program without it is told nothing.
		gcc "${flags[@]}" "$kind" "${urcu[@]}" -o "$work/mixed"
		shows_no_race "$work/mixed"
	done
}

# AddressSanitizer and UBSan need no other library.
asan_takes_the_plain_library()
{
	local compiler kind
	for kind in -lvmastore "$prefix/lib/libvmastore.a"; do
		for compiler in gcc clang; do
			echo 'int main(void) { return 0; }' | $compiler -fsanitize=address,undefined -x c - -o "$work/runtime" >/dev/null 2>&1 ||
				skip "$compiler cannot link with -fsanitize=address,undefined here"
			$compiler -fsanitize=address,undefined -O1 -DWHOLE -I"$prefix/include" -o "$work/asan" \
				"$programs/threads.c" -L"$prefix/lib" "$kind" -lurcu-memb -lurcu-common -pthread
			LD_LIBRARY_PATH=$prefix/lib "$work/asan" >"$work/said" 2>&1
			[ "$(cat "$work/said")" = "threads: ok" ]
		done
	done
}

# ---- the end -----------------------------------------------------------------

uninstall_leaves_nothing()
{
	# A file that is not the library's stays, and so does its folder.
	echo theirs >"$prefix/lib/theirs"
	tree_make uninstall
	[ "$(find "$prefix" ! -type d)" = "$prefix/lib/theirs" ]
	nothing find "$prefix" -name '*vmastore*'
}

clean_leaves_nothing()
{
	tree_make clean
	[ ! -e "$work/build" ]
}

# ONLY="CASE..." runs these cases alone, for work on one of them.
if [ -n "${ONLY-}" ]; then
	# shellcheck disable=SC2086 # a list of words
	run_cases $ONLY
	exit
fi
run_cases \
	installs_into_the_prefix installs_into_an_empty_root libraries_export_what_the_headers_declare \
	the_docs_name_what_there_is builds_with_clang_and_lto_flags pages_are_sound pages_have_every_function installs_the_tools \
	pkg_config_shared pkg_config_static pkg_config_shared_lto pkg_config_static_lto \
	pkg_config_shared_clang pkg_config_static_clang pkg_config_static_clang_lto \
	pkg_config_cxx pkg_config_cxx_clang \
	cmake_program cmake_program_lto cmake_program_clang cmake_program_cxx cmake_versions_and_components \
	meson_program meson_program_lto meson_program_clang \
	installs_for_tsan tsan_pkg_config tsan_pkg_config_clang tsan_cmake tsan_cmake_clang tsan_meson \
	tsan_needs_each_annotation tsan_mixtures_are_refused_or_warned_of asan_takes_the_plain_library \
	uninstall_leaves_nothing clean_leaves_nothing
