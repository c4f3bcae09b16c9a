/*
 * latest.c: queues in which a new message replaces the waiting one of its key.
 *
 * latest/ORDER is a symbolic link, read and never followed, to where the newest message
 * of the key was published.  A push that is durable points it there, and removes the one
 * that it pointed to.  What comes back from a claim asks the link after, a push looks at what
 * waits after: so one of them sees the other.  A claim that meets a message that is older than
 * the one which the link names removes it, too, so two pushes at once, or a killed one, cost a
 * delivery too many at worst; the newest is never removed.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "pattern/order.h"
#include "pattern/latest.h"

#define LATEST "latest"
/* Ids may be ahead of the clock by so much: the messages of a batch are given times that follow one another. */
#define SLACK (USEC / 10)

static void
link_path(const char *order, char path[sizeof(LATEST) + ORDER_LEN + 1])
{
	(void)snprintf(path, sizeof(LATEST) + ORDER_LEN + 1, "%s/%s", LATEST, order);
}

/* Where the newest was published.  False: nobody knows. */
static bool
link_read(struct queue *q, const char *order, struct place *p)
{
	char path[sizeof(LATEST) + ORDER_LEN + 1], text[NAME_MAX_LEN + BUCKET_MAX + 16];
	char *next = text, *state, *bucket;
	struct error ignored;
	int s;

	link_path(order, path);
	error_clear(&ignored);
	if (fs_read_link(q->fd, path, text, sizeof(text), &ignored) != ST_OK)
		return false;
	state = strsep(&next, "/");
	bucket = strsep(&next, "/");
	if (next == NULL || (s = state_parse(state)) == -1 || name_parse(next, &p->name) != NAME_OK)
		return false;
	p->state = (enum state)s;
	p->lane[0] = '\0';
	return strlcpy(p->bucket, bucket, sizeof(p->bucket)) < sizeof(p->bucket) &&
	    strlcpy(p->file, next, sizeof(p->file)) < sizeof(p->file);
}

static void
link_write(struct queue *q, const struct place *p)
{
	char path[sizeof(LATEST) + ORDER_LEN + 1], tmp[40], text[NAME_MAX_LEN + BUCKET_MAX + 16];
	struct error ignored;
	enum status st;
	int dir;

	link_path(p->name.order, path);
	(void)snprintf(text, sizeof(text), "%s/%s/%s", state_names[p->state], p->bucket, p->file);
	error_clear(&ignored);
	if (queue_tmp(q, &dir, &ignored) != ST_OK)
		return;
	tmp_name(tmp);
	st = fs_symlink(text, dir, tmp, &ignored);
	if (st == ST_OK && fs_replace(dir, tmp, q->fd, path, &ignored) != ST_OK) {
		error_clear(&ignored);
		st = fs_mkdir(q->fd, LATEST, queue_dir_mode(q), q->owner, &ignored);
		if (st == ST_OK || st == ST_EXISTS)
			st = fs_replace(dir, tmp, q->fd, path, &ignored);
	}
	if (st != ST_OK)
		(void)!fs_unlink(dir, tmp, &ignored);
}

/* The clock was set back since: what comes now is newer, whatever its id says. */
static bool
ahead(const struct msgname *n)
{
	return id_time(&n->id) > clock_now() + SLACK;
}

static bool
older(const struct msgname *a, const struct msgname *b)
{
	return ahead(a) != ahead(b) ? ahead(a) : strcmp(a->id.text, b->id.text) < 0;
}

enum status
latest_drop(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	enum status st = place_drop(q, p, err);

	if (st == ST_OK) {
		(void)order_leave(q, &p->name);
		counters_add(q, COUNT_REMOVED, 1, now);
		log_event(q, "replaced", &p->name, p->state, now);
	}
	return st;
}

bool
latest_superseded(struct queue *q, const struct msgname *n)
{
	struct place p;

	return q->policy.latest && n->order[0] != '\0' && link_read(q, n->order, &p) && older(n, &p.name);
}

void
latest_returned(struct queue *q, const struct place *p, usec_t now)
{
	struct error ignored;

	error_clear(&ignored);
	if (latest_superseded(q, &p->name))
		(void)!latest_drop(q, p, now, &ignored);
}

void
latest_published(struct queue *q, const struct place *p, usec_t now)
{
	struct error ignored;
	struct place old;
	bool known;

	if (!q->policy.latest || p->name.order[0] == '\0' || p->file[0] == '\0')
		return;
	known = link_read(q, p->name.order, &old);
	if (known && !older(&old.name, &p->name)) {
		latest_returned(q, p, now);
		return;
	}
	link_write(q, p);
	error_clear(&ignored);
	if (known && (old.state == STATE_READY || old.state == STATE_DELAYED) &&
	    latest_drop(q, &old, now, &ignored) == ST_OK)
		return;
	/* It waits for its turn, or to be tried again; if it is being worked on, it is left alone. */
	error_clear(&ignored);
	while (order_waits(q, p->name.order, &old) && older(&old.name, &p->name))
		if (latest_drop(q, &old, now, &ignored) != ST_OK)
			return;
}

void
latest_arrived(struct queue *q, const struct place *p, usec_t now)
{
	struct error failed;

	if (!q->policy.latest || p->name.order[0] == '\0' || (p->state != STATE_READY && p->state != STATE_DELAYED))
		return;
	error_clear(&failed);
	if (moves_sync(q, &failed) == ST_OK)
		latest_published(q, p, now);
	else
		q->sync_failed = true;	/* told by the last moves_sync */
}

void
latest_done(struct queue *q, const struct msgname *n)
{
	char path[sizeof(LATEST) + ORDER_LEN + 1];
	struct error ignored;
	struct place p;

	if (!q->policy.latest || n->order[0] == '\0' || !link_read(q, n->order, &p) ||
	    strcmp(p.name.id.text, n->id.text) != 0)
		return;
	link_path(n->order, path);
	error_clear(&ignored);
	(void)!fs_unlink(q->fd, path, &ignored);
}
