/*
 * relay.h: a relay: its state, and what its parts ask of each other.
 *
 *	setup.c		what is opened before it runs
 *	doubt.c		which messages may be in the engine already
 *	loop.c		the loop: connecting, waiting, ending
 *	out.c		from a local queue to an engine
 *	in.c		from an engine to a local queue
 *	carry.c		a message's headers on the way
 */
#ifndef CMD_RELAY_RELAY_H
#define CMD_RELAY_RELAY_H

#include <poll.h>

#include "base/envelope.h"
#include "base/name.h"
#include "life/life.h"
#include "shared/relays.h"
#include "engine/backoff.h"
#include "engine/engine.h"

struct run;
struct waiter;
struct relay;

/* A relay only ever goes on to a later phase. */
enum relay_phase {
	RELAY_WORKING,
	RELAY_SETTLING,	/* takes nothing more, and settles what is under way */
	RELAY_OVER
};

/* The direction of a relay. */
struct relay_way {
	/* The engine was opened. */
	void (*begin)(struct relay *y);
	/* Take what there is room for. */
	enum status (*fill)(struct relay *y, struct error *err);
	enum status (*event)(struct relay *y, const struct event_of_engine *ev, struct error *err);
	/* All events that were there have been seen. */
	enum status (*round)(struct relay *y, struct error *err);
	/* Give back what is under way, since the engine is away or the relay ends. */
	void (*give_back)(struct relay *y);
	/* Whether there is nothing left to do for --drain. */
	bool (*drained)(const struct relay *y);
};
extern const struct relay_way relay_out, relay_in;

/* A message that is on its way to the engine. */
struct parcel {
	struct claim claim;	/* of 'out' */
	char *token;		/* of 'in': the engine's */
	bool busy;
	usec_t since;		/* clock_mono: when its lease began */
};

struct relay {
	struct run *r;
	const struct relay_way *way;
	bool out;		/* which way that is */
	struct relay_state state;
	struct address address;
	char target[TARGET_MAX];
	char mark[160];		/* what Mq-Via calls this relay */
	struct queue *q;
	struct waiter *waiter;
	struct engine *e;	/* NULL: the engine is away */
	int64_t window;
	bool drain;
	enum relay_phase phase;
	usec_t settle_until;	/* clock_mono */

	struct parcel *parcel;	/* 'window' of them */
	int64_t nparcels;	/* how many are busy */
	usec_t lease;
	bool looked;		/* out: the last look at the queue found nothing */
	usec_t wake;		/* clock_now: when to look again */
	int files;		/* out: so many messages have the files they need for sure */

	/* in: what was taken and is not in the queue yet */
	struct batch *b;
	struct push_options opt;
	struct gate *gate;
	const char *accept;
	int64_t *pending;	/* the parcels of the batch, in its order */
	int64_t npending, nstored;
	int64_t credit;		/* messages that the engine may still give us */
	usec_t first;		/* clock_mono: when the oldest of the batch came */
	int idles;		/* looks in a row that found nothing */

	struct backoff backoff;
	usec_t written;		/* clock_mono: when the state was last written */
	enum status failed;	/* of what somebody has to mend */
};

/* ---- setup.c ------------------------------------------------------------- */

/*
 * Open both ends; 'name' NULL: it is made from them.  ST_AGAIN: another process runs the relay of
 * this name.
 */
enum status relay_setup(struct relay *y, const char *name, const char *source,
    const char *destination) MUST_CHECK;
void relay_close(struct relay *y);

/* ---- doubt.c --------------------------------------------------------------- */

/* The ids of what may be in the engine, as it was claimed before; free the list. */
enum status relay_doubt(struct relay *y, struct names *list, struct error *err) MUST_CHECK;

/* ---- loop.c ---------------------------------------------------------------- */

enum status relay_run(struct relay *y) MUST_CHECK;
/* Something failed for now: after a pause it is tried again.  'text' is told once. */
void relay_pause(struct relay *y, enum relay_is is, const char *text);
/* Something succeeded. */
void relay_succeeded(struct relay *y);
/* A parcel that is free, or NULL. */
struct parcel *relay_parcel(struct relay *y);
void relay_free_parcel(struct relay *y, struct parcel *p);

/* ---- carry.c ----------------------------------------------------------------- */

/* The relays in a list, with our own behind them.  False: the message goes in a circle. */
bool carry_via(const char *before, size_t len, const char *name, char *buf, size_t size);
/* Take the header Mq-Via out of a block.  'via' becomes its value, or "". */
enum status carry_out(struct headers *h, char *via, size_t size, struct error *err) MUST_CHECK;
/* The headers that a message from an engine has here: its own, its key, its id, and its way. */
enum status carry_in(const struct message *m, const char *via, struct headers *h,
    struct error *err) MUST_CHECK;
/* The key under which it is pushed, so that it is queued once. */
void carry_once(const struct message *m, const char *source, char key[129]);

#endif
