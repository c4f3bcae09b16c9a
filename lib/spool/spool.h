/*
 * spool.h: the door to spools and queues.
 */
#ifndef SPOOL_SPOOL_H
#define SPOOL_SPOOL_H

#include "base/base.h"

struct conf_files;
struct names;
struct place;
struct policy;
struct queue;
struct spool;

/* ---- spool.c --------------------------------------------------------------- */

/*
 * Open the spool.  create: make the directory if only it is missing, and its format file.
 * ST_NOTFOUND: not there; ST_CONF: of a newer format.  conf must live as long as the spool.
 */
enum status spool_open(const char *path, bool create, const struct conf_files *conf,
    struct spool **out, struct error *err) MUST_CHECK;
/*
 * As spool_open without create; an empty .mq, as a power failure may leave it, is left to
 * fsck_spool.
 */
enum status spool_open_raw(const char *path, const struct conf_files *conf, struct spool **sp,
    struct error *err) MUST_CHECK;
/* Write the format file anew. */
enum status spool_mend_format(struct spool *sp, struct error *err) MUST_CHECK;
void spool_close(struct spool *sp);
const char *spool_path(const struct spool *sp);
const struct conf_files *spool_conf(const struct spool *sp);
/* Why the first event could not be logged that should have been; ST_OK: none failed. */
const struct error *spool_log_error(const struct spool *sp);

/*
 * What the spool holds: a queue; one that lost its ready/, but has the directory of another state;
 * a symbolic link to a queue, which no command follows.
 */
enum spool_entry { SPOOL_OTHER = 0, SPOOL_QUEUE = 1, SPOOL_WRECK = 2, SPOOL_LINK = 4 };
/* The sorted names of what is of one of these kinds; free with names_free. */
enum status spool_list(struct spool *sp, unsigned kinds, struct names *names,
    struct error *err) MUST_CHECK;
/* Whether anything has that name there. */
bool spool_holds(const struct spool *sp, const char *name);

/* ---- open.c, make.c, configure.c, trust.c ---- */

/* ST_NOTFOUND: no such queue.  ST_USAGE: bad name.  ST_CONF: its policy is broken. */
enum status queue_open(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/*
 * As queue_open, for what must go on under any policy, such as the end of claims that are out:
 * where the policy cannot be read, what can be understood of it counts, and queue_trouble says why.
 */
enum status queue_open_anyway(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/* As queue_open_anyway, also without ready/: for fsck. */
enum status queue_open_raw(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/*
 * As queue_open; makes the queue when there is none, durably, with a queue.conf that says assign (n
 * of "key=value"; see queue_configure).  The policy of one that is there stays.
 */
enum status queue_create(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct queue **q, struct error *err) MUST_CHECK;
/*
 * As queue_open, for users who may put messages into the drop box and no more (see mode in
 * mq.conf(5)). The queue is good for nothing but push_allowed, batch_* and queue_reload.
 */
enum status queue_open_drop(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/* Whether the queue was opened by queue_open_drop. */
bool queue_drops_only(const struct queue *q);
void queue_close(struct queue *q);
const char *queue_name(const struct queue *q);
const struct policy *queue_policy(const struct queue *q);
/*
 * Read the policy again (a pause may have ended).  If it cannot be read, the last one that could
 * holds, and queue_trouble says why.  ST_NOTFOUND: the queue was removed.
 */
enum status queue_reload(struct queue *q, struct error *err) MUST_CHECK;
/* Why the policy in force is not what the files say; its status is ST_OK if it is. */
const struct error *queue_trouble(const struct queue *q);
/* Whether that has come or gone since this was asked last. */
bool queue_trouble_news(struct queue *q);
/*
 * The handler of the policy, read anew; it stays as long as the policy does.  ST_CONF: there is
 * none, or somebody other than root and the effective user could have written it, and so would
 * choose what this user runs.
 */
enum status queue_handler(struct queue *q, const char **handler, struct error *err) MUST_CHECK;
/*
 * As queue_handler, for the command that looks at messages before they are accepted; NULL: there is
 * none.
 */
enum status queue_accept(struct queue *q, const char **accept, struct error *err) MUST_CHECK;
/*
 * Set keys in queue.conf ("key=value" each; comments and order are kept), by one atomic
 * replacement.  Of two changes at once none is lost.  Mode and group are those of the directories
 * from then on, and of messages yet to come.  ST_USAGE or ST_CONF: nothing was changed.
 */
enum status queue_configure(struct queue *q, const char *const *assign, size_t n,
    struct error *err) MUST_CHECK;
/* Pause, or allow again, what is in which (PAUSED_POP, PAUSED_PUSH); the rest stays as it is. */
enum status queue_pause(struct queue *q, int which, bool pause, struct error *err) MUST_CHECK;
/* The text of its queue.conf; NULL: it has none.  The caller frees *text. */
enum status queue_conf_text(struct queue *q, char **text, size_t *len,
    struct error *err) MUST_CHECK;
/*
 * From now on until queue_close no other import may have it.  ST_AGAIN: one has.  Where locks do
 * not work (NFS) everybody may.
 */
enum status queue_lock_import(struct queue *q, struct error *err) MUST_CHECK;
/* Make what was written durable, whatever it is. */
enum status queue_sync_all(struct queue *q, struct error *err) MUST_CHECK;

/* Totals since the counters file was made, and rates per second. */
enum { COUNT_PUSHED, COUNT_DELIVERED, COUNT_ACKED, COUNT_FAILED, COUNT_DEAD,
    COUNT_EXPIRED, COUNT_RETRIED, COUNT_REMOVED,
    COUNT_LATE,		/* answers that came when nobody waited any more; it has no rate */
    NCOUNTS };
extern const char *const count_names[NCOUNTS];
struct rates {
	uint64_t total[NCOUNTS];
	double rate[3][NCOUNTS];	/* over the last 1, 5 and 15 minutes */
};
/* All zero when there are no counters. */
void queue_rates(struct queue *q, usec_t now, struct rates *r);
/* Make the moves durable: call once at the end for the queue moved into. */
enum status moves_sync(struct queue *q, struct error *err) MUST_CHECK;
/* Path of the message's file below the spool, for people. */
void place_path(const struct queue *q, const struct place *p, char *buf, size_t size);

#endif
