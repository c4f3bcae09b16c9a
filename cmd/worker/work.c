/*
 * work.c: mq work: a command for each message.  Its options and operands are dealt with here.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/files.h"
#include "shared/progress.h"
#include "shared/typed.h"
#include "engine/address.h"
#include "worker/batch.h"
#include "worker/guard.h"
#include "worker/supply.h"
#include "worker/work.h"

enum { DRAIN = OPT_LONG, TIMEOUT, WAIT_GRACE, RATE, LEASE, CONFIG, REPLY, BATCH, FRAME,
    PERSISTENT };

static const struct opt opts[] = {
	{ 'j', "jobs", "N", false, "run up to N handlers at once; default 1" },
	{ DRAIN, "drain", "all", true, "stop when nothing is ready; all: nor delayed or claimed" },
	{ 'n', "limit", "MAX", false, "stop after MAX messages" },
	{ TIMEOUT, "timeout", "DUR", false, "stop a handler that runs longer; a failed attempt" },
	{ WAIT_GRACE, "grace", "DUR", false, "after SIGTERM, stop handlers that still run then" },
	{ RATE, "rate", "N/s", false, "start at most N handlers a second (N/m, N/h)" },
	{ LEASE, "lease", "DUR", false, "length of the lease instead of the policy's" },
	{ REPLY, "reply", NULL, false, "what a handler prints is the answer to its message" },
	{ PERSISTENT, "persistent", NULL, false,
	    "start CMD once and give it message after message" },
	{ BATCH, "batch", "N[,BYTES[,DUR]]", false,
	    "up to N messages at once, BYTES long, waiting DUR for them" },
	{ FRAME, "frame", "HOW", false, "how a batch is given: lines, null, json" },
	{ CONFIG, "config", NULL, false, "command, jobs and time limit from the policies" },
	OPT_END
};

static enum status
option_batch(struct work *w, const char *arg)
{
	char text[80], *rest = text, *n, *bytes, *wait;
	enum status st;

	if (strlcpy(text, arg, sizeof(text)) >= sizeof(text))
		return run_usage(w->r, "--batch: '%s' is not N[,BYTES[,DUR]]", arg);
	n = strsep(&rest, ",");
	bytes = strsep(&rest, ",");
	wait = rest;
	w->mode = MODE_BATCH;
	st = arg_number(w->r, "--batch", n, 1, BATCH_MAX, &w->batch);
	if (st == ST_OK && bytes != NULL && bytes[0] != '\0')
		st = arg_size(w->r, "--batch", bytes, &w->batch_bytes);
	if (st == ST_OK && wait != NULL)
		st = arg_duration(w->r, "--batch", wait, &w->batch_wait);
	return st;
}

static enum status
option_frame(struct work *w, const char *arg)
{
	static const char *const names[] = { [FRAME_LINES] = "lines", [FRAME_NULL] = "null",
	    [FRAME_JSON] = "json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (strcmp(arg, names[i]) == 0) {
			w->frame = (enum framing)i;
			w->framed = true;
			return ST_OK;
		}
	return run_usage(w->r, "--frame: '%s' is not lines, null or json", arg);
}

/* Refuse options that contradict each other. */
static enum status
options_check(struct work *w)
{
	if (w->framed && w->batch == 0)
		return run_usage(w->r, "--frame is for --batch");
	if (w->persistent && w->batch > 0)
		return run_usage(w->r, "--persistent and --batch: one or the other");
	if (w->reply && (w->persistent || w->batch > 0))
		return run_usage(w->r,
		    "--reply: only for a handler that is started for each message");
	if (w->persistent)
		w->mode = MODE_STAY;
	if (w->batch == 0)
		w->batch = 1;
	return ST_OK;
}

static enum status
options(struct work *w)
{
	enum status st = ST_OK;
	struct run *r = w->r;
	const char *arg;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		switch (key) {
		case 'j':
			st = arg_number(r, "-j", arg, 1, MAX_JOBS, &w->jobs);
			break;
		case DRAIN:
			w->drain = arg == NULL ? DRAIN_READY : DRAIN_ALL;
			if (arg != NULL && strcmp(arg, "all") != 0)
				st = run_usage(r, "--drain=%s: the only word it takes is 'all'",
				    arg);
			break;
		case 'n':
			st = arg_number(r, "-n", arg, 1, INT64_MAX, &w->max);
			break;
		case TIMEOUT:
			st = arg_duration(r, "--timeout", arg, &w->timeout);
			break;
		case WAIT_GRACE:
			st = arg_duration(r, "--grace", arg, &w->grace);
			break;
		case RATE:
			st = arg_rate(r, "--rate", arg, &w->interval);
			break;
		case LEASE:
			st = typed_lease(r, arg, &w->claim.lease);
			break;
		case REPLY:
			w->reply = true;
			break;
		case PERSISTENT:
			w->persistent = true;
			break;
		case BATCH:
			st = option_batch(w, arg);
			break;
		case FRAME:
			st = option_frame(w, arg);
			break;
		case CONFIG:
			w->config = true;
			break;
		default:
			break;
		}
	return st == ST_OK ? options_check(w) : st;
}

static enum status
run_work(struct run *r)
{
	struct work w = { .r = r, .supply = address_is(run_asked_spool()) ?
	    &supply_engine : &supply_spool, .timeout = -1, .grace = -1,
	    .claim = { .hold = true }, .sigfd = -1, .timefd = -1, .notify = { .fd = -1 } };
	enum status st;

	if ((st = options(&w)) != ST_OK || (st = run_operands(r, 1, -1)) != ST_OK)
		return st;
	if (r->before == 0)
		return run_usage(r, "the queue is missing: mq work QUEUE -- CMD [ARG...]");
	if (!w.config && r->noperands - (r->before > 0 ? r->before : 1) < 1)
		return run_usage(r, "the command to run is missing: mq work QUEUE -- CMD [ARG...], "
		    "or --config QUEUE");
	if (w.config && r->before != -1 && r->before < r->noperands)
		return run_usage(r, "--config and a command: the queue's policy has the command");
	files_raise();
	if ((st = setup_sources(&w)) == ST_OK && (st = guard_start(w.slots, &r->err)) == ST_OK &&
	    (st = setup_worker(&w, &r->err)) == ST_OK && (st = setup_start(&w)) == ST_OK) {
		run_title(r);
		progress_start(&w.progress, r);
		w.progress.on &= w.drain != DRAIN_NO;
		setup_count(&w);
		if ((st = work_loop(&w, &r->err)) != ST_OK)
			work_wind_down(&w);
		else {
			work_enter(&w, PHASE_CLOSING);
			work_tell(&w, clock_mono());
		}
		work_retire(&w);
		doubt_end(&w);
		progress_clear();
	}
	w.supply->finish(&w);
	guard_stop();
	notify_close(&w.notify);
	setup_close(&w);
	if (w.sigfd != -1)
		(void)close(w.sigfd);
	if (w.timefd != -1)
		(void)close(w.timefd);
	deadlines_close(&w.deadlines);
	free(w.h);
	free(w.claims);
	free(w.pfd);
	free(w.arrivals);
	r->exit_code = w.exit_code;
	r->told = st == ST_OK;	/* what is in 'worst' was told when it happened */
	return st == ST_OK ? w.worst : st;
}

const struct cmd cmd_work = {
	.name = "work",
	.operands = "QUEUE... [-- CMD [ARG...]]",
	.summary = "run a command for each message",
	.opts = opts,
	.run = run_work,
};
