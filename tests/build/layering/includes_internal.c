/* SPDX-License-Identifier: MIT */
/*
 * includes_internal.c - must not compile: //:vmastore exports the public
 * headers only, and Bazel refuses an undeclared inclusion. tools/check builds
 * this target and wants the refusal.
 */
#include "lib/engine/engine.h"
