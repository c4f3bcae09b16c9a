/*
 * origin.c: which queue a dead letter came from.  The message notes a hash of that queue's name
 * (base/way.c).
 */
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/way.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/origin.h"

enum origin
queue_origin(struct queue *q, const struct msgname *n, char name[QUEUE_NAME_MAX + 1])
{
	struct known_origin *known = &q->spool->origin;
	char hash[WAY_HASH + 1];
	struct error ignored;
	bool several = false;
	struct names all;

	name[0] = '\0';
	if (n->way[0] == '\0')
		return ORIGIN_NONE;
	/*
	 * Neighbours among dead letters mostly come from the same queue, so the last answer often
	 * serves.
	 */
	if (strncmp(known->hash, n->way, WAY_HASH) != 0) {
		error_clear(&ignored);
		if (spool_list(q->spool, SPOOL_QUEUE, &all, &ignored) != ST_OK)
			return ORIGIN_UNKNOWN;
		known->name[0] = '\0';
		(void)strlcpy(known->hash, n->way, sizeof(known->hash));
		for (size_t i = 0; i < all.n; i++) {
			way_hash(all.name[i], hash);
			if (strcmp(hash, known->hash) != 0)
				continue;
			several |= known->name[0] != '\0';
			(void)strlcpy(known->name, all.name[i], sizeof(known->name));
		}
		if (several)	/* nobody can tell which of them it was */
			known->name[0] = '\0';
		names_free(&all);
	}
	(void)strlcpy(name, known->name, QUEUE_NAME_MAX + 1);
	return name[0] != '\0' ? ORIGIN_KNOWN : ORIGIN_UNKNOWN;
}
