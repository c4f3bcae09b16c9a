/*
 * main.c: mq-engine-sqs, the helper for Amazon SQS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

static const struct http_user sqs_user = { .sign = login_sign, .throttled = api_throttled };

static void
sqs_free(struct sqs *s)
{
	if (s->http != NULL)
		http_close(s->http);
	queue_free_all(s);
	claims_free(&s->claims);
	login_free(&s->login);
	free(s);
}

static void
sqs_capabilities(struct helper *h, const struct sqs *s)
{
	helper_can(h, "push", NULL);
	helper_can(h, "take", NULL);
	helper_can_number(h, "max-body", SQS_BODY_MAX);
	helper_can_number(h, "delay", SQS_DELAY_MAX * 1000);
	helper_can(h, "token", "any");
	helper_can_number(h, "lease", SQS_LEASE_MAX * 1000LL);
	helper_can_number(h, "extend", SQS_LEASE_MAX * 1000LL);
	helper_can_number(h, "nack-delay", SQS_LEASE_MAX * 1000LL);
	helper_can(h, "stay", NULL);
	helper_can(h, "deliveries", NULL);
	helper_can(h, "dead", NULL);
	helper_can(h, "retry", NULL);
	helper_can(h, "stat", "ready,claimed,delayed,dead");
	helper_can(h, "approx", NULL);
	helper_can(h, "queues", NULL);
	helper_can(h, "make", NULL);
	helper_can(h, "durable", s->url.plain ? "unknown" : "yes");
	helper_can_number(h, "retention", SQS_RETENTION);
	helper_can_number(h, "batch", SQS_BATCH);
}

/* Ask for something harmless, to see that the server is there and takes our signature. */
static bool
sqs_try(struct helper *h, struct sqs *s)
{
	struct trouble f = { 0 };
	json_t *answer = api_ask(s, "ListQueues", json_pack("{s:i}", "MaxResults", 1), &f);

	json_decref(answer);
	/* Somebody who may not list queues has logged in all the same. */
	if (answer == NULL && f.c != CLASS_PERM) {
		helper_fail(h, f.c == CLASS_UNKNOWN ? CLASS_AGAIN : f.c, "%s%s",
		    f.c == CLASS_CONF && strncmp(f.text, "SQS", 3) == 0 ? "login: " : "", f.text);
		return false;
	}
	helper_step(h, "resolve", "%s", s->url.host);
	helper_step(h, "connect", "%s", s->endpoint);
	if (!s->url.plain)
		helper_step(h, "tls", "%s", helper_settings(h)->verify ? "the certificate is good" :
		    "the certificate was not checked");
	helper_step(h, "login", "%s, region %s", s->login.access, s->region);
	return true;
}

static bool
sqs_open(struct helper *h, const struct settings *set)
{
	struct sqs *s = calloc(1, sizeof(*s));
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };
	char to[300];

	if (s == NULL || (s->h = h, helper_set_data(h, s), !login_address(s, set, &f)) ||
	    !login_read(s, set, &f) || (s->http = http_open(h, &sqs_user)) == NULL) {
		helper_fail(h, f.c, "%s", f.text);
		if (s != NULL)
			sqs_free(s);
		return false;
	}
	if (set->tls_name != NULL) {
		(void)snprintf(to, sizeof(to), "%s:%s", s->url.host, s->url.port);
		http_connect_to(s->http, ":", to);
	}
	if (!sqs_try(h, s)) {
		sqs_free(s);
		return false;
	}
	http_ready(s->http);
	sqs_capabilities(h, s);
	return true;
}

static void
sqs_round(struct helper *h)
{
	struct sqs *s = helper_data(h);

	for (struct queue *q = s->queues; q != NULL; q = q->next) {
		push_flush(s, q);
		settle_flush(s, q);
	}
}

static int
sqs_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	return http_watch(((struct sqs *)helper_data(h))->http, p, max, timeout_ms);
}

static void
sqs_work(struct helper *h)
{
	http_work(((struct sqs *)helper_data(h))->http);
}

/* Claims go back, and what is under way gets its answer. */
static void
sqs_close(struct helper *h)
{
	struct sqs *s = helper_data(h);

	s->closing = true;
	if (!helper_is_down(h)) {
		settle_back_all(s, claims_rest(&s->claims), 0);
		sqs_round(h);
		(void)http_wait(s->http, http_quiet, s->http,
		    SQS_WAIT_MAX * 1000 + helper_settings(h)->timeout_ms);
	}
	sqs_free(s);
}

static const struct engine sqs = { .name = "sqs", .open = sqs_open, .push = push_one,
	.take = take_more, .forget = take_forget, .ack = settle_ack, .nack = settle_nack,
	.dead = dead_bury, .extend = settle_extend, .stat = queue_stat, .queues = queue_list,
	.retry = dead_retry, .make = queue_make, .check = queue_check, .round = sqs_round,
	.watch = sqs_watch, .work = sqs_work, .close = sqs_close };

int
main(void)
{
	return helper_main(&sqs, MQ_VERSION);
}
