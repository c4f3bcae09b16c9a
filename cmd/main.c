/*
 * main.c: mq: global options, the verb, its exit status.
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

#define SYSTEM_CONF "/etc/mq.conf"
#define SYSTEM_SPOOL "/var/spool/mq"

static const char *spool_option;
static int all_argc;
static char **all_argv;
static char user_conf[4096];

/*
 * With 0, 1 or 2 closed, the next file opened would take its number, and what is
 * meant for stdout would go into a message.  Opened the wrong way round, they fail when used.
 */
static void
keep_standard_fds(void)
{
	for (int fd = 0; fd <= 2; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF)
			(void)open("/dev/null", fd == 0 ? O_WRONLY : O_RDONLY);
}

/* ---- which spool ------------------------------------------------------ */

static const char *
env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/* $XDG_..., or what stands for it below $HOME; false if neither is set. */
static bool
xdg(const char *name, const char *below_home, const char *tail, char *buf, size_t size)
{
	const char *dir = env(name), *home = env("HOME");
	int n;

	if (dir != NULL && dir[0] == '/')
		n = snprintf(buf, size, "%s/%s", dir, tail);
	else if (home != NULL)
		n = snprintf(buf, size, "%s/%s/%s", home, below_home, tail);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

/* The user's default spool is nobody else's business: its parents are made too. */
static void
make_parents(char *path)
{
	int up = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		/*
		 * As durable as the spool in it is going to be.  What holds the user's home may be
		 * closed to reading; nothing is made there.
		 */
		if (mkdir(path, 0700) == 0 && up != -1)
			(void)fsync(up);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up != -1)
			(void)close(up);
		up = fd;
		*p = '/';
	}
	if (up != -1)
		(void)close(up);
}

static void
conf_files(struct run *r)
{
	/* Copied: a process title may overwrite the environment, and the files are read again and again. */
	static char *copy;
	const char *only = env("MQ_CONF");
	size_t n = 0;

	if (only != NULL && copy == NULL)
		copy = strdup(only);
	if (copy != NULL)
		only = copy;
	r->files.path[n++] = only != NULL ? only : SYSTEM_CONF;
	if (only == NULL && xdg("XDG_CONFIG_HOME", ".config", "mq/mq.conf", user_conf, sizeof(user_conf)))
		r->files.path[n++] = user_conf;
}

enum status
run_conf(struct run *r)
{
	static bool done;
	enum status st;

	if (done)
		return ST_OK;
	if ((st = conf_settings(&r->files, &r->settings, &r->err)) == ST_OK)
		done = true;
	return st;
}

/* The spool that was asked for, if it was: NULL: mq.conf and defaults tell. */
static const char *
asked_spool(void)
{
	return spool_option != NULL ? spool_option : env("MQ_SPOOL");
}

/* The spool of the system is the default of root, and of the user who owns it: workers, and what cron runs for them. */
static bool
owns_system_spool(void)
{
	struct stat sb;

	return geteuid() == 0 ||
	    (stat(SYSTEM_SPOOL, &sb) == 0 && S_ISDIR(sb.st_mode) && sb.st_uid == geteuid());
}

enum status
run_settings(struct run *r, bool create)
{
	const char *spool = asked_spool();
	enum status st;

	conf_files(r);
	if (spool == NULL && (st = run_conf(r)) != ST_OK)
		return st;
	if (spool == NULL && r->settings.spool[0] != '\0')
		spool = r->settings.spool;
	if (spool == NULL && owns_system_spool())
		spool = SYSTEM_SPOOL;
	if (spool != NULL) {
		if (strlcpy(r->spool_path, spool, sizeof(r->spool_path)) >= sizeof(r->spool_path))
			return error_set(&r->err, ST_USAGE, 0, "the path of the spool is too long");
		return ST_OK;
	}
	if (!xdg("XDG_STATE_HOME", ".local/state", "mq", r->spool_path, sizeof(r->spool_path)))
		return error_set(&r->err, ST_CONF, 0, "no spool: give -s DIR, or set MQ_SPOOL or HOME");
	if (create)
		make_parents(r->spool_path);
	return ST_OK;
}

void
run_title(struct run *r)
{
	extern char **environ;

	(void)r;
	setproctitle_init(all_argc, all_argv, environ);
}

/* ---- the end ---------------------------------------------------------- */

void
run_complain(struct run *r)
{
	(void)fflush(stdout);
	progress_clear();
	(void)fprintf(stderr, r->cmd != NULL ? "mq %s: " : "mq: ", r->cmd != NULL ? r->cmd->name : "");
	/* Most errors come from below, where nobody knows whose queue it is. */
	if (r->queue[0] != '\0' && strstr(r->err.text, "queue ") == NULL &&
	    strstr(r->err.text, r->spool_path) == NULL)
		(void)fprintf(stderr, "queue %s: ", r->queue);
	out_vis(stderr, r->err.text, strlen(r->err.text));
	(void)fputc('\n', stderr);
	error_clear(&r->err);
	r->told = true;
}

static int
finish(struct run *r, enum status st)
{
	/* What was meant for stdout and did not get there is worse than "nothing there". */
	if ((st == ST_OK || st == ST_NONE) && out_flush(r) != ST_OK)
		st = ST_IO;
	if (st != ST_OK && r->cmd != NULL && r->cmd->failed != NULL)
		r->exit_code = r->cmd->failed(r);
	else if (st != ST_OK && st != ST_NONE && (!r->told || r->err.status == st))
		run_complain(r);
	run_log_trouble(r);
	spool_close(r->spool);
	free(r->given);
	free(r->operand);
	return r->exit_code != 0 && (st == ST_OK || r->cmd->failed != NULL) ? r->exit_code : status_exit(st);
}

enum status
no_command(struct run *r, const char *word)
{
	const char *names[64], *near;
	size_t n = 0;

	for (const struct cmd *const *c = cmds; *c != NULL; c++)
		names[n++] = (*c)->name;
	near = nearest(word, names, n);
	if (near != NULL)
		return error_set(&r->err, ST_USAGE, 0, "no command '%s'; did you mean '%s'?", word, near);
	return error_set(&r->err, ST_USAGE, 0, "no command '%s'; 'mq help' lists them", word);
}

static int
run_verb(struct run *r, const struct cmd *cmd, int argc, char **argv)
{
	enum status st;

	r->cmd = cmd;
	st = run_parse(r, argc, argv);
	if (st == ST_OK && r->help) {
		help_verb(stdout, cmd);
		return finish(r, ST_OK);
	}
	if (st == ST_OK)
		st = remote_is(asked_spool()) ? remote_run(r, asked_spool(), argv + 1) : cmd->run(r);
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
	int c;

	keep_standard_fds();
	fs_take_umask();
	(void)setvbuf(stderr, NULL, _IOLBF, BUFSIZ);	/* a message in one piece, whoever else writes there */
	(void)signal(SIGPIPE, SIG_IGN);	/* EPIPE, and EFBIG, tell the same without killing */
	(void)signal(SIGXFSZ, SIG_IGN);
	error_clear(&r.err);
	all_argc = argc;
	all_argv = argv;
	opterr = 0;
	while ((c = getopt_long(argc, argv, letters, longs, NULL)) != -1)
		switch (c) {
		case 's':
			spool_option = optarg;
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
	if (spool_option != NULL && spool_option[0] == '\0') {
		(void)error_set(&r.err, ST_USAGE, 0, "-s needs the path of a spool");
		return finish(&r, ST_USAGE);
	}
	argc -= optind;
	argv += optind;
	if (cmd != NULL)
		return run_verb(&r, cmd, 1, (char *[]){ argv[0] != NULL ? argv[0] : all_argv[0], NULL });
	if (argc == 0) {
		help_usage(stderr);
		return status_exit(ST_USAGE);
	}
	if ((cmd = cmd_find(argv[0])) == NULL)
		return finish(&r, no_command(&r, argv[0]));
	return run_verb(&r, cmd, argc, argv);
}
