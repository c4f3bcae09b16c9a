/*
 * topics.c: which queues subscribe to a topic, and which topics a queue subscribes to
 * (F17.1 and F17.7 of spool-format.md).
 *
 * TOPIC/subscriptions/QUEUE is the subscription: a small file whose lines are the filters.
 * QUEUE/topics/TOPIC, which is empty, only tells a consumer of QUEUE where else to look.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "view/view.h"
#include "view/topics.h"

bool
queue_is_topic(const struct queue *q)
{
	return !q->drop && faccessat(q->fd, SUBSCRIPTIONS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static bool
names_queue(void *arg, const struct entry *e)
{
	(void)arg;
	return e->type == DT_REG && queue_name_ok(e->name);
}

/* List the regular files in a directory of the queue that have the name of a queue. */
static enum status
names_in(struct queue *q, const char *sub, struct names *out, struct error *err)
{
	struct listing l;
	enum status st;
	int dir;

	memset(out, 0, sizeof(*out));
	if (q->drop)
		return ST_OK;
	if ((st = fs_open_dir(q->fd, sub, false, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	st = fs_list(dir, "", 0, false, &l, NULL, err);
	(void)close(dir);
	if (st != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	return listing_names(&l, names_queue, NULL, out, err);
}

enum status
subscriptions_list(struct queue *topic, struct names *out, struct error *err)
{
	return names_in(topic, SUBSCRIPTIONS, out, err);
}

enum status
topics_of(struct queue *q, struct names *out, struct error *err)
{
	return names_in(q, TOPICS, out, err);
}

enum status
subscription_filters(struct queue *topic, const char *queue, struct names *out, struct error *err)
{
	struct error why;
	enum status st;
	char *text;
	size_t len;
	int dir;

	memset(out, 0, sizeof(*out));
	if ((st = fs_open_dir(topic->fd, SUBSCRIPTIONS, false, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_NOTFOUND : st;
	st = fs_read_file(dir, queue, false, FILTERS_MAX, &text, &len, err);
	(void)close(dir);
	if (st == ST_NOTFOUND)
		error_clear(err);
	else if (st != ST_OK) {	/* the text of the error begins with the name of the file */
		why = *err;
		error_clear(err);
		(void)error_set(err, st, 0, SUBSCRIPTIONS "/%s", why.text);
		err->errnum = why.errnum;
	}
	if (st != ST_OK)
		return st;
	st = names_split(text, len, '\n', out, err);
	free(text);
	return st;
}
