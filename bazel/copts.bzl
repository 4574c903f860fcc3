# SPDX-License-Identifier: MIT
"""The only file that says how this project's C is compiled.

-Werror stands in .bazelrc: it binds this project, not an embedder's newer compiler.
"""

_COMMON = [
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-Wall",
    "-Wextra",
]

# For lib/. The library exports only what a public header marks VMS_API.
# Thread-local data keep the compiler's default model: the static linker turns
# it into direct access anyway, and initial-exec would need more room than
# dlopen() finds.
VMS_COPTS = _COMMON + ["-fvisibility=hidden"]

# For tests/, tools/, bench/ and stress/.
VMS_TEST_COPTS = _COMMON

# For a target that calls liburcu directly: only lib/sync may.
VMS_LINK_RCU = [
    "-lurcu-memb",
    "-lurcu-common",
    "-pthread",
]

VMS_LINK_CMOCKA = ["-lcmocka"]
