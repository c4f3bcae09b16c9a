/*
 * relay.c: mq relay: store and forward between a local queue and an engine.
 */
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "relay/relay.h"

#define WINDOW 200
#define WINDOW_MAX 10000

enum { NAME = OPT_LONG, DRAIN, CONFIG };

static const struct opt opts[] = {
	{ NAME, "name", "NAME", false, "what the relay is called; alone: the one of mq.conf" },
	{ 'j', "window", "N", false, "so many messages under way at most; default 200" },
	{ DRAIN, "drain", NULL, false, "end when there is nothing left" },
	{ CONFIG, "config", NULL, false, "run all relays of mq.conf" },
	OPT_END
};

struct asked {
	struct run *r;
	const char *name;
	int64_t window;		/* 0: not given */
	bool drain, config;
	char *source, *destination;	/* of [relay NAME] */
	struct names names;
};

static enum status
relay_typed(struct asked *a)
{
	struct run *r = a->r;
	enum status st = ST_OK;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case NAME:
			a->name = arg;
			break;
		case 'j':
			st = arg_number(r, "--window", arg, 1, WINDOW_MAX, &a->window);
			break;
		case DRAIN:
			a->drain = true;
			break;
		default:
			a->config = true;
		}
	if (st != ST_OK)
		return st;
	if (a->config && (a->name != NULL || r->noperands > 0))
		return run_usage(
		    r, "--config runs all relays of mq.conf; --name NAME runs one of them");
	if (!a->config && r->noperands == 0 && a->name == NULL)
		return run_usage(
		    r, "say SOURCE and DESTINATION, or --name NAME of mq.conf, or --config");
	return a->config || (r->noperands == 0 && a->name != NULL) ? ST_OK : run_operands(r, 2, 2);
}

/* ---- mq.conf ---------------------------------------------------------------- */

static bool
relay_text(char **to, const char *value)
{
	free(*to);
	return (*to = strdup(value)) != NULL;
}

static bool
relay_section(void *arg, const char *section, const char *key, const char *value)
{
	struct asked *a = arg;
	const char *why;
	int64_t n;

	if (strncmp(section, "relay ", 6) != 0 || strcmp(section + 6, a->name) != 0)
		return true;
	if (strcmp(key, "source") == 0)
		return relay_text(&a->source, value);
	if (strcmp(key, "destination") == 0)
		return relay_text(&a->destination, value);
	n = strtonum(value, 1, WINDOW_MAX, &why);
	if (a->window == 0)
		a->window = n;
	return why == NULL;
}

static bool
relay_name(void *arg, const char *section, const char *key, const char *value)
{
	struct asked *a = arg;
	struct error ignored = { 0 };

	(void)value;
	return strncmp(section, "relay ", 6) != 0 || strcmp(key, "source") != 0 ||
	    names_add(&a->names, section + 6, &ignored) == ST_OK;
}

static enum status
relay_find(struct asked *a)
{
	struct run *r = a->r;
	enum status st = conf_sections(&r->files, relay_section, a, &r->err);

	if (st != ST_OK)
		return st;
	if (a->source == NULL || a->destination == NULL)
		return error_set(&r->err, ST_CONF, 0,
		    "no [relay %s] with 'source' and 'destination' "
		    "in mq.conf",
		    a->name);
	return ST_OK;
}

/* ---- one relay ---------------------------------------------------------------- */

static enum status
relay_one(struct asked *a, const char *source, const char *destination)
{
	struct relay y = { .r = a->r, .drain = a->drain, .window = a->window == 0 ? WINDOW :
	    a->window };
	enum status st = relay_setup(&y, a->name, source, destination);

	if (st == ST_OK)
		st = relay_run(&y);
	relay_close(&y);
	return st;
}

/* ---- all of them -------------------------------------------------------------- */

static volatile sig_atomic_t passed_on;

static void
relay_pass_on(int sig)
{
	passed_on = sig;
}

/* A process for each relay, so that one that fails or hangs holds up no other. */
static enum status
relay_start(struct asked *a, pid_t *pids)
{
	struct run *r = a->r;
	enum status st;

	for (size_t i = 0; i < a->names.n; i++) {
		a->name = a->names.name[i];
		if ((pids[i] = fork()) == -1)
			return error_sys(&r->err, errno, "start relay '%s'", a->name);
		if (pids[i] > 0)
			continue;
		(void)signal(SIGTERM, SIG_DFL);
		(void)signal(SIGINT, SIG_DFL);
		(void)signal(SIGHUP, SIG_DFL);
		a->window = 0;
		if ((st = relay_find(a)) == ST_OK)
			st = relay_one(a, a->source, a->destination);
		if (st != ST_OK && !run_stopped())
			run_complain(r);
		_exit(run_stopped() ? 0 : status_exit(st));
	}
	return ST_OK;
}

/* Wait for all; the worst exit status is ours. */
static void
relay_wait_all(struct asked *a, const pid_t *pids)
{
	size_t left = a->names.n;
	int status;

	while (left > 0) {
		if (waitpid(-1, &status, 0) == -1) {
			if (errno != EINTR)
				return;
			for (size_t i = 0; i < a->names.n; i++)
				if (passed_on != 0 && pids[i] > 0)
					(void)kill(pids[i], passed_on);
			continue;
		}
		left--;
		status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
		if (status > a->r->exit_code)
			a->r->exit_code = status;
	}
}

static enum status
relay_all(struct asked *a)
{
	struct run *r = a->r;
	enum status st = conf_sections(&r->files, relay_name, a, &r->err);
	pid_t *pids;

	if (st == ST_OK && a->names.n == 0)
		return error_set(&r->err, ST_CONF, 0, "no [relay NAME] in mq.conf");
	if (st != ST_OK)
		return st;
	if ((pids = calloc(a->names.n, sizeof(*pids))) == NULL)
		return error_sys(&r->err, ENOMEM, "relay");
	run_catch(SIGTERM, relay_pass_on);
	run_catch(SIGINT, relay_pass_on);
	run_catch(SIGHUP, relay_pass_on);
	st = relay_start(a, pids);
	relay_wait_all(a, pids);
	free(pids);
	return st;
}

static enum status
run_relay(struct run *r)
{
	struct asked a = { .r = r };
	enum status st;

	if ((st = relay_typed(&a)) == ST_OK && (st = run_spool(r, true)) == ST_OK) {
		if (a.config)
			st = relay_all(&a);
		else if (r->noperands == 2)
			st = relay_one(&a, r->operand[0], r->operand[1]);
		else if ((st = relay_find(&a)) == ST_OK)
			st = relay_one(&a, a.source, a.destination);
	}
	free(a.source);
	free(a.destination);
	names_free(&a.names);
	return st;
}

const struct cmd cmd_relay = {
	.name = "relay",
	.operands = "[SOURCE DESTINATION]",
	.summary = "carry messages between a queue and a message engine",
	.opts = opts,
	.run = run_relay,
};
