/*
 * main.c: mq: the global options, the choice of the verb, and the exit status.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/progress.h"
#include "remote/remote.h"
#include "engine/address.h"
#include "broker/broker.h"
#include "table.h"

/*
 * If 0, 1 or 2 is closed, the next file that is opened gets its number, and output for stdout would
 * go into a message.  So open /dev/null in its place, in the wrong direction, so that using it
 * fails.
 */
static void
keep_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/*
 * Let all signals in.  A mask is inherited, and the mask of a parent that blocked SIGTERM for its
 * own sake would make us deaf to it, and to the alarms by which leases are renewed.
 */
static void
let_signals_in(void)
{
	sigset_t none;

	(void)sigemptyset(&none);
	(void)sigprocmask(SIG_SETMASK, &none, NULL);
}

/*
 * Whether SIGPIPE was ignored when we started.  Then a reader that goes away is reported as an
 * error.
 */
static bool pipe_ignored;

/*
 * Let SIGPIPE kill a verb that only prints: its work is over when its reader has enough, as with
 * ls(1) and git(1).  The other verbs get EPIPE, and report it.
 */
static void
pipe_kills(void)
{
	if (!pipe_ignored)
		(void)signal(SIGPIPE, SIG_DFL);
}

static int
finish(struct run *r, enum status st)
{
	bool quiet;

	/* Output that was lost is worse than "nothing there". */
	if ((st == ST_OK || st == ST_NONE) && out_flush(r) != ST_OK)
		st = ST_IO;
	quiet = st == ST_IO && r->err.errnum == EPIPE && r->cmd != NULL && !pipe_ignored;
	if (quiet && r->cmd->pipe == PIPE_ENDS)
		(void)raise(SIGPIPE);
	if (st != ST_OK && r->cmd != NULL && r->cmd->failed != NULL)
		r->exit_code = r->cmd->failed(r);
	else if (st != ST_OK && st != ST_NONE && (!r->told || r->err.status == st) &&
	    !(quiet && r->cmd->pipe == PIPE_STATUS))
		run_complain(r);
	run_log_trouble(r);
	spool_close(r->spool);
	free(r->given);
	free(r->operand);
	return r->exit_code != 0 && (st == ST_OK || r->cmd->failed != NULL) ? r->exit_code :
	    status_exit(st);
}

/* Run the verb where the spool is: here, on another host, or on an engine. */
static enum status
run_there(struct run *r, char **words)
{
	const char *spool = run_asked_spool();

	if (remote_is(spool))
		return remote_run(r, spool, words);
	return address_is(spool) ? broker_run(r, spool) : r->cmd->run(r);
}

static int
run_verb(struct run *r, const struct cmd *cmd, int argc, char **argv)
{
	enum status st;

	r->cmd = cmd;
	st = run_parse(r, argc, argv);
	if (r->help || cmd->pipe == PIPE_ENDS)
		pipe_kills();
	if (st == ST_OK && r->help) {
		help_verb(stdout, cmd);
		return finish(r, ST_OK);
	}
	if (st == ST_OK)
		st = run_there(r, argv + 1);
	if (run_stopped() && st != ST_OK && st != ST_NONE && st != ST_AGAIN && !r->told)
		run_complain(r);
	run_die_if_stopped();
	return finish(r, st);
}

int
main(int argc, char **argv)
{
	static const char letters[] = "+:s:qvh";
	static const struct option longs[] = { { "spool", required_argument, NULL, 's' },
	    { "quiet", no_argument, NULL, 'q' }, { "verbose", no_argument, NULL, 'v' },
	    { "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' },
	    { NULL, 0, NULL, 0 } };
	struct run r = { .settings = { .autocreate = true } };
	const struct cmd *cmd = NULL;
	char *program = argv[0];
	int c;

	keep_standard_fds();
	let_signals_in();
	fs_take_umask();
	/* messages of several processes do not mix within a line */
	(void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	pipe_ignored = run_ignores(SIGPIPE);
	(void)signal(SIGPIPE, SIG_IGN);	/* EPIPE and EFBIG say the same without killing us */
	(void)signal(SIGXFSZ, SIG_IGN);
	error_clear(&r.err);
	run_begin(argc, argv);
	verbs = all_verbs;
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		switch (c) {
		case 's':
			if (optarg[0] == '\0') {
				(void)error_set(&r.err, ST_USAGE, 0,
				    "-s needs the path of a spool");
				return finish(&r, ST_USAGE);
			}
			run_ask_spool(optarg);
			break;
		case 'q':
			r.quiet = true;
			break;
		case 'v':
			r.verbose = true;
			break;
		case 'h':
			cmd = cmd_find("help");
			break;
		case 'V':
			cmd = cmd_find("version");
			break;
		default:
			return finish(&r, option_error(&r, argv, c, letters, longs));
		}
	argc -= optind;
	argv += optind;
	if (cmd != NULL)
		return run_verb(&r, cmd, 1, (char *[]){ argv[0] != NULL ? argv[0] : program,
		    NULL });
	if (argc == 0) {
		help_usage(stderr);
		return status_exit(ST_USAGE);
	}
	if ((cmd = cmd_find(argv[0])) == NULL)
		return finish(&r, no_command(&r, argv[0]));
	return run_verb(&r, cmd, argc, argv);
}
