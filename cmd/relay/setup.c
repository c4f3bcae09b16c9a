/*
 * setup.c: what a relay opens before it runs.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/policy.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "relay/relay.h"

/* How long the engine is to wait for us before it gives a message to somebody else. */
#define LEASE_IN (60 * USEC)

/* Make a name from what is relayed: "jobs-to-rabbit", "rabbit-to-jobs". */
static void
setup_name(struct relay *y)
{
	const char *engine = y->address.what[0] == '@' ? y->address.what + 1 : y->address.scheme;
	char *name = y->state.name;
	int part = (int)strcspn(engine, "/+");

	if (y->out)
		(void)snprintf(name, sizeof(y->state.name), "%.28s-to-%.*s", y->state.queue,
		    part < 28 ? part : 28, engine);
	else
		(void)snprintf(name, sizeof(y->state.name), "%.*s-to-%.28s", part < 28 ? part : 28,
		    engine, y->state.queue);
}

/* Two hosts, and two spools of a host, may have relays of one name: NAME@HOST.HASH. */
static void
setup_mark(struct relay *y)
{
	const char *typed = spool_path(y->r->spool);
	char host[65] = "", path[PATH_MAX], *spool = path;

	/* However it was typed: an engine knows a relay by its mark. */
	if (realpath(typed, path) == NULL)
		(void)strlcpy(path, typed, sizeof(path));

	if (gethostname(host, sizeof(host) - 1) == -1)
		(void)strlcpy(host, "localhost", sizeof(host));
	for (char *p = host; *p != '\0'; p++)
		if (*p == ',' || *p <= ' ')
			*p = '-';
	(void)snprintf(y->mark, sizeof(y->mark), "%s@%s.%08x", y->state.name, host,
	    (unsigned)(fnv1a(spool, strlen(spool)) & 0xffffffff));
}

static enum status
setup_ends(struct relay *y, const char *source, const char *destination)
{
	bool out = address_is(destination);
	const char *local = out ? source : destination;

	if (out == address_is(source))
		return run_usage(y->r,
		    "one of the two has to be a local queue, the other URL/QUEUE or "
		    "@NAME/QUEUE");
	y->out = out;
	y->way = out ? &relay_out : &relay_in;
	(void)strlcpy(y->state.source, source, sizeof(y->state.source));
	(void)strlcpy(y->state.destination, destination, sizeof(y->state.destination));
	if (strlcpy(y->state.queue, local, sizeof(y->state.queue)) >= sizeof(y->state.queue))
		return run_usage(y->r, "'%.60s' is no name of a queue", local);
	return address_split(y->r, out ? destination : source, &y->address, y->target);
}

static enum status
setup_in(struct relay *y)
{
	struct error *err = &y->r->err;
	enum status st;

	y->lease = LEASE_IN;
	y->opt.priority = PRIORITY_DEFAULT;
	y->opt.once = "";	/* each message says its own */
	if ((y->pending = calloc((size_t)y->window, sizeof(*y->pending))) == NULL)
		return error_sys(err, ENOMEM, "relay");
	if ((st = run_queue_create(y->r, y->state.queue, &y->q)) != ST_OK ||
	    (st = queue_accept(y->q, &y->accept, err)) != ST_OK || !queue_is_topic(y->q))
		return st;
	st = gate_open(y->q, NULL, &y->gate, err);
	y->opt.gate = y->gate;
	return st;
}

static enum status
setup_out(struct relay *y)
{
	enum status st = run_queue_consume(y->r, y->state.queue, &y->q);

	if (st == ST_OK)
		y->lease = queue_policy(y->q)->lease;
	return st;
}

enum status
relay_setup(struct relay *y, const char *name, const char *source, const char *destination)
{
	struct relay_state *s = &y->state;
	enum status st;

	if ((st = setup_ends(y, source, destination)) != ST_OK || (st = run_conf(y->r)) != ST_OK)
		return st;
	if (name == NULL)
		setup_name(y);
	else if (!queue_name_ok(name))
		return run_usage(y->r, "--name: '%.60s' is no name: it has the letters of names of "
		    "queues", name);
	else
		(void)strlcpy(s->name, name, sizeof(s->name));
	if ((y->parcel = calloc((size_t)y->window, sizeof(*y->parcel))) == NULL)
		return error_sys(&y->r->err, ENOMEM, "relay");
	if ((st = y->out ? setup_out(y) : setup_in(y)) != ST_OK ||
	    (st = relays_lock(y->r, s)) != ST_OK)
		return st;
	setup_mark(y);
	s->pid = getpid();
	s->started = s->since = clock_now();
	relays_write(y->r, s);
	return ST_OK;
}

void
relay_close(struct relay *y)
{
	waiter_close(y->waiter);
	gate_close(y->gate);
	queue_close(y->q);
	address_free(&y->address);
	free(y->parcel);
	free(y->pending);
}
