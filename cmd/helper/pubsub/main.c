/*
 * main.c: mq-engine-pubsub, the helper for Google Pub/Sub.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

static const struct http_user pubsub_user = { .sign = login_sign, .throttled = api_throttled };

static void
pubsub_free(struct pubsub *s)
{
	if (s->http != NULL)
		http_close(s->http);
	name_free_all(s);
	claims_free(&s->claims);
	login_free(&s->login);
	free(s);
}

static void
pubsub_capabilities(struct helper *h, const struct pubsub *s)
{
	helper_can(h, "push", NULL);
	helper_can(h, "take", NULL);
	helper_can_number(h, "max-body", PUBSUB_BODY_MAX);
	helper_can(h, "key", NULL);
	helper_can(h, "token", "any");
	helper_can_number(h, "lease", PUBSUB_LEASE_MAX * 1000LL);
	helper_can_number(h, "extend", PUBSUB_LEASE_MAX * 1000LL);
	helper_can_number(h, "nack-delay", PUBSUB_LEASE_MAX * 1000LL);
	helper_can(h, "stay", NULL);
	helper_can(h, "dead", NULL);
	helper_can(h, "retry", NULL);
	helper_can(h, "queues", NULL);
	helper_can(h, "make", NULL);
	helper_can(h, "durable", s->url.plain ? "unknown" : "yes");
	helper_can_number(h, "retention", PUBSUB_RETENTION);
	helper_can_number(h, "batch", PUBSUB_BATCH);
}

/* Ask for something harmless, to see that the server is there and takes our token. */
static bool
pubsub_try(struct helper *h, struct pubsub *s)
{
	struct trouble f = { 0 };
	json_t *answer = api_ask(s, "GET", "/topics?pageSize=1", NULL, &f);

	json_decref(answer);
	/* Somebody who may not list topics has logged in all the same. */
	if (answer == NULL && f.c != CLASS_PERM) {
		helper_fail(h, f.c == CLASS_UNKNOWN ? CLASS_AGAIN : f.c, "%s%s",
		    f.c == CLASS_CONF && strncmp(f.text, "Pub/Sub", 7) == 0 ? "login: " : "",
		    f.text);
		return false;
	}
	helper_step(h, "resolve", "%s", s->url.host);
	helper_step(h, "connect", "%s", s->base);
	if (!s->url.plain)
		helper_step(h, "tls", "%s", helper_settings(h)->verify ? "the certificate is good" :
		    "the certificate was not checked");
	helper_step(h, "login", "%s, project %s",
	    s->login.email != NULL ? s->login.email : "nobody", s->project);
	return true;
}

static bool
pubsub_open(struct helper *h, const struct settings *set)
{
	struct pubsub *s = calloc(1, sizeof(*s));
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };
	char to[300];

	if (s == NULL || (s->h = h, helper_set_data(h, s), !login_address(s, set, &f)) ||
	    !login_read(s, set, &f) || (s->http = http_open(h, &pubsub_user)) == NULL) {
		helper_fail(h, f.c, "%s", f.text);
		if (s != NULL)
			pubsub_free(s);
		return false;
	}
	if (set->tls_name != NULL) {
		(void)snprintf(to, sizeof(to), "%s:%s", s->url.host, s->url.port);
		http_connect_to(s->http, ":", to);
	}
	if (!pubsub_try(h, s)) {
		pubsub_free(s);
		return false;
	}
	http_ready(s->http);
	pubsub_capabilities(h, s);
	return true;
}

static void
pubsub_round(struct helper *h)
{
	struct pubsub *s = helper_data(h);

	for (struct topic *t = s->topics; t != NULL; t = t->next)
		push_flush(s, t);
	for (struct sub *u = s->subs; u != NULL; u = u->next)
		settle_flush(s, u);
}

static int
pubsub_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	struct pubsub *s = helper_data(h);

	take_watch(s, timeout_ms);
	return http_watch(s->http, p, max, timeout_ms);
}

static void
pubsub_work(struct helper *h)
{
	struct pubsub *s = helper_data(h);

	http_work(s->http);
	take_idles(s);
}

/* Claims go back, and what is under way gets its answer. */
static void
pubsub_close(struct helper *h)
{
	struct pubsub *s = helper_data(h);

	s->closing = true;
	for (struct taking *t = helper_takings(h); t != NULL; t = t->next)
		take_end(t);
	if (!helper_is_down(h)) {
		settle_back_all(s, claims_rest(&s->claims), 0);
		pubsub_round(h);
		(void)http_wait(s->http, http_quiet, s->http, helper_settings(h)->timeout_ms);
	}
	pubsub_free(s);
}

static const struct engine pubsub = { .name = "pubsub", .open = pubsub_open, .push = push_one,
	.take = take_more, .forget = take_forget, .ack = settle_ack, .nack = settle_nack,
	.dead = dead_bury, .extend = settle_extend, .queues = name_list, .retry = dead_retry,
	.make = name_make, .check = name_check, .round = pubsub_round, .watch = pubsub_watch,
	.work = pubsub_work, .close = pubsub_close };

int
main(void)
{
	return helper_main(&pubsub, MQ_VERSION);
}
