/*
 * claim.c: mq claim on an engine: take a message whose claim outlives this process.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/typed.h"
#include "broker/broker.h"

struct claiming {
	struct broker *b;
	struct taker t;
	const char *body;
	usec_t lease;		/* 0: the policy's */
	bool json, wait;
	usec_t deadline;
};

static enum status
claim_option(struct claiming *c, const char *name, const char *arg)
{
	struct run *r = c->b->r;

	if (strcmp(name, "body") == 0) {
		c->body = arg;
		return strcmp(arg, "-") != 0 ? ST_OK :
		    run_usage(r, "--body -: the handle goes to stdout; use --json, or pop");
	}
	if (strcmp(name, "lease") == 0)
		return typed_lease(r, arg, &c->lease);
	if (strcmp(name, "wait") == 0) {
		c->wait = true;
		return typed_wait(r, arg, &c->deadline);
	}
	c->json = true;
	return ST_OK;
}

static enum status
claim_typed(struct claiming *c)
{
	enum status st = ST_OK;
	const char *name, *arg;

	while (st == ST_OK && (name = broker_option(c->b->r, &arg)) != NULL)
		st = claim_option(c, name, arg);
	if (st == ST_OK)
		st = run_operands(c->b->r, 1, 1);
	return st == ST_OK ? broker_queue(c->b) : st;
}

/* ---- opening ---------------------------------------------------------------- */

static enum status
claim_fits(struct claiming *c)
{
	struct broker *b = c->b;
	const char *token = engine_cap(b->e, "token");
	int64_t most = engine_cap_number(b->e, "lease", 0);
	enum status st;

	if ((st = refuse_unless(b, "take")) != ST_OK)
		return st;
	if (token == NULL || strcmp(token, "any") != 0)
		return refuse_cannot(b, "a claim ends with the process that took it", "'mq pop', "
		    "'mq work' and 'mq relay' hold it themselves");
	if (c->lease != 0 && most > 0 && c->lease > most * 1000)
		return error_set(&b->r->err, ST_USAGE, 0,
		    "%s: a lease may last %" PRId64 " s at most; a shorter one can be renewed "
		    "by 'mq extend'", engine_name(b->e), most / 1000);
	return ST_OK;
}

static enum status
claim_open(struct claiming *c)
{
	struct broker *b = c->b;
	struct run *r = b->r;
	struct policy policy;
	enum status st;
	usec_t lease;

	if ((st = run_settings(r, false)) != ST_OK ||
	    (st = conf_policy(&r->files, r->operand[0], -1, &policy, &r->err)) != ST_OK)
		return st;
	lease = c->lease != 0 ? c->lease : policy.lease;
	if ((st = broker_open(b, &(struct engine_options){ .lease = lease })) != ST_OK ||
	    (st = claim_fits(c)) != ST_OK)
		return st;
	take_begin(&c->t, b, lease, true);
	take_credit(&c->t, 1);
	return ST_OK;
}

/* ---- output --------------------------------------------------------------- */

static enum status
claim_body_to(const struct taken *h, const char *name, struct error *err)
{
	struct error why = { 0 };
	enum status st;
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);

	if (fd == -1)
		return error_set(err, ST_IO, errno, "%s", name);
	st = taken_write(h, fd, &why);
	if (close(fd) == -1 && st == ST_OK)
		st = error_sys(&why, errno, "close");
	return st == ST_OK ? ST_OK : error_set(err, ST_IO, why.errnum, "%s", name);
}

static enum status
claim_print(struct claiming *c, const struct taken *h)
{
	struct run *r = c->b->r;
	char handle[BROKER_HANDLE_MAX];
	int64_t attempts = engine_attempts(c->b->e, &h->m);
	struct shown s = { .b = c->b, .queue = r->operand[0], .state = "claimed", .m = &h->m,
	    .handle = handle, .deadline = c->t.lease != 0 ? clock_now() + c->t.lease : 0 };
	enum status st = ST_OK;

	broker_handle_print(c->b, attempts, h->token, handle);
	if (!c->json)
		(void)printf("%s\n", handle);
	else {
		(void)fputc('{', stdout);
		st = shown_json(stdout, &s, false, &r->err);
		(void)printf(",\"attempt\":%" PRId64, attempts + 1);
		json_body_bytes(stdout, h->m.body, h->m.bodylen);
		(void)fputs("}\n", stdout);
	}
	return st == ST_OK ? out_flush(r) : st;
}

enum status
broker_claim(struct broker *b)
{
	struct claiming c = { .b = b, .deadline = USEC_MAX };
	struct taken *h = NULL;
	enum status st;

	if ((st = claim_typed(&c)) != ST_OK || (st = claim_open(&c)) != ST_OK)
		return st;
	if ((st = take_next(&c.t, c.wait, c.deadline, &h)) == ST_OK) {
		if (run_stopped())
			st = error_set(&b->r->err, ST_AGAIN, 0, "stopped by a signal");
		if (st == ST_OK && c.body != NULL)
			st = claim_body_to(h, c.body, &b->r->err);
		if (st == ST_OK)
			st = claim_print(&c, h);
		/* Nobody has seen the handle, so the next claimer may have the message at once. */
		if (st != ST_OK)
			take_release(&c.t, h);
		else
			taken_free(h);
	}
	return take_end(&c.t, st);
}
