/* SPDX-License-Identifier: MIT */
/*
 * listing.c - see listing.h.
 *
 * Between two pieces any writer may change the address space. The lister goes
 * on by address, not by VMA: it remembers the end of what it has listed, and
 * takes the first VMA that ends above it. A VMA that has grown or merged
 * downwards in the meantime begins below that address; the lister lists its
 * rest only. So the addresses of a listing ascend and never overlap, and a byte
 * that is mapped throughout the call is in exactly one entry.
 *
 * Locks: mmap_lock R for one piece at a time.
 */
#include <pthread.h>
#include <stdarg.h>

#include "lib/mm/listing.h"
#include "lib/sync/alloc.h"

/* Some sixty lines of maps; small enough for any thread's stack. */
#define PIECE_BYTES 4096

struct lister {
	struct mm_struct *mm;
	FILE *out;
	vms__list_fn list;
	void *arg;
	unsigned long next; /* all below is listed */
	bool done;          /* no VMA ends above next */
	struct vms__text text;
	char piece[PIECE_BYTES]; /* text.buf, until an entry needs more */
};

int vms__text_add(struct vms__text *text, const char *fmt, ...)
{
	size_t room = text->size - text->len;
	va_list args;
	int len;

	va_start(args, fmt);
	len = vsnprintf(text->buf + text->len, room, fmt, args);
	va_end(args);
	/* vsnprintf() needs a byte for the NUL, which the text drops. */
	if (len < 0 || (size_t)len >= room)
		text->full = true;
	if (!text->full)
		text->len += (size_t)len;
	return len;
}

void vms__text_char(struct vms__text *text, char c)
{
	if (text->len == text->size)
		text->full = true;
	if (!text->full)
		text->buf[text->len++] = c;
}

/* Formats whole entries until no more fit. */
static void fill(struct lister *l)
{
	VMA_ITERATOR(vmi, l->mm, l->next);
	struct vm_area_struct *vma;

	/*
	 * Nothing in here may wait for @out's reader: writers of the address
	 * space wait for this lock.
	 */
	vms__read_enter(l->mm);
	for_each_vma(vmi, vma) {
		unsigned long start = vma->vm_start > l->next ? vma->vm_start : l->next;
		size_t len = l->text.len;

		l->list(vma, start, &l->text, l->arg);
		/*
		 * Only whole entries are written: the VMA may have changed
		 * before its rest could be formatted.
		 */
		if (l->text.full) {
			l->text.len = len;
			break;
		}
		l->next = vma->vm_end;
	}
	l->done = !vma;
	vms__read_exit(l->mm);
}

static void drop_text(void *lister)
{
	struct lister *l = lister;

	if (l->text.buf != l->piece)
		vms__free(l->text.buf);
}

/*
 * One entry alone does not fit: double the room, for this entry and the rest.
 * No lock is held here, so the allocation may take its time.
 */
static int make_room(struct lister *l)
{
	char *buf = vms__alloc(2 * l->text.size, 1);

	if (!buf)
		return -ENOMEM;
	drop_text(l);
	l->text.buf = buf;
	l->text.size *= 2;
	return 0;
}

static int write_piece(struct lister *l)
{
	size_t len = l->text.len;

	l->text.len = 0;
	l->text.full = false;
	/*
	 * A FILE's write function may fail without setting errno, and an old
	 * value would then be reported as the reason.
	 */
	errno = 0;
	if (fwrite(l->text.buf, 1, len, l->out) != len)
		return vms__write_error();
	return 0;
}

static int list_all(struct lister *l)
{
	int err = 0;

	while (!err && !l->done) {
		fill(l);
		err = l->text.full && !l->text.len ? make_room(l) : 0;
		if (!err)
			err = write_piece(l);
	}
	errno = 0;
	if (!err && fflush(l->out))
		err = vms__write_error();
	return err;
}

int vms__list(struct mm_struct *mm, FILE *out, vms__list_fn list, void *arg)
{
	struct lister l = {.mm = mm, .out = out, .list = list, .arg = arg};
	int saved = errno, err;

	l.text = (struct vms__text){.buf = l.piece, .size = sizeof(l.piece)};
	/*
	 * fwrite() is a cancellation point. No lock is held there; only the
	 * text has to be freed.
	 */
	pthread_cleanup_push(drop_text, &l);
	err = list_all(&l);
	pthread_cleanup_pop(1);
	errno = saved;
	return err;
}
