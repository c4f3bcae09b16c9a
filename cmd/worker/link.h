/*
 * link.h: a worker on the queues of an engine: one connection for all of them.
 *
 *	linked.c	the supply
 *	suits.c		what the engine must be able to do
 *	link.c		the connection: opened, lost, opened again
 *	intake.c	how many messages may come, and those that have come
 *	parcel.c	one message that was taken
 *	hold.c		its claim
 *	settling.c	what is to become of it, and what the engine says to that
 *
 * A claim belongs to the connection that it was made by.  When that is lost, all claims are: their
 * handlers are stopped, nothing more is said of them, and the messages come again.  Only where
 * claims stay (the capability of that name), handlers go on, and the next connection tells what
 * came of them.
 */
#ifndef CMD_WORKER_LINK_H
#define CMD_WORKER_LINK_H

#include <stdio.h>

#include "life/life.h"
#include "spool/policy.h"
#include "engine/backoff.h"
#include "engine/engine.h"
#include "worker/deadline.h"

#define AWAY_MAX 800

struct failure;
struct source;
struct work;

/* What is to become of a message at the engine. */
enum settle { SETTLE_NOT, SETTLE_ACK, SETTLE_NACK, SETTLE_DEAD };

/* A message that was taken, until the engine has answered what was said of it. */
struct parcel {
	struct parcel *next;	/* of all of the connection */
	struct parcel *behind;	/* of those that no handler has yet */
	struct source *source;
	struct claim claim;	/* of one that no handler has yet */
	char *token;
	char id[ID_LEN + 1];
	int fd;			/* of the claim; -1: that has ended */
	usec_t came;		/* clock_mono */
	bool extending;		/* the answer may bring another token */
	bool lost;		/* the claim is somebody else's, or nobody's */
	enum settle settle;
	bool asked;		/* the engine was told */
	bool twice;		/* so it was before the connection was lost */
	bool refused;		/* it would not do what it was told first */
	bool counted;		/* as one that is done, or that has failed */
	usec_t delay;
	int64_t attempts;	/* -1: as many as before */
	char *reason;		/* or NULL */
};

/* What comes from one queue. */
struct intake {
	char target[TARGET_MAX];	/* what the queue is called in the engine */
	struct policy policy;
	struct error trouble;	/* why the policy cannot be read */
	bool told;
	struct parcel *first, **last;	/* those that no handler has yet */
	bool checking, there;	/* whether the queue is there: asked, and answered */
	int64_t credit;		/* messages that may still come */
	bool stopping;		/* what comes now was on its way already */
	int idles;		/* looks in a row that found nothing */
	/* clock_mono: when there was first credit, or a message last came */
	usec_t since;
	struct error ended;	/* nothing comes any more, for this reason */
	struct backoff backoff;
};

struct link {
	struct work *w;
	struct address address;
	struct engine *e;	/* NULL: the engine is away */
	bool ready;		/* it is open */
	bool was_ready;		/* it was once */
	bool stay;		/* claims outlast a connection */
	int64_t lease_most, extend_most, delay_most;	/* ms; 0: any; -1: there is no such thing */
	struct backoff backoff;
	char away[AWAY_MAX];		/* why it is away, for people; "": it is not */
	struct parcel *parcels;
	int64_t settling;	/* parcels whose claim has ended */
	int64_t unknown;	/* of which nobody knows whether it was settled */
	struct deadline due;
};

/* ---- link.c --------------------------------------------------------------- */

/* Connect if it is time, and take note of all that the engine has said. */
enum status link_turn(struct link *l, struct error *err) MUST_CHECK;
void link_hear(struct link *l);
/* Fill in what to wait for. */
nfds_t link_watch(struct link *l, struct pollfd p[ENGINE_FDS]);
/* Wait for what is not settled yet, and end the connection. */
void link_finish(struct link *l);

/* ---- suits.c -------------------------------------------------------------- */

/* ST_USAGE: the engine cannot do what is asked of it, or what work needs. */
enum status link_suits(const struct link *l, struct error *err) MUST_CHECK;
/* ST_USAGE: the policy asks for what no engine can do. */
enum status suits_policy(const struct source *s, struct error *err) MUST_CHECK;

/* ---- intake.c ------------------------------------------------------------- */

/* A message has come. */
void intake_message(struct link *l, const struct event_of_engine *ev);
/* An answer.  False: it was not to a question from here. */
bool intake_answer(struct link *l, const struct event_of_engine *ev);
/* Something was said of a queue. */
void intake_event(struct link *l, const struct event_of_engine *ev);
/* The next message.  ST_NONE: none has come yet. */
enum status intake_next(struct link *l, struct source *s, struct claim *c, struct passed *over,
    struct error *err) MUST_CHECK;
/* Let as many messages come as the worker can start, and give back what it cannot. */
void intake_turn(struct link *l);
/* The connection is new, or lost. */
void intake_reset(struct link *l);
/*
 * When there is something to do, even if nothing comes (clock_mono; USEC_MAX: there is no such
 * time).
 */
usec_t intake_due(const struct link *l);
/* Whether nothing has come for so long that --drain need not wait for more. */
bool intake_drained(const struct link *l, const struct source *s);

/* ---- parcel.c ------------------------------------------------------------- */

/* Put a message that has come into a file, with its claim; NULL: that cannot be done. */
struct parcel *parcel_make(struct link *l, struct source *s, const struct event_of_engine *ev,
    struct error *err) MUST_CHECK;
/* The one of a claim that has not ended.  NULL: it was lost, and is forgotten now. */
struct parcel *parcel_find(struct link *l, struct claim *c);
void parcel_forget(struct link *l, struct parcel *p);
/* How long a claim lasts; 0: as long as the connection. */
usec_t parcel_lease(const struct link *l, usec_t wanted);

/* ---- hold.c --------------------------------------------------------------- */

/* The operations of struct supply on a claim. */
enum status hold_ack(struct source *s, struct claim *c, usec_t now, struct error *err) MUST_CHECK;
enum status hold_fail(struct source *s, struct claim *c, const struct failure *why, usec_t now,
    enum state *to, struct error *err) MUST_CHECK;
enum status hold_release(struct source *s, struct claim *c, usec_t delay, usec_t now,
    struct error *err) MUST_CHECK;
enum status hold_extend(struct source *s, struct claim *c, usec_t lease, usec_t now,
    struct error *err) MUST_CHECK;
enum status hold_body(struct source *s, const struct claim *c, int *fd,
    struct error *err) MUST_CHECK;
enum status hold_json(struct source *s, FILE *f, const struct claim *c,
    struct error *err) MUST_CHECK;
enum status hold_hurry(struct source *s, const struct msgid *id, struct error *err) MUST_CHECK;

/* ---- settling.c ----------------------------------------------------------- */

/* The claim ends: tell the engine what is to become of the message. */
void settling_begin(struct link *l, struct parcel *p, enum settle what);
/* Tell what could not be told before. */
void settling_turn(struct link *l);
/* The engine has answered. */
void settling_answer(struct link *l, const struct event_of_engine *ev);
/* The connection is lost, and with it all claims. */
void settling_lost(struct link *l);

#endif
