/*
 * hint.c: the lowest and highest buckets of a state, as last listed.
 *
 * A one-shot command needs one bucket, and a queue of ten million messages has 20,000 of them.  So
 * what a listing showed is kept beside the counters, with the time of the directory's last change
 * (ctime, which nobody can set).  While that time is the same, no bucket has come, gone or been
 * renamed.  A hint is advice (P4): it only says which bucket to try first.  That a state is empty
 * follows from a listing alone.  Nobody locks the hint.  If several writers mixed their words, the
 * checksum does not match.
 */
#include <sys/stat.h>
#include <stdatomic.h>
#include <string.h>

#include "base/name.h"
#include "spool/queue.h"
#include "spool/hint.h"
#include "spool/counters.h"

/*
 * How long a tick of the file system's clock may last: a few milliseconds, or a second on a coarse
 * clock.  A listing may have missed a change that was made within the same tick.
 */
#define TICK (USEC / 4)
#define COARSE_TICK (2 * USEC)

struct hint {
	struct {
		int64_t changed;	/* ctime of the directory, in nanoseconds */
		uint64_t ino;
		struct edges edges;
	} seen;
	uint64_t sum;
};
#define WORDS (sizeof(struct hint) / sizeof(uint64_t))
_Static_assert(sizeof(struct hint) % sizeof(uint64_t) == 0, "hints are copied by words");
_Static_assert(3 * sizeof(struct hint) <= HINTS_SIZE, "hints outgrew their place");

/*
 * The words of a shelf's hint.  NULL: there are no counters, or nobody needs a hint for this shelf
 * (held, dead, done or a lane).
 */
static _Atomic uint64_t *
hint_words(const struct shelf *sh, bool open)
{
	_Atomic uint64_t *w = NULL;

	if (sh->state <= STATE_CLAIMED && sh->lane[0] == '\0')
		w = counters_hints(sh->queue, open);
	return w == NULL ? NULL : w + (size_t)sh->state * WORDS;
}

static int64_t
hint_ctime(const struct stat *sb)
{
	return sb->st_ctim.tv_sec * 1000000000LL + sb->st_ctim.tv_nsec;
}

static bool
hint_settled(const struct stat *sb)
{
	usec_t tick = sb->st_ctim.tv_nsec == 0 ? COARSE_TICK : TICK;

	return hint_ctime(sb) / 1000 < clock_now() - tick;
}

/* Whether the hint can be true.  Others may write to the file, so it may say anything. */
static bool
hint_possible(const struct edges *e)
{
	/* the end of 9999, the last time that key_format knows */
	const usec_t last = 253402300799999999;

	for (size_t i = 0; i < sizeof(e->edge) / sizeof(e->edge[0]); i++) {
		const struct edge *g = &e->edge[i];
		for (size_t k = 0; k < 2; k++)
			if (g->low[k] < 0 || g->low[k] > last || g->half[k] > 1)
				return false;
		if (g->n < 0 || g->high < -1 || g->high > last)
			return false;
	}
	return true;
}

bool
hint_get(const struct shelf *sh, int dir, struct edges *e)
{
	_Atomic uint64_t *w = hint_words(sh, true);
	uint64_t copy[WORDS];
	struct hint h;
	struct stat sb;

	if (w == NULL || fstat(dir, &sb) == -1)
		return false;
	for (size_t i = 0; i < WORDS; i++)
		copy[i] = atomic_load_explicit(&w[i], memory_order_relaxed);
	memcpy(&h, copy, sizeof(h));
	if (h.sum != fnv1a(&h.seen, sizeof(h.seen)) || h.seen.changed != hint_ctime(&sb) ||
	    h.seen.ino != sb.st_ino ||
	    !hint_possible(&h.seen.edges) || queue_remote(sh->queue))
		return false;
	*e = h.seen.edges;
	return true;
}

static bool
hint_class_fits(enum state s, char cls)
{
	if (s == STATE_READY)
		return cls >= '0' && cls <= '9';
	return cls == 0 || (cls == 'w' && s == STATE_CLAIMED);
}

void
hint_put(const struct shelf *sh, const struct stat *before, int dir, const struct buckets *bs)
{
	/* a process that only looks makes no file */
	_Atomic uint64_t *w = hint_words(sh, false);
	uint64_t copy[WORDS];
	struct stat after;
	struct hint h;

	if (w == NULL || fstat(dir, &after) == -1 || hint_ctime(before) != hint_ctime(&after) ||
	    !hint_settled(&after) || queue_remote(sh->queue))
		return;
	memset(&h, 0, sizeof(h));
	h.seen.changed = hint_ctime(&after);
	h.seen.ino = after.st_ino;
	for (size_t i = 0; i < bs->n; i++) {
		const struct bucket *b = &bs->b[i];
		struct edge *e = edge_of(&h.seen.edges, b->cls);
		/*
		 * The hint has no place for a bucket of a class that does not belong here, but a
		 * reader wants its messages, too.  Without a hint all buckets are listed.
		 */
		if (!hint_class_fits(sh->state, b->cls))
			return;
		if (e->n == 0)
			e->high = -1;
		if (e->n < 2) {
			e->low[e->n] = b->key;
			e->half[e->n] = b->half;
		}
		e->n++;
		if (!b->half)
			e->high = b->key;
	}
	h.sum = fnv1a(&h.seen, sizeof(h.seen));
	memcpy(copy, &h, sizeof(h));
	for (size_t i = 0; i < WORDS; i++)
		atomic_store_explicit(&w[i], copy[i], memory_order_relaxed);
}

struct edge *
edge_of(struct edges *e, char cls)
{
	return &e->edge[cls == 'w' ? 1 : cls == 0 ? 0 : cls - '0'];
}
