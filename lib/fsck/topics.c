/*
 * topics.c: the checks of subscriptions (F17.2 to F17.7 of spool-format.md).
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "pattern/subscription.h"
#include "fsck/check.h"

/*
 * Check the filters of one subscription.  '*usable' is false if it cannot be used or is gone, so
 * that there is nothing more to check.
 */
static enum status
topics_filters(struct fsck *f, const char *name, const char *path, bool *usable)
{
	struct names filters;
	struct error why;
	enum status st;

	st = subscription_filters(f->q, name, &filters, f->err);
	for (size_t i = 0; st == ST_OK && i < filters.n; i++) {
		error_clear(&why);
		if (filter_check(filters.name[i], &why) != ST_OK)
			fsck_found(f, BAD_FILTER, false, path, "%s", why.text);
	}
	names_free(&filters);
	*usable = st == ST_OK;
	if (st == ST_CONF)
		fsck_found(f, BAD_FILTER, false, path, "%s", f->err->text);
	else if (st == ST_DENIED || st == ST_IO)
		fsck_found(f, UNREADABLE, false, path, "it may not be read: %s",
		    strerror(f->err->errnum));
	else if (st != ST_NOTFOUND)
		return st;
	error_clear(f->err);
	return ST_OK;
}

/*
 * Whether a subscriber is a topic itself.  A process that tries to subscribe and is refused makes a
 * topic without subscriptions for a moment, so an empty one counts only when it is old.  The
 * subscription itself has to stand still, too.
 */
static bool
topics_chained(struct fsck *f, int dir, struct queue *q)
{
	struct names subs;
	bool topic = subscriptions_list(q, &subs, f->err) == ST_OK && subs.n > 0;

	error_clear(f->err);
	names_free(&subs);
	return (topic || fsck_older(f, q->fd, "subscriptions", HALF_AGE)) &&
	    faccessat(dir, q->name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static enum status
topics_subscription(struct fsck *f, int dir, const char *name)
{
	struct names topics;
	struct error ignored;
	struct queue *q;
	enum status st;
	char path[200];
	bool has = false, usable;

	(void)snprintf(path, sizeof(path), "subscriptions/%s", name);
	if ((st = topics_filters(f, name, path, &usable)) != ST_OK || !usable)
		return st;
	error_clear(&ignored);
	if ((st = queue_open_raw(f->q->spool, name, &q, &ignored)) == ST_NOTFOUND) {
		fsck_found(f, LOST_SUBSCRIPTION, f->repair &&
		    fsck_mended(f, subscription_drop(f->q, name, f->err)), path,
		    "there is no queue '%s'", name);
		return ST_OK;
	}
	if (st != ST_OK)
		return ST_OK;	/* it cannot be opened, perhaps as it belongs to another user */
	if (topics_chained(f, dir, q))
		fsck_found(f, CHAINED_TOPIC, false, path,
		    "queue '%s' is a topic, too: mq unsubscribe %s %s ends it; "
		    "or make '%s' a plain queue again", name, f->q->name, name, name);
	st = topics_of(q, &topics, f->err);
	if (st == ST_OK) {
		for (size_t i = 0; i < topics.n; i++)
			has |= strcmp(topics.name[i], f->q->name) == 0;
		if (!has)
			fsck_found(f, LOST_MARKER, f->repair &&
			    fsck_mended(f, marker_put(q, f->q->name, f->err)), path,
			    "queue '%s' does not know of it", name);
	}
	names_free(&topics);
	queue_close(q);
	return fsck_pass(f, st, path);
}

/* A process that subscribes makes the note first, so a young note may lack its subscription. */
static enum status
topics_marker(struct fsck *f, int dir, const char *topic)
{
	struct names filters = { 0 };
	struct queue *q;
	char path[200];
	enum status st;

	st = queue_open_raw(f->q->spool, topic, &q, f->err);
	if (st == ST_OK) {
		st = subscription_filters(q, f->q->name, &filters, f->err);
		queue_close(q);
		names_free(&filters);
	}
	error_clear(f->err);
	if (st != ST_NOTFOUND)
		return ST_OK;
	(void)snprintf(path, sizeof(path), "topics/%s", topic);
	if (fsck_older(f, dir, topic, HALF_AGE))
		fsck_found(f, LOST_MARKER, f->repair &&
		    fsck_mended(f, marker_drop(f->q, topic, f->err)), path,
		    "this queue does not subscribe to '%s'", topic);
	return ST_OK;
}

enum status
fsck_topics(struct fsck *f)
{
	static const struct entries subscriptions = { "subscriptions", queue_name_ok,
	    "not the name of a queue", DT_REG,
	    topics_subscription };
	static const struct entries topics = { "topics", queue_name_ok, "not the name of a topic",
	    DT_REG, topics_marker };
	enum status st = fsck_entries(f, &subscriptions);

	return st == ST_OK ? fsck_entries(f, &topics) : st;
}
