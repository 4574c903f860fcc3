/* SPDX-License-Identifier: MIT */
/*
 * pin.c - keep the object that contains the library loaded. Exiting threads and
 * fork call the library's code, and its callback thread never ends, so the code
 * must stay mapped even if the program closes the object. libvmastore.so says
 * so to the linker. The archive, however, may be linked into any plug-in, and
 * then that plug-in must stay loaded.
 *
 * Locks: none. musl never unloads an object.
 */
#include "lib/sync/pin.h"

#include <dlfcn.h>
#include <stddef.h>

#ifdef __GLIBC__
#include <link.h>

/*
 * Weak, because a fully static program has no loader and needs none. dlopen()
 * is looked up by name: in a static program the linker warns about any direct
 * reference to it. A program that needs -ldl (the GNU C library before 2.34)
 * and is linked without it has no dlopen() either; a plug-in of such a program
 * must be linked with -z nodelete.
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
	/* The main program has an empty name, and is never unloaded. */
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
