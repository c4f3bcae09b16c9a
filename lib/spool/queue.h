/*
 * queue.h: what an open spool and an open queue are, inside lib/.
 */
#ifndef SPOOL_QUEUE_H
#define SPOOL_QUEUE_H

#include "base/base.h"
#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/bucket.h"

struct counters;

struct spool {
	int fd;
	bool created;		/* its .mq was written by this run, or has to be */
	char path[4096];
	const struct conf_files *conf;
	struct error log_error;	/* why the first event could not be logged: see log.c */
};

/* Keys whose messages one pass over ready/ may leave standing before it parks them. */
#define PASSED_MAX 64

struct queue {
	struct spool *spool;
	char name[QUEUE_NAME_MAX + 1];
	int fd;			/* the queue's directory */
	struct shelf shelf[NSTATES];	/* the directories of the states: see shelf_of */
	usec_t swept;		/* when order_sweep last looked in vain */
	/* Turns that ended and were not passed on yet: see order_defer. */
	struct {
		bool on;
		struct ended { char order[ORDER_LEN + 1]; struct msgid id; } *e;
		size_t n, cap;
	} deferred;
	int tmpfd, newfd;
	int remote;		/* -1: not asked yet; see queue_remote */
	struct policy policy;
	struct owner owner;	/* of what we make in it */
	struct counters *counters;
	bool counters_tried;
	_Atomic int64_t turn;	/* in place of that of the counters, where there are none */
	struct { int fd; bool held; } active;	/* policy single: ACTIVE_FILE, and whether we have its lock */
	/* The event log, as far as it was needed. */
	struct {
		int fd;			/* -1: not open */
		char name[LOG_NAME_MAX];	/* what the policy said then */
		usec_t looked;		/* when it was last opened, or tried, or found to stand */
		bool torn;		/* it ends with a part of a line */
	} log;
	/* What is left of the last listing of a ready bucket, for processes that claim again and again. */
	struct window {
		struct listing names;
		size_t next;
		int fd;
		char bucket[BUCKET_MAX];
		usec_t since;
		usec_t began;		/* the pass that it belongs to */
		unsigned npassed;	/* keys whose turn had not come in this pass */
		struct {
			char order[ORDER_LEN + 1];
			struct msgid turn;	/* whose it was, "": not told */
		} passed[PASSED_MAX];
		unsigned spread;	/* how far ahead of `next` the next one is taken: see window_scatter */
	} window;
	struct target target[NSTATES + 1];	/* one for each state, and one for the lanes: see target_for */
	bool topic;		/* what is claimed is being distributed: see topic.c */
	uint64_t promised, promised_bytes;	/* that will come in, too, and is to be counted with what is there */
	bool drop;		/* opened by queue_open_drop: of fd and newfd only the path may be used */
	bool careful;		/* moves are to be made durable: by moves_sync, all at once */
	bool sync_failed;
};

mode_t queue_file_mode(const struct queue *);
mode_t queue_dir_mode(const struct queue *);
/* Give an advice file the mode and group of the queue, if we may. */
void queue_share(const struct queue *, int fd);
/* Of the queue's own directory, queue.conf and new/, which are more open where others may only put messages in. */
mode_t queue_top_mode(const struct queue *);
mode_t queue_conf_mode(const struct queue *);
mode_t queue_new_mode(const struct queue *);
/* Whether some users may only put messages in. */
bool queue_is_drop_box(const struct queue *);
/* Of a file that somebody drops there. */
mode_t queue_drop_mode(const struct queue *);
/* On a file system of another machine, or one that may forget locks and tells nothing to inotify. */
bool queue_remote(struct queue *);
bool queue_synced(const struct queue *);	/* policy sync = always */
/* Descriptor of a state's directory, of tmp/ (made if missing), of new/. */
enum status queue_state(struct queue *, enum state, int *fd, struct error *) MUST_CHECK;
enum status queue_tmp(struct queue *, int *fd, struct error *) MUST_CHECK;
enum status queue_new(struct queue *, int *fd, struct error *) MUST_CHECK;
/* Lay out an empty queue in the directory fd, but tmp/. */
enum status queue_layout(struct queue *, usec_t now, struct error *) MUST_CHECK;
/* Outside tmp/: what fs_replace_file writes first, and a queue in the making. */
#define TMP_PREFIX ".mq-"
#define NEW_PREFIX ".new-"
/* Error text in front: "queue jobs: ...". */
enum status queue_fail(const struct queue *, struct error *, int errnum, const char *fmt, ...) PRINTF_LIKE(4, 5);
#define ACTIVE_FILE "active"	/* policy single: who may claim holds its lock */
#define REPLIES "replies"

/* The text of .mq, NUL-terminated: ST_CONF if this mq must not work on such a spool. */
enum status format_check(const char *path, const char *text, size_t len, struct error *) MUST_CHECK;

/* Whether the queue that was opened is still the one of its name. */
bool queue_stands(const struct queue *);

#endif
