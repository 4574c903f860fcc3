/* SPDX-License-Identifier: MIT */
/*
 * includes_internal.c - must not compile: //:vmastore brings the public headers
 * only, and Bazel refuses an undeclared inclusion.
 */
#include "lib/engine/engine.h"
