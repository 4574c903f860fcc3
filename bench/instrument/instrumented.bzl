# SPDX-License-Identifier: MIT
"""Builds a program whose accesses to memory are recorded: the program and everything linked into it are compiled with special flags."""

# The compiler inserts a call before each access to memory, plain or atomic, as
# for ThreadSanitizer: only that instrumentation tells a read from a write and
# leaves no access out. //bench/instrument:trace defines the called functions.
# The library must not believe that it runs under ThreadSanitizer, hence -U.
# Calls that the compiler would expand in place, and loops that it would turn
# into such calls, must not escape: the flags keep the calls, which the runtime
# wraps.
INSTRUMENTED_COPTS = [
    "-fsanitize=thread",
    "-U__SANITIZE_THREAD__",
    "--param=tsan-instrument-func-entry-exit=0",
    "--param=tsan-distinguish-volatile=0",
    "-fno-builtin-memset",
    "-fno-builtin-memcpy",
    "-fno-builtin-memmove",
    "-fno-tree-loop-distribute-patterns",
    "-U_FORTIFY_SOURCE",
    "-fno-omit-frame-pointer",
    "-fno-optimize-sibling-calls",
    "-Wno-tsan",
]

def _instrumented_impl(_settings, _attr):
    return {
        "//command_line_option:copt": INSTRUMENTED_COPTS,
        "//command_line_option:linkopt": [],
        "//command_line_option:platform_suffix": "-instrumented",
    }

_instrumented = transition(
    implementation = _instrumented_impl,
    inputs = [],
    outputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
        "//command_line_option:platform_suffix",
    ],
)

def _instrumented_binary_impl(ctx):
    program = ctx.attr.program[0][DefaultInfo]
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = program.files_to_run.executable, is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles(files = [out]))]

instrumented_binary = rule(
    implementation = _instrumented_binary_impl,
    attrs = {
        "program": attr.label(cfg = _instrumented, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "Builds program identically in every configuration: with these flags only, and without a sanitizer's linkopts.",
    executable = True,
)
