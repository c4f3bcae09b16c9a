/*
 * idset.h: a set of ids.
 */
#ifndef BASE_IDSET_H
#define BASE_IDSET_H

#include "base/base.h"

struct idset;
struct msgid;

/* A new set of well-formed ids.  It takes 22 to 43 bytes of memory for each.  NULL: no memory. */
struct idset *idset_new(void);
void idset_free(struct idset *set);
bool idset_has(const struct idset *set, const struct msgid *id);
/* Add an id.  ST_EXISTS: it was in the set already. */
enum status idset_add(struct idset *set, const struct msgid *id, struct error *err) MUST_CHECK;
size_t idset_count(const struct idset *set);

#endif
