/*
 * target.c: the queue that mq import fills.
 *
 * The ids of its messages, in all states, are gathered once.  A message whose id is among them is
 * not imported again.  Only one import at a time may fill a queue, so that two of them cannot both
 * find that an id is missing.
 */
#include "view/view.h"
#include "import/import.h"

/* How often the ids are gathered at most: a message that moves may hide from one listing. */
#define PASSES 4

/* Add the ids that one listing of the queue finds to m->have. */
static enum status
import_gather_pass(struct import *m)
{
	struct error *err = &m->r->err;
	struct scan *scan;
	struct place p;
	enum status st;

	if ((st = scan_open(m->q, STATES_ALL, &scan, err)) != ST_OK)
		return st;
	while (st == ST_OK && !run_stopped() && (st = scan_next(scan, &p, err)) == ST_OK)
		if ((st = idset_add(m->have, &p.name.id, err)) == ST_EXISTS)
			st = ST_OK;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

/*
 * Gather the ids of the queue.  A message that changes its state can hide from a listing, so list
 * until a pass finds no new id.
 */
static enum status
import_gather(struct import *m)
{
	enum status st = ST_OK;
	size_t had = SIZE_MAX;

	for (int i = 0; st == ST_OK && had != idset_count(m->have) && i < PASSES; i++) {
		had = idset_count(m->have);
		st = import_gather_pass(m);
	}
	return st;
}

/* Lock the queue against other imports, begin a batch, and gather the ids that are there. */
static enum status
import_begin(struct import *m)
{
	struct push_options opt = { .priority = PRIORITY_DEFAULT, .import = true };
	enum status st;

	if (!m->dry && ((st = queue_lock_import(m->q, &m->r->err)) != ST_OK ||
	    (st = batch_open(m->q, &opt, &m->b, &m->r->err)) != ST_OK))
		return st;
	return import_gather(m);
}

enum status
import_target(struct import *m)
{
	struct run *r = m->r;
	enum status st;

	st = run_queue(r, r->operand[0], &m->q);
	if (st == ST_OK)
		return import_begin(m);
	if (st != ST_NOTFOUND)
		return st;
	error_clear(&r->err);
	if ((st = run_conf(r)) != ST_OK || r->settings.autocreate)
		return st;
	st = run_queue_create(r, r->operand[0], &m->q);	/* fails; its error names the remedy */
	return st == ST_OK ? import_begin(m) : st;
}

enum status
import_need_queue(struct import *m)
{
	struct run *r = m->r;
	enum status st;

	if (m->q != NULL || m->dry)
		return ST_OK;
	r->assign = (const char *const *)m->assigns.name;
	r->nassign = m->assigns.n;
	if ((st = run_queue_create(r, r->operand[0], &m->q)) != ST_OK)
		return st == ST_USAGE ? (r->err.status = ST_CONF) : st;
	m->made = true;
	return import_begin(m);
}

static void
import_published(void *arg, const struct msgid *id)
{
	struct import *m = arg;

	m->n++;
	run_verbose(m->r, "imported %s", id->text);
}

enum status
import_flush(struct import *m)
{
	if (m->b == NULL || batch_pending(m->b) == 0)
		return ST_OK;
	return batch_publish(m->b, clock_now(), import_published, m, &m->r->err);
}
