/* SPDX-License-Identifier: MIT */
/*
 * types.c - the fields as tables. A field that is added to one of these
 * structures must be added here. Read first: types.h.
 *
 * Locks: none; the tables are constant.
 */
#include "lib/where/types.h"

#include <vmastore/file.h>
#include <vmastore/mm_types.h>

#include "lib/page/struct_page.h"
#include "lib/page/pgtable.h"
#include "lib/page/rmap/rmap.h"

#define FIELD_ALIGNED(type, member, alignment)                                                     \
	{                                                                                          \
		.name = #member, .offset = offsetof(struct type, member),                          \
		.size = sizeof(((struct type *)0)->member), .align = (alignment)                   \
	}
#define FIELD(type, member) FIELD_ALIGNED(type, member, __alignof__(((struct type *)0)->member))
#define NR(fields) (sizeof(fields) / sizeof((fields)[0]))
#define TYPE(label, cached, type, fields)                                                          \
	{                                                                                          \
		.name = (label), .cache = (cached), .size = sizeof(struct type),                   \
		.field = (fields), .nr = NR(fields)                                                \
	}

/* The fields of an address space that both kinds of index share. */
#define MM(member) FIELD(mm_struct, member)
#define MM_ALL                                                                                     \
	MM(engine), MM(pgd), MM(counters), MM(mm_lock_seq), MM(kept_leaf), MM(mmap_lock),          \
		MM(mm_users), MM(mm_count), MM(page_table_lock), MM(unmaps_begun),                 \
		MM(unmaps_done), MM(map_count), MM(total_vm), MM(data_vm), MM(exec_vm),            \
		MM(stack_vm), MM(locked_vm), MM(hiwater_vm), MM(hiwater_rss), MM(pinned_vm),       \
		MM(write_protect_seq), MM(def_flags), MM(start_brk), MM(brk), MM(start_stack),     \
		MM(start_code), MM(end_code), MM(start_data), MM(end_data), MM(arg_start),         \
		MM(arg_end), MM(env_start), MM(env_end), MM(map_seq), MM(limits), MM(layout),      \
		MM(pgd_high), MM(rules), MM(owner), MM(mmlist)

/* The index's first member takes the alignment of the whole union. */
#define INDEX(member) FIELD_ALIGNED(mm_struct, member, VMS_CACHELINE)

static const struct vms__where_field mm_maple[] = {MM_ALL, INDEX(mm_mt)};
static const struct vms__where_field mm_rbtree[] = {
	MM_ALL, INDEX(mm_rb), MM(mmap), MM(highest_vm_end), MM(vmacache_id), MM(vmacache_seq),
};

const struct vms__where_type vms__where_mm_maple = TYPE("mm", NULL, mm_struct, mm_maple);
const struct vms__where_type vms__where_mm_rbtree = TYPE("mm", NULL, mm_struct, mm_rbtree);

#define VMA(member) FIELD(vm_area_struct, member)
static const struct vms__where_field vma[] = {
	VMA(vm_start),       VMA(vm_end),          VMA(vm_rb),          VMA(vm_mm),
	VMA(vm_flags),       VMA(vm_lock_seq),     VMA(vm_next),        VMA(vm_prev),
	VMA(rb_subtree_gap), VMA(vm_pgoff),        VMA(vm_file),        VMA(vm_ops),
	VMA(anon_vma),       VMA(vm_private_data), VMA(vm_refcnt),      VMA(vm_index_state),
	VMA(vm_i_mmap),      VMA(vm_page_prot),    VMA(anon_vma_chain), VMA(shared),
	VMA(anon_name),
};

#define PAGE(member) FIELD(page, member)
static const struct vms__where_field page[] = {
	PAGE(refcount), PAGE(mapcount), PAGE(flags), PAGE(mapping),      PAGE(index),
	PAGE(word),     PAGE(dirty),    PAGE(gone),  PAGE(next_leaving),
};

#define PTABLE(member) FIELD(vms__ptable, member)
static const struct vms__where_field ptable[] = {PTABLE(lock), PTABLE(used), PTABLE(vacated),
						 PTABLE(lines), PTABLE(entry)};

#define ANON_VMA(member) FIELD(anon_vma, member)
static const struct vms__where_field anon_vma[] = {
	ANON_VMA(root),         ANON_VMA(parent),          ANON_VMA(lock),  ANON_VMA(refcount),
	ANON_VMA(num_children), ANON_VMA(num_active_vmas), ANON_VMA(links),
};

#define CHAIN(member) FIELD(anon_vma_chain, member)
static const struct vms__where_field chain[] = {CHAIN(vma), CHAIN(anon_vma), CHAIN(same_vma),
						CHAIN(same_anon_vma)};

/*
 * The second string is the object cache's name, as its file in lib/ gives it.
 */
const struct vms__where_type vms__where_cached[] = {
	TYPE("vma", "vm_area_struct", vm_area_struct, vma),
	TYPE("page", "page", page, page),
	TYPE("page table", "page table", vms__ptable, ptable),
	TYPE("anon_vma", "anon_vma", anon_vma, anon_vma),
	TYPE("anon_vma_chain", "anon_vma_chain", anon_vma_chain, chain),
	{.name = NULL},
};
