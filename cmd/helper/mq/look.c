/*
 * look.c: what is there.
 */
#include <limits.h>
#include <unistd.h>

#include "helper/mq/store.h"

void
look_stat(struct helper *h, const char *tag, const char *queue)
{
	struct store *s = helper_data(h);
	struct tally t = { 0 };
	struct error err = { 0 };
	struct queue *q;

	if (queues_get(s, queue, false, &q, &err) != ST_OK ||
	    queue_tally(q, STATES_BACKLOG | STATE_BIT(STATE_DEAD), &t, &err) != ST_OK) {
		helper_err(h, tag, error_class(&err), "%s", err.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "ready", (int64_t)t.count[STATE_READY]);
	helper_field(h, "claimed", (int64_t)t.count[STATE_CLAIMED]);
	helper_field(h, "delayed", (int64_t)t.count[STATE_DELAYED]);
	helper_field(h, "dead", (int64_t)t.count[STATE_DEAD]);
	if (tally_oldest(&t) != 0)
		helper_field(h, "oldest", tally_oldest(&t));
	helper_ok_end(h);
}

/* ---- list ---------------------------------------------------------------- */

/* ST_GONE: it has moved on. */
static enum status
look_item(struct store *s, const char *tag, struct queue *q, const struct place *p, int64_t bytes,
    struct error *err)
{
	struct reading r = { 0 };
	struct message m;
	enum status st;
	int fd;

	if ((st = msg_open(q, p, &fd, err)) != ST_OK)
		return st;
	if ((st = reading_message(q, p, fd, bytes, &r, &m, err)) == ST_OK)
		helper_item(s->h, tag, state_names[p->state], &m);
	reading_free(&r);
	(void)close(fd);
	return st;
}

static enum status
look_scan(struct store *s, const char *tag, struct queue *q, unsigned states, int64_t max,
    int64_t bytes, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(q, states, &scan, err)) != ST_OK)
		return st;
	while (max > 0 && (st = scan_next(scan, &p, err)) == ST_OK) {
		st = look_item(s, tag, q, &p, bytes, err);
		max -= st == ST_OK;
		if (st == ST_OK || error_is_ours(err))
			continue;
		error_clear(err);	/* it has moved on, or nobody can read it */
	}
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

void
look_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	struct store *s = helper_data(h);
	struct error err = { 0 };
	int n = state_parse(state);
	struct queue *q;
	enum status st;

	if (n == -1 || ((STATES_BACKLOG | STATE_BIT(STATE_DEAD)) & STATE_BIT(n)) == 0) {
		helper_err(h, tag, CLASS_CANNOT, "no state '%s' can be listed", state);
		return;
	}
	if (bytes > FRAME_BODY_MAX)
		bytes = FRAME_BODY_MAX;
	if ((st = queues_get(s, queue, false, &q, &err)) == ST_OK)
		st = look_scan(s, tag, q, STATE_BIT(n), max, bytes > 0 ? bytes : 0, &err);
	store_answer(s, tag, st, &err);
}

/* ---- queues ---------------------------------------------------------------- */

void
look_queues(struct helper *h, const char *tag)
{
	struct store *s = helper_data(h);
	struct error err = { 0 };
	struct names names;
	enum status st = spool_list(s->spool, SPOOL_QUEUE, &names, &err);

	for (size_t i = 0; st == ST_OK && i < names.n; i++)
		helper_queue(h, tag, names.name[i]);
	names_free(&names);
	store_answer(s, tag, st, &err);
}

void
look_check(struct helper *h, const char *tag, const char *queue)
{
	struct store *s = helper_data(h);
	struct error err = { 0 };
	struct queue *q;

	store_answer(s, tag, queues_get(s, queue, false, &q, &err), &err);
}

void
look_make(struct helper *h, const char *tag, const char *queue)
{
	struct store *s = helper_data(h);
	struct error err = { 0 };
	struct queue *q;

	store_answer(s, tag, queues_get(s, queue, true, &q, &err), &err);
}
