/*
 * top.c: mq top: all queues on one screen, live, and what an operator does about them.
 *
 * One loop: a round of gathering (data.c) in short steps, with the keys looked after between two of
 * them, a frame, and then nothing but keys until the next round is due.
 */
#include <errno.h>
#include <locale.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/name.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "top/top.h"

#define DELAY (2 * USEC)
#define DELAY_MIN (USEC / 10)
/* Between two frames so much of the time may go into gathering. */
#define SHARE 4
/* How long a key may have to wait. */
#define STEP (20 * 1000LL)
/* Columns of -b where nobody says how many. */
#define BATCH_COLUMNS 160

static const struct opt opts[] = {
	{ 'b', "batch", NULL, false, "frames as plain text on stdout, without keys" },
	{ 'd', "delay", "DUR", false, "from one frame to the next; default 2s" },
	{ 'n', "frames", "N", false, "end after N frames" },
	OPT_END
};

/* ---- what is said at the foot ----------------------------------------- */

/* ---- views ------------------------------------------------------------ */

static void
open_queue(struct top *t, const char *name)
{
	struct error err;

	error_clear(&err);
	if (messages_open(t, name, &err) == ST_OK) {
		t->view = VIEW_MESSAGES;
		return;
	}
	messages_close(t);
	top_error(t, &err);
	t->hurry = true;
}

/* The list anew.  A queue that was removed is left. */
static void
load(struct top *t)
{
	struct error err;

	error_clear(&err);
	if (t->m.q == NULL || messages_load(t, &err) == ST_OK)
		return;
	if (err.status == ST_NOTFOUND) {
		messages_close(t);
		t->view = t->before = VIEW_QUEUES;
	}
	top_error(t, &err);
}

static void
read_message(struct top *t)
{
	const struct place *p = messages_chosen(t);
	struct error err;

	error_clear(&err);
	if (p != NULL && page_message(t->r, &t->tty, t->m.q, p, &err) != ST_OK)
		top_error(t, &err);
	screen_forget(&t->s);
	t->hurry = true;
}

/* ---- keys ------------------------------------------------------------- */

static void
move_cursor(struct cursor *c, int key)
{
	size_t page = c->page > 1 ? c->page - 1 : 1, last = c->n > 0 ? c->n - 1 : 0;

	switch (key) {
	case KEY_UP:
	case 'k':
		c->at -= c->at > 0;
		break;
	case KEY_DOWN:
	case 'j':
		c->at += c->at < last;
		break;
	case KEY_PAGE_UP:
		c->at = c->at > page ? c->at - page : 0;
		break;
	case KEY_PAGE_DOWN:
	case ' ':
		c->at = c->at + page < last ? c->at + page : last;
		break;
	case KEY_HOME:
	case 'g':
		c->at = 0;
		break;
	case KEY_END:
	case 'G':
		c->at = last;
		break;
	default:
		break;
	}
}

static void
key_filter(struct top *t, int key)
{
	size_t len = strlen(t->filter);

	if (key == KEY_ENTER || key == KEY_ESC)
		t->typing = false;
	if (key == KEY_ESC)
		t->filter[0] = '\0';
	else if (key == KEY_DELETE && len > 0)
		t->filter[len - 1] = '\0';
	else if (key > ' ' && key < 127 && len + 1 < sizeof(t->filter)) {
		t->filter[len] = (char)key;
		t->filter[len + 1] = '\0';
	}
}

static void
sort_by(struct top *t, int column)
{
	t->reverse = t->sort == column && !t->reverse;
	t->sort = column;
}

/* False: quit. */
static bool
key_queues(struct top *t, int key)
{
	const char *name = t->selected;

	if (key == 'q' || (key == KEY_ESC && t->filter[0] == '\0'))
		return false;
	if (key == KEY_ESC)
		t->filter[0] = '\0';
	else if (key == '/')
		t->typing = true;
	else if (key == 'i')
		t->reverse = !t->reverse;
	else if (top_sort_key(key) != -1)
		sort_by(t, top_sort_key(key));
	else if (name[0] != '\0' && key == KEY_ENTER)
		open_queue(t, name);
	else if (name[0] != '\0' && key == 'z')
		queue_toggle_pause(t, name);
	else if (name[0] != '\0' && key == 'R')
		chore_ask(t, name);
	else if (t->queues.n > 0) {
		move_cursor(&t->queues, key);
		(void)strlcpy(t->selected, t->d.f[t->order[t->queues.at]].name,
		    sizeof(t->selected));
	}
	return true;
}

static void
choose_tab(struct top *t, int tab)
{
	t->m.tab = (tab + NSTATES + 1) % (NSTATES + 1);
	t->m.cursor = (struct cursor){ 0 };
	load(t);
}

static void
key_messages(struct top *t, int key)
{
	if (key == 'q' || key == KEY_ESC) {
		messages_close(t);
		t->view = VIEW_QUEUES;
	} else if (key == KEY_TAB)
		choose_tab(t, t->m.tab + 1);
	else if (key == KEY_BACKTAB)
		choose_tab(t, t->m.tab - 1);
	else if (key >= '0' && key <= '0' + NSTATES)
		choose_tab(t, key - '1');	/* 0, all, is the last tab */
	else if (key == KEY_ENTER || key == 'p')
		read_message(t);
	else if (key == 'z')
		queue_toggle_pause(t, queue_name(t->m.q));
	else if (key == 'R')
		chore_ask(t, queue_name(t->m.q));
	else if (key == 'r' || key == 'h' || key == 'b' || key == 'x')
		messages_act(t, key);
	else
		move_cursor(&t->m.cursor, key);
}

static void
key_answer(struct top *t, int key)
{
	void (*yes)(struct top *) = t->ask;

	t->ask = NULL;
	t->note[0] = '\0';
	if (key == 'y' || key == 'Y')
		yes(t);
	else
		top_note(t, "not done");
}

/* False: quit. */
static bool
key_pressed(struct top *t, int key)
{
	if (t->ask != NULL) {
		key_answer(t, key);
		return true;
	}
	if (t->typing) {
		key_filter(t, key);
		return true;
	}
	t->note[0] = '\0';
	t->bad = false;
	if (t->chore.scan != NULL && key == KEY_ESC) {
		top_note(t, "stopped; retried %llu", (unsigned long long)t->chore.done);
		chore_end(t);
		return true;
	}
	if (t->view == VIEW_HELP)
		t->view = t->before;
	else if (key == '?') {
		t->before = t->view;
		t->view = VIEW_HELP;
	} else if (t->view == VIEW_MESSAGES)
		key_messages(t, key);
	else
		return key_queues(t, key);
	return true;
}

/* ---- the loop --------------------------------------------------------- */

static enum status
draw(struct top *t)
{
	struct error *err = &t->r->err;
	enum status st;

	if ((st = top_order(t, err)) != ST_OK)
		return st;
	return top_draw(t, err);
}

/* Keys until that time (clock_mono), each with its frame.  ST_NONE: quit. */
static enum status
keys(struct top *t, usec_t until)
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
		else if (key != KEY_NONE && !key_pressed(t, key))
			return ST_NONE;
		if (key != KEY_NONE)
			st = draw(t);
	} while (st == ST_OK && !t->hurry && (key != KEY_NONE || clock_mono() < until));
	return st;
}

/* Gather, in steps; ST_NONE: quit. */
static enum status
gather(struct top *t, usec_t until)
{
	struct error err;
	enum status st = ST_OK;
	bool more = true;

	error_clear(&err);
	t->hurry = false;
	if (data_round(&t->d, &err) != ST_OK)
		top_error(t, &err);
	/* Which figure stands where differs from round to round. */
	st = top_order(t, &t->r->err);
	while (st == ST_OK && more && clock_mono() < until) {
		more = data_step(&t->d, clock_mono() + STEP);
		st = keys(t, 0);
	}
	return st;
}

static enum status
live(struct top *t, int64_t frames)
{
	enum status st = ST_OK;

	for (int64_t n = 0; st == ST_OK && (frames == 0 || n < frames); n++) {
		usec_t began = clock_mono(), next = began + t->delay;
		if ((st = gather(t, began + t->delay / SHARE)) != ST_OK)
			break;
		load(t);
		if ((st = draw(t)) != ST_OK)
			break;
		while (st == ST_OK && t->chore.scan != NULL && clock_mono() < next) {
			chore_step(t, clock_mono() + STEP);
			if ((st = draw(t)) == ST_OK)
				st = keys(t, 0);
		}
		if (st == ST_OK && !t->hurry)
			st = keys(t, next);
	}
	return st == ST_NONE ? ST_OK : st;
}

static enum status
batch(struct top *t, int64_t frames)
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
		if ((st = draw(t)) != ST_OK || (st = out_flush(t->r)) != ST_OK)
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
batch_columns(void)
{
	const char *columns = getenv("COLUMNS"), *why;
	long long n = columns != NULL ? strtonum(columns, 1, 1000, &why) : 0;

	return n > 0 ? (int)n : BATCH_COLUMNS;
}

/* Everything that can be wrong is told before the terminal is another one. */
static enum status
begin(struct top *t)
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
		screen_open_plain(&t->s, batch_columns());
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
	if ((st = begin(&t)) == ST_OK)
		st = t.batch ? batch(&t, frames) : live(&t, frames);
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
	.prints = true,
};
