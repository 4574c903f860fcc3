# SPDX-License-Identifier: MIT
"""A program whose accesses to memory are counted: it and all that it is linked with, compiled with flags of their own."""

def _counted_impl(_settings, attr):
    return {
        "//command_line_option:copt": attr.copts,
        "//command_line_option:linkopt": [],
        "//command_line_option:platform_suffix": "-counted",
    }

_counted = transition(
    implementation = _counted_impl,
    inputs = [],
    outputs = [
        "//command_line_option:copt",
        "//command_line_option:linkopt",
        "//command_line_option:platform_suffix",
    ],
)

def _counted_binary_impl(ctx):
    program = ctx.attr.program[0][DefaultInfo]
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = out, target_file = program.files_to_run.executable, is_executable = True)
    return [DefaultInfo(executable = out, runfiles = ctx.runfiles(files = [out]))]

counted_binary = rule(
    implementation = _counted_binary_impl,
    attrs = {
        "copts": attr.string_list(doc = "in the place of what the command line says with --copt"),
        "program": attr.label(cfg = _counted, executable = True, mandatory = True),
        "_allowlist_function_transition": attr.label(default = "@bazel_tools//tools/allowlists/function_transition_allowlist"),
    },
    doc = "program, built the same whatever the configuration: with copts alone, and without the linkopts of a sanitizer.",
    executable = True,
)
