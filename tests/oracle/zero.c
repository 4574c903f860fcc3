/* SPDX-License-Identifier: MIT */
/*
 * zero.c - see zero.h.
 *
 * A kernel without a zero page makes the anon_vma within the operation; this
 * code makes it right afterwards. Only the rest of the same operation could
 * look at anon_vmas in between, if it reads several mappings in; docs/oracle.md
 * says what that leaves untested.
 */
#include "tests/oracle/zero.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include "tests/oracle/arena.h"
#include "tests/oracle/stage.h"
#include "tests/support/zero_page.h"

#define PAGE 4096UL

void zero_expect(void)
{
	char *page = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (page == MAP_FAILED)
		cannot("mmap: %s", strerror(errno));
	(void)*(volatile char *)page;
	if (!zero_page_replace((unsigned long)page, (unsigned long)page + PAGE))
		cannot("this kernel cannot be made to look like one without a zero page: %s",
		       strerror(errno));
	munmap(page, PAGE);
}

void zero_replace(void)
{
	if (zero_page_replace(ARENA_START, ARENA_END))
		return;
	complain("the zero page cannot be replaced: %s", strerror(errno));
	stage->trouble = STAGE_BROKEN;
}
