/* SPDX-License-Identifier: MIT */
/*
 * end.h - the end of what begin.h begins. In a program that defines
 * VMS_NO_KERNEL_NAMES, each name of Linux's means again what it meant to the
 * program before, and each macro of the library has a copy with a prefix:
 * VMS_GFP_KERNEL, vms_for_each_vma().
 *
 * Made by bazel/names.awk.
 */
/* clang-format off */
#ifdef __cplusplus
}
#pragma GCC diagnostic pop
#endif
#ifdef VMS_NO_KERNEL_NAMES
#undef VM_FAULT_OOM
#pragma pop_macro("VM_FAULT_OOM")
#undef VM_FAULT_SIGBUS
#pragma pop_macro("VM_FAULT_SIGBUS")
#undef VM_FAULT_MAJOR
#pragma pop_macro("VM_FAULT_MAJOR")
#undef VM_FAULT_SIGSEGV
#pragma pop_macro("VM_FAULT_SIGSEGV")
#undef VM_FAULT_NOPAGE
#pragma pop_macro("VM_FAULT_NOPAGE")
#undef VM_FAULT_LOCKED
#pragma pop_macro("VM_FAULT_LOCKED")
#undef VM_FAULT_RETRY
#pragma pop_macro("VM_FAULT_RETRY")
#undef VM_FAULT_ERROR
#pragma pop_macro("VM_FAULT_ERROR")
#undef FAULT_FLAG_WRITE
#pragma pop_macro("FAULT_FLAG_WRITE")
#undef FAULT_FLAG_MKWRITE
#pragma pop_macro("FAULT_FLAG_MKWRITE")
#undef FAULT_FLAG_TRIED
#pragma pop_macro("FAULT_FLAG_TRIED")
#undef FAULT_FLAG_USER
#pragma pop_macro("FAULT_FLAG_USER")
#undef FAULT_FLAG_REMOTE
#pragma pop_macro("FAULT_FLAG_REMOTE")
#undef FAULT_FLAG_INSTRUCTION
#pragma pop_macro("FAULT_FLAG_INSTRUCTION")
#undef FAULT_FLAG_VMA_LOCK
#pragma pop_macro("FAULT_FLAG_VMA_LOCK")
#undef FOLL_WRITE
#pragma pop_macro("FOLL_WRITE")
#undef FOLL_FORCE
#pragma pop_macro("FOLL_FORCE")
#undef handle_mm_fault
#pragma pop_macro("handle_mm_fault")
#undef vmf_insert_page
#pragma pop_macro("vmf_insert_page")
#undef vm_fault
#pragma pop_macro("vm_fault")
#undef vm_area_struct
#pragma pop_macro("vm_area_struct")
#undef mm_struct
#pragma pop_macro("mm_struct")
#undef page
#pragma pop_macro("page")
#undef FMODE_READ
#pragma pop_macro("FMODE_READ")
#undef FMODE_WRITE
#pragma pop_macro("FMODE_WRITE")
#undef get_file
#pragma pop_macro("get_file")
#undef fput
#pragma pop_macro("fput")
#undef unmap_mapping_range
#pragma pop_macro("unmap_mapping_range")
#undef unmap_mapping_pages
#pragma pop_macro("unmap_mapping_pages")
#undef rw_semaphore
#pragma pop_macro("rw_semaphore")
#undef rb_root
#pragma pop_macro("rb_root")
#undef address_space
#pragma pop_macro("address_space")
#undef maple_tree
#pragma pop_macro("maple_tree")
#undef file
#pragma pop_macro("file")
#undef vm_operations_struct
#pragma pop_macro("vm_operations_struct")
#undef vma_iterator
#pragma pop_macro("vma_iterator")
#undef ma_state
#pragma pop_macro("ma_state")
#undef __GFP_HIGH
#pragma pop_macro("__GFP_HIGH")
#undef __GFP_IO
#pragma pop_macro("__GFP_IO")
#undef __GFP_FS
#pragma pop_macro("__GFP_FS")
#undef __GFP_ZERO
#pragma pop_macro("__GFP_ZERO")
#undef __GFP_DIRECT_RECLAIM
#pragma pop_macro("__GFP_DIRECT_RECLAIM")
#undef __GFP_KSWAPD_RECLAIM
#pragma pop_macro("__GFP_KSWAPD_RECLAIM")
#undef __GFP_RECLAIM
#pragma pop_macro("__GFP_RECLAIM")
#undef __GFP_NOWARN
#pragma pop_macro("__GFP_NOWARN")
#undef __GFP_RETRY_MAYFAIL
#pragma pop_macro("__GFP_RETRY_MAYFAIL")
#undef __GFP_NORETRY
#pragma pop_macro("__GFP_NORETRY")
#undef __GFP_ACCOUNT
#pragma pop_macro("__GFP_ACCOUNT")
#undef GFP_ATOMIC
#pragma pop_macro("GFP_ATOMIC")
#undef GFP_KERNEL
#pragma pop_macro("GFP_KERNEL")
#undef GFP_KERNEL_ACCOUNT
#pragma pop_macro("GFP_KERNEL_ACCOUNT")
#undef GFP_NOWAIT
#pragma pop_macro("GFP_NOWAIT")
#undef GFP_NOIO
#pragma pop_macro("GFP_NOIO")
#undef GFP_NOFS
#pragma pop_macro("GFP_NOFS")
#undef gfpflags_allow_blocking
#pragma pop_macro("gfpflags_allow_blocking")
#undef gfp_t
#pragma pop_macro("gfp_t")
#undef mm_layout
#pragma pop_macro("mm_layout")
#undef mm_rules
#pragma pop_macro("mm_rules")
#undef list_head
#pragma pop_macro("list_head")
#undef MA_WR_STATE
#pragma pop_macro("MA_WR_STATE")
#undef MT_BUG_ON
#pragma pop_macro("MT_BUG_ON")
#undef MT_WARN_ON
#pragma pop_macro("MT_WARN_ON")
#undef MAS_BUG_ON
#pragma pop_macro("MAS_BUG_ON")
#undef MAS_WARN_ON
#pragma pop_macro("MAS_WARN_ON")
#undef MAS_WR_BUG_ON
#pragma pop_macro("MAS_WR_BUG_ON")
#undef MAS_WR_WARN_ON
#pragma pop_macro("MAS_WR_WARN_ON")
#undef mt_dump
#pragma pop_macro("mt_dump")
#undef mt_validate
#pragma pop_macro("mt_validate")
#undef mt_cache_shrink
#pragma pop_macro("mt_cache_shrink")
#undef mas_dump
#pragma pop_macro("mas_dump")
#undef mas_wr_dump
#pragma pop_macro("mas_wr_dump")
#undef maple_tree_tests_run
#pragma pop_macro("maple_tree_tests_run")
#undef maple_tree_tests_passed
#pragma pop_macro("maple_tree_tests_passed")
#undef mt_dump_format
#pragma pop_macro("mt_dump_format")
#undef ma_wr_state
#pragma pop_macro("ma_wr_state")
#undef mt_dump_dec
#pragma pop_macro("mt_dump_dec")
#undef mt_dump_hex
#pragma pop_macro("mt_dump_hex")
#undef MT_FLAGS_ALLOC_RANGE
#pragma pop_macro("MT_FLAGS_ALLOC_RANGE")
#undef MT_FLAGS_USE_RCU
#pragma pop_macro("MT_FLAGS_USE_RCU")
#undef MT_FLAGS_LOCK_MASK
#pragma pop_macro("MT_FLAGS_LOCK_MASK")
#undef MT_FLAGS_LOCK_IRQ
#pragma pop_macro("MT_FLAGS_LOCK_IRQ")
#undef MT_FLAGS_LOCK_BH
#pragma pop_macro("MT_FLAGS_LOCK_BH")
#undef MT_FLAGS_LOCK_EXTERN
#pragma pop_macro("MT_FLAGS_LOCK_EXTERN")
#undef MT_FLAGS_ALLOC_WRAPPED
#pragma pop_macro("MT_FLAGS_ALLOC_WRAPPED")
#undef MAPLE_HEIGHT_MAX
#pragma pop_macro("MAPLE_HEIGHT_MAX")
#undef MTREE_INIT
#pragma pop_macro("MTREE_INIT")
#undef MTREE_INIT_EXT
#pragma pop_macro("MTREE_INIT_EXT")
#undef DEFINE_MTREE
#pragma pop_macro("DEFINE_MTREE")
#undef mt_set_external_lock
#pragma pop_macro("mt_set_external_lock")
#undef mt_on_stack
#pragma pop_macro("mt_on_stack")
#undef mt_for_each
#pragma pop_macro("mt_for_each")
#undef MA_STATE
#pragma pop_macro("MA_STATE")
#undef MA_ERROR
#pragma pop_macro("MA_ERROR")
#undef mas_lock
#pragma pop_macro("mas_lock")
#undef mas_lock_nested
#pragma pop_macro("mas_lock_nested")
#undef mas_unlock
#pragma pop_macro("mas_unlock")
#undef mas_lock_irqsave
#pragma pop_macro("mas_lock_irqsave")
#undef mas_unlock_irqrestore
#pragma pop_macro("mas_unlock_irqrestore")
#undef mas_for_each
#pragma pop_macro("mas_for_each")
#undef mtree_lock
#pragma pop_macro("mtree_lock")
#undef mtree_lock_nested
#pragma pop_macro("mtree_lock_nested")
#undef mtree_unlock
#pragma pop_macro("mtree_unlock")
#undef mt_lock_is_held
#pragma pop_macro("mt_lock_is_held")
#undef mt_write_lock_is_held
#pragma pop_macro("mt_write_lock_is_held")
#undef mt_set_in_rcu
#pragma pop_macro("mt_set_in_rcu")
#undef mt_clear_in_rcu
#pragma pop_macro("mt_clear_in_rcu")
#undef mt_height
#pragma pop_macro("mt_height")
#undef mtree_load
#pragma pop_macro("mtree_load")
#undef mt_find
#pragma pop_macro("mt_find")
#undef mt_find_after
#pragma pop_macro("mt_find_after")
#undef mt_next
#pragma pop_macro("mt_next")
#undef mt_prev
#pragma pop_macro("mt_prev")
#undef mtree_store_range
#pragma pop_macro("mtree_store_range")
#undef mtree_store
#pragma pop_macro("mtree_store")
#undef mtree_insert_range
#pragma pop_macro("mtree_insert_range")
#undef mtree_insert
#pragma pop_macro("mtree_insert")
#undef mtree_erase
#pragma pop_macro("mtree_erase")
#undef mtree_alloc_range
#pragma pop_macro("mtree_alloc_range")
#undef mtree_alloc_rrange
#pragma pop_macro("mtree_alloc_rrange")
#undef mtree_alloc_cyclic
#pragma pop_macro("mtree_alloc_cyclic")
#undef mtree_dup
#pragma pop_macro("mtree_dup")
#undef __mt_dup
#pragma pop_macro("__mt_dup")
#undef mtree_destroy
#pragma pop_macro("mtree_destroy")
#undef __mt_destroy
#pragma pop_macro("__mt_destroy")
#undef mas_walk
#pragma pop_macro("mas_walk")
#undef mas_find_range
#pragma pop_macro("mas_find_range")
#undef mas_find_rev
#pragma pop_macro("mas_find_rev")
#undef mas_find_range_rev
#pragma pop_macro("mas_find_range_rev")
#undef mas_next_range
#pragma pop_macro("mas_next_range")
#undef mas_prev
#pragma pop_macro("mas_prev")
#undef mas_prev_range
#pragma pop_macro("mas_prev_range")
#undef mas_empty_area
#pragma pop_macro("mas_empty_area")
#undef mas_empty_area_rev
#pragma pop_macro("mas_empty_area_rev")
#undef mas_store
#pragma pop_macro("mas_store")
#undef mas_store_gfp
#pragma pop_macro("mas_store_gfp")
#undef mas_erase
#pragma pop_macro("mas_erase")
#undef mas_preallocate
#pragma pop_macro("mas_preallocate")
#undef mas_store_prealloc
#pragma pop_macro("mas_store_prealloc")
#undef mas_expected_entries
#pragma pop_macro("mas_expected_entries")
#undef mas_nomem
#pragma pop_macro("mas_nomem")
#undef mas_destroy
#pragma pop_macro("mas_destroy")
#undef mas_alloc_cyclic
#pragma pop_macro("mas_alloc_cyclic")
#undef mt_init_flags
#pragma pop_macro("mt_init_flags")
#undef mt_init
#pragma pop_macro("mt_init")
#undef mt_in_rcu
#pragma pop_macro("mt_in_rcu")
#undef mt_external_lock
#pragma pop_macro("mt_external_lock")
#undef maple_tree_init
#pragma pop_macro("maple_tree_init")
#undef mtree_empty
#pragma pop_macro("mtree_empty")
#undef mas_init_range
#pragma pop_macro("mas_init_range")
#undef mas_init
#pragma pop_macro("mas_init")
#undef mas_reset
#pragma pop_macro("mas_reset")
#undef __mas_set_range
#pragma pop_macro("__mas_set_range")
#undef mas_set_range
#pragma pop_macro("mas_set_range")
#undef mas_set
#pragma pop_macro("mas_set")
#undef mas_pause
#pragma pop_macro("mas_pause")
#undef mas_is_active
#pragma pop_macro("mas_is_active")
#undef mas_is_err
#pragma pop_macro("mas_is_err")
#undef mas_find
#pragma pop_macro("mas_find")
#undef mas_next
#pragma pop_macro("mas_next")
#undef maple_node
#pragma pop_macro("maple_node")
#undef maple_status
#pragma pop_macro("maple_status")
#undef ma_active
#pragma pop_macro("ma_active")
#undef ma_start
#pragma pop_macro("ma_start")
#undef ma_root
#pragma pop_macro("ma_root")
#undef ma_none
#pragma pop_macro("ma_none")
#undef ma_pause
#pragma pop_macro("ma_pause")
#undef ma_overflow
#pragma pop_macro("ma_overflow")
#undef ma_underflow
#pragma pop_macro("ma_underflow")
#undef ma_error
#pragma pop_macro("ma_error")
#undef IS_ERR_VALUE
#pragma pop_macro("IS_ERR_VALUE")
#undef ANON_VMA_NAME_MAX_LEN
#pragma pop_macro("ANON_VMA_NAME_MAX_LEN")
#undef mmget
#pragma pop_macro("mmget")
#undef mmget_not_zero
#pragma pop_macro("mmget_not_zero")
#undef mmput
#pragma pop_macro("mmput")
#undef mmgrab
#pragma pop_macro("mmgrab")
#undef mmdrop
#pragma pop_macro("mmdrop")
#undef mm_pgtables_bytes
#pragma pop_macro("mm_pgtables_bytes")
#undef do_mmap
#pragma pop_macro("do_mmap")
#undef do_munmap
#pragma pop_macro("do_munmap")
#undef get_unmapped_area
#pragma pop_macro("get_unmapped_area")
#undef mm_limits
#pragma pop_macro("mm_limits")
#undef VM_NONE
#pragma pop_macro("VM_NONE")
#undef VM_READ
#pragma pop_macro("VM_READ")
#undef VM_WRITE
#pragma pop_macro("VM_WRITE")
#undef VM_EXEC
#pragma pop_macro("VM_EXEC")
#undef VM_SHARED
#pragma pop_macro("VM_SHARED")
#undef VM_MAYREAD
#pragma pop_macro("VM_MAYREAD")
#undef VM_MAYWRITE
#pragma pop_macro("VM_MAYWRITE")
#undef VM_MAYEXEC
#pragma pop_macro("VM_MAYEXEC")
#undef VM_MAYSHARE
#pragma pop_macro("VM_MAYSHARE")
#undef VM_GROWSDOWN
#pragma pop_macro("VM_GROWSDOWN")
#undef VM_UFFD_MISSING
#pragma pop_macro("VM_UFFD_MISSING")
#undef VM_PFNMAP
#pragma pop_macro("VM_PFNMAP")
#undef VM_MAYBE_GUARD
#pragma pop_macro("VM_MAYBE_GUARD")
#undef VM_UFFD_WP
#pragma pop_macro("VM_UFFD_WP")
#undef VM_LOCKED
#pragma pop_macro("VM_LOCKED")
#undef VM_IO
#pragma pop_macro("VM_IO")
#undef VM_SEQ_READ
#pragma pop_macro("VM_SEQ_READ")
#undef VM_RAND_READ
#pragma pop_macro("VM_RAND_READ")
#undef VM_DONTCOPY
#pragma pop_macro("VM_DONTCOPY")
#undef VM_DONTEXPAND
#pragma pop_macro("VM_DONTEXPAND")
#undef VM_LOCKONFAULT
#pragma pop_macro("VM_LOCKONFAULT")
#undef VM_ACCOUNT
#pragma pop_macro("VM_ACCOUNT")
#undef VM_NORESERVE
#pragma pop_macro("VM_NORESERVE")
#undef VM_HUGETLB
#pragma pop_macro("VM_HUGETLB")
#undef VM_SYNC
#pragma pop_macro("VM_SYNC")
#undef VM_ARCH_1
#pragma pop_macro("VM_ARCH_1")
#undef VM_WIPEONFORK
#pragma pop_macro("VM_WIPEONFORK")
#undef VM_DONTDUMP
#pragma pop_macro("VM_DONTDUMP")
#undef VM_SOFTDIRTY
#pragma pop_macro("VM_SOFTDIRTY")
#undef VM_MIXEDMAP
#pragma pop_macro("VM_MIXEDMAP")
#undef VM_HUGEPAGE
#pragma pop_macro("VM_HUGEPAGE")
#undef VM_NOHUGEPAGE
#pragma pop_macro("VM_NOHUGEPAGE")
#undef VM_MERGEABLE
#pragma pop_macro("VM_MERGEABLE")
#undef VM_PKEY_BIT0
#pragma pop_macro("VM_PKEY_BIT0")
#undef VM_DROPPABLE
#pragma pop_macro("VM_DROPPABLE")
#undef VM_SEALED
#pragma pop_macro("VM_SEALED")
#undef VM_GROWSUP
#pragma pop_macro("VM_GROWSUP")
#undef VM_SHM
#pragma pop_macro("VM_SHM")
#undef VM_DENYWRITE
#pragma pop_macro("VM_DENYWRITE")
#undef VM_EXECUTABLE
#pragma pop_macro("VM_EXECUTABLE")
#undef VM_RESERVED
#pragma pop_macro("VM_RESERVED")
#undef VM_NONLINEAR
#pragma pop_macro("VM_NONLINEAR")
#undef VM_HUGESPACE
#pragma pop_macro("VM_HUGESPACE")
#undef VM_ACCESS_FLAGS
#pragma pop_macro("VM_ACCESS_FLAGS")
#undef VM_LOCKED_MASK
#pragma pop_macro("VM_LOCKED_MASK")
#undef VM_SPECIAL
#pragma pop_macro("VM_SPECIAL")
#undef VM_STACK
#pragma pop_macro("VM_STACK")
#undef MAP_32BIT
#pragma pop_macro("MAP_32BIT")
#undef MADV_POPULATE_READ
#pragma pop_macro("MADV_POPULATE_READ")
#undef MADV_POPULATE_WRITE
#pragma pop_macro("MADV_POPULATE_WRITE")
#undef MADV_DONTNEED_LOCKED
#pragma pop_macro("MADV_DONTNEED_LOCKED")
#undef MADV_GUARD_INSTALL
#pragma pop_macro("MADV_GUARD_INSTALL")
#undef MADV_GUARD_REMOVE
#pragma pop_macro("MADV_GUARD_REMOVE")
#undef MAP_DROPPABLE
#pragma pop_macro("MAP_DROPPABLE")
#undef PROT_GROWSDOWN
#pragma pop_macro("PROT_GROWSDOWN")
#undef PROT_GROWSUP
#pragma pop_macro("PROT_GROWSUP")
#undef vm_flags_t
#pragma pop_macro("vm_flags_t")
#undef mmap_read_lock
#pragma pop_macro("mmap_read_lock")
#undef mmap_read_trylock
#pragma pop_macro("mmap_read_trylock")
#undef mmap_read_unlock
#pragma pop_macro("mmap_read_unlock")
#undef mmap_write_lock
#pragma pop_macro("mmap_write_lock")
#undef mmap_write_trylock
#pragma pop_macro("mmap_write_trylock")
#undef mmap_write_unlock
#pragma pop_macro("mmap_write_unlock")
#undef mmap_write_downgrade
#pragma pop_macro("mmap_write_downgrade")
#undef mmap_assert_locked
#pragma pop_macro("mmap_assert_locked")
#undef mmap_assert_write_locked
#pragma pop_macro("mmap_assert_write_locked")
#undef lock_vma_under_rcu
#pragma pop_macro("lock_vma_under_rcu")
#undef vma_end_read
#pragma pop_macro("vma_end_read")
#undef vma_start_write
#pragma pop_macro("vma_start_write")
#undef vma_start_write_trylock
#pragma pop_macro("vma_start_write_trylock")
#undef vma_end_write
#pragma pop_macro("vma_end_write")
#undef vma_start_read
#pragma pop_macro("vma_start_read")
#undef vma_start_read_trylock
#pragma pop_macro("vma_start_read_trylock")
#undef vma_assert_write_locked
#pragma pop_macro("vma_assert_write_locked")
#undef vma_assert_locked
#pragma pop_macro("vma_assert_locked")
#undef PAGE_SHIFT
#pragma pop_macro("PAGE_SHIFT")
#undef PAGE_SIZE
#pragma pop_macro("PAGE_SIZE")
#undef PAGE_MASK
#pragma pop_macro("PAGE_MASK")
#undef PAGE_ALIGN
#pragma pop_macro("PAGE_ALIGN")
#undef pgprot_val
#pragma pop_macro("pgprot_val")
#undef anon_vma_name
#pragma pop_macro("anon_vma_name")
#undef pgoff_t
#pragma pop_macro("pgoff_t")
#undef vm_fault_t
#pragma pop_macro("vm_fault_t")
#undef pgprot_t
#pragma pop_macro("pgprot_t")
#undef MM_FILEPAGES
#pragma pop_macro("MM_FILEPAGES")
#undef MM_ANONPAGES
#pragma pop_macro("MM_ANONPAGES")
#undef MM_SHMEMPAGES
#pragma pop_macro("MM_SHMEMPAGES")
#undef MM_PGTABLES
#pragma pop_macro("MM_PGTABLES")
#undef NR_MM_COUNTERS
#pragma pop_macro("NR_MM_COUNTERS")
#undef RB_ROOT
#pragma pop_macro("RB_ROOT")
#undef rb_parent
#pragma pop_macro("rb_parent")
#undef rb_entry
#pragma pop_macro("rb_entry")
#undef rb_entry_safe
#pragma pop_macro("rb_entry_safe")
#undef RB_EMPTY_ROOT
#pragma pop_macro("RB_EMPTY_ROOT")
#undef RB_EMPTY_NODE
#pragma pop_macro("RB_EMPTY_NODE")
#undef RB_CLEAR_NODE
#pragma pop_macro("RB_CLEAR_NODE")
#undef rbtree_postorder_for_each_entry_safe
#pragma pop_macro("rbtree_postorder_for_each_entry_safe")
#undef RB_DECLARE_CALLBACKS
#pragma pop_macro("RB_DECLARE_CALLBACKS")
#undef RB_DECLARE_CALLBACKS_MAX
#pragma pop_macro("RB_DECLARE_CALLBACKS_MAX")
#undef rb_first
#pragma pop_macro("rb_first")
#undef rb_last
#pragma pop_macro("rb_last")
#undef rb_next
#pragma pop_macro("rb_next")
#undef rb_prev
#pragma pop_macro("rb_prev")
#undef rb_first_postorder
#pragma pop_macro("rb_first_postorder")
#undef rb_next_postorder
#pragma pop_macro("rb_next_postorder")
#undef rb_insert_color
#pragma pop_macro("rb_insert_color")
#undef rb_erase
#pragma pop_macro("rb_erase")
#undef rb_replace_node
#pragma pop_macro("rb_replace_node")
#undef rb_insert_augmented
#pragma pop_macro("rb_insert_augmented")
#undef rb_erase_augmented
#pragma pop_macro("rb_erase_augmented")
#undef rb_link_node
#pragma pop_macro("rb_link_node")
#undef rb_node
#pragma pop_macro("rb_node")
#undef rb_augment_callbacks
#pragma pop_macro("rb_augment_callbacks")
#undef DECLARE_RWSEM
#pragma pop_macro("DECLARE_RWSEM")
#undef init_rwsem
#pragma pop_macro("init_rwsem")
#undef down_read
#pragma pop_macro("down_read")
#undef down_read_trylock
#pragma pop_macro("down_read_trylock")
#undef down_read_timeout
#pragma pop_macro("down_read_timeout")
#undef up_read
#pragma pop_macro("up_read")
#undef down_write
#pragma pop_macro("down_write")
#undef down_write_trylock
#pragma pop_macro("down_write_trylock")
#undef down_write_timeout
#pragma pop_macro("down_write_timeout")
#undef up_write
#pragma pop_macro("up_write")
#undef downgrade_write
#pragma pop_macro("downgrade_write")
#undef rwsem_is_locked
#pragma pop_macro("rwsem_is_locked")
#undef rwsem_is_write_locked
#pragma pop_macro("rwsem_is_write_locked")
#undef rwsem_is_contended
#pragma pop_macro("rwsem_is_contended")
#undef rwsem_assert_held
#pragma pop_macro("rwsem_assert_held")
#undef rwsem_assert_held_write
#pragma pop_macro("rwsem_assert_held_write")
#undef CLONE_VM
#pragma pop_macro("CLONE_VM")
#undef exit_mm
#pragma pop_macro("exit_mm")
#undef context_switch
#pragma pop_macro("context_switch")
#undef kthread_use_mm
#pragma pop_macro("kthread_use_mm")
#undef kthread_unuse_mm
#pragma pop_macro("kthread_unuse_mm")
#undef get_task_mm
#pragma pop_macro("get_task_mm")
#undef task
#pragma pop_macro("task")
#undef VMA_ITERATOR
#pragma pop_macro("VMA_ITERATOR")
#undef for_each_vma
#pragma pop_macro("for_each_vma")
#undef for_each_vma_range
#pragma pop_macro("for_each_vma_range")
#undef find_vma
#pragma pop_macro("find_vma")
#undef vma_lookup
#pragma pop_macro("vma_lookup")
#undef vma_first
#pragma pop_macro("vma_first")
#undef find_vma_intersection
#pragma pop_macro("find_vma_intersection")
#undef find_vma_prev
#pragma pop_macro("find_vma_prev")
#undef vma_next
#pragma pop_macro("vma_next")
#undef vma_prev
#pragma pop_macro("vma_prev")
#undef insert_vm_struct
#pragma pop_macro("insert_vm_struct")
#undef split_vma
#pragma pop_macro("split_vma")
#undef vma_merge
#pragma pop_macro("vma_merge")
#undef vma_expand
#pragma pop_macro("vma_expand")
#undef vma_shrink
#pragma pop_macro("vma_shrink")
#undef vma_adjust
#pragma pop_macro("vma_adjust")
#undef expand_stack
#pragma pop_macro("expand_stack")
#undef expand_stack_locked
#pragma pop_macro("expand_stack_locked")
#undef vm_area_alloc
#pragma pop_macro("vm_area_alloc")
#undef vm_area_dup
#pragma pop_macro("vm_area_dup")
#undef vm_area_free
#pragma pop_macro("vm_area_free")
#undef vm_flags_init
#pragma pop_macro("vm_flags_init")
#undef vm_flags_reset
#pragma pop_macro("vm_flags_reset")
#undef vm_flags_set
#pragma pop_macro("vm_flags_set")
#undef vm_flags_clear
#pragma pop_macro("vm_flags_clear")
#undef vm_flags_mod
#pragma pop_macro("vm_flags_mod")
#undef vm_get_page_prot
#pragma pop_macro("vm_get_page_prot")
#undef vma_set_page_prot
#pragma pop_macro("vma_set_page_prot")
#undef vma_iter_init
#pragma pop_macro("vma_iter_init")
#undef XA_RETRY_ENTRY
#pragma pop_macro("XA_RETRY_ENTRY")
#undef XA_ZERO_ENTRY
#pragma pop_macro("XA_ZERO_ENTRY")
#undef xa_mk_value
#pragma pop_macro("xa_mk_value")
#undef xa_to_value
#pragma pop_macro("xa_to_value")
#undef xa_is_value
#pragma pop_macro("xa_is_value")
#undef xa_tag_pointer
#pragma pop_macro("xa_tag_pointer")
#undef xa_untag_pointer
#pragma pop_macro("xa_untag_pointer")
#undef xa_pointer_tag
#pragma pop_macro("xa_pointer_tag")
#undef xa_mk_internal
#pragma pop_macro("xa_mk_internal")
#undef xa_to_internal
#pragma pop_macro("xa_to_internal")
#undef xa_is_internal
#pragma pop_macro("xa_is_internal")
#undef xa_is_zero
#pragma pop_macro("xa_is_zero")
#undef xa_is_advanced
#pragma pop_macro("xa_is_advanced")
#undef xa_is_err
#pragma pop_macro("xa_is_err")
#undef xa_err
#pragma pop_macro("xa_err")
#ifndef VMASTORE_END_H
#define VMASTORE_END_H
#define VMS_VM_FAULT_OOM 0x000001u
#define VMS_VM_FAULT_SIGBUS 0x000002u
#define VMS_VM_FAULT_MAJOR 0x000004u
#define VMS_VM_FAULT_SIGSEGV 0x000040u
#define VMS_VM_FAULT_NOPAGE 0x000100u
#define VMS_VM_FAULT_LOCKED 0x000200u
#define VMS_VM_FAULT_RETRY 0x000400u
#define VMS_VM_FAULT_ERROR (VMS_VM_FAULT_OOM | VMS_VM_FAULT_SIGBUS | VMS_VM_FAULT_SIGSEGV)
#define VMS_FAULT_FLAG_WRITE 0x01u
#define VMS_FAULT_FLAG_MKWRITE 0x02u
#define VMS_FAULT_FLAG_TRIED 0x20u
#define VMS_FAULT_FLAG_USER 0x40u
#define VMS_FAULT_FLAG_REMOTE 0x80u
#define VMS_FAULT_FLAG_INSTRUCTION 0x100u
#define VMS_FAULT_FLAG_VMA_LOCK 0x1000u
#define VMS_FOLL_WRITE 0x01u
#define VMS_FOLL_FORCE 0x08u
#define VMS_FMODE_READ 1u
#define VMS_FMODE_WRITE 2u
#define VMS___GFP_HIGH 0x20u
#define VMS___GFP_IO 0x40u
#define VMS___GFP_FS 0x80u
#define VMS___GFP_ZERO 0x100u
#define VMS___GFP_DIRECT_RECLAIM 0x400u
#define VMS___GFP_KSWAPD_RECLAIM 0x800u
#define VMS___GFP_RECLAIM (VMS___GFP_DIRECT_RECLAIM | VMS___GFP_KSWAPD_RECLAIM)
#define VMS___GFP_NOWARN 0x2000u
#define VMS___GFP_RETRY_MAYFAIL 0x4000u
#define VMS___GFP_NORETRY 0x10000u
#define VMS___GFP_ACCOUNT 0x400000u
#define VMS_GFP_ATOMIC (VMS___GFP_HIGH | VMS___GFP_KSWAPD_RECLAIM)
#define VMS_GFP_KERNEL (VMS___GFP_RECLAIM | VMS___GFP_IO | VMS___GFP_FS)
#define VMS_GFP_KERNEL_ACCOUNT (VMS_GFP_KERNEL | VMS___GFP_ACCOUNT)
#define VMS_GFP_NOWAIT (VMS___GFP_KSWAPD_RECLAIM | VMS___GFP_NOWARN)
#define VMS_GFP_NOIO VMS___GFP_RECLAIM
#define VMS_GFP_NOFS (VMS___GFP_RECLAIM | VMS___GFP_IO)
#define VMS_MA_WR_STATE(name, vms_ma_state, wr_entry) \
	struct vms_ma_wr_state name = {(vms_ma_state), (wr_entry)}
#define VMS_MT_BUG_ON(tree, x) ((void)VMS_MT_CHECK(x, #x, true, tree, NULL, NULL))
#define VMS_MT_WARN_ON(tree, x) VMS_MT_CHECK(x, #x, false, tree, NULL, NULL)
#define VMS_MAS_BUG_ON(vms_ma_state, x) \
	((void)VMS_MT_CHECK(x, #x, true, NULL, vms_ma_state, NULL))
#define VMS_MAS_WARN_ON(vms_ma_state, x) VMS_MT_CHECK(x, #x, false, NULL, vms_ma_state, NULL)
#define VMS_MAS_WR_BUG_ON(wr_state, x) ((void)VMS_MT_CHECK(x, #x, true, NULL, NULL, wr_state))
#define VMS_MAS_WR_WARN_ON(wr_state, x) VMS_MT_CHECK(x, #x, false, NULL, NULL, wr_state)
#define VMS_MT_FLAGS_ALLOC_RANGE 0x01u
#define VMS_MT_FLAGS_USE_RCU 0x02u
#define VMS_MT_FLAGS_LOCK_MASK 0x300u
#define VMS_MT_FLAGS_LOCK_IRQ 0x100u
#define VMS_MT_FLAGS_LOCK_BH 0x200u
#define VMS_MT_FLAGS_LOCK_EXTERN 0x300u
#define VMS_MT_FLAGS_ALLOC_WRAPPED 0x800u
#define VMS_MAPLE_HEIGHT_MAX 20
#define VMS_MTREE_INIT(name, flags) \
	{ \
		VMS_ATOMIC_INIT(NULL), VMS_ATOMIC_INIT(0), VMS_ATOMIC_INIT(flags), NULL \
	}
#define VMS_MTREE_INIT_EXT(name, flags, lock) \
	{ \
		VMS_ATOMIC_INIT(NULL), VMS_ATOMIC_INIT(0), VMS_ATOMIC_INIT(flags), \
			VMS_MT_EXTERNAL_LOCK(&(lock)) \
	}
#define VMS_DEFINE_MTREE(name) struct vms_maple_tree name = VMS_MTREE_INIT(name, 0)
#define vms_mt_set_external_lock(mt, lock) \
	((void)((mt)->ma_external_lock = VMS_MT_EXTERNAL_LOCK(lock)))
#define vms_mt_on_stack(mt) ((void)((mt).ma_external_lock = NULL))
#define vms_mt_for_each(mt, entry, index, max) \
	for (vms_assign(entry, vms_mt_find((mt), &(index), (max))); (entry) != NULL; \
	     vms_assign(entry, vms_mt_find_after((mt), &(index), (max))))
#define VMS_MA_STATE(name, mt, first, end) \
	struct vms_ma_state name; \
	const bool __attribute__((unused)) name##_begun = \
		vms_mas_init_range(&name, (mt), (first), (end))
#define VMS_MA_ERROR(err) \
	((struct vms_maple_node *)vms_xa_mk_internal((unsigned long)(long)(err)))
#define vms_mas_lock(mas) vms_mtree_lock((mas)->tree)
#define vms_mas_lock_nested(mas, subclass) vms_mtree_lock_nested((mas)->tree, (subclass))
#define vms_mas_unlock(mas) vms_mtree_unlock((mas)->tree)
#define vms_mas_lock_irqsave(mas, flags) ((void)((flags) = 0), vms_mtree_lock((mas)->tree))
#define vms_mas_unlock_irqrestore(mas, flags) ((void)(flags), vms_mtree_unlock((mas)->tree))
#define vms_mas_for_each(mas, entry, max) \
	while (vms_assign(entry, vms_mas_find((mas), (max))) != NULL)
#define VMS_IS_ERR_VALUE(x) vms_unlikely((unsigned long)(x) >= (unsigned long)-4095L)
#define VMS_ANON_VMA_NAME_MAX_LEN 80
#define VMS_VM_NONE 0x0UL
#define VMS_VM_READ 0x1UL
#define VMS_VM_WRITE 0x2UL
#define VMS_VM_EXEC 0x4UL
#define VMS_VM_SHARED 0x8UL
#define VMS_VM_MAYREAD 0x10UL
#define VMS_VM_MAYWRITE 0x20UL
#define VMS_VM_MAYEXEC 0x40UL
#define VMS_VM_MAYSHARE 0x80UL
#define VMS_VM_GROWSDOWN 0x100UL
#define VMS_VM_UFFD_MISSING 0x200UL
#define VMS_VM_PFNMAP 0x400UL
#define VMS_VM_MAYBE_GUARD 0x800UL
#define VMS_VM_UFFD_WP 0x1000UL
#define VMS_VM_LOCKED 0x2000UL
#define VMS_VM_IO 0x4000UL
#define VMS_VM_SEQ_READ 0x8000UL
#define VMS_VM_RAND_READ 0x10000UL
#define VMS_VM_DONTCOPY 0x20000UL
#define VMS_VM_DONTEXPAND 0x40000UL
#define VMS_VM_LOCKONFAULT 0x80000UL
#define VMS_VM_ACCOUNT 0x100000UL
#define VMS_VM_NORESERVE 0x200000UL
#define VMS_VM_HUGETLB 0x400000UL
#define VMS_VM_SYNC 0x800000UL
#define VMS_VM_ARCH_1 0x1000000UL
#define VMS_VM_WIPEONFORK 0x2000000UL
#define VMS_VM_DONTDUMP 0x4000000UL
#define VMS_VM_SOFTDIRTY 0x8000000UL
#define VMS_VM_MIXEDMAP 0x10000000UL
#define VMS_VM_HUGEPAGE 0x20000000UL
#define VMS_VM_NOHUGEPAGE 0x40000000UL
#define VMS_VM_MERGEABLE 0x80000000UL
#define VMS_VM_PKEY_BIT0 (1UL << 32)
#define VMS_VM_DROPPABLE (1UL << 40)
#define VMS_VM_SEALED (1UL << 42)
#define VMS_VM_GROWSUP VMS_VM_NONE
#define VMS_VM_SHM VMS_VM_NONE
#define VMS_VM_DENYWRITE VMS_VM_NONE
#define VMS_VM_EXECUTABLE VMS_VM_NONE
#define VMS_VM_RESERVED VMS_VM_NONE
#define VMS_VM_NONLINEAR VMS_VM_NONE
#define VMS_VM_HUGESPACE VMS_VM_NONE
#define VMS_VM_ACCESS_FLAGS (VMS_VM_READ | VMS_VM_WRITE | VMS_VM_EXEC)
#define VMS_VM_LOCKED_MASK (VMS_VM_LOCKED | VMS_VM_LOCKONFAULT)
#define VMS_VM_SPECIAL (VMS_VM_IO | VMS_VM_DONTEXPAND | VMS_VM_PFNMAP | VMS_VM_MIXEDMAP)
#define VMS_VM_STACK VMS_VM_GROWSDOWN
#define VMS_MAP_32BIT 0x40
#define VMS_MADV_POPULATE_READ 22
#define VMS_MADV_POPULATE_WRITE 23
#define VMS_MADV_DONTNEED_LOCKED 24
#define VMS_MADV_GUARD_INSTALL 102
#define VMS_MADV_GUARD_REMOVE 103
#define VMS_MAP_DROPPABLE 0x08
#define VMS_PROT_GROWSDOWN 0x01000000
#define VMS_PROT_GROWSUP 0x02000000
#define VMS_PAGE_SIZE (1UL << VMS_PAGE_SHIFT)
#define VMS_PAGE_MASK (~(VMS_PAGE_SIZE - 1))
#define VMS_PAGE_ALIGN(x) (((x) + VMS_PAGE_SIZE - 1) & VMS_PAGE_MASK)
#define vms_pgprot_val(prot) ((prot).pgprot)
#define VMS_RB_ROOT \
	VMS_LITERAL(vms_rb_root) \
	{ \
		NULL \
	}
#define vms_rb_parent(node) ((struct vms_rb_node *)((node)->__rb_parent_color & ~1UL))
#define vms_rb_entry(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))
#define vms_rb_entry_safe(ptr, type, member) \
	__extension__({ \
		__typeof__(ptr) __rb_ptr = (ptr); \
		__rb_ptr ? vms_rb_entry(__rb_ptr, type, member) : NULL; \
	})
#define VMS_RB_EMPTY_ROOT(root) ((root)->rb_node == NULL)
#define VMS_RB_EMPTY_NODE(node) ((node)->__rb_parent_color == (unsigned long)(node))
#define VMS_RB_CLEAR_NODE(node) ((node)->__rb_parent_color = (unsigned long)(node))
#define vms_rbtree_postorder_for_each_entry_safe(pos, n, root, field) \
	for ((pos) = vms_rb_entry_safe(vms_rb_first_postorder(root), \
		__typeof__(*(pos)), field); \
	     (pos) && \
	     ((n) = vms_rb_entry_safe(vms_rb_next_postorder(&(pos)->field), \
		__typeof__(*(pos)), field), \
	     true); \
	     (pos) = (n))
#define VMS_RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, rbaugmented, rbcompute) \
	static inline void rbname##_propagate(struct vms_rb_node *rb, struct \
		vms_rb_node *stop) \
	{ \
		while (rb != stop && !rbcompute(vms_rb_entry(rb, rbstruct, rbfield), true)) \
			rb = vms_rb_parent(rb); \
	} \
	static inline void rbname##_copy(struct vms_rb_node *rb_old, struct \
		vms_rb_node *rb_new) \
	{ \
		vms_rb_entry(rb_new, rbstruct, rbfield)->rbaugmented = \
			vms_rb_entry(rb_old, rbstruct, rbfield)->rbaugmented; \
	} \
	static inline void rbname##_rotate(struct vms_rb_node *rb_old, \
		struct vms_rb_node *rb_new) \
	{ \
		rbname##_copy(rb_old, rb_new); \
		rbcompute(vms_rb_entry(rb_old, rbstruct, rbfield), false); \
	} \
	rbstatic const struct vms_rb_augment_callbacks rbname = \
		{rbname##_propagate, rbname##_copy, \
							     rbname##_rotate}
#define VMS_RB_DECLARE_CALLBACKS_MAX(rbstatic, rbname, rbstruct, rbfield, rbtype, rbaugmented, \
				 rbvalue) \
	static inline bool rbname##_compute_max(rbstruct *node, bool exit) \
	{ \
		rbtype max = rbvalue(node); \
 \
		if (node->rbfield.rb_left) { \
			rbtype child = \
				vms_rb_entry(node->rbfield.rb_left, rbstruct, \
		rbfield)->rbaugmented; \
 \
			if (child > max) \
				max = child; \
		} \
		if (node->rbfield.rb_right) { \
			rbtype child = \
				vms_rb_entry(node->rbfield.rb_right, rbstruct, \
		rbfield)->rbaugmented; \
 \
			if (child > max) \
				max = child; \
		} \
		if (exit && node->rbaugmented == max) \
			return true; \
		node->rbaugmented = max; \
		return false; \
	} \
	VMS_RB_DECLARE_CALLBACKS(rbstatic, rbname, rbstruct, rbfield, \
		rbaugmented, rbname##_compute_max)
#define VMS_DECLARE_RWSEM(name) struct vms_rw_semaphore name = VMS_RWSEM_INIT
#define VMS_CLONE_VM 0x00000100
#define VMS_VMA_ITERATOR(name, __mm, __addr) \
	struct vms_vma_iterator name; \
	const bool __attribute__((unused)) name##_begun = \
		vms_vma_iter_init(&name, (__mm), (__addr))
#define vms_for_each_vma(vmi, vma) while (((vma) = vms_vma_next(&(vmi))) != NULL)
#define vms_for_each_vma_range(vmi, vma, end) \
	while (((vma) = vms_vma_next(&(vmi))) != NULL && (vma)->vm_start < (end))
#define VMS_XA_RETRY_ENTRY vms_xa_mk_internal(256)
#define VMS_XA_ZERO_ENTRY vms_xa_mk_internal(257)
#endif
#endif
