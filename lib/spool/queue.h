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
	bool mends;		/* opened by spool_open_raw */
	bool torn;		/* its .mq is empty, as a power failure may leave it */
	char path[4096];
	const struct conf_files *conf;
	struct error log_error;	/* why the first event could not be logged: see log.c */
	struct known_origin {
		char hash[WAY_HASH + 1];	/* "": none was asked for */
		char name[QUEUE_NAME_MAX + 1];	/* "": there is no such queue */
	} origin;		/* the last answer of queue_origin */
};

/* Keys whose messages one pass over ready/ may leave standing before it parks them. */
#define PASSED_MAX 64

/* Turns that ended and were not passed on yet: see order_defer. */
struct deferred {
	bool on;
	struct ended {
		char order[ORDER_LEN + 1];
		struct msgid id;
	} *e;
	size_t n, cap;
};

/* The file of the policy single, and whether we hold its lock. */
struct active {
	int fd;			/* -1: not open */
	bool held;
};

/* The event log, as far as it was needed. */
struct event_log {
	int fd;			/* -1: not open */
	char name[LOG_NAME_MAX];	/* what the policy said when it was opened */
	usec_t looked;		/* when it was last opened, or tried, or found to stand */
	bool torn;		/* it ends with a part of a line */
};

/* A key whose turn had not come when a message of it was met. */
struct passed_key {
	char order[ORDER_LEN + 1];
	struct msgid turn;	/* whose turn it was; "": nobody said */
};

/* What is left of the last listing of a ready bucket, for processes that claim again and again. */
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
	_Atomic int64_t turn;	/* in place of that of the counters, where there are none */
	struct active active;
	struct event_log log;
	struct window window;
	/* one for each state, and one for the lanes: see target_for */
	struct target target[NSTATES + 1];
	bool topic;		/* what is claimed is being distributed: see topic.c */
	/* that will come in, too, and is to be counted with what is there */
	uint64_t promised, promised_bytes;
	/* opened by queue_open_drop: of fd and newfd only the path may be used */
	bool drop;
	bool careful;		/* moves are to be made durable: by moves_sync, all at once */
	bool sync_failed;
	/* the st_size of a directory says nothing about its entries: see target.c */
	bool sizes_lie;
};

/* ---- handle.c --------------------------------------------------------------- */

/* Of message files and files of advice; of the directories that hold them. */
mode_t queue_file_mode(const struct queue *q);
mode_t queue_dir_mode(const struct queue *q);
/*
 * Of the queue's own directory, of queue.conf and of new/, which are more open where others may
 * only put messages in.
 */
mode_t queue_top_mode(const struct queue *q);
mode_t queue_conf_mode(const struct queue *q);
mode_t queue_new_mode(const struct queue *q);
/* Of a file that somebody drops there. */
mode_t queue_drop_mode(const struct queue *q);
/* Whether some users may only put messages in. */
bool queue_is_drop_box(const struct queue *q);
/*
 * Whether it is on a file system of another machine, or one that may forget locks and tells inotify
 * nothing.
 */
bool queue_remote(struct queue *q);
/* Whether the policy says sync = always. */
bool queue_synced(const struct queue *q);
/*
 * Descriptor of a state's directory, of tmp/ (made if it is missing), of new/ (ST_GONE: there is
 * none).
 */
enum status queue_state(struct queue *q, enum state s, int *fd, struct error *err) MUST_CHECK;
enum status queue_tmp(struct queue *q, int *fd, struct error *err) MUST_CHECK;
enum status queue_new(struct queue *q, int *fd, struct error *err) MUST_CHECK;
/* Fill the error with "queue NAME: " in front. */
enum status queue_fail(const struct queue *q, struct error *err, int errnum, const char *fmt, ...)
    PRINTF_LIKE(4, 5);

/* ---- open.c ------------------------------------------------------------------ */

/* A struct queue of that name with nothing open in it; NULL: no memory.  Ended by queue_close. */
struct queue *queue_alloc(struct spool *sp, const char *name);
/* ST_USAGE: that is no name for a queue. */
enum status queue_name_check(const char *name, struct error *err) MUST_CHECK;
/*
 * Take a policy, or read it: with it comes who is to own what is made.  Where that fails, the one
 * before holds.
 */
enum status queue_policy_set(struct queue *q, const struct policy *p, struct error *err) MUST_CHECK;
enum status queue_policy_load(struct queue *q, struct error *err) MUST_CHECK;
/* Whether the queue that was opened is still the one of its name. */
bool queue_stands(const struct queue *q);

/* ---- configure.c ------------------------------------------------------------- */

#define QUEUE_CONF "queue.conf"
/* ST_USAGE: the system has no group that assign ("key=value", n of them) asks for. */
enum status queue_group_exists(const char *const *assign, size_t n, struct error *err) MUST_CHECK;
/*
 * Set keys in the old text, make the policy of the new one that of the queue, and queue.conf of the
 * text.
 */
enum status queue_conf_put(struct queue *q, const char *old, size_t oldlen,
    const char *const *assign,
    size_t n, struct error *err) MUST_CHECK;

/* ---- make.c ------------------------------------------------------------------ */

/*
 * What starts so lies outside tmp/: what fs_replace_file writes first, and a queue in the making.
 */
#define TMP_PREFIX ".mq-"
#define NEW_PREFIX ".new-"
/* Lay out an empty queue in its directory, all but tmp/. */
enum status queue_layout(struct queue *q, usec_t now, struct error *err) MUST_CHECK;

/* ---- spool.c ----------------------------------------------------------------- */

/* The text of .mq, NUL-terminated.  ST_CONF: this mq must not work on such a spool. */
enum status format_check(const char *path, const char *text, size_t len,
    struct error *err) MUST_CHECK;

#define ACTIVE_FILE "active"	/* policy single: whoever may claim holds its lock */
#define REPLIES "replies"

#endif
