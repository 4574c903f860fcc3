/* SPDX-License-Identifier: MIT */
/*
 * ranges.c - a program outside the tree that uses the maple tree alone: ranges,
 * a read section of RCU, an rw-semaphore.
 */
#include <stdio.h>
#include <vmastore/maple_tree.h>
#include <vmastore/memory.h>
#include <vmastore/rwsem.h>

static DECLARE_RWSEM(lock);

int main(void)
{
	struct maple_tree mt = MTREE_INIT(mt, MT_FLAGS_USE_RCU);
	unsigned long index = 0;
	void *entry;

	for (unsigned long i = 0; i < 1000; i++) {
		if (mtree_store_range(&mt, 10 * i, 10 * i + 4, xa_mk_value(i), GFP_KERNEL) != 0)
			return 1;
	}
	down_read(&lock);
	rcu_read_lock();
	entry = mt_find(&mt, &index, 10);
	rcu_read_unlock();
	up_read(&lock);
	if (entry != xa_mk_value(0) || mtree_load(&mt, 9994) != xa_mk_value(999) ||
	    mtree_load(&mt, 9995))
		return 1;
	mtree_destroy(&mt);
	if (vms_leak_report(stderr) != 0)
		return 1;
	puts("ranges: ok");
	return 0;
}
