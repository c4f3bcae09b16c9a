/*
 * window.c: the listing of ready/ from which messages are claimed.  A part of it is kept for the
 * next claim of the same process.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "spool/bucket.h"
#include "spool/hint.h"
#include "view/scan.h"
#include "life/life.h"
#include "life/attempt.h"
#include "life/fail.h"

/* Names read at a time from a bucket of ready/. */
#define WINDOW 2048
/* How far ahead in the listing a process that loses to others looks, at most. */
#define SPREAD_MAX 63

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
 * Competing consumers have the same listing, and would all fight for each name of it.  A consumer
 * that loses takes the next message from a range that doubles with each loss and shrinks with each
 * message it wins, as Ethernet's back-off does.  One that is alone keeps the order, and messages
 * with a key are always taken in theirs.
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

enum step
window_try(struct attempt *a)
{
	struct window *w = &a->q->window;
	enum step step = STEP_NEXT;

	while (step == STEP_NEXT && w->next < w->names.n) {
		window_scatter(a->q);
		a->lost = false;
		step = attempt_one(a, w->fd, w->bucket, &w->names.e[w->next++]);
		if (a->lost)
			w->spread = w->spread < SPREAD_MAX / 2 ? w->spread * 2 + 1 : SPREAD_MAX;
		else if (step == STEP_OK && w->spread > 0)
			w->spread--;
	}
	if (step == STEP_STOP)
		w->next--;	/* this message was not claimed: it is still the next one */
	return step;
}

/* Try all of one bucket, window by window.  The last window is kept for the next claim. */
static enum step
window_bucket(struct attempt *a, const struct bucket *b, bool *empty, bool *young)
{
	char after[NAME_MAX_LEN + 1] = "";
	enum step step = STEP_NEXT;
	struct queue *q = a->q;
	bool more = true;
	enum status st;

	*empty = false;
	window_close(q);
	if ((st = bucket_open(shelf_of(q, STATE_READY), b, &q->window.fd, a->err)) != ST_OK) {
		q->window.fd = -1;
		a->again |= st == ST_GONE;	/* it may have been renamed, and was not seen */
		return st == ST_GONE ? STEP_NEXT : step_pass_over(a, st);
	}
	(void)strlcpy(q->window.bucket, b->name, sizeof(q->window.bucket));
	while (step == STEP_NEXT && more) {
		listing_free(&q->window.names);
		q->window.next = 0;
		st = fs_list(q->window.fd, after, WINDOW, false, &q->window.names, &more, a->err);
		if (st != ST_OK)
			return st == ST_GONE ? STEP_NEXT : step_pass_over(a, st);
		q->window.since = a->now;
		if (q->window.names.n == 0)
			*empty = after[0] == '\0';
		else
			(void)strlcpy(after, q->window.names.e[q->window.names.n - 1].name,
			    sizeof(after));
		step = window_try(a);
	}
	*young |= dir_is_young(q->window.fd);
	return step;
}

/* Try the lowest bucket of each class, in order, as far as the hint tells what is there. */
enum step
window_hinted(struct attempt *a)
{
	enum step step = STEP_NEXT;
	bool empty, young = false;
	struct bucket b[2];
	struct edges e;

	keyed_begin(a);
	if (!buckets_edges(shelf_of(a->q, STATE_READY), &e))
		return STEP_NEXT;
	for (char cls = '0'; step == STEP_NEXT && cls <= '9'; cls++)
		if (edge_lowest(&e, cls, b) > 0) {
			step = window_bucket(a, &b[0], &empty, &young);
			/* More buckets of this class come before those of the next class. */
			if (step == STEP_NEXT && edge_of(&e, cls)->n > 1)
				break;
		}
	return step;
}

enum step
window_pass(struct attempt *a, bool *young)
{
	enum step step = STEP_NEXT;
	struct buckets bs;
	enum status st;
	bool empty;

	keyed_begin(a);
	if ((st = buckets_list(shelf_of(a->q, STATE_READY), &bs, a->err)) != ST_OK)
		return step_stop(a, st);
	for (size_t i = 0; step == STEP_NEXT && i < bs.n; i++) {
		step = window_bucket(a, &bs.b[i], &empty, young);
		if (empty)
			bucket_remove_empty(shelf_of(a->q, STATE_READY), &bs, i);
	}
	*young |= dir_is_young(shelf_of(a->q, STATE_READY)->fd);
	buckets_free(&bs);
	return step;
}
