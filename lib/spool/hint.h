/*
 * hint.h: what the last listing of a state showed.
 */
#ifndef SPOOL_HINT_H
#define SPOOL_HINT_H

#include "base/base.h"
#include "base/name.h"
#include "spool/bucket.h"

/*
 * One class of 'n' buckets: the keys of the two lowest ones, and 'high', that of the greatest
 * finished one (-1: none is finished).  'half' tells which of the lowest have a "+".
 */
struct edge { usec_t low[2], high; uint32_t half[2]; int64_t n; };
/* In ready/ each priority is a class.  Other states have the plain class and class w. */
struct edges { struct edge edge[10]; };
struct edge *edge_of(struct edges *e, char cls);
/* Fill in the two lowest buckets of a class.  The result is how many of these there are. */
size_t edge_lowest(struct edges *e, char cls, struct bucket b[2]);
/*
 * Get the hint for ready, delayed or claimed.  False: there is none, or the directory has changed
 * since.
 */
bool hint_get(const struct shelf *sh, int dir, struct edges *e);
/*
 * Keep what a listing showed as the hint.  'before' describes the directory before it was listed.
 */
void hint_put(const struct shelf *sh, const struct stat *before, int dir, const struct buckets *bs);

#endif
