# SPDX-License-Identifier: MIT
"""The one place that says how this project's C is compiled. -Werror stands in .bazelrc: it binds us, not an embedder's newer compiler."""

_COMMON = [
    "-std=gnu11",
    "-D_GNU_SOURCE",
    "-Wall",
    "-Wextra",
]

# lib/: nothing leaves the library but what a public header marks VMS_API. initial-exec spares each access to a per-thread cache
# the call of __tls_get_addr(); the library's thread-local data are few enough for dlopen() (a test opens it so).
VMS_COPTS = _COMMON + [
    "-fvisibility=hidden",
    "-ftls-model=initial-exec",
]

# tests/, tools/, bench/, stress/.
VMS_TEST_COPTS = _COMMON

# For a target that calls liburcu itself: lib/sync, and it alone.
VMS_LINK_RCU = [
    "-lurcu-memb",
    "-lurcu-common",
    "-pthread",
]

VMS_LINK_CMOCKA = ["-lcmocka"]
