/*
 * publish.c: when mq push publishes what it has read, and what it prints about that.
 */
#include <errno.h>
#include <stdio.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/distribute.h"
#include "producer/producer.h"

#define KEEP_EVERY (600 * USEC)

/* ---- leave ------------------------------------------------------------- */

static enum status
producer_allowed(struct producer *p)
{
	struct error *err = &p->r->err;
	enum status st;

	if (p->b != NULL)
		return batch_allowed(p->b, clock_now(), err);
	st = push_allowed(p->q, 1, 0, clock_now(), err);
	return st != ST_OK || p->opt.gate == NULL ? st :
	    gate_allowed(p->opt.gate, 0, 0, 1, 0, clock_now(), err);
}

/* Read the policies again: those of the subscribers may have changed, too. */
static enum status
producer_reload(struct producer *p)
{
	struct error *err = &p->r->err;
	enum status st = run_reload(p->r, p->q);

	return st != ST_OK || p->opt.gate == NULL ? st :
	    gate_reload(p->opt.gate, p->q, &p->headers, err);
}

/* Look again and again until the queue takes messages, something fails, or the time is over. */
static enum status
producer_wait(struct producer *p, struct waiter *w)
{
	usec_t kept = clock_mono();
	struct run *r = p->r;
	struct error full;
	enum status st;

	for (;;) {
		error_clear(&r->err);
		if ((st = waiter_arm(w, &r->err)) != ST_OK || (st = producer_reload(p)) != ST_OK ||
		    (st = producer_allowed(p)) != ST_AGAIN)
			return st;
		full = r->err;
		error_clear(&r->err);
		if (p->b != NULL && clock_mono() - kept > KEEP_EVERY) {
			batch_keep(p->b);
			kept = clock_mono();
		}
		/* Look once a second, too, because no event tells of free space. */
		st = waiter_wait(w, clock_now() + USEC, p->deadline, &r->err);
		if (st == ST_NONE || run_stopped()) {
			r->err = full;
			return ST_AGAIN;
		}
		if (st != ST_OK && st != ST_AGAIN)
			return st;
	}
}

enum status
producer_admitted(struct producer *p)
{
	struct waiter *w = NULL;
	enum status st;

	if ((st = producer_allowed(p)) != ST_AGAIN || !p->wait)
		return st;
	if ((st = waiter_open(p->q, true, &w, &p->r->err)) == ST_OK)
		st = producer_wait(p, w);
	waiter_close(w);
	return st;
}

/* ---- ids --------------------------------------------------------------- */

void
producer_tell(struct producer *p, const char *id)
{
	if (!p->r->quiet && printf("%s\n", id) < 0)
		p->told_all = false;
}

static void
producer_print(void *arg, const struct msgid *id)
{
	producer_tell(arg, id->text);
}

enum status
producer_told(struct producer *p, enum status st)
{
	struct error failed = p->r->err;
	int e;

	if (fflush(stdout) == EOF)
		p->told_all = false;
	e = errno;
	if (p->told_all)
		return st;
	clearerr(stdout);
	error_clear(&p->r->err);
	return error_set(&p->r->err, ST_UNSURE, e,
	    "%s%sthe message is queued, but its id could not be printed: stdout",
	    st != ST_OK ? failed.text : "", st != ST_OK ? "; and " : "");
}

static void
producer_verbose_duplicate(struct producer *p)
{
	run_verbose(p->r, "nothing was queued: there was a message under the key '%s' before",
	    p->opt.once);
}

enum status
producer_duplicate(struct producer *p, const struct msgid *id)
{
	producer_verbose_duplicate(p);
	producer_tell(p, id->text);
	return producer_told(p, ST_OK);
}

enum status
producer_publish(struct producer *p)
{
	struct run *r = p->r;
	enum status st;

	for (;;) {
		st = batch_publish(p->b, clock_now(), producer_print, p, &r->err);
		/* With an errno, a system call failed, and the queue is not just full or paused. */
		if (st != ST_AGAIN || !p->wait || r->err.errnum != 0)
			break;
		/* The wait may be long, so print the ids of what is queued before it. */
		if (fflush(stdout) == EOF)
			p->told_all = false;
		if ((st = producer_admitted(p)) != ST_OK)
			break;
		error_clear(&r->err);
	}
	if (p->topic)
		run_distribute(r, p->q);
	if (st == ST_OK && batch_duplicates(p->b) > 0)
		producer_verbose_duplicate(p);
	return producer_told(p, st);
}
