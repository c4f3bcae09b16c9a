/*
 * client.c: one connection to Redis, whose commands form a pipeline: replies come in their order.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/redis/redis.h"

/* ---- commands ------------------------------------------------------------- */

void
args_bytes(struct args *a, const void *data, size_t len)
{
	a->arg[a->n].data = data;
	a->arg[a->n++].len = len;
}

void
args_text(struct args *a, const char *text)
{
	args_bytes(a, text, strlen(text));
}

void
args_number(struct args *a, int64_t n)
{
	char *text = a->room + a->used;
	int len = snprintf(text, sizeof(a->room) - a->used, "%lld", (long long)n);

	args_bytes(a, text, (size_t)len);
	a->used += (size_t)len + 1;
}

static void
client_put(struct client *c, const struct args *a)
{
	char line[32];

	net_put(c->net, line, (size_t)snprintf(line, sizeof(line), "*%d\r\n", a->n));
	for (int i = 0; i < a->n; i++) {
		int len = snprintf(line, sizeof(line), "$%zu\r\n", a->arg[i].len);
		net_put(c->net, line, (size_t)len);
		net_put(c->net, a->arg[i].data, a->arg[i].len);
		net_put(c->net, "\r\n", 2);
	}
}

static void
call_free(struct call *call)
{
	free(call->tag);
	free(call->text);
	free(call->kept);
	free(call);
}

struct call *
client_send(struct redis *r, struct client *c, const struct args *a,
    void (*done)(struct redis *, struct call *, const struct reply *), const char *tag)
{
	struct call *call = calloc(1, sizeof(*call));

	if (call == NULL || (tag != NULL && (call->tag = strdup(tag)) == NULL)) {
		free(call);
		helper_down(r->h, "no memory");
		return NULL;
	}
	call->done = done;
	call->start = net_put_count(c->net);
	if (STAILQ_EMPTY(&c->calls))
		c->progress = clock_mono();
	STAILQ_INSERT_TAIL(&c->calls, call, link);
	client_put(c, a);
	return call;
}

/* ---- errors --------------------------------------------------------------- */

/* What the server says, without what Redis 6 puts in front of what its scripts meet. */
static const char *
client_text(const struct reply *reply)
{
	const char *at = strncmp(reply->text, "ERR Error running script", 24) == 0 ?
	    strstr(reply->text, ": -") : NULL;

	return at != NULL ? at + 3 : reply->text;
}

/* Nothing of a command that was refused is done. */
enum class
client_class(const struct reply *reply)
{
	const char *text = client_text(reply);
	static const struct { const char *word; enum class class; } classes[] = {
		{ "OOM ", CLASS_FULL }, { "NOAUTH ", CLASS_CONF }, { "WRONGPASS ", CLASS_CONF },
		{ "NOPERM ", CLASS_PERM },
		{ "ERR The user executing the script", CLASS_PERM }, { "MOVED ", CLASS_CONF },
		{ "ASK ", CLASS_CONF }, { "WRONGTYPE ", CLASS_CONF },
		{ "ERR unknown command", CLASS_CONF }, { "ERR Client sent AUTH", CLASS_CONF },
		{ "ERR AUTH <password>", CLASS_CONF }, { "ERR invalid password", CLASS_CONF },
		{ "ERR DB index", CLASS_CONF }, { "ERR SELECT", CLASS_CONF } };

	for (size_t i = 0; i < sizeof(classes) / sizeof(classes[0]); i++)
		if (strncmp(text, classes[i].word, strlen(classes[i].word)) == 0)
			return classes[i].class;
	return CLASS_AGAIN;
}

bool
client_refused(struct redis *r, const struct call *c, const struct reply *reply)
{
	if (reply->type != '-')
		return false;
	if (c->tag != NULL)
		helper_err(r->h, c->tag, client_class(reply), "%s", client_text(reply));
	return true;
}

/* The connection is lost: a command that was sent in part may be done or not. */
void
client_close(struct redis *r, struct client *c)
{
	struct call *call;

	if (c->net == NULL)
		return;
	while ((call = STAILQ_FIRST(&c->calls)) != NULL) {
		STAILQ_REMOVE_HEAD(&c->calls, link);
		if (call->tag != NULL && net_sent_count(c->net) > call->start)
			helper_err(r->h, call->tag, CLASS_UNKNOWN, "no answer: done or not");
		else if (call->tag != NULL)
			helper_err(r->h, call->tag, CLASS_AGAIN, "it was not sent any more");
		call_free(call);
	}
	net_close(c->net);
	c->net = NULL;
}

/* ---- replies -------------------------------------------------------------- */

static void
client_done(struct redis *r, struct client *c, const struct reply *reply)
{
	struct call *call = STAILQ_FIRST(&c->calls);

	STAILQ_REMOVE_HEAD(&c->calls, link);
	c->progress = clock_mono();
	if (reply->type == '-' && strncmp(reply->text, "NOSCRIPT", 8) == 0 && script_again(r, call))
		return;
	if (call->done != NULL)
		call->done(r, call, reply);
	else
		(void)client_refused(r, call, reply);
	/* Another server may have taken over, to which the same address leads. */
	if (reply->type == '-' && strncmp(client_text(reply), "READONLY", 8) == 0)
		helper_down(r->h, "the server has become a replica");
	call_free(call);
}

/* Take the next reply.  ST_NONE: it is not whole yet. */
static enum status
client_reply(struct redis *r, struct client *c, struct error *err)
{
	size_t len, size, replies;
	char *data = net_data(c->net, &len);
	struct reply *reply;
	enum status st;

	if (len == 0 || len < c->need)
		return ST_NONE;
	if ((st = resp_measure(data, len, &size, &replies)) == ST_NONE)
		c->need = size;
	if (st == ST_BADDATA || (st == ST_OK && STAILQ_EMPTY(&c->calls)))
		return error_set(err, ST_IO, 0, "what came is not the protocol of Redis");
	if (st != ST_OK)
		return st;
	c->need = 0;
	if ((reply = resp_parse(data, replies)) == NULL)
		return error_set(err, ST_IO, ENOMEM, "receive");
	client_done(r, c, reply);
	free(reply);
	net_drop(c->net, size);
	return ST_OK;
}

static enum status
client_replies(struct redis *r, struct client *c, struct error *err)
{
	enum status st;

	while ((st = client_reply(r, c, err)) == ST_OK && !helper_is_down(r->h))
		;
	return st == ST_NONE ? ST_OK : st;
}

static usec_t
client_deadline(const struct redis *r, const struct client *c)
{
	return c->progress + r->set->timeout_ms * 1000 + c->slack;
}

/* What came before the connection was lost still counts. */
bool
client_work(struct redis *r, struct client *c)
{
	struct error err = { 0 };
	enum status sent = net_flush(c->net, &err), got = net_fill(c->net, &err);
	struct error wrong = { 0 };
	enum status st = client_replies(r, c, &wrong);

	if (st == ST_OK && sent == ST_OK && got != ST_IO)
		st = net_flush(c->net, &err);
	if (st != ST_OK)
		helper_down(r->h, "%s", wrong.text[0] != '\0' ? wrong.text : err.text);
	else if (sent != ST_OK || got == ST_IO)
		helper_down(r->h, "%s", err.text);
	else if (!STAILQ_EMPTY(&c->calls) && clock_mono() > client_deadline(r, c))
		helper_down(r->h, "no answer within %lld ms", (long long)r->set->timeout_ms);
	return !helper_is_down(r->h);
}

bool
client_drain(struct redis *r, struct client *c, usec_t deadline, struct error *err)
{
	while (client_replies(r, c, err) == ST_OK && !STAILQ_EMPTY(&c->calls))
		if (net_wait(c->net, deadline, err) != ST_OK)
			break;
	return STAILQ_EMPTY(&c->calls);
}

void
client_watch(const struct redis *r, const struct client *c, struct pollfd *p, int *timeout_ms)
{
	usec_t left;

	net_watch(c->net, p, timeout_ms);
	if (STAILQ_EMPTY(&c->calls))
		return;
	if ((left = (client_deadline(r, c) - clock_mono()) / 1000 + 1) < 0)
		left = 0;
	if (*timeout_ms == -1 || left < *timeout_ms)
		*timeout_ms = (int)left;
}
