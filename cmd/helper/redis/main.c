/*
 * main.c: mq-engine-redis, the helper of Redis Streams.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/chars.h"
#include "helper/redis/redis.h"

/* The braces are Redis's mark of what belongs together. */
bool
redis_queue_ok(struct redis *r, const char *tag, const char *queue)
{
	size_t len = strlen(queue);
	bool good = len > 0 && len <= REDIS_QUEUE_MAX && strpbrk(queue, "{}") == NULL;

	if (!good && tag != NULL)
		helper_err(r->h, tag, CLASS_CANNOT, "'%s' cannot be a queue: 1 to %d bytes, no "
		    "braces", queue, REDIS_QUEUE_MAX);
	return good;
}

/* ---- opening -------------------------------------------------------------- */

static enum status
redis_address(struct redis *r, struct error *err)
{
	struct address *a = &r->address;
	char *end;

	if (address_parse(r->set->url, "6379", a, err) != ST_OK)
		return ST_CONF;
	r->tls = strcmp(a->scheme, "rediss") == 0;
	if (!r->tls && strcmp(a->scheme, "redis") != 0)
		return error_set(err, ST_CONF, 0, "'%s' is neither redis nor rediss", a->scheme);
	r->db = strtol(a->rest, &end, 10);
	if (*end != '\0' || (a->rest[0] != '\0' && !is_digit(a->rest[0])) || r->db > 99999)
		return error_set(err, ST_CONF, 0, "what follows the slash has to be the number of "
		    "a database, not '%s'", a->rest);
	return ST_OK;
}

static enum status
redis_credentials(struct redis *r, struct error *err)
{
	const struct address *a = &r->address;
	const char *path = r->set->credentials;
	enum status st;

	r->user = a->user[0] != '\0' ? a->user : NULL;
	if (path == NULL)
		return r->user == NULL ? ST_OK : error_set(err, ST_CONF, 0,
		    "the address has a user, but no 'credentials' with the password");
	if ((st = credentials_read(&r->credentials, path, a->host, a->port, err)) == ST_NONE)
		return error_set(err, ST_CONF, 0, "credentials %s: no entry for %s", path, a->host);
	if (st != ST_OK)
		return st;
	if ((r->password = credentials_value(&r->credentials, "password")) == NULL)
		return error_set(err, ST_CONF, 0, "credentials %s: no password for %s", path,
		    a->host);
	if (r->user == NULL)
		r->user = credentials_value(&r->credentials, "login");
	return ST_OK;
}

static void
redis_who(struct redis *r)
{
	char host[100] = "localhost";

	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(r->who, sizeof(r->who), "%s",
	    r->set->client != NULL ? r->set->client : host);
	arc4random_buf(&r->nonce, sizeof(r->nonce));
}

static void
redis_free(struct redis *r)
{
	client_close(r, &r->main);
	credentials_free(&r->credentials);
	free(r);
}

static bool
redis_open(struct helper *h, const struct settings *set)
{
	struct redis *r = calloc(1, sizeof(*r));
	enum class class = CLASS_CONF;
	struct error err = { 0 };
	enum status st;

	if (r == NULL) {
		helper_fail(h, CLASS_AGAIN, "no memory");
		return false;
	}
	r->h = h;
	r->set = set;
	TAILQ_INIT(&r->held);
	redis_who(r);
	script_sum(r->sum);
	if ((st = redis_address(r, &err)) != ST_OK || (st = redis_credentials(r, &err)) != ST_OK)
		class = net_class(st);
	else if (login(r, &r->main, true, &class, &err)) {
		helper_set_data(h, r);
		return true;
	}
	helper_fail(h, class, "%s", err.text);
	redis_free(r);
	return false;
}

/* ---- going on ------------------------------------------------------------- */

static int
redis_watch(struct helper *h, struct pollfd *p, int max, int *timeout_ms)
{
	struct redis *r = helper_data(h);

	client_watch(r, &r->main, p, timeout_ms);
	return 1 + take_watch(r, p + 1, max - 1, timeout_ms);
}

static void
redis_work(struct helper *h)
{
	struct redis *r = helper_data(h);

	if (client_work(r, &r->main))
		take_work(r);
}

/* What was sent gets its answers, and then what is held is given back. */
static void
redis_close(struct helper *h)
{
	struct redis *r = helper_data(h);
	usec_t deadline = clock_mono() + r->set->timeout_ms * 1000;
	struct error err = { 0 };

	r->closing = true;
	if (!helper_is_down(h) && client_drain(r, &r->main, deadline, &err)) {
		take_release(r);
		(void)client_drain(r, &r->main, deadline, &err);
	} else
		take_release(r);
	for (struct taking *t = helper_takings(h); t != NULL; t = t->next)
		take_forget(h, t);
	redis_free(r);
}

static const struct engine redis = { .name = "redis", .open = redis_open, .push = push,
	.take = take, .forget = take_forget, .ack = settle_ack, .nack = settle_nack,
	.dead = settle_dead, .extend = settle_extend, .stat = look_stat, .list = look_list,
	.queues = look_queues, .retry = retry, .make = look_make, .check = look_check,
	.watch = redis_watch, .work = redis_work, .close = redis_close };

int
main(void)
{
	return helper_main(&redis, MQ_VERSION);
}
