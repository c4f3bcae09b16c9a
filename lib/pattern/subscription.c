/*
 * subscription.c: which queues get the messages of a topic (F17.3 to F17.11 of spool-format.md).
 *
 * TOPIC/subscriptions/QUEUE is the subscription: a small file whose lines are the
 * filters.  The marker QUEUE/topics/TOPIC, which is empty, only tells a consumer of
 * QUEUE where else to look.  It is made first and removed last.
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
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "pattern/subscription.h"
#include "view/topics.h"

static enum status
topic_allowed(struct queue *topic, struct error *err)
{
	struct names names;
	struct tally t;
	enum status st;
	uint64_t n = 0;

	if ((st = topics_of(topic, &names, err)) != ST_OK)
		return st;
	if (names.n > 0)
		st = error_set(err, ST_USAGE, 0,
		    "queue '%s' subscribes to topic '%s': it cannot be a topic itself",
		    topic->name, names.name[0]);
	names_free(&names);
	if (st != ST_OK || queue_is_topic(topic))
		return st;
	if ((st = queue_tally(topic, STATES_ALL & ~STATE_BIT(STATE_DONE), &t, err)) != ST_OK)
		return st;
	for (int s = 0; s < NSTATES; s++)
		n += t.count[s];
	if (n == 0)
		return ST_OK;
	return error_set(err, ST_USAGE, 0,
	    "queue '%s' holds %llu message%s and is no topic; were the operands swapped? "
	    "mq subscribe TOPIC QUEUE", topic->name, (unsigned long long)n, n == 1 ? "" : "s");
}

enum status
subscription_allowed(struct queue *topic, struct queue *q, struct error *err)
{
	if (q != NULL && queue_is_topic(q))
		return error_set(err, ST_USAGE, 0,
		    "'%s' is a topic, and topics do not subscribe; were the operands "
		    "swapped? mq subscribe TOPIC QUEUE", q->name);
	return topic == NULL ? ST_OK : topic_allowed(topic, err);
}

/*
 * Say what to do about a directory that stands where a file of mq belongs.  The text "Is a
 * directory" would not tell that.
 */
static enum status
in_the_way(struct queue *q, const char *dir, const char *name, enum status st, struct error *err)
{
	if (err->errnum != EISDIR)
		return st;
	error_clear(err);
	return error_set(err, st, 0,
	    "%s/%s/%s/%s is a directory, and no subscription: mq fsck --repair %s sets it aside",
	    q->spool->path, q->name, dir, name, q->name);
}

static enum status
went_away(struct queue *q, const char *dir, struct error *err)
{
	error_clear(err);
	(void)error_set(err, ST_IO, 0, "queue %s: %s/ went away", q->name, dir);
	return ST_IO;
}

/* Make a directory that survives a power failure. */
static enum status
subscription_make_dir(struct queue *q, const char *dir, int *fd, struct error *err)
{
	enum status st = fs_mkdir(q->fd, dir, queue_dir_mode(q), q->owner, err);

	/* Another process that made it may not have synced it yet. */
	if (st == ST_EXISTS || st == ST_OK)
		st = queue_synced(q) ? fs_sync(q->fd, err) : ST_OK;
	if (st == ST_OK)
		st = fs_open_dir(q->fd, dir, false, fd, err);
	return st == ST_GONE ? went_away(q, dir, err) : st;
}

/*
 * Put a file into the directory 'dir', which is open as 'fd'.  If the directory was removed
 * meanwhile, that fails, even if there is a new directory of that name.
 */
static enum status
subscription_put_file(struct queue *q, const char *dir, int fd, const char *name, const char *text,
    struct error *err)
{
	enum status st = fs_replace_file(fd, name, text, strlen(text), queue_conf_mode(q), q->owner,
	    queue_synced(q), err);

	return st == ST_NOTFOUND ? went_away(q, dir, err) : in_the_way(q, dir, name, st, err);
}

static enum status
subscription_drop_file(struct queue *q, const char *dir, const char *name, struct error *err)
{
	enum status st;
	int fd;

	if ((st = fs_open_dir(q->fd, dir, false, &fd, err)) != ST_OK)
		return st;
	st = fs_unlink(fd, name, err);
	if (st == ST_OK && queue_synced(q))
		st = fs_sync(fd, err);
	(void)close(fd);
	return in_the_way(q, dir, name, st, err);
}

enum status
marker_put(struct queue *q, const char *topic, struct error *err)
{
	enum status st;
	int fd;

	if ((st = subscription_make_dir(q, TOPICS, &fd, err)) != ST_OK)
		return st;
	st = subscription_put_file(q, TOPICS, fd, topic, "", err);
	(void)close(fd);
	return st;
}

enum status
marker_drop(struct queue *q, const char *topic, struct error *err)
{
	return subscription_drop_file(q, TOPICS, topic, err);
}

/* Wake the consumers of a subscriber that wait, by touching the marker. */
static void
marker_touch(struct queue *q, const char *topic)
{
	struct error ignored;
	int fd;

	error_clear(&ignored);
	if (fs_open_dir(q->fd, TOPICS, false, &fd, &ignored) != ST_OK)
		return;
	fs_touch(fd, topic);
	(void)close(fd);
}

void
topic_poke(struct queue *topic)
{
	struct error ignored;
	struct names subs;
	struct queue *q;

	error_clear(&ignored);
	if (subscriptions_list(topic, &subs, &ignored) != ST_OK)
		return;
	for (size_t i = 0; i < subs.n; i++)
		if (queue_open_raw(topic->spool, subs.name[i], &q, &ignored) == ST_OK) {
			marker_touch(q, topic->name);
			queue_close(q);
		}
	names_free(&subs);
}

enum status
subscription_drop(struct queue *topic, const char *queue, struct error *err)
{
	return subscription_drop_file(topic, SUBSCRIPTIONS, queue, err);
}

/*
 * Undo our half-made subscription, unless another process has completed it meanwhile.  A complete
 * subscription needs both the directory and the marker.
 */
static void
subscription_withdraw(struct queue *topic, struct queue *q, int dir, bool was_topic)
{
	struct error ignored;

	error_clear(&ignored);
	if (!was_topic)
		(void)fs_rmdir(topic->fd, SUBSCRIPTIONS);
	if (faccessat(dir, q->name, F_OK, AT_SYMLINK_NOFOLLOW) == -1 &&
	    marker_drop(q, topic->name, &ignored) != ST_OK)
		error_clear(&ignored);
}

/*
 * Others may subscribe at the same time, and a topic must not subscribe to another topic.  So the
 * marker, which makes 'q' a subscriber, and the directory, which makes 'topic' a topic, are made
 * first, and then subscription_allowed is asked again.  A process that makes 'topic' a subscriber,
 * or 'q' a topic, does the same, so the one that asks last sees what the other made.  The
 * subscription itself is made only after that, and is never taken back.
 */
static enum status
subscribe_settled(struct queue *topic, struct queue *q, const char *text, struct error *err)
{
	bool was_topic = queue_is_topic(topic);
	enum status st;
	int dir;

	if ((st = marker_put(q, topic->name, err)) != ST_OK ||
	    (st = subscription_make_dir(topic, SUBSCRIPTIONS, &dir, err)) != ST_OK)
		return st;
	if ((st = subscription_allowed(topic, q, err)) == ST_OK)
		st = subscription_put_file(topic, SUBSCRIPTIONS, dir, q->name, text, err);
	if (st != ST_OK && st != ST_UNSURE)
		subscription_withdraw(topic, q, dir, was_topic);
	(void)close(dir);
	return st;
}

enum status
subscribe(struct queue *topic, struct queue *q, const char *const *filters, size_t n,
    struct error *err)
{
	size_t len = 1;
	enum status st;
	char *text;

	for (size_t i = 0; i < n; i++)
		len += strlen(filters[i]) + 1;
	if (len > FILTERS_MAX)
		return error_set(err, ST_USAGE, 0, "the filters are larger than %d bytes",
		    FILTERS_MAX);
	if ((text = calloc(1, len)) == NULL)
		return queue_fail(topic, err, ENOMEM, "subscribe");
	for (size_t i = 0; i < n; i++) {
		(void)strlcat(text, filters[i], len);
		(void)strlcat(text, "\n", len);
	}
	st = subscribe_settled(topic, q, text, err);
	free(text);
	return st;
}

enum status
unsubscribe(struct queue *topic, const char *queue, struct error *err)
{
	struct error ignored;
	enum status st;
	struct queue *q;

	if ((st = subscription_drop(topic, queue, err)) != ST_OK)
		return st != ST_GONE ? st : error_set(err, ST_NOTFOUND, 0,
		    "queue '%s' does not subscribe to '%s'",
		    queue, topic->name);
	/* The queue may be gone.  A marker that stays does no harm without the subscription. */
	error_clear(&ignored);
	if (queue_open_raw(topic->spool, queue, &q, &ignored) == ST_OK) {
		if (marker_drop(q, topic->name, &ignored) != ST_OK)
			error_clear(&ignored);
		queue_close(q);
	}
	return ST_OK;
}
