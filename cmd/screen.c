/*
 * screen.c: a terminal as rows of text.
 *
 * Plain ECMA-48, which every terminal of the last thirty years speaks.  No curses: a
 * library that is linked makes each one-shot command start later (see the Makefile).
 *
 * A frame is made line by line; only the lines that differ from what is shown are sent,
 * with one write, so nothing flickers and a slow line has little to carry.  All text passes
 * vis, so the only escape sequences that get out are those of this file.
 *
 * The terminal is given back on any exit: by screen_close; when a signal kills us, by its
 * handler; and where no handler can run (kill -9, no stack left), by a second process
 * that sees the end of a pipe, as in guard.c.
 */
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <langinfo.h>
#include <limits.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <wchar.h>

#include "top.h"

/* The alternate screen, if there is one, cleared; no cursor. */
#define ENTER "\033[?1049h\033[?25l\033[0m\033[H\033[2J"
/* Where there is none, the shell goes on in the last line. */
#define LEAVE "\033[0m\033[999;1H\033[K\033[?25h\033[?1049l"
/* How long the rest of a key's bytes may take after an ESC. */
#define ESC_WAIT (USEC / 10)
#define SIZE_MAX_ 1000

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

/* The second process.  Each byte says whether the terminal is ours from then on; the end of them, that we are no more. */
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
		give_back(saved);
	_exit(0);
}

static enum status
guard_open(struct screen *s, struct error *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) == -1)
		return error_sys(err, errno, "pipe");
	if ((s->guard = fork()) == -1) {
		(void)close(fds[0]);
		(void)close(fds[1]);
		return error_sys(err, errno, "fork");
	}
	if (s->guard == 0) {
		(void)close(fds[1]);
		outlive(fds[0], &s->saved);
	}
	(void)close(fds[0]);
	s->line = fds[1];
	return ST_OK;
}

static void
tell_guard(const struct screen *s, char ours)
{
	if (write(s->line, &ours, 1) == -1)
		return;		/* somebody killed it; there is still ourselves */
}

/* ---- taking it over --------------------------------------------------- */

static int
in_bounds(long n, int fallback)
{
	return n < 1 ? fallback : n > SIZE_MAX_ ? SIZE_MAX_ : (int)n;
}

static int
from_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL ? in_bounds(strtol(value, NULL, 10), 0) : 0;
}

static void
measure(struct screen *s)
{
	struct winsize ws = { 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &ws) == -1)
		memset(&ws, 0, sizeof(ws));
	s->rows = in_bounds(ws.ws_row != 0 ? ws.ws_row : from_env("LINES"), 24);
	s->cols = in_bounds(ws.ws_col != 0 ? ws.ws_col : from_env("COLUMNS"), 80);
}

static void
forget(struct screen *s)
{
	for (int i = 0; i < s->have; i++) {
		free(s->shown[i]);
		s->shown[i] = NULL;
	}
	s->clear = true;
}

void
screen_enter(struct screen *s)
{
	struct termios raw = s->saved;

	tell_guard(s, 1);
	caught.ours = 1;
	/* Signals stay with their keys, so that Ctrl-C works whatever we are at. */
	raw.c_iflag &= ~(tcflag_t)(ICRNL | INLCR | IGNCR | IXON);
	raw.c_lflag &= ~(tcflag_t)(ICANON | ECHO | ECHONL | IEXTEN);
	raw.c_cc[VMIN] = 1;
	raw.c_cc[VTIME] = 0;
	(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	(void)!write(STDOUT_FILENO, ENTER, sizeof(ENTER) - 1);
	forget(s);
}

void
screen_leave(struct screen *s)
{
	if (caught.ours)
		give_back(&s->saved);
	caught.ours = 0;
	tell_guard(s, 0);
}

enum status
screen_open(struct screen *s, struct error *err)
{
	const char *term = getenv("TERM"), *no_colour = getenv("NO_COLOR");
	enum status st;

	memset(s, 0, sizeof(*s));
	if (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1)
		return error_set(err, ST_USAGE, 0, "stdin and stdout must be a terminal; use 'mq stat', "
		    "'mq stat --json' or 'mq top -b'");
	if (term == NULL || term[0] == '\0' || strcmp(term, "dumb") == 0)
		return error_set(err, ST_USAGE, 0, "this terminal cannot be drawn on (TERM is '%s'); use "
		    "'mq stat', 'mq stat --json' or 'mq top -b'", term != NULL ? term : "");
	if (tcgetattr(STDIN_FILENO, &s->saved) == -1)
		return error_sys(err, errno, "terminal");
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	s->colour = no_colour == NULL || no_colour[0] == '\0';
	if ((st = guard_open(s, err)) != ST_OK)
		return st;
	caught.saved = s->saved;
	catch_signals();
	screen_enter(s);
	return ST_OK;
}

void
screen_open_plain(struct screen *s, int cols)
{
	memset(s, 0, sizeof(*s));
	s->plain = true;
	s->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	s->rows = INT_MAX;
	s->cols = cols;
}

void
screen_close(struct screen *s)
{
	if (s->guard > 0) {
		screen_leave(s);
		(void)close(s->line);
		while (waitpid(s->guard, NULL, 0) == -1 && errno == EINTR)
			continue;
		s->guard = 0;
	}
	for (int i = 0; i < s->have; i++) {
		free(s->now[i]);
		free(s->shown[i]);
	}
	free(s->now);
	free(s->shown);
	s->have = 0;
	s->now = s->shown = NULL;
}

/* ---- one line --------------------------------------------------------- */

static void
line_begin(struct screen *s)
{
	s->text = NULL;
	s->len = 0;
	s->col = 0;
	s->attr = 0;
	s->f = s->row < s->rows ? open_memstream(&s->text, &s->len) : NULL;
}

/* Columns of a line.  Not the last cell of all: terminals differ in whether they scroll then. */
static int
line_width(const struct screen *s)
{
	return s->row == s->rows - 1 && s->cols > 1 ? s->cols - 1 : s->cols;
}

static void
set_attr(struct screen *s, unsigned attr)
{
	if (attr == s->attr || s->plain)
		return;
	s->attr = attr;
	(void)fprintf(s->f, "\033[0%s%s", (attr & ATTR_BOLD) != 0 ? ";1" : "",
	    (attr & ATTR_REVERSE) != 0 ? ";7" : "");
	if (s->colour)
		(void)fprintf(s->f, "%s%s", (attr & ATTR_RED) != 0 ? ";31" : "",
		    (attr & ATTR_YELLOW) != 0 ? ";33" : "");
	(void)fputc('m', s->f);
}

static void
blanks(struct screen *s, int n)
{
	for (; n > 0; n--, s->col++)
		(void)fputc(' ', s->f);
}

/* The next character of text: its bytes, its columns, 0 for none that can be shown. */
static int
glyph(const struct screen *s, const char *text, size_t len, size_t *bytes)
{
	mbstate_t state = { 0 };
	wchar_t wc;
	size_t n;

	*bytes = 1;
	if ((unsigned char)*text < 0x80)
		return 1;
	if (!s->utf8)
		return -1;
	n = mbrtowc(&wc, text, len, &state);
	if (n == 0 || n > len)
		return -1;
	*bytes = n;
	return wcwidth(wc);
}

/* So many columns of text, the last one marked if that is not all. */
static void
put_cut(struct screen *s, const char *text, size_t len, int columns, bool cut)
{
	size_t bytes;
	int room = cut && columns > 1 ? columns - 1 : columns;

	for (; len > 0; text += bytes, len -= bytes) {
		int w = glyph(s, text, len, &bytes);
		if ((w < 0 ? 1 : w) > room)
			break;
		if (w > 0)
			(void)fwrite(text, 1, bytes, s->f);
		else if (w < 0)
			(void)fputc('?', s->f);
		room -= w < 0 ? 1 : w;
		s->col += w < 0 ? 1 : w;
	}
	if (cut && columns > 1) {
		(void)fputs(s->utf8 ? "…" : "+", s->f);
		s->col++;
	}
}

static int
columns_of(const struct screen *s, const char *text, size_t len)
{
	size_t bytes;
	int columns = 0;

	for (; len > 0; text += bytes, len -= bytes) {
		int w = glyph(s, text, len, &bytes);
		columns += w < 0 ? 1 : w;
	}
	return columns;
}

void
screen_put(struct screen *s, unsigned attr, int width, const char *text)
{
	int room = line_width(s) - s->col, columns, field;
	char *seen = NULL;
	size_t len = 0;
	FILE *f;

	if (s->f == NULL || room <= 0 || (f = open_memstream(&seen, &len)) == NULL)
		return;
	out_vis(f, text, strlen(text));
	(void)fclose(f);
	columns = columns_of(s, seen, len);
	field = width == 0 ? columns : abs(width);
	if (field > room)
		field = room;
	set_attr(s, attr);
	if (width < 0)
		blanks(s, field - columns);
	room = s->col;
	put_cut(s, seen, len, field, columns > field);
	if (width > 0)
		blanks(s, field - (s->col - room));
	free(seen);
}

void
screen_printf(struct screen *s, unsigned attr, int width, const char *fmt, ...)
{
	char text[1024];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	screen_put(s, attr, width, text);
}

/* ---- a frame ---------------------------------------------------------- */

/* Rows for the terminal's size; all of it is drawn anew when that changed. */
static void
make_rows(struct screen *s)
{
	int rows = s->rows, cols = s->cols;

	measure(s);
	if (s->rows == rows && s->cols == cols && s->have == rows)
		return;
	for (int i = 0; i < s->have; i++) {
		free(s->now[i]);
		free(s->shown[i]);
	}
	free(s->now);
	free(s->shown);
	s->have = 0;
	s->now = calloc((size_t)s->rows, sizeof(*s->now));
	s->shown = calloc((size_t)s->rows, sizeof(*s->shown));
	if (s->now != NULL && s->shown != NULL)
		s->have = s->rows;
	s->clear = true;
}

void
screen_begin(struct screen *s)
{
	if (!s->plain)
		make_rows(s);
	s->row = 0;
	line_begin(s);
}

static void
print_plain(struct screen *s)
{
	while (s->len > 0 && s->text[s->len - 1] == ' ')
		s->len--;
	(void)fwrite(s->text, 1, s->len, stdout);
	(void)fputc('\n', stdout);
}

void
screen_newline(struct screen *s)
{
	if (s->f != NULL) {
		set_attr(s, 0);
		(void)fclose(s->f);
		if (s->plain && s->text != NULL)
			print_plain(s);
		if (s->row < s->have) {
			free(s->now[s->row]);
			s->now[s->row] = s->text;
			s->text = NULL;
		}
		free(s->text);
	}
	s->row++;
	line_begin(s);
}

/* Erased first: behind the last column an erase would take that one with it. */
static void
compose(struct screen *s, FILE *out)
{
	if (s->clear)
		(void)fputs("\033[0m\033[2J", out);
	for (int i = 0; i < s->have; i++) {
		char *line = s->now[i];
		if (line == NULL || (!s->clear && s->shown[i] != NULL && strcmp(line, s->shown[i]) == 0))
			continue;
		(void)fprintf(out, "\033[%d;1H\033[K%s", i + 1, line);
		s->now[i] = s->shown[i];
		s->shown[i] = line;
	}
	s->clear = false;
}

/* A signal that wants us to end may come while a slow line takes its time. */
static enum status
send_all(const char *data, size_t len, struct error *err)
{
	while (len > 0 && !run_stopped()) {
		ssize_t n = write(STDOUT_FILENO, data, len);
		if (n == -1 && errno != EINTR && errno != EAGAIN)
			return error_sys(err, errno, "terminal");
		if (n > 0) {
			data += n;
			len -= (size_t)n;
		}
	}
	return ST_OK;
}

enum status
screen_end(struct screen *s, struct error *err)
{
	char *data = NULL;
	size_t len = 0;
	enum status st;
	FILE *out;

	while (s->row < s->have)
		screen_newline(s);
	if (s->f != NULL) {
		(void)fclose(s->f);
		free(s->text);
		s->f = NULL;
	}
	if (s->plain)
		return ST_OK;
	if ((out = open_memstream(&data, &len)) == NULL)
		return error_sys(err, ENOMEM, "screen");
	compose(s, out);
	(void)fclose(out);
	st = send_all(data, len, err);
	free(data);
	return st;
}

/* ---- keys ------------------------------------------------------------- */

static void
suspend(struct screen *s)
{
	struct sigaction old, dfl = { .sa_handler = SIG_DFL };

	screen_leave(s);
	(void)sigaction(SIGTSTP, &dfl, &old);
	(void)raise(SIGTSTP);
	(void)sigaction(SIGTSTP, &old, NULL);
}

/* What signals have asked for; whether that was anything. */
static bool
attend(struct screen *s)
{
	bool suspended = caught.suspend != 0, any = suspended || caught.resumed || caught.resized;

	caught.suspend = 0;
	if (suspended)
		suspend(s);
	if (suspended || caught.resumed)
		screen_enter(s);	/* who had the terminal meanwhile may have set it otherwise */
	caught.resumed = caught.resized = 0;
	return any;
}

/* Wait for bytes of keys.  KEY_GONE: there will be none any more. */
static int
await(struct screen *s, usec_t timeout)
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
	n = read(STDIN_FILENO, s->in + s->nin, sizeof(s->in) - s->nin);
	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
		return KEY_GONE;
	if (n > 0)
		s->nin += (size_t)n;
	return KEY_NONE;
}

static int
named_key(const char *seq, size_t len)
{
	static const struct { const char *seq; int key; } keys[] = { { "A", KEY_UP }, { "B", KEY_DOWN },
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
key_length(const struct screen *s)
{
	size_t n = 2;

	if (s->in[0] != KEY_ESC)
		return 1;
	if (s->nin < 2)
		return 0;
	if (s->in[1] == 'O')
		return s->nin < 3 ? 0 : 3;
	if (s->in[1] != '[')
		return 1;	/* ESC, then something else */
	while (n < s->nin && s->in[n] >= 0x20 && s->in[n] < 0x40)
		n++;
	if (n == sizeof(s->in))
		return n;	/* no key is that long */
	return n < s->nin ? n + 1 : 0;
}

static int
take_key(struct screen *s, size_t len)
{
	int key = (unsigned char)s->in[0];

	if (len > 1)
		key = named_key(s->in + 2, len - 2);
	else if (key == '\n')
		key = KEY_ENTER;
	else if (key == '\b')
		key = KEY_DELETE;
	else if (key == ('L' & 31))
		key = KEY_REDRAW;
	s->nin -= len;
	memmove(s->in, s->in + len, s->nin);
	if (key == KEY_REDRAW)
		forget(s);
	return key;
}

int
screen_key(struct screen *s, usec_t timeout)
{
	size_t len;

	if (s->nin == 0 && await(s, timeout) == KEY_GONE)
		return KEY_GONE;
	if (attend(s))
		return KEY_REDRAW;
	if (s->nin == 0)
		return KEY_NONE;
	if ((len = key_length(s)) == 0) {
		if (await(s, ESC_WAIT) == KEY_GONE)
			return KEY_GONE;
		if ((len = key_length(s)) == 0)
			len = s->nin == 1 ? 1 : s->nin;	/* the key ESC; or what is none */
	}
	return take_key(s, len);
}
