/* SPDX-License-Identifier: MIT */
/*
 * pin.c - threads call the library's code when they exit, fork calls it, and
 * its callback thread never ends. So once it is loaded, it must stay where it
 * is, even if the program closes it. libvmastore.so says so to the linker; but
 * the archive may be linked into any plug-in, and then it is that plug-in which
 * must stay.
 *
 * Locks: none. musl never unloads anything.
 */
#include "lib/sync/pin.h"

#include <dlfcn.h>
#include <stddef.h>

#ifdef __GLIBC__
#include <link.h>

/*
 * Weak: a program that is linked statically as a whole has no loader, and needs
 * none. There, to name dlopen() would have the linker warn of it; so it is
 * looked up. A program without -ldl, which the GNU C library before 2.34 needs,
 * has no dlopen() either: such a plug-in must be linked with -z nodelete.
 */
#pragma weak dlsym
#pragma weak dladdr1

void vms__object_pin(void)
{
	void *(*open)(const char *name, int mode) = NULL;
	struct link_map *object = NULL;
	Dl_info info;

	if (!dlsym || !dladdr1 ||
	    !dladdr1((const void *)&vms__object_pin, &info, (void **)&object, RTLD_DL_LINKMAP))
		return;
	/* The program itself has no name, and stays anyway. */
	if (!object || !object->l_name || !object->l_name[0])
		return;
	*(void **)&open = dlsym(RTLD_DEFAULT, "dlopen");
	if (open)
		(void)open(object->l_name, RTLD_LAZY | RTLD_NOLOAD | RTLD_NODELETE);
}

#else

void vms__object_pin(void)
{
}

#endif
