/*
 * terminal.c: takes the terminal over, gives it back, and reads its keys.
 *
 * The escape sequences are those of ECMA-48, which every terminal of the last thirty years
 * understands.  There is no curses, because each linked library makes every one-shot command
 * start later (see the Makefile).
 *
 * The terminal is given back however we end: by terminal_close, or by a handler if a signal
 * kills us.  If no handler can run (kill -9, no stack left), a second process does it when it
 * sees the end of a pipe, as in worker/guard.c.
 */
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "shared/cmd.h"
#include "top/top.h"

/* Clear the alternate screen, if there is one, and hide the cursor. */
#define ENTER "\033[?1049h\033[?25l\033[0m\033[H\033[2J"
/* Undo that.  Without an alternate screen the shell goes on in the last line. */
#define LEAVE "\033[0m\033[999;1H\033[K\033[?25h\033[?1049l"
/* How long the rest of a key's bytes may take after an ESC. */
#define ESC_WAIT (USEC / 10)

/* ---- giving the terminal back ----------------------------------------- */

/* What the handlers of signals need to know. */
static struct {
	struct termios saved;
	volatile sig_atomic_t ours;		/* the terminal is set up for us */
	volatile sig_atomic_t suspend, resumed, resized;
} caught;

/*
 * Give the terminal back; a handler of signals may call this.  A terminal that takes no output does
 * not keep us from ending.
 */
static void
terminal_give_back(const struct termios *saved)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	(void)tcsetattr(STDIN_FILENO, TCSANOW, saved);
	if (poll(&pfd, 1, 100) == 1 && write(STDOUT_FILENO, LEAVE, sizeof(LEAVE) - 1) == -1)
		return;
}

static void
terminal_on_fatal(int sig)
{
	int saved_errno = errno;

	if (caught.ours)
		terminal_give_back(&caught.saved);
	caught.ours = 0;
	errno = saved_errno;
	(void)raise(sig);	/* the handler was reset, so the signal kills us on return */
}

static void
terminal_on_event(int sig)
{
	if (sig == SIGTSTP)
		caught.suspend = 1;
	else if (sig == SIGCONT)
		caught.resumed = 1;
	else
		caught.resized = 1;
}

static void
terminal_catch_signals(void)
{
	static const int fatal[] = { SIGQUIT, SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV,
	    SIGSYS, SIGUSR1, SIGUSR2, SIGALRM, SIGXCPU };
	struct sigaction sa = { .sa_handler = terminal_on_fatal, .sa_flags = (int)SA_RESETHAND };

	for (size_t i = 0; i < sizeof(fatal) / sizeof(fatal[0]); i++)
		if (!run_ignores(fatal[i]))
			(void)sigaction(fatal[i], &sa, NULL);
	sa.sa_handler = terminal_on_event;
	sa.sa_flags = SA_RESTART;
	(void)sigaction(SIGWINCH, &sa, NULL);
	(void)sigaction(SIGCONT, &sa, NULL);
	if (!run_ignores(SIGTSTP))
		(void)sigaction(SIGTSTP, &sa, NULL);
}

/* The keys of signals still work, so that Ctrl-C does whatever we are doing. */
static struct termios
terminal_make_raw(const struct termios *saved)
{
	struct termios raw = *saved;

	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	return raw;
}

/*
 * Give the terminal back for a process that is dead.  If a shell has already set the terminal for
 * its next line, that setting is kept.
 */
static void
terminal_give_back_late(const struct termios *saved)
{
	struct termios raw = terminal_make_raw(saved), now;

	if (tcgetattr(STDIN_FILENO, &now) == -1)
		return;
	if (now.c_iflag != raw.c_iflag || now.c_lflag != raw.c_lflag)
		saved = &now;
	terminal_give_back(saved);
}

/*
 * The second process.  Each byte that it reads says whether the terminal is ours from then on.  The
 * end of the pipe says that we are dead.
 */
static void
terminal_outlive(int fd, const struct termios *saved)
{
	struct sigaction ignore = { .sa_handler = SIG_IGN };
	char byte = 0;

	/* SIGTTOU would stop a background process that sets the terminal. */
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
		terminal_give_back_late(saved);
	_exit(0);
}

static enum status
terminal_guard_open(struct terminal *t, struct error *err)
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
		terminal_outlive(fds[0], &t->saved);
	}
	(void)close(fds[0]);
	t->line = fds[1];
	return ST_OK;
}

static void
terminal_tell_guard(const struct terminal *t, char ours)
{
	if (write(t->line, &ours, 1) == -1)
		return;		/* somebody killed the guard; we can still do it ourselves */
}

/* ---- taking the terminal over ----------------------------------------- */

void
terminal_enter(struct terminal *t)
{
	struct termios raw = terminal_make_raw(&t->saved);

	terminal_tell_guard(t, 1);
	caught.ours = 1;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	(void)!write(STDOUT_FILENO, ENTER, sizeof(ENTER) - 1);
}

void
terminal_leave(struct terminal *t)
{
	if (caught.ours)
		terminal_give_back(&t->saved);
	caught.ours = 0;
	terminal_tell_guard(t, 0);
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
	(void)signal(SIGPIPE, SIG_IGN);	/* the guard may be gone */
	if ((st = terminal_guard_open(t, err)) != ST_OK)
		return st;
	caught.saved = t->saved;
	terminal_catch_signals();
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

/* A signal may tell us to end while a slow terminal still takes its output. */
enum status
terminal_write(const char *data, size_t len, struct error *err)
{
	struct pollfd pfd = { .fd = STDOUT_FILENO, .events = POLLOUT };

	while (len > 0 && !run_stopped()) {
		ssize_t n = write(STDOUT_FILENO, data, len);
		if (n == -1 && errno == EAGAIN)	/* another process made it O_NONBLOCK */
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
terminal_suspend(struct terminal *t)
{
	struct sigaction old, dfl = { .sa_handler = SIG_DFL };

	terminal_leave(t);
	(void)sigaction(SIGTSTP, &dfl, &old);
	(void)raise(SIGTSTP);
	(void)sigaction(SIGTSTP, &old, NULL);
}

/* Do what signals have asked for.  False: there was nothing. */
static bool
terminal_attend(struct terminal *t)
{
	bool suspended = caught.suspend != 0, any = suspended || caught.resumed || caught.resized;

	caught.suspend = 0;
	if (suspended)
		terminal_suspend(t);
	/* The program that had the terminal meanwhile may have set it differently. */
	if (suspended || caught.resumed)
		terminal_enter(t);
	caught.resumed = caught.resized = 0;
	return any;
}

/* Wait for bytes of keys.  KEY_GONE: no more will come.  KEY_NONE: anything else. */
static int
terminal_await(struct terminal *t, usec_t timeout)
{
	struct pollfd pfd = { .fd = STDIN_FILENO, .events = POLLIN };
	sigset_t all, old;
	ssize_t n;
	int r;

	/* Signals are blocked, or we would sleep on if one came between the check and the wait. */
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
terminal_named_key(const char *seq, size_t len)
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

/* How many bytes the first key in the buffer has; 0: they are not all there. */
static size_t
terminal_key_length(const struct terminal *t)
{
	size_t n = 2;

	if (t->in[0] != KEY_ESC)
		return 1;
	if (t->nin < 2)
		return 0;
	if (t->in[1] == 'O')
		return t->nin < 3 ? 0 : 3;
	if (t->in[1] != '[')
		return 1;	/* the key ESC, and then another key */
	while (n < t->nin && t->in[n] >= 0x20 && t->in[n] < 0x40)
		n++;
	if (n == sizeof(t->in))
		return n;	/* no key is that long */
	return n < t->nin ? n + 1 : 0;
}

static int
terminal_take_key(struct terminal *t, size_t len)
{
	int key = (unsigned char)t->in[0];

	if (len > 1)
		key = terminal_named_key(t->in + 2, len - 2);
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

	if (t->nin == 0 && terminal_await(t, timeout) == KEY_GONE)
		return KEY_GONE;
	if (terminal_attend(t))
		return KEY_REDRAW;
	if (t->nin == 0)
		return KEY_NONE;
	if ((len = terminal_key_length(t)) == 0) {
		if (terminal_await(t, ESC_WAIT) == KEY_GONE)
			return KEY_GONE;
		if ((len = terminal_key_length(t)) == 0)
			len = t->nin == 1 ? 1 : t->nin;	/* the key ESC, or bytes of no key */
	}
	return terminal_take_key(t, len);
}
