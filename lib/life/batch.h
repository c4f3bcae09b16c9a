/*
 * batch.h: a batch, as writer.c, syncer.c, batch.c and the publishers see it.
 */
#ifndef LIFE_BATCH_H
#define LIFE_BATCH_H

#include "base/base.h"
#include "base/name.h"
#include "life/life.h"

/* Up to this many messages are fsynced one by one; for more of them one syncfs is cheaper. */
#define FSYNC_MAX 16

/* The state and the name that an imported message is to have. */
struct known {
	enum state state;
	struct msgname name;
};

/* A message that is being written, or that has ended and is not published yet. */
struct pending {
	char tmp[41];		/* its name in b->tmpfd; "": it has its final name already */
	struct known *known;	/* NULL: it is new */
	int64_t size;
	/* What the options said when it was begun: they may say something else for the next one. */
	int32_t head;		/* bytes of its headers */
	int priority;
	usec_t expire;
	char order[ORDER_LEN + 1];	/* the hash of its key; "" if it has none */
	char *once;		/* the key under which it is pushed, or NULL */
	/*
	 * It stays open until the message is published, which keeps the lock.  -1: the batch has
	 * too many messages, and this file was closed.
	 */
	int fd;
	bool synced;
};

struct batch;

/* One way in which messages get into a queue. */
struct publisher {
	const char *where;	/* the directory in which they are written, for error texts */
	/* Open b->tmpfd, and all that must not turn out to be missing once a message is visible. */
	enum status (*open)(struct batch *b, struct error *err);
	/*
	 * Make the messages that ended visible, the first ones first.  *k becomes the number of
	 * those that are visible, and ids[0] to ids[*k - 1] become their ids.
	 */
	enum status (*publish)(
	    struct batch *b, usec_t now, struct msgid *ids, size_t *k, struct error *err);
	/* Make the names of the published messages durable. */
	enum status (*sync)(struct batch *b, struct error *err);
};
extern const struct publisher publisher_plain, publisher_import, publisher_drop, publisher_once,
    publisher_atomic;

struct batch {
	struct queue *q;
	struct push_options opt;
	const struct publisher *how;
	/* The directory in which the files are written: tmp/, the batch's own, or new/. */
	int tmpfd;
	/* In a drop box, a file for syncfs, because new/ itself cannot be opened; otherwise -1. */
	int anchor;
	/*
	 * Of an atomic batch: the name of its directory in tmp/.  "": the directory is published,
	 * or not made yet.
	 */
	char dir[48];
	struct pending *p;	/* the messages that ended, and at [n] the one being written */
	size_t n, cap;
	bool writing;
	/*
	 * The files are closed, as they are too many: one syncfs makes all of them durable, and
	 * their age alone protects them from the sweepers.
	 */
	bool many;
	uint64_t bytes;
	usec_t last;		/* when the last message was named */
	usec_t named;		/* the greatest time given to an id */
	/* The place of the last message that was published; file "": it is unknown. */
	struct place newest;
	uint64_t duplicates;	/* once: messages under whose keys there had been one before */
	/*
	 * The error of a sync or close that failed.  Nothing is published after it, because a
	 * second sync would report success for bytes that are lost.
	 */
	struct error broken;
};

/* ---- writer.c -------------------------------------------------------------- */

/* Forget the first 'k' messages that ended, once they are published. */
void writer_forget(struct batch *b, size_t k);
/*
 * Renew the times of the files if they have waited for long, so that no sweeper takes them for
 * litter while they are being published.
 */
void writer_renew(const struct batch *b, usec_t now);

/* ---- syncer.c -------------------------------------------------------------- */

/*
 * Make the bytes of all messages that ended durable.  A failure stands: a later call returns it
 * again, and does not sync once more.
 */
enum status syncer_data(struct batch *b, struct error *err) MUST_CHECK;
/*
 * The two ways to make the names of the messages durable.  ST_UNSURE: the messages are visible, but
 * may be lost when the power fails.
 */
enum status syncer_targets(struct batch *b, struct error *err) MUST_CHECK;
enum status syncer_anchor(struct batch *b, struct error *err) MUST_CHECK;

/* ---- batch.c --------------------------------------------------------------- */

/* The state that new messages go to. */
enum state batch_target(const struct batch *b);
/*
 * Whether the queue takes these messages, and, of a topic, the queues behind the gate do, where
 * 'ahead' messages of 'ahead_bytes' bytes go to these before them.  ST_AGAIN: not now.  ST_BADDATA:
 * never.
 */
enum status batch_taken(const struct batch *b, uint64_t ahead, uint64_t ahead_bytes,
    uint64_t messages, uint64_t bytes, usec_t now, struct error *err) MUST_CHECK;
/* The error for a file in tmp/ or new/ that somebody else removed. */
enum status batch_robbed(const struct batch *b, struct error *err);
/*
 * Make the name of a new message.  Within a batch the times of the names are at least a microsecond
 * apart, in order, even where the clock stands still.
 */
void batch_name(struct batch *b, const struct pending *p, usec_t now, struct msgname *n);
/* Count and log one more message of the batch, which is visible at 'at'. */
void batch_seen(struct batch *b, const struct place *at, bool imported, usec_t now);

#endif
