/* SPDX-License-Identifier: MIT */
/*
 * symbols.c - see symbols.h. The program's own symbols come from the symbol
 * table of its file, because dladdr() finds exported symbols only. One thread.
 */
#include "bench/conflicts/symbols.h"

#include <dlfcn.h>
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *file; /* the mapped program; NULL: not mapped (yet) */

static const char *map_file(void)
{
	int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct stat st;
	void *at;

	if (fd < 0)
		return NULL;
	at = fstat(fd, &st) == 0 ? mmap(NULL, (size_t)st.st_size, PROT_READ, MAP_PRIVATE, fd, 0)
				 : MAP_FAILED;
	close(fd);
	return at == MAP_FAILED ? NULL : at;
}

/* dl_iterate_phdr() visits the program itself first, so stop there. */
static int first_base(struct dl_phdr_info *info, size_t size, void *base)
{
	(void)size;
	*(uintptr_t *)base = info->dlpi_addr;
	return 1;
}

/*
 * Find the symbol that spans @addr. Local symbols follow the STT_FILE symbol
 * that names their source.
 * Return: false if no symbol of the table spans @addr.
 */
static bool search(const ElfW(Sym) * symbol, size_t nr, const char *names, uintptr_t addr,
		   char *name, size_t size)
{
	const char *source = NULL;

	for (; nr; nr--, symbol++) {
		unsigned char type = ELF64_ST_TYPE(symbol->st_info);

		if (type == STT_FILE)
			source = names + symbol->st_name;
		if ((type != STT_FUNC && type != STT_OBJECT) || addr < symbol->st_value ||
		    addr >= symbol->st_value + symbol->st_size)
			continue;
		if (source && ELF64_ST_BIND(symbol->st_info) == STB_LOCAL &&
		    ELF64_ST_VISIBILITY(symbol->st_other) == STV_DEFAULT)
			snprintf(name, size, "%s: %s", source, names + symbol->st_name);
		else
			snprintf(name, size, "%s", names + symbol->st_name);
		return true;
	}
	return false;
}

static bool own_name(uintptr_t addr, char *name, size_t size)
{
	const ElfW(Ehdr) * elf;
	const ElfW(Shdr) * section;
	uintptr_t base;

	if (!file)
		file = map_file();
	if (!file || !dl_iterate_phdr(first_base, &base))
		return false;
	elf = (const void *)file;
	section = (const void *)(file + elf->e_shoff);
	for (unsigned int i = 0; i < elf->e_shnum; i++)
		if (section[i].sh_type == SHT_SYMTAB &&
		    search((const void *)(file + section[i].sh_offset),
			   section[i].sh_size / sizeof(ElfW(Sym)),
			   file + section[section[i].sh_link].sh_offset, addr - base, name, size))
			return true;
	return false;
}

bool symbol_name(uintptr_t addr, char *name, size_t size)
{
	const char *library;
	Dl_info info;

	if (own_name(addr, name, size))
		return true;
	if (!dladdr((void *)addr, &info) || !info.dli_fname) /* NOLINT(performance-no-int-to-ptr) */
		return false;
	library = strrchr(info.dli_fname, '/');
	library = library ? library + 1 : info.dli_fname;
	snprintf(name, size, "%.*s: %s", (int)strcspn(library, "."), library,
		 info.dli_sname ? info.dli_sname : "data");
	return true;
}
