/*
 * terminal.c: the terminal as such: taken over, given back, and its keys.
 *
 * Plain ECMA-48, which every terminal of the last thirty years speaks.  No curses: a
 * library that is linked makes each one-shot command start later (see the Makefile).
 *
 * The terminal is given back on any exit: by terminal_close; when a signal kills us, by its
 * handler; and where no handler can run (kill -9, no stack left), by a second process
 * that sees the end of a pipe, as in guard.c.
 */
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "top/top.h"

/* The alternate screen, if there is one, cleared; no cursor. */
#define ENTER "\033[?1049h\033[?25l\033[0m\033[H\033[2J"
/* Where there is none, the shell goes on in the last line. */
#define LEAVE "\033[0m\033[999;1H\033[K\033[?25h\033[?1049l"
/* How long the rest of a key's bytes may take after an ESC. */
#define ESC_WAIT (USEC / 10)

/* ---- giving the terminal back ----------------------------------------- */

/* What handlers of signals need to know. */
static struct {
	struct termios saved;
	volatile sig_atomic_t ours;		/* the terminal is set up for us */
	volatile sig_atomic_t suspend, resumed, resized;
} caught;

/* Safe in a handler.  A terminal that takes nothing does not keep us from ending. */
static void
give_back(const struct termios *saved)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	(void)tcsetattr(STDIN_FILENO, TCSANOW, saved);
	if (poll(&pfd, 1, 100) == 1 && write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1) == -1)
		return;
}

static void
on_fatal(int sig)
{
	int saved_errno = errno;

	if (caught.ours)
		give_back(&caught.saved);
	caught.ours = 0;
	errno = saved_errno;
	(void)raise(sig);	/* its handler was reset: we die of it on return */
}

static void
on_event(int sig)
{
	if (sig == SIGTSTP)
		caught.suspend = 1;
	else if (sig == SIGCONT)
		caught.resumed = 1;
	else
		caught.resized = 1;
}

static void
catch_signals(void)
{
	static const int fatal[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
	    SIGSYS, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU };
	struct sigaction sa = { .sa_handler = on_fatal, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (!run_ignores(fatal[i]))
			(void)sigaction(fatal[i], &sa, NULL);
	sa.sa_handler = on_event;
	sa.sa_flags = SA_RESTART;
	(void)sigaction(SIGWINCH, &sa, NULL);
	(void)sigaction(SIGCONT, &sa, NULL);
	if (!run_ignores(SIGTSTP))
		(void)sigaction(SIGTSTP, &sa, NULL);
}

/* Signals stay with their keys, so that Ctrl-C works whatever we are at. */
static struct termios
make_raw(const struct termios *saved)
{
	struct termios raw = *saved;

	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return raw;
}

/*
 * Give it back for one who is dead.  A shell that was quicker has set the terminal for its
 * next line already: that is left alone.
 */
static void
give_back_late(const struct termios *saved)
{
	struct termios raw = make_raw(saved), now;

	if (tcgetattr(STDIN_FILENO, &now) == -1)
		return;
	if (now.c_iflag != raw.c_iflag || now.c_lflag != raw.c_lflag)
		saved = &now;
	give_back(saved);
}

/*
 * The second process.  Each byte says whether the terminal is ours from then on; the end of them,
 * that we are no more.
 */
static void
outlive(int fd, const struct termios *saved)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char byte = 0;

	/* Else a background process that sets the terminal would be stopped. */
	(void)sigaction(SIGTTOU, &ignore, NULL);
	(void)sigaction(SIGHUP, &ignore, NULL);
	(void)setpgid(0, 0);
	(void)dup2(fd, STDERR_FILENO);
	closefrom(STDERR_FILENO + 1);
	for (;;) {
		ssize_t n = read(STDERR_FILENO, &byte, 1);
		if (n == 0 || (n == -1 && errno != EINTR))
			break;
	}
	if (byte == 1)
		give_back_late(saved);
	_exit(0);
}

static enum status
guard_open(struct terminal *t, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	if ((t->guard = fork()) == -1) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return error_sys(err, errno, "fork");
	}
	if (t->guard == 0) {
		(void)close(fds[1]);
		outlive(fds[0], &t->saved);
	}
	(void)close(fds[0]);
	t->line = fds[1];
	return ST_OK;
}

static void
tell_guard(const struct terminal *t, char ours)
{
	if (write(t->line, &ours, 1) == -1)
		return;		/* somebody killed it; there is still ourselves */
}

/* ---- taking it over --------------------------------------------------- */

void
terminal_enter(struct terminal *t)
{
	struct termios raw = make_raw(&t->saved);

	tell_guard(t, 1);
	caught.ours = 1;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	(void)!write(STDOUT_FILENO, ENTER, sizeof(ENTER) - 1);
}

void
terminal_leave(struct terminal *t)
{
	if (caught.ours)
		give_back(&t->saved);
	caught.ours = 0;
	tell_guard(t, 0);
}

enum status
terminal_open(struct terminal *t, struct error *err)
{
	const char *term = getenv("TERM");
	enum status st;

	memset(t, 0, sizeof(*t));
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return error_set(err, ST_USAGE, 0,
		    "stdin and stdout must be a terminal; use 'mq stat', "
		    "'mq stat --json' or 'mq top -b'");
	if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
		return error_set(err, ST_USAGE, 0,
		    "this terminal cannot be drawn on (TERM is '%s'); use "
		    "'mq stat', 'mq stat --json' or 'mq top -b'", term != NULL ? term : "");
	if (tcgetattr(STDIN_FILENO, &t->saved) == -1)
		return error_sys(err, errno, "terminal");
	if ((st = guard_open(t, err)) != ST_OK)
		return st;
	caught.saved = t->saved;
	catch_signals();
	terminal_enter(t);
	return ST_OK;
}

void
terminal_close(struct terminal *t)
{
	if (t->guard <= 0)
		return;
	terminal_leave(t);
	(void)close(t->line);
	while (waitpid(t->guard, NULL, 0) == -1 && errno == EINTR)
		continue;
	t->guard = 0;
}

/* A signal that wants us to end may come while a slow line takes its time. */
enum status
terminal_write(const char *data, size_t len, struct error *err)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len > 0 && !run_stopped()) {
		ssize_t n = write(STDOUT_FILENO, data, len);
		if (n == -1 && errno == EAGAIN)	/* somebody who shares it made it so */
			(void)poll(&pfd, 1, 100);
		else if (n == -1 && errno != EINTR)
			return error_sys(err, errno, "terminal");
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return ST_OK;
}

/* ---- keys ------------------------------------------------------------- */

static void
suspend(struct terminal *t)
{
	struct sigaction old, dfl = { .sa_handler = SIG_DFL };

	terminal_leave(t);
	(void)sigaction(SIGTSTP, &dfl, &old);
	(void)raise(SIGTSTP);
	(void)sigaction(SIGTSTP, &old, NULL);
}

/* What signals have asked for; whether that was anything. */
static bool
attend(struct terminal *t)
{
	bool suspended = caught.suspend != 0, any = suspended || caught.resumed || caught.resized;

	caught.suspend = 0;
	if (suspended)
		suspend(t);
	/* who had the terminal meanwhile may have set it otherwise */
	if (suspended || caught.resumed)
		terminal_enter(t);
	caught.resumed = caught.resized = 0;
	return any;
}

/* Wait for bytes of keys.  KEY_GONE: there will be none any more. */
static int
await(struct terminal *t, usec_t timeout)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	sigset_t all, old;
	ssize_t n;
	int r;

	/* A signal between the question and the wait would be slept over. */
	(void)sigfillset(&all);
	(void)sigprocmask(SIG_BLOCK, &all, &old);
	if (caught.suspend || caught.resumed || caught.resized || run_stopped() || timeout < 0)
		timeout = 0;
	r = ppoll(&pfd, 1, &(struct timespec){ timeout / USEC, timeout % USEC * 1000 }, &old);
	(void)sigprocmask(SIG_SETMASK, &old, NULL);
	if (r <= 0)
		return KEY_NONE;
	n = read(STDIN_FILENO, t->in + t->nin, sizeof(t->in) - t->nin);
	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
		return KEY_GONE;
	if (n > 0)
		t->nin += (size_t)n;
	return KEY_NONE;
}

static int
named_key(const char *seq, size_t len)
{
	static const struct { const char *seq; int key;
	    } keys[] = { { "A", KEY_UP }, { "B", KEY_DOWN },
	    { "H", KEY_HOME }, { "F", KEY_END }, { "Z", KEY_BACKTAB }, { "1~", KEY_HOME },
	    { "4~", KEY_END }, { "7~", KEY_HOME }, { "8~", KEY_END }, { "5~", KEY_PAGE_UP },
	    { "6~", KEY_PAGE_DOWN } };

	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (strlen(keys[i].seq) == len && memcmp(keys[i].seq, seq, len) == 0)
			return keys[i].key;
	return KEY_NONE;
}

/* Bytes that the first key in the buffer takes, 0: they are not all there. */
static size_t
key_length(const struct terminal *t)
{
	size_t n = 2;

	if (t->in[0] != KEY_ESC)
		return 1;
	if (t->nin < 2)
		return 0;
	if (t->in[1] == 'O')
		return t->nin < 3 ? 0 : 3;
	if (t->in[1] != '[')
		return 1;	/* ESC, then something else */
	while (n < t->nin && t->in[n] >= 0x20 && t->in[n] < 0x40)
		n++;
	if (n == sizeof(t->in))
		return n;	/* no key is that long */
	return n < t->nin ? n + 1 : 0;
}

static int
take_key(struct terminal *t, size_t len)
{
	int key = (unsigned char)t->in[0];

	if (len > 1)
		key = named_key(t->in + 2, len - 2);
	else if (key == '\n')
		key = KEY_ENTER;
	else if (key == '\b')
		key = KEY_DELETE;
	else if (key == ('L' & 31))
		key = KEY_REDRAW;
	t->nin -= len;
	memmove(t->in, t->in + len, t->nin);
	return key;
}

int
terminal_key(struct terminal *t, usec_t timeout)
{
	size_t len;

	if (t->nin == 0 && await(t, timeout) == KEY_GONE)
		return KEY_GONE;
	if (attend(t))
		return KEY_REDRAW;
	if (t->nin == 0)
		return KEY_NONE;
	if ((len = key_length(t)) == 0) {
		if (await(t, ESC_WAIT) == KEY_GONE)
			return KEY_GONE;
		if ((len = key_length(t)) == 0)
			len = t->nin == 1 ? 1 : t->nin;	/* the key ESC; or what is none */
	}
	return take_key(t, len);
}
