#!/bin/sh
# SPDX-License-Identifier: MIT
# tsan_run.sh COMMAND... - run COMMAND, built with ThreadSanitizer.
# ThreadSanitizer's shadow memory has fixed places, which address randomisation
# of more than 28 bits collides with, so the script switches randomisation off
# where the system permits it (a container may not). No report is suppressed:
# lib/sync annotates the orderings of liburcu that ThreadSanitizer cannot see.
TSAN_OPTIONS="halt_on_error=1 second_deadlock_stack=1${TSAN_OPTIONS:+ $TSAN_OPTIONS}"
export TSAN_OPTIONS
if setarch -R true 2>/dev/null; then
	exec setarch -R "$@"
fi
exec "$@"
