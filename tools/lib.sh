# SPDX-License-Identifier: MIT
# shellcheck shell=bash disable=SC2034 # bash sources it, and uses the lists
# lib.sh - functions that the scripts of this tree share: packages, Bazel, and
# messages. A bash script must source it, with `set -u`.
#
#   VMS_TOP                     the tree's root, which becomes the caller's
#                               working directory
#   say, warn, die              print to stdout, and exit 2 if that is lost; to
#                               stderr; to stderr, and exit 1
#   number_of WORD LEAST MOST   prints the number in --NAME=NUMBER
#   numbers_of, names_of        check N,... and NAME,... likewise; their exit
#                               status is the result
#   check_paths                 exits 2, after a message, if Bazel cannot work
#                               here
#   install_missing PKG...      installs the packages that dpkg lacks
#   vms_bazel COMMAND ARGS...   Bazel with a cache outside the tree; stop_bazel
#                               ends its server
#   c_files, text_files         print every C file of the tree, one a line;
#                               text_files adds the scripts and Bazel's files
#   all_files                   prints every file of the tree, one a line
#   seconds_text N              prints N seconds as m:ss

VMS_TOP=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd) || exit 1
cd "$VMS_TOP" || exit 1

# A service or a bare container may leave these variables unset, which Bazel,
# apt and the compilers need.
HOME=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
export HOME=${HOME:-${TMPDIR:-/tmp}} USER=${USER:-$(id -un 2>/dev/null || echo user)} LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
exec </dev/null

# The packages that Debian 12 needs in addition to its base: to build, to check,
# to measure.
VMS_BUILD_PACKAGES="bazel-bootstrap bazel-platforms bazel-rules-java bazel-rules-proto bazel-skylib gcc libc6-dev binutils
	libcmocka-dev libhwloc-dev libjansson-dev liblzma-dev liburcu-dev util-linux"
VMS_CHECK_PACKAGES="clang clang-format clang-tidy cmake g++ gnuplot-nox libc6-dbg libc6-dev-arm64-cross libclang-rt-14-dev
	linux-perf mandoc meson musl-dev musl-tools pkg-config python3 relacy-dev spin strace valgrind xz-utils"
VMS_CROSS_PACKAGES="gcc-aarch64-linux-gnu qemu-user libcmocka-dev:arm64 liblzma-dev:arm64 liburcu-dev:arm64"
VMS_SCALE_PACKAGES="gnuplot-nox xz-utils"

# The engines' names as in `vmbench --list`, because options are checked before
# anything is built.
VMS_ENGINES="rbtree maple maple-vma"

# If a line is lost (the disk is full), the script must not go on and end with
# success.
say()
{
	printf '%s\n' "$*" || exit 2
}

warn()
{
	printf '%s: %s\n' "${0##*/}" "$*" >&2
}

die()
{
	warn "$*"
	exit 1
}

# number_of WORD LEAST MOST: prints the number in a word --NAME=NUMBER; prints
# why and returns 2 if there is none in that range. Only digits are allowed, and
# no leading 0, which bash would take for octal.
number_of()
{
	local value=${1#*=}
	if [[ $value =~ ^(0|[1-9][0-9]{0,11})$ ]] && ((value >= $2 && value <= $3)); then
		printf '%s' "$value"
		return
	fi
	# @Q shows control characters instead of sending them to the terminal.
	warn "${1%%=*}: found ${value@Q}, expected a number from $2 to $3"
	return 2
}

# numbers_of WORD LEAST MOST: returns 0 if a word --NAME=N,... is a list of such
# numbers; otherwise prints why and returns 2.
numbers_of()
{
	local number numbers=${1#*=}
	if [[ $numbers =~ ^[0-9]+(,[0-9]+)*$ ]]; then
		for number in ${numbers//,/ }; do
			number_of "${1%%=*}=$number" "$2" "$3" >/dev/null || return 2
		done
		return 0
	fi
	warn "${1%%=*}: found ${numbers@Q}, expected numbers from $2 to $3 with commas between, such as 1,2"
	return 2
}

# names_of WORD NAME...: returns 0 if a word --NAME=NAME,... is a list of these
# names; otherwise prints why and returns 2.
names_of()
{
	local word=$1 name names=${1#*=}
	shift
	# The loop keeps the comma in $names until a name follows it, so "a," is
	# refused.
	while [ -n "$names" ]; do
		name=${names%%,*}
		[[ $name =~ ^[a-z-]+$ && " $* " == *" $name "* ]] || break
		[ "$name" != "$names" ] || return 0
		names=${names#*,}
	done
	warn "${word%%=*}: found ${names@Q}, expected names with commas between, of: $*"
	return 2
}

# Bazel cannot work in a folder whose name has a blank, nor from one, but
# reports that only after it has started.
check_paths()
{
	if [[ $VMS_TOP =~ [[:space:]] ]]; then
		warn "Bazel cannot build in a folder whose name has a blank: ${VMS_TOP@Q}; move the tree"
		exit 2
	fi
	if [[ ${VMS_BAZEL_ROOT:-} =~ [[:space:]] ]]; then
		warn "VMS_BAZEL_ROOT: found ${VMS_BAZEL_ROOT@Q}, expected a folder without a blank in its name"
		exit 2
	fi
	if [ ! -d "${TMPDIR:-/tmp}" ] || [ ! -w "${TMPDIR:-/tmp}" ]; then
		warn "TMPDIR: found ${TMPDIR:-/tmp}, expected a folder that can be written"
		exit 2
	fi
}

seconds_text()
{
	printf '%d:%02d' $(($1 / 60)) $(($1 % 60))
}

# Runs a command as root: directly, or through a sudo that asks for no password.
as_root()
{
	if [ "$(id -u)" = 0 ]; then
		"$@"
	elif command -v sudo >/dev/null 2>&1 && sudo -n true 2>/dev/null; then
		sudo -n --preserve-env=DEBIAN_FRONTEND "$@"
	else
		warn "cannot become root (no sudo without a password) for: $*"
		return 1
	fi
}

# missing_packages PKG...: prints those that are not installed, on one line.
missing_packages()
{
	local pkg native missing=
	native=$(dpkg --print-architecture 2>/dev/null)
	for pkg; do
		# One line for each architecture that has the package.
		dpkg-query -W -f '${db:Status-Status} ${Architecture}\n' "$pkg" 2>/dev/null |
			grep -qxE "installed ($native|all)" || missing+=" $pkg"
	done
	printf '%s' "${missing# }"
}

# apt_quietly ARGS...: runs apt-get, silently unless it fails.
apt_quietly()
{
	local log rc
	log=$(mktemp) || {
		warn "no place for a log in ${TMPDIR:-/tmp}"
		return 1
	}
	as_root apt-get -q -y -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=3 "$@" >"$log" 2>&1
	rc=$?
	[ $rc = 0 ] || tail -n 20 "$log" >&2
	rm -f "$log"
	return $rc
}

# install_missing PKG...: installs packages; prints why and returns 1 if one is
# still missing.
install_missing()
{
	local missing
	missing=$(missing_packages "$@")
	[ -n "$missing" ] || return 0
	command -v apt-get >/dev/null 2>&1 || {
		warn "this is no Debian: install what stands for $missing"
		return 1
	}
	say "installing: $missing"
	apt_quietly update || warn "apt-get update failed; going on with the package lists that are there"
	# shellcheck disable=SC2086 # a list of words
	apt_quietly install --no-install-recommends $missing
	missing=$(missing_packages "$@")
	[ -z "$missing" ] && return 0
	warn "not installed: $missing"
	return 1
}

# Bazel's cache lies outside the tree, where a later run finds it again.
bazel_root()
{
	local dir
	for dir in "${VMS_BAZEL_ROOT:-}" "${XDG_CACHE_HOME:-$HOME/.cache}/vmastore-bazel" "${TMPDIR:-/tmp}/vmastore-bazel-$(id -u)"; do
		if [[ -z $dir || $dir =~ [[:space:]] ]] || ! mkdir -p "$dir" 2>/dev/null || [ ! -w "$dir" ]; then
			continue
		fi
		# The cache holds programs that Bazel runs, so never use a
		# folder that another user made in a shared place.
		if [ -O "$dir" ] || [ "$dir" = "${VMS_BAZEL_ROOT:-}" ]; then
			printf '%s' "$dir"
			return
		fi
	done
	warn "no folder for Bazel's cache: set VMS_BAZEL_ROOT"
	return 1
}

vms_bazel()
{
	local command=$1
	shift
	case $command in
	build | test) set -- --experimental_convenience_symlinks=ignore --color=no --curses=no "$@" ;;
	esac
	: "${VMS_BAZEL_DIR:=$(bazel_root)}"
	[ -n "$VMS_BAZEL_DIR" ] || return 1
	bazel --output_user_root="$VMS_BAZEL_DIR" --max_idle_secs=300 "$command" "$@"
}

stop_bazel()
{
	command -v bazel >/dev/null 2>&1 && vms_bazel shutdown >/dev/null 2>&1
}

c_files()
{
	git ls-files --cached --others --exclude-standard -- '*.c' '*.h' 2>/dev/null | grep . ||
		find include lib tests tools bench stress -name '*.[ch]' 2>/dev/null
}

# Without the headers that bazel/names.awk makes, whose lines are as long as the
# names in them.
text_files()
{
	git ls-files --cached --others --exclude-standard -- '*.c' '*.h' '*.cc' '*.pml' '*.sh' '*.awk' '*.bzl' '*BUILD' Makefile \
		.bazelrc tools/check tools/coverage tools/maplebench tools/scale '*/run' '*/compare' '*/peers' 2>/dev/null |
		grep -v '^include/vmastore/\(begin\|end\)[a-z_]*\.h$' ||
		find include lib tests tools bench stress bazel '(' -name '*.[ch]' -o -name '*.cc' -o -name '*.pml' -o -name '*.sh' -o -name '*.awk' \
			-o -name '*.bzl' -o -name BUILD ')' 2>/dev/null
}

all_files()
{
	git ls-files --cached --others --exclude-standard 2>/dev/null | grep . || find . -type f -printf '%P\n' 2>/dev/null
}
