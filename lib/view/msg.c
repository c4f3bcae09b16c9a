/*
 * msg.c: the file of a message, where it stands now, and the headers in it.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/place.h"
#include "view/view.h"

enum status
msg_open(struct queue *q, const struct place *p, int *fd, struct error *err)
{
	char path[600];
	struct stat sb;
	enum status st;
	int dir;

	*fd = -1;
	if ((st = place_open(q, p, &dir, err)) != ST_OK)
		return st;
	*fd = fs_open_read(dir, p->file);
	if (*fd == -1) {
		int e = errno;
		(void)close(dir);
		if (e == ENOENT)
			return ST_GONE;
		place_path(q, p, path, sizeof(path));
		if (e == ELOOP || e == ENXIO)
			return error_set(err, ST_BADDATA, 0, "%s: not a regular file", path);
		return error_sys(err, e, "%s", path);
	}
	(void)close(dir);
	st = fstat(*fd, &sb) == -1 ? ST_IO : ST_OK;
	if (st == ST_OK && S_ISREG(sb.st_mode) && sb.st_size == p->name.size)
		return ST_OK;
	place_path(q, p, path, sizeof(path));
	if (st != ST_OK)
		error_sys(err, errno, "%s", path);
	else if (!S_ISREG(sb.st_mode))
		error_set(err, ST_BADDATA, 0, "%s: not a regular file", path);
	else
		error_set(err, ST_BADDATA, 0, "%s: torn: it has %lld bytes, its name says %lld",
		    path, (long long)sb.st_size, (long long)p->name.size);
	(void)close(*fd);
	*fd = -1;
	return err->status;
}

enum status
msg_headers(int fd, const struct msgname *name, struct headers *h, struct error *err)
{
	size_t want = (size_t)name->head, have = 0;
	ssize_t n = 0;

	memset(h, 0, sizeof(*h));
	if (want == 0)
		return ST_OK;
	if (want > HEADERS_MAX || (int64_t)want > name->size)
		return error_set(err, ST_BADDATA, 0, "message %s: impossible header size",
		    name->id.text);
	if ((h->block = malloc(want + 1)) == NULL)
		return error_sys(err, ENOMEM, "read headers");
	while (have < want && (n = pread(fd, h->block + have, want - have, (off_t)have)) > 0)
		have += (size_t)n;
	if (n == -1) {
		error_sys(err, errno, "message %s: read its headers", name->id.text);
		headers_free(h);
		return err->status;
	}
	h->block[have] = '\0';
	h->len = have;
	if (have == want && headers_valid(h))
		return ST_OK;
	headers_free(h);
	return error_set(err, ST_BADDATA, 0, "message %s: its header block is broken",
	    name->id.text);
}
