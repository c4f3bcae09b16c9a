/*
 * cmd.h: what the subcommands share.  A subcommand is one file with one const
 * struct cmd; usage, help, completions and the checks of the manual all come
 * from these tables.
 */
#ifndef CMD_H
#define CMD_H

#include <stdio.h>

#include "mq.h"

/* One option.  Long-only options take a key from OPT_LONG up. */
struct opt {
	int key;		/* the letter, or OPT_LONG + n */
	const char *name;	/* long name without the dashes, or NULL */
	const char *arg;	/* name of the argument, NULL: takes none */
	bool optional;		/* the argument may be left out: -w5s, --wait=5s */
	const char *help;	/* one line, lower case, no full stop */
};
#define OPT_LONG 256
#define OPT_END { 0, NULL, NULL, false, NULL }

/* What completions offer for an operand, by the names used in .operands. */
struct run;
struct cmd {
	const char *name;
	const char *operands;	/* "QUEUE [FILE...]": capitals are placeholders */
	const char *summary;	/* one line */
	const struct opt *opts;
	enum status (*run)(struct run *);
	bool looks;		/* only looks: a policy that cannot be read does not keep it from that */
	int (*failed)(struct run *);	/* says what r->err is about in its own way; the exit status.  NULL: main does */
};
extern const struct cmd *const cmds[];	/* in the order of the manual; NULL at the end */
const struct cmd *cmd_find(const char *name);

/* One run of a subcommand. */
struct run {
	const struct cmd *cmd;
	bool quiet, verbose, help;
	char **operand;		/* what is left after the options */
	int noperands;
	int before;		/* how many of them stood before "--"; -1: there was none */
	struct conf_files files;
	char spool_path[4096];
	struct spool *spool;	/* opened by run_spool, closed by main */
	char queue[QUEUE_NAME_MAX + 1];	/* named in errors once it was opened */
	struct settings settings;
	int exit_code;		/* if not 0: what to exit with when run returned ST_OK (work: 126, 127) */
	const char *const *assign;	/* init: policy of the queue that is made, autocreate or not */
	size_t nassign;
	bool told;		/* what went wrong was printed already (see run_complain) */
	struct error err;	/* printed once, by main, after "mq VERB: " */
	struct { int key; const char *arg; } *given;	/* options in their order */
	int ngiven, next;
};

extern const struct opt common_opts[];
/* opt.c: ST_USAGE for the '?' or ':' that getopt_long returned; letters and longs are what it was given. */
struct option;
enum status option_error(struct run *, char **argv, int c, const char *letters, const struct option *longs);
/* The error for a command that is not there, naming the nearest one. */
enum status no_command(struct run *, const char *word);
/* Sort the words of a command line into options and operands.  argv[0] is the verb. */
enum status run_parse(struct run *, int argc, char **argv) MUST_CHECK;
/* main.c: which mq.conf, which spool (made with its parents if it is the user's default and create). */
enum status run_settings(struct run *, bool create) MUST_CHECK;
/* Fill r->settings from mq.conf, once; after run_settings.  Only where they are needed. */
enum status run_conf(struct run *) MUST_CHECK;
/* The word among names that was probably meant, or NULL. */
const char *nearest(const char *word, const char *const *names, size_t n);

/*
 * Options one by one: returns the key, 0 after the last; *arg is the argument, or NULL.
 * They were checked against the table before run was called.
 */
int run_option(struct run *, const char **arg);
/* ST_USAGE with a line of usage, unless min <= operands <= max (max < 0: any number). */
enum status run_operands(struct run *, int min, int max) MUST_CHECK;
/* A usage error of the verb's own. */
enum status run_usage(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* What nohup or a shell told us to ignore stays ignored.  run_catch: else call it, and let system calls return EINTR. */
bool run_ignores(int sig);
void run_catch(int sig, void (*handler)(int));
/*
 * From now on SIGINT, SIGTERM and SIGHUP only interrupt system calls and are remembered: the
 * verb asks run_stopped() between two steps, ends what is begun and returns; then we die of it.
 */
void run_stoppable(void);
bool run_stopped(void);
void run_die_if_stopped(void);
/* Open the spool (once), or the queue in it; an unknown queue's error names the nearest one. */
enum status run_spool(struct run *, bool create) MUST_CHECK;
/* Whoever only looks does not need the policy: if it cannot be read, broken says why, and the built-in one holds. */
enum status look_open(struct spool *, const char *name, struct queue **, struct error *broken, struct error *) MUST_CHECK;
enum status run_open(struct run *, const char *name, struct queue **) MUST_CHECK;	/* an unknown one is ST_NOTFOUND, and told by nobody */
enum status run_queue(struct run *, const char *name, struct queue **) MUST_CHECK;
/* The error for a queue that is not there, naming the nearest one. */
enum status run_no_queue(struct run *, const char *name);
/* As run_queue, to take messages out: ST_USAGE for a topic, whose messages are for its subscribers. */
enum status run_queue_consume(struct run *, const char *name, struct queue **) MUST_CHECK;
/* As run_queue, but makes the queue if the configuration lets it. */
enum status run_queue_create(struct run *, const char *name, struct queue **) MUST_CHECK;
/* As run_queue_create; where the user may only drop messages, a queue for just that. */
enum status run_queue_push(struct run *, const char *name, struct queue **) MUST_CHECK;
/* From now on the process title is ours to set (setproctitle): arguments are overwritten, so copy what is needed. */
void run_title(struct run *);
/* Print the error now, also with -q, and forget it: for one of many that does not keep the others from being done. */
void run_complain(struct run *);
/* As run_complain; worst becomes st if that has the greater exit status. */
void run_trouble(struct run *, enum status st, enum status *worst);
/* Say once if events could not be logged (see log in mq.conf(5)).  Main does it at the end, who runs for long also before. */
void run_log_trouble(struct run *);
/* A line on stderr, after "mq VERB: "; not with -q.  Foreign bytes are shown by vis. */
void run_note(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, only with -v. */
void run_verbose(struct run *, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Argument of an option or operand.  ST_USAGE names the option. */
enum status arg_number(struct run *, const char *opt, const char *text, int64_t min, int64_t max, int64_t *) MUST_CHECK;
enum status arg_duration(struct run *, const char *opt, const char *text, usec_t *) MUST_CHECK;
/* A time, or a duration: so long ago. */
enum status arg_time(struct run *, const char *opt, const char *text, usec_t *) MUST_CHECK;
/* Bytes: a number from 1 up, with K, M or G. */
enum status arg_size(struct run *, const char *opt, const char *text, int64_t *) MUST_CHECK;
/* "10/s", "5/m", "100/h", or a number a second: the pause between two. */
enum status arg_rate(struct run *, const char *opt, const char *text, usec_t *interval) MUST_CHECK;

/*
 * Operands as ids or handles; "-" stands for stdin, one a line.  Calls fn for each.
 * All are tried; each failure is reported at once, and the worst (by exit status) is returned.
 */
enum status run_each(struct run *, int first, enum status (*fn)(void *arg, const char *word, struct error *), void *arg) MUST_CHECK;

/*
 * Claim the next message; wait: for one to come, until deadline (clock_mono, USEC_MAX: for
 * ever).  Messages that may not be read are noted.  ST_NONE: none, or none in time;
 * ST_AGAIN: paused, or held back by the policy (without wait), or a signal came.
 */
enum status claim_wait(struct run *, struct queue *, const struct claim_options *, bool wait,
    usec_t deadline, struct claim *) MUST_CHECK;

/* ---- out.c: stdout, JSON, foreign bytes ------------------------------- */

/* Flush and check stdout: ST_IO if anything was not taken. */
enum status out_flush(struct run *) MUST_CHECK;
/* Write foreign text to stdout or stderr, made visible by vis(3). */
void out_vis(FILE *, const char *text, size_t len);
/* Width of the terminal that stdout is. */
size_t out_columns(void);
/* Shorten text to so many columns, with "..." at its end, if it is longer. */
void out_clip(char *text, size_t columns);
/* Print a table of words, lines that end with \n, to stdout: each column as wide as its widest word, the first to the left. */
void out_squeeze(char *table);
/* The colour of a state, or -1 for none; writes nothing unless stdout is a terminal that has colours, and NO_COLOR is not set. */
void out_colour(FILE *, int state);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void json_quoted(FILE *, const char *text, size_t len);
/* ,"name": first is true for no comma. */
void json_name(FILE *, const char *name, bool first);
/* "{" and the members of json_message, all or nothing of it. */
enum status json_open(FILE *, struct queue *, const struct place *, struct error *) MUST_CHECK;
/*
 * The members of a message (design: id queue state priority attempts deliveries size enqueued
 * due deadline expires handle reason headers), braces left to the caller: "{" before, more members and "}" after.  headers is null where they are broken or may not be read.
 */
enum status json_message(FILE *, struct queue *, const struct place *, struct error *) MUST_CHECK;
/* ,"body": or ,"body_base64": streamed from the file's position body to its end, in constant memory. */
enum status json_body(FILE *, int fd, const struct msgname *, struct error *) MUST_CHECK;
/* The same under these names; text NULL: in base64 whatever it is. */
enum status json_body_as(FILE *, int fd, const struct msgname *, const char *text, const char *base64, struct error *) MUST_CHECK;
/* Whether the body is UTF-8. */
enum status json_body_text(int fd, const struct msgname *, bool *text, struct error *) MUST_CHECK;
/* Copy the body of an open message to a descriptor. */
enum status body_copy(int from, const struct msgname *, int to, struct error *) MUST_CHECK;

/* peek.c: one message to stdout, as peek -i shows it on a terminal. */
enum status peek_show(struct run *, struct queue *, const struct place *) MUST_CHECK;

/* ---- input.c: a body that comes in ------------------------------------- */

enum status input_open(struct run *, const char *file, int *fd) MUST_CHECK;
/* *got 0: it is at its end.  ST_AGAIN: a signal stopped us, and the error says then what became of it. */
enum status input_read(struct run *, int fd, const char *name, char *buf, size_t size, size_t *got, const char *then) MUST_CHECK;
/* Where a body comes from: text if it is not NULL, else file (NULL or "-": stdin). */
struct input { const char *text, *file; };
/* Give all of it to put, piece by piece. */
enum status input_copy(struct run *, const struct input *, const char *then,
    enum status (*put)(void *arg, const void *, size_t, struct error *), void *arg) MUST_CHECK;
/*
 * topics.c: give what is ready in a topic to its subscribers, and say what kept it from one.  Whoever brought it
 * there has done what was asked of it all the same.
 */
void run_distribute(struct run *, struct queue *topic);
/* The same, also with what a queue refused a while ago. */
enum status run_redistribute(struct run *, struct queue *topic) MUST_CHECK;

/* ---- progress.c: a line on stderr, if that is a terminal -------------- */

struct progress {
	bool on;
	usec_t began, next;	/* clock_mono */
};
void progress_start(struct progress *, const struct run *);
/* Whether it is time to draw: not before a second has gone, then twice a second.  Cheap; call it for each message. */
bool progress_due(struct progress *);
void progress_draw(const char *fmt, ...) PRINTF_LIKE(1, 2);
/* Take the line away, before anything else is written; run_note and the like do that themselves. */
void progress_clear(void);
/* Whether stderr takes something without blocking, within timeout ms. */
bool stderr_ready(int timeout);
/* So many a second since the start; how long as many as are left will take at that rate ("?" if unknown). */
double progress_rate(const struct progress *, uint64_t done);
void progress_left(const struct progress *, uint64_t done, uint64_t left, char buf[DURATION_MAX]);

/* ---- stat.c ----------------------------------------------------------- */

/* As queue_tally, with ages, for somebody who is waiting for it. */
enum status count_messages(struct run *, struct queue *, unsigned states, usec_t now, struct tally *) MUST_CHECK;

/* ---- proc.c: other processes ------------------------------------------ */

void proc_each(void (*fn)(void *arg, pid_t), void *arg);
/* The file /proc/PID/NAME, at most size - 1 bytes of it, a NUL behind; -1 if it cannot be read. */
ssize_t proc_read(pid_t, const char *name, char *buf, size_t size);
/* Its arguments with a blank between two.  False: it is gone, or has none, as kernel threads and the dead. */
bool proc_command(pid_t, char *buf, size_t size);
/* Whether it has the file open; MAYBE: we may not look, for it is another user's and we are not root. */
enum has { HAS_NOT, HAS, HAS_MAYBE };
struct stat;
enum has proc_has_open(pid_t, const struct stat *) MUST_CHECK;

/* ---- env.c: environments ---------------------------------------------- */

/* The first `shared` are somebody else's, the others ours.  Zero it to start; what fails is told by env_end. */
struct env { char **v; size_t n, shared, cap; bool failed; };
void env_share(struct env *, char **v, size_t n);
/* Our own, but for what is about a message; MQ_SPOOL and MQ_QUEUE. */
void env_inherit(struct env *, struct run *, struct queue *);
void env_set(struct env *, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* MQ_HEADER_NAME for each; and TRACEPARENT, TRACESTATE, BAGGAGE. */
void env_headers(struct env *, const struct headers *);
/* The NULL behind the last; ST_AGAIN: no memory. */
enum status env_end(struct env *, struct error *) MUST_CHECK;
void env_free(struct env *);
/*
 * Of TRACEPARENT, TRACESTATE and BAGGAGE the i-th as our environment has it ("": it has not); NULL behind the last, and where
 * there is no well-formed TRACEPARENT.
 */
const char *trace_value(size_t i, const char **name);
/* Headers of the trace that our environment tells of, if it is well formed and no header is. */
enum status trace_headers(struct headers *, struct error *) MUST_CHECK;

/* ---- accept.c: what looks at messages before they are accepted -------- */

/* The body is in fd, behind `head` bytes.  ST_BADDATA: it is refused; else it could not be asked. */
enum status accept_ask(struct run *, struct queue *, const char *command, const struct headers *, int fd, int64_t head) MUST_CHECK;
/* ... the message that the batch is about to end; it is taken back if it is refused.  command NULL: nobody is asked. */
enum status accept_end(struct run *, struct queue *, const char *command, const struct headers *, struct batch *) MUST_CHECK;

/* ---- headers.c: headers that have options of their own ---------------- */

enum { HEADER_TYPE = OPT_LONG + 200, HEADER_CONTENT_TYPE, HEADER_SOURCE };
#define HEADER_OPTS \
	{ HEADER_TYPE, "type", "TYPE", false, "add the header Type: what happened, such as order.created" }, \
	{ HEADER_CONTENT_TYPE, "content-type", "TYPE", false, "add the header Content-Type, such as application/json" }, \
	{ HEADER_SOURCE, "source", "SOURCE", false, "add the header Source: who says so" }
/* Add the header of such an option, and note in *given that it was; ST_NONE: it is none. */
enum status header_option(struct run *, struct headers *, unsigned *given, int key, const char *value) MUST_CHECK;
/* ST_USAGE: one that was given by its option stands there twice. */
enum status headers_once(struct run *, const struct headers *, unsigned given) MUST_CHECK;

/* ---- cloudevents/ ----------------------------------------------------- */

#define EVENT_MAX (16 << 20)	/* bytes of an event that is read */
/* An event on its way in, and the headers that all get.  Zero it to start. */
struct event_input { char *text; size_t len; struct headers common; };
struct cloudevent_body { char *data; size_t len; };
enum status event_add(struct event_input *, const char *data, size_t len, struct error *) MUST_CHECK;
/*
 * What was added is one event in JSON: it becomes headers, behind those that all get, and a body, which is the caller's to free.
 * ST_BADDATA: it is none.
 */
enum status event_take(struct event_input *, struct headers *, struct cloudevent_body *, struct error *) MUST_CHECK;
void event_free(struct event_input *);
/* Whether a header is one that an attribute is made of. */
bool cloudevent_header(const char *name, size_t len);
/* The message, open in fd, as a line of JSON; handle may be NULL. */
enum status cloudevent_write(FILE *, struct queue *, const struct place *, int fd, const char *handle, struct error *) MUST_CHECK;

/* ---- help.c ----------------------------------------------------------- */

void help_usage(FILE *);
void help_verb(FILE *, const struct cmd *);
/* complete.c: ST_USAGE: no such shell. */
enum status complete_print(FILE *, const char *shell) MUST_CHECK;

/* ---- select.c: which messages ----------------------------------------- */

/* The options that every selecting verb shares; spread into its table.  The manual tells of them once, in mq(1). */
enum { SEL_STATE = OPT_LONG + 100, SEL_OLDER, SEL_NEWER, SEL_PRIORITY, SEL_ATTEMPTS, SEL_SIZE, SEL_HEADER, SEL_REASON,
	SEL_MATCH, SEL_FIRST, SEL_LAST, SEL_SINCE, SEL_UNTIL };
#define SELECT_OPTS \
	{ SEL_STATE, "state", "STATE", false, "only messages in STATE; a list a,b, or given again" }, \
	{ SEL_OLDER, "older", "DUR", false, "only messages enqueued at least DUR ago" }, \
	{ SEL_NEWER, "newer", "DUR", false, "only messages enqueued less than DUR ago" }, \
	{ SEL_SINCE, "since", "TIME|DUR", false, "only messages enqueued at TIME (UTC) or DUR ago, or later" }, \
	{ SEL_UNTIL, "until", "TIME|DUR", false, "only messages enqueued before TIME (UTC) or DUR ago" }, \
	{ SEL_PRIORITY, "priority", "N", false, "only messages of priority N; N+, N-M" }, \
	{ SEL_ATTEMPTS, "attempts", "N", false, "only messages that failed N times; N+, N-M" }, \
	{ SEL_SIZE, "size", "N", false, "only bodies of N bytes; N+, N-M, with K, M, G" }, \
	{ SEL_HEADER, "header", "NAME[=GLOB]", false, "only messages with such a header" }, \
	{ SEL_REASON, "reason", "GLOB", false, "only messages that failed for such a reason" }, \
	{ SEL_MATCH, "match", "REGEX", false, "only messages with a line that matches (extended regex)" }, \
	{ 'n', "limit", "N", false, "at most N messages" }, \
	{ SEL_FIRST, "first", "N", true, "the first message, or N" }, \
	{ SEL_LAST, "last", "N", true, "the last message, or N" }

struct select;
struct select *select_new(struct run *);
void select_free(struct select *);
/* Take an option if it is one of the above.  ST_NONE: it is not. */
enum status select_option(struct select *, int key, const char *arg) MUST_CHECK;
/* Whether any of them was given, but -n; which states (initial: where --state was not). */
bool select_given(const struct select *);
unsigned select_states(const struct select *, unsigned initial);
/* How many at most (INT64_MAX: no limit), and whether the last of them. */
int64_t select_limit(const struct select *);
void select_set_limit(struct select *, int64_t);
bool select_last(const struct select *);
/* ST_OK: it is selected; ST_NONE: it is not; ST_GONE: it moved on; ST_DENIED: it may not be read, go on with the others. */
enum status select_match(struct select *, struct queue *, const struct place *, usec_t now,
    struct error *) MUST_CHECK;

/* What is done with each selected message. */
struct visit {
	/* ST_GONE, ST_NONE: this one does not count.  Any other failure ends it. */
	enum status (*one)(void *arg, const struct place *);
	void (*seen)(void *arg, uint64_t looked_at, uint64_t selected);	/* before each; may be NULL */
	void *arg;
};
/*
 * Go over the selected messages in their order, until the limit is reached or run_stopped();
 * memory is for the last N only.  What may not be read is told, and is worst.
 */
enum status select_each(struct select *, struct queue *, unsigned initial, usec_t now,
    const struct visit *, enum status *worst) MUST_CHECK;

/* ---- ids.c: what people type for an id -------------------------------- */

/*
 * The id that word stands for: all of it, or so much of its beginning or its end that there
 * is one such message in the queue.  ST_NOTFOUND: none, or several (named in the error).
 */
enum status id_resolve(struct run *, struct queue *, const char *word, struct msgid *) MUST_CHECK;
/*
 * As select_each, for the messages whose ids are the operands from first on ("-" stands for stdin),
 * each once, however often it is given; without states in the selection, in any.  One that is not there is told, and is worst.
 */
enum status ids_each(struct run *, struct queue *, struct select *, int first, const struct visit *,
    enum status *worst) MUST_CHECK;

/* ---- claim.c ---------------------------------------------------------- */

enum { CLAIM_BODY = OPT_LONG + 160 };
/* push, pop and claim: what the mq on the other side of an ssh asks for; see remote.h. */
enum { CHUNKS = OPT_LONG + 180 };
#define CHUNKS_OPT { CHUNKS, "chunks", NULL, false, "for mq on another host: in pieces, so that a broken connection is noticed" }

/* ---- list.c: ls and dead ---------------------------------------------- */

struct list_options { unsigned states; const char *columns; };
enum status list_run(struct run *, const struct list_options *) MUST_CHECK;
#define LIST_OPTS \
	SELECT_OPTS, \
	{ 'o', "columns", "COLS", false, "columns: id,state,priority,attempts,deliveries,size,age,enqueued,due,deadline,expires,reason,handle,file" }, \
	{ LIST_SORT, "sort", "COL", false, "sort by a column; -COL: the greatest first" }, \
	{ LIST_JSON, "json", NULL, false, "one JSON object a line" }, \
	{ LIST_IDS, "ids", NULL, false, "ids only" }
enum { LIST_SORT = OPT_LONG + 120, LIST_JSON, LIST_IDS };

/* ---- act.c: retry, bury, hold, rm, mv --------------------------------- */

/* What such a verb does to one message. */
struct action {
	const char *name, *past;	/* "retry", "retried" */
	unsigned all;			/* states that --all means */
	int wanted;			/* a message in this state has it already; -1: none */
	bool destroys;			/* --all needs --force (but with --dry-run) */
	int first;			/* operand of the first id */
	enum status (*act)(void *arg, struct queue *, const struct place *, usec_t now, struct error *);
	/* The verb's own options; ST_NONE: not one of them. */
	enum status (*option)(void *arg, struct run *, int key, const char *value);
	/* After the queue was opened (may be NULL); the queue to sync at the end. */
	enum status (*ready)(void *arg, struct run *, struct queue *, struct queue **target);
	void *arg;
};
enum { ACT_ALL = OPT_LONG + 140, ACT_FORCE, ACT_DRY, ACT_RATE };
#define ACT_OPTS \
	SELECT_OPTS, \
	{ ACT_ALL, "all", NULL, false, "all messages that this is meant for (see the manual)" }, \
	{ ACT_FORCE, "force", NULL, false, "claimed messages too: their holders lose them" }, \
	{ ACT_DRY, "dry-run", NULL, false, "only say what would be done" }
enum status act_run(struct run *, struct action *) MUST_CHECK;

#endif
