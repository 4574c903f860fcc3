# SPDX-License-Identifier: MIT
"""Makes the library from the packages of lib/: one archive, one shared object, and only the public headers.

A hidden symbol still clashes in a static link. Therefore the archive holds a single object, in which the hidden symbols are local.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

_TOOLCHAIN = {"_cc_toolchain": attr.label(default = "@bazel_tools//tools/cpp:current_cc_toolchain")}

def _archives(deps):
    """Return every archive that deps link, each once."""
    found = []
    for dep in deps:
        for linker_input in dep[CcInfo].linking_context.linker_inputs.to_list():
            for library in linker_input.libraries:
                archive = library.pic_static_library or library.static_library
                if archive and archive not in found:
                    found.append(archive)
    return found

def _vms_object_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    archives = _archives(ctx.attr.deps)
    out = ctx.actions.declare_file(ctx.label.name + ".pic.o")
    joined = ctx.actions.declare_file(ctx.label.name + ".joined")
    ctx.actions.run(
        executable = toolchain.ld_executable,
        arguments = ["-r", "-o", joined.path, "--whole-archive"] + [a.path for a in archives],
        inputs = depset(archives, transitive = [toolchain.all_files]),
        outputs = [joined],
        mnemonic = "VmsJoin",
    )
    ctx.actions.run(
        executable = toolchain.objcopy_executable,
        arguments = ["--localize-hidden", joined.path, out.path],
        inputs = depset([joined], transitive = [toolchain.all_files]),
        outputs = [out],
        mnemonic = "VmsHide",
    )
    return [DefaultInfo(files = depset([out]))]

vms_object = rule(
    implementation = _vms_object_impl,
    attrs = dict(_TOOLCHAIN, deps = attr.label_list(providers = [CcInfo])),
    doc = "All archives of deps as one object whose hidden symbols are local.",
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

def _vms_library_impl(ctx):
    toolchain = find_cpp_toolchain(ctx)
    features = cc_common.configure_features(ctx = ctx, cc_toolchain = toolchain)
    archive = ctx.actions.declare_file("lib" + ctx.label.name + ".a")
    ctx.actions.run(
        executable = toolchain.ar_executable,
        arguments = ["rcsD", archive.path, ctx.file.object.path],
        inputs = depset([ctx.file.object], transitive = [toolchain.all_files]),
        outputs = [archive],
        mnemonic = "VmsArchive",
    )
    library = cc_common.create_library_to_link(
        actions = ctx.actions,
        cc_toolchain = toolchain,
        feature_configuration = features,
        pic_static_library = archive,
    )
    linker_input = cc_common.create_linker_input(
        owner = ctx.label,
        libraries = depset([library]),
        user_link_flags = depset(ctx.attr.linkopts),
    )
    return [
        CcInfo(
            compilation_context = ctx.attr.headers[CcInfo].compilation_context,
            linking_context = cc_common.create_linking_context(linker_inputs = depset([linker_input])),
        ),
        DefaultInfo(
            files = depset([archive, ctx.file.shared]),
            data_runfiles = ctx.runfiles(files = [archive, ctx.file.shared]),
            default_runfiles = ctx.runfiles(),
        ),
    ]

vms_library = rule(
    implementation = _vms_library_impl,
    attrs = dict(
        _TOOLCHAIN,
        object = attr.label(allow_single_file = True, mandatory = True),
        shared = attr.label(allow_single_file = True, mandatory = True),
        headers = attr.label(providers = [CcInfo], mandatory = True),
        linkopts = attr.string_list(),
    ),
    doc = "The target that programs depend on: the archive of one object, and the public headers. Building it builds the shared object, too.",
    fragments = ["cpp"],
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)
