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

/* What a verb does when the reader of its stdout goes. */
enum on_pipe {
	PIPE_TELLS,	/* it tells, and ends with 74: somebody lost what it had for him */
	/* all that it is for is what it prints: it dies of SIGPIPE, as ls(1) does */
	PIPE_ENDS,
	/* the same, but what was printed is of no use: it ends with 74, without a word */
	PIPE_STATUS
};

struct run;
struct cmd {
	const char *name;
	const char *operands;	/* "QUEUE [FILE...]": capitals are placeholders */
	const char *summary;	/* one line */
	const struct opt *opts;
	enum status (*run)(struct run *);
	/* works also under a policy that cannot be read: looks, or ends what is out */
	bool looks;
	/* all that it is for is what it prints: it ends quietly when its reader does */
	enum on_pipe pipe;
	/* says what r->err is about in its own way; the exit status.  NULL: main does */
	int (*failed)(struct run *);
};
/* all, in the order of the manual; NULL at the end.  Set by main. */
extern const struct cmd *const *verbs;
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
	/* if not 0: what to exit with when run returned ST_OK (work: 126, 127) */
	int exit_code;
	/* init: policy of the queue that is made, autocreate or not */
	const char *const *assign;
	size_t nassign;
	bool told;		/* what went wrong was printed already (see run_complain) */
	struct error err;	/* printed once, by main, after "mq VERB: " */
	struct { int key; const char *arg; } *given;	/* options in their order */
	int ngiven, next;
};

extern const struct opt common_opts[];
/*
 * opt.c: ST_USAGE for the '?' or ':' that getopt_long returned; letters and longs are what it was
 * given.
 */
struct option;
enum status option_error(struct run *r, char **argv, int c, const char *letters,
    const struct option *longs);
/* The error for a command that is not there, naming the nearest one. */
enum status no_command(struct run *r, const char *word);
/* Sort the words of a command line into options and operands.  argv[0] is the verb. */
enum status run_parse(struct run *r, int argc, char **argv) MUST_CHECK;
/*
 * The arguments of the process; the value of -s; and the spool that was asked for (NULL: mq.conf
 * and defaults tell).
 */
void run_begin(int argc, char **argv);
void run_ask_spool(const char *path);
const char *run_asked_spool(void);
/* Which mq.conf, which spool (made with its parents if it is the user's default and create). */
enum status run_settings(struct run *r, bool create) MUST_CHECK;
/* Fill r->settings from mq.conf, once; after run_settings.  Only where they are needed. */
enum status run_conf(struct run *r) MUST_CHECK;
/* The word among names that was probably meant, or NULL. */
const char *nearest(const char *word, const char *const *names, size_t n);

/*
 * Options one by one: returns the key, 0 after the last; *arg is the argument, or NULL.
 * They were checked against the table before run was called.
 */
int run_option(struct run *r, const char **arg);
/* ST_USAGE with a line of usage, unless min <= operands <= max (max < 0: any number). */
enum status run_operands(struct run *r, int min, int max) MUST_CHECK;
/* A usage error of the verb's own. */
enum status run_usage(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/*
 * What nohup or a shell told us to ignore stays ignored.  run_catch: else call it, and let system
 * calls return EINTR.
 */
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
enum status run_spool(struct run *r, bool create) MUST_CHECK;
/*
 * The names of all queues, sorted; free with names_free.  What only looks like one is told of, and
 * *worst becomes why.
 */
enum status run_queues(struct run *r, struct names *names, enum status *worst) MUST_CHECK;
/* Say, once each, that the policy cannot be read any more, and that it can again. */
void run_policy_news(struct run *r, struct queue *q);
/* As queue_reload; says the news. */
enum status run_reload(struct run *r, struct queue *q) MUST_CHECK;
/*
 * As queue_open_anyway; broken says why the policy cannot be read, its status is ST_OK if it can.
 */
enum status look_open(struct spool *spool, const char *name, struct queue **q, struct error *broken,
    struct error *err) MUST_CHECK;
/* an unknown one is ST_NOTFOUND, and told by nobody */
enum status run_open(struct run *r, const char *name, struct queue **q) MUST_CHECK;
enum status run_queue(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/* The error for a queue that is not there, naming the nearest one. */
enum status run_no_queue(struct run *r, const char *name);
/*
 * As run_queue, to take messages out: ST_USAGE for a topic, whose messages are for its subscribers.
 */
enum status run_queue_consume(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/* As run_queue, but makes the queue if the configuration lets it. */
enum status run_queue_create(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/* As run_queue_create; where the user may only drop messages, a queue for just that. */
enum status run_queue_push(struct run *r, const char *name, struct queue **q) MUST_CHECK;
/*
 * From now on the process title is ours to set (setproctitle): arguments are overwritten, so copy
 * what is needed.
 */
void run_title(struct run *r);
/*
 * Print the error now, also with -q, and forget it: for one of many that does not keep the others
 * from being done.
 */
void run_complain(struct run *r);
/* As run_complain; worst becomes st if that has the greater exit status. */
void run_trouble(struct run *r, enum status st, enum status *worst);
/*
 * Say once if events could not be logged (see log in mq.conf(5)).  Main does it at the end, who
 * runs for long also before.
 */
void run_log_trouble(struct run *r);
/* A line on stderr, after "mq VERB: "; not with -q.  Foreign bytes are shown by vis. */
void run_note(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);
/* The same, only with -v. */
void run_verbose(struct run *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Argument of an option or operand.  ST_USAGE names the option. */
enum status arg_number(struct run *r, const char *opt, const char *text, int64_t min, int64_t max,
    int64_t *n) MUST_CHECK;
enum status arg_duration(struct run *r, const char *opt, const char *text, usec_t *d) MUST_CHECK;
/* A time, or a duration: so long ago. */
enum status arg_time(struct run *r, const char *opt, const char *text, usec_t *at) MUST_CHECK;
/* Bytes: a number from 1 up, with K, M or G. */
enum status arg_size(struct run *r, const char *opt, const char *text, int64_t *n) MUST_CHECK;
/* "10/s", "5/m", "100/h", or a number a second: the pause between two. */
enum status arg_rate(struct run *r, const char *opt, const char *text, usec_t *interval) MUST_CHECK;

/*
 * Operands as ids or handles; "-" stands for stdin, one a line.  Calls fn for each.
 * All are tried; each failure is reported at once, and the worst (by exit status) is returned.
 */
enum status run_each(struct run *r, int first,
    enum status (*fn)(void *arg, const char *word, struct error *), void *arg) MUST_CHECK;

/*
 * Claim the next message; wait: for one to come, until deadline (clock_mono, USEC_MAX: for
 * ever).  Messages that may not be read are noted.  ST_NONE: none, or none in time;
 * ST_AGAIN: paused, or held back by the policy (without wait), or a signal came.
 */
enum status claim_wait(struct run *r, struct queue *q, const struct claim_options *opt, bool wait,
    usec_t deadline, struct claim *c) MUST_CHECK;

/* ---- claim.c --------------------------------------------------------------- */

enum { CLAIM_BODY = OPT_LONG + 160 };
/* push, pop and claim: what the mq on the other side of an ssh asks for; see remote.h. */
enum { CHUNKS = OPT_LONG + 180 };
#define CHUNKS_OPT { CHUNKS, "chunks", NULL, false, \
	"for mq on another host: in pieces, so that a broken connection is noticed" }

/* ---- usage.c, complete.c --------------------------------------------------- */

void help_usage(FILE *f);
void help_verb(FILE *f, const struct cmd *c);
/* complete.c: ST_USAGE: no such shell. */
enum status complete_print(FILE *f, const char *shell) MUST_CHECK;

#endif
