/*
 * scan.c: going over messages without changing anything.
 *
 * A directory is read whole (in windows of bounded size) before any of its names
 * is given out, so that the caller may move what it gets.  What others move
 * meanwhile may be missed: having seen nothing proves nothing (see dir_is_young).
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
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
	age = clock_now() - ((usec_t)sb.st_mtim.tv_sec * USEC + sb.st_mtim.tv_nsec / 1000);
	return age < USEC / 10 && age > -USEC / 10;
}

struct scan {
	struct queue *q;
	unsigned states;	/* still to do, the present one included */
	int state;		/* -1: none yet */
	struct arrivals arrivals;
	size_t arrival;
	struct buckets buckets;
	size_t bucket;		/* the next one */
	struct listing lanes;	/* these come after the buckets of ready */
	size_t lane;		/* the next one */
	bool more_lanes;
	struct shelf *shelf;	/* the buckets are there: in a state, or in: */
	struct shelf lane_shelf;
	int dir;
	char name[BUCKET_MAX];
	struct listing names;
	size_t next;
	bool more;
	char after[NAME_MAX_LEN + 1];
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
	s->state = s->dir = s->lane_shelf.fd = -1;
	return ST_OK;
}

void
scan_close(struct scan *s)
{
	if (s == NULL)
		return;
	arrivals_free(&s->arrivals);
	buckets_free(&s->buckets);
	listing_free(&s->lanes);
	listing_free(&s->names);
	shelf_close(&s->lane_shelf);
	if (s->dir != -1)
		(void)close(s->dir);
	free(s);
}

static enum status
next_state(struct scan *s, struct error *err)
{
	enum status st;

	arrivals_free(&s->arrivals);
	buckets_free(&s->buckets);
	s->arrival = s->bucket = 0;
	do {
		if (++s->state == NSTATES)
			return ST_NONE;
	} while ((s->states & STATE_BIT(s->state)) == 0);
	s->shelf = shelf_of(s->q, (enum state)s->state);
	st = buckets_list(s->shelf, &s->buckets, err);
	s->more_lanes = s->state == STATE_READY;
	if (st == ST_OK && s->state == STATE_READY)
		st = arrivals_list(s->q, NULL, SCAN_ARRIVALS, &s->arrivals, err);
	return st;
}

/* The next lane, when the buckets of ready are done.  ST_NONE: there is none. */
static enum status
next_lane(struct scan *s, struct error *err)
{
	const char *order;
	enum status st;

	if (s->lane == s->lanes.n) {
		char after[ORDER_LEN + 1] = "";
		if (!s->more_lanes)
			return ST_NONE;
		if (s->lanes.n > 0)
			(void)strlcpy(after, s->lanes.e[s->lanes.n - 1].name, sizeof(after));
		listing_free(&s->lanes);
		s->lane = 0;
		st = lanes_list(s->q, after, SCAN_LANES, &s->lanes, &s->more_lanes, err);
		return st != ST_OK ? st : s->lanes.n == 0 ? ST_NONE : ST_OK;
	}
	buckets_free(&s->buckets);
	s->bucket = 0;
	shelf_close(&s->lane_shelf);
	s->shelf = &s->lane_shelf;
	order = s->lanes.e[s->lane++].name;
	if (order_ok(order) && (lane_open(s->q, order, s->shelf, err) != ST_OK ||
	    buckets_list(s->shelf, &s->buckets, err) != ST_OK))
		error_clear(err);	/* removed: it was empty */
	return ST_OK;
}

/* The next files of new/, when those at hand were given out. */
static enum status
more_arrivals(struct scan *s, struct error *err)
{
	struct place last;

	if (s->arrival < s->arrivals.n || !s->arrivals.more)
		return ST_OK;
	last = s->arrivals.p[s->arrivals.n - 1];
	arrivals_free(&s->arrivals);
	s->arrival = 0;
	return arrivals_list(s->q, &last, SCAN_ARRIVALS, &s->arrivals, err);
}

static enum status
next_window(struct scan *s, struct error *err)
{
	enum status st;

	listing_free(&s->names);
	s->next = 0;
	if (s->dir != -1 && !s->more) {
		(void)close(s->dir);
		s->dir = -1;
	}
	if (s->dir == -1) {
		if (s->bucket == s->buckets.n) {
			st = s->state == STATE_READY ? next_lane(s, err) : ST_NONE;
			return st == ST_NONE ? next_state(s, err) : st;
		}
		const struct bucket *b = &s->buckets.b[s->bucket++];
		(void)strlcpy(s->name, b->name, sizeof(s->name));
		s->after[0] = '\0';
		st = bucket_open(s->shelf, b, &s->dir, err);
		if (st != ST_OK) {
			s->dir = -1;
			return st == ST_GONE ? ST_OK : st;
		}
	}
	st = fs_list(s->dir, s->after, SCAN_NAMES, false, &s->names, &s->more, err);
	if (st == ST_GONE) {
		s->more = false;
		return ST_OK;
	}
	if (st == ST_OK && s->names.n > 0)
		(void)strlcpy(s->after, s->names.e[s->names.n - 1].name, sizeof(s->after));
	return st;
}

/* Whether the first file of new/ comes before a message of the present bucket. */
static bool
arrives_before(const struct scan *s, const struct msgname *name)
{
	const struct msgname *a = &s->arrivals.p[s->arrival].name;
	char cls = s->name[1] == '.' ? s->name[0] : '0' + PRIORITY_DEFAULT;

	if (cls != '0' + a->priority)
		return cls > '0' + a->priority;
	return a->key < name->key;
}

enum status
scan_next(struct scan *s, struct place *p, struct error *err)
{
	enum status st;

	for (;;) {
		if ((st = more_arrivals(s, err)) != ST_OK)
			return st;
		bool arrivals = s->arrival < s->arrivals.n;
		if (s->next == s->names.n) {
			if (arrivals && s->bucket == s->buckets.n && !s->more) {
				*p = s->arrivals.p[s->arrival++];
				return ST_OK;
			}
			if ((st = next_window(s, err)) != ST_OK)
				return st;
			continue;
		}
		const struct entry *e = &s->names.e[s->next];
		if (e->type != DT_REG || name_parse(e->name, &p->name) != NAME_OK) {
			s->next++;
			continue;
		}
		if (arrivals && arrives_before(s, &p->name)) {
			*p = s->arrivals.p[s->arrival++];
			return ST_OK;
		}
		shelf_place(s->shelf, s->name, e->name, p);
		s->next++;
		return ST_OK;
	}
}
