/*
 * circle.c: whether messages that leave a queue would come back to it, by queues of dead letters
 * and by topics.
 *
 * The queues are looked at one after the other, each once, in the order in which they are met.
 * What cannot be looked at leads nowhere: a circle that is not seen here is ended when a message
 * has gone round it.
 */
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "view/view.h"
#include "pattern/circle.h"

#define CIRCLE_MAX 256		/* queues that are looked at */

struct circle {
	struct met {
		char name[QUEUE_NAME_MAX + 1];
		int from;		/* the one that leads here; -1: the first */
	} met[CIRCLE_MAX];
	int n;
};

static void
circle_meet(struct circle *c, const char *name, int from)
{
	if (name[0] == '\0' || c->n == CIRCLE_MAX)
		return;
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->met[i].name, name) == 0)
			return;
	(void)strlcpy(c->met[c->n].name, name, sizeof(c->met[c->n].name));
	c->met[c->n++].from = from;
}

/*
 * Where messages go from the queue number i: its dead letters, and, of a topic, what its
 * subscribers get.
 */
static void
circle_leave(struct circle *c, struct spool *sp, int i)
{
	const char *name = c->met[i].name;
	struct error ignored;
	struct policy policy;
	struct names subs;
	struct queue *q;

	error_clear(&ignored);
	if (queue_open_raw(sp, name, &q, &ignored) == ST_OK) {
		circle_meet(c, q->policy.dead_queue, i);
		if (subscriptions_list(q, &subs, &ignored) == ST_OK)
			for (size_t k = 0; k < subs.n; k++)
				circle_meet(c, subs.name[k], i);
		names_free(&subs);
		queue_close(q);
	} else if (ignored.status == ST_NOTFOUND) {
		/* It is made when the first dead letter comes, with the policy of mq.conf. */
		error_clear(&ignored);
		if (conf_policy(sp->conf, name, -1, &policy, &ignored) == ST_OK)
			circle_meet(c, policy.dead_queue, i);
	}
}

/* "a, b, c": the way to the queue number i. */
static void
circle_way(const struct circle *c, int i, char *buf, size_t size)
{
	if (c->met[i].from != -1) {
		circle_way(c, c->met[i].from, buf, size);
		(void)strlcat(buf, ", ", size);
	}
	(void)strlcat(buf, c->met[i].name, size);
}

bool
circle_reaches(struct spool *sp, const char *from, const char *to, char *way, size_t size)
{
	struct circle *c = calloc(1, sizeof(*c));
	bool found = false;

	way[0] = '\0';
	if (c == NULL)
		return false;
	circle_meet(c, from, -1);
	for (int i = 0; i < c->n && !found; i++) {
		if ((found = strcmp(c->met[i].name, to) == 0))
			circle_way(c, i, way, size);
		else
			circle_leave(c, sp, i);
	}
	free(c);
	return found;
}
