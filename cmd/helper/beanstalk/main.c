/*
 * main.c: mq-engine-beanstalk, queues on beanstalkd.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

bool
tube_name_ok(struct beanstalk *b, const char *tag, const char *queue)
{
	static const char good[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	    "-+/;.$_()";
	size_t len = strlen(queue), max = TUBE_MAX - strlen(DEAD_SUFFIX);

	if (len > 0 && len <= max && queue[0] != '-' && queue[strspn(queue, good)] == '\0')
		return true;
	if (tag != NULL)
		helper_err(b->h, tag, CLASS_CANNOT, "a tube cannot be called '%.100s': 1 to %zu "
		    "letters, digits and - + / ; . $ _ ( ), not - first; map the queue to "
		    "another name", queue, max);
	return false;
}

void
tube_down(struct beanstalk *b, const char *what)
{
	helper_down(b->h, "%s", what);
}

/* ---- open -------------------------------------------------------------------------- */

/* What is confirmed is in a binlog, if there is one; how often that is synced nobody is told. */
static void
tube_can(struct beanstalk *b, const struct answer *a)
{
	static const char *const words[] = { "push", "take", "priority", "expiry", "order",
		"attempts", "deliveries", "dead", "retry", "retry-one", "queues" };
	char version[60] = "", server[100];
	int quote;

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		helper_can(b->h, words[i], NULL);
	helper_can_number(b->h, "max-body", b->max_job - HEAD_ROOM);
	helper_can_number(b->h, "delay", DELAY_MAX_S * 1000);
	helper_can_number(b->h, "nack-delay", DELAY_MAX_S * 1000);
	helper_can(b->h, "token", "process");
	helper_can(b->h, "list", "dead");
	helper_can(b->h, "stat", "ready,claimed,delayed,dead");
	helper_can(b->h, "durable", stats_number(a->data, a->len, "binlog-current-index") > 0 ?
	    "unknown" : "no");
	(void)stats_text(a->data, a->len, "version", version, sizeof(version));
	quote = version[0] == '"';
	/* It may be in quotes, and have more words behind it. */
	(void)snprintf(server, sizeof(server), "beanstalkd-%.*s",
	    (int)strcspn(version + quote, "\" "), version + quote);
	helper_can(b->h, "server", server);
}

static bool
tube_login(struct beanstalk *b)
{
	struct answer a = { 0 };

	if (!link_call(b, b->main, &a, "stats") || !reply_is(a.line, "OK") ||
	    (b->max_job = stats_number(a.data, a.len, "max-job-size")) <= HEAD_ROOM) {
		helper_fail(b->h, CLASS_AGAIN, "login %s port %s: this is no beanstalkd of "
		    "version 1.4 or "
		    "later", b->address.host, b->address.port);
		free(a.data);
		return false;
	}
	(void)stats_text(a.data, a.len, "id", b->instance, sizeof(b->instance));
	helper_step(b->h, "login", "beanstalkd, max-job-size %lld", (long long)b->max_job);
	tube_can(b, &a);
	free(a.data);
	return true;
}

static bool
tube_address(struct helper *h, const struct settings *set, struct address *a)
{
	struct error err = { 0 };

	if (address_parse(set->url, "11300", a, &err) != ST_OK)
		helper_fail(h, CLASS_CONF, "%s", err.text);
	else if (strcmp(a->scheme, "beanstalk") != 0 || a->rest[0] != '\0' || a->user[0] != '\0')
		helper_fail(h, CLASS_CONF, "the address has to be beanstalk://HOST[:PORT]; "
		    "beanstalkd has "
		    "no users");
	else if (!set->insecure && !address_is_local(a))
		helper_fail(h, CLASS_CONF, "%s is another host, and beanstalkd has neither TLS nor "
		    "passwords: use a tunnel, or allow it with 'insecure = yes'", a->host);
	else
		return true;
	return false;
}

static void
tube_end(struct beanstalk *b)
{
	retry_free(b);
	while (b->links != NULL)
		link_free(b, b->links);
	free(b);
}

static bool
tube_open(struct helper *h, const struct settings *set)
{
	struct beanstalk *b = calloc(1, sizeof(*b));
	struct error err = { 0 };

	if (b == NULL) {
		helper_fail(h, CLASS_AGAIN, "out of memory");
		return false;
	}
	b->h = h;
	b->set = set;
	if (!tube_address(h, set, &b->address)) {
		free(b);
		return false;
	}
	if ((b->main = link_new(b, NULL, &err)) == NULL)
		helper_fail(h, net_class(err.status), "%s", err.text);
	else if (tube_login(b)) {
		helper_set_data(h, b);
		return true;
	}
	tube_end(b);
	return false;
}

/* ---- work --------------------------------------------------------------------------- */

static void
tube_send(struct beanstalk *b)
{
	struct error err = { 0 };

	for (struct link *l = b->links; l != NULL; l = l->next)
		if (net_flush(l->net, &err) != ST_OK)
			tube_down(b, err.text);
}

static void
tube_work(struct helper *h)
{
	struct beanstalk *b = helper_data(h);
	usec_t now = clock_mono();

	b->wake = USEC_MAX;
	for (struct link *l = b->links; l != NULL && !helper_is_down(h); l = l->next)
		link_work(b, l);
	settle_touch(b, now, &b->wake);
	pull_go_on(b, now, &b->wake);
	(void)retry_go_on(b);
	tube_send(b);
}

static int
tube_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	struct beanstalk *b = helper_data(h);
	usec_t now = clock_mono(), wake = b->wake;
	int n = 0;

	for (struct link *l = b->links; l != NULL && n < max; l = l->next) {
		net_watch(l->net, &p[n++], timeout_ms);
		if (l->first != NULL)
			wake_at(&wake, l->first->deadline);
	}
	if (b->retries != NULL || helper_is_down(h) || wake <= now)
		*timeout_ms = 0;
	else if (wake != USEC_MAX && *timeout_ms != 0)
		*timeout_ms = (int)((wake - now) / 1000 + 1);
	return n;
}

/* What is under way comes to its end first.  What is held is ready again when its link ends. */
static void
tube_close(struct helper *h)
{
	struct beanstalk *b = helper_data(h);
	usec_t deadline = clock_mono() + b->set->timeout_ms * 1000;
	struct error err = { 0 };
	struct link *l;

	for (l = b->links; l != NULL && !helper_is_down(h); l = l->next)
		while (l->first != NULL && (l->pull == NULL || l->jobs != NULL) &&
		    !helper_is_down(h) &&
		    clock_mono() < deadline) {
			if (net_wait(l->net, deadline, &err) == ST_IO)
				break;
			link_work(b, l);
		}
	tube_end(b);
}

static const struct engine beanstalk = {
	.name = "beanstalk",
	.open = tube_open,
	.push = push_message,
	.take = pull_take,
	.forget = pull_forget,
	.ack = settle_ack,
	.nack = settle_nack,
	.dead = settle_dead,
	.stat = look_stat,
	.list = look_list,
	.queues = look_queues,
	.retry = retry_begin,
	.check = look_check,
	.watch = tube_watch,
	.work = tube_work,
	.close = tube_close,
};

int
main(void)
{
	return helper_main(&beanstalk, MQ_VERSION);
}
