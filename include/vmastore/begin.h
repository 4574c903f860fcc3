/* SPDX-License-Identifier: MIT */
/*
 * begin.h - each public header includes this before its declarations, and end.h
 * after them. A C++ compiler is told that they are C's, where a structure and a
 * function may share a name. In a program that defines VMS_NO_KERNEL_NAMES,
 * Linux's names become names with a prefix from here to end.h: find_vma() is
 * declared as vms_find_vma(), struct list_head as struct vms_list_head. What the
 * program has under these names is put aside meanwhile.
 *
 * Made by bazel/names.awk.
 */
/* clang-format off */
#ifdef VMS_NO_KERNEL_NAMES
#pragma push_macro("VM_FAULT_OOM")
#undef VM_FAULT_OOM
#pragma push_macro("VM_FAULT_SIGBUS")
#undef VM_FAULT_SIGBUS
#pragma push_macro("VM_FAULT_MAJOR")
#undef VM_FAULT_MAJOR
#pragma push_macro("VM_FAULT_SIGSEGV")
#undef VM_FAULT_SIGSEGV
#pragma push_macro("VM_FAULT_NOPAGE")
#undef VM_FAULT_NOPAGE
#pragma push_macro("VM_FAULT_LOCKED")
#undef VM_FAULT_LOCKED
#pragma push_macro("VM_FAULT_RETRY")
#undef VM_FAULT_RETRY
#pragma push_macro("VM_FAULT_ERROR")
#undef VM_FAULT_ERROR
#pragma push_macro("FAULT_FLAG_WRITE")
#undef FAULT_FLAG_WRITE
#pragma push_macro("FAULT_FLAG_MKWRITE")
#undef FAULT_FLAG_MKWRITE
#pragma push_macro("FAULT_FLAG_TRIED")
#undef FAULT_FLAG_TRIED
#pragma push_macro("FAULT_FLAG_USER")
#undef FAULT_FLAG_USER
#pragma push_macro("FAULT_FLAG_REMOTE")
#undef FAULT_FLAG_REMOTE
#pragma push_macro("FAULT_FLAG_INSTRUCTION")
#undef FAULT_FLAG_INSTRUCTION
#pragma push_macro("FAULT_FLAG_VMA_LOCK")
#undef FAULT_FLAG_VMA_LOCK
#pragma push_macro("FOLL_WRITE")
#undef FOLL_WRITE
#pragma push_macro("FOLL_FORCE")
#undef FOLL_FORCE
#pragma push_macro("handle_mm_fault")
#undef handle_mm_fault
#define handle_mm_fault vms_handle_mm_fault
#pragma push_macro("vmf_insert_page")
#undef vmf_insert_page
#define vmf_insert_page vms_vmf_insert_page
#pragma push_macro("vm_fault")
#undef vm_fault
#define vm_fault vms_vm_fault
#pragma push_macro("vm_area_struct")
#undef vm_area_struct
#define vm_area_struct vms_vm_area_struct
#pragma push_macro("mm_struct")
#undef mm_struct
#define mm_struct vms_mm_struct
#pragma push_macro("page")
#undef page
#define page vms_page
#pragma push_macro("FMODE_READ")
#undef FMODE_READ
#pragma push_macro("FMODE_WRITE")
#undef FMODE_WRITE
#pragma push_macro("get_file")
#undef get_file
#define get_file vms_get_file
#pragma push_macro("fput")
#undef fput
#define fput vms_fput
#pragma push_macro("unmap_mapping_range")
#undef unmap_mapping_range
#define unmap_mapping_range vms_unmap_mapping_range
#pragma push_macro("unmap_mapping_pages")
#undef unmap_mapping_pages
#define unmap_mapping_pages vms_unmap_mapping_pages
#pragma push_macro("rw_semaphore")
#undef rw_semaphore
#define rw_semaphore vms_rw_semaphore
#pragma push_macro("rb_root")
#undef rb_root
#define rb_root vms_rb_root
#pragma push_macro("address_space")
#undef address_space
#define address_space vms_address_space
#pragma push_macro("maple_tree")
#undef maple_tree
#define maple_tree vms_maple_tree
#pragma push_macro("file")
#undef file
#define file vms_file
#pragma push_macro("vm_operations_struct")
#undef vm_operations_struct
#define vm_operations_struct vms_vm_operations_struct
#pragma push_macro("vma_iterator")
#undef vma_iterator
#define vma_iterator vms_vma_iterator
#pragma push_macro("ma_state")
#undef ma_state
#define ma_state vms_ma_state
#pragma push_macro("__GFP_HIGH")
#undef __GFP_HIGH
#pragma push_macro("__GFP_IO")
#undef __GFP_IO
#pragma push_macro("__GFP_FS")
#undef __GFP_FS
#pragma push_macro("__GFP_ZERO")
#undef __GFP_ZERO
#pragma push_macro("__GFP_DIRECT_RECLAIM")
#undef __GFP_DIRECT_RECLAIM
#pragma push_macro("__GFP_KSWAPD_RECLAIM")
#undef __GFP_KSWAPD_RECLAIM
#pragma push_macro("__GFP_RECLAIM")
#undef __GFP_RECLAIM
#pragma push_macro("__GFP_NOWARN")
#undef __GFP_NOWARN
#pragma push_macro("__GFP_RETRY_MAYFAIL")
#undef __GFP_RETRY_MAYFAIL
#pragma push_macro("__GFP_NORETRY")
#undef __GFP_NORETRY
#pragma push_macro("__GFP_ACCOUNT")
#undef __GFP_ACCOUNT
#pragma push_macro("GFP_ATOMIC")
#undef GFP_ATOMIC
#pragma push_macro("GFP_KERNEL")
#undef GFP_KERNEL
#pragma push_macro("GFP_KERNEL_ACCOUNT")
#undef GFP_KERNEL_ACCOUNT
#pragma push_macro("GFP_NOWAIT")
#undef GFP_NOWAIT
#pragma push_macro("GFP_NOIO")
#undef GFP_NOIO
#pragma push_macro("GFP_NOFS")
#undef GFP_NOFS
#pragma push_macro("gfpflags_allow_blocking")
#undef gfpflags_allow_blocking
#define gfpflags_allow_blocking vms_gfpflags_allow_blocking
#pragma push_macro("gfp_t")
#undef gfp_t
#define gfp_t vms_gfp_t
#pragma push_macro("mm_layout")
#undef mm_layout
#define mm_layout vms_mm_layout
#pragma push_macro("mm_rules")
#undef mm_rules
#define mm_rules vms_mm_rules
#pragma push_macro("list_head")
#undef list_head
#define list_head vms_list_head
#pragma push_macro("MA_WR_STATE")
#undef MA_WR_STATE
#pragma push_macro("MT_BUG_ON")
#undef MT_BUG_ON
#pragma push_macro("MT_WARN_ON")
#undef MT_WARN_ON
#pragma push_macro("MAS_BUG_ON")
#undef MAS_BUG_ON
#pragma push_macro("MAS_WARN_ON")
#undef MAS_WARN_ON
#pragma push_macro("MAS_WR_BUG_ON")
#undef MAS_WR_BUG_ON
#pragma push_macro("MAS_WR_WARN_ON")
#undef MAS_WR_WARN_ON
#pragma push_macro("mt_dump")
#undef mt_dump
#define mt_dump vms_mt_dump
#pragma push_macro("mt_validate")
#undef mt_validate
#define mt_validate vms_mt_validate
#pragma push_macro("mt_cache_shrink")
#undef mt_cache_shrink
#define mt_cache_shrink vms_mt_cache_shrink
#pragma push_macro("mas_dump")
#undef mas_dump
#define mas_dump vms_mas_dump
#pragma push_macro("mas_wr_dump")
#undef mas_wr_dump
#define mas_wr_dump vms_mas_wr_dump
#pragma push_macro("maple_tree_tests_run")
#undef maple_tree_tests_run
#define maple_tree_tests_run vms_maple_tree_tests_run
#pragma push_macro("maple_tree_tests_passed")
#undef maple_tree_tests_passed
#define maple_tree_tests_passed vms_maple_tree_tests_passed
#pragma push_macro("mt_dump_format")
#undef mt_dump_format
#define mt_dump_format vms_mt_dump_format
#pragma push_macro("ma_wr_state")
#undef ma_wr_state
#define ma_wr_state vms_ma_wr_state
#pragma push_macro("mt_dump_dec")
#undef mt_dump_dec
#define mt_dump_dec vms_mt_dump_dec
#pragma push_macro("mt_dump_hex")
#undef mt_dump_hex
#define mt_dump_hex vms_mt_dump_hex
#pragma push_macro("MT_FLAGS_ALLOC_RANGE")
#undef MT_FLAGS_ALLOC_RANGE
#pragma push_macro("MT_FLAGS_USE_RCU")
#undef MT_FLAGS_USE_RCU
#pragma push_macro("MT_FLAGS_LOCK_MASK")
#undef MT_FLAGS_LOCK_MASK
#pragma push_macro("MT_FLAGS_LOCK_IRQ")
#undef MT_FLAGS_LOCK_IRQ
#pragma push_macro("MT_FLAGS_LOCK_BH")
#undef MT_FLAGS_LOCK_BH
#pragma push_macro("MT_FLAGS_LOCK_EXTERN")
#undef MT_FLAGS_LOCK_EXTERN
#pragma push_macro("MT_FLAGS_ALLOC_WRAPPED")
#undef MT_FLAGS_ALLOC_WRAPPED
#pragma push_macro("MAPLE_HEIGHT_MAX")
#undef MAPLE_HEIGHT_MAX
#pragma push_macro("MTREE_INIT")
#undef MTREE_INIT
#pragma push_macro("MTREE_INIT_EXT")
#undef MTREE_INIT_EXT
#pragma push_macro("DEFINE_MTREE")
#undef DEFINE_MTREE
#pragma push_macro("mt_set_external_lock")
#undef mt_set_external_lock
#pragma push_macro("mt_on_stack")
#undef mt_on_stack
#pragma push_macro("mt_for_each")
#undef mt_for_each
#pragma push_macro("MA_STATE")
#undef MA_STATE
#pragma push_macro("MA_ERROR")
#undef MA_ERROR
#pragma push_macro("mas_lock")
#undef mas_lock
#pragma push_macro("mas_lock_nested")
#undef mas_lock_nested
#pragma push_macro("mas_unlock")
#undef mas_unlock
#pragma push_macro("mas_lock_irqsave")
#undef mas_lock_irqsave
#pragma push_macro("mas_unlock_irqrestore")
#undef mas_unlock_irqrestore
#pragma push_macro("mas_for_each")
#undef mas_for_each
#pragma push_macro("mtree_lock")
#undef mtree_lock
#define mtree_lock vms_mtree_lock
#pragma push_macro("mtree_lock_nested")
#undef mtree_lock_nested
#define mtree_lock_nested vms_mtree_lock_nested
#pragma push_macro("mtree_unlock")
#undef mtree_unlock
#define mtree_unlock vms_mtree_unlock
#pragma push_macro("mt_lock_is_held")
#undef mt_lock_is_held
#define mt_lock_is_held vms_mt_lock_is_held
#pragma push_macro("mt_write_lock_is_held")
#undef mt_write_lock_is_held
#define mt_write_lock_is_held vms_mt_write_lock_is_held
#pragma push_macro("mt_set_in_rcu")
#undef mt_set_in_rcu
#define mt_set_in_rcu vms_mt_set_in_rcu
#pragma push_macro("mt_clear_in_rcu")
#undef mt_clear_in_rcu
#define mt_clear_in_rcu vms_mt_clear_in_rcu
#pragma push_macro("mt_height")
#undef mt_height
#define mt_height vms_mt_height
#pragma push_macro("mtree_load")
#undef mtree_load
#define mtree_load vms_mtree_load
#pragma push_macro("mt_find")
#undef mt_find
#define mt_find vms_mt_find
#pragma push_macro("mt_find_after")
#undef mt_find_after
#define mt_find_after vms_mt_find_after
#pragma push_macro("mt_next")
#undef mt_next
#define mt_next vms_mt_next
#pragma push_macro("mt_prev")
#undef mt_prev
#define mt_prev vms_mt_prev
#pragma push_macro("mtree_store_range")
#undef mtree_store_range
#define mtree_store_range vms_mtree_store_range
#pragma push_macro("mtree_store")
#undef mtree_store
#define mtree_store vms_mtree_store
#pragma push_macro("mtree_insert_range")
#undef mtree_insert_range
#define mtree_insert_range vms_mtree_insert_range
#pragma push_macro("mtree_insert")
#undef mtree_insert
#define mtree_insert vms_mtree_insert
#pragma push_macro("mtree_erase")
#undef mtree_erase
#define mtree_erase vms_mtree_erase
#pragma push_macro("mtree_alloc_range")
#undef mtree_alloc_range
#define mtree_alloc_range vms_mtree_alloc_range
#pragma push_macro("mtree_alloc_rrange")
#undef mtree_alloc_rrange
#define mtree_alloc_rrange vms_mtree_alloc_rrange
#pragma push_macro("mtree_alloc_cyclic")
#undef mtree_alloc_cyclic
#define mtree_alloc_cyclic vms_mtree_alloc_cyclic
#pragma push_macro("mtree_dup")
#undef mtree_dup
#define mtree_dup vms_mtree_dup
#pragma push_macro("__mt_dup")
#undef __mt_dup
#define __mt_dup vms___mt_dup
#pragma push_macro("mtree_destroy")
#undef mtree_destroy
#define mtree_destroy vms_mtree_destroy
#pragma push_macro("__mt_destroy")
#undef __mt_destroy
#define __mt_destroy vms___mt_destroy
#pragma push_macro("mas_walk")
#undef mas_walk
#define mas_walk vms_mas_walk
#pragma push_macro("mas_find_range")
#undef mas_find_range
#define mas_find_range vms_mas_find_range
#pragma push_macro("mas_find_rev")
#undef mas_find_rev
#define mas_find_rev vms_mas_find_rev
#pragma push_macro("mas_find_range_rev")
#undef mas_find_range_rev
#define mas_find_range_rev vms_mas_find_range_rev
#pragma push_macro("mas_next_range")
#undef mas_next_range
#define mas_next_range vms_mas_next_range
#pragma push_macro("mas_prev")
#undef mas_prev
#define mas_prev vms_mas_prev
#pragma push_macro("mas_prev_range")
#undef mas_prev_range
#define mas_prev_range vms_mas_prev_range
#pragma push_macro("mas_empty_area")
#undef mas_empty_area
#define mas_empty_area vms_mas_empty_area
#pragma push_macro("mas_empty_area_rev")
#undef mas_empty_area_rev
#define mas_empty_area_rev vms_mas_empty_area_rev
#pragma push_macro("mas_store")
#undef mas_store
#define mas_store vms_mas_store
#pragma push_macro("mas_store_gfp")
#undef mas_store_gfp
#define mas_store_gfp vms_mas_store_gfp
#pragma push_macro("mas_erase")
#undef mas_erase
#define mas_erase vms_mas_erase
#pragma push_macro("mas_preallocate")
#undef mas_preallocate
#define mas_preallocate vms_mas_preallocate
#pragma push_macro("mas_store_prealloc")
#undef mas_store_prealloc
#define mas_store_prealloc vms_mas_store_prealloc
#pragma push_macro("mas_expected_entries")
#undef mas_expected_entries
#define mas_expected_entries vms_mas_expected_entries
#pragma push_macro("mas_nomem")
#undef mas_nomem
#define mas_nomem vms_mas_nomem
#pragma push_macro("mas_destroy")
#undef mas_destroy
#define mas_destroy vms_mas_destroy
#pragma push_macro("mas_alloc_cyclic")
#undef mas_alloc_cyclic
#define mas_alloc_cyclic vms_mas_alloc_cyclic
#pragma push_macro("mt_init_flags")
#undef mt_init_flags
#define mt_init_flags vms_mt_init_flags
#pragma push_macro("mt_init")
#undef mt_init
#define mt_init vms_mt_init
#pragma push_macro("mt_in_rcu")
#undef mt_in_rcu
#define mt_in_rcu vms_mt_in_rcu
#pragma push_macro("mt_external_lock")
#undef mt_external_lock
#define mt_external_lock vms_mt_external_lock
#pragma push_macro("maple_tree_init")
#undef maple_tree_init
#define maple_tree_init vms_maple_tree_init
#pragma push_macro("mtree_empty")
#undef mtree_empty
#define mtree_empty vms_mtree_empty
#pragma push_macro("mas_init_range")
#undef mas_init_range
#define mas_init_range vms_mas_init_range
#pragma push_macro("mas_init")
#undef mas_init
#define mas_init vms_mas_init
#pragma push_macro("mas_reset")
#undef mas_reset
#define mas_reset vms_mas_reset
#pragma push_macro("__mas_set_range")
#undef __mas_set_range
#define __mas_set_range vms___mas_set_range
#pragma push_macro("mas_set_range")
#undef mas_set_range
#define mas_set_range vms_mas_set_range
#pragma push_macro("mas_set")
#undef mas_set
#define mas_set vms_mas_set
#pragma push_macro("mas_pause")
#undef mas_pause
#define mas_pause vms_mas_pause
#pragma push_macro("mas_is_active")
#undef mas_is_active
#define mas_is_active vms_mas_is_active
#pragma push_macro("mas_is_err")
#undef mas_is_err
#define mas_is_err vms_mas_is_err
#pragma push_macro("mas_find")
#undef mas_find
#define mas_find vms_mas_find
#pragma push_macro("mas_next")
#undef mas_next
#define mas_next vms_mas_next
#pragma push_macro("maple_node")
#undef maple_node
#define maple_node vms_maple_node
#pragma push_macro("maple_status")
#undef maple_status
#define maple_status vms_maple_status
#pragma push_macro("ma_active")
#undef ma_active
#define ma_active vms_ma_active
#pragma push_macro("ma_start")
#undef ma_start
#define ma_start vms_ma_start
#pragma push_macro("ma_root")
#undef ma_root
#pragma push_macro("ma_none")
#undef ma_none
#define ma_none vms_ma_none
#pragma push_macro("ma_pause")
#undef ma_pause
#define ma_pause vms_ma_pause
#pragma push_macro("ma_overflow")
#undef ma_overflow
#define ma_overflow vms_ma_overflow
#pragma push_macro("ma_underflow")
#undef ma_underflow
#define ma_underflow vms_ma_underflow
#pragma push_macro("ma_error")
#undef ma_error
#define ma_error vms_ma_error
#pragma push_macro("IS_ERR_VALUE")
#undef IS_ERR_VALUE
#pragma push_macro("ANON_VMA_NAME_MAX_LEN")
#undef ANON_VMA_NAME_MAX_LEN
#pragma push_macro("mmget")
#undef mmget
#define mmget vms_mmget
#pragma push_macro("mmget_not_zero")
#undef mmget_not_zero
#define mmget_not_zero vms_mmget_not_zero
#pragma push_macro("mmput")
#undef mmput
#define mmput vms_mmput
#pragma push_macro("mmgrab")
#undef mmgrab
#define mmgrab vms_mmgrab
#pragma push_macro("mmdrop")
#undef mmdrop
#define mmdrop vms_mmdrop
#pragma push_macro("mm_pgtables_bytes")
#undef mm_pgtables_bytes
#define mm_pgtables_bytes vms_mm_pgtables_bytes
#pragma push_macro("do_mmap")
#undef do_mmap
#define do_mmap vms_do_mmap
#pragma push_macro("do_munmap")
#undef do_munmap
#define do_munmap vms_do_munmap
#pragma push_macro("get_unmapped_area")
#undef get_unmapped_area
#define get_unmapped_area vms_get_unmapped_area
#pragma push_macro("mm_limits")
#undef mm_limits
#define mm_limits vms_mm_limits
#pragma push_macro("VM_NONE")
#undef VM_NONE
#pragma push_macro("VM_READ")
#undef VM_READ
#pragma push_macro("VM_WRITE")
#undef VM_WRITE
#pragma push_macro("VM_EXEC")
#undef VM_EXEC
#pragma push_macro("VM_SHARED")
#undef VM_SHARED
#pragma push_macro("VM_MAYREAD")
#undef VM_MAYREAD
#pragma push_macro("VM_MAYWRITE")
#undef VM_MAYWRITE
#pragma push_macro("VM_MAYEXEC")
#undef VM_MAYEXEC
#pragma push_macro("VM_MAYSHARE")
#undef VM_MAYSHARE
#pragma push_macro("VM_GROWSDOWN")
#undef VM_GROWSDOWN
#pragma push_macro("VM_UFFD_MISSING")
#undef VM_UFFD_MISSING
#pragma push_macro("VM_PFNMAP")
#undef VM_PFNMAP
#pragma push_macro("VM_MAYBE_GUARD")
#undef VM_MAYBE_GUARD
#pragma push_macro("VM_UFFD_WP")
#undef VM_UFFD_WP
#pragma push_macro("VM_LOCKED")
#undef VM_LOCKED
#pragma push_macro("VM_IO")
#undef VM_IO
#pragma push_macro("VM_SEQ_READ")
#undef VM_SEQ_READ
#pragma push_macro("VM_RAND_READ")
#undef VM_RAND_READ
#pragma push_macro("VM_DONTCOPY")
#undef VM_DONTCOPY
#pragma push_macro("VM_DONTEXPAND")
#undef VM_DONTEXPAND
#pragma push_macro("VM_LOCKONFAULT")
#undef VM_LOCKONFAULT
#pragma push_macro("VM_ACCOUNT")
#undef VM_ACCOUNT
#pragma push_macro("VM_NORESERVE")
#undef VM_NORESERVE
#pragma push_macro("VM_HUGETLB")
#undef VM_HUGETLB
#pragma push_macro("VM_SYNC")
#undef VM_SYNC
#pragma push_macro("VM_ARCH_1")
#undef VM_ARCH_1
#pragma push_macro("VM_WIPEONFORK")
#undef VM_WIPEONFORK
#pragma push_macro("VM_DONTDUMP")
#undef VM_DONTDUMP
#pragma push_macro("VM_SOFTDIRTY")
#undef VM_SOFTDIRTY
#pragma push_macro("VM_MIXEDMAP")
#undef VM_MIXEDMAP
#pragma push_macro("VM_HUGEPAGE")
#undef VM_HUGEPAGE
#pragma push_macro("VM_NOHUGEPAGE")
#undef VM_NOHUGEPAGE
#pragma push_macro("VM_MERGEABLE")
#undef VM_MERGEABLE
#pragma push_macro("VM_PKEY_BIT0")
#undef VM_PKEY_BIT0
#pragma push_macro("VM_DROPPABLE")
#undef VM_DROPPABLE
#pragma push_macro("VM_SEALED")
#undef VM_SEALED
#pragma push_macro("VM_GROWSUP")
#undef VM_GROWSUP
#pragma push_macro("VM_SHM")
#undef VM_SHM
#pragma push_macro("VM_DENYWRITE")
#undef VM_DENYWRITE
#pragma push_macro("VM_EXECUTABLE")
#undef VM_EXECUTABLE
#pragma push_macro("VM_RESERVED")
#undef VM_RESERVED
#pragma push_macro("VM_NONLINEAR")
#undef VM_NONLINEAR
#pragma push_macro("VM_HUGESPACE")
#undef VM_HUGESPACE
#pragma push_macro("VM_ACCESS_FLAGS")
#undef VM_ACCESS_FLAGS
#pragma push_macro("VM_LOCKED_MASK")
#undef VM_LOCKED_MASK
#pragma push_macro("VM_SPECIAL")
#undef VM_SPECIAL
#pragma push_macro("VM_STACK")
#undef VM_STACK
#pragma push_macro("MAP_32BIT")
#undef MAP_32BIT
#pragma push_macro("MADV_POPULATE_READ")
#undef MADV_POPULATE_READ
#pragma push_macro("MADV_POPULATE_WRITE")
#undef MADV_POPULATE_WRITE
#pragma push_macro("MADV_DONTNEED_LOCKED")
#undef MADV_DONTNEED_LOCKED
#pragma push_macro("MADV_GUARD_INSTALL")
#undef MADV_GUARD_INSTALL
#pragma push_macro("MADV_GUARD_REMOVE")
#undef MADV_GUARD_REMOVE
#pragma push_macro("MAP_DROPPABLE")
#undef MAP_DROPPABLE
#pragma push_macro("PROT_GROWSDOWN")
#undef PROT_GROWSDOWN
#pragma push_macro("PROT_GROWSUP")
#undef PROT_GROWSUP
#pragma push_macro("vm_flags_t")
#undef vm_flags_t
#define vm_flags_t vms_vm_flags_t
#pragma push_macro("mmap_read_lock")
#undef mmap_read_lock
#define mmap_read_lock vms_mmap_read_lock
#pragma push_macro("mmap_read_trylock")
#undef mmap_read_trylock
#define mmap_read_trylock vms_mmap_read_trylock
#pragma push_macro("mmap_read_unlock")
#undef mmap_read_unlock
#define mmap_read_unlock vms_mmap_read_unlock
#pragma push_macro("mmap_write_lock")
#undef mmap_write_lock
#define mmap_write_lock vms_mmap_write_lock
#pragma push_macro("mmap_write_trylock")
#undef mmap_write_trylock
#define mmap_write_trylock vms_mmap_write_trylock
#pragma push_macro("mmap_write_unlock")
#undef mmap_write_unlock
#define mmap_write_unlock vms_mmap_write_unlock
#pragma push_macro("mmap_write_downgrade")
#undef mmap_write_downgrade
#define mmap_write_downgrade vms_mmap_write_downgrade
#pragma push_macro("mmap_assert_locked")
#undef mmap_assert_locked
#define mmap_assert_locked vms_mmap_assert_locked
#pragma push_macro("mmap_assert_write_locked")
#undef mmap_assert_write_locked
#define mmap_assert_write_locked vms_mmap_assert_write_locked
#pragma push_macro("lock_vma_under_rcu")
#undef lock_vma_under_rcu
#define lock_vma_under_rcu vms_lock_vma_under_rcu
#pragma push_macro("vma_end_read")
#undef vma_end_read
#define vma_end_read vms_vma_end_read
#pragma push_macro("vma_start_write")
#undef vma_start_write
#define vma_start_write vms_vma_start_write
#pragma push_macro("vma_start_write_trylock")
#undef vma_start_write_trylock
#define vma_start_write_trylock vms_vma_start_write_trylock
#pragma push_macro("vma_end_write")
#undef vma_end_write
#define vma_end_write vms_vma_end_write
#pragma push_macro("vma_start_read")
#undef vma_start_read
#define vma_start_read vms_vma_start_read
#pragma push_macro("vma_start_read_trylock")
#undef vma_start_read_trylock
#define vma_start_read_trylock vms_vma_start_read_trylock
#pragma push_macro("vma_assert_write_locked")
#undef vma_assert_write_locked
#define vma_assert_write_locked vms_vma_assert_write_locked
#pragma push_macro("vma_assert_locked")
#undef vma_assert_locked
#define vma_assert_locked vms_vma_assert_locked
#pragma push_macro("PAGE_SHIFT")
#undef PAGE_SHIFT
#pragma push_macro("PAGE_SIZE")
#undef PAGE_SIZE
#pragma push_macro("PAGE_MASK")
#undef PAGE_MASK
#pragma push_macro("PAGE_ALIGN")
#undef PAGE_ALIGN
#pragma push_macro("pgprot_val")
#undef pgprot_val
#pragma push_macro("anon_vma_name")
#undef anon_vma_name
#define anon_vma_name vms_anon_vma_name
#pragma push_macro("pgoff_t")
#undef pgoff_t
#define pgoff_t vms_pgoff_t
#pragma push_macro("vm_fault_t")
#undef vm_fault_t
#define vm_fault_t vms_vm_fault_t
#pragma push_macro("pgprot_t")
#undef pgprot_t
#define pgprot_t vms_pgprot_t
#pragma push_macro("MM_FILEPAGES")
#undef MM_FILEPAGES
#define MM_FILEPAGES VMS_MM_FILEPAGES
#pragma push_macro("MM_ANONPAGES")
#undef MM_ANONPAGES
#define MM_ANONPAGES VMS_MM_ANONPAGES
#pragma push_macro("MM_SHMEMPAGES")
#undef MM_SHMEMPAGES
#define MM_SHMEMPAGES VMS_MM_SHMEMPAGES
#pragma push_macro("MM_PGTABLES")
#undef MM_PGTABLES
#define MM_PGTABLES VMS_MM_PGTABLES
#pragma push_macro("NR_MM_COUNTERS")
#undef NR_MM_COUNTERS
#define NR_MM_COUNTERS VMS_NR_MM_COUNTERS
#pragma push_macro("RB_ROOT")
#undef RB_ROOT
#pragma push_macro("rb_parent")
#undef rb_parent
#pragma push_macro("rb_entry")
#undef rb_entry
#pragma push_macro("rb_entry_safe")
#undef rb_entry_safe
#pragma push_macro("RB_EMPTY_ROOT")
#undef RB_EMPTY_ROOT
#pragma push_macro("RB_EMPTY_NODE")
#undef RB_EMPTY_NODE
#pragma push_macro("RB_CLEAR_NODE")
#undef RB_CLEAR_NODE
#pragma push_macro("rbtree_postorder_for_each_entry_safe")
#undef rbtree_postorder_for_each_entry_safe
#pragma push_macro("RB_DECLARE_CALLBACKS")
#undef RB_DECLARE_CALLBACKS
#pragma push_macro("RB_DECLARE_CALLBACKS_MAX")
#undef RB_DECLARE_CALLBACKS_MAX
#pragma push_macro("rb_first")
#undef rb_first
#define rb_first vms_rb_first
#pragma push_macro("rb_last")
#undef rb_last
#define rb_last vms_rb_last
#pragma push_macro("rb_next")
#undef rb_next
#define rb_next vms_rb_next
#pragma push_macro("rb_prev")
#undef rb_prev
#define rb_prev vms_rb_prev
#pragma push_macro("rb_first_postorder")
#undef rb_first_postorder
#define rb_first_postorder vms_rb_first_postorder
#pragma push_macro("rb_next_postorder")
#undef rb_next_postorder
#define rb_next_postorder vms_rb_next_postorder
#pragma push_macro("rb_insert_color")
#undef rb_insert_color
#define rb_insert_color vms_rb_insert_color
#pragma push_macro("rb_erase")
#undef rb_erase
#define rb_erase vms_rb_erase
#pragma push_macro("rb_replace_node")
#undef rb_replace_node
#define rb_replace_node vms_rb_replace_node
#pragma push_macro("rb_insert_augmented")
#undef rb_insert_augmented
#define rb_insert_augmented vms_rb_insert_augmented
#pragma push_macro("rb_erase_augmented")
#undef rb_erase_augmented
#define rb_erase_augmented vms_rb_erase_augmented
#pragma push_macro("rb_link_node")
#undef rb_link_node
#define rb_link_node vms_rb_link_node
#pragma push_macro("rb_node")
#undef rb_node
#define rb_node vms_rb_node
#pragma push_macro("rb_augment_callbacks")
#undef rb_augment_callbacks
#define rb_augment_callbacks vms_rb_augment_callbacks
#pragma push_macro("DECLARE_RWSEM")
#undef DECLARE_RWSEM
#pragma push_macro("init_rwsem")
#undef init_rwsem
#define init_rwsem vms_init_rwsem
#pragma push_macro("down_read")
#undef down_read
#define down_read vms_down_read
#pragma push_macro("down_read_trylock")
#undef down_read_trylock
#define down_read_trylock vms_down_read_trylock
#pragma push_macro("down_read_timeout")
#undef down_read_timeout
#define down_read_timeout vms_down_read_timeout
#pragma push_macro("up_read")
#undef up_read
#define up_read vms_up_read
#pragma push_macro("down_write")
#undef down_write
#define down_write vms_down_write
#pragma push_macro("down_write_trylock")
#undef down_write_trylock
#define down_write_trylock vms_down_write_trylock
#pragma push_macro("down_write_timeout")
#undef down_write_timeout
#define down_write_timeout vms_down_write_timeout
#pragma push_macro("up_write")
#undef up_write
#define up_write vms_up_write
#pragma push_macro("downgrade_write")
#undef downgrade_write
#define downgrade_write vms_downgrade_write
#pragma push_macro("rwsem_is_locked")
#undef rwsem_is_locked
#define rwsem_is_locked vms_rwsem_is_locked
#pragma push_macro("rwsem_is_write_locked")
#undef rwsem_is_write_locked
#define rwsem_is_write_locked vms_rwsem_is_write_locked
#pragma push_macro("rwsem_is_contended")
#undef rwsem_is_contended
#define rwsem_is_contended vms_rwsem_is_contended
#pragma push_macro("rwsem_assert_held")
#undef rwsem_assert_held
#define rwsem_assert_held vms_rwsem_assert_held
#pragma push_macro("rwsem_assert_held_write")
#undef rwsem_assert_held_write
#define rwsem_assert_held_write vms_rwsem_assert_held_write
#pragma push_macro("CLONE_VM")
#undef CLONE_VM
#pragma push_macro("exit_mm")
#undef exit_mm
#define exit_mm vms_exit_mm
#pragma push_macro("context_switch")
#undef context_switch
#define context_switch vms_context_switch
#pragma push_macro("kthread_use_mm")
#undef kthread_use_mm
#define kthread_use_mm vms_kthread_use_mm
#pragma push_macro("kthread_unuse_mm")
#undef kthread_unuse_mm
#define kthread_unuse_mm vms_kthread_unuse_mm
#pragma push_macro("get_task_mm")
#undef get_task_mm
#define get_task_mm vms_get_task_mm
#pragma push_macro("task")
#undef task
#define task vms_task
#pragma push_macro("VMA_ITERATOR")
#undef VMA_ITERATOR
#pragma push_macro("for_each_vma")
#undef for_each_vma
#pragma push_macro("for_each_vma_range")
#undef for_each_vma_range
#pragma push_macro("find_vma")
#undef find_vma
#define find_vma vms_find_vma
#pragma push_macro("vma_lookup")
#undef vma_lookup
#define vma_lookup vms_vma_lookup
#pragma push_macro("vma_first")
#undef vma_first
#define vma_first vms_vma_first
#pragma push_macro("find_vma_intersection")
#undef find_vma_intersection
#define find_vma_intersection vms_find_vma_intersection
#pragma push_macro("find_vma_prev")
#undef find_vma_prev
#define find_vma_prev vms_find_vma_prev
#pragma push_macro("vma_next")
#undef vma_next
#define vma_next vms_vma_next
#pragma push_macro("vma_prev")
#undef vma_prev
#define vma_prev vms_vma_prev
#pragma push_macro("insert_vm_struct")
#undef insert_vm_struct
#define insert_vm_struct vms_insert_vm_struct
#pragma push_macro("split_vma")
#undef split_vma
#define split_vma vms_split_vma
#pragma push_macro("vma_merge")
#undef vma_merge
#define vma_merge vms_vma_merge
#pragma push_macro("vma_expand")
#undef vma_expand
#define vma_expand vms_vma_expand
#pragma push_macro("vma_shrink")
#undef vma_shrink
#define vma_shrink vms_vma_shrink
#pragma push_macro("vma_adjust")
#undef vma_adjust
#define vma_adjust vms_vma_adjust
#pragma push_macro("expand_stack")
#undef expand_stack
#define expand_stack vms_expand_stack
#pragma push_macro("expand_stack_locked")
#undef expand_stack_locked
#define expand_stack_locked vms_expand_stack_locked
#pragma push_macro("vm_area_alloc")
#undef vm_area_alloc
#define vm_area_alloc vms_vm_area_alloc
#pragma push_macro("vm_area_dup")
#undef vm_area_dup
#define vm_area_dup vms_vm_area_dup
#pragma push_macro("vm_area_free")
#undef vm_area_free
#define vm_area_free vms_vm_area_free
#pragma push_macro("vm_flags_init")
#undef vm_flags_init
#define vm_flags_init vms_vm_flags_init
#pragma push_macro("vm_flags_reset")
#undef vm_flags_reset
#define vm_flags_reset vms_vm_flags_reset
#pragma push_macro("vm_flags_set")
#undef vm_flags_set
#define vm_flags_set vms_vm_flags_set
#pragma push_macro("vm_flags_clear")
#undef vm_flags_clear
#define vm_flags_clear vms_vm_flags_clear
#pragma push_macro("vm_flags_mod")
#undef vm_flags_mod
#define vm_flags_mod vms_vm_flags_mod
#pragma push_macro("vm_get_page_prot")
#undef vm_get_page_prot
#define vm_get_page_prot vms_vm_get_page_prot
#pragma push_macro("vma_set_page_prot")
#undef vma_set_page_prot
#define vma_set_page_prot vms_vma_set_page_prot
#pragma push_macro("vma_iter_init")
#undef vma_iter_init
#define vma_iter_init vms_vma_iter_init
#pragma push_macro("XA_RETRY_ENTRY")
#undef XA_RETRY_ENTRY
#pragma push_macro("XA_ZERO_ENTRY")
#undef XA_ZERO_ENTRY
#pragma push_macro("xa_mk_value")
#undef xa_mk_value
#define xa_mk_value vms_xa_mk_value
#pragma push_macro("xa_to_value")
#undef xa_to_value
#define xa_to_value vms_xa_to_value
#pragma push_macro("xa_is_value")
#undef xa_is_value
#define xa_is_value vms_xa_is_value
#pragma push_macro("xa_tag_pointer")
#undef xa_tag_pointer
#define xa_tag_pointer vms_xa_tag_pointer
#pragma push_macro("xa_untag_pointer")
#undef xa_untag_pointer
#define xa_untag_pointer vms_xa_untag_pointer
#pragma push_macro("xa_pointer_tag")
#undef xa_pointer_tag
#define xa_pointer_tag vms_xa_pointer_tag
#pragma push_macro("xa_mk_internal")
#undef xa_mk_internal
#define xa_mk_internal vms_xa_mk_internal
#pragma push_macro("xa_to_internal")
#undef xa_to_internal
#define xa_to_internal vms_xa_to_internal
#pragma push_macro("xa_is_internal")
#undef xa_is_internal
#define xa_is_internal vms_xa_is_internal
#pragma push_macro("xa_is_zero")
#undef xa_is_zero
#define xa_is_zero vms_xa_is_zero
#pragma push_macro("xa_is_advanced")
#undef xa_is_advanced
#define xa_is_advanced vms_xa_is_advanced
#pragma push_macro("xa_is_err")
#undef xa_is_err
#define xa_is_err vms_xa_is_err
#pragma push_macro("xa_err")
#undef xa_err
#define xa_err vms_xa_err
#endif
#ifdef __cplusplus
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
extern "C" {
#endif
