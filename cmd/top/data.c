/*
 * data.c: finds out the figures of all queues, a little at a time.
 *
 * Messages are counted by listing them (about a microsecond each), and a spool may have
 * hundreds of queues and millions of messages.  So there is a round for each frame, which is
 * done in short steps as long as there is time.  A round looks at every queue (its policy and
 * rates) and counts those that are quick to count.  What time is left goes to the slow ones,
 * one after the other, beginning with the one that was counted longest ago.  A count that is
 * not finished in a round goes on in the next one.  Until then the old figure is shown with
 * its age.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "top/top.h"

/* A queue whose count takes longer than this is slow, and not counted in every round. */
#define QUICK (10 * 1000LL)
/* Counting a slow queue takes at most one part in this many of the time. */
#define DUTY 10
/* How many messages to count between two looks at the clock. */
#define STRIDE 512

/* ---- counting --------------------------------------------------------- */

/* Count until the scan has ended (ST_NONE) or the time 'until' has come (ST_OK). */
static enum status
data_count(struct scan *scan, struct tally *t, usec_t until, struct error *err)
{
	struct place p;
	enum status st;

	do {
		for (int i = 0; i < STRIDE; i++) {
			if ((st = scan_next(scan, &p, err)) != ST_OK)
				return st;
			tally_add(t, &p);
		}
	} while (clock_mono() < until);
	return ST_OK;
}

static void
data_counted(struct figure *f, const struct tally *t, usec_t cost)
{
	f->t = *t;
	f->at = clock_mono();
	f->cost = cost;
	f->counted = true;
}

static void
data_trouble(struct figure *f, struct error *err)
{
	(void)strlcpy(f->trouble, err->text, sizeof(f->trouble));
	error_clear(err);
}

/* Count the whole queue if that is quick; otherwise note that it is slow. */
static void
data_count_quickly(struct queue *q, struct figure *f, struct error *err)
{
	usec_t began = clock_mono();
	struct tally t = { 0 };
	struct scan *scan;
	enum status st;

	if ((st = scan_open(q, STATES_ALL, &scan, err)) == ST_OK) {
		st = data_count(scan, &t, began + QUICK, err);
		scan_close(scan);
	}
	if (st == ST_NONE)
		data_counted(f, &t, clock_mono() - began);
	else if (st == ST_OK)
		f->cost = QUICK + 1;
}

static void
data_drop_slow(struct data *d)
{
	scan_close(d->scan);
	queue_close(d->q);
	d->scan = NULL;
	d->q = NULL;
}

/* The slow queue that was counted longest ago.  NULL: none was counted long enough ago. */
static struct figure *
data_stalest(const struct data *d)
{
	struct figure *best = NULL;

	for (size_t i = 0; i < d->n; i++) {
		struct figure *f = &d->f[i];
		usec_t rest = d->all || !f->counted ? 0 : DUTY * f->cost;
		if (f->cost > QUICK && f->at + rest < d->round &&
		    (best == NULL || f->at < best->at))
			best = f;
	}
	return best;
}

static bool
data_open_slow(struct data *d, struct error *err)
{
	struct figure *f = data_stalest(d);
	struct error broken;

	if (f == NULL)
		return false;
	memset(&d->part, 0, sizeof(d->part));
	d->spent = 0;
	if (look_open(d->spool, f->name, &d->q, &broken, err) != ST_OK ||
	    scan_open(d->q, STATES_ALL, &d->scan, err) != ST_OK) {
		data_trouble(f, err);
		f->at = d->round;	/* do not try again in this round */
		data_drop_slow(d);
	}
	return true;
}

static bool
data_count_slowly(struct data *d, usec_t until)
{
	usec_t began = clock_mono();
	struct figure *f;
	struct error err;
	enum status st;

	error_clear(&err);
	if (d->scan == NULL && !data_open_slow(d, &err))
		return false;
	if (d->scan == NULL)
		return true;
	st = data_count(d->scan, &d->part, until, &err);
	d->spent += clock_mono() - began;
	if (st == ST_OK)
		return true;
	if ((f = data_find(d, queue_name(d->q))) != NULL) {
		if (st == ST_NONE)
			data_counted(f, &d->part, d->spent);
		else {
			data_trouble(f, &err);
			f->at = d->round;
		}
	}
	data_drop_slow(d);
	return true;
}

/* ---- looking ---------------------------------------------------------- */

/*
 * Append to the trend how many messages per second were acknowledged since the last look.  That is
 * 0 if the counters have gone back, as a new file of counters begins at 0.
 */
static void
data_trend(struct figure *f, const struct rates *now, usec_t mono)
{
	uint64_t was = f->rates.total[COUNT_ACKED], is = now->total[COUNT_ACKED];

	if (f->looked == 0 || mono <= f->looked)
		return;
	if (f->ntrend == TREND_MAX)
		memmove(f->trend, f->trend + 1, --f->ntrend * sizeof(f->trend[0]));
	f->trend[f->ntrend++] = is > was ? (double)(is - was) * USEC / (double)(mono - f->looked) :
	    0;
}

static void
data_look(struct data *d, struct figure *f)
{
	struct error broken, err;
	struct queue *q = NULL;
	struct rates rates;
	usec_t mono;

	error_clear(&err);
	f->trouble[0] = '\0';
	if (look_open(d->spool, f->name, &q, &broken, &err) == ST_OK) {
		if (broken.status != ST_OK)
			data_trouble(f, &broken);
		f->paused = queue_policy(q)->paused;
		mono = clock_mono();
		queue_rates(q, clock_now(), &rates);
		data_trend(f, &rates, mono);
		f->rates = rates;
		f->looked = mono;
		if (f->cost <= QUICK)
			data_count_quickly(q, f, &err);
	}
	if (err.status != ST_OK) {
		f->counted = false;
		data_trouble(f, &err);
	}
	queue_close(q);
}

/* ---- rounds ----------------------------------------------------------- */

static int
data_by_name(const void *key, const void *f)
{
	return strcmp(key, ((const struct figure *)f)->name);
}

struct figure *
data_find(const struct data *d, const char *name)
{
	return d->n == 0 ? NULL : bsearch(name, d->f, d->n, sizeof(*d->f), data_by_name);
}

/* Make the figures of the queues 'names', and keep what was known of each. */
static enum status
data_merge(struct data *d, const struct names *names, struct error *err)
{
	struct figure *f = calloc(names->n + 1, sizeof(*f)), *old;

	if (f == NULL)
		return error_sys(err, ENOMEM, "top");
	for (size_t i = 0; i < names->n; i++) {
		if ((old = data_find(d, names->name[i])) != NULL)
			f[i] = *old;
		(void)strlcpy(f[i].name, names->name[i], sizeof(f[i].name));
		f[i].workers = f[i].running = 0;
		f[i].unsure = false;
	}
	free(d->f);
	d->f = f;
	d->n = names->n;
	return ST_OK;
}

static void
data_assign_workers(struct data *d)
{
	for (size_t i = 0; i < d->workers.n; i++) {
		const struct worker *w = &d->workers.w[i];
		struct figure *f = data_find(d, w->queue);
		if (f == NULL)
			continue;
		f->workers++;
		f->running += (unsigned)w->running;
		f->unsure |= !w->sure;
	}
}

enum status
data_round(struct data *d, struct error *err)
{
	struct names names = { 0 };
	enum status st;

	d->round = clock_mono();
	d->looked = 0;
	if ((st = spool_list(d->spool, SPOOL_QUEUE, &names, err)) == ST_OK)
		st = data_merge(d, &names, err);
	names_free(&names);
	workers_look(&d->workers, spool_path(d->spool));
	data_assign_workers(d);
	return st;
}

bool
data_step(struct data *d, usec_t until)
{
	do {
		if (d->looked == d->n) {
			if (!data_count_slowly(d, until))
				return false;
			continue;
		}
		if (d->next >= d->n)
			d->next = 0;
		data_look(d, &d->f[d->next++]);
		d->looked++;
	} while (clock_mono() < until);
	return true;
}

void
data_free(struct data *d)
{
	data_drop_slow(d);
	workers_free(&d->workers);
	free(d->f);
	d->f = NULL;
	d->n = 0;
}
