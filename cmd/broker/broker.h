/*
 * broker.h: the verbs of mq on the queue of an engine: mq -s URL VERB.
 *
 *	verbs.c		which verbs there are
 *	broker.c	what they have in common
 *	refuse.c	what cannot be had from an engine, and what to do instead
 *	push.c		mq push
 *	sent.c		mq push: what is under way, and what became of it
 *	again.c		mq push: waiting for the engine, and --wait
 *	take.c		messages that are taken, until they are settled
 *	taken.c		one such message
 *	pop.c		mq pop
 *	claim.c		mq claim
 *	handle.c	what a claim is called outside
 *	settle.c	mq ack, nack, extend
 *	look.c		mq stat and peek
 *	list.c		mq ls and dead
 *	shown.c		a message as JSON
 *	retry.c		mq retry
 *	make.c		mq init
 *	table.c		mq engine: what an engine can do
 *	check.c		mq engine --check
 */
#ifndef CMD_BROKER_BROKER_H
#define CMD_BROKER_BROKER_H

#include <stdio.h>

#include "base/base.h"
#include "spool/policy.h"
#include "engine/engine.h"

struct headers;
struct run;

/* ---- verbs.c: the door ------------------------------------------------------- */

/* Run the verb on the engine whose address 'spool' is.  See address_is. */
enum status broker_run(struct run *r, const char *spool) MUST_CHECK;

/* ---- table.c, check.c: mq engine -------------------------------------------- */

/* Print what engines there are, and whether their helpers are installed. */
void table_engines(void);
/* Print what the engine can do. */
enum status table_engine(struct run *r, const char *url) MUST_CHECK;
/* Try each step up to the queue, or up to the login if 'queue' is NULL, and print how it went. */
enum status check_engine(struct run *r, const char *url, const char *queue) MUST_CHECK;

/* ---- broker.c: among themselves ---------------------------------------------- */

struct broker {
	struct run *r;
	struct address address;
	struct engine *e;		/* NULL: it is not open */
	char target[TARGET_MAX];	/* what the queue is called in the engine */
};

/* The long name of an option of the verb. */
const char *broker_option_name(const struct run *r, int key);
/* The long name of the next option.  NULL: there are no more. */
const char *broker_option(struct run *r, const char **arg);
/* Take the first operand for the name of the queue. */
enum status broker_queue(struct broker *b) MUST_CHECK;
/* Open the engine, unless it is open. */
enum status broker_open(struct broker *b, const struct engine_options *opt) MUST_CHECK;
/* Ask something that is answered at once.  The answer's words are in 'ev'. */
enum status broker_answer(struct broker *b, struct event_of_engine *ev) MUST_CHECK;
/*
 * The next event, even though a signal came, as what is under way is to be settled.  ST_NONE: none
 * came until 'deadline' (clock_mono).
 */
enum status broker_event(struct broker *b, usec_t deadline, struct event_of_engine *ev) MUST_CHECK;

/* ---- refuse.c ---------------------------------------------------------------- */

/* Why the verb, or this option of it, is not for engines. */
enum status refuse_verb(struct run *r);
enum status refuse_option(struct run *r, const char *option);
/* ST_USAGE, with the reason, unless the engine can do that. */
enum status refuse_unless(struct broker *b, const char *capability) MUST_CHECK;
/* The engine cannot do it: why, and what to do instead. */
enum status refuse_cannot(struct broker *b, const char *why, const char *instead);

/* ---- taken.c ------------------------------------------------------------------ */

/* A message that was taken. */
struct taken {
	struct taken *next;
	char *token;
	struct message m;
	char *bytes;		/* what 'm' points to */
	int open;		/* requests about it that were not answered */
	bool ending;		/* one of them ends the claim */
	bool acked;		/* by an ack */
};
/* NULL: there is not enough memory. */
struct taken *taken_copy(const struct event_of_engine *ev);
void taken_free(struct taken *h);
/* A failed write(2) leaves its errno. */
enum status taken_write(const struct taken *h, int fd, struct error *err) MUST_CHECK;

/* ---- take.c ------------------------------------------------------------------ */

/* Taking messages from one queue.  Set it to zero but for the first members. */
struct taker {
	struct broker *b;
	usec_t lease;		/* how long a claim lasts; 0: as long as the connection */
	bool keep;		/* the claims outlive us */
	struct taken *first, **last;	/* those that came, in their order */
	int64_t credit;		/* those that may still come */
	int64_t waiting;	/* those that came */
	int64_t unsettled;	/* those whose claims have not ended */
	bool idle;		/* a look found nothing since credit was given */
	bool doubt;		/* a look found nothing while we held messages with keys */
	bool over;		/* nothing more can come, and why if that is a failure */
	struct error ended;
	/* Those that could not be acknowledged: how many, and why the first one could not. */
	int64_t nfailed;
	enum status failed;
	char first_failed[200], why[400];
};
/* The lease that is wanted, if the engine has leases, but not more than it allows. */
void take_begin(struct taker *t, struct broker *b, usec_t lease, bool keep);
/* Let so many more messages come. */
void take_credit(struct taker *t, int64_t n);
/*
 * The next message.  ST_NONE: there is none, or with 'wait', none came until 'deadline'
 * (clock_mono).
 */
enum status take_next(struct taker *t, bool wait, usec_t deadline, struct taken **out) MUST_CHECK;
/* End the claim: acknowledge the message, or give it back, uncounted.  'h' is gone after that. */
void take_ack(struct taker *t, struct taken *h);
void take_release(struct taker *t, struct taken *h);
/* Renew the leases of this message and of those that wait. */
void take_renew(struct taker *t, struct taken *h);
/*
 * Take no more, give back what came meanwhile, and wait for all answers.  The result is 'st', or
 * else why something could not be settled.
 */
enum status take_end(struct taker *t, enum status st) MUST_CHECK;

/* ---- handle.c ---------------------------------------------------------------- */

#define BROKER_HANDLE_MAX (FRAME_TOKEN_MAX + 80)	/* with NUL */
/*
 * A handle tells the engine, the failed attempts before this one, and the token: whoever ends the
 * claim has to say how many failed attempts there are then, and asks nobody.
 */
void broker_handle_print(const struct broker *b, int64_t attempts, const char *token,
    char buf[BROKER_HANDLE_MAX]);
/* ST_BADDATA: it is no handle, or that of another engine. */
enum status broker_handle_parse(const struct broker *b, const char *text, int64_t *attempts,
    const char **token, struct error *err) MUST_CHECK;

/* ---- shown.c ------------------------------------------------------------------ */

/* What is printed of a message. */
struct shown {
	const struct broker *b;
	const char *queue, *state;
	const struct message *m;
	const char *handle;	/* NULL: none */
	usec_t deadline;	/* 0: none, or it is not known */
};
/* Print the members, without the braces; with 'body' that, too. */
enum status shown_json(FILE *f, const struct shown *s, bool body, struct error *err) MUST_CHECK;
/* How long the body is, of which only a part may be here. */
int64_t shown_size(const struct message *m);

/* ---- list.c ------------------------------------------------------------------ */

/* Whether messages of the state can be listed. */
enum status list_allowed(struct broker *b, const char *state) MUST_CHECK;
typedef enum status list_visitor(void *arg, const struct event_of_engine *ev);
/* Visit up to 'max' messages of the state, the oldest first, with 'bytes' bytes of each body. */
enum status list_each(struct broker *b, const char *state, int64_t max, int64_t bytes,
    list_visitor *one, void *arg) MUST_CHECK;

/* ---- the verbs ----------------------------------------------------------------- */

enum status broker_init(struct broker *b) MUST_CHECK;
enum status broker_push(struct broker *b) MUST_CHECK;
enum status broker_pop(struct broker *b) MUST_CHECK;
enum status broker_claim(struct broker *b) MUST_CHECK;
enum status broker_ack(struct broker *b) MUST_CHECK;
enum status broker_nack(struct broker *b) MUST_CHECK;
enum status broker_extend(struct broker *b) MUST_CHECK;
enum status broker_stat(struct broker *b) MUST_CHECK;
enum status broker_peek(struct broker *b) MUST_CHECK;
enum status broker_ls(struct broker *b) MUST_CHECK;
enum status broker_dead(struct broker *b) MUST_CHECK;
enum status broker_retry(struct broker *b) MUST_CHECK;

#endif
