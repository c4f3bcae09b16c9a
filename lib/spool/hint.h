/*
 * hint.h: what the last listing of a state told.
 */
#ifndef SPOOL_HINT_H
#define SPOOL_HINT_H

#include "base/base.h"
#include "base/name.h"
#include "spool/bucket.h"

/* Of the n buckets of one class the two lowest, and the greatest finished one (-1: none is). */
struct edge { usec_t low[2], high; uint32_t half[2]; int64_t n; };
/* a ready bucket's by its priority; else the plain ones, and those of class w */
struct edges { struct edge edge[10]; };
struct edge *edge_of(struct edges *e, char cls);
/* The two lowest buckets of a class; how many there are of these. */
size_t edge_lowest(struct edges *e, char cls, struct bucket b[2]);
/*
 * What the last listing of ready, delayed or claimed told, if the directory has not changed since.
 */
bool hint_get(const struct shelf *sh, int dir, struct edges *e);
/* Keep what a listing told.  before: the directory's, from before it was listed. */
void hint_put(const struct shelf *sh, const struct stat *before, int dir, const struct buckets *bs);

#endif
