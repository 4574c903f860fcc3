#!/bin/sh
# SPDX-License-Identifier: MIT
# tsan_run.sh COMMAND... - run COMMAND, built with ThreadSanitizer. Its shadow memory has fixed places, which address
# randomisation of more than 28 bits runs into: it is switched off where the system lets us (a container may not).
here=$(cd "$(dirname "$0")" && pwd) || exit 1
for supp in "$here/tsan.supp" "$0.runfiles/vmastore/bazel/tsan.supp"; do
	[ -f "$supp" ] && break
done
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1 suppressions=$supp${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
export TSAN_OPTIONS
if setarch -R true 2>/dev/null; then
	exec setarch -R "$@"
fi
exec "$@"
