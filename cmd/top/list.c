/*
 * list.c: the messages of one queue, and what the keys do to them and to queues.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "top/top.h"

/* ---- the list --------------------------------------------------------- */

enum status
messages_open(struct top *t, const char *name, struct error *err)
{
	struct messages *m = &t->m;
	struct error broken;
	enum status st;

	messages_close(t);
	if ((st = look_open(t->d.spool, name, &m->q, &broken, err)) != ST_OK) {
		m->q = NULL;
		return st;
	}
	m->tab = NSTATES;
	return messages_load(t, err);
}

void
messages_close(struct top *t)
{
	queue_close(t->m.q);
	free(t->m.p);
	memset(&t->m, 0, sizeof(t->m));
}

const struct place *
messages_chosen(const struct top *t)
{
	return t->m.n > 0 ? &t->m.p[t->m.cursor.at] : NULL;
}

static enum status
list_add(struct messages *m, size_t *cap, const struct place *p, struct error *err)
{
	struct place *more;

	if (m->n == *cap) {
		size_t want = *cap == 0 ? 64 : *cap * 2;
		if ((more = reallocarray(m->p, want, sizeof(*more))) == NULL)
			return error_sys(err, ENOMEM, "list");
		m->p = more;
		*cap = want;
	}
	m->p[m->n++] = *p;
	return ST_OK;
}

static enum status
list_load_state(struct messages *m, int state, size_t *cap, struct error *err)
{
	size_t first = m->n;
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(m->q, STATE_BIT(state), &scan, err)) != ST_OK)
		return st;
	while (m->n - first < LIST_MAX && (st = scan_next(scan, &p, err)) == ST_OK)
		if ((st = list_add(m, cap, &p, err)) != ST_OK)
			break;
	m->more |= st == ST_OK;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

/* The message that was chosen stays chosen, if it is still there. */
static void
list_keep_choice(struct messages *m, const char *id)
{
	m->cursor.n = m->n;
	for (size_t i = 0; i < m->n; i++)
		if (strcmp(m->p[i].name.id.text, id) == 0)
			m->cursor.at = i;
	if (m->cursor.at >= m->n)
		m->cursor.at = m->n > 0 ? m->n - 1 : 0;
}

enum status
messages_load(struct top *t, struct error *err)
{
	struct messages *m = &t->m;
	const struct place *p = messages_chosen(t);
	char id[ID_LEN + 1] = "";
	enum status st = queue_reload(m->q, err);
	size_t cap = 0;

	(void)strlcpy(m->broken, queue_trouble(m->q)->text, sizeof(m->broken));
	if (p != NULL)
		(void)strlcpy(id, p->name.id.text, sizeof(id));
	free(m->p);
	m->p = NULL;
	m->n = 0;
	m->more = false;
	for (int s = 0; s < NSTATES && st == ST_OK; s++)
		if (m->tab == NSTATES || m->tab == s)
			st = list_load_state(m, s, &cap, err);
	list_keep_choice(m, id);
	return st;
}

/* ---- one message ------------------------------------------------------ */

static enum status
list_retry(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	return move_retry(q, p, q, false, now, err);
}

static enum status
list_bury(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	return move_bury(q, p, NULL, now, err);
}

static const struct move {
	int key;
	const char *past;
	int wanted;	/* a message in this state needs no move; -1: any needs it */
	enum status (*move)(struct queue *, const struct place *, usec_t, struct error *);
} moves[] = {
	{ 'r', "retried", STATE_READY, list_retry },
	{ 'h', "held", STATE_HELD, move_hold },
	{ 'b', "buried", STATE_DEAD, list_bury },
	{ 'x', "removed", -1, move_drop },
};

/* Move a message, or refuse it, as the command of the same name does (see act.c). */
static void
list_move(struct top *t, const struct move *m, const struct place *p)
{
	struct error err;
	enum status st;

	error_clear(&err);
	if ((int)p->state == m->wanted) {
		top_note(t, "message %s is %s already", p->name.id.text, state_names[p->state]);
		return;
	}
	if (p->state == STATE_CLAIMED)
		st = error_set(&err, ST_LOST, 0,
		    "message %s is claimed: its holder is at work on it; only the "
		    "command with --force takes it away", p->name.id.text);
	else if (p->state == STATE_DONE && m->wanted != -1)
		st = error_set(&err, ST_BADDATA, 0,
		    "message %s was acknowledged: it is kept, not waiting",
		    p->name.id.text);
	else if ((st = m->move(t->m.q, p, clock_now(), &err)) == ST_OK)
		st = moves_sync(t->m.q, &err);
	if (st == ST_GONE)
		top_note(t, "message %s is not %s any more", p->name.id.text,
		    state_names[p->state]);
	else if (st != ST_OK)
		top_error(t, &err);
	else
		top_note(t, "%s %s", m->past, p->name.id.text);
	t->hurry = true;
}

static void
list_remove_asked(struct top *t)
{
	if (t->m.q != NULL)
		list_move(t, &moves[3], &t->asked);
}

void
messages_act(struct top *t, int key)
{
	const struct place *p = messages_chosen(t);

	for (size_t i = 0; p != NULL && i < sizeof(moves) / sizeof(moves[0]); i++)
		if (moves[i].key == key && key != 'x')
			list_move(t, &moves[i], p);
	if (p == NULL || key != 'x')
		return;
	t->asked = *p;	/* another message may be chosen when the answer comes */
	t->ask = list_remove_asked;
	top_note(t, "remove message %s for good? (y/n)", p->name.id.text);
}

/* ---- a queue ---------------------------------------------------------- */

void
queue_toggle_pause(struct top *t, const char *name)
{
	static const char *const assign[] = { "paused=no", "paused=pop", "paused=push",
	    "paused=all" };
	struct queue *q = NULL;
	struct error err;
	enum status st;
	int paused = 0;

	error_clear(&err);
	if ((st = queue_open(t->d.spool, name, &q, &err)) == ST_OK) {
		paused = queue_policy(q)->paused ^ PAUSED_POP;
		st = queue_configure(q, &assign[paused], 1, &err);
		queue_close(q);
	}
	if (st != ST_OK)
		top_error(t, &err);
	else
		top_note(t, "%s %s", (paused & PAUSED_POP) != 0 ? "paused" : "resumed", name);
	t->hurry = true;
}

static void
chore_start(struct top *t)
{
	struct chore *c = &t->chore;
	struct error err;

	chore_end(t);
	error_clear(&err);
	if (queue_open(t->d.spool, t->asked_queue, &c->q, &err) != ST_OK ||
	    scan_open(c->q, STATE_BIT(STATE_DEAD), &c->scan, &err) != ST_OK) {
		top_error(t, &err);
		chore_end(t);
	}
}

void
chore_ask(struct top *t, const char *name)
{
	(void)strlcpy(t->asked_queue, name, sizeof(t->asked_queue));
	t->ask = chore_start;
	top_note(t, "retry all dead messages of %s? (y/n)", name);
}

void
chore_step(struct top *t, usec_t until)
{
	struct chore *c = &t->chore;
	enum status st = ST_OK;
	struct error err;
	struct place p;

	error_clear(&err);
	while (clock_mono() < until && (st = scan_next(c->scan, &p, &err)) == ST_OK) {
		st = move_retry(c->q, &p, c->q, false, clock_now(), &err);
		c->done += st == ST_OK;
		if (st != ST_OK && st != ST_GONE)
			break;
	}
	if (t->ask == NULL)	/* a question must not be covered */
		top_note(t, "retried %llu%s", (unsigned long long)c->done,
		    st == ST_OK || st == ST_GONE ? " so far; Esc: stop" : "");
	if (st == ST_OK || st == ST_GONE)
		return;
	chore_end(t);
	if (st != ST_NONE)
		top_error(t, &err);
}

void
chore_end(struct top *t)
{
	struct chore *c = &t->chore;
	struct error err;

	error_clear(&err);
	if (c->done > 0 && moves_sync(c->q, &err) != ST_OK)
		top_error(t, &err);
	scan_close(c->scan);
	queue_close(c->q);
	memset(c, 0, sizeof(*c));
	t->hurry = true;
}
