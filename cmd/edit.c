/*
 * edit.c: mq edit: change the body, or the headers, of a dead or held message.
 *
 * The editor gets a copy.  The result is written as a new message, which then takes the place of
 * the old one, so that half of an edit is never in the queue.
 */
#include <sys/stat.h>
#include <sys/wait.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "view/view.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/accept.h"
#include "shared/ids.h"

enum { HEADERS = OPT_LONG };

static const struct opt opts[] = {
	{ HEADERS, "headers", NULL, false,
	    "the headers too: above the body, with an empty line between" },
	OPT_END
};

struct edit {
	struct run *r;
	struct queue *q;
	struct place p;
	bool with_headers;
	char path[4096];	/* path of the copy; "" if there is none */
	int fd;
	int from;		/* the message as it was read; -1: not open */
	struct stat before;
	struct headers headers;	/* the headers of the new version */
	off_t body;		/* where the body begins in the copy */
};

extern char **environ;

/* ---- the copy --------------------------------------------------------- */

static enum status
copy_headers(struct edit *e)
{
	struct error *err = &e->r->err;
	enum status st = msg_headers(e->from, &e->p.name, &e->headers, err);

	if (st == ST_OK && e->with_headers) {
		const char *block = e->headers.len > 0 ? e->headers.block : "\n";
		size_t len = e->headers.len > 0 ? e->headers.len : 1;
		if (write(e->fd, block, len) != (ssize_t)len)
			st = error_sys(err, errno, "%s", e->path);
	}
	return st;
}

static enum status
make_copy(struct edit *e)
{
	const char *tmp = getenv("TMPDIR");
	struct error *err = &e->r->err;
	enum status st;

	if ((st = msg_open(e->q, &e->p, &e->from, err)) != ST_OK)
		return st;
	(void)snprintf(e->path, sizeof(e->path), "%s/mq-edit-%.8s.XXXXXX",
	    tmp != NULL && tmp[0] == '/' ? tmp : "/tmp", e->p.name.id.text + ID_LEN - 8);
	if ((e->fd = mkostemp(e->path, O_CLOEXEC)) == -1) {
		st = error_sys(err, errno, "%s", e->path);
		e->path[0] = '\0';
	}
	if (st == ST_OK && (st = copy_headers(e)) == ST_OK)
		st = body_copy(e->from, &e->p.name, e->fd, err);
	if (st == ST_OK && fstat(e->fd, &e->before) == -1)
		st = error_sys(err, errno, "%s", e->path);
	return st;
}

/* ---- the editor ------------------------------------------------------- */

/*
 * Run the editor.  VISUAL and EDITOR may hold arguments, so a shell splits them, as git and crontab
 * do.
 */
static enum status
run_editor(struct edit *e)
{
	const char *editor = getenv("VISUAL");
	char sh[] = "sh", c[] = "-c", *script = NULL, *argv[] = { sh, c, NULL, sh, e->path, NULL };
	struct error *err = &e->r->err;
	posix_spawnattr_t attr;
	sigset_t defaults;
	int status = 0, failed;
	pid_t pid;

	if (editor == NULL || editor[0] == '\0')
		editor = getenv("EDITOR");
	if (editor == NULL || editor[0] == '\0')
		editor = "vi";
	if (asprintf(&script, "%s \"$1\"", editor) == -1)
		return error_sys(err, ENOMEM, "edit");
	argv[2] = script;
	/*
	 * Ctrl-C is meant for the editor.  The editor must not ignore signals only because we do.
	 */
	(void)sigemptyset(&defaults);
	for (const int *sig = (const int[]){ SIGINT, SIGQUIT, SIGPIPE, SIGXFSZ, 0 }; *sig != 0;
	    sig++)
		if (*sig == SIGPIPE || *sig == SIGXFSZ || !run_ignores(*sig))
			(void)sigaddset(&defaults, *sig);
	(void)signal(SIGINT, SIG_IGN);
	(void)signal(SIGQUIT, SIG_IGN);
	if ((failed = posix_spawnattr_init(&attr)) == 0) {
		(void)posix_spawnattr_setsigdefault(&attr, &defaults);
		(void)posix_spawnattr_setflags(&attr, POSIX_SPAWN_SETSIGDEF);
		fs_give_umask();
		failed = posix_spawn(&pid, "/bin/sh", NULL, &attr, argv, environ);
		fs_take_umask();
		(void)posix_spawnattr_destroy(&attr);
	}
	while (failed == 0 && waitpid(pid, &status, 0) == -1 && errno == EINTR)
		continue;
	free(script);
	if (failed != 0)
		return error_sys(err, failed, "/bin/sh");
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return error_set(err, ST_AGAIN, 0, "the editor (%s) failed; nothing was changed",
		    editor);
	return ST_OK;
}

/* ---- the new version -------------------------------------------------- */

/*
 * The order of messages depends on the hash of the key in the name, and the name keeps its hash.
 * So the header must not name another key.
 */
static enum status
key_stays(struct edit *e)
{
	char *key, hash[ORDER_LEN + 1];
	struct header h;
	size_t pos = 0;

	if (e->p.name.order[0] == '\0')
		return ST_OK;
	while (headers_next(&e->headers, &pos, &h)) {
		if (!header_is(&h, "Key", 3))
			continue;
		if ((key = strndup(h.value, h.valuelen)) == NULL)
			return error_sys(&e->r->err, ENOMEM, "edit");
		order_hash(key, hash);
		free(key);
		if (strcmp(hash, e->p.name.order) != 0)
			return error_set(&e->r->err, ST_BADDATA, 0,
			    "the header Key is what the order goes by: it cannot be changed");
	}
	return ST_OK;
}

/* Take the lines of the copy up to the empty line as the headers. */
static enum status
take_headers(struct edit *e, FILE *f)
{
	struct error *err = &e->r->err;
	char *line = NULL;
	size_t size = 0;
	enum status st = ST_OK;
	ssize_t n;

	headers_free(&e->headers);
	while (st == ST_OK && (n = getline(&line, &size, f)) > 0 && line[0] != '\n') {
		if (line[n - 1] != '\n' || strlen(line) != (size_t)n)
			st = error_set(err, ST_BADDATA, 0,
			    "the headers don't end with an empty line");
		else {
			line[n - 1] = '\0';
			st = headers_add(&e->headers, line, err);
		}
	}
	if (st == ST_OK && n <= 0)
		st = error_set(err, ST_BADDATA, 0,
		    "the empty line between headers and body is gone");
	if (st == ST_OK)
		st = key_stays(e);
	free(line);
	e->body = ftello(f);
	return st == ST_USAGE ? (err->status = ST_BADDATA) : st;
}

static bool
ends_with_newline(int fd, off_t from, off_t size)
{
	char last;

	return size > from && pread(fd, &last, 1, size - 1) == 1 && last == '\n';
}

/*
 * Return where the new body ends.  Editors add a newline at the end of a file, which a body that
 * had none must not get in this way.
 */
static off_t
end_of_body(const struct edit *e, int fd, off_t size)
{
	bool had = e->p.name.size == e->p.name.head ||
	    ends_with_newline(e->from, e->p.name.head, e->p.name.size);

	return !had && ends_with_newline(fd, e->body, size) ? size - 1 : size;
}

static enum status
write_body(struct batch *b, int fd, off_t at, off_t end, struct error *err)
{
	static char buf[64 << 10];
	enum status st = ST_OK;
	ssize_t n;

	while (st == ST_OK && at < end) {
		n = pread(fd, buf, end - at < (off_t)sizeof(buf) ? (size_t)(end - at) : sizeof(buf),
		    at);
		if (n <= 0)
			return error_sys(err, n == 0 ? EIO : errno, "the edited copy");
		st = batch_write(b, buf, (size_t)n, err);
		at += n;
	}
	return st;
}

static enum status
replace(struct edit *e, int fd, off_t end)
{
	struct push_options opt = { .priority = e->p.name.priority, .headers = &e->headers };
	struct error *err = &e->r->err;
	const char *accept;
	struct batch *b;
	enum status st;

	run_stoppable();	/* a signal must not lose the edited copy */
	if ((st = queue_accept(e->q, &accept, err)) != ST_OK ||
	    (st = batch_open(e->q, &opt, &b, err)) != ST_OK)
		return st;
	if ((st = batch_begin(b, err)) == ST_OK &&
	    (st = write_body(b, fd, e->body, end, err)) == ST_OK &&
	    (st = accept_end(e->r, e->q, accept, &e->headers, b)) == ST_OK)
		st = batch_replace(b, &e->p, e->from, clock_now(), err);
	batch_close(b);
	if (st == ST_GONE)
		st = error_set(err, ST_LOST, 0,
		    "message %s moved on while it was edited: it is as it was",
		    e->p.name.id.text);
	return st;
}

/* Save the copy.  Open it by its name, because most editors write a new file and rename it. */
static enum status
save(struct edit *e)
{
	struct error *err = &e->r->err;
	struct stat sb;
	enum status st = ST_OK;
	FILE *f;

	if ((f = fopen(e->path, "re")) == NULL || fstat(fileno(f), &sb) == -1) {
		st = error_set(err, ST_IO, errno,
		    "%s: the editor left no file; nothing was changed", e->path);
		if (f != NULL)
			(void)fclose(f);
		return st;
	}
	if (sb.st_ino == e->before.st_ino && sb.st_size == e->before.st_size &&
	    sb.st_mtim.tv_sec == e->before.st_mtim.tv_sec &&
	    sb.st_mtim.tv_nsec == e->before.st_mtim.tv_nsec)
		run_note(e->r, "not changed");
	else if (!e->with_headers || (st = take_headers(e, f)) == ST_OK)
		st = replace(e, fileno(f), end_of_body(e, fileno(f), sb.st_size));
	(void)fclose(f);
	return st;
}

/* ---- running ---------------------------------------------------------- */

static enum status
edit_find(struct edit *e, const char *word)
{
	struct error *err = &e->r->err;
	const char *qname = queue_name(e->q);
	struct msgid id;
	enum status st;

	if ((st = id_resolve(e->r, e->q, word, &id)) != ST_OK ||
	    (st = scan_find(e->q, STATES_ALL, &id, &e->p, err)) != ST_OK)
		return st;
	if (e->p.state != STATE_DEAD && e->p.state != STATE_HELD)
		return error_set(err, ST_LOST, 0,
		    "message %s is %s, and may be taken while it is edited: "
		    "'mq hold %s %s' first", id.text, state_names[e->p.state], qname, id.text);
	return ST_OK;
}

static enum status
edit(struct edit *e)
{
	enum status st;

	if ((st = make_copy(e)) == ST_OK && (st = run_editor(e)) == ST_OK &&
	    (st = save(e)) != ST_OK && st != ST_UNSURE) {
		/* The copy is somebody's work, so it is kept if it could not be saved. */
		if (access(e->path, F_OK) == 0)
			run_note(e->r, "your version is kept in %s", e->path);
		e->path[0] = '\0';
	}
	if (e->fd != -1)
		(void)close(e->fd);
	if (e->from != -1)
		(void)close(e->from);
	if (e->path[0] != '\0')
		(void)unlink(e->path);
	headers_free(&e->headers);
	return st;
}

static enum status
run_edit(struct run *r)
{
	struct edit e = { .r = r, .fd = -1, .from = -1 };
	const char *arg;
	enum status st;

	while (run_option(r, &arg) != 0)
		e.with_headers = true;
	if ((st = run_operands(r, 2, 2)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &e.q)) != ST_OK)
		return st;
	if ((st = edit_find(&e, r->operand[1])) == ST_OK)
		st = edit(&e);
	queue_close(e.q);
	return st;
}

const struct cmd cmd_edit = {
	.name = "edit",
	.operands = "QUEUE ID",
	.summary = "change a dead or held message in an editor",
	.opts = opts,
	.run = run_edit,
};
