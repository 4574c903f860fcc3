/* SPDX-License-Identifier: MIT */
/*
 * tsan.c - warns if a program runs under ThreadSanitizer and this build of the
 * library does not. The program's reports would then be false: the sanitizer
 * sees no lock of the library, no pointer that it publishes and no grace
 * period. The opposite, a build for ThreadSanitizer in a program without its
 * runtime, does not link.
 *
 * Locks: none. Read first: tsan.h.
 */
#include "lib/sync/tsan.h"

#if !VMS__TSAN

#include <stddef.h>
#include <unistd.h>

static const char warning[] =
	"vmastore: this program runs under ThreadSanitizer, but this library was not built for it, "
	"so reports of data races may be false. Link vmastore-tsan instead (make install-tsan).\n";

/*
 * Only ThreadSanitizer's runtime defines it; a program without one finds NULL.
 * It is not __tsan_init, which other tools that use the compiler's
 * instrumentation define, too.
 */
__attribute__((weak)) void __tsan_acquire(void *addr);

__attribute__((constructor)) static void warn_of_false_reports(void)
{
	/* If stderr is closed there is nobody to warn. */
	if (__tsan_acquire != NULL && write(STDERR_FILENO, warning, sizeof(warning) - 1) < 0)
		return;
}

#endif
