/* SPDX-License-Identifier: MIT */
/*
 * anon_name.c - a name of anonymous memory, the object. It is counted by the
 * VMAs that have it, equals another name with the same text, and is shown in
 * the listing. The call that gives names is in set_anon_name.c.
 *
 * Source: prctl(2), proc(5). Locks: the count is atomic, the text constant.
 */
#include <errno.h>
#include <string.h>

#include "lib/mm/internal.h"
#include "lib/sync/objcache/objcache.h"

struct anon_vma_name {
	_Atomic unsigned int refcount;
	char text[ANON_VMA_NAME_MAX_LEN];
};

VMS__OBJCACHE_DEFINE(name_cache, "anon_vma_name", sizeof(struct anon_vma_name),
		     _Alignof(struct anon_vma_name), 0);

struct anon_vma_name *vms__anon_name_get(struct anon_vma_name *name)
{
	/* Relaxed: the caller has a VMA that holds a reference. */
	if (name)
		atomic_fetch_add_explicit(&name->refcount, 1, memory_order_relaxed);
	return name;
}

void vms__anon_name_put(struct anon_vma_name *name)
{
	/*
	 * Release: this holder has read the text. Acquire: the last holder
	 * frees the name after all others have read it.
	 */
	if (name && atomic_fetch_sub_explicit(&name->refcount, 1, memory_order_acq_rel) == 1)
		vms__objcache_free(&name_cache, name);
}

const char *vms__anon_name_text(const struct anon_vma_name *name)
{
	return name->text;
}

/*
 * By text, as on Linux: two calls that give the same name make two objects, and
 * the VMAs must merge all the same.
 */
bool vms__anon_name_equal(const struct anon_vma_name *a, const struct anon_vma_name *b)
{
	return a == b || (a && b && strcmp(a->text, b->text) == 0);
}

/*
 * Whether the text has no character that could break the listing's line, or end
 * the name in it.
 */
static bool is_allowed(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] < ' ' || text[i] > '~' || strchr("\\`$[]", text[i]))
			return false;
	return true;
}

int vms__anon_name_make(const char *text, struct anon_vma_name **name)
{
	size_t len = text ? strnlen(text, ANON_VMA_NAME_MAX_LEN) : 0;

	*name = NULL;
	if (!text)
		return 0;
	/*
	 * strnlen() has stopped at the limit: the text has no NUL within it,
	 * and is not read any further.
	 */
	if (len == ANON_VMA_NAME_MAX_LEN || !is_allowed(text, len))
		return -EINVAL;
	*name = vms__objcache_alloc(&name_cache);
	if (!*name)
		return -ENOMEM;
	atomic_init(&(*name)->refcount, 1);
	memcpy((*name)->text, text, len + 1);
	return 0;
}
