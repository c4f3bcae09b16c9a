/*
 * dropped.c: in a drop box the sender of a message owns its file.  The sender may take away the
 * right to read it after it was accepted, or change its bytes while they are handled.  So a
 * consumer handles a copy, and a message that stays unreadable becomes a dead letter.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/life.h"
#include "life/dropped.h"

/* Larger messages are not copied: the cost of a claim is bounded. */
#define COPY_MAX (64 << 10)

/* Make a file and remove its name.  -1: that failed. */
static int
dropped_file(struct queue *q, struct error *err)
{
	char name[40];
	int tmp, fd;

	tmp_name(name);
	if (queue_tmp(q, &tmp, err) != ST_OK ||
	    fs_create(tmp, name, S_IRUSR | S_IWUSR, OWNER_SELF, &fd, err) != ST_OK)
		return -1;
	if (fs_unlink(tmp, name, err) == ST_OK)
		return fd;
	(void)close(fd);
	return -1;
}

void
dropped_own(struct queue *q, struct claim *c)
{
	static char buf[COPY_MAX];
	size_t size = (size_t)c->at.name.size;
	struct error ignored;
	struct stat sb;
	int fd, own = -1;

	error_clear(&ignored);
	if (!queue_is_drop_box(q) || fstat(c->fd, &sb) == -1 || sb.st_uid == geteuid() ||
	    sb.st_uid == 0 || size > COPY_MAX || (fd = dropped_file(q, &ignored)) == -1)
		return;
	/*
	 * One read takes the whole message, as it is at one moment.  The copy is opened anew for
	 * reading, so that its offset is at the beginning and shared with nobody.
	 */
	if (pread(c->fd, buf, size, 0) == (ssize_t)size &&
	    fs_write(fd, buf, size, &ignored) == ST_OK)
		own = fs_reopen(fd);
	(void)close(fd);
	if (own == -1)	/* no copy, as on a full disk: the message is handled as it is */
		return;
	c->fence = c->fd;
	c->fd = own;
	c->copied = true;
}

enum status
claim_body(struct queue *q, const struct claim *c, int *fd, struct error *err)
{
	if (!c->copied)
		return msg_open(q, &c->at, fd, err);
	*fd = fs_reopen(c->fd);
	return *fd == -1 ? error_sys(err, errno, "message %s", c->at.name.id.text) : ST_OK;
}

bool
dropped_sealed(struct queue *q, int dir, const struct place *p, usec_t now)
{
	struct stat sb;

	return queue_is_drop_box(q) && fstatat(dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    now - ((usec_t)sb.st_ctim.tv_sec * USEC + sb.st_ctim.tv_nsec / 1000) > SEALED_GRACE;
}
