/*
 * input.c: a body that comes in: from the command line, a file or stdin.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/input.h"

#define CHUNK (128 << 10)

enum status
input_open(struct run *r, const char *file, int *fd)
{
	if ((*fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY)) == -1)
		return error_sys(&r->err, errno, "%s", file);
	return ST_OK;
}

void
input_at_terminal(struct run *r)
{
	if (isatty(STDIN_FILENO))
		run_note(r, "the message is read from the terminal: Ctrl-D on a new line ends it");
}

enum status
input_read(struct run *r, int fd, const char *name, char *buf, size_t size, size_t *got,
    const char *then)
{
	ssize_t n;

	do {
		n = read(fd, buf, size);
		if (run_stopped())
			return error_set(&r->err, ST_AGAIN, 0, "stopped by a signal: %s", then);
	} while (n == -1 && errno == EINTR);
	if (n == -1)
		return error_set(&r->err, ST_IO, errno, "read %s", name);
	*got = (size_t)n;
	return ST_OK;
}

enum status
input_files_exist(struct run *r)
{
	struct stat sb;

	for (int i = 1; i < r->noperands; i++) {
		const char *name = r->operand[i];
		if (strcmp(name, "-") == 0)
			continue;
		if (access(name, R_OK) == -1 || stat(name, &sb) == -1)
			return error_sys(&r->err, errno, "%s", name);
		if (S_ISDIR(sb.st_mode))
			return error_set(&r->err, ST_BADDATA, 0, "%s: is a directory", name);
	}
	return ST_OK;
}

static enum status
input_copy_fd(struct run *r, int fd, const char *name, const char *then,
    enum status (*put)(void *, const void *, size_t, struct error *), void *arg)
{
	static char buf[CHUNK];
	enum status st;
	size_t n = 0;

	do {
		if ((st = input_read(r, fd, name, buf, sizeof(buf), &n, then)) == ST_OK && n > 0)
			st = put(arg, buf, n, &r->err);
	} while (st == ST_OK && n > 0);
	return st;
}

enum status
input_copy(struct run *r, const struct input *in, const char *then,
    enum status (*put)(void *, const void *, size_t, struct error *), void *arg)
{
	enum status st;
	int fd;

	if (in->text != NULL)
		return put(arg, in->text, strlen(in->text), &r->err);
	if (in->file == NULL || strcmp(in->file, "-") == 0) {
		input_at_terminal(r);
		return input_copy_fd(r, STDIN_FILENO, "stdin", then, put, arg);
	}
	if ((st = input_open(r, in->file, &fd)) != ST_OK)
		return st;
	st = input_copy_fd(r, fd, in->file, then, put, arg);
	(void)close(fd);
	return st;
}
