/*
 * retry.c: mq retry: make dead, held or delayed messages ready again, here or in the queue that
 * they came from as dead letters.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "spool/origin.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/act.h"
#include "shared/distribute.h"

enum { KEEP = OPT_LONG, HOME };

static const struct opt opts[] = {
	{ KEEP, "keep-attempts", NULL, false, "do not start counting attempts anew" },
	{ HOME, "to-origin", NULL, false, "in the queue that they came from as dead letters" },
	{ ACT_RATE, "rate", "N/s", false, "at most N a second (N/m, N/h)" },
	ACT_OPTS,
	OPT_END
};

struct retry {
	struct run *r;
	struct action *a;
	bool keep, home;
	struct queue **origin;	/* the queues that were opened */
	size_t n;
	enum status worst;	/* the worst failure that did not stop the others */
	bool missing_told;
};

static enum status
retry_option(void *arg, struct run *r, int key, const char *value)
{
	struct retry *t = arg;

	(void)r, (void)value;
	if (key == KEEP)
		t->keep = true;
	else if (key == HOME) {
		t->home = true;
		/* In a dead-letter queue these messages are ready, so take that state, too. */
		t->a->all |=
		    STATE_BIT(STATE_READY) | STATE_BIT(STATE_DELAYED) | STATE_BIT(STATE_HELD);
		t->a->wanted = -1;
	} else
		return ST_NONE;
	return ST_OK;
}

/* ---- where they came from ------------------------------------------------- */

/*
 * Whether the message came from a queue that exists.  If it did not and was given by its id, report
 * that.
 */
static bool
retry_fits(void *arg, struct queue *q, const struct place *p)
{
	struct retry *t = arg;
	char name[QUEUE_NAME_MAX + 1];
	struct run *r = t->r;

	if (!t->home)
		return true;
	switch (queue_origin(q, &p->name, name)) {
	case ORIGIN_KNOWN:
		return true;
	case ORIGIN_NONE:
		if (r->noperands > 1)
			run_trouble(r,
			    error_set(&r->err, ST_NOTFOUND, 0,
				"message %s came from no other queue", p->name.id.text),
			    &t->worst);
		return false;
	case ORIGIN_UNKNOWN:
		break;
	}
	if (!t->missing_told || r->noperands > 1)
		run_trouble(r,
		    error_set(&r->err, ST_NOTFOUND, 0,
			"the queue that message %s came from is not there any more, "
			"or cannot be told",
			p->name.id.text),
		    &t->worst);
	t->missing_told = true;
	return false;
}

static enum status
retry_origin(struct retry *t, struct queue *q, const struct place *p, struct queue **to,
    struct error *err)
{
	char name[QUEUE_NAME_MAX + 1];
	struct queue **more;
	enum status st;

	*to = q;
	if (!t->home || queue_origin(q, &p->name, name) != ORIGIN_KNOWN ||
	    strcmp(name, queue_name(q)) == 0)
		return ST_OK;
	for (size_t i = 0; i < t->n; i++)
		if (strcmp(queue_name(t->origin[i]), name) == 0) {
			*to = t->origin[i];
			return ST_OK;
		}
	if ((more = reallocarray(t->origin, t->n + 1, sizeof(struct queue *))) == NULL)
		return error_sys(err, ENOMEM, "retry");
	t->origin = more;
	if ((st = queue_open(t->r->spool, name, to, err)) == ST_OK)
		t->origin[t->n++] = *to;
	return st;
}

static enum status
retry(void *arg, struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct retry *t = arg;
	struct queue *to;
	enum status st;

	if (p->state == STATE_DONE)
		return error_set(err, ST_BADDATA, 0,
		    "message %s was acknowledged: it is kept, not waiting", p->name.id.text);
	if ((st = retry_origin(t, q, p, &to, err)) != ST_OK)
		return st;
	return move_retry(q, p, to, t->keep, now, err);
}

/* ---- all of it -------------------------------------------------------------- */

static void
retry_close(struct retry *t)
{
	struct run *r = t->r;
	struct error done = r->err;

	for (size_t i = 0; i < t->n; i++) {
		error_clear(&r->err);
		if (moves_sync(t->origin[i], &r->err) != ST_OK)
			run_trouble(r, ST_UNSURE, &t->worst);
		if (queue_is_topic(t->origin[i]))
			run_distribute(r, t->origin[i]);
		queue_close(t->origin[i]);
	}
	r->err = done;
	free(t->origin);
}

static enum status
run_retry(struct run *r)
{
	struct retry t = { .r = r };
	struct action a = { .name = "retry", .past = "retried", .all = STATE_BIT(STATE_DEAD),
	    .wanted = STATE_READY, .first = 1, .act = retry, .option = retry_option,
	    .fits = retry_fits, .arg = &t };
	enum status st;

	t.a = &a;
	st = act_run(r, &a);
	retry_close(&t);
	return (st == ST_OK || st == ST_NONE) && t.worst != ST_OK ? t.worst : st;
}

const struct cmd cmd_retry = {
	.name = "retry",
	.operands = "QUEUE [ID...]",
	.summary = "make dead, held or delayed messages ready again",
	.opts = opts,
	.run = run_retry,
};
