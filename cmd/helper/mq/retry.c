/*
 * retry.c: dead letters become ready again.
 */
#include <string.h>
#include <unistd.h>

#include "helper/mq/store.h"

/* Whether the dead letter is the one with this id, which may be the one it came with. */
static bool
retry_is(struct queue *q, const struct place *p, const char *id)
{
	struct error ignored = { 0 };
	struct reading r = { 0 };
	struct message m;
	bool is;
	int fd;

	if (strcmp(p->name.id.text, id) == 0)
		return true;
	if (msg_open(q, p, &fd, &ignored) != ST_OK)
		return false;
	is = reading_message(q, p, fd, 0, &r, &m, &ignored) == ST_OK && strcmp(m.id, id) == 0;
	reading_free(&r);
	(void)close(fd);
	return is;
}

static enum status
retry_scan(struct queue *q, const char *id, int64_t *n, struct error *err)
{
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(q, STATE_BIT(STATE_DEAD), &scan, err)) != ST_OK)
		return st;
	while (st == ST_OK && (id == NULL || *n == 0) && (st = scan_next(scan, &p, err)) == ST_OK) {
		if (id != NULL && !retry_is(q, &p, id))
			continue;
		if ((st = move_retry(q, &p, q, false, clock_now(), err)) == ST_OK)
			++*n;
		else if (st == ST_GONE)	/* somebody else was faster */
			st = ST_OK;
	}
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

/* The turns of keys are passed on at the end, or a later message of a key could overtake. */
static enum status
retry_all(struct queue *q, const char *id, int64_t *n, struct error *err)
{
	enum status st, synced;

	order_defer(q);
	st = retry_scan(q, id, n, err);
	order_resume(q);
	if (*n == 0)
		return st;
	synced = moves_sync(q, err);
	return st != ST_OK ? st : synced;
}

void
retry_dead(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct error err = { 0 };
	struct queue *q;
	enum status st;
	int64_t n = 0;

	if ((st = queues_get(helper_data(h), queue, false, &q, &err)) == ST_OK &&
	    (st = retry_all(q, id, &n, &err)) == ST_OK && id != NULL && n == 0)
		st = error_set(
		    &err, ST_NOTFOUND, 0, "no dead letter '%.80s' in queue '%s'", id, queue);
	if (st != ST_OK) {
		helper_err(h, tag, error_class(&err), "%s", err.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "n", n);
	helper_ok_end(h);
}
