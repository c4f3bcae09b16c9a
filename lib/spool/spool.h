/*
 * spool.h: what other floors and cmd/ may do with spools and queues.
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
 * Open the spool.  'create': make its format file, and its directory if only that is missing.
 * ST_NOTFOUND: it is not there.  ST_CONF: it has a newer format.  'conf' must live as long as the
 * spool.
 */
enum status spool_open(const char *path, bool create, const struct conf_files *conf,
    struct spool **out, struct error *err) MUST_CHECK;
/*
 * Like spool_open without 'create', but an empty .mq, as a power failure may leave it, is accepted
 * and left to fsck_spool.
 */
enum status spool_open_raw(const char *path, const struct conf_files *conf, struct spool **sp,
    struct error *err) MUST_CHECK;
/* Write the format file anew. */
enum status spool_mend_format(struct spool *sp, struct error *err) MUST_CHECK;
void spool_close(struct spool *sp);
const char *spool_path(const struct spool *sp);
/* The first error of the event log.  ST_OK: there was none. */
const struct error *spool_log_error(const struct spool *sp);

/*
 * What an entry of the spool is.  SPOOL_QUEUE: a queue.  SPOOL_WRECK: a queue that lost its ready/,
 * but has the directory of another state.  SPOOL_LINK: a symbolic link to a queue, which no command
 * follows.
 */
enum spool_entry { SPOOL_OTHER = 0, SPOOL_QUEUE = 1, SPOOL_WRECK = 2, SPOOL_LINK = 4 };
/* List the entries of these kinds, sorted by name.  Free the list with names_free. */
enum status spool_list(struct spool *sp, unsigned kinds, struct names *names,
    struct error *err) MUST_CHECK;
/* Whether anything in the spool has that name. */
bool spool_holds(const struct spool *sp, const char *name);

/* ---- open.c, make.c, configure.c, trust.c ---- */

/*
 * Open a queue.  ST_NOTFOUND: it is not there.  ST_USAGE: its name is bad.  ST_CONF: its policy is
 * broken.
 */
enum status queue_open(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/*
 * Like queue_open, for work that must go on under any policy, such as the end of claims.  If the
 * policy cannot be read, those parts of it count that can be understood, and queue_trouble says
 * what is wrong.
 */
enum status queue_open_anyway(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/* Like queue_open_anyway, but ready/ may be missing.  This is for fsck. */
enum status queue_open_raw(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/*
 * Like queue_open, but make the queue if there is none.  A new queue is durable, and its queue.conf
 * says what 'assign' asks for ('n' times "key=value"; see queue_configure).  A queue that is there
 * keeps its policy.
 */
enum status queue_create(struct spool *sp, const char *name, const char *const *assign, size_t n,
    struct queue **q, struct error *err) MUST_CHECK;
/*
 * Like queue_open, for users who may only put messages into the drop box (see mode in mq.conf(5)).
 * Only push_allowed, batch_* and queue_reload work on such a queue.
 */
enum status queue_open_drop(struct spool *sp, const char *name, struct queue **q,
    struct error *err) MUST_CHECK;
/* Whether the queue was opened by queue_open_drop. */
bool queue_drops_only(const struct queue *q);
void queue_close(struct queue *q);
const char *queue_name(const struct queue *q);
const struct policy *queue_policy(const struct queue *q);
/*
 * Read the policy again, because a pause may have ended.  If it cannot be read, the last policy
 * holds, and queue_trouble says why.  ST_NOTFOUND: the queue was removed.
 */
enum status queue_reload(struct queue *q, struct error *err) MUST_CHECK;
/* Why the policy in force is not what the files say.  ST_OK: it is. */
const struct error *queue_trouble(const struct queue *q);
/* Whether queue_trouble came or went since the last call. */
bool queue_trouble_news(struct queue *q);
/*
 * Read the policy again and give its handler, which is valid as long as the policy is.  ST_CONF:
 * there is none; or somebody other than root and the effective user could have written it, and so
 * would choose what this user runs.
 */
enum status queue_handler(struct queue *q, const char **handler, struct error *err) MUST_CHECK;
/*
 * Like queue_handler, for the command that checks messages before they are accepted.  *accept is
 * NULL if there is none.
 */
enum status queue_accept(struct queue *q, const char **accept, struct error *err) MUST_CHECK;
/*
 * Set keys in queue.conf ("key=value" each) by one atomic replacement, which keeps comments and
 * order. Of two changes at the same time none is lost.  The directories get the new mode and group,
 * and so will future messages.  ST_USAGE or ST_CONF: nothing was changed.
 */
enum status queue_configure(struct queue *q, const char *const *assign, size_t n,
    struct error *err) MUST_CHECK;
/*
 * Pause what 'which' names (PAUSED_POP, PAUSED_PUSH), or allow it again.  The rest stays as it is.
 */
enum status queue_pause(struct queue *q, int which, bool pause, struct error *err) MUST_CHECK;
/* Read the text of queue.conf.  *text is NULL if there is none.  The caller frees *text. */
enum status queue_conf_text(struct queue *q, char **text, size_t *len,
    struct error *err) MUST_CHECK;
/*
 * Keep other imports out of the queue until queue_close.  ST_AGAIN: another import is at work. 
 * Where locks do not work (NFS), any number of imports may work.
 */
enum status queue_lock_import(struct queue *q, struct error *err) MUST_CHECK;
/* Make all that was written to the queue durable. */
enum status queue_sync_all(struct queue *q, struct error *err) MUST_CHECK;

/* The kinds of events that are counted. */
enum { COUNT_PUSHED, COUNT_DELIVERED, COUNT_ACKED, COUNT_FAILED, COUNT_DEAD,
    COUNT_EXPIRED, COUNT_RETRIED, COUNT_REMOVED,
    COUNT_LATE,		/* answers that came when nobody waited any more; they have no rate */
    NCOUNTS };
extern const char *const count_names[NCOUNTS];
struct rates {
	uint64_t total[NCOUNTS];
	double rate[3][NCOUNTS];	/* over the last 1, 5 and 15 minutes */
};
/*
 * The totals since the file of the counters was made, and the rates per second.  All are zero if
 * there are no counters.
 */
void queue_rates(struct queue *q, usec_t now, struct rates *r);
/*
 * Make the moves into a queue durable.  Call it once at the end, for the queue that messages were
 * moved into.
 */
enum status moves_sync(struct queue *q, struct error *err) MUST_CHECK;
/* The path of a message's file below the spool, for people. */
void place_path(const struct queue *q, const struct place *p, char *buf, size_t size);

#endif
