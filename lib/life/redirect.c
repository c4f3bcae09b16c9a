/*
 * redirect.c: whether a dead letter goes to another queue.
 */
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "base/way.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "life/expiry.h"
#include "life/redirect.h"

/*
 * Whether the other queue is a topic that this queue subscribes to, or subscribes to the same one.
 * Then it may have the message under the same id already, or would give it to this queue again.
 */
static bool
redirect_shared(struct queue *q, const char *to)
{
	struct names mine, theirs;
	struct error ignored;
	struct queue *other;
	bool shared = false;

	error_clear(&ignored);
	if (topics_of(q, &mine, &ignored) != ST_OK)
		return false;
	for (size_t i = 0; i < mine.n; i++)
		shared |= strcmp(mine.name[i], to) == 0;
	if (mine.n > 0 && !shared && queue_open_raw(q->spool, to, &other, &ignored) == ST_OK) {
		if (topics_of(other, &theirs, &ignored) == ST_OK) {
			for (size_t i = 0; i < mine.n; i++)
				for (size_t k = 0; k < theirs.n; k++)
					shared |= strcmp(mine.name[i], theirs.name[k]) == 0;
			names_free(&theirs);
		}
		queue_close(other);
	}
	names_free(&mine);
	return shared;
}

bool
redirect_wanted(struct queue *q, const struct msgname *n)
{
	const char *to = q->policy.dead_queue;
	struct msgname noted = *n;

	return to[0] != '\0' && strcmp(to, q->name) != 0 && !way_met(n, q->name) &&
	       way_add(&noted, q->name) && !redirect_shared(q, to);
}

struct msgname
redirect_name(struct queue *q, struct queue *to, const struct msgname *n, usec_t now)
{
	struct msgname redirected = *n;

	redirected.attempts = 0;
	redirected.replayed = false;
	redirected.key = id_time(&n->id);
	renew_expiry(to, &redirected, now);
	(void)way_add(&redirected, q->name);	/* redirect_wanted has looked for the room */
	return redirected;
}
