/*
 * circle.c: whether messages that leave a queue would come back to it, through dead-letter queues
 * and through topics.
 *
 * The queues are looked at one after the other, each once, in the order in which they are met.  A
 * queue that cannot be looked at counts as leading nowhere.  A circle that is not seen because of
 * that is ended when a message has gone round it.
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

#define CIRCLE_MAX 256		/* how many queues are looked at */

struct circle {
	struct met {
		char name[QUEUE_NAME_MAX + 1];
		int from;		/* the queue that leads here; -1: this is the first */
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
 * Add the queues that messages of the queue number 'i' go to: its dead-letter queue, and, if it is
 * a topic, its subscribers.
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
		/* The queue will be made for its first dead letter, with the policy of mq.conf. */
		error_clear(&ignored);
		if (conf_policy(sp->conf, name, -1, &policy, &ignored) == ST_OK)
			circle_meet(c, policy.dead_queue, i);
	}
}

/* Write the way to the queue number 'i' as "a, b, c". */
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
