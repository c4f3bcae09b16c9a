/*
 * way.c: the way of a dead letter from queue to queue.
 *
 * The name of a message notes each queue that it left as a dead letter, by a hash of the queue's
 * name. So a circle is seen wherever it closes, across topics, moves and archives, and nothing
 * beside the message is needed.  A hash has 24 bits, which tells a few thousand queues apart.  If
 * two queues have the same hash, a letter is dead one queue early.
 */
#include <string.h>

#include "base/name.h"
#include "base/way.h"

static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-.";

void
way_hash(const char *queue, char hash[WAY_HASH + 1])
{
	uint64_t h = fnv1a(queue, strlen(queue));

	/* The low bits of FNV-1a are the weaker ones. */
	h ^= h >> 24 ^ h >> 48;
	for (int i = 0; i < WAY_HASH; i++, h >>= 6)
		hash[i] = digits[h & 63];
	hash[WAY_HASH] = '\0';
}

/* The note of that queue in the way.  NULL: there is none. */
static const char *
way_find(const struct msgname *n, const char *queue)
{
	char hash[WAY_HASH + 1];

	way_hash(queue, hash);
	for (const char *at = n->way; *at != '\0'; at += WAY_HASH)
		if (strncmp(at, hash, WAY_HASH) == 0)
			return at;
	return NULL;
}

bool
way_met(const struct msgname *n, const char *queue)
{
	return way_find(n, queue) != NULL;
}

bool
way_add(struct msgname *n, const char *queue)
{
	size_t len = strlen(n->way);

	/* Unknown fields are kept, so there may be no room for ours in a name at its longest. */
	if (len + WAY_HASH >= sizeof(n->way) ||
	    strlen(n->extra) + 2 + len + WAY_HASH > name_spare(n))
		return false;
	way_hash(queue, n->way + len);
	return true;
}

void
way_home(struct msgname *n, const char *queue)
{
	const char *at = way_find(n, queue);

	if (at != NULL)
		n->way[at - n->way] = '\0';
}
