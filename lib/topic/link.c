/*
 * link.c: one message under one more name.  No byte is copied unless the kernel refuses the link:
 * the file belongs to another user and fs.protected_hardlinks is on, the queue is on another file
 * system, or the file has too many links.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/bucket.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/view.h"
#include "life/life.h"
#include "topic/link.h"

#define BUFFER (128 << 10)

void
name_of_subscriber(const struct msgname *n, struct msgname *out)
{
	*out = *n;
	name_unclaim(out);
	out->key = id_time(&n->id);
	out->attempts = out->deliveries = 0;
	out->reason[0] = '\0';
	out->replayed = false;
}

static void
link_ignore(void *arg, const struct msgid *id)
{
	(void)arg, (void)id;
}

static enum status
link_bytes(int fd, struct batch *b, struct error *err)
{
	char *buf = malloc(BUFFER);
	enum status st = ST_OK;
	off_t at = 0;
	ssize_t n = 0;

	if (buf == NULL)
		return error_sys(err, ENOMEM, "copy a message");
	while (st == ST_OK && (n = pread(fd, buf, BUFFER, at)) > 0) {
		st = batch_write(b, buf, (size_t)n, err);
		at += n;
	}
	if (n == -1)
		st = error_sys(err, errno, "read the message");
	free(buf);
	return st;
}

static enum status
link_copy(struct queue *q, const struct place *p, struct queue *to, const struct msgname *n,
    usec_t now, struct place *at, struct error *err)
{
	struct push_options opt = { .import = true };
	struct batch *b = NULL;
	enum status st;
	int fd;

	if ((st = msg_open(q, p, &fd, err)) != ST_OK)
		return st;
	if ((st = batch_open(to, &opt, &b, err)) == ST_OK &&
	    (st = batch_begin_as(b, STATE_READY, n, err)) == ST_OK &&
	    (st = link_bytes(fd, b, err)) == ST_OK && (st = batch_end(b, err)) == ST_OK)
		st = batch_publish(b, now, link_ignore, NULL, err);
	if (st == ST_OK)
		batch_newest(b, at);
	batch_close(b);
	(void)close(fd);
	return st;
}

enum status
message_link(struct queue *q, const struct place *p, struct queue *to, const struct msgname *name,
    usec_t now,
    struct place *at, struct error *err)
{
	struct msgname n = *name;
	enum status st;
	int dir;

	if ((st = place_open(q, p, &dir, err)) != ST_OK)
		return st;
	st = bucket_link(to, dir, p->file, STATE_READY, &n, at, err);
	(void)close(dir);
	if (st != ST_OK && st != ST_GONE && st != ST_EXISTS && fs_link_refused(err)) {
		error_clear(err);
		return link_copy(q, p, to, name, now, at, err);
	}
	if (st == ST_OK) {
		counters_state(to, STATE_READY, 1, n.size);
		counters_add(to, COUNT_PUSHED, 1, now);
		log_event(to, "pushed", &n, STATE_READY, now);
	}
	return st;
}
