/*
 * main.c: mq-engine-nats, queues on NATS JetStream.
 */
#include <poll.h>

#include "helper/nats/inside.h"

/* Everything that came from the threads of libnats. */
static void
nats_events(struct nats *n)
{
	struct event *e;

	while ((e = inbox_next(&n->inbox)) != NULL) {
		if (e->kind == EVENT_ANSWER)
			ask_answered(n, e->msg);
		else if (e->kind == EVENT_PULLED || e->kind == EVENT_DRAINED)
			pull_event(n, e);
		else if (e->kind == EVENT_ERROR)
			ask_refused(n, e);
		link_heard(n, e);
	}
	ask_late(n, clock_mono());
}

static void
nats_work(struct helper *h)
{
	struct nats *n = helper_data(h);

	n->wake = USEC_MAX;
	inbox_wait(&n->inbox, 0);
	nats_events(n);
	if (n->closed) {
		ask_lost(n);
		helper_down(h, "the connection was lost: %s", n->why);
	} else
		pull_go_on(n, clock_mono(), &n->wake);
	wake_at(&n->wake, ask_deadline(n));
}

static int
nats_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	struct nats *n = helper_data(h);
	usec_t now = clock_mono();

	(void)max;
	p[0] = (struct pollfd){ .fd = n->inbox.fd, .events = POLLIN };
	if (n->wake != USEC_MAX)
		*timeout_ms = n->wake <= now ? 0 : (int)((n->wake - now) / 1000 + 1);
	return 1;
}

/*
 * What is under way comes to its end first, and what is on its way from the server has to arrive:
 * if it were given back while requests are open, the server would send it here again.
 */
static void
nats_close(struct helper *h)
{
	struct nats *n = helper_data(h);
	usec_t deadline = clock_mono() + n->set->timeout_ms * 1000;

	while (!n->closed && !helper_is_down(h) && (!pull_close(n) || ask_is_open(n)) &&
	    clock_mono() < deadline) {
		inbox_wait(&n->inbox, deadline);
		nats_events(n);
	}
	ask_lost(n);
	settle_release_all(n);
	if (!n->closed && !helper_is_down(h))
		(void)natsConnection_FlushTimeout(n->conn, n->set->timeout_ms);
	link_close(n);
}

static const struct engine nats = {
	.name = "nats",
	.open = link_open,
	.push = push_message,
	.take = pull_take,
	.forget = pull_forget,
	.ack = settle_ack,
	.nack = settle_nack,
	.dead = dead_bury,
	.extend = settle_extend,
	.stat = look_stat,
	.list = look_list,
	.queues = look_queues,
	.retry = dead_retry,
	.make = look_make,
	.check = look_check,
	.watch = nats_watch,
	.work = nats_work,
	.close = nats_close,
};

int
main(void)
{
	return helper_main(&nats, MQ_VERSION);
}
