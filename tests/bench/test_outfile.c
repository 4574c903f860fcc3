/* SPDX-License-Identifier: MIT */
/*
 * test_outfile.c - an output file is replaced as a whole, and only if it is a
 * regular file: devices, FIFOs and symbolic links stay what they are. No
 * temporary file remains after a failure or a signal.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/harness/outfile.h"

static char dir[] = "/tmp/test_outfile.XXXXXX";

static void write_text(const char *path, const char *text, mode_t mode)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(close(fd), 0);
}

static void assert_holds(const char *path, const char *text)
{
	char bytes[64] = "";
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	assert_true(read(fd, bytes, sizeof(bytes) - 1) >= 0);
	assert_string_equal(bytes, text);
	close(fd);
}

static struct stat info(const char *path)
{
	struct stat st;

	assert_int_equal(lstat(path, &st), 0);
	return st;
}

static unsigned int nr_files(void)
{
	DIR *d = opendir(".");
	unsigned int nr = 0;

	while (readdir(d))
		nr++;
	closedir(d);
	return nr - 2;
}

static struct bench_outfile *begin(const char *path, const char *text)
{
	struct bench_outfile *file = bench_outfile_open(path);

	assert_non_null(file);
	assert_int_equal(write(bench_outfile_fd(file), text, strlen(text)), strlen(text));
	return file;
}

static void write_whole(const char *path, const char *text)
{
	struct bench_outfile *file = begin(path, text);

	assert_true(bench_outfile_publish(file));
	bench_outfile_close(file);
}

static void a_new_file_has_the_mode_that_the_umask_leaves(void **state)
{
	mode_t before = umask(027);

	(void)state;
	write_whole("new", "text");
	umask(before);
	assert_holds("new", "text");
	assert_int_equal(info("new").st_mode, S_IFREG | 0640);
	assert_int_equal(nr_files(), 1);
}

static void the_old_file_is_whole_until_the_new_one_is(void **state)
{
	struct bench_outfile *file;

	(void)state;
	write_text("old", "old", 0604);
	file = begin("old", "new");
	assert_holds("old", "old");
	assert_true(bench_outfile_publish(file));
	bench_outfile_close(file);
	assert_holds("old", "new");
	assert_int_equal(info("old").st_mode, S_IFREG | 0604);
	bench_outfile_close(begin("old", "half"));
	assert_holds("old", "new");
	assert_int_equal(nr_files(), 1);
}

/*
 * Symptom: the name was once OUT.new, which anybody could have created as a
 * link.
 */
static void the_temporary_name_cannot_be_foreseen(void **state)
{
	struct bench_outfile *file;
	char first[256];

	(void)state;
	write_text("victim", "precious", 0644);
	assert_int_equal(symlink("victim", "out.new"), 0);
	file = begin("out", "text");
	snprintf(first, sizeof(first), "%s", bench_outfile_temporary(file));
	bench_outfile_close(file);
	file = begin("out", "text");
	assert_string_not_equal(first, bench_outfile_temporary(file));
	assert_int_equal(info(bench_outfile_temporary(file)).st_mode & 077,
			 info(bench_outfile_temporary(file)).st_mode & 044);
	assert_true(bench_outfile_publish(file));
	bench_outfile_close(file);
	assert_holds("victim", "precious");
	assert_true(S_ISLNK(info("out.new").st_mode));
}

static void a_link_stays_and_its_target_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(mkdir("folder", 0755), 0);
	write_text("folder/target", "old", 0640);
	assert_int_equal(symlink("folder/target", "middle"), 0);
	assert_int_equal(symlink("middle", "link"), 0);
	write_whole("link", "new");
	assert_true(S_ISLNK(info("link").st_mode));
	assert_true(S_ISLNK(info("middle").st_mode));
	assert_holds("folder/target", "new");
	assert_int_equal(info("folder/target").st_mode, S_IFREG | 0640);
	assert_int_equal(symlink("folder/fresh", "dangling"), 0);
	write_whole("dangling", "made");
	assert_true(S_ISLNK(info("dangling").st_mode));
	assert_holds("folder/fresh", "made");
}

static void a_fifo_stays_and_receives_the_text(void **state)
{
	char bytes[16] = "";
	int fd;

	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	/* Open both ends, so that the writer does not wait. */
	fd = open("fifo", O_RDWR);
	assert_true(fd >= 0);
	write_whole("fifo", "text");
	assert_true(S_ISFIFO(info("fifo").st_mode));
	assert_int_equal(read(fd, bytes, sizeof(bytes)), 4);
	assert_string_equal(bytes, "text");
	close(fd);
	assert_int_equal(nr_files(), 1);
}

/*
 * Make a device for this test if it runs as root, because the machine's own
 * device would be lost if the test failed.
 * Return: false if the device cannot be made.
 */
static bool device(char path[16], const char *name, unsigned int minor_number)
{
	int fd;

	snprintf(path, 16, geteuid() ? "/dev/%s" : "%s", name);
	if (geteuid() == 0 && mknod(path, S_IFCHR | 0600, makedev(1, minor_number)) != 0)
		return false;
	fd = open(path, O_WRONLY);
	return fd >= 0 && close(fd) == 0;
}

/* Symptom: root's `-o /dev/null` left a regular file of that name. */
static void a_device_stays_and_receives_the_text(void **state)
{
	char null[16], full[16];
	struct bench_outfile *file;
	struct stat before;

	(void)state;
	if (!device(null, "null", 3) || !device(full, "full", 7))
		skip();
	before = info(null);
	write_whole(null, "text");
	assert_true(S_ISCHR(info(null).st_mode));
	assert_int_equal(info(null).st_ino, before.st_ino);
	file = begin(full, "text");
	assert_false(bench_outfile_publish(file));
	bench_outfile_close(file);
	assert_true(S_ISCHR(info(full).st_mode));
}

/*
 * With -o /dev/stdout and standard output in a file, the file keeps what it
 * already holds.
 */
static void standard_output_is_written_behind_what_it_holds(void **state)
{
	pid_t pid = fork();
	int status;

	(void)state;
	if (pid == 0) {
		int fd = open("log", O_WRONLY | O_CREAT, 0600);

		if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0 ||
		    write(STDOUT_FILENO, "before ", 7) != 7)
			_exit(1);
		write_whole("/dev/stdout", "text");
		_exit(write(STDOUT_FILENO, " after", 6) != 6);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_holds("log", "before text after");
	assert_int_equal(nr_files(), 1);
}

static void what_may_not_be_written_is_refused_at_once(void **state)
{
	(void)state;
	assert_null(bench_outfile_open(""));
	assert_null(bench_outfile_open("."));
	assert_null(bench_outfile_open("no/such/folder/file"));
	assert_int_equal(nr_files(), 0);
}

static void a_long_name_has_room(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	write_whole(name, "text");
	assert_holds(name, "text");
}

static void signals_leave_nothing_behind(void **state)
{
	static const int fatal[] = {SIGINT, SIGTERM, SIGHUP};

	(void)state;
	write_text("old", "old", 0644);
	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++) {
		pid_t pid = fork();
		int status;

		if (pid == 0) {
			signal(fatal[i], SIG_DFL);
			begin("old", "half");
			raise(fatal[i]);
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status) && WTERMSIG(status) == fatal[i]);
		assert_holds("old", "old");
		assert_int_equal(nr_files(), 1);
	}
}

static int enter(void **state)
{
	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/test_outfile.XXXXXX");
	return mkdtemp(dir) ? chdir(dir) : -1;
}

static int leave(void **state)
{
	char line[64];

	(void)state;
	snprintf(line, sizeof(line), "rm -r %s", dir);
	/* NOLINTNEXTLINE(cert-env33-c): a name that mkdtemp() made */
	return chdir("/") ? -1 : system(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_new_file_has_the_mode_that_the_umask_leaves,
						enter, leave),
		cmocka_unit_test_setup_teardown(the_old_file_is_whole_until_the_new_one_is, enter,
						leave),
		cmocka_unit_test_setup_teardown(the_temporary_name_cannot_be_foreseen, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_link_stays_and_its_target_is_replaced, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_fifo_stays_and_receives_the_text, enter, leave),
		cmocka_unit_test_setup_teardown(a_device_stays_and_receives_the_text, enter, leave),
		cmocka_unit_test_setup_teardown(standard_output_is_written_behind_what_it_holds,
						enter, leave),
		cmocka_unit_test_setup_teardown(what_may_not_be_written_is_refused_at_once, enter,
						leave),
		cmocka_unit_test_setup_teardown(a_long_name_has_room, enter, leave),
		cmocka_unit_test_setup_teardown(signals_leave_nothing_behind, enter, leave),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
