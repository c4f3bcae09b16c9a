/*
 * queue.h: what an open spool and an open queue are, inside lib/.
 */
#ifndef SPOOL_QUEUE_H
#define SPOOL_QUEUE_H

#include "base/base.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/way.h"
#include "spool/policy.h"
#include "spool/bucket.h"

struct counters;

struct spool {
	int fd;
	bool mends;		/* it was opened by spool_open_raw */
	bool torn;		/* its .mq is empty, as a power failure may leave it */
	char path[4096];
	const struct conf_files *conf;
	struct error log_error;	/* why the first event could not be logged: see log.c */
	struct known_origin {
		char hash[WAY_HASH + 1];	/* "": none was asked for */
		char name[QUEUE_NAME_MAX + 1];	/* "": there is no such queue */
	} origin;		/* the last answer of queue_origin */
};

/* How many keys one pass over ready/ may leave standing before it parks their messages. */
#define PASSED_MAX 64

/* Turns that ended but were not passed on yet: see order_defer. */
struct deferred {
	bool on;
	struct ended {
		char order[ORDER_LEN + 1];
		struct msgid id;
	} *e;
	size_t n, cap;
};

/* The file of the policy single.  'held': this process has its lock. */
struct active {
	int fd;			/* -1: not open */
	bool held;
};

/* The event log, which is opened when it is first needed. */
struct event_log {
	int fd;			/* -1: not open */
	char name[LOG_NAME_MAX];	/* what the policy said when it was opened */
	usec_t looked;		/* when we last opened it, tried to, or found it in its place */
	bool torn;		/* its last line is incomplete */
};

/* A key that had not its turn when a pass met a message of it. */
struct passed_key {
	char order[ORDER_LEN + 1];
	struct msgid turn;	/* the message whose turn it was; "": nobody said */
};

/*
 * What is left of the last listing of a bucket of ready/.  It serves processes that claim again and
 * again.
 */
struct window {
	struct listing names;
	size_t next;
	int fd;			/* of the bucket; -1: none */
	char bucket[BUCKET_MAX];
	usec_t since;
	usec_t began;		/* the pass that the window belongs to */
	unsigned npassed;	/* keys that this pass has left standing */
	struct passed_key passed[PASSED_MAX];
	unsigned spread;	/* how far ahead of next a message is taken: see window_scatter */
};

struct queue {
	struct spool *spool;
	char name[QUEUE_NAME_MAX + 1];
	int fd;			/* the queue's directory */
	struct shelf shelf[NSTATES];	/* the directories of the states: see shelf_of */
	usec_t purged;		/* when done_purge last found nothing to remove */
	usec_t swept;		/* when order_sweep last looked in vain */
	struct deferred deferred;
	int tmpfd, newfd;
	int import_lock;	/* see queue_lock_import */
	int remote;		/* -1: not asked yet; see queue_remote */
	struct policy policy;
	struct error trouble;	/* why the policy is not what the files say: see queue_reload */
	bool trouble_told;	/* see queue_trouble_news */
	struct owner owner;	/* of what we make in it */
	struct counters *counters;
	bool counters_tried;
	_Atomic int64_t turn;	/* takes the place of that of the counters where there are none */
	struct active active;
	struct event_log log;
	struct window window;
	/* one for each state, and one for the lanes: see target_for */
	struct target target[NSTATES + 1];
	bool topic;		/* the claims of this process distribute messages: see topic.c */
	/* messages and bytes that will come in, and are to be counted with what is there */
	uint64_t promised, promised_bytes;
	/* it was opened by queue_open_drop: fd and newfd only stand for a path */
	bool drop;
	bool careful;		/* moves are to be made durable, all at once, by moves_sync */
	bool sync_failed;
	/* the st_size of a directory says nothing about its entries: see target.c */
	bool sizes_lie;
};

/* ---- handle.c --------------------------------------------------------------- */

/*
 * queue_file_mode: the mode of message files and files of advice.  queue_dir_mode: the mode of the
 * directories that hold them.
 */
mode_t queue_file_mode(const struct queue *q);
mode_t queue_dir_mode(const struct queue *q);
/*
 * The modes of the queue's own directory, of queue.conf and of new/.  They are more open where some
 * users may only put messages in.
 */
mode_t queue_top_mode(const struct queue *q);
mode_t queue_conf_mode(const struct queue *q);
mode_t queue_new_mode(const struct queue *q);
/* The mode of a file that somebody drops into new/. */
mode_t queue_drop_mode(const struct queue *q);
/* Whether some users may only put messages in. */
bool queue_is_drop_box(const struct queue *q);
/*
 * Whether the queue is on a file system that may forget locks and tells inotify nothing, such as
 * that of another machine.
 */
bool queue_remote(struct queue *q);
/* Whether the policy says sync = always. */
bool queue_synced(const struct queue *q);
/*
 * Give the descriptor of a state's directory, of tmp/ or of new/.  tmp/ is made if it is missing.
 * queue_new: ST_GONE: there is no new/.
 */
enum status queue_state(struct queue *q, enum state s, int *fd, struct error *err) MUST_CHECK;
enum status queue_tmp(struct queue *q, int *fd, struct error *err) MUST_CHECK;
enum status queue_new(struct queue *q, int *fd, struct error *err) MUST_CHECK;
/* Fill the error.  Its text gets "queue NAME: " in front. */
enum status queue_fail(const struct queue *q, struct error *err, int errnum, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* ---- open.c ------------------------------------------------------------------ */

/*
 * Make a struct queue of that name in which nothing is open.  queue_close frees it.  NULL: no
 * memory.
 */
struct queue *queue_alloc(struct spool *sp, const char *name);
/*
 * queue_policy_set makes 'p' the policy of the queue, and queue_policy_load reads it from the
 * files. Both decide who is to own what is made.  If they fail, the former policy holds.
 */
enum status queue_policy_set(struct queue *q, const struct policy *p, struct error *err) MUST_CHECK;
enum status queue_policy_load(struct queue *q, struct error *err) MUST_CHECK;
/* Whether the open queue is still the one that has its name. */
bool queue_stands(const struct queue *q);

/* ---- configure.c ------------------------------------------------------------- */

#define QUEUE_CONF "queue.conf"
/*
 * Set keys in 'old', the text of a queue.conf, and write the result as queue.conf.  Its policy
 * becomes that of the queue.
 */
enum status queue_conf_put(struct queue *q, const char *old, size_t oldlen,
    const char *const *assign,
    size_t n, struct error *err) MUST_CHECK;

/* ---- make.c ------------------------------------------------------------------ */

/*
 * Names with these prefixes stand outside tmp/: a file that fs_replace_file is writing, and a queue
 * in the making.
 */
#define TMP_PREFIX ".mq-"
#define NEW_PREFIX ".new-"
/* Make the directories of an empty queue, all but tmp/. */
enum status queue_layout(struct queue *q, usec_t now, struct error *err) MUST_CHECK;

/* ---- spool.c ----------------------------------------------------------------- */

/* Check the text of .mq, which ends with a NUL.  ST_CONF: this mq must not work on such a spool. */
enum status format_check(const char *path, const char *text, size_t len,
    struct error *err) MUST_CHECK;

/* under the policy single, the process that may claim holds its lock */
#define ACTIVE_FILE "active"
#define REPLIES "replies"

#endif
