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
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib.h"

/* Names held at a time: more than a bucket has, unless a batch made a great one. */
#define WINDOW 8192
/* How often a queue is seen empty before it is believed. */
#define EMPTY_ROUNDS 4
/* Names of lanes held at a time. */
#define LANES 1024
/* Files of new/ that are looked at at a time. */
#define ARRIVALS_MAX 8192
/* How much older than its arrival, and how much newer, the time key in the name of an arrival may be. */
#define KEY_AGE (86400 * USEC)
#define KEY_AHEAD (60 * USEC)

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

/* ---- new/ ------------------------------------------------------------- */

void
arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id)
{
	char text[24 + NAME_MAX_LEN + 1], key[KEY_LEN + 1];
	usec_t t;

	/* Of what the producer chooses only the time counts, and only one that is near: the id of another message cannot be had. */
	if (sb->st_nlink == 1 && key_parse(name, &t) && name[KEY_LEN] == '.' && t > at - KEY_AGE && t < at + KEY_AHEAD) {
		key_format(t, key);
		at = t;
		name = key;
	}
	(void)snprintf(text, sizeof(text), "%llu/%s", (unsigned long long)sb->st_ino, name);
	id_derive(at, fnv1a(text, strlen(text)), id);
}

enum status
arrival_at(int dir, const char *file, const char *arrived_as, struct place *p,
    struct error *err)
{
	struct stat sb;
	usec_t at;

	if (fstatat(dir, file, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ST_NONE : error_sys(err, errno, "new/%s", arrived_as);
	if (!S_ISREG(sb.st_mode))
		return ST_NONE;
	memset(p, 0, sizeof(*p));
	at = (usec_t)sb.st_ctim.tv_sec * USEC + sb.st_ctim.tv_nsec / 1000;
	arrival_id(at, arrived_as, &sb, &p->name.id);
	(void)strlcpy(p->file, arrived_as, sizeof(p->file));
	p->state = STATE_READY;
	p->name.key = at;
	p->name.size = sb.st_size;
	p->name.priority = PRIORITY_DEFAULT;
	return ST_OK;
}

static int
arrival_cmp(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->name.key != b->name.key)
		return a->name.key < b->name.key ? -1 : 1;
	return strcmp(a->file, b->file);
}

/* Keep the first max. */
static void
arrivals_trim(struct arrivals *a, size_t max)
{
	if (a->n > 1)
		qsort(a->p, a->n, sizeof(*a->p), arrival_cmp);
	if (a->n <= max)
		return;
	a->n = max;
	a->more = true;
}

static enum status
arrivals_add(struct queue *q, struct arrivals *a, int dir, const struct listing *l,
    const struct place *after, struct error *err)
{
	struct place *p;
	enum status st;

	if ((p = reallocarray(a->p, a->n + l->n + 1, sizeof(*p))) == NULL)
		return queue_fail(q, err, ENOMEM, "list new");
	a->p = p;
	for (size_t i = 0; i < l->n; i++) {
		if (l->e[i].type != DT_REG)
			continue;
		st = arrival_at(dir, l->e[i].name, l->e[i].name, &a->p[a->n], err);
		if (st != ST_OK && st != ST_NONE)
			return st;
		if (st == ST_OK && (after == NULL || arrival_cmp(after, &a->p[a->n]) < 0))
			a->n++;
	}
	return ST_OK;
}

enum status
arrivals_list(struct queue *q, const struct place *after, size_t max, struct arrivals *out,
    struct error *err)
{
	char name[NAME_MAX_LEN + 1] = "";
	struct listing l;
	enum status st;
	bool more = true;
	int dir;

	memset(out, 0, sizeof(*out));
	st = queue_new(q, &dir, err);
	while (st == ST_OK && more) {
		if ((st = fs_list(dir, name, max, false, &l, &more, err)) != ST_OK)
			break;
		if (l.n > 0) {
			(void)strlcpy(name, l.e[l.n - 1].name, sizeof(name));
			st = arrivals_add(q, out, dir, &l, after, err);
			arrivals_trim(out, max);
		}
		listing_free(&l);
	}
	if (st == ST_OK)
		return ST_OK;
	arrivals_free(out);
	return st == ST_GONE ? ST_OK : st;
}

void
arrivals_free(struct arrivals *a)
{
	free(a->p);
	memset(a, 0, sizeof(*a));
}

/* ---- scanning --------------------------------------------------------- */

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
	char order[ORDER_LEN + 1];	/* whose lane the buckets are in, "" if in none */
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
	s->state = s->dir = -1;
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
	s->order[0] = '\0';
	do {
		if (++s->state == NSTATES)
			return ST_NONE;
	} while ((s->states & STATE_BIT(s->state)) == 0);
	st = buckets_list(s->q, (enum state)s->state, &s->buckets, err);
	s->more_lanes = s->state == STATE_READY;
	if (st == ST_OK && s->state == STATE_READY)
		st = arrivals_list(s->q, NULL, ARRIVALS_MAX, &s->arrivals, err);
	return st;
}

/* The next lane, when the buckets of ready are done.  ST_NONE: there is none. */
static enum status
next_lane(struct scan *s, struct error *err)
{
	enum status st;

	if (s->lane == s->lanes.n) {
		char after[ORDER_LEN + 1] = "";
		if (!s->more_lanes)
			return ST_NONE;
		if (s->lanes.n > 0)
			(void)strlcpy(after, s->lanes.e[s->lanes.n - 1].name, sizeof(after));
		listing_free(&s->lanes);
		s->lane = 0;
		st = lanes_list(s->q, after, LANES, &s->lanes, &s->more_lanes, err);
		return st != ST_OK ? st : s->lanes.n == 0 ? ST_NONE : ST_OK;
	}
	buckets_free(&s->buckets);
	s->bucket = 0;
	if (strlcpy(s->order, s->lanes.e[s->lane++].name, sizeof(s->order)) != ORDER_LEN || !order_ok(s->order))
		return ST_OK;
	if (lane_open(s->q, s->order, false, err) != ST_OK || buckets_list(s->q, STATE_LANE, &s->buckets, err) != ST_OK)
		error_clear(err);	/* removed: it was empty */
	return ST_OK;
}

/* Where the next bucket is: in a state, or in a lane. */
static enum status
open_bucket(struct scan *s, const struct bucket *b, struct error *err)
{
	enum status st = ST_OK;

	if (s->order[0] == '\0')
		return bucket_open(s->q, (enum state)s->state, b, &s->dir, err);
	if ((st = lane_open(s->q, s->order, false, err)) == ST_OK)
		st = bucket_open(s->q, STATE_LANE, b, &s->dir, err);
	return st;
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
	return arrivals_list(s->q, &last, ARRIVALS_MAX, &s->arrivals, err);
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
		st = open_bucket(s, b, err);
		if (st != ST_OK) {
			s->dir = -1;
			return st == ST_GONE ? ST_OK : st;
		}
	}
	st = fs_list(s->dir, s->after, WINDOW, false, &s->names, &s->more, err);
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
		p->state = (enum state)s->state;
		if (s->order[0] != '\0')
			lane_place(p, s->order, s->name);
		else
			(void)strlcpy(p->bucket, s->name, sizeof(p->bucket));
		(void)strlcpy(p->file, e->name, sizeof(p->file));
		s->next++;
		return ST_OK;
	}
}

/* ---- finding one ------------------------------------------------------ */

static bool
names_id(const char *file, const struct msgid *id)
{
	return strlen(file) > KEY_LEN + 1 + ID_LEN &&
	    memcmp(file + KEY_LEN + 1, id->text, ID_LEN) == 0;
}

/* What is in a lane is ready. */
static void
standing(const struct queue *q, enum state s, const char *bucket, const char *file, struct place *p)
{
	p->state = s == STATE_LANE ? STATE_READY : s;
	if (s == STATE_LANE)
		lane_place(p, q->lane, bucket);
	else
		(void)strlcpy(p->bucket, bucket, sizeof(p->bucket));
	(void)strlcpy(p->file, file, sizeof(p->file));
}

enum status
bucket_find(struct queue *q, enum state s, const struct bucket *b,
    const struct msgid *id, const char *token, struct place *p, bool *young,
    struct error *err)
{
	enum status st, found = ST_NONE;
	char after[NAME_MAX_LEN + 1] = "";
	struct listing l;
	bool more = true;
	int dir;

	if ((st = bucket_open(q, s, b, &dir, err)) != ST_OK)
		return st == ST_GONE ? ST_NONE : st;
	while (found == ST_NONE && more) {
		if ((st = fs_list(dir, after, WINDOW, false, &l, &more, err)) != ST_OK)
			break;
		for (size_t i = 0; found == ST_NONE && i < l.n; i++) {
			if (!names_id(l.e[i].name, id) ||
			    name_parse(l.e[i].name, &p->name) != NAME_OK ||
			    (token != NULL && strcmp(p->name.token, token) != 0))
				continue;
			standing(q, s, b->name, l.e[i].name, p);
			found = ST_OK;
		}
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	*young |= dir_is_young(dir);
	(void)close(dir);
	return st == ST_OK || st == ST_GONE ? found : st;
}

static enum status
find_in_buckets(struct queue *q, enum state s, const struct msgid *id, const char *token,
    struct place *p, bool *young, struct error *err)
{
	struct buckets bs;
	enum status st;

	if ((st = buckets_list(q, s, &bs, err)) != ST_OK)
		return st;
	st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < bs.n; i++)
		st = bucket_find(q, s, &bs.b[i], id, token, p, young, err);
	buckets_free(&bs);
	return st;
}

static enum status
find_in_lanes(struct queue *q, const struct msgid *id, struct place *p, bool *young, struct error *err)
{
	char after[ORDER_LEN + 1] = "";
	enum status st = ST_NONE;
	struct listing l;
	bool more = true;

	while (st == ST_NONE && more) {
		enum status listed = lanes_list(q, after, LANES, &l, &more, err);
		if (listed != ST_OK)
			return listed;
		for (size_t i = 0; st == ST_NONE && i < l.n; i++)
			if (order_ok(l.e[i].name) && lane_open(q, l.e[i].name, false, err) == ST_OK)
				st = find_in_buckets(q, STATE_LANE, id, NULL, p, young, err);
		if (l.n > 0)
			(void)strlcpy(after, l.e[l.n - 1].name, sizeof(after));
		listing_free(&l);
	}
	return st;
}

static enum status
find_in_state(struct queue *q, enum state s, const struct msgid *id,
    const char *token, struct place *p, bool *young, struct error *err)
{
	struct arrivals a = { 0 };
	enum status st = find_in_buckets(q, s, id, token, p, young, err);

	if (st == ST_NONE && s == STATE_READY)
		st = find_in_lanes(q, id, p, young, err);
	if (st != ST_NONE || s != STATE_READY)
		return st;
	do {
		struct place last = { .state = STATE_READY };
		if (a.n > 0)
			last = a.p[a.n - 1];
		arrivals_free(&a);
		st = arrivals_list(q, last.file[0] != '\0' ? &last : NULL, ARRIVALS_MAX, &a, err);
		if (st != ST_OK)
			return st;
		st = ST_NONE;
		for (size_t i = 0; st == ST_NONE && i < a.n; i++)
			if (strcmp(a.p[i].name.id.text, id->text) == 0) {
				*p = a.p[i];
				st = ST_OK;
			}
	} while (st == ST_NONE && a.more);
	arrivals_free(&a);
	return st;
}

/* A bucket that was named (by a handle) is looked into first. */
enum status
place_find(struct queue *q, enum state s, const struct msgid *id,
    const char *token, const char *bucket, struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	struct bucket b;
	bool young = true;

	for (int round = 0; st == ST_NONE && young && round < 3; round++) {
		young = false;
		if (bucket != NULL && bucket_parse(bucket, &b))
			st = bucket_find(q, s, &b, id, token, p, &young, err);
		if (st == ST_NONE)
			st = find_in_state(q, s, id, token, p, &young, err);
	}
	return st;
}

enum status
scan_find(struct queue *q, unsigned states, const struct msgid *id,
    struct place *p, struct error *err)
{
	enum status st = ST_NONE;
	bool young = true;

	/* It may move from a state not yet looked at to one that was: go round again. */
	for (int round = 0; st == ST_NONE && young && round < 4; round++) {
		young = false;
		for (int s = 0; st == ST_NONE && s < NSTATES; s++)
			if ((states & STATE_BIT(s)) != 0)
				st = find_in_state(q, (enum state)s, id, NULL, p, &young, err);
	}
	if (st == ST_NONE)
		return error_set(err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'",
		    id->text, q->name);
	return st;
}

/* ---- counting --------------------------------------------------------- */

static size_t
age_class(usec_t age)
{
	usec_t limit = AGE_FIRST;
	size_t i = 0;

	for (; i < NAGES - 1 && age > limit; i++)
		limit *= 2;
	return i;
}

static bool
is_waiting(const struct tally *t, const struct place *p)
{
	return p->state == STATE_READY || p->state == STATE_CLAIMED ||
	    (p->state == STATE_DELAYED && (p->name.deliveries > 0 || p->name.key <= t->now));
}

void
tally_add(struct tally *t, const struct place *p)
{
	usec_t at = id_time(&p->name.id);

	t->count[p->state]++;
	t->bytes[p->state] += (uint64_t)p->name.size;
	if (t->oldest[p->state] == 0 || at < t->oldest[p->state])
		t->oldest[p->state] = at;
	if (t->now == 0)
		return;
	t->age[p->state][age_class(t->now - at)]++;
	if (is_waiting(t, p) && (t->waiting == 0 || at < t->waiting))
		t->waiting = at;
}

uint64_t
tally_backlog(const struct tally *t)
{
	return t->count[STATE_READY] + t->count[STATE_DELAYED] + t->count[STATE_CLAIMED];
}

usec_t
tally_oldest(const struct tally *t)
{
	usec_t at = 0;

	for (int s = 0; s < NSTATES; s++)
		if ((STATE_BIT(s) & STATES_BACKLOG) != 0 && t->oldest[s] != 0 && (at == 0 || t->oldest[s] < at))
			at = t->oldest[s];
	return at;
}

enum status
queue_tally(struct queue *q, unsigned states, struct tally *t, struct error *err)
{
	struct place p;
	struct scan *s;
	enum status st;

	memset(t, 0, sizeof(*t));
	if ((st = scan_open(q, states, &s, err)) != ST_OK)
		return st;
	while ((st = scan_next(s, &p, err)) == ST_OK)
		tally_add(t, &p);
	scan_close(s);
	return st == ST_NONE ? ST_OK : st;
}

static enum status
backlog_once(struct queue *q, uint64_t limit, uint64_t *n, struct error *err)
{
	struct place p;
	struct scan *s;
	enum status st;

	*n = 0;
	if ((st = scan_open(q, STATES_BACKLOG, &s, err)) != ST_OK)
		return st;
	while (*n <= limit && (st = scan_next(s, &p, err)) == ST_OK)
		++*n;
	scan_close(s);
	return st == ST_NONE ? ST_OK : st;
}

enum status
queue_backlog(struct queue *q, uint64_t limit, uint64_t *n, struct error *err)
{
	enum status st = ST_OK;

	/* A message that moves may be in none of the listings: no message at all has to be seen again and again. */
	*n = 0;
	for (int round = 0; st == ST_OK && *n == 0 && round < EMPTY_ROUNDS; round++)
		st = backlog_once(q, limit, n, err);
	return st;
}
