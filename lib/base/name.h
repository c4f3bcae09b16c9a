/*
 * name.h: names of queues, ids of messages, and the file names of messages.
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
/* The backlog is what still has to be delivered, or is being worked on. */
#define STATES_BACKLOG \
	(STATE_BIT(STATE_READY) | STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_CLAIMED))

/* "ready", ...; the directories have these names, too */
extern const char *const state_names[NSTATES];
/* The state of that name.  -1: there is none. */
int state_parse(const char *text);

struct msgid { char text[ID_LEN + 1]; };

/*
 * The file name of a message, taken apart.  It is a value that may be copied.  See F2.1 to F2.34 in
 * spool-format.md.
 */
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
	/* a claim that was acknowledged, but the turn of its key is still to be passed on */
	bool finished;
	/*
	 * FAILED_DEAD or FAILED_LATER: a claim whose attempt failed, and which still has to be
	 * ended that way; 0: any other message
	 */
	char failed;
	bool waited;		/* the message has been in waiting/ */
	/* the deadline by CLOCK_MONOTONIC of a claim that is locked; 0: not known */
	usec_t mono;
	/* when the claim began, by the wall clock, if its lease was extended; else 0 */
	usec_t claimed;
	/* a claim of a process that may hold other claims at the same time */
	bool beside;
	/*
	 * a former holder went away while it held other messages, too, so this one is to be tried
	 * alone
	 */
	bool suspect;
	bool replayed;		/* another name of its file stands in done/ of the same queue */
	/* hashes of the queues that the message left as a dead letter: see way.h */
	char way[25];
	char extra[49];		/* unknown lower-case fields, each with its comma */
};

/*
 * What becomes of a claim whose attempt failed.  FAILED_DEAD: the message becomes a dead letter.
 * FAILED_LATER: it is tried again 'lease_ms' - 1 milliseconds later.
 */
#define FAILED_DEAD 'd'
#define FAILED_LATER 'l'

/* Whether a claim was ended, but its message still has to go where it belongs. */
bool name_ended(const struct msgname *n);
/* One more attempt or delivery.  The numbers in names end at INT32_MAX. */
int32_t count_up(int32_t n);

/* Where a message stands. */
struct place {
	enum state state;
	/* the key in whose lane it waits, which counts as ready; "" for all others */
	char lane[ORDER_LEN + 1];
	char bucket[BUCKET_MAX];	/* "" for a file that is still in new/ */
	char file[NAME_MAX_LEN + 1];	/* the name on disk */
	struct msgname name;
};

bool queue_name_ok(const char *text);

/*
 * id_make makes a fresh id for the time 'at' (UUIDv7, RFC 9562 method 3).  id_derive makes the id
 * from a given random number.  id_ok: whether the text is a well-formed id and nothing else.
 */
void id_make(usec_t at, struct msgid *id);
void id_derive(usec_t at, uint64_t random, struct msgid *id);
bool id_ok(const char *text);
/* Whether text begins with a well-formed id. */
bool id_prefix(const char *text);
usec_t id_time(const struct msgid *id);

enum name_kind { NAME_OK, NAME_FOREIGN, NAME_FUTURE };
/*
 * Whether the whole name fits into a file name.  Only the marks of a claim that was ended can make
 * it too long.
 */
bool name_fits(const struct msgname *n);
/* Print a name as a file name, with at most NAME_MAX_LEN characters. */
void name_format(const struct msgname *n, char buf[NAME_MAX_LEN + 1]);
/* The hash of an order key.  Messages with the same hash are handled one at a time and in order. */
void order_hash(const char *key, char buf[ORDER_LEN + 1]);
/* Remove what belongs to a claim: token, lease, lock, company. */
void name_unclaim(struct msgname *n);
/*
 * How many characters the name of a message has left for fields that are not always there, their
 * commas included.
 */
size_t name_spare(const struct msgname *n);
/* Since when a message has been in its state.  0: the name does not tell, as for one that waits. */
usec_t name_since(enum state state, const struct msgname *name);
enum name_kind name_parse(const char *text, struct msgname *n);
void token_make(char buf[TOKEN_LEN + 1]);

void handle_format(const struct place *p, char buf[HANDLE_MAX]);
/* Take a handle apart.  False: 'text' is no handle. */
bool handle_parse(const char *text, struct msgid *id, char token[TOKEN_LEN + 1],
    char bucket[BUCKET_MAX]);

/* The hash FNV-1a of 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t fnv1a(const void *data, size_t len);

#endif
