/* SPDX-License-Identifier: MIT */
/*
 * test_listing.c - how maps, smaps and pmap write to their FILE. They hold no
 * lock meanwhile, so that a slow FILE, one that refuses, and one whose write
 * function uses the address space do no harm. The test also checks what the
 * three promise of an address space that changes between two writes.
 */
#include <errno.h>
#include <pthread.h>

#include <vmastore/query.h>

#include "lib/sync/alloc.h"
#include "tests/lib/mm/world.h"

#define BASE 0x20000000UL
#define VMAS 400UL /* more text than one piece holds */

typedef int (*print_fn)(struct mm_struct *mm, FILE *out);
static const print_fn listings[] = {vms_maps_print, vms_smaps_print, vms_pmap_print};
#define NR_LISTINGS (sizeof(listings) / sizeof(listings[0]))

/* A FILE that calls @at_write for each piece, and keeps what was written. */
struct sink {
	struct mm_struct *mm;
	void (*at_write)(struct sink *s);
	unsigned int writes, refused;
	char *text;
	size_t len;
};

static ssize_t sink_write(void *cookie, const char *buf, size_t size)
{
	struct sink *s = cookie;

	s->writes++;
	s->text = realloc(s->text, s->len + size + 1);
	memcpy(s->text + s->len, buf, size);
	s->len += size;
	s->text[s->len] = '\0';
	if (s->at_write)
		s->at_write(s);
	return errno == ENOSPC ? 0 : (ssize_t)size;
}

static FILE *sink_open(struct sink *s)
{
	FILE *out = fopencookie(s, "w", (cookie_io_functions_t){.write = sink_write});

	setvbuf(out, NULL, _IONBF, 0);
	return out;
}

/* Maps pages with alternating rights, so that none merge before mprotect(). */
static void map_many(struct mm_struct *mm)
{
	for (unsigned long i = 0; i < VMAS; i++)
		vms_mmap(mm, BASE + i * PG, PG, i & 1 ? PROT_READ : PROT_READ | PROT_EXEC, FIXED,
			 NULL, 0);
}

/* ---- no lock is held ---- */

/* Counts and does not assert: a failed assertion would leave the listing. */
static void try_to_write(struct sink *s)
{
	if (!mmap_write_trylock(s->mm)) {
		s->refused++;
		return;
	}
	mmap_write_unlock(s->mm);
}

static void writers_run_while_a_listing_is_written(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	map_many(mm);
	for (size_t i = 0; i < NR_LISTINGS; i++) {
		struct sink s = {.mm = mm, .at_write = try_to_write};
		FILE *out = sink_open(&s);

		assert_int_equal(listings[i](mm, out), 0);
		assert_true(s.writes > 2);
		assert_int_equal(s.refused, 0);
		fclose(out);
		free(s.text);
	}
}

static void cancel_me(struct sink *s)
{
	(void)s;
	pthread_cancel(pthread_self());
	pthread_testcancel();
}

struct listing_thread {
	struct sink sink;
	FILE *out;
	print_fn print;
};

static void *list(void *arg)
{
	struct listing_thread *t = arg;

	t->print(t->sink.mm, t->out);
	return NULL;
}

static void cancelled_listing_leaves_no_lock_held(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	map_many(mm);
	for (size_t i = 0; i < NR_LISTINGS; i++) {
		struct listing_thread t = {.sink = {.mm = mm, .at_write = cancel_me},
					   .print = listings[i]};
		pthread_t thread;
		void *result;

		t.out = sink_open(&t.sink);
		assert_int_equal(pthread_create(&thread, NULL, list, &t), 0);
		assert_int_equal(pthread_join(thread, &result), 0);
		assert_ptr_equal(result, PTHREAD_CANCELED);
		try_to_write(&t.sink);
		assert_int_equal(t.sink.refused, 0);
		t.sink.at_write = NULL;
		fclose(t.out);
		free(t.sink.text);
	}
}

/* ---- errors ---- */

static void disk_is_full(struct sink *s)
{
	(void)s;
	errno = ENOSPC;
}

static void error_of_the_file_is_answered(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;

	map_many(mm);
	for (size_t i = 0; i < NR_LISTINGS; i++) {
		struct sink s = {.mm = mm, .at_write = disk_is_full};
		FILE *out = sink_open(&s), *full = fopen("/dev/full", "w");

		errno = EDOM; /* the program's own */
		assert_int_equal(listings[i](mm, out), -ENOSPC);
		assert_int_equal(errno, EDOM);
		s.at_write = NULL;
		fclose(out);
		free(s.text);
		assert_non_null(full);
		/* All of it may fit into this FILE's buffer. */
		vms_munmap(mm, BASE + 2 * PG, (VMAS - 2) * PG);
		assert_int_equal(listings[i](mm, full), -ENOSPC);
		fclose(full);
		map_many(mm);
	}
}

/* A path of newlines; the listing writes each of them as four characters. */
static void long_name_needs_memory_and_may_lack_it(void **state)
{
	static char path[20000];
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *plain = world_file(16, true), *file;
	struct sink s = {.mm = mm};
	char *text = NULL;
	size_t len;

	memset(path, '\n', sizeof(path) - 1);
	file = vms_file_open(plain->f_mapping, path, FMODE_READ);
	vms_mmap(mm, BASE, PG, PROT_READ, MAP_PRIVATE | MAP_FIXED, file, 0);
	for (size_t i = 0; i < NR_LISTINGS; i++) {
		FILE *out = open_memstream(&text, &len);

		vms__alloc_fail_nth(2);
		assert_int_equal(listings[i](mm, out), -ENOMEM);
		vms__alloc_fail_nth(0);
		try_to_write(&s);
		assert_int_equal(s.refused, 0);
		rewind(out);
		assert_int_equal(listings[i](mm, out), 0);
		fclose(out);
		assert_true(len > 4 * (sizeof(path) - 1));
		free(text);
	}
	fput(plain);
	fput(file);
}

/* ---- an address space that changes meanwhile ---- */

/* Return: the address at which the last completely written line begins. */
static unsigned long last_listed(const struct sink *s)
{
	const char *line = s->text + s->len - 1;

	while (line > s->text && line[-1] != '\n')
		line--;
	return strtoul(line, NULL, 16);
}

/*
 * Merges the VMAs around the listing's position into one, whose first half is
 * listed already.
 */
static void merge_around(struct sink *s)
{
	unsigned long last = last_listed(s);

	if (s->writes == 1)
		vms_mprotect(s->mm, last - 2 * PG, 8 * PG, PROT_NONE);
}

static void unmap_around(struct sink *s)
{
	unsigned long last = last_listed(s);

	if (s->writes == 1)
		vms_munmap(s->mm, last - 2 * PG, 8 * PG);
}

static bool is_mapped(struct mm_struct *mm, unsigned long addr)
{
	struct vms_procmap_query q = {.query_addr = addr};

	return vms_procmap_query(mm, &q) == 0;
}

/*
 * The lines must ascend without overlap. Every VMA that is mapped at the end
 * was mapped all the time, and must be listed.
 */
static void expect_listed_once(struct mm_struct *mm, const struct sink *s)
{
	unsigned long at = 0, start, end;
	unsigned long missing = VMAS;
	int used;

	for (const char *line = s->text; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%lx-%lx %n", &start, &end, &used), 2);
		assert_true(start >= at && end > start);
		at = end;
		for (; start < end; start += PG)
			missing -= is_mapped(mm, start);
	}
	for (unsigned long i = 0; i < VMAS; i++)
		missing -= !is_mapped(mm, BASE + i * PG);
	assert_int_equal(missing, 0);
}

static void what_is_mapped_throughout_is_listed_once(void **state)
{
	static void (*const changes[])(struct sink *) = {merge_around, unmap_around, NULL};
	struct mm_struct *mm = ((struct world *)*state)->mm;

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct sink s = {.mm = mm, .at_write = changes[i]};
		FILE *out = sink_open(&s);

		map_many(mm);
		assert_int_equal(vms_maps_print(mm, out), 0);
		expect_listed_once(mm, &s);
		fclose(out);
		free(s.text);
	}
}

/* The rest of a file's VMA must be listed with the offset of that rest. */
static void rest_of_a_vma_has_its_own_offset(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct sink s = {.mm = mm, .at_write = merge_around};
	struct file *file = world_file(VMAS, true);
	unsigned long start, offset, at = 0;
	FILE *out = sink_open(&s);

	for (unsigned long i = 0; i < VMAS; i++)
		vms_mmap(mm, BASE + i * PG, PG, i & 1 ? PROT_READ : PROT_READ | PROT_EXEC,
			 MAP_PRIVATE | MAP_FIXED, file, i * PG);
	assert_int_equal(vms_maps_print(mm, out), 0);
	for (const char *line = s.text; *line; line = strchr(line, '\n') + 1) {
		assert_int_equal(sscanf(line, "%lx-%*x %*s %lx", &start, &offset), 2);
		assert_int_equal(offset, start - BASE);
		at += strstr(line, "---p") == strchr(line, ' ') + 1;
	}
	assert_int_equal(at, 1);
	fclose(out);
	free(s.text);
	fput(file);
}

static void listing_is_that_of_proc_maps(void **state)
{
	struct mm_struct *mm = ((struct world *)*state)->mm;
	struct file *file = world_file(16, true);
	char *text;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	vms_mmap(mm, 0x20000000, 2 * PG, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file,
		 3 * PG);
	vms_mmap(mm, 0x30000000, PG, RW, FIXED, NULL, 0);
	vms_brk(mm, 0x10001000);
	assert_int_equal(vms_maps_print(mm, out), 0);
	fclose(out);
	assert_string_equal(
		text,
		"10000000-10001000 rw-p 00000000 00:00 0                                  [heap]\n"
		"20000000-20002000 r-xp 00003000 08:01 42                                 /data\n"
		"30000000-30001000 rw-p 00000000 00:00 0 \n");
	free(text);
	fput(file);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		ON_EVERY_ENGINE(writers_run_while_a_listing_is_written),
		ON_EVERY_ENGINE(cancelled_listing_leaves_no_lock_held),
		ON_EVERY_ENGINE(error_of_the_file_is_answered),
		ON_EVERY_ENGINE(long_name_needs_memory_and_may_lack_it),
		ON_EVERY_ENGINE(what_is_mapped_throughout_is_listed_once),
		ON_EVERY_ENGINE(rest_of_a_vma_has_its_own_offset),
		ON_EVERY_ENGINE(listing_is_that_of_proc_maps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
