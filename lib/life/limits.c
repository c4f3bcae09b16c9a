/*
 * limits.c: whether a queue takes more: its pause, its limits, the disk.
 */
#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/queue.h"
#include "spool/counters.h"
#include "view/view.h"
#include "life/life.h"
#include "life/limits.h"

/* How long the counters are believed before the messages are counted again. */
#define COUNT_AGE (60 * USEC)
/*
 * How long they are believed when they say that the queue is full: a producer that tries again and
 * again must not count each time.
 */
#define FULL_AGE (USEC / 2)

/*
 * Count the messages in the queue: the counters are only advice, and other programs may have moved
 * messages.
 */
static enum status
limits_recount(struct queue *q, usec_t now, uint64_t *messages, uint64_t *bytes, struct error *err)
{
	struct tally t;
	enum status st;

	if ((st = queue_tally(q, STATES_BACKLOG, &t, err)) != ST_OK)
		return st;
	*messages = tally_backlog(&t);
	*bytes = t.bytes[STATE_READY] + t.bytes[STATE_DELAYED] + t.bytes[STATE_CLAIMED];
	counters_set_backlog(q, *messages, *bytes, now);
	return ST_OK;
}

static bool
limits_over(uint64_t have, uint64_t more, int64_t limit)
{
	return limit > 0 && have + more > (uint64_t)limit;
}

static enum status
depth_allowed(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err)
{
	const struct policy *p = &q->policy;
	uint64_t n, size;
	enum status st;
	usec_t since;
	bool doubtful;

	if (p->max_messages == 0 && p->max_bytes == 0)
		return ST_OK;
	if (limits_over(0, messages, p->max_messages))
		return error_set(err, ST_BADDATA, 0,
		    "%llu messages at once never fit: max_messages "
		    "of queue '%s' is %lld", (unsigned long long)messages, q->name,
		    (long long)p->max_messages);
	if (limits_over(0, bytes, p->max_bytes))
		return error_set(err, ST_BADDATA, 0,
		    "%llu bytes never fit: max_bytes of queue '%s' "
		    "is %lld", (unsigned long long)bytes, q->name, (long long)p->max_bytes);
	messages += q->promised;
	bytes += q->promised_bytes;
	doubtful = !counters_backlog(q, &n, &size, &since) || since > now ||
	    now - since > COUNT_AGE || ((limits_over(n, messages, p->max_messages) ||
	    limits_over(size, bytes, p->max_bytes)) && now - since > FULL_AGE);
	if (doubtful && (st = limits_recount(q, now, &n, &size, err)) != ST_OK)
		return st;
	if (limits_over(n, messages, p->max_messages))
		return error_set(err, ST_AGAIN, 0, "queue '%s' is full: %llu messages wait, "
		    "max_messages is %lld", q->name, (unsigned long long)n + q->promised,
		    (long long)p->max_messages);
	if (limits_over(size, bytes, p->max_bytes))
		return error_set(err, ST_AGAIN, 0, "queue '%s' is full: %llu bytes wait, "
		    "max_bytes is %lld", q->name, (unsigned long long)size + q->promised_bytes,
		    (long long)p->max_bytes);
	return ST_OK;
}

enum status
disk_allowed(struct queue *q, uint64_t messages, uint64_t bytes, struct error *err)
{
	const struct policy *p = &q->policy;
	int64_t free_bytes, free_inodes;
	enum status st;

	if (p->min_free == 0 && p->min_inodes == 0)
		return ST_OK;
	if ((st = fs_space(q->fd, &free_bytes, &free_inodes, err)) != ST_OK)
		return st;
	if (p->min_free > 0 && free_bytes - (int64_t)bytes < p->min_free)
		return error_set(err, ST_AGAIN, 0, "queue '%s': the disk is low: %lld bytes "
		    "free, min_free is %lld", q->name, (long long)free_bytes,
		    (long long)p->min_free);
	if (p->min_inodes > 0 && free_inodes - (int64_t)messages < p->min_inodes)
		return error_set(err, ST_AGAIN, 0, "queue '%s': the disk is low: %lld inodes "
		    "free, min_inodes is %lld", q->name, (long long)free_inodes,
		    (long long)p->min_inodes);
	return ST_OK;
}

enum status
push_allowed(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *err)
{
	enum status st;

	if (q->policy.paused & PAUSED_PUSH)
		return error_set(err, ST_AGAIN, 0, "queue '%s' takes no messages now (paused): "
		    "'mq resume --push %s' lets them in again", q->name, q->name);
	if ((st = disk_allowed(q, messages, bytes, err)) != ST_OK || q->drop)
		return st;	/* a producer that may only drop messages cannot count them */
	return depth_allowed(q, messages, bytes, now, err);
}
