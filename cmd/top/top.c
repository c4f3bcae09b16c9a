/*
 * top.c: mq top: all queues on one screen, live, and keys for an operator to act on them.
 *
 * Each turn of the loop gathers figures (data.c) in short steps and looks at the keys between two
 * steps.  Then it draws a frame, and waits for keys until the next turn is due.
 */
#include <locale.h>
#include <stdlib.h>
#include <time.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "top/top.h"

#define DELAY (2 * USEC)
#define DELAY_MIN (USEC / 10)
/* At most one part in this many of the time between two frames is spent on gathering. */
#define SHARE 4
/* How long a key may have to wait. */
#define STEP (20 * 1000LL)
/* The width of -b if nothing else sets it. */
#define BATCH_COLUMNS 160

static const struct opt opts[] = {
	{ 'b', "batch", NULL, false, "frames as plain text on stdout, without keys" },
	{ 'd', "delay", "DUR", false, "from one frame to the next; default 2s" },
	{ 'n', "frames", "N", false, "end after N frames" },
	OPT_END
};

/* ---- the loop --------------------------------------------------------- */

static enum status
top_paint(struct top *t)
{
	struct error *err = &t->r->err;
	enum status st;

	if ((st = top_order(t, err)) != ST_OK)
		return st;
	return top_draw(t, err);
}

/* Handle keys until 'until' (clock_mono), and draw a frame after each.  ST_NONE: quit. */
static enum status
top_keys(struct top *t, usec_t until)
{
	enum status st = ST_OK;
	usec_t now;
	int key;

	do {
		now = clock_mono();
		key = terminal_key(&t->tty, until > now ? until - now : 0);
		if (key == KEY_GONE)
			return error_set(&t->r->err, ST_IO, 0, "the terminal is gone");
		if (run_stopped())
			return ST_NONE;
		if (key == KEY_REDRAW)
			screen_forget(&t->s);
		else if (key != KEY_NONE && !top_key(t, key))
			return ST_NONE;
		if (key != KEY_NONE)
			st = top_paint(t);
	} while (st == ST_OK && !t->hurry && (key != KEY_NONE || clock_mono() < until));
	return st;
}

/* Gather figures in steps, until 'until' (clock_mono).  ST_NONE: quit. */
static enum status
top_gather(struct top *t, usec_t until)
{
	struct error err;
	enum status st = ST_OK;
	bool more = true;

	error_clear(&err);
	t->hurry = false;
	if (data_round(&t->d, &err) != ST_OK)
		top_error(t, &err);
	/* The new round has changed which figure is at which index. */
	st = top_order(t, &t->r->err);
	while (st == ST_OK && more && clock_mono() < until) {
		more = data_step(&t->d, clock_mono() + STEP);
		st = top_keys(t, 0);
	}
	return st;
}

static enum status
top_live(struct top *t, int64_t frames)
{
	enum status st = ST_OK;

	for (int64_t n = 0; st == ST_OK && (frames == 0 || n < frames); n++) {
		usec_t began = clock_mono(), next = began + t->delay;
		if ((st = top_gather(t, began + t->delay / SHARE)) != ST_OK)
			break;
		top_load(t);
		if ((st = top_paint(t)) != ST_OK)
			break;
		while (st == ST_OK && t->chore.scan != NULL && clock_mono() < next) {
			chore_step(t, clock_mono() + STEP);
			if ((st = top_paint(t)) == ST_OK)
				st = top_keys(t, 0);
		}
		if (st == ST_OK && !t->hurry)
			st = top_keys(t, next);
	}
	return st == ST_NONE ? ST_OK : st;
}

static enum status
top_batch(struct top *t, int64_t frames)
{
	struct timespec delay = { t->delay / USEC, t->delay % USEC * 1000 };
	struct error *err = &t->r->err;
	enum status st = ST_OK;

	for (int64_t n = 0; (frames == 0 || n < frames) && !run_stopped(); n++) {
		if (n > 0) {
			(void)nanosleep(&delay, NULL);
			(void)putchar('\n');
		}
		if ((st = data_round(&t->d, err)) != ST_OK)
			return st;
		while (!run_stopped() && data_step(&t->d, USEC_MAX))
			continue;
		if (t->m.q != NULL && (st = messages_load(t, err)) != ST_OK)
			return st;
		if ((st = top_paint(t)) != ST_OK || (st = out_flush(t->r)) != ST_OK)
			return st;
	}
	return ST_OK;
}

/* ---- running ---------------------------------------------------------- */

static enum status
options(struct top *t, int64_t *frames)
{
	struct run *r = t->r;
	const char *arg;
	enum status st = ST_OK;
	int key;

	while (st == ST_OK && (key = run_option(r, &arg)) != 0)
		if (key == 'b')
			t->batch = true;
		else if (key == 'n')
			st = arg_number(r, "-n", arg, 1, INT64_MAX, frames);
		else if ((st = arg_duration(r, "-d", arg, &t->delay)) == ST_OK &&
		    t->delay < DELAY_MIN)
			st = run_usage(r, "-d: %s is too short: 100ms or more", arg);
	return st == ST_OK ? run_operands(r, 0, 1) : st;
}

static int
top_batch_columns(void)
{
	const char *columns = getenv("COLUMNS"), *why;
	long long n = columns != NULL ? strtonum(columns, 1, 1000, &why) : 0;

	return n > 0 ? (int)n : BATCH_COLUMNS;
}

/* What may go wrong is told first, before the screen changes. */
static enum status
top_begin(struct top *t)
{
	struct run *r = t->r;
	struct queue *q = NULL;
	enum status st;

	if (r->noperands == 1) {
		if ((st = run_queue(r, r->operand[0], &q)) != ST_OK)
			return st;
		queue_close(q);
	} else if ((st = run_spool(r, false)) != ST_OK)
		return st;
	t->d.spool = r->spool;
	if (q != NULL && (st = messages_open(t, r->operand[0], &r->err)) != ST_OK)
		return st;
	if (q != NULL)
		t->view = VIEW_MESSAGES;
	(void)setlocale(LC_CTYPE, "");
	run_stoppable();
	t->d.all = t->batch;
	if (t->batch) {
		screen_open_plain(&t->s, top_batch_columns());
		return ST_OK;
	}
	screen_open(&t->s);
	return terminal_open(&t->tty, &r->err);
}

static enum status
run_top(struct run *r)
{
	struct top t = { .r = r, .delay = DELAY };
	int64_t frames = 0;
	enum status st;

	if ((st = options(&t, &frames)) != ST_OK)
		return st;
	if ((st = top_begin(&t)) == ST_OK)
		st = t.batch ? top_batch(&t, frames) : top_live(&t, frames);
	chore_end(&t);
	terminal_close(&t.tty);
	screen_close(&t.s);
	messages_close(&t);
	data_free(&t.d);
	free(t.order);
	return st;
}

const struct cmd cmd_top = {
	.name = "top",
	.operands = "[QUEUE]",
	.summary = "all queues on one screen, live; look into one, act on it",
	.opts = opts,
	.run = run_top,
	.looks = true,
	.pipe = PIPE_ENDS,
};
