/*
 * name.h: names of queues, ids, and the file names of messages.
 */
#ifndef BASE_NAME_H
#define BASE_NAME_H

#include "base/base.h"

#define ID_LEN 36
#define TOKEN_LEN 16
#define QUEUE_NAME_MAX 64
#define NAME_MAX_LEN 255
#define ORDER_LEN 16
#define BUCKET_MAX 48		/* bytes, with NUL, for the name of a bucket */
#define HANDLE_MAX 96		/* bytes, with NUL, for a handle */
#define PRIORITY_DEFAULT 5

enum state { STATE_READY, STATE_DELAYED, STATE_CLAIMED, STATE_HELD, STATE_DEAD, STATE_DONE };
#define NSTATES 6
#define STATE_BIT(s) (1u << (s))
#define STATES_ALL ((1u << NSTATES) - 1)
/* The backlog: what still has to be delivered, or is being worked on. */
#define STATES_BACKLOG \
	(STATE_BIT(STATE_READY) | STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_CLAIMED))

extern const char *const state_names[NSTATES];	/* "ready", ...: also the directories */
/* By name; -1 if there is none. */
int state_parse(const char *text);

struct msgid { char text[ID_LEN + 1]; };

/* A message's file name, taken apart.  Value type; see F2.1 to F2.34 in spool-format.md. */
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
	/* claimed: acknowledged, and the turn of its key still to be passed on */
	bool finished;
	/*
	 * claimed: the attempt failed, FAILED_DEAD or FAILED_LATER, and is to be ended so; else 0
	 */
	char failed;
	bool waited;		/* it has been in waiting/ */
	/* claimed and locked: the deadline by CLOCK_MONOTONIC; 0: not known */
	usec_t mono;
	/* claimed: since when, by the wall clock, if the lease was extended; else 0 */
	usec_t claimed;
	/* claimed: by a process that may hold other claims at the same time */
	bool beside;
	/* its holder went away while it held others, too: to be tried alone */
	bool suspect;
	bool replayed;		/* another name of its file stands in done/ of the same queue */
	char way[25];		/* hashes of the queues that it left as a dead letter: see way.h */
	char extra[49];		/* unknown lower-case fields, each with its comma */
};

/*
 * What becomes of a claim whose attempt failed: a dead letter; or it is tried again, lease_ms - 1
 * later.
 */
#define FAILED_DEAD 'd'
#define FAILED_LATER 'l'

/* Whether a claim was ended, and its message still has to go where it belongs. */
bool name_ended(const struct msgname *n);
/* One more attempt or delivery: the numbers of names end at INT32_MAX. */
int32_t count_up(int32_t n);

/* Where a message stands. */
struct place {
	enum state state;
	char lane[ORDER_LEN + 1];	/* the key in whose lane it waits, which counts as ready;
	    "" for all others */
	char bucket[BUCKET_MAX];	/* "" for a file that still lies in new/ */
	char file[NAME_MAX_LEN + 1];	/* the name on disk */
	struct msgname name;
};

bool queue_name_ok(const char *text);

/*
 * A fresh id for time at (UUIDv7, RFC 9562 method 3), and the time of an id.
 * id_ok: the text is a well-formed id, NUL behind it.
 */
void id_make(usec_t at, struct msgid *id);
void id_derive(usec_t at, uint64_t random, struct msgid *id);
bool id_ok(const char *text);
/* Whether text begins with a well-formed id. */
bool id_prefix(const char *text);
usec_t id_time(const struct msgid *id);

enum name_kind { NAME_OK, NAME_FOREIGN, NAME_FUTURE };
/*
 * Whether all of it fits into a file name; but for marks of a claim that was ended, it always does.
 */
bool name_fits(const struct msgname *n);
/* Never more than NAME_MAX_LEN characters. */
void name_format(const struct msgname *n, char buf[NAME_MAX_LEN + 1]);
/* The hash of an order key: messages with the same one are handled one at a time and in order. */
void order_hash(const char *key, char buf[ORDER_LEN + 1]);
/* Leave out what belongs to a claim: token, lease, lock, company. */
void name_unclaim(struct msgname *n);
/*
 * How many characters the name of a message has for fields that are not always there, commas
 * included.
 */
size_t name_spare(const struct msgname *n);
/* Since when a message is in its state; 0: the name does not tell, as of one that waits. */
usec_t name_since(enum state state, const struct msgname *name);
enum name_kind name_parse(const char *text, struct msgname *n);
void token_make(char buf[TOKEN_LEN + 1]);

void handle_format(const struct place *p, char buf[HANDLE_MAX]);
/* False if text is no handle. */
bool handle_parse(const char *text, struct msgid *id, char token[TOKEN_LEN + 1],
    char bucket[BUCKET_MAX]);

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t fnv1a(const void *data, size_t len);

#endif
