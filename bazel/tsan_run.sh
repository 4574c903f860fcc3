#!/bin/sh
# SPDX-License-Identifier: MIT
# tsan_run.sh COMMAND... - run COMMAND, built with ThreadSanitizer. Its shadow
# memory has fixed places, which address randomisation of more than 28 bits runs
# into: it is switched off where the system lets us (a container may not).
# Nothing is suppressed: what liburcu orders out of ThreadSanitizer's sight is
# told to it in lib/sync.
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
export TSAN_OPTIONS
if setarch -R true 2>/dev/null; then
	exec setarch -R "$@"
fi
exec "$@"
