/*
 * main.c: mq-engine-amqp, the helper for RabbitMQ and others that speak AMQP 0-9-1 as it does.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "helper/amqp/amqp.h"

#define BEAT_MS 5000	/* heartbeats are sent only while the library is called */
#define LARGE_3 134217728	/* bytes: the default limit of a message up to RabbitMQ 3.13 */
#define LARGE_4 16777216	/* and from 4.0 on */

/* ---- open ----------------------------------------------------------------------- */

/* What the server says of itself, such as its "version". */
static void
amqp_property(struct amqp *a, const char *name, char *out, size_t size)
{
	const amqp_field_value_t *v = table_find(amqp_get_server_properties(a->links[0].c), name);

	(void)snprintf(out, size, "%s", "");
	if (v != NULL && v->kind == AMQP_FIELD_KIND_UTF8)
		(void)snprintf(out, size, "%.*s", (int)v->value.bytes.len,
		    (const char *)v->value.bytes.bytes);
}

/*
 * No "priority": whether a queue goes by it depends on how it was declared, which nobody can ask
 * the server; it is sent all the same.  No "durable": a queue may be one that is not.
 */
static void
amqp_capabilities(struct amqp *a)
{
	char product[64], version[64], server[130];

	amqp_property(a, "product", product, sizeof(product));
	amqp_property(a, "version", version, sizeof(version));
	(void)snprintf(server, sizeof(server), "%s-%s", product[0] != '\0' ? product : "AMQP",
	    version[0] != '\0' ? version : "0-9-1");
	for (char *c = server; *c != '\0'; c++)
		*c = *c <= ' ' || *c == '%' || *c == 0x7f ? '-' : *c;
	a->max_body = atoi(version) >= 4 ? LARGE_4 : LARGE_3;
	for (const char *const *c = (const char *const[]){"push", "take", "expiry", "order",
		 "fenced", "attempts", "deliveries", "dead", "retry", "retry-one", "make", NULL};
	     *c != NULL; c++)
		helper_can(a->h, *c, NULL);
	helper_can_number(a->h, "max-body", a->max_body);
	helper_can_number(a->h, "delay", DELAY_MAX);
	helper_can_number(a->h, "nack-delay", DELAY_MAX);
	helper_can_number(a->h, "lease", DELAY_MAX);
	helper_can_number(a->h, "extend", DELAY_MAX);
	helper_can(a->h, "token", "any");
	helper_can(a->h, "list", "dead");
	helper_can(a->h, "stat", "ready,dead");
	helper_can(a->h, "durable", "unknown");
	helper_can(a->h, "server", server);
}

static void
amqp_free(struct amqp *a)
{
	publish_forget(a);
	take_forget(a);
	retry_forget(a);
	queue_forget(a);
	link_close(&a->links[1]);
	link_close(&a->links[0]);
	credentials_free(&a->credentials);
	free(a);
}

static bool
amqp_open(struct helper *h, const struct settings *set)
{
	struct amqp *a = calloc(1, sizeof(*a));
	struct trouble f;

	if (a == NULL) {
		helper_fail(h, CLASS_AGAIN, "no memory");
		return false;
	}
	a->h = h;
	a->set = set;
	(void)snprintf(a->nonce, sizeof(a->nonce), "%08x", arc4random());
	if (!login_settings(a, &f) || !link_open(a, &a->links[0], true, &f)) {
		helper_fail(h, f.c, "%s", f.text);
		amqp_free(a);
		return false;
	}
	helper_set_data(h, a);
	amqp_capabilities(a);
	return true;
}

/* ---- push ----------------------------------------------------------------------- */

static void
amqp_pushed(struct amqp *a, void *arg, const struct trouble *f)
{
	char *tag = arg;

	if (f == NULL)
		helper_ok(a->h, tag);
	else
		helper_err(a->h, tag, f->c, "%s", f->text);
	free(tag);
}

static bool
amqp_refuses(const struct message *m, struct trouble *f)
{
	if (m->once != NULL)
		return !trouble_set(f, CLASS_CANNOT,
		    "RabbitMQ cannot know an --id again: consumers find "
		    "it in each message");
	if (m->delay_ms > DELAY_MAX)
		return !trouble_set(f, CLASS_CANNOT,
		    "a delay of %lld ms; at most %lld are possible", (long long)m->delay_ms,
		    DELAY_MAX);
	return !queue_named(m->queue, f);
}

static void
amqp_push(struct helper *h, const char *tag, const struct message *m)
{
	struct amqp *a = helper_data(h);
	char to[QUEUE_NAME], *mine;
	struct parcel p;
	struct trouble f;

	(void)snprintf(to, sizeof(to), "%s", m->queue);
	if (amqp_refuses(m, &f) ||
	    (m->delay_ms > 0 ? !queue_delay(a, m->queue, m->delay_ms, to, &f)
			     : !queue_wanted(a, m->queue, &f)) ||
	    !parcel_message(&p, m, &f))
		helper_err(h, tag, f.c, "%s", f.text);
	else if ((mine = strdup(tag)) == NULL) {
		parcel_free(&p);
		helper_err(h, tag, CLASS_AGAIN, "no memory");
	} else
		publish(a, &p, to, amqp_pushed, mine);
}

/* ---- the loop -------------------------------------------------------------------- */

static void
amqp_work(struct helper *h)
{
	struct amqp *a = helper_data(h);

	for (int i = 0; i < 2; i++)
		pump(&a->links[i]);
	if (!helper_is_down(h))
		publish_work(a);
	if (!helper_is_down(h))
		(void)retry_work(a);
	if (!helper_is_down(h))
		take_work(a);
}

static void
amqp_sooner(int *timeout, int ms)
{
	if (ms >= 0 && (*timeout == -1 || ms < *timeout))
		*timeout = ms;
}

static int
amqp_watch(struct helper *h, struct pollfd *p, int max, int *timeout)
{
	struct amqp *a = helper_data(h);
	int n = 0;

	amqp_sooner(timeout, BEAT_MS);
	amqp_sooner(timeout, publish_timeout(a));
	amqp_sooner(timeout, take_timeout(a));
	if (retry_ready(a))
		*timeout = 0;
	for (int i = 0; i < 2 && n < max; i++) {
		const struct link *l = &a->links[i];
		if (l->c == NULL)
			continue;
		p[n++] = (struct pollfd){ .fd = amqp_get_sockfd(l->c), .events = POLLIN };
		if (amqp_frames_enqueued(l->c) || amqp_data_in_buffer(l->c))
			*timeout = 0;
	}
	return n;
}

/* What is under way gets its answer; what is held goes back with the connection. */
static void
amqp_close(struct helper *h)
{
	struct amqp *a = helper_data(h);
	usec_t deadline = clock_mono() + a->set->timeout_ms * 1000;

	while (!helper_is_down(h) && clock_mono() < deadline &&
	    (publish_pending(a) || take_pending(a) || a->retries != NULL)) {
		struct pollfd p[2];
		int timeout = -1, n = amqp_watch(h, p, 2, &timeout);
		(void)poll(p, (nfds_t)n, timeout < 100 ? timeout : 100);
		amqp_work(h);
	}
	amqp_free(a);
	helper_set_data(h, NULL);
}

int
main(void)
{
	static const struct engine engine = { .name = "amqp", .open = amqp_open, .push = amqp_push,
	    .take = take_take, .ack = settle_ack, .nack = settle_nack,
	    .dead = settle_dead, .extend = settle_extend, .stat = look_stat, .list = look_list,
	    .retry = retry_begin, .make = look_make, .check = look_check, .watch = amqp_watch,
	    .work = amqp_work, .close = amqp_close };

	return helper_main(&engine, MQ_VERSION);
}
