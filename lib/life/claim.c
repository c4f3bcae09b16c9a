/*
 * claim.c: claiming a message; how a claim ends is in ending.c.
 *
 * A claim is one rename from ready/ to claimed/ under a name that holds a fresh
 * token.  All that its holder may do goes by that name, so a claim that was taken
 * back answers ENOENT: that is the fence.  A holder that lives as long as its
 * claim locks the message before the rename, so that nobody can see the claim
 * unlocked while it lives (F7.6 of spool-format.md).
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/hint.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/view.h"
#include "view/scan.h"
#include "pattern/order.h"
#include "pattern/latest.h"
#include "life/life.h"
#include "life/flow.h"
#include "life/fail.h"
#include "life/dropped.h"
#include "life/lease.h"
#include "life/reap.h"

/* Names read at a time from a bucket of ready/. */
#define WINDOW 2048
/* How long a process that claims again and again goes by one listing. */
#define WINDOW_AGE USEC
/* And when keys had to wait: the next one of theirs is not to wait long. */
#define PASSED_AGE (USEC / 20)
/* By how much the clock of a file system may lag behind ours. */
#define TICK (USEC / 50)
/* Passes over ready/ that one claim makes before it says that there is nothing; and at most, as long as others move what it looks for. */
#define ROUNDS 3
#define ROUNDS_MAX 16
/* One search in so many looks for lanes that are stuck. */
#define SWEEP 64
/* How far ahead one that loses to others looks at most. */
#define SPREAD_MAX 63

/* One try to claim what a listing named. */
struct attempt {
	struct queue *q;
	const struct claim_options *opt;
	usec_t now;
	struct claim *claim;
	struct passed *over;
	struct error *err;
	struct flow flow;
	bool lost;		/* another was quicker */
	bool again;		/* a message of a key may have been overlooked: the pass proves nothing */
	bool park;		/* what has to be passed over is put aside */
};

/* What try_one says when the pass is to begin anew: so many keys had to be passed over that they are to be put aside first, or one was missed. */
#define ST_ANEW ST_EXISTS

/* What the name promises, checked on the open file; ST_NONE: not to be delivered. */
static enum status
sound(struct attempt *a, const struct place *p, int fd)
{
	struct headers h;
	struct stat sb;
	enum status st;

	if (fstat(fd, &sb) == -1)
		return error_sys(a->err, errno, "message %s may not be read", p->name.id.text);
	if (!S_ISREG(sb.st_mode))
		return ST_NONE;
	if (sb.st_size != p->name.size)
		st = fail_torn(a->q, p, "torn", a->now, a->err);
	else {
		st = msg_headers(fd, &p->name, &h, a->err);
		if (st == ST_OK) {
			headers_free(&h);
			return ST_OK;
		}
		if (st != ST_BADDATA)
			return st;
		error_clear(a->err);
		st = fail_torn(a->q, p, "bad-header", a->now, a->err);
	}
	return st == ST_OK || st == ST_GONE ? ST_NONE : st;
}

/* One too many: it was never had. */
static enum status
take_back(struct attempt *a, enum status why)
{
	struct msgname n = a->claim->at.name;
	struct error ignored;

	error_clear(&ignored);
	name_unclaim(&n);
	n.deliveries--;
	n.key = id_time(&n.id);
	switch (place_move(a->q, &a->claim->at, a->q, STATE_READY, &n, NULL, &ignored)) {
	case ST_OK:
		a->q->window.since = 0;	/* it is the next one still: list anew */
		return why;
	case ST_GONE:	/* somebody took it away meanwhile */
		return why;
	default:	/* left there it would lose an attempt for nothing */
		error_clear(a->err);
		a->over->held = HELD_NO;
		return ST_OK;
	}
}

static enum status
take(struct attempt *a, const struct place *p, int dir, int fd)
{
	struct msgname n = p->name;
	enum status st;
	usec_t lease = a->opt->lease > 0 ? a->opt->lease : a->q->policy.lease;

	token_make(n.token);
	n.deliveries = count_up(n.deliveries);
	n.waited = false;
	n.beside = a->opt->company != COMPANY_NEVER && !n.suspect;
	/* A server that restarts, or a network that fails, drops locks of the living: there only the lease counts. */
	n.locked = a->opt->hold && !queue_remote(a->q) && fs_lock(fd, token_offset(n.token), false);
	lease_begin(&n, lease, clock_now());	/* it may have taken a while to come here */
	if ((st = flow_take(&a->flow, a->err)) != ST_OK ||
	    (st = bucket_put(a->q, dir, p->file, STATE_CLAIMED, &n, &a->claim->at, a->err)) != ST_OK)
		return st;
	counters_state(a->q, STATE_READY, -1, -n.size);
	counters_state(a->q, STATE_CLAIMED, 1, n.size);
	if ((st = flow_confirm(&a->flow, a->err)) != ST_OK && (st = take_back(a, st)) != ST_OK)
		return st;
	a->claim->fd = fd;
	if (a->opt->hold)
		own_remember(n.token);
	dropped_own(a->q, a->claim);
	counters_add(a->q, COUNT_DELIVERED, 1, a->now);
	log_event(a->q, "claimed", &n, STATE_CLAIMED, a->now);
	return ST_OK;
}

/* Opened and found sound.  ST_NONE: not this one, try the next. */
static enum status
open_sound(struct attempt *a, const struct place *p, int dir, int *fd)
{
	enum status st;

	*fd = fs_open_read(dir, p->file);
	if (*fd == -1 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return ST_NONE;
	if (*fd == -1 && errno == EACCES && dropped_sealed(a->q, dir, p, a->now)) {
		st = fail_torn(a->q, p, "unreadable", a->now, a->err);
		st = st == ST_OK || st == ST_GONE ? ST_NONE : st;
	} else if (*fd == -1)
		st = error_sys(a->err, errno, "message %s may not be read", p->name.id.text);
	else if ((st = sound(a, p, *fd)) != ST_OK)
		(void)close(*fd);
	if (st != ST_OK && st != ST_NONE && pass_over(a->over, a->err) == ST_OK)
		st = ST_NONE;
	return st;
}

/* ---- messages of one key ---------------------------------------------- */

/* A pass over ready/ in its order begins.  What was published before is seen by it, as far as it stands still. */
static void
pass_begin(struct attempt *a)
{
	a->again = false;
	a->q->window.npassed = 0;
	a->q->window.began = clock_now();
}

/* What is still to come is from before the clock was set back, long ago: to look for all of these would be long. */
static bool
since(const struct attempt *a, usec_t at)
{
	return at >= a->q->window.began - TICK && at <= clock_now() + TICK;
}

/*
 * Whether a message may have been published, by whatever rename or link, after the pass began: then one of its
 * key, published just before it, may have been missed.
 */
static bool
fresh(const struct attempt *a, int dir, const struct place *p)
{
	struct stat sb;

	return since(a, id_time(&p->name.id)) || (fstatat(dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    since(a, stat_ctime(&sb)));
}

/* Whether a bucket has a message of the key, if before is given: one that stands before that. */
static enum status
bucket_has_key(struct queue *q, const struct bucket *b, const char *order, const char *before, bool *has, struct error *err)
{
	struct listing l;
	struct msgname n;
	enum status st;

	if ((st = bucket_list(shelf_of(q, STATE_READY), b, &l, err)) != ST_OK) {
		*has = st == ST_GONE;	/* removed, or renamed: then it was not seen */
		return st == ST_GONE ? ST_OK : st;
	}
	for (size_t i = 0; !*has && i < l.n && (before == NULL || strcmp(l.e[i].name, before) < 0); i++)
		*has = l.e[i].type == DT_REG && name_parse(l.e[i].name, &n) == NAME_OK && strcmp(n.order, order) == 0;
	listing_free(&l);
	return ST_OK;
}

/* Before a message takes the turn of its key, or is put aside, all earlier ones must have been.  ST_ANEW: one was missed, or may have been. */
static enum status
in_sight(struct attempt *a, int dir, const struct place *p)
{
	bool missed = false, here = false;
	struct buckets bs;
	enum status st;

	if (clock_now() < a->q->window.began)
		return ST_ANEW;		/* the clock was set back: no time tells what has come since */
	if (!fresh(a, dir, p))
		return ST_OK;
	if ((st = buckets_list(shelf_of(a->q, STATE_READY), &bs, a->err)) != ST_OK)
		return st;
	for (size_t i = 0; st == ST_OK && !missed && !here && i < bs.n; i++) {
		here = strcmp(bs.b[i].name, p->bucket) == 0;
		st = bucket_has_key(a->q, &bs.b[i], p->name.order, here ? p->file : NULL, &missed, a->err);
	}
	buckets_free(&bs);
	return st == ST_OK && missed ? ST_ANEW : st;
}

/* w->npassed: not there. */
static unsigned
find_passed(const struct window *w, const char *order)
{
	unsigned i = 0;

	while (i < w->npassed && strcmp(w->passed[i].order, order) != 0)
		i++;
	return i;
}

/* Whether another of its key was; but it may have the turn itself, and stand behind that one by its priority. */
static bool
was_passed(const struct window *w, const struct msgname *n)
{
	unsigned i = find_passed(w, n->order);

	return i < w->npassed && strcmp(w->passed[i].turn.text, n->id.text) != 0;
}

/* Its turn, which that message has (NULL: nobody knows), has not come.  False: there is no room for more keys. */
static bool
remember(struct window *w, const char *order, const struct msgid *turn)
{
	static const struct msgid none;
	unsigned i = find_passed(w, order);

	if (i == PASSED_MAX)
		return false;
	if (i == w->npassed) {
		(void)strlcpy(w->passed[i].order, order, sizeof(w->passed[i].order));
		w->passed[w->npassed++].turn = turn != NULL ? *turn : none;
	}
	return true;
}

/* All of its key that this pass meets after it are passed over, too, but the one that has the turn. */
static enum status
pass_by(struct attempt *a, int dir, const struct place *p, const struct msgid *turn)
{
	enum status st = ST_OK;

	if (!remember(&a->q->window, p->name.order, turn) && !a->park)
		return ST_ANEW;
	if (a->park && (st = in_sight(a, dir, p)) == ST_OK)
		st = order_park(a->q, dir, p, &a->again, a->err);
	return st == ST_OK ? ST_NONE : st;
}

/* ST_NONE: its turn has not come. */
static enum status
ask_turn(struct attempt *a, int dir, const struct place *p, struct msgid *turn)
{
	enum status st = order_ask(a->q, p, false, turn, &a->again, a->err);

	if (st == ST_EXISTS && (st = in_sight(a, dir, p)) == ST_OK)
		st = order_ask(a->q, p, true, turn, &a->again, a->err);
	return st;
}

/* ST_NONE: its turn has not come. */
static enum status
turn_come(struct attempt *a, int dir, const struct place *p)
{
	struct msgid turn = { "" };
	enum status st = ST_NONE;

	if (latest_superseded(a->q, p)) {
		st = latest_drop(a->q, p, a->now, a->err);
		return st == ST_OK || st == ST_GONE ? ST_NONE : st;
	}
	if (!was_passed(&a->q->window, &p->name))
		st = ask_turn(a, dir, p, &turn);
	return st == ST_NONE ? pass_by(a, dir, p, &turn) : st;
}

/* The same; a key whose turn cannot be told does not stop the others, but all later ones of its own. */
static enum status
in_turn(struct attempt *a, int dir, const struct place *p)
{
	enum status st = turn_come(a, dir, p);

	if (st == ST_OK || st == ST_NONE || st == ST_ANEW || !remember(&a->q->window, p->name.order, NULL))
		return st;
	st = pass_over(a->over, a->err);
	return st == ST_OK ? ST_NONE : st;
}

/* ST_NONE: not this one, try the next. */
static enum status
try_one(struct attempt *a, int dir, const char *bucket, const struct entry *e)
{
	struct place p = { .state = STATE_READY };
	enum status st;
	int fd;

	if (e->type != DT_REG || name_parse(e->name, &p.name) != NAME_OK)
		return ST_NONE;
	(void)strlcpy(p.bucket, bucket, sizeof(p.bucket));
	(void)strlcpy(p.file, e->name, sizeof(p.file));
	if (expired(a->q, &p.name, a->now)) {
		st = fail_expired(a->q, &p, a->now, a->err);
		if (st != ST_OK && st != ST_GONE && (st = pass_over(a->over, a->err)) != ST_OK)
			return st;
		return ST_NONE;
	}
	if (a->opt->room > 0 && p.name.size - p.name.head > a->opt->room)
		return ST_LARGE;
	if (p.name.order[0] != '\0' && (st = in_turn(a, dir, &p)) != ST_OK)
		return st;
	if (p.name.suspect && a->opt->company == COMPANY_NOW) {
		a->over->held = HELD_SUSPECT;
		return ST_AGAIN;
	}
	if ((st = open_sound(a, &p, dir, &fd)) == ST_OK && (st = take(a, &p, dir, fd)) != ST_OK)
		(void)close(fd);
	a->lost = st == ST_GONE;
	if (a->lost || st == ST_NONE)
		order_lost(a->q, &p.name);
	return a->lost ? ST_NONE : st;
}

/* ---- the listing that is kept from claim to claim --------------------- */

static void
window_close(struct queue *q)
{
	listing_free(&q->window.names);
	q->window.next = 0;
	q->window.spread = 0;
	if (q->window.fd != -1)
		(void)close(q->window.fd);
	q->window.fd = -1;
}

/*
 * Competing consumers have the same listing, and would all fight for each name of it.  Who
 * loses takes the next from a range that doubles with each loss and shrinks with each
 * message won; so does Ethernet's back-off.  Whoever is alone keeps the order, and so do
 * messages with a key.
 */
static void
window_scatter(struct queue *q)
{
	struct window *w = &q->window;
	size_t left = w->names.n - w->next, k;
	struct entry e;

	if (w->spread == 0 || left < 2)
		return;
	k = w->next + arc4random_uniform((uint32_t)(left < w->spread + 1 ? left : w->spread + 1));
	e = w->names.e[w->next];
	if (strstr(e.name, ",K") != NULL || strstr(w->names.e[k].name, ",K") != NULL)
		return;
	w->names.e[w->next] = w->names.e[k];
	w->names.e[k] = e;
}

static enum status
window_try(struct attempt *a)
{
	struct window *w = &a->q->window;
	enum status st = ST_NONE;

	while (st == ST_NONE && w->next < w->names.n) {
		window_scatter(a->q);
		a->lost = false;
		st = try_one(a, w->fd, w->bucket, &w->names.e[w->next++]);
		if (a->lost)
			w->spread = w->spread < SPREAD_MAX / 2 ? w->spread * 2 + 1 : SPREAD_MAX;
		else if (st == ST_OK && w->spread > 0)
			w->spread--;
	}
	if (st != ST_OK && st != ST_NONE && st != ST_ANEW)
		w->next--;	/* no room for it now: it is still the next one */
	return st;
}

/* All of one bucket, window by window.  The last window is kept for the next claim. */
static enum status
bucket_claim(struct attempt *a, const struct bucket *b, bool *empty, bool *young)
{
	char after[NAME_MAX_LEN + 1] = "";
	struct queue *q = a->q;
	bool more = true;
	enum status st;

	*empty = false;
	window_close(q);
	if ((st = bucket_open(shelf_of(q, STATE_READY), b, &q->window.fd, a->err)) != ST_OK) {
		q->window.fd = -1;
		a->again |= st == ST_GONE;	/* or renamed: what is in it was not seen */
		return st == ST_GONE || pass_over(a->over, a->err) == ST_OK ? ST_NONE : st;
	}
	(void)strlcpy(q->window.bucket, b->name, sizeof(q->window.bucket));
	st = ST_NONE;
	while (st == ST_NONE && more) {
		listing_free(&q->window.names);
		q->window.next = 0;
		st = fs_list(q->window.fd, after, WINDOW, false, &q->window.names, &more, a->err);
		if (st != ST_OK)
			return st == ST_GONE || pass_over(a->over, a->err) == ST_OK ? ST_NONE : st;
		q->window.since = a->now;
		if (q->window.names.n == 0)
			*empty = after[0] == '\0';
		else
			(void)strlcpy(after, q->window.names.e[q->window.names.n - 1].name,
			    sizeof(after));
		st = window_try(a);
	}
	*young |= dir_is_young(q->window.fd);
	return st;
}

/* The lowest bucket of the first class that has any messages, if there is a hint.  ST_NONE proves nothing. */
static enum status
hinted_claim(struct attempt *a)
{
	enum status st = ST_NONE;
	bool empty, young = false;
	struct bucket b[2];
	struct edges e;

	pass_begin(a);
	if (!buckets_edges(shelf_of(a->q, STATE_READY), &e))
		return ST_NONE;
	for (char cls = '0'; st == ST_NONE && cls <= '9'; cls++)
		if (edge_lowest(&e, cls, b) > 0) {
			st = bucket_claim(a, &b[0], &empty, &young);
			/* Below the next class there are others of this one. */
			if (st == ST_NONE && edge_of(&e, cls)->n > 1)
				break;
		}
	return st;
}

static enum status
ready_claim(struct attempt *a, bool *young)
{
	struct buckets bs;
	enum status st;
	bool empty;

	pass_begin(a);
	if ((st = buckets_list(shelf_of(a->q, STATE_READY), &bs, a->err)) != ST_OK)
		return st;
	st = ST_NONE;
	for (size_t i = 0; st == ST_NONE && i < bs.n; i++) {
		st = bucket_claim(a, &bs.b[i], &empty, young);
		if (empty)
			bucket_remove_empty(shelf_of(a->q, STATE_READY), &bs, i);
	}
	*young |= dir_is_young(shelf_of(a->q, STATE_READY)->fd);
	buckets_free(&bs);
	return st;
}

/*
 * A listing taken while others rename may miss what is there: look again before saying "empty".  And
 * who is about to sleep puts aside what waits for its turn: it will be seen to arrive in ready when
 * that has come; unless it has come already, and nobody was there to see to it.
 */
static enum status
look(struct attempt *a)
{
	unsigned returned = a->over->n;
	enum status st = hinted_claim(a);
	bool young = true;

	for (int round = 0; round < ROUNDS_MAX && (st == ST_NONE || st == ST_ANEW); round++) {
		bool more = st == ST_ANEW || a->again || (young && round < ROUNDS);
		if (!more && (a->park || a->q->window.npassed == 0) && !order_sweep(a->q, a->now))
			break;
		a->park |= st == ST_ANEW || !more;
		a->over->n = returned;
		young = false;
		st = ready_claim(a, &young);
	}
	if (st == ST_ANEW) {
		a->again = true;
		st = ST_NONE;
	}
	return st;
}

/* The next message, returning first what is due and what has lapsed. */
static enum status
search(struct attempt *a, usec_t *wake)
{
	struct queue *q = a->q;
	struct passed *over = a->over;
	usec_t now = a->now;
	enum status st = ST_NONE;

	/* Whatever there is: a lane that waits for nobody must not wait until there is nothing else. */
	if (arc4random_uniform(SWEEP) == 0 && order_sweep(q, now))
		q->window.since = 0;
	if (now >= q->window.since && now - q->window.since < (q->window.npassed > 0 ? PASSED_AGE : WINDOW_AGE))
		st = window_try(a);
	if (st == ST_AGAIN && over->held == HELD_LIMIT) {
		/* What has lapsed makes room. */
		over->held = HELD_NO;
		error_clear(a->err);
		st = ST_NONE;
	}
	if (st != ST_NONE && st != ST_ANEW)
		return st;
	reap_new(q, now, over);
	reap_due(q, now, wake, over);
	reap_lapsed(q, now, wake, over);
	if ((st = look(a)) == ST_NONE && a->again)
		wake_at(wake, now);
	if (st == ST_NONE && over->n > 0)
		return error_set(a->err, over->first.status, 0, "queue '%s': %s%s", q->name,
		    over->first.text, over->n > 1 ? "; others, too, were passed over" : "");
	return st;
}

enum status
claim_next(struct queue *q, const struct claim_options *opt, usec_t now,
    struct claim *c, usec_t *wake, struct passed *over, struct error *err)
{
	struct attempt a = { .q = q, .opt = opt, .now = now, .claim = c, .over = over, .err = err,
	    .flow = { .q = q, .wake = wake, .over = over } };
	enum status st;

	memset(c, 0, sizeof(*c));
	c->fd = -1;
	*wake = USEC_MAX;
	memset(over, 0, sizeof(*over));
	if ((st = flow_begin(&a.flow, opt->hold, err)) != ST_OK)
		return st;
	st = search(&a, wake);
	flow_end(&a.flow);
	return st;
}
