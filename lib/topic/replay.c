/*
 * replay.c: a kept message is delivered again, as another name of the same file.
 */
#include <string.h>

#include "base/name.h"
#include "spool/queue.h"
#include "pattern/newest.h"
#include "pattern/latest.h"
#include "life/fail.h"
#include "topic/topic.h"
#include "topic/link.h"

enum status
message_replay(
    struct queue *q, const struct place *p, struct queue *to, usec_t now, struct error *err)
{
	struct msgname n = p->name;
	struct place at;
	enum status st;

	n.key = newest_after(to, n.order, now);
	id_make(n.key, &n.id);
	n.attempts = n.deliveries = 0;
	n.reason[0] = '\0';
	n.way[0] = '\0';
	renew_expiry(to, &n, now);
	/* In its own queue the message is kept already: the new name is not kept a second time. */
	n.replayed = to == q;
	to->careful = true;
	st = message_link(q, p, to, &n, now, &at, err);
	to->careful = false;
	if (st == ST_OK)
		latest_arrived(to, &at, now);
	return st;
}
