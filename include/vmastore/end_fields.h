/* SPDX-License-Identifier: MIT */
/*
 * end_fields.h - the end of what begin_fields.h begins.
 *
 * Made by bazel/names.awk.
 */
#ifdef VMS_NO_KERNEL_NAMES
#define file vms_file
#define page vms_page
#define rb_node vms_rb_node
#endif
