/*
 * top.h: between terminal.c and screen.c (where it is shown), data.c and workers.c
 * (what there is to show), columns.c, queues.c and draw.c (how), list.c
 * and page.c (what is done to messages) and top.c (options and keys).
 */
#ifndef CMD_TOP_TOP_H
#define CMD_TOP_TOP_H

#include <termios.h>

#include "base/base.h"
#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"

struct queue;
struct run;
struct scan;
struct spool;
struct termios;

/* ---- terminal.c: the terminal, its keys ------------------------------- */

/*
 * Keys beyond the bytes they send.  KEY_REDRAW: draw all of it anew; KEY_GONE: there is no terminal
 * any more.
 */
enum { KEY_NONE, KEY_TAB = '\t', KEY_ENTER = '\r', KEY_ESC = 27, KEY_DELETE = 127, KEY_UP = 256,
    KEY_DOWN,
    KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_BACKTAB, KEY_REDRAW, KEY_GONE };

struct terminal {
	struct termios saved;
	pid_t guard;		/* the process that outlives us, 0: the terminal is not ours */
	int line;		/* the pipe to it */
	char in[64];		/* bytes of keys */
	size_t nin;
};

/* Take it over.  ST_USAGE: there is none that can be used so. */
enum status terminal_open(struct terminal *t, struct error *err) MUST_CHECK;
/* Give it back, if it was taken. */
void terminal_close(struct terminal *t);
/* The same for a while, for another program. */
void terminal_leave(struct terminal *t);
void terminal_enter(struct terminal *t);
/* The next key within that time; KEY_NONE: none, or a signal came. */
int terminal_key(struct terminal *t, usec_t timeout);
void terminal_size(int *rows, int *cols);
/* ST_OK also where run_stopped() kept it from writing all. */
enum status terminal_write(const char *data, size_t len, struct error *err) MUST_CHECK;

/* ---- screen.c: frames ------------------------------------------------- */

enum { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_RED = 4, ATTR_YELLOW = 8 };

struct screen {
	int rows, cols;		/* as of screen_begin */
	bool utf8;		/* may show more than ASCII */
	/* The rest is screen.c's. */
	bool plain, colour, clear;
	char **now, **shown;	/* a line of each row; NULL: not known */
	int have;		/* rows that these have */
	int row, col;
	unsigned attr;
	FILE *f;		/* the line that is being made */
	char *text;
	size_t len;
};

void screen_open(struct screen *s);
/* Frames go to stdout as plain text, cols wide, of any number of rows. */
void screen_open_plain(struct screen *s, int cols);
void screen_close(struct screen *s);
/* What is shown is not known any more. */
void screen_forget(struct screen *s);

/*
 * A frame: begin, then for each row some puts and a newline, then end, which shows it.
 * ST_IO: it could not be written.  Rows and columns that there is no room for are dropped.
 */
void screen_begin(struct screen *s);
/*
 * Text in so many columns, cut or filled up; at their right if width is negative, as many as it
 * takes if it is 0.  What it holds is made visible by vis.
 */
void screen_put(struct screen *s, unsigned attr, int width, const char *text);
void screen_printf(struct screen *s, unsigned attr, int width, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
void screen_newline(struct screen *s);
enum status screen_end(struct screen *s, struct error *err) MUST_CHECK;

/* ---- workers.c: who works on the queues ------------------------------ */

#define COMMAND_MAX 200

/* A handler that runs. */
struct task {
	pid_t pid;
	usec_t age;
	char id[ID_LEN + 1];		/* of its message; "" if we may not see it */
	char command[COMMAND_MAX];	/* may hold foreign bytes */
};

#define TASKS_MAX 64	/* that are looked at; a worker may have more */

struct worker {
	pid_t pid;
	char user[33];
	char queue[QUEUE_NAME_MAX + 1];
	unsigned long long running, done, failed;
	bool sure;		/* it has this queue of this spool open; else we may not look */
	struct task *task;
	size_t ntasks;
};

struct workers {
	struct worker *w;
	size_t n, cap;
	size_t processes;	/* each is there once for every queue that it serves */
	usec_t next;		/* clock_mono: not before */
	/* Users that were looked up last: a directory on the net takes its time. */
	struct { uid_t uid; char name[33]; } user[8];
	unsigned nuser;
};

/*
 * Look for the workers of this spool's queues in /proc, unless that was so long that it has to
 * wait.
 */
void workers_look(struct workers *ws, const char *spool);
void workers_free(struct workers *ws);

/* ---- data.c: figures ---------------------------------------------- */

#define TREND_MAX 60

struct figure {
	char name[QUEUE_NAME_MAX + 1];
	bool counted;		/* t has been found out */
	struct tally t;
	usec_t at, cost;	/* clock_mono: when it was counted, how long that took */
	struct rates rates;	/* as of looked (clock_mono), 0: never */
	usec_t looked;
	int paused;
	/* acknowledged a second, from one look to the next; the last is the newest */
	double trend[TREND_MAX];
	size_t ntrend;
	unsigned workers, running;
	bool unsure;		/* some of these workers may be another spool's */
	char trouble[200];	/* what is wrong with it; may hold foreign bytes */
};

struct data {
	struct spool *spool;
	struct figure *f;	/* by name */
	size_t n;
	struct workers workers;
	size_t next, looked;	/* whose turn it is; how many had it in this round */
	usec_t round;		/* clock_mono: when this round began */
	bool all;		/* every queue is counted in every round, however long that takes */
	/* The queue that is being counted, a slice at a time. */
	struct queue *q;
	struct scan *scan;
	struct tally part;
	usec_t spent;
};

/* Begin a round: which queues there are, and who works on them. */
enum status data_round(struct data *d, struct error *err) MUST_CHECK;
/* Go on finding out about them until that time (clock_mono).  False: all is done in this round. */
bool data_step(struct data *d, usec_t until);
struct figure *data_find(const struct data *d, const char *name);
void data_free(struct data *d);

/* ---- top.c ------------------------------------------------------------ */

#define LIST_MAX 2000	/* messages of a state that are listed */

enum view { VIEW_QUEUES, VIEW_MESSAGES, VIEW_HELP };

/* A list on the screen: which line is chosen, and which is the first that is seen. */
struct cursor {
	size_t at, top, n;
	size_t page;		/* lines that are seen */
};

/* The messages of one queue. */
struct messages {
	struct queue *q;
	int tab;		/* state, or NSTATES: all */
	struct place *p;
	size_t n;
	bool more;		/* than LIST_MAX in some state */
	struct cursor cursor;
	char broken[200];	/* what is wrong with the policy */
};

/* Something that goes on between two frames. */
struct chore {
	struct queue *q;
	struct scan *scan;
	uint64_t done;
};

struct top {
	struct run *r;
	struct terminal tty;
	struct screen s;
	struct data d;
	enum view view, before;	/* before: help */
	bool batch;
	usec_t delay, now;
	int sort;		/* which column */
	bool reverse;
	size_t *order;		/* the figures that match, as they are shown */
	struct cursor queues;
	char selected[QUEUE_NAME_MAX + 1];
	struct messages m;
	char filter[QUEUE_NAME_MAX + 1];
	bool typing;		/* the filter */
	void (*ask)(struct top *);	/* what "y" does, to which of these */
	struct place asked;
	char asked_queue[QUEUE_NAME_MAX + 1];
	char note[400];		/* the line at the foot; "" for the hints; may hold foreign bytes */
	bool bad;		/* the note is about an error */
	struct chore chore;
	bool hurry;		/* something was changed: look again now */
};

/* ---- keys.c ------------------------------------------------------- */

/* What a key does; false: it ends top. */
bool top_key(struct top *t, int key);
/* List the messages of the chosen queue anew. */
void top_load(struct top *t);

/* ---- columns.c: what is said of a queue --------------------------- */

#define NCOLUMNS 12
#define CELL_MAX (TREND_MAX * 3 + 1)	/* bytes of what a cell prints */

struct column {
	const char *title;
	int width;		/* negative: at the right of it; 0: as wide as there is room */
	int rank;		/* those with the lowest go first where it is narrow */
	void (*cell)(const struct top *, const struct figure *, char *buf, size_t);
	int key;		/* sorts by it; 0: none does */
	int (*cmp)(const struct figure *, const struct figure *);
	bool uncounted;		/* it is known before the messages are counted */
};
extern const struct column top_columns[NCOLUMNS];
enum { COLUMN_NAME, COLUMN_READY, COLUMN_DELAYED, COLUMN_CLAIMED, COLUMN_HELD, COLUMN_DEAD,
    COLUMN_OLDEST,
    COLUMN_IN, COLUMN_OUT, COLUMN_TREND, COLUMN_DRAIN, COLUMN_WORKERS };

/* In five columns; in six: two units, no blank. */
void short_number(char *buf, size_t size, uint64_t n);
void short_age(char *buf, size_t size, usec_t age);
/* Pushed and acknowledged a second, during the last minute. */
double rate_in(const struct figure *f);
double rate_out(const struct figure *f);
/* Whether it was counted longer ago than a frame or two. */
bool figure_stale(const struct top *t, const struct figure *f);
/* The newest of a trend that was printed, as many as there is room for. */
const char *trend_tail(const struct top *t, const struct figure *f, const char *text, int width);
/* Which queues are shown, and in which order. */
enum status top_order(struct top *t, struct error *err) MUST_CHECK;
/* The column that a key sorts by, -1: none. */
int top_sort_key(int key);

/* ---- draw.c, queues.c ----------------------------------------- */

/* One frame of the present view. */
enum status top_draw(struct top *t, struct error *err) MUST_CHECK;
/* What the screens have in common: the first line, the part of a list that fits, the last lines. */
void draw_title(struct top *t, const char *queue);
void draw_fit(struct top *t, struct cursor *c);
void draw_foot(struct top *t, const char *info, const char *hints);
/* The screen of all queues. */
void draw_queues(struct top *t);

/* ---- list.c: one queue's messages, and what is done to them ------- */

enum status messages_open(struct top *t, const char *queue, struct error *err) MUST_CHECK;
enum status messages_load(struct top *t, struct error *err) MUST_CHECK;
void messages_close(struct top *t);
const struct place *messages_chosen(const struct top *t);
/* What the key does to the message that is chosen. */
void messages_act(struct top *t, int key);
void queue_toggle_pause(struct top *t, const char *name);
/*
 * All dead messages of a queue are retried, once "y" was answered; some at a time, until that time.
 */
void chore_ask(struct top *t, const char *name);
void chore_step(struct top *t, usec_t until);
void chore_end(struct top *t);

void top_note(struct top *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void top_error(struct top *t, struct error *err);

/* ---- page.c ------------------------------------------------------- */

/* Show a message in $PAGER.  The terminal is the pager's meanwhile. */
enum status page_message(struct run *r, struct terminal *t, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;

#endif
