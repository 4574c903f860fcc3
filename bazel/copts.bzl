# SPDX-License-Identifier: MIT
"""The one place that says how this project's C is compiled. -Werror stands in .bazelrc: it binds us, not an embedder's newer compiler."""

_COMMON = [
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-Wall",
    "-Wextra",
]

# lib/: nothing leaves the library but what a public header marks VMS_API. The
# thread-local data keep the compiler's own model: the static linker turns it
# into direct access anyway, and initial-exec needs more room than dlopen()
# finds for them.
VMS_COPTS = _COMMON + ["-fvisibility=hidden"]

# tests/, tools/, bench/, stress/.
VMS_TEST_COPTS = _COMMON

# For a target that calls liburcu itself: lib/sync, and it alone.
VMS_LINK_RCU = [
    "-lurcu-memb",
    "-lurcu-common",
    "-pthread",
]

VMS_LINK_CMOCKA = ["-lcmocka"]
