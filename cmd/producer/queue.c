/*
 * queue.c: how the messages of mq push get into a queue: by a batch, which is published when it is
 * full, and whenever there is nothing more to read.
 */
#include <poll.h>

#include "life/life.h"
#include "shared/accept.h"
#include "shared/cmd.h"
#include "producer/producer.h"

/*
 * Which subscribers want an event depends on the headers of the event, so they are asked about each
 * one.
 */
static enum status
queue_event_wanted(struct producer *p)
{
	enum status st;

	if (!p->events || !p->topic)
		return ST_OK;
	if ((st = gate_reload(p->opt.gate, p->q, &p->headers, &p->r->err)) != ST_OK)
		return st;
	return producer_admitted(p);
}

static enum status
queue_begin(struct producer *p)
{
	enum status st = queue_event_wanted(p);

	return st == ST_OK ? batch_begin(p->b, &p->r->err) : st;
}

static enum status
queue_write(struct producer *p, const void *data, size_t len)
{
	return batch_write(p->b, data, len, &p->r->err);
}

static enum status
queue_end(struct producer *p)
{
	enum status st = accept_end(p->r, p->q, p->accept, &p->headers, p->b);

	/*
	 * With events and a topic, the subscribers were asked about this message only, so publish
	 * it alone.
	 */
	if (st == ST_OK && !p->opt.atomic && (batch_full(p->b) || (p->events && p->topic)))
		st = producer_publish(p);
	return st;
}

/*
 * If reading would block, publish the lines that are complete, so that they need not wait for a
 * slow writer.
 */
static enum status
queue_idle(struct producer *p, int fd)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };

	if (p->delimiter == -1 || p->opt.atomic || batch_pending(p->b) == 0 ||
	    poll(&pfd, 1, 0) != 0)
		return ST_OK;
	return producer_publish(p);
}

const struct sink sink_queue = { queue_begin, queue_write, queue_end, queue_idle };
