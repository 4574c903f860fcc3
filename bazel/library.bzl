# SPDX-License-Identifier: MIT
"""Makes the library from the packages of lib/: one archive, one shared object, and only the public headers.

A hidden symbol still clashes in a static link. Therefore the archive holds a single object, in which the hidden symbols are local.
"""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")
load("@rules_cc//cc:defs.bzl", "cc_binary")
load("//bazel:copts.bzl", "VMS_LINK_RCU")

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

_vms_object = rule(
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

_vms_library = rule(
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

def vms_library(name, room, headers, header_files, folder = ""):
    """One of the libraries: what programs depend on, the shared object libNAME.so, and the list of their symbols.

    Args:
      name: the target that programs depend on.
      room: the package of lib/ whose library, with all that it needs, becomes this one.
      headers: the cc_library of the public headers.
      header_files: the same headers as files.
      folder: where exports.txt, kernel_names.txt and vmastore.map are made, with a slash at its end: the symbols that
        the headers declare VMS_API, one a line; the names of Linux's that they declare; and the symbols as a version
        script.
    """
    shared = "lib%s.so" % name
    _vms_library(
        name = name,
        headers = headers,
        linkopts = VMS_LINK_RCU,
        object = ":%s_object" % name,
        shared = ":" + shared,
        visibility = ["//visibility:public"],
    )
    _vms_object(
        name = name + "_object",
        deps = [room],
    )

    # -Bsymbolic-functions: the library calls its own functions even if a
    # program defines functions with the same names. -fuse-ld=bfd: gold, Bazel's
    # default, mixes up the relocations of thread-local variables that have
    # become local. -z nodelete: dlclose() must not unload the library, because
    # threads call its code when they exit and its callback thread never ends.
    cc_binary(
        name = shared,
        srcs = [":%s_object" % name],
        additional_linker_inputs = [folder + "vmastore.map"],
        linkopts = [
            "-fuse-ld=bfd",
            "-Wl,--version-script=$(location %svmastore.map)" % folder,
            "-Wl,-soname," + shared,
            "-Wl,-Bsymbolic-functions",
            "-Wl,-z,nodelete",
        ] + VMS_LINK_RCU,
        linkshared = True,
        visibility = ["//visibility:public"],
    )
    native.genrule(
        name = name + "_exports",
        srcs = [header_files],
        outs = [folder + made for made in [
            "exports.txt",
            "kernel_names.txt",
            "vmastore.map",
        ]],
        cmd = "$(location //bazel:exports) $(RULEDIR)/%s $(CC) $(SRCS)" % folder,
        toolchains = ["@bazel_tools//tools/cpp:current_cc_toolchain"],
        tools = ["//bazel:exports"],
        visibility = ["//tests/build/link:__pkg__"],
    )
