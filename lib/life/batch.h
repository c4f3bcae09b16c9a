/*
 * batch.h: what a batch is to those who write it, sync it and publish it.
 */
#ifndef LIFE_BATCH_H
#define LIFE_BATCH_H

#include "base/base.h"
#include "base/name.h"
#include "life/life.h"

/* Up to so many messages are fsynced by descriptor; for more of them one syncfs is cheaper. */
#define FSYNC_MAX 16

/* What an imported message is to be. */
struct known {
	enum state state;
	struct msgname name;
};

/* A message that is being written, or was, and is not published yet. */
struct pending {
	char tmp[41];		/* its name in b->tmpfd; "": it has its final name already */
	struct known *known;	/* NULL: it is new */
	int64_t size;
	/* bytes of its headers; those of the options may be others for the next one */
	int32_t head;
	/* open until it is published, for its lock; -1: one of too many, closed */
	int fd;
	bool synced;
};

struct batch;

/* One way for messages into a queue. */
struct publisher {
	const char *where;	/* the directory in which they are written, for people */
	/* Open b->tmpfd, and whatever must not be found missing once something is visible. */
	enum status (*open)(struct batch *b, struct error *err);
	/*
	 * Make those that ended visible, the first ones first.  *k becomes how many are, and
	 * ids[0] to ids[*k - 1] their ids.
	 */
	enum status (*publish)(
	    struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err);
	/* Make durable that they are visible. */
	enum status (*sync)(struct batch *b, struct error *err);
};
extern const struct publisher publisher_plain, publisher_import, publisher_drop, publisher_once,
    publisher_atomic;

struct batch {
	struct queue *q;
	struct push_options opt;
	const struct publisher *how;
	/* where the files are written: tmp/, the batch's own directory, or new/ */
	int tmpfd;
	/* drop box: a file for syncfs, as new/ itself cannot be opened; else -1 */
	int anchor;
	/*
	 * atomic: the name of the batch's directory in tmp/; "": it is published, or not made yet
	 */
	char dir[48];
	struct pending *p;	/* those that ended, and at [n] the one being written */
	size_t n, cap;
	bool writing;
	/* their files are closed: one syncfs for all, and their age as the fence */
	bool many;
	uint64_t bytes;
	usec_t last;		/* when the last message was named */
	usec_t named;		/* the greatest time given to an id */
	/* where the last of those published together was put; file "": nowhere yet */
	struct place newest;
	bool duplicate;		/* once: there had been a message under this key before */
	/*
	 * of a sync or close that failed: nothing is published any more, as a second sync would
	 * lie
	 */
	struct error broken;
};

/* ---- writer.c -------------------------------------------------------------- */

/* Forget the first k messages that ended, as they are published. */
void writer_forget(struct batch *b, size_t k);
/*
 * To be called before messages are published that may have waited for long: they stay what a
 * sweeper takes for young.
 */
void writer_renew(const struct batch *b, usec_t now);

/* ---- syncer.c -------------------------------------------------------------- */

/*
 * Make the bytes of all that ended durable.  What was tried once is not tried again: the first
 * failure stands.
 */
enum status syncer_data(struct batch *b, struct error *err) MUST_CHECK;
/*
 * The two ways to make their names durable: ST_UNSURE, they are visible and may be lost with the
 * power.
 */
enum status syncer_targets(struct batch *b, struct error *err) MUST_CHECK;
enum status syncer_anchor(struct batch *b, struct error *err) MUST_CHECK;

/* ---- batch.c --------------------------------------------------------------- */

/* The state that new messages go to. */
enum state batch_target(const struct batch *b);
/*
 * Whether the queue takes these messages, and those queues that get what a topic gets, where
 * `ahead` messages of ahead_bytes are to come before them.  ST_AGAIN: not now; ST_BADDATA: never.
 */
enum status batch_taken(const struct batch *b, uint64_t ahead, uint64_t ahead_bytes,
    uint64_t messages, uint64_t bytes, usec_t now, struct error *err) MUST_CHECK;
/* The error for a file in tmp/ or new/ that somebody else removed. */
enum status batch_robbed(const struct batch *b, struct error *err);
/*
 * The name of a new message.  In a batch, and where the clock stands still, times are a
 * microsecond apart, in order.
 */
void batch_name(struct batch *b, const struct pending *p, usec_t now, struct msgname *n);
/* One more message of the batch is visible there: count and log it. */
void batch_seen(struct batch *b, const struct place *at, bool imported, usec_t now);

#endif
