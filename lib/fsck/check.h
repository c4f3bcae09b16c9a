/*
 * check.h: what the files of the checker share: report.c (findings), state.c (messages and
 * buckets), keys.c (lanes, turns, the newest of a key), dirs.c (all else in a queue), modes.c
 * (who may open what), topics.c (subscriptions), fsck.c (ids, and the order of the checks).
 */
#ifndef FSCK_CHECK_H
#define FSCK_CHECK_H

#include "base/base.h"
#include "base/name.h"
#include "fsck/fsck.h"

struct queue;
struct shelf;

/*
 * An entry that looks unfinished is reported only when it has not changed for this long: another
 * process may still be at work on it.
 */
#define HALF_AGE (60 * USEC)
#define RECORD_AGE (3600 * USEC)

/*
 * The findings, in one list, from which the enum and the table are made.  Each row gives the kind,
 * its id, its severity, the rule of spool-format.md that is broken, what that rule demands, and
 * what --repair does.  A test compares the list with spool-format.md and mq-fsck(1).
 */
#define KINDS(X) \
	X(BAD_FORMAT, "bad-format", SEV_ERROR, "F14.1", \
	  "the .mq of the spool says its format", "write it, if it is empty") \
	X(FOREIGN_LINK, "foreign-link", SEV_ERROR, "F10.5", \
	  "no queue is a symbolic link", "") \
	X(BAD_CONF, "bad-conf", SEV_ERROR, "F1.1", "queue.conf parses", "") \
	X(MISSING_DIR, "missing-dir", SEV_ERROR, "F1.1", \
	  "each directory from tmp to done is there", "make it") \
	X(HALF_QUEUE, "half-queue", SEV_INFO, "F6.6", \
	  "a queue has its tmp/, which is made last", "make it") \
	X(NO_BUCKET, "no-bucket", SEV_WARNING, "F4.13", "each state holds a bucket", "make one") \
	X(HALF_BUCKET, "half-bucket", SEV_INFO, "F4.9", \
	  "no bucket keeps its +", "remove the +, or the bucket if it is empty") \
	X(FOREIGN_ENTRY, "foreign-entry", SEV_WARNING, "F2.1", \
	  "every name parses", "move it to lost+found/") \
	X(FOREIGN_TYPE, "foreign-type", SEV_WARNING, "F1.3", \
	  "buckets are directories, messages and subscriptions are regular files", \
	  "move it to lost+found/") \
	X(FUTURE_NAME, "future-name", SEV_INFO, "F2.27", \
	  "no name has an unknown upper-case field", "") \
	X(TORN, "torn", SEV_ERROR, "F2.10", \
	  "the size of a file is the one in its name", "move to dead/") \
	X(BAD_HEADER, "bad-header", SEV_ERROR, "F3.5", \
	  "the header block parses and has its length", "move to dead/") \
	X(DUPLICATE_ID, "duplicate-id", SEV_ERROR, "F2.4", \
	  "an id stands once in a queue", "move the later one to lost+found/") \
	X(WRONG_FIELDS, "wrong-fields", SEV_WARNING, "F2.18", \
	  "c, t and l are in claimed/, and only there", \
	  "rename without them; a claim without token becomes ready") \
	X(MISPLACED, "misplaced", SEV_WARNING, "F4.5", \
	  "class and key of a message fit its bucket", "move it to its bucket") \
	X(UNREADABLE, "unreadable", SEV_ERROR, "F11.4", \
	  "whoever may claim may read, subscriptions, too", "") \
	X(WRONG_MODE, "wrong-mode", SEV_WARNING, "F11.5", \
	  "whoever shares a queue may use what is in it", \
	  "set mode and group, or remove what is empty or advice") \
	X(STUCK_TURN, "stuck-turn", SEV_WARNING, "F15.13", \
	  "a key whose messages wait has the turn of one that can be claimed", \
	  "give the turn to the next") \
	X(ORPHAN_TURN, "orphan-turn", SEV_INFO, "F15.25", \
	  "a turn is that of a message of the queue", "remove it") \
	X(STALE_LATEST, "stale-latest", SEV_INFO, "F15.44", \
	  "the message that a link in latest/ names is in the queue", "remove the link") \
	X(HALF_ENDED, "half-ended", SEV_INFO, "F5.49", \
	  "no claim stays marked as ended", "end it") \
	X(STALE_TMP, "stale-tmp", SEV_INFO, "F7.12", \
	  "files being written have a living writer", "remove") \
	X(UNFINISHED_PUSH, "unfinished-push", SEV_INFO, "F9.10", \
	  "each message accepted under a key was put into the queue", "put it there") \
	X(OLD_KEY, "old-key", SEV_INFO, "F9.15", \
	  "few markers in once/ are older than the policy remembers", "remove them") \
	X(ORPHAN_RECORD, "orphan-record", SEV_INFO, "F9.18", \
	  "each file in failures/ has its message", "remove") \
	X(ORPHAN_REPLY, "orphan-reply", SEV_INFO, "F16.18", \
	  "somebody waits in each place of replies/", "remove it") \
	X(LOST_SUBSCRIPTION, "lost-subscription", SEV_WARNING, "F17.3", \
	  "the queue of each subscription is there", "remove it") \
	X(LOST_MARKER, "lost-marker", SEV_INFO, "F17.7", \
	  "a subscription has its note in topics/ of the queue, and the other way round", \
	  "make or remove the note") \
	X(CHAINED_TOPIC, "chained-topic", SEV_ERROR, "F17.2", \
	  "no topic subscribes to another", "") \
	X(BAD_FILTER, "bad-filter", SEV_ERROR, "F17.4", \
	  "a subscription is small, and each line of it a filter", "") \
	X(BAD_COUNTERS, "bad-counters", SEV_INFO, "F9.22", \
	  "counters is what mq made it", "remove; it is made again")

#define NUMBER(kind, id, severity, rule, must, repair) kind,
enum kind { KINDS(NUMBER) NKINDS };

struct fsck {
	struct queue *q;
	bool repair;
	usec_t now;
	void (*report)(void *arg, const struct finding *found);
	void *arg;
	const char *litter;	/* the directory that fsck_stale names, with a slash */
	unsigned left;		/* findings that remain */
	struct msgid *ids;	/* of all messages seen; check_ids sorts them */
	size_t n, cap;
	struct error *err;
};

/* ---- report.c -------------------------------------------------------------- */

/* Report what is wrong at 'path' (below the queue), and whether it was repaired. */
void fsck_found(struct fsck *f, enum kind kind, bool repaired, const char *path, const char *fmt,
    ...) PRINTF_LIKE(5, 6);
/*
 * Turn the status of a look at 'path' into one that says whether the check can go on (ST_OK).  An
 * entry that is gone is no finding.  An entry that may not be read is a finding, and the check goes
 * on with the rest.
 */
enum status fsck_pass(struct fsck *f, enum status st, const char *path) MUST_CHECK;
/*
 * Whether a repair with the status 'st' succeeded.  ST_GONE counts as success: somebody else has
 * done the work meanwhile.  An error is cleared.
 */
bool fsck_mended(struct fsck *f, enum status st);
/* Move the entry 'name' of 'dir' to lost+found/, with a note that says where it was and why. */
bool fsck_lost_found(struct fsck *f, int dir, const char *name, const char *path, const char *why);
/* Report an entry that does not belong where it is; a repair moves it to lost+found/. */
void fsck_foreign(struct fsck *f, enum kind kind, int dir, const char *name, const char *path,
    const char *text);
/* Whether a file has not changed for longer than 'age', by its ctime. */
bool fsck_older(struct fsck *f, int dir, const char *name, usec_t age);
/* Compare two struct msgid, for qsort and bsearch. */
int fsck_by_id(const void *a, const void *b);

/* ---- state.c --------------------------------------------------------------- */

/* Check the messages in one state, and note their ids in f->ids. */
enum status fsck_state(struct fsck *f, enum state s) MUST_CHECK;
/*
 * Check the buckets of a state, or of a lane, whose directory is 'dir' and has that name below the
 * queue.  *n becomes the number of buckets.
 */
enum status fsck_buckets(struct fsck *f, struct shelf *sh, int dir, const char *name,
    size_t *n) MUST_CHECK;

/* ---- keys.c ---------------------------------------------------------------- */

/* Check the lanes and the turns.  Run it after fsck_state; it adds the ids of the lanes. */
enum status fsck_keys(struct fsck *f) MUST_CHECK;
/* Check the links in latest/.  Run it when f->ids holds all ids, sorted. */
enum status fsck_latest(struct fsck *f) MUST_CHECK;

/* ---- dirs.c ---------------------------------------------------------------- */

/* What a directory of the queue may hold. */
struct entries {
	const char *dir;
	bool (*ok)(const char *name);
	const char *other;	/* the text of the finding for a name that is not ok */
	unsigned char type;	/* DT_DIR or DT_REG */
	/* Checks one entry whose name and type are right; may be NULL. */
	enum status (*check)(struct fsck *f, int dir, const char *name);
};
/*
 * Report each entry whose name or type is another one as foreign.  A directory that is not there
 * is no finding.
 */
enum status fsck_entries(struct fsck *f, const struct entries *e) MUST_CHECK;
/* The callback of reap_litter: report a file that a dead writer left.  'arg' is the struct fsck. */
void fsck_stale(void *arg, const char *name, bool removed);
/* Whether the policy can be parsed. */
bool fsck_conf(struct fsck *f);
enum status fsck_once(struct fsck *f) MUST_CHECK;
void fsck_others(struct fsck *f);
void fsck_litter(struct fsck *f);
enum status fsck_replies(struct fsck *f) MUST_CHECK;
enum status fsck_records(struct fsck *f) MUST_CHECK;
void fsck_counters(struct fsck *f);
enum status fsck_new(struct fsck *f) MUST_CHECK;
/*
 * '*all' is false if a directory is missing and was not made: the rest cannot be looked at without
 * it.
 */
enum status fsck_dirs(struct fsck *f, bool *all) MUST_CHECK;

/* ---- modes.c --------------------------------------------------------------- */

enum status fsck_modes(struct fsck *f) MUST_CHECK;

/* ---- topics.c -------------------------------------------------------------- */

enum status fsck_topics(struct fsck *f) MUST_CHECK;

#endif
