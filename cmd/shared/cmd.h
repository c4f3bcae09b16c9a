/*
 * cmd.h: a subcommand and one run of it.  A subcommand is one file with one const struct
 * cmd; usage, help, completions and the checks of the manual all come from these tables.
 */
#ifndef CMD_SHARED_CMD_H
#define CMD_SHARED_CMD_H

#include <stdio.h>

#include "base/base.h"
#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"

struct claim;
struct claim_options;
struct names;
struct queue;
struct spool;
struct tally;

/* One option.  An option without a letter has a key from OPT_LONG up. */
struct opt {
	int key;		/* the letter, or OPT_LONG + n */
	const char *name;	/* long name without the dashes, or NULL */
	const char *arg;	/* name of the argument; NULL: the option takes none */
	bool optional;		/* the argument may be left out: -w5s, --wait=5s */
	const char *help;	/* one line, lower case, no full stop */
};
#define OPT_LONG 256
#define OPT_END { 0, NULL, NULL, false, NULL }

/* What happens to a verb when the reader of its stdout is gone. */
enum on_pipe {
	/* its output may be the last copy of something: it reports the error and exits with 74 */
	PIPE_TELLS,
	/* printing is its whole purpose: it dies of SIGPIPE, as ls(1) does */
	PIPE_ENDS,
	/* a part of its output is of no use: it exits with 74, but prints no error */
	PIPE_STATUS
};

struct run;
struct cmd {
	const char *name;
	const char *operands;	/* "QUEUE [FILE...]": capitals are placeholders */
	const char *summary;	/* one line */
	const struct opt *opts;
	enum status (*run)(struct run *r);
	/* The verb works even if the policy cannot be read: it only looks, or it ends a claim. */
	bool looks;
	/* What happens when the reader of stdout is gone. */
	enum on_pipe pipe;
	/*
	 * Report r->err in the verb's own way, and return the exit status.  NULL: main reports it.
	 */
	int (*failed)(struct run *r);
};
/* All verbs in the order of the manual, with NULL at the end.  Set by main. */
extern const struct cmd *const *verbs;
const struct cmd *cmd_find(const char *name);

/* One run of a subcommand. */
struct run {
	const struct cmd *cmd;
	bool quiet, verbose, help;
	char **operand;		/* what is left after the options */
	int noperands;
	int before;		/* how many operands stood before "--"; -1: there was no "--" */
	struct conf_files files;
	char spool_path[4096];
	struct spool *spool;	/* opened by run_spool, closed by main */
	char queue[QUEUE_NAME_MAX + 1];	/* errors name this queue once it is open */
	struct conf_settings settings;
	/* if not 0, exit with this when run returned ST_OK (work: 126, 127) */
	int exit_code;
	/*
	 * The policy for a queue that init or import makes, even if autocreate is off.
	 */
	const char *const *assign;
	size_t nassign;
	bool told;		/* an error was printed already (see run_complain) */
	struct error err;	/* printed once, by main, after "mq VERB: " */
	struct { int key; const char *arg; } *given;	/* the options in the order given */
	int ngiven, next;
};

extern const struct opt common_opts[];
/*
 * Fill r->err with a usage error for the '?' or ':' that getopt_long returned.  'letters' and
 * 'longs' are what getopt_long was given.  Always ST_USAGE.
 */
struct option;
enum status option_error(struct run *r, char **argv, int c, const char *letters,
    const struct option *longs);
/* Fill r->err for a command that does not exist, naming the nearest one. */
enum status no_command(struct run *r, const char *word);
/* Sort the words of a command line into options and operands.  argv[0] is the verb. */
enum status run_parse(struct run *r, int argc, char **argv) MUST_CHECK;
/*
 * run_begin keeps the arguments of the process, run_ask_spool the value of -s.  run_asked_spool
 * returns the spool that -s or MQ_SPOOL names, or NULL if mq.conf and the defaults decide.
 */
void run_begin(int argc, char **argv);
void run_ask_spool(const char *path);
const char *run_asked_spool(void);
/*
 * Find out which mq.conf and which spool to use.  With 'create', the parents of the user's default
 * spool are made.
 */
enum status run_settings(struct run *r, bool create) MUST_CHECK;
/* Fill r->settings from mq.conf, at the first call only.  Call run_settings first. */
enum status run_conf(struct run *r) MUST_CHECK;
/* Return the one of the 'n' names that was probably meant by 'word', or NULL. */
const char *nearest(const char *word, const char *const *names, size_t n);

/*
 * Return the key of the next option, or 0 after the last one; '*arg' is its argument, or NULL. The
 * options were checked against the table before the verb was called.
 */
int run_option(struct run *r, const char **arg);
/*
 * Return ST_USAGE with a line of usage unless there are 'min' to 'max' operands.  If 'max' is
 * negative, there is no upper limit.
 */
enum status run_operands(struct run *r, int min, int max) MUST_CHECK;
/* Fill r->err with a usage error that only the verb itself can detect. */
enum status run_usage(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * run_ignores says whether the signal is ignored, which nohup or a shell may have asked for.
 * run_catch leaves an ignored signal ignored; otherwise the signal calls 'handler' and makes system
 * calls return EINTR.
 */
bool run_ignores(int sig);
void run_catch(int sig, void (*handler)(int));
/*
 * From now on SIGINT, SIGTERM and SIGHUP only interrupt system calls and are remembered.  The verb
 * calls run_stopped() between two steps, ends what it has begun, and returns.  Then
 * run_die_if_stopped() lets the signal kill the process.
 */
void run_stoppable(void);
bool run_stopped(void);
/* The verb has done all that the signal asked for, and ends with a status of its own. */
void run_stop_done(void);
/* How many such signals came. */
int run_stops(void);
void run_die_if_stopped(void);
/* Open the spool unless it is open already. */
enum status run_spool(struct run *r, bool create) MUST_CHECK;
/*
 * List the names of all queues, sorted; free them with names_free.  An entry of the spool that only
 * looks like a queue is reported, and raises '*worst'.
 */
enum status run_queues(struct run *r, struct names *names, enum status *worst) MUST_CHECK;
/* Report once that the policy cannot be read any more, and once that it can be read again. */
void run_policy_news(struct run *r, struct queue *q);
/* Like queue_reload, but report the news about the policy. */
enum status run_reload(struct run *r, struct queue *q) MUST_CHECK;
/*
 * Like queue_open_anyway.  'broken' says why the policy cannot be read; its status is ST_OK if the
 * policy can be read.
 */
enum status look_open(struct spool *spool, const char *name, struct queue **q, struct error *broken,
    struct error *err) MUST_CHECK;
/*
 * run_open leaves an unknown queue as ST_NOTFOUND.  run_queue checks the name, opens the spool
 * first, and makes the error for an unknown queue name the nearest one.
 */
enum status run_open(struct run *r, const char *name, struct queue **q) MUST_CHECK;
enum status run_queue(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/* Fill r->err for a queue that does not exist, naming the nearest one. */
enum status run_no_queue(struct run *r, const char *name);
/*
 * Like run_queue, for verbs that take messages out.  ST_USAGE for a topic, because its messages are
 * for its subscribers.
 */
enum status run_queue_consume(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/* Like run_queue, but make the queue if the configuration allows that. */
enum status run_queue_create(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/*
 * Like run_queue_create, but a user who may only drop messages gets a queue that allows only that.
 */
enum status run_queue_push(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/*
 * From now on setproctitle may be called.  It overwrites the arguments and the environment, so copy
 * what you still need of them.
 */
void run_title(struct run *r);
/* Print r->err now, even with -q, and clear it.  For a failure after which the verb goes on. */
void run_complain(struct run *r);
/* Like run_complain, and set '*worst' to 'st' if that has the greater exit status. */
void run_trouble(struct run *r, enum status st, enum status *worst);
/*
 * Report once if events could not be logged (see log in mq.conf(5)).  Main does this at the end; a
 * verb that runs for long does it before that, too.
 */
void run_log_trouble(struct run *r);
/* Print a line on stderr behind "mq VERB: ", but not with -q.  vis makes foreign bytes visible. */
void run_note(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* Like run_note, but only with -v. */
void run_verbose(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Parse the argument of an option, or an operand.  'opt' is how the error names it. */
enum status arg_number(struct run *r, const char *opt, const char *text, int64_t min, int64_t max,
    int64_t *n) MUST_CHECK;
enum status arg_duration(struct run *r, const char *opt, const char *text, usec_t *d) MUST_CHECK;
/* A time, or a duration, which means a time that long ago. */
enum status arg_time(struct run *r, const char *opt, const char *text, usec_t *at) MUST_CHECK;
/* Bytes: a number from 1 up, with K, M or G. */
enum status arg_size(struct run *r, const char *opt, const char *text, int64_t *n) MUST_CHECK;
/* A rate such as "10/s", "5/m" or "100/h".  '*interval' is the time from one to the next. */
enum status arg_rate(struct run *r, const char *opt, const char *text, usec_t *interval) MUST_CHECK;

/*
 * Call 'fn' for each operand from 'first' on; "-" stands for the lines of stdin.  All operands are
 * tried.  Each failure is reported at once, and the worst by exit status is returned.
 */
enum status run_each(struct run *r, int first,
    enum status (*fn)(void *arg, const char *word, struct error *err), void *arg) MUST_CHECK;

/*
 * Claim the next message.  With 'wait', wait for one until 'deadline' (by clock_mono; USEC_MAX: for
 * ever).  Messages that may not be read are reported.  ST_NONE: there is no message, or none came
 * in time.  ST_AGAIN: the queue is paused or its policy holds messages back (only without 'wait'),
 * or a signal came.
 */
enum status claim_wait(struct run *r, struct queue *q, const struct claim_options *opt, bool wait,
    usec_t deadline, struct claim *c) MUST_CHECK;

/* ---- claim.c --------------------------------------------------------------- */

enum { CLAIM_BODY = OPT_LONG + 160 };
/* An option of push, pop and claim that mq uses when it runs on another host; see remote.h. */
enum { CHUNKS = OPT_LONG + 180 };
#define CHUNKS_OPT { CHUNKS, "chunks", NULL, false, \
	"for mq on another host: in pieces, so that a broken connection is noticed" }

/* ---- usage.c, complete.c --------------------------------------------------- */

void help_usage(FILE *f);
void help_verb(FILE *f, const struct cmd *c);
/* Print the completions for a shell.  ST_USAGE: the shell is unknown. */
enum status complete_print(FILE *f, const char *shell) MUST_CHECK;

#endif
