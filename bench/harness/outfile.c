/* SPDX-License-Identifier: MIT */
/*
 * outfile.c - see outfile.h. A signal handler removes the temporary file; its
 * path is therefore set and cleared with the signals blocked.
 */
#include "bench/harness/outfile.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/harness/say.h"

/* Bytes of the final name kept in the temporary one; a name may have 255. */
#define NAME_KEPT 200

struct bench_outfile {
	char *path;      /* as the caller named it, for messages */
	char *place;     /* the rename's target; NULL: copy into @target */
	char *temporary; /* NULL once published or removed */
	int fd;          /* the temporary file */
	int target;      /* -1, or the file to copy into */
	bool truncate;   /* @target is a regular file, written in place */
};

/* ---- the temporary file is removed with the program ---- */

/*
 * The path that the signal handler removes. Relaxed: one thread sets and reads
 * it, and it sets it with the signals blocked.
 */
static char *_Atomic unfinished;

static const int fatal[] = {SIGINT, SIGTERM, SIGHUP};
#define NR_FATAL (sizeof(fatal) / sizeof(fatal[0]))

/*
 * Because of SA_RESETHAND, the signal raised here ends the program once the
 * handler returns.
 */
static void remove_unfinished(int number)
{
	char *path = atomic_load_explicit(&unfinished, memory_order_relaxed);

	if (path)
		unlink(path);
	raise(number); /* NOLINT(bugprone-signal-handler): POSIX permits it */
}

static void block_signals(sigset_t *before)
{
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < NR_FATAL; i++)
		sigaddset(&set, fatal[i]);
	pthread_sigmask(SIG_BLOCK, &set, before);
}

static void catch_signals(void)
{
	struct sigaction old,
		ours = {.sa_handler = remove_unfinished, .sa_flags = (int)SA_RESETHAND};

	sigemptyset(&ours.sa_mask);
	for (size_t i = 0; i < NR_FATAL; i++)
		/*
		 * Replace the default action only: an ignored signal (nohup)
		 * stays ignored, and a program keeps its own handler.
		 */
		if (sigaction(fatal[i], NULL, &old) == 0 && old.sa_handler == SIG_DFL)
			sigaction(fatal[i], &ours, NULL);
}

static bool make_temporary(struct bench_outfile *file, mode_t mode)
{
	sigset_t before;

	catch_signals();
	block_signals(&before);
	file->fd = mkostemp(file->temporary, O_CLOEXEC);
	if (file->fd >= 0)
		atomic_store_explicit(&unfinished, file->temporary, memory_order_relaxed);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (file->fd < 0) {
		bench_say(stderr, "%s: cannot write beside it: %s", file->path, strerror(errno));
		free(file->temporary);
		file->temporary = NULL;
		return false;
	}
	if (fchmod(file->fd, mode) == 0)
		return true;
	bench_say(stderr, "%s: %s", file->path, strerror(errno));
	return false;
}

/* Forget the temporary file after its rename, or remove it (@remove). */
static void forget_temporary(struct bench_outfile *file, bool remove)
{
	sigset_t before;

	if (!file->temporary)
		return;
	block_signals(&before);
	atomic_store_explicit(&unfinished, NULL, memory_order_relaxed);
	if (remove)
		unlink(file->temporary);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	free(file->temporary);
	file->temporary = NULL;
}

/* ---- opening ---- */

static bool out_of_memory(const struct bench_outfile *file)
{
	bench_say(stderr, "%s: out of memory", file->path);
	return false;
}

/*
 * Make the temporary file in the folder of @place, hidden, with an
 * unpredictable name.
 */
static bool temporary_beside(struct bench_outfile *file, const char *place, mode_t mode)
{
	const char *slash = strrchr(place, '/');
	const char *base = slash ? slash + 1 : place;

	if (asprintf(&file->temporary, "%.*s.%.*s.XXXXXX", (int)(base - place), place, NAME_KEPT,
		     base) < 0) {
		file->temporary = NULL;
		return out_of_memory(file);
	}
	return make_temporary(file, mode);
}

static bool temporary_elsewhere(struct bench_outfile *file)
{
	const char *folder = getenv("TMPDIR");

	if (asprintf(&file->temporary, "%s/vmastore.XXXXXX", folder && *folder ? folder : "/tmp") <
	    0) {
		file->temporary = NULL;
		return out_of_memory(file);
	}
	return make_temporary(file, 0600);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool is_standard_output(const struct stat *st)
{
	struct stat standard;

	return fstat(STDOUT_FILENO, &standard) == 0 && same_file(st, &standard);
}

/* Prepare to replace the existing file that is open as @target. */
static bool open_over(struct bench_outfile *file)
{
	struct stat st, there;

	if (fstat(file->target, &st) != 0) {
		bench_say(stderr, "%s: %s", file->path, strerror(errno));
		return false;
	}
	if (S_ISREG(st.st_mode) && is_standard_output(&st)) {
		close(file->target);
		file->target = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 0);
		return temporary_elsewhere(file);
	}
	if (S_ISREG(st.st_mode)) {
		/*
		 * Resolve all links. A name in /proc may lead to a file that
		 * has no name any more: then write it in place.
		 */
		file->place = realpath(file->path, NULL);
		file->truncate =
			!file->place || stat(file->place, &there) != 0 || !same_file(&st, &there);
	}
	if (!S_ISREG(st.st_mode) || file->truncate) {
		free(file->place);
		file->place = NULL;
		return temporary_elsewhere(file);
	}
	close(file->target);
	file->target = -1;
	if (!temporary_beside(file, file->place, st.st_mode & 0777))
		return false;
	/* Keep the owner if permitted: only root may give files away. */
	if (fchown(file->fd, st.st_uid, st.st_gid) != 0)
		errno = 0;
	return true;
}

/*
 * Prepare to create the file: @path does not exist, or is a link that leads
 * nowhere.
 */
static bool open_new(struct bench_outfile *file)
{
	mode_t mask = umask(0);
	struct stat st;

	umask(mask);
	if (lstat(file->path, &st) == 0 && S_ISLNK(st.st_mode)) {
		file->target = open(file->path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOCTTY, 0666);
		if (file->target >= 0)
			return open_over(file);
		bench_say(stderr, "%s: %s", file->path, strerror(errno));
		return false;
	}
	file->place = strdup(file->path);
	return file->place ? temporary_beside(file, file->place, 0666 & ~mask)
			   : out_of_memory(file);
}

static bool open_any(struct bench_outfile *file)
{
	if (!*file->path) {
		bench_say(stderr, "found '' for an output file, expected its name");
		return false;
	}
	/*
	 * Open for writing, so that the kernel decides whether we may, and
	 * whether a link in /tmp may be followed.
	 */
	file->target = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
	if (file->target >= 0)
		return open_over(file);
	if (errno == ENOENT)
		return open_new(file);
	bench_say(stderr, "%s: %s", file->path, strerror(errno));
	return false;
}

struct bench_outfile *bench_outfile_open(const char *path)
{
	struct bench_outfile *file = malloc(sizeof(*file));

	if (!file) {
		bench_say(stderr, "%s: out of memory", path);
		return NULL;
	}
	*file = (struct bench_outfile){.path = strdup(path), .fd = -1, .target = -1};
	if (file->path && open_any(file))
		return file;
	if (!file->path)
		bench_say(stderr, "%s: out of memory", path);
	bench_outfile_close(file);
	return NULL;
}

int bench_outfile_fd(const struct bench_outfile *file)
{
	return file->fd;
}

FILE *bench_outfile_stream(const struct bench_outfile *file)
{
	int fd = fcntl(file->fd, F_DUPFD_CLOEXEC, 0);
	FILE *stream = fd >= 0 ? fdopen(fd, "w") : NULL;

	if (stream)
		return stream;
	bench_say(stderr, "%s: %s", file->path, strerror(errno));
	if (fd >= 0)
		close(fd);
	return NULL;
}

const char *bench_outfile_temporary(const struct bench_outfile *file)
{
	return file->temporary;
}

/* ---- publishing ---- */

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return false;
		bytes += done;
		len -= (size_t)done;
	}
	return true;
}

static bool copy(const struct bench_outfile *file)
{
	char bytes[16384];
	ssize_t got;
	off_t at = 0;

	if (file->truncate && ftruncate(file->target, 0) != 0)
		return false;
	while ((got = pread(file->fd, bytes, sizeof(bytes), at)) != 0) {
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0 || !write_all(file->target, bytes, (size_t)got))
			return false;
		at += got;
	}
	return true;
}

/* A network file system may report a failed write only at close(). */
static bool close_one(int *fd)
{
	int closed = *fd < 0 ? 0 : close(*fd);

	*fd = -1;
	return closed == 0;
}

bool bench_outfile_publish(struct bench_outfile *file)
{
	bool copied = !file->place;
	bool ok = copied ? copy(file) && close_one(&file->target) && close_one(&file->fd)
			 : close_one(&file->fd) && rename(file->temporary, file->place) == 0;

	if (!ok)
		bench_say(stderr, "%s: %s", file->path, strerror(errno));
	else
		forget_temporary(file, copied);
	return ok;
}

void bench_outfile_close(struct bench_outfile *file)
{
	if (!file)
		return;
	close_one(&file->fd);
	close_one(&file->target);
	forget_temporary(file, true);
	free(file->place);
	free(file->path);
	free(file);
}
