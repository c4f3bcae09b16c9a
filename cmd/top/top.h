/*
 * top.h: what the files of mq top know of each other.
 *
 *	data.c, workers.c	find out what there is to show
 *	columns.c, queues.c, draw.c, frame.c	lay it out
 *	terminal.c, screen.c	show it
 *	list.c, page.c	the messages of a queue, and what is done to them
 *	top.c, keys.c	options, the loop, and what each key does
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
 * A key is the byte that it sends, or one of these.  KEY_REDRAW: draw the whole screen anew.
 * KEY_GONE: there is no terminal any more.
 */
enum { KEY_NONE, KEY_TAB = '\t', KEY_ENTER = '\r', KEY_ESC = 27, KEY_DELETE = 127, KEY_UP = 256,
    KEY_DOWN,
    KEY_PAGE_UP, KEY_PAGE_DOWN, KEY_HOME, KEY_END, KEY_BACKTAB, KEY_REDRAW, KEY_GONE };

struct terminal {
	struct termios saved;
	pid_t guard;		/* the process that outlives us; 0: the terminal is not ours */
	int line;		/* the pipe to the guard */
	char in[64];		/* bytes of keys that were not taken yet */
	size_t nin;
};

/* Take the terminal over.  ST_USAGE: there is none, or it cannot be drawn on. */
enum status terminal_open(struct terminal *t, struct error *err) MUST_CHECK;
/* Give the terminal back, if it was taken over. */
void terminal_close(struct terminal *t);
/* Give the terminal to another program for a while. */
void terminal_leave(struct terminal *t);
/* Take the terminal over again. */
void terminal_enter(struct terminal *t);
/* Wait up to 'timeout' for a key.  KEY_NONE: none came, or a signal came first. */
int terminal_key(struct terminal *t, usec_t timeout);
/* Write all of 'data'.  If run_stopped() says that we are to end, the rest is left out: ST_OK. */
enum status terminal_write(const char *data, size_t len, struct error *err) MUST_CHECK;

/* ---- screen.c: frames ------------------------------------------------- */

enum { ATTR_BOLD = 1, ATTR_REVERSE = 2, ATTR_RED = 4, ATTR_YELLOW = 8 };

struct screen {
	int rows, cols;		/* the size when the frame began */
	bool utf8;		/* the terminal can show more than ASCII */
	/* What follows is for screen.c alone. */
	bool plain, colour, clear;
	char **now, **shown;	/* the new and the shown line of each row; NULL: not known */
	int have;		/* rows in 'now' and in 'shown' */
	int row, col;
	unsigned attr;
	FILE *f;		/* the line that is being made */
	char *text;
	size_t len;
};

void screen_open(struct screen *s);
/* Print frames to stdout as plain text, 'cols' wide, with any number of rows. */
void screen_open_plain(struct screen *s, int cols);
void screen_close(struct screen *s);
/* Forget what is shown, so that the next frame is drawn as a whole. */
void screen_forget(struct screen *s);

/*
 * To make a frame, call screen_begin, then for each row screen_put and screen_newline, and then
 * screen_end.  Rows and columns that do not fit are left out.
 */
void screen_begin(struct screen *s);
/*
 * Put 'text' into 'width' columns: it is cut, or filled up with blanks.  With a negative 'width'
 * the text stands at the right; with 0 it takes the columns that it needs.  vis makes foreign
 * bytes in it visible.
 */
void screen_put(struct screen *s, unsigned attr, int width, const char *text);
void screen_printf(struct screen *s, unsigned attr, int width, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
void screen_newline(struct screen *s);
/* Show the frame.  ST_IO: it could not be written. */
enum status screen_end(struct screen *s, struct error *err) MUST_CHECK;

/* ---- workers.c: who works on the queues ------------------------------ */

#define COMMAND_MAX 200

/* A handler that runs. */
struct task {
	pid_t pid;
	usec_t age;
	char id[ID_LEN + 1];		/* the id of its message */
	char command[COMMAND_MAX];	/* may hold foreign bytes */
};

#define TASKS_MAX 64	/* a worker may have more handlers, but we look only at these */

struct worker {
	pid_t pid;
	char user[33];
	char queue[QUEUE_NAME_MAX + 1];
	unsigned long long running, done, failed;
	bool sure;		/* it has this queue of this spool open; false: we cannot tell */
	struct task *task;
	size_t ntasks;
};

struct workers {
	struct worker *w;
	size_t n, cap;
	size_t processes;	/* less than 'n' if a process serves several queues */
	usec_t next;		/* clock_mono: do not look again before */
	/* The users that were looked up last, since a directory in the network may be slow. */
	struct { uid_t uid; char name[33]; } user[8];
	unsigned nuser;
};

/*
 * Look in /proc for the workers of the queues of 'spool'.  If the last look took long, this one is
 * left out until some time has passed.
 */
void workers_look(struct workers *ws, const char *spool);
void workers_free(struct workers *ws);

/* ---- data.c: figures ---------------------------------------------- */

#define TREND_MAX 60

struct figure {
	char name[QUEUE_NAME_MAX + 1];
	bool counted;		/* 't' is known */
	struct tally t;
	usec_t at, cost;	/* clock_mono: when it was counted, and how long that took */
	struct rates rates;	/* as they were at 'looked' */
	usec_t looked;		/* clock_mono: the last look; 0: there was none */
	int paused;
	/* messages acknowledged per second, from one look to the next; the last is the newest */
	double trend[TREND_MAX];
	size_t ntrend;
	unsigned workers, running;
	bool unsure;		/* some of these workers may be another spool's */
	char trouble[200];	/* what is wrong with the queue; may hold foreign bytes */
};

struct data {
	struct spool *spool;
	struct figure *f;	/* sorted by name */
	size_t n;
	struct workers workers;
	size_t next, looked;	/* the next to be looked at; how many were, in this round */
	usec_t round;		/* clock_mono: when this round began */
	bool all;		/* every queue is counted in every round, however long that takes */
	/* The queue that is being counted, a slice at a time. */
	struct queue *q;
	struct scan *scan;
	struct tally part;
	usec_t spent;
};

/* Begin a round: find out which queues there are, and who works on them. */
enum status data_round(struct data *d, struct error *err) MUST_CHECK;
/* Find out more, until 'until' (clock_mono).  False: this round has no more to do. */
bool data_step(struct data *d, usec_t until);
struct figure *data_find(const struct data *d, const char *name);
void data_free(struct data *d);

/* ---- top.c ------------------------------------------------------------ */

#define LIST_MAX 2000	/* messages of a state that are listed at most */

enum view { VIEW_QUEUES, VIEW_MESSAGES, VIEW_HELP };

/* A list on the screen: the line that is chosen, and the first line that is seen. */
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
	bool more;		/* some state has more than LIST_MAX messages */
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
	enum view view, before;	/* 'before': the view to which help goes back */
	bool batch;
	usec_t delay, now;
	int sort;		/* the column to sort by */
	bool reverse;
	size_t *order;		/* the figures that match the filter, in the order shown */
	struct cursor queues;
	char selected[QUEUE_NAME_MAX + 1];
	struct messages m;
	char filter[QUEUE_NAME_MAX + 1];
	bool typing;		/* the user types the filter */
	void (*ask)(struct top *);	/* what "y" does; NULL: there is no question */
	struct place asked;	/* the message that the question is about */
	char asked_queue[QUEUE_NAME_MAX + 1];	/* or the queue */
	char note[400];		/* the line at the foot; "" for the hints; may hold foreign bytes */
	bool bad;		/* the note is about an error */
	struct chore chore;
	bool hurry;		/* the user changed something: look again now */
};

/* ---- keys.c ------------------------------------------------------- */

/* Do what the key asks for.  False: it ends mq top. */
bool top_key(struct top *t, int key);
/* List the messages of the open queue anew, if they are shown. */
void top_load(struct top *t);

/* ---- columns.c: what is shown of a queue -------------------------- */

#define NCOLUMNS 12
#define CELL_MAX (TREND_MAX * 3 + 1)	/* bytes of what a cell prints */

struct column {
	const char *title;
	int width;		/* negative: the text stands at the right; 0: what room there is */
	int rank;		/* if there is too little room, the lowest rank is left out first */
	void (*cell)(const struct top *, const struct figure *, char *buf, size_t);
	int key;		/* the key that sorts by it; 0: there is none */
	int (*cmp)(const struct figure *, const struct figure *);
	bool uncounted;		/* the cell is known before the messages are counted */
};
extern const struct column top_columns[NCOLUMNS];
enum { COLUMN_NAME, COLUMN_READY, COLUMN_DELAYED, COLUMN_CLAIMED, COLUMN_HELD, COLUMN_DEAD,
    COLUMN_OLDEST,
    COLUMN_IN, COLUMN_OUT, COLUMN_TREND, COLUMN_DRAIN, COLUMN_WORKERS };

/* A number in at most five columns. */
void short_number(char *buf, size_t size, uint64_t n);
/* An age in at most six columns, without blanks. */
void short_age(char *buf, size_t size, usec_t age);
/* Messages pushed and acknowledged per second, during the last minute. */
double rate_in(const struct figure *f);
double rate_out(const struct figure *f);
/* Whether the messages were counted longer ago than a frame or two. */
bool figure_stale(const struct top *t, const struct figure *f);
/* The end of 'text', a trend that was printed: the newest values that fit into 'width'. */
const char *trend_tail(const struct top *t, const struct figure *f, const char *text, int width);
/* Find out which queues are shown, and in which order. */
enum status top_order(struct top *t, struct error *err) MUST_CHECK;
/* The column that a key sorts by; -1: there is none. */
int top_sort_key(int key);

/* ---- draw.c, frame.c, queues.c -------------------------------- */

/* Draw one frame of the present view. */
enum status top_draw(struct top *t, struct error *err) MUST_CHECK;
/* Draw the first line; 'queue' is "" if the screen is about all queues. */
void draw_title(struct top *t, const char *queue);
/*
 * Find out how many lines of a list fit below what was drawn, and which ones are seen.  The chosen
 * line is always among them.
 */
void draw_fit(struct top *t, struct cursor *c);
/* Draw the last lines: 'info', and then a question, a note or 'hints' about keys. */
void draw_foot(struct top *t, const char *info, const char *hints);
/* Draw the screen of all queues. */
void draw_queues(struct top *t);

/* ---- list.c: one queue's messages, and what is done to them ------- */

enum status messages_open(struct top *t, const char *queue, struct error *err) MUST_CHECK;
enum status messages_load(struct top *t, struct error *err) MUST_CHECK;
void messages_close(struct top *t);
const struct place *messages_chosen(const struct top *t);
/* Do to the chosen message what the key asks for. */
void messages_act(struct top *t, int key);
void queue_toggle_pause(struct top *t, const char *name);
/* Ask whether to retry all dead messages of the queue 'name'; after "y" the chore begins. */
void chore_ask(struct top *t, const char *name);
/* Go on with the chore until the time 'until' (clock_mono). */
void chore_step(struct top *t, usec_t until);
void chore_end(struct top *t);

void top_note(struct top *t, const char *fmt, ...) PRINTF_LIKE(2, 3);
void top_error(struct top *t, struct error *err);

/* ---- page.c ------------------------------------------------------- */

/* Show a message in $PAGER, which has the terminal until it ends. */
enum status page_message(struct run *r, struct terminal *t, struct queue *q, const struct place *p,
    struct error *err) MUST_CHECK;

#endif
