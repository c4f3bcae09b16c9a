/*
 * scan.c: going over messages without changing anything.
 *
 * A directory is read whole (in windows of bounded size) before any of its names
 * is given out, so that the caller may move the messages that it gets.  Messages that
 * others move meanwhile may be missed, so that none was seen proves nothing (see
 * dir_is_young).
 *
 * The messages that are ready have two sources, which are merged: the buckets, those of
 * the state and then those of the lanes, and the files of new/.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/lane.h"
#include "view/view.h"
#include "view/scan.h"

bool
dir_is_young(int fd)
{
	struct stat sb;
	usec_t age;

	if (fstat(fd, &sb) == -1)
		return false;
	age = clock_now() - stat_mtime(&sb);
	return age < USEC / 10 && age > -USEC / 10;
}

struct scan {
	struct queue *q;
	unsigned states;
	int state;		/* the present state; -1: none yet */

	/* The messages in buckets: those of the state, then those of one lane after the other. */
	struct shelf *shelf;	/* whose buckets are gone over: those of the state, or of 'lane' */
	struct shelf lane;
	int waiting;		/* the directory of the lanes; -1: it is not open */
	struct walk lanes;
	bool lanes_begun;
	struct buckets buckets;
	size_t bucket;		/* the index of the next bucket */
	char name[BUCKET_MAX];	/* the name of the bucket whose files are walked over */
	int dir;
	struct walk names;
	bool have;		/* 'head' is the next message in buckets */
	struct place head;

	/* The files of new/: a window of them in the order of arrival, or 'each' in any order. */
	struct arrivals arrivals;
	size_t arrival;		/* the index of the first that was not taken into 'arrived' */
	bool have_arrived;	/* 'arrived' is the next message of new/ */
	struct place arrived;
	bool any_order, ended;
	struct each *each;

	/* The first error of what could not be looked into; ST_OK: there was none. */
	struct error missed;
};

enum status
scan_open(struct queue *q, unsigned states, struct scan **out, struct error *err)
{
	struct scan *s = calloc(1, sizeof(*s));

	*out = s;
	if (s == NULL)
		return queue_fail(q, err, ENOMEM, "scan");
	s->q = q;
	s->states = states;
	s->any_order = (states & SCAN_ANY_ORDER) != 0;
	s->ended = (states & SCAN_ENDED) != 0;
	s->state = s->dir = s->waiting = s->lane.fd = -1;
	error_clear(&s->missed);
	return ST_OK;
}

static void
bucket_leave(struct scan *s)
{
	walk_end(&s->names);
	if (s->dir != -1)
		(void)close(s->dir);
	s->dir = -1;
	walk_begin(&s->names, -1, "", 0);
}

static void
state_leave(struct scan *s)
{
	bucket_leave(s);
	buckets_free(&s->buckets);
	s->bucket = 0;
	walk_end(&s->lanes);
	if (s->waiting != -1)
		(void)close(s->waiting);
	s->waiting = -1;
	s->lanes_begun = false;
	shelf_close(&s->lane);
	arrivals_free(&s->arrivals);
	s->arrival = 0;
	s->have_arrived = false;
	each_close(s->each);
	s->each = NULL;
}

void
scan_close(struct scan *s)
{
	if (s == NULL)
		return;
	state_leave(s);
	free(s);
}

bool
passed_over(struct error *missed, enum status st, struct error *err)
{
	if (st == ST_OK || st == ST_NONE || st == ST_GONE || error_is_ours(err))
		return false;
	if (missed->status == ST_OK)
		*missed = *err;
	error_clear(err);
	return true;
}

/* Pass over the error 'st', if it can be.  ST_OK, unless the scan has to end with the error. */
static enum status
scan_pass_over(struct scan *s, enum status st, struct error *err)
{
	return st == ST_NONE || st == ST_GONE || passed_over(&s->missed, st, err) ? ST_OK : st;
}

const struct error *
scan_missed(const struct scan *s)
{
	return s->missed.status != ST_OK ? &s->missed : NULL;
}

/* ---- messages in buckets ---------------------------------------------- */

/* Go on in the next lane.  ST_NONE: there is none. */
static enum status
lane_next(struct scan *s, struct error *err)
{
	const struct entry *e;
	enum status st;

	if (s->state != STATE_READY)
		return ST_NONE;
	if (!s->lanes_begun) {
		s->lanes_begun = true;
		if ((st = scan_pass_over(s, lanes_look(s->q, &s->waiting, err), err)) != ST_OK)
			return st;
		walk_begin(&s->lanes, s->waiting, "", SCAN_LANES);
	}
	do {
		st = walk_next(&s->lanes, &e, err);
		if (st != ST_OK)
			return (st = scan_pass_over(s, st, err)) == ST_OK ? ST_NONE : st;
	} while (!order_ok(e->name));
	shelf_close(&s->lane);
	s->shelf = &s->lane;
	buckets_free(&s->buckets);
	s->bucket = 0;
	/* ST_GONE: the lane was empty, and was removed. */
	if ((st = lane_open(s->q, e->name, &s->lane, err)) == ST_OK)
		st = buckets_list(&s->lane, &s->buckets, err);
	return scan_pass_over(s, st, err);
}

/* Go on in the next bucket.  ST_NONE: there is none in this state. */
static enum status
bucket_next(struct scan *s, struct error *err)
{
	const struct bucket *b;
	enum status st;

	bucket_leave(s);
	while (s->bucket == s->buckets.n)
		if ((st = lane_next(s, err)) != ST_OK)
			return st;
	b = &s->buckets.b[s->bucket++];
	(void)strlcpy(s->name, b->name, sizeof(s->name));
	st = bucket_open(s->shelf, b, &s->dir, err);
	if (st != ST_OK)
		s->dir = -1;
	walk_begin(&s->names, s->dir, "", SCAN_NAMES);
	return scan_pass_over(s, st, err);
}

/* Fill in 'head'.  ST_NONE: there are no more messages in the buckets of this state. */
static enum status
scan_head_next(struct scan *s, struct error *err)
{
	const struct entry *e;
	enum status st;

	while (!s->have) {
		st = walk_next(&s->names, &e, err);
		if (st == ST_OK) {
			/* An acknowledged message is done with, although its file still stands. */
			if (e->type != DT_REG || name_parse(e->name, &s->head.name) != NAME_OK ||
			    (s->head.name.finished && !s->ended))
				continue;
			shelf_place(s->shelf, s->name, e->name, &s->head);
			s->have = true;
		} else if ((st = scan_pass_over(s, st, err)) != ST_OK ||
		    (st = bucket_next(s, err)) != ST_OK)
			return st;
	}
	return ST_OK;
}

/* ---- files of new/ ---------------------------------------------------- */

/* Fill in 'arrived'.  ST_NONE: there are no more files in new/. */
static enum status
scan_arrived_next(struct scan *s, struct error *err)
{
	const struct place *after;
	enum status st;

	if (s->have_arrived)
		return ST_OK;
	if (s->arrival == s->arrivals.n) {
		if (!s->arrivals.more)
			return ST_NONE;
		arrivals_free(&s->arrivals);
		s->arrival = 0;
		/* 'arrived' still is the file that was given out last. */
		after = s->arrived.file[0] != '\0' ? &s->arrived : NULL;
		st = arrivals_list(s->q, after, SCAN_ARRIVALS, &s->arrivals, err);
		if ((st = scan_pass_over(s, st, err)) != ST_OK)
			return st;
		if (s->arrivals.n == 0)
			return ST_NONE;
	}
	arrival_place(&s->arrivals.a[s->arrival++], &s->arrived);
	s->have_arrived = true;
	return ST_OK;
}

/* Whether 'arrived' comes before 'head'. */
static bool
scan_arrives_before(const struct scan *s)
{
	const struct msgname *a = &s->arrived.name;
	const struct place *p = &s->head;
	char cls = s->name[1] == '.' ? s->name[0] : '0' + PRIORITY_DEFAULT;

	if (place_in_lane(p) || cls != '0' + a->priority)
		return place_in_lane(p) || cls > '0' + a->priority;
	return a->key < p->name.key;
}

/* ---- both ------------------------------------------------------------- */

/* Go on in the next state.  ST_NONE: there is none. */
static enum status
state_next(struct scan *s, struct error *err)
{
	enum status st;
	int dir;

	state_leave(s);
	do {
		if (++s->state == NSTATES)
			return ST_NONE;
	} while ((s->states & STATE_BIT(s->state)) == 0);
	s->shelf = shelf_of(s->q, (enum state)s->state);
	st = scan_pass_over(s, buckets_list(s->shelf, &s->buckets, err), err);
	if (st != ST_OK || s->state != STATE_READY)
		return st;
	s->arrivals.more = !s->any_order;
	s->arrived.file[0] = '\0';
	if (s->any_order && (st = queue_new(s->q, &dir, err)) == ST_OK)
		st = each_open(dir, &s->each, err);
	return scan_pass_over(s, st, err);
}

/* '*p' becomes the next message of the present state.  ST_NONE: there are no more. */
static enum status
scan_message_next(struct scan *s, struct place *p, struct error *err)
{
	enum status st, arrived;

	if (s->state == -1)
		return ST_NONE;
	if (s->each != NULL) {
		st = arrivals_next(s->q->newfd, s->each, p, err);
		if (st == ST_OK || (st != ST_NONE && (st = scan_pass_over(s, st, err)) != ST_OK))
			return st;
		each_close(s->each);
		s->each = NULL;
	}
	if ((st = scan_head_next(s, err)) != ST_OK && st != ST_NONE)
		return st;
	if ((arrived = scan_arrived_next(s, err)) != ST_OK && arrived != ST_NONE)
		return arrived;
	if (arrived == ST_OK && (st == ST_NONE || scan_arrives_before(s))) {
		*p = s->arrived;
		s->have_arrived = false;
		return ST_OK;
	}
	if (st == ST_OK)
		*p = s->head;
	s->have = false;
	return st;
}

enum status
scan_next(struct scan *s, struct place *p, struct error *err)
{
	enum status st;

	while ((st = scan_message_next(s, p, err)) == ST_NONE)
		if ((st = state_next(s, err)) != ST_OK) {
			if (st == ST_NONE && s->missed.status != ST_OK) {
				*err = s->missed;
				st = err->status;
			}
			return st;
		}
	return st;
}
