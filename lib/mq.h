/*
 * mq.h: all that cmd/ may use of lib/.
 *
 * Conventions.  Every call that can fail returns an enum status (0 is ST_OK) and
 * takes a struct error * last, filled once by the frame that saw the trouble.
 * Times are usec_t: microseconds since the epoch (or a length in microseconds).
 * Verbs take the time as an argument; nothing below cmd/ reads a clock but
 * clock_now, clock_mono and the waiter.  The formats are those of spool-format.md.
 */
#ifndef MQ_H
#define MQ_H

#include <sys/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUST_CHECK __attribute__((warn_unused_result))
#define PRINTF_LIKE(f, a) __attribute__((format(printf, f, a)))

/* ---- error.c ---------------------------------------------------------- */

/* The first half is what a command may end with; see status_exit(). */
enum status {
	ST_OK,
	ST_NONE,	/* nothing there: empty, timed out, nothing matched */
	ST_USAGE,	/* bad option, bad queue name */
	ST_BADDATA,	/* bad data: too large, bad header, no handle */
	ST_NOTFOUND,	/* no such queue, message or file */
	ST_LOST,	/* the claim is no longer yours, or it is another's */
	ST_INTERNAL,
	ST_UNSURE,	/* done, but not certain: not synced, id not printed */
	ST_NOCREATE,	/* cannot create */
	ST_IO,
	ST_AGAIN,	/* full, paused, disk low */
	ST_DENIED,	/* permission */
	ST_CONF,	/* configuration, or a spool of a newer format */
	/* Expected outcomes inside the library; a command turns them into one of the above. */
	ST_GONE,	/* the name examined is gone: somebody else was faster */
	ST_EXISTS,
	ST_LARGE	/* larger than there is room for */
};

struct error {
	enum status status;
	int errnum;	/* errno, or 0 */
	char text[600];	/* may hold foreign bytes: strvis before printing */
};

/* Exit status of the command line for a status (the table of mq(1)). */
int status_exit(enum status);

/*
 * Fill the error and return st.  A non-zero errnum adds ": " and its text.
 * The first error stands: a filled error is not overwritten.
 */
enum status error_set(struct error *, enum status st, int errnum,
    const char *fmt, ...) PRINTF_LIKE(4, 5);

/* As error_set; the status follows from errnum (EACCES: ST_DENIED, ENOSPC: ST_AGAIN, ...). */
enum status error_sys(struct error *, int errnum, const char *fmt, ...)
    PRINTF_LIKE(3, 4);

/* The status that errnum stands for, ST_IO if none is better. */
enum status status_of_errno(int errnum);

/* Whether it is not the fault of what was opened or read: too many open files, or no memory, which the next one meets, too. */
bool error_is_ours(const struct error *);

/* Make the error ready for use, or for use again. */
void error_clear(struct error *);

/* ---- clock.c ---------------------------------------------------------- */

typedef int64_t usec_t;
#define USEC 1000000LL
#define USEC_MAX INT64_MAX
#define KEY_LEN 23	/* 20261121T031601.123456Z */

usec_t clock_now(void);		/* wall clock */
usec_t clock_mono(void);	/* for lengths: never steps; an arbitrary zero */

/*
 * A duration: a decimal number, with a fraction if wanted, and a unit ms, s, m, h,
 * d or w (none: s).  0 to 100 years.  ST_USAGE otherwise; the error names text.
 */
enum status duration_parse(const char *text, usec_t *, struct error *) MUST_CHECK;

/* The shortest exact form that duration_parse reads back: "90s", "5m", "250ms". */
#define DURATION_MAX 32
void duration_format(usec_t, char buf[DURATION_MAX]);

/* "10/s", "5/m", "100/h", or a number a second (at most 1000000): n in each unit. */
bool rate_parse(const char *text, int64_t *n, usec_t *unit);

/* For people: two units at most, "3m 12s", "5d 2h", "0s".  Negative counts as 0. */
void age_format(usec_t, char buf[DURATION_MAX]);

/* RFC 3339 in UTC with microseconds: 2026-11-21T03:16:01.123456Z. */
#define TIME_MAX 40
void time_format(usec_t, char buf[TIME_MAX]);

/* Back again; the fraction, the Z and all of the time of day may be missing.  ST_USAGE. */
enum status time_parse(const char *text, usec_t *, struct error *) MUST_CHECK;

/* The time key of file names; false if text does not start with a valid one.  Years 1970 to 9999. */
void key_format(usec_t, char buf[KEY_LEN + 1]);
bool key_parse(const char *text, usec_t *);

/* ---- name.c ----------------------------------------------------------- */

#define ID_LEN 36
#define TOKEN_LEN 16
#define QUEUE_NAME_MAX 64
#define NAME_MAX_LEN 255
#define ORDER_LEN 16
#define BUCKET_MAX 48		/* bytes, with NUL, for the name of a bucket, and of the lane it is in */
#define HANDLE_MAX 96		/* bytes, with NUL, for a handle */
#define PRIORITY_DEFAULT 5

enum state { STATE_READY, STATE_DELAYED, STATE_CLAIMED, STATE_HELD, STATE_DEAD, STATE_DONE };
#define NSTATES 6
#define STATE_BIT(s) (1u << (s))
#define STATES_ALL ((1u << NSTATES) - 1)
/* The backlog: what still has to be delivered, or is being worked on. */
#define STATES_BACKLOG (STATE_BIT(STATE_READY) | STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_CLAIMED))

extern const char *const state_names[NSTATES];	/* "ready", ...: also the directories */
/* By name; -1 if there is none. */
int state_parse(const char *);

struct msgid { char text[ID_LEN + 1]; };

/* A message's file name, taken apart.  Value type; see spool-format.md section 2. */
struct msgname {
	usec_t key;
	struct msgid id;
	int64_t size;		/* of the file */
	int priority;
	int32_t head;		/* bytes of the header block, 0: none */
	int32_t attempts;	/* failures that count */
	int32_t deliveries;
	usec_t expires;		/* 0: never */
	char reason[25];	/* "" if none */
	char token[TOKEN_LEN + 1]; /* "" unless claimed */
	int64_t lease_ms;	/* 0 unless claimed */
	bool locked;
	char order[ORDER_LEN + 1]; /* hash of the order key, "" if it has none */
	bool finished;		/* claimed: acknowledged, and the turn of its key still to be passed on */
	bool waited;		/* it has been in waiting/ */
	bool replayed;		/* another name of its file stands in done/ of the same queue */
	char extra[49];		/* unknown lower-case fields, each with its comma */
};

/* Where a message stands. */
struct place {
	enum state state;
	char bucket[BUCKET_MAX];	/* "" for a file that still lies in new/; ORDER/BUCKET in waiting/, which counts as ready */
	char file[NAME_MAX_LEN + 1];	/* the name on disk */
	struct msgname name;
};

bool queue_name_ok(const char *);

/*
 * A fresh id for time at (UUIDv7, RFC 9562 method 3), and the time of an id.
 * id_ok: the text is a well-formed id, NUL behind it.
 */
void id_make(usec_t at, struct msgid *);
void id_derive(usec_t at, uint64_t random, struct msgid *);
bool id_ok(const char *text);
usec_t id_time(const struct msgid *);

enum name_kind { NAME_OK, NAME_FOREIGN, NAME_FUTURE };
/* Never more than NAME_MAX_LEN characters. */
void name_format(const struct msgname *, char buf[NAME_MAX_LEN + 1]);
/* The hash of an order key: messages with the same one are handled one at a time and in order. */
void order_hash(const char *key, char buf[ORDER_LEN + 1]);
/* Leave out what belongs to a claim: token, lease, lock. */
void name_unclaim(struct msgname *);
enum name_kind name_parse(const char *, struct msgname *);
void token_make(char buf[TOKEN_LEN + 1]);

void handle_format(const struct place *, char buf[HANDLE_MAX]);
/* False if text is no handle. */
bool handle_parse(const char *text, struct msgid *, char token[TOKEN_LEN + 1],
    char bucket[BUCKET_MAX]);

/* ---- idset.c ---------------------------------------------------------- */

/* A set of well-formed ids, 22 to 43 bytes of memory for each.  NULL: no memory. */
struct idset;
struct idset *idset_new(void);
void idset_free(struct idset *);
bool idset_has(const struct idset *, const struct msgid *);
/* ST_EXISTS: it was there. */
enum status idset_add(struct idset *, const struct msgid *, struct error *) MUST_CHECK;
size_t idset_count(const struct idset *);

/* ---- tar.c ------------------------------------------------------------ */

#define TAR_HEADER_MAX 1536	/* bytes of what tar_header makes, at most */
#define TAR_END 1024		/* zeros at the end of an archive */
#define TAR_PATH_MAX 512	/* of a member, with NUL; a longer one arrives cut */

/*
 * What stands in front of a file of size bytes in an archive; path has at most 300 bytes, a slash at most, and at
 * most 100 bytes before it.  Then come its bytes and tar_padding(size) zeros.
 */
size_t tar_header(const char *path, int64_t size, usec_t mtime, char buf[TAR_HEADER_MAX]);
size_t tar_padding(int64_t size);

struct tar;
struct tar_member {
	char type;		/* '0': a file, '5': a directory, else as in ustar */
	char path[TAR_PATH_MAX];	/* without "./" in front */
	int64_t size;
	uint64_t at;		/* where its header stands in the stream */
};
/* Gives up to len bytes, and *got 0 at the end. */
typedef enum status tar_source(void *arg, void *buf, size_t len, size_t *got, struct error *);
enum status tar_open(tar_source *, void *arg, struct tar **, struct error *) MUST_CHECK;
void tar_close(struct tar *);
/*
 * The next member; what was not read of the last one is skipped.  ST_NONE: the archive is at its end.  ST_BADDATA: broken or cut off;
 * the error names the byte.  Behind an end another archive may follow, as of "cat a b".
 */
enum status tar_next(struct tar *, struct tar_member *, struct error *) MUST_CHECK;
/* Its bytes; *got 0: that was all. */
enum status tar_read(struct tar *, void *buf, size_t len, size_t *got, struct error *) MUST_CHECK;

/* ---- envelope.c ------------------------------------------------------- */

#define HEADERS_MAX 65536	/* bytes of a header block */
#define HEADER_NAME_MAX 64

/* A header block in memory: the bytes of the file's head.  Zero it to start; headers_free after. */
struct headers { char *block; size_t len; };
struct header { const char *name; size_t namelen; const char *value; size_t valuelen; };

/*
 * Add "Name: value".  ST_USAGE: no colon or a bad name; ST_BADDATA: a control
 * byte, or the block grew too large.
 */
enum status headers_add(struct headers *, const char *text, struct error *) MUST_CHECK;
/* A copy; headers_free after. */
enum status headers_copy(struct headers *, const struct headers *from, struct error *) MUST_CHECK;
/* Iterate: start with *pos 0; false at the end.  Pointers are into the block. */
bool headers_next(const struct headers *, size_t *pos, struct header *);
/* Whether that is its name; upper and lower case are the same. */
bool header_is(const struct header *, const char *name, size_t len);
/* The first of that name; false: there is none. */
bool headers_find(const struct headers *, const char *name, struct header *);
/* Whether a header of the block is the first of its name there. */
bool headers_first(const struct headers *, const struct header *);
/* Whether a block as read from a file is whole and well formed (with its empty line). */
bool headers_valid(const struct headers *);
void headers_free(struct headers *);

/* ---- conf.c ----------------------------------------------------------- */

enum { JITTER_FULL, JITTER_NONE };
enum { EXPIRED_DROP, EXPIRED_DEAD };
enum { ORDER_SKIP, ORDER_BLOCK };
enum { SYNC_ALWAYS, SYNC_NEVER };
enum { KEEP_NO, KEEP_TIME, KEEP_COUNT };
enum { UNROUTED_KEEP, UNROUTED_DROP, UNROUTED_ERROR };
enum { SINGLE_NO, SINGLE_YES };
enum { PAUSED_NO = 0, PAUSED_POP = 1, PAUSED_PUSH = 2, PAUSED_ALL = 3 };

#define BACKOFF_STEPS 32
/* The pauses of a breaker whose policy names none. */
#define BREAKER_BASE (10 * USEC)
#define BREAKER_CAP (600 * USEC)
#define HANDLER_LEN_MAX 180
#define LOG_NAME_MAX 200
#define NKEYS 30

/* A command line for /bin/sh, "" if none, with owner and mode of the file that it is from. */
struct command {
	char text[HANDLER_LEN_MAX + 1];
	uid_t uid;
	mode_t mode;
};

struct policy {
	usec_t lease;
	int64_t attempts;
	int nsteps;		/* > 0: the list; 0: base doubling to cap */
	usec_t backoff[BACKOFF_STEPS];	/* steps, or [0] base and [1] cap */
	int jitter;
	usec_t expire;		/* 0: never */
	int expired;
	int order_dead;
	int latest;
	char dead_queue[QUEUE_NAME_MAX + 1];
	int64_t max_messages, max_bytes, max_size;	/* 0: no limit */
	int64_t min_free, min_inodes;			/* 0: no floor */
	int sync;
	int keep;
	usec_t keep_time;
	int64_t keep_count;
	int unrouted;
	int mode;		/* of message files, such as 0600 */
	char group[33];
	int paused;
	char log[LOG_NAME_MAX];	/* "": no; "syslog"; else the path of a file */
	struct command handler;	/* see queue_handler */
	int64_t jobs;
	usec_t timeout;		/* 0: any time */
	usec_t once;		/* how long a key of --id is remembered */
	struct command accept;	/* see queue_accept */
	int64_t rate;		/* claims in each rate_unit, 0: any number */
	usec_t rate_unit;
	int64_t max_in_flight;	/* 0: no limit */
	int single;
	int64_t breaker;	/* failures in a row, 0: none */
	usec_t breaker_base, breaker_cap;
	/* Where each key's value is from: "" is built in, else file and section. */
	char origin[NKEYS][128];
};

/* What only mq.conf may say. */
struct settings {
	char spool[4096];	/* "" if not set */
	bool autocreate;
};

struct conf_key {
	const char *name;
	const char *syntax;	/* "DUR", "full|none", ... */
	const char *initial;	/* built-in value, as text */
	const char *help;	/* one line */
};
extern const struct conf_key conf_keys[NKEYS];

/* The mq.conf files in their order, NULL at the end.  A file that is not there counts as empty. */
struct conf_files { const char *path[4]; };

enum status conf_settings(const struct conf_files *, struct settings *, struct error *) MUST_CHECK;
/*
 * Policy of a queue: built in, then the files ([defaults], then each [queue GLOB] that
 * matches), then queue.conf in the directory queuefd (-1: none).  ST_CONF names file and line.
 */
enum status conf_policy(const struct conf_files *, const char *queue, int queuefd,
    struct policy *, struct error *) MUST_CHECK;
/* Check "key = value" text of a queue.conf with no effect; line numbers in the error. */
enum status conf_check(const char *text, size_t len, const char *what, struct error *) MUST_CHECK;
/*
 * A queue.conf text with each "key=value" of assign set: on the line of that key, else at
 * the end; all else is kept.  *out is the caller's to free, NULL on failure.  ST_USAGE: no
 * such key, a bad value, a key twice; ST_CONF: another part of the text is broken.
 */
enum status conf_edit(const char *text, size_t len, const char *const *assign, size_t n,
    char **out, size_t *outlen, struct error *) MUST_CHECK;
/* Whether queue.conf may say that, and not only mq.conf. */
bool policy_local(int key, const char *text);
/* What a queue.conf text sets, as "key=value" each: to be given to queue_create.  Free with names_free, also when it failed. */
struct names;
enum status conf_assigns(const char *text, size_t len, struct names *, struct error *) MUST_CHECK;
/* The value of key i as text that can be read back. */
void conf_value(const struct policy *, int key, char *buf, size_t size);
/* Back-off before attempt n+1 after n (>= 1) failures, before jitter; and with it. */
usec_t policy_backoff(const struct policy *, int failures);
usec_t policy_jitter(const struct policy *, usec_t);

/* ---- spool.c ---------------------------------------------------------- */

struct spool;

/*
 * Open the spool.  create: make the directory if only it is missing, and its format file.
 * ST_NOTFOUND: not there; ST_CONF: of a newer format.  conf must live as long as the spool.
 */
enum status spool_open(const char *path, bool create, const struct conf_files *conf,
    struct spool **, struct error *) MUST_CHECK;
void spool_close(struct spool *);
const char *spool_path(const struct spool *);
const struct conf_files *spool_conf(const struct spool *);
/* Why the first event could not be logged that should have been; ST_OK: none failed. */
const struct error *spool_log_error(const struct spool *);

/* Names of all queues, sorted; free with names_free. */
struct names { char **name; size_t n, cap; };
enum status spool_queues(struct spool *, struct names *, struct error *) MUST_CHECK;
/* And of those that lost their ready/, but hold the directory of another state: for fsck. */
enum status spool_queues_raw(struct spool *, struct names *, struct error *) MUST_CHECK;
/* What stands in text between separators, but what is empty; free with names_free. */
enum status names_split(const char *text, size_t len, char separator, struct names *, struct error *) MUST_CHECK;
void names_free(struct names *);

/* ---- queue.c ---------------------------------------------------------- */

struct queue;

/* ST_NOTFOUND: no such queue.  ST_USAGE: bad name.  ST_CONF: its policy is broken. */
enum status queue_open(struct spool *, const char *name, struct queue **, struct error *) MUST_CHECK;
/*
 * As queue_open; makes the queue when there is none, durably, with a queue.conf that says
 * assign (n of "key=value"; see queue_configure); the policy of one that is there stays.
 */
enum status queue_create(struct spool *, const char *name, const char *const *assign, size_t n,
    struct queue **, struct error *) MUST_CHECK;
/*
 * As queue_open, for who may put messages into the drop box and no more (see mode in mq.conf(5)).
 * The queue is good for nothing but push_allowed, batch_* and queue_reload.
 */
enum status queue_open_drop(struct spool *, const char *name, struct queue **, struct error *) MUST_CHECK;
/* Whether it was opened in that way. */
bool queue_drops_only(const struct queue *);
void queue_close(struct queue *);
const char *queue_name(const struct queue *);
const struct policy *queue_policy(const struct queue *);
/* Read the policy again (a pause may have ended). */
enum status queue_reload(struct queue *, struct error *) MUST_CHECK;
/*
 * The handler of the policy, read anew; it stays as long as the policy does.  ST_CONF: there is
 * none, or somebody other than root and the effective user could have written it: for whoever
 * can would choose what this user runs.
 */
enum status queue_handler(struct queue *, const char **handler, struct error *) MUST_CHECK;
/* The same for the command that looks at messages before they are accepted; NULL, and ST_OK: there is none. */
enum status queue_accept(struct queue *, const char **accept, struct error *) MUST_CHECK;
/*
 * Mode and group are those of the directories from then on, and of messages yet to come.
 * Set keys in queue.conf ("key=value" each; comments and order are kept), by one
 * atomic replacement.  ST_USAGE or ST_CONF: nothing was changed.
 */
enum status queue_configure(struct queue *, const char *const *assign, size_t n,
    struct error *) MUST_CHECK;

/* The text of its queue.conf; NULL: it has none.  Caller frees *text. */
enum status queue_conf_text(struct queue *, char **text, size_t *len, struct error *) MUST_CHECK;
/*
 * From now on until queue_close no other import may have it: ST_AGAIN, one has.  Where directories cannot be locked
 * (NFS) everybody may.
 */
enum status queue_lock_import(struct queue *, struct error *) MUST_CHECK;
/* Make what was written durable, whatever it is. */
enum status queue_sync_all(struct queue *, struct error *) MUST_CHECK;

/* Whether queue.conf can be read and understood is not asked: for fsck. */
enum status queue_open_raw(struct spool *, const char *name, struct queue **, struct error *) MUST_CHECK;

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
void queue_rates(struct queue *, usec_t now, struct rates *);

/* ---- tally.c ---------------------------------------------------------- */

/* Classes of age, by doubling as Postfix's qshape has them: up to 5 minutes, 10, ... 1280, and above. */
#define NAGES 10
#define AGE_FIRST (300 * USEC)
struct tally {
	usec_t now;		/* what ages are counted from; 0: nobody asks for them */
	uint64_t count[NSTATES], bytes[NSTATES];
	usec_t oldest[NSTATES];	/* time of enqueueing of the oldest message seen, 0: none */
	usec_t waiting;		/* the same of the backlog, but for what was pushed with a delay and is not due yet */
	uint64_t age[NSTATES][NAGES];
};
/* Zero the tally first, but for now. */
void tally_add(struct tally *, const struct place *);
/* Of the backlog: messages, and when the oldest was enqueued (0: there is none). */
uint64_t tally_backlog(const struct tally *);
usec_t tally_oldest(const struct tally *);
/* Count what is there by listing it (files in new/ count as ready). */
enum status queue_tally(struct queue *, unsigned states, struct tally *, struct error *) MUST_CHECK;
/* Backlog: ready, delayed and claimed; counting stops above limit. */
enum status queue_backlog(struct queue *, uint64_t limit, uint64_t *, struct error *) MUST_CHECK;

/* ---- filter.c, subscription.c: topics ---------------------------------- */

/*
 * "NAME=PATTERN" or "NAME!=PATTERN" on a header, ST_USAGE if it is neither; whether a message with these headers
 * passes all of them.  Of Type the pattern is words (order.*.created, order.#), of others a shell's.
 */
enum status filter_check(const char *text, struct error *) MUST_CHECK;
bool filters_match(const struct names *filters, const struct headers *);

/* A topic is a queue whose messages go to the queues that subscribe to it. */
bool queue_is_topic(const struct queue *);
/* The names of the subscribed queues, sorted; of the topics that a queue subscribes to.  None is ST_OK; free with names_free. */
enum status subscriptions_list(struct queue *topic, struct names *, struct error *) MUST_CHECK;
enum status topics_of(struct queue *, struct names *, struct error *) MUST_CHECK;
/* What a subscription wants: no filter, all.  ST_NOTFOUND: there is none. */
enum status subscription_filters(struct queue *topic, const char *queue, struct names *, struct error *) MUST_CHECK;
/*
 * subscription_allowed: ST_USAGE: q must not get what topic gets (either may be NULL: not made yet).  subscribe makes
 * topic a topic; filters of an earlier subscription are replaced.  It, too, is ST_USAGE, and makes nothing, where others
 * have subscribed meanwhile so that it must not be.  unsubscribe: ST_NOTFOUND, there is none; of q only the name is
 * needed, as it may be gone.
 */
enum status subscription_allowed(struct queue *topic, struct queue *q, struct error *) MUST_CHECK;
enum status subscribe(struct queue *topic, struct queue *q, const char *const *filters, size_t n, struct error *) MUST_CHECK;
enum status unsubscribe(struct queue *topic, const char *queue, struct error *) MUST_CHECK;

/* ---- gate.c ------------------------------------------------------------ */

/* The queues that a message with these headers would go to: they, too, have to take it.  ST_NOTFOUND: unrouted = error, and nobody wants it. */
struct gate;
enum status gate_open(struct queue *topic, const struct headers *, struct gate **, struct error *) MUST_CHECK;
/* The same anew: who subscribes, and their policies; with it a gate that was opened without headers is first asked. */
enum status gate_reload(struct gate *, struct queue *topic, const struct headers *, struct error *) MUST_CHECK;
/* push_allowed of each, where as much as ahead, ahead_bytes is on its way already. */
enum status gate_allowed(struct gate *, uint64_t ahead, uint64_t ahead_bytes, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *) MUST_CHECK;
void gate_close(struct gate *);

/* ---- topic.c, replay.c ------------------------------------------------- */

/* What kept a message from a queue (NULL: from all); it stays in the topic, and is tried again. */
typedef void topic_tell(void *arg, const char *queue, const struct error *);
/*
 * Give what is ready in a topic to the queues that want it, rounds of some hundred messages at most (0: until none is left).
 * *given: how many were; *wake: when to look again.
 */
enum status topic_distribute(struct queue *topic, unsigned rounds, topic_tell *tell, void *arg, uint64_t *given, usec_t *wake,
    struct error *) MUST_CHECK;
/* What a queue could not get is to be tried now, and not after its back-off. */
enum status topic_retry(struct queue *topic, struct error *) MUST_CHECK;
/* What the topic kept, or nobody wanted, since then, and q has not: *given so many.  After subscribe. */
enum status topic_catch_up(struct queue *topic, struct queue *q, usec_t since, usec_t now, uint64_t *given, struct error *) MUST_CHECK;
/*
 * As claim_next; where a queue that subscribes has nothing, what may lie in its topics is distributed first.
 * ST_USAGE: it has become a topic.
 */
struct claim;
struct claim_options;
struct passed;
enum status claim_or_fetch(struct queue *, const struct claim_options *, usec_t now, struct claim *, usec_t *wake,
    struct passed *, struct error *) MUST_CHECK;
/* Who waits for what is due in a topic looks again: call it when that changed. */
void topic_poke(struct queue *topic);
/* A kept message is delivered again, under a fresh id, to queue to, which may be its own.  moves_sync(to) at the end. */
enum status message_replay(struct queue *, const struct place *, struct queue *to, usec_t now, struct error *) MUST_CHECK;

/* ---- scan.c ----------------------------------------------------------- */

struct scan;

/*
 * Go over the messages of the states in the mask, state by state, each in its order,
 * without changing anything.  Files in new/ appear in ready with bucket "".
 * It is a snapshot of nothing: what moves meanwhile may be seen twice or not at all.
 */
enum status scan_open(struct queue *, unsigned states, struct scan **, struct error *) MUST_CHECK;
/* ST_NONE at the end. */
enum status scan_next(struct scan *, struct place *, struct error *) MUST_CHECK;
void scan_close(struct scan *);

/* ---- find.c ----------------------------------------------------------- */

/* Find one id in any state of the mask (looks again before it says ST_NOTFOUND). */
enum status scan_find(struct queue *, unsigned states, const struct msgid *,
    struct place *, struct error *) MUST_CHECK;

/* ---- order.c ---------------------------------------------------------- */

/* Whose turn it is among the messages of a key.  False: nobody's, as far as can be seen. */
bool order_turn(struct queue *, const char *order, struct msgid *);
/*
 * For who goes over many messages and moves them: turns that end between these two are passed on at the end.  Else the next of
 * a key would be put where it is not met any more, and those after it would be met before it.
 */
void order_defer(struct queue *);
void order_resume(struct queue *);
/* Whoever waits for the turn of its key and for nobody else goes on: after a change of policy. */
void order_sweep_all(struct queue *);

/* ---- msg.c ------------------------------------------------------------ */

/* Open a message where it stands: regular, of the right size, no link followed. */
/* ST_GONE: not there any more.  ST_BADDATA: torn or not a regular file.  The caller closes *fd. */
enum status msg_open(struct queue *, const struct place *, int *fd, struct error *) MUST_CHECK;
/* Read the header block (none: len 0).  ST_BADDATA: it does not parse. */
enum status msg_headers(int fd, const struct msgname *, struct headers *, struct error *) MUST_CHECK;
/* Path of the message's file below the spool, for people. */
void place_path(const struct queue *, const struct place *, char *buf, size_t size);

#define RECORD_TEXT_MAX (256 << 10)
/* The failure record: text, or nothing (NULL, len 0).  The last 64 KiB.  Caller frees *text. */
enum status msg_record(struct queue *, const struct msgid *, char **text, size_t *len, struct error *) MUST_CHECK;
/* One block of a failure record (spool-format.md section 9); the pointers go into its text, lines end there with \n. */
struct report {
	usec_t at;
	int attempt;			/* 0: not an attempt, an operator's word */
	usec_t duration;		/* -1: not known */
	const char *reason, *text, *given, *errors;	/* the lengths are 0 where there is none; errors: stderr, each line behind a space */
	size_t reasonlen, textlen, givenlen, errorslen;
};
/* The next block from *at on, which goes behind it; false at the end.  What is no block is passed over. */
bool report_next(const char **at, struct report *);
/* Give it a record that it has not; one that it has stays.  To be made durable by queue_sync_all. */
enum status msg_record_put(struct queue *, const struct msgid *, const char *text, size_t len, struct error *) MUST_CHECK;
/* Last reason in words: the record's last Text or Reason, else the name's reason.  "" if none. */
void msg_reason(struct queue *, const struct place *, char *buf, size_t size);

/* ---- push.c ----------------------------------------------------------- */

struct push_options {
	int priority;
	usec_t delay;		/* 0: ready now */
	usec_t expire;		/* 0: as the policy says; counted from the publication */
	const char *key;	/* order key, or NULL; must live as long as the batch */
	const struct headers *headers;	/* may be NULL or empty; must live as long as the batch; read when a message begins */
	bool atomic;		/* all or none */
	bool import;		/* batch_begin_as: what each is, comes along */
	const char *once;	/* NULL, or the key of the one message: see once_find */
	struct gate *gate;	/* of a topic, or NULL: who else has to take what is pushed */
};

struct batch;

/*
 * One or more messages on their way in.  begin, write, end for each; publish makes
 * all that ended durable and visible.  ST_AGAIN: paused or full or disk low.
 */
enum status batch_open(struct queue *, const struct push_options *, struct batch **,
    struct error *) MUST_CHECK;
/* Whether the queue takes them now; ST_AGAIN: full, paused, disk low; ST_BADDATA: never. */
enum status push_allowed(struct queue *, uint64_t messages, uint64_t bytes, usec_t now,
    struct error *) MUST_CHECK;
enum status batch_begin(struct batch *, struct error *) MUST_CHECK;
/*
 * The same for a message that was one elsewhere: it gets this name (with its id and size) and state.  The limits of
 * the queue and a pause do not keep it out, as with move_to; min_free and min_inodes do.
 */
enum status batch_begin_as(struct batch *, enum state, const struct msgname *, struct error *) MUST_CHECK;
/* ST_BADDATA: over max_size. */
enum status batch_write(struct batch *, const void *, size_t, struct error *) MUST_CHECK;
enum status batch_end(struct batch *, struct error *) MUST_CHECK;
/* Messages that ended and are not published yet; whether they are as many, or as large, as is worth one sync. */
size_t batch_pending(const struct batch *);
bool batch_full(const struct batch *);
/* What waits to be published stays: to be called every few minutes while it waits (litter is known by its age). */
void batch_keep(const struct batch *);
/* push_allowed for what batch_publish would have to put in at once: the next one, or all of an atomic batch. */
enum status batch_allowed(const struct batch *, usec_t now, struct error *) MUST_CHECK;
/*
 * done is called for each message that is durable, in order.  On ST_UNSURE the messages
 * are visible but their directory could not be synced (done was called for them).
 * Any other failure: what done was not called for is not in the queue.
 */
enum status batch_publish(struct batch *, usec_t now,
    void (*done)(void *arg, const struct msgid *), void *arg, struct error *) MUST_CHECK;
/*
 * Put the one message of the batch in the place of another, which oldfd has open since it was
 * read: its id, state, attempts, owner and record stay, the headers are the batch's.  The new one
 * is durable before the old one goes, so a crash between leaves both (fsck finds them).
 * ST_GONE: the old one moved on meanwhile, nothing is changed.
 */
enum status batch_replace(struct batch *, const struct place *old, int oldfd, usec_t now, struct error *) MUST_CHECK;
/* Whether what was published under a key (push_options.once) had been there before. */
bool batch_was_duplicate(const struct batch *);
/* Where the last one that was published is; file "": nobody knows. */
void batch_newest(const struct batch *, struct place *);
/* The message that was begun and has not ended, to be read from its beginning; the caller closes *fd. */
enum status batch_body(struct batch *, int *fd, struct error *) MUST_CHECK;
/* Take the message away that was begun and has not ended. */
void batch_cancel(struct batch *);
/* Removes what was not published. */
void batch_close(struct batch *);

/* ---- once.c ----------------------------------------------------------- */

/* Whether a text may be a key; ST_BADDATA says why not. */
enum status once_check(const char *key, struct error *) MUST_CHECK;
/*
 * The message that was accepted under a key before, if that is not longer ago than the policy's once: ST_OK, and it is
 * durable.  ST_NONE: there is none.  ST_UNSURE: there is, but it is not certain to be in the queue.
 */
enum status once_find(struct queue *, const char *key, usec_t now, struct msgid *, struct error *) MUST_CHECK;

/* ---- claim.c ---------------------------------------------------------- */

struct claim {
	struct place at;
	int fd;		/* the message, open for reading; its lock lives as long as it. -1: none */
};

struct claim_options {
	usec_t lease;	/* 0: the policy's */
	bool hold;	/* this process lives as long as the claim: lock it */
	int64_t room;	/* the longest body that is wanted now, 0: any */
};

/* Why a message that may be there is not to be had now. */
enum held { HELD_NO, HELD_PAUSED, HELD_RATE, HELD_LIMIT, HELD_SINGLE };

/* What had to be passed over so that the rest is not held up: how much, and why the first. */
struct passed {
	unsigned n;
	struct error first;
	enum held held;		/* with ST_AGAIN: by the policy, for a time; waiting helps */
};

/*
 * Claim the next message: returns first what is due and what has lapsed (a bounded number).
 * ST_NONE: nothing ready; *wake is then when something may change without any event
 * (USEC_MAX: never).  ST_AGAIN: held back by the policy (see enum held, *wake as before), or no room on the disk.
 * ST_LARGE: there is not the room for the next one, which stays the next.  *over: what could not be had and was passed over;
 * if there was such a thing and nothing else, its error is returned, not ST_NONE.
 */
enum status claim_next(struct queue *, const struct claim_options *, usec_t now,
    struct claim *, usec_t *wake, struct passed *over, struct error *) MUST_CHECK;

/*
 * Whether the lease of any claim is over or its holder dead, without taking it back;
 * if none is, *wake becomes the time to look again, if that is sooner.
 */
enum status claims_lapsed(struct queue *, usec_t now, bool *any, usec_t *wake,
    struct error *) MUST_CHECK;

/* Find the claim of a handle.  ST_LOST: gone.  fd is -1: open it with msg_open if needed. */
enum status claim_find(struct queue *, const char *handle, struct claim *, struct error *) MUST_CHECK;

/* What went wrong, for claim_fail.  Pointers may be NULL. */
struct failure {
	const char *reason;	/* code: "exit-1", "nack" */
	const char *text;	/* one line, or NULL */
	const char *given;	/* the queues of a topic that have the message, all of them, separated by spaces, or NULL */
	const char *stderr_tail;
	size_t stderr_len;
	usec_t duration;	/* 0: unknown */
	usec_t delay;		/* < 0: the policy's back-off */
	bool permanent;		/* dead now */
};

/*
 * End or change a claim; each closes nothing (claim_close does) and returns ST_LOST when the
 * claim was taken back meanwhile.  claim_fail says in *state where the message went
 * (STATE_DELAYED, STATE_READY or STATE_DEAD).
 */
enum status claim_ack(struct queue *, struct claim *, usec_t now, struct error *) MUST_CHECK;
enum status claim_fail(struct queue *, struct claim *, const struct failure *, usec_t now,
    enum state *state, struct error *) MUST_CHECK;
/* Give back; it does not count.  delay 0: ready at once. */
enum status claim_release(struct queue *, struct claim *, usec_t delay, usec_t now,
    struct error *) MUST_CHECK;
/* lease 0: as long as it was. */
enum status claim_extend(struct queue *, struct claim *, usec_t lease, usec_t now,
    struct error *) MUST_CHECK;
void claim_close(struct claim *);

/* ---- reply.c: to answer ------------------------------------------------ */

#define REPLY_LEN 32	/* hex digits: what a request's header Reply-To holds */
bool reply_ok(const char *);
/* The value of the first header Reply-To; false: there is none, or it is something else, such as a mail address. */
bool reply_wanted(const struct headers *, char token[REPLY_LEN + 1]);
/* Whether somebody waits there.  ST_LOST: no, which counts as a late answer; ST_BADDATA: that is no reply place. */
enum status reply_awaited(struct queue *, const char *token, usec_t now, struct error *) MUST_CHECK;
/* An answer on its way: fd is its file, of which nobody knows yet; -1: there is none. */
struct answer {
	int fd;
	char tmp[40];
};
enum status answer_open(struct queue *, struct answer *, struct error *) MUST_CHECK;
enum status answer_write(struct answer *, const void *, size_t, struct error *) MUST_CHECK;
/* Give it to who waits for it; closes it in any case.  ST_LOST: dropped and counted, for nobody waits, or there is an answer already. */
enum status answer_send(struct queue *, struct answer *, const char *token, usec_t now, struct error *) MUST_CHECK;
/* Remove what was not sent. */
void answer_close(struct queue *, struct answer *);

/* ---- ask.c: to be answered ---------------------------------------------- */

struct question;
/* A place for the answer, watched: to be made before the request is pushed.  question_close also what failed. */
enum status question_open(struct queue *, usec_t now, struct question **, struct error *) MUST_CHECK;
const char *question_token(const struct question *);
/* Where the answer comes to, for people. */
void question_path(const struct question *, char *buf, size_t size);
/*
 * Until deadline (clock_mono).  ST_OK: *fd is the answer, open for reading; ST_LOST: nobody will answer, the error says why;
 * ST_NONE: the time is over, and nobody can answer any more; ST_AGAIN: a signal came.
 */
enum status question_wait(struct question *, usec_t deadline, int *fd, struct error *) MUST_CHECK;
/* keep: leave the answer where it is; it stays for a day. */
void question_close(struct question *, bool keep);
/* Take a request back that was pushed with this priority and nobody has claimed, at a cost that does not grow with what waits.  ST_NONE: it was not found. */
enum status question_withdraw(struct queue *, const struct msgid *, int priority, usec_t now, struct error *) MUST_CHECK;

/* ---- move.c ----------------------------------------------------------- */

/* Operator moves.  ST_GONE: it is not there any more.  A claim is moved like any other message: the caller asks first. */
enum status move_retry(struct queue *, const struct place *, bool keep_attempts, usec_t now, struct error *) MUST_CHECK;
enum status move_hold(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* reason: text for the record, or NULL. */
enum status move_bury(struct queue *, const struct place *, const char *reason, usec_t now, struct error *) MUST_CHECK;
enum status move_drop(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
enum status move_to(struct queue *, const struct place *, struct queue *to, usec_t now, struct error *) MUST_CHECK;
/* Make the moves durable: call once at the end for the queue moved into. */
enum status moves_sync(struct queue *, struct error *) MUST_CHECK;

/* ---- wait.c ----------------------------------------------------------- */

struct waiter;

/*
 * Sleep until the queue may have changed.  Use: open; loop { arm; look; wait }.
 * A wake-up is a hint.  Where inotify is not to be had, or the file system is
 * a network's, wait polls.  changes: also wake when messages leave (for wait --empty).
 */
enum status waiter_open(struct queue *, bool changes, struct waiter **, struct error *) MUST_CHECK;
enum status waiter_arm(struct waiter *, struct error *) MUST_CHECK;
/* For a poll loop: the descriptor (-1: none) and the longest time to sleep; drain after it was readable. */
int waiter_fd(const struct waiter *);
usec_t waiter_poll(const struct waiter *);
void waiter_drain(struct waiter *);
/*
 * Until wake (wall clock, USEC_MAX: no such time) or deadline (clock_mono, USEC_MAX:
 * none).  ST_NONE: the deadline passed; ST_AGAIN: a signal came.
 */
enum status waiter_wait(struct waiter *, usec_t wake, usec_t deadline, struct error *) MUST_CHECK;
void waiter_close(struct waiter *);

/* ---- event.c ---------------------------------------------------------- */

struct events;
struct event {
	usec_t time;
	const char *what;	/* pushed, delayed, claimed, extended, acked, failed, released, due, retried, dead, held, removed, moved, overflow */
	const char *queue;	/* valid until the next call */
	bool have;		/* place is filled (not for overflow) */
	struct place at;
};
/* What happens in these queues from now on: when this returns, it is armed. */
enum status events_open(struct spool *, const struct names *queues, struct events **, struct error *) MUST_CHECK;
/* Blocks.  ST_AGAIN: a signal came; ST_IO: the reader of the pipe that goes to "reader" is gone. */
enum status events_next(struct events *, struct event *, int reader, struct error *) MUST_CHECK;
void events_close(struct events *);

/* ---- fsck.c ----------------------------------------------------------- */

enum severity { SEV_INFO, SEV_WARNING, SEV_ERROR };
struct finding {
	const char *id;
	enum severity severity;
	const char *path;	/* below the queue; may hold foreign bytes */
	const char *text;	/* what is wrong */
	const char *repair;	/* what --repair does; "" if nothing can be done */
	bool repaired;
};
struct fsck_kind { const char *id; enum severity severity; const char *must; const char *repair; };
extern const struct fsck_kind fsck_kinds[];	/* ends with id NULL */

/*
 * Report each finding; *left counts those that remain (future-name is told but not counted).  fsck_spool looks at what
 * lies beside the queues.
 */
void fsck_spool(struct spool *, bool repair, usec_t now,
    void (*report)(void *, const struct finding *), void *arg, unsigned *left);
enum status fsck_queue(struct queue *, bool repair, usec_t now,
    void (*report)(void *arg, const struct finding *), void *arg, unsigned *left,
    struct error *) MUST_CHECK;

#endif
