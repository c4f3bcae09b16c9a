/*
 * idset.c: a set of message ids in memory.
 *
 * Each id takes 16 bytes in an open-addressed table that is at most three quarters full, so 22 to
 * 43 bytes in all.  The ids may come from a stranger who wants them to collide, so the hash has two
 * random odd factors (multiply-shift: Dietzfelbinger et al., A Reliable Randomized Algorithm for
 * the Closest-Pair Problem, 1997).
 */
#include <errno.h>
#include <stdlib.h>

#include "base/name.h"
#include "base/idset.h"

#define FIRST_BITS 10

/* 'hi' is 0 in a free slot, and never 0 in an id, which has its version there */
struct slot { uint64_t hi, lo; };

struct idset {
	struct slot *slot;
	unsigned bits;		/* 1 << bits slots */
	size_t n;
	uint64_t factor[2];
};

static struct slot
idset_binary(const struct msgid *id)
{
	struct slot s = { 0, 0 };
	int digits = 0;

	for (const char *p = id->text; *p != '\0'; p++) {
		uint64_t *half = digits < 16 ? &s.hi : &s.lo;
		if (*p == '-')
			continue;
		*half = *half << 4 | (uint64_t)(*p <= '9' ? *p - '0' : *p - 'a' + 10);
		digits++;
	}
	return s;
}

/* The slot where the id is, or would go. */
static struct slot *
idset_find(const struct idset *set, struct slot s)
{
	size_t mask = ((size_t)1 << set->bits) - 1;
	size_t i = (size_t)((s.hi * set->factor[0] + s.lo * set->factor[1]) >> (64 - set->bits));

	while (set->slot[i].hi != 0 && (set->slot[i].hi != s.hi || set->slot[i].lo != s.lo))
		i = (i + 1) & mask;
	return &set->slot[i];
}

static bool
idset_grow(struct idset *set, unsigned bits)
{
	struct idset bigger = *set;

	bigger.bits = bits;
	if ((bigger.slot = calloc((size_t)1 << bits, sizeof(*bigger.slot))) == NULL)
		return false;
	for (size_t i = 0; set->slot != NULL && i < (size_t)1 << set->bits; i++)
		if (set->slot[i].hi != 0)
			*idset_find(&bigger, set->slot[i]) = set->slot[i];
	free(set->slot);
	*set = bigger;
	return true;
}

struct idset *
idset_new(void)
{
	struct idset *set = calloc(1, sizeof(*set));

	if (set == NULL)
		return NULL;
	arc4random_buf(set->factor, sizeof(set->factor));
	set->factor[0] |= 1;
	set->factor[1] |= 1;
	if (idset_grow(set, FIRST_BITS))
		return set;
	free(set);
	return NULL;
}

void
idset_free(struct idset *set)
{
	if (set != NULL)
		free(set->slot);
	free(set);
}

bool
idset_has(const struct idset *set, const struct msgid *id)
{
	return idset_find(set, idset_binary(id))->hi != 0;
}

enum status
idset_add(struct idset *set, const struct msgid *id, struct error *err)
{
	struct slot s = idset_binary(id), *at = idset_find(set, s);

	if (at->hi != 0)
		return ST_EXISTS;
	if (set->n >= ((size_t)3 << set->bits) / 4) {
		if (!idset_grow(set, set->bits + 1))
			return error_sys(err, ENOMEM, "so many ids");
		at = idset_find(set, s);
	}
	*at = s;
	set->n++;
	return ST_OK;
}

size_t
idset_count(const struct idset *set)
{
	return set->n;
}
