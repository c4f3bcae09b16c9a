/*
 * hint.h: what the last listing of a state has told.
 */
#ifndef SPOOL_HINT_H
#define SPOOL_HINT_H

#include "base/base.h"
#include "base/name.h"
#include "spool/bucket.h"

/*
 * One class of n buckets: the keys of the two lowest, and of the greatest that is finished
 * (-1: none is).
 */
struct edge { usec_t low[2], high; uint32_t half[2]; int64_t n; };
/* Ready has a class for each priority; other states have the plain class and class w. */
struct edges { struct edge edge[10]; };
struct edge *edge_of(struct edges *e, char cls);
/* Fill in the two lowest buckets of a class, and return how many there are of these. */
size_t edge_lowest(struct edges *e, char cls, struct bucket b[2]);
/* The hint for ready, delayed or claimed, if the directory has not changed since. */
bool hint_get(const struct shelf *sh, int dir, struct edges *e);
/* Keep what a listing has told.  before: the directory, as it was before it was listed. */
void hint_put(const struct shelf *sh, const struct stat *before, int dir, const struct buckets *bs);

#endif
