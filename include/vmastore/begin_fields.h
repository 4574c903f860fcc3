/* SPDX-License-Identifier: MIT */
/*
 * begin_fields.h - from here to end_fields.h the fields of a structure keep
 * their names, which are those of types: such a type is written VMS_K(name).
 *
 * Made by bazel/names.awk.
 */
#ifdef VMS_NO_KERNEL_NAMES
#undef file
#undef page
#undef rb_node
#endif
