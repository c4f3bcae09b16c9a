/*
 * show.c: mq show: all that is known about one message, for people; and with
 * --json for programs.
 */
#include <sys/stat.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/origin.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/proc.h"
#include "shared/ids.h"

#define LINES 10	/* of the body */
#define LINE 200	/* bytes of each */

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object, with the attempts, without the body" },
	OPT_END
};

struct show {
	struct run *r;
	struct queue *q;
	struct place p;
	int fd;			/* the message, -1: it cannot be opened */
	struct error why;	/* then why not */
	usec_t now;
	char *record;
};

static void field(const char *, const char *, ...) PRINTF_LIKE(2, 3);

static void
field(const char *name, const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (n == -1)
		return;
	(void)printf("%-10s ", name);
	out_vis(stdout, text, (size_t)n);
	(void)fputc('\n', stdout);
	free(text);
}

/* A time, and how far it is away. */
static void
field_time(const struct show *s, const char *name, usec_t at)
{
	char text[TIME_MAX], age[DURATION_MAX];

	time_format(at, text);
	age_format(at > s->now ? at - s->now : s->now - at, age);
	field(name, at > s->now ? "%s (in %s)" : "%s (%s ago)", text, age);
}

/* ---- who has it open -------------------------------------------------- */

struct holders {
	struct stat file;
	pid_t self;
	void (*put)(void *, pid_t, const char *command);
	void *arg;
};

static void
consider(void *arg, pid_t pid)
{
	const struct holders *h = arg;
	char command[1024];

	if (pid != h->self && proc_has_open(pid, &h->file) == HAS &&
	    proc_command(pid, command, sizeof(command)))
		h->put(h->arg, pid, command);
}

/* Processes that have the message open: of the caller's own, or all for root. */
static void
each_holder(const struct show *s, void (*put)(void *, pid_t, const char *command), void *arg)
{
	struct holders h = { .self = getpid(), .put = put, .arg = arg };

	if (s->p.state == STATE_CLAIMED && s->fd != -1 && fstat(s->fd, &h.file) == 0)
		proc_each(consider, &h);
}

static void
put_holder(void *arg, pid_t pid, const char *command)
{
	(void)arg;
	field("Held by", "process %d: %s", (int)pid, command);
}

/* ---- for people ------------------------------------------------------- */

static void
put_state(const struct show *s)
{
	const struct msgname *n = &s->p.name;
	char since[TIME_MAX], age[DURATION_MAX];
	usec_t at = name_since(s->p.state, n);

	(void)printf("%-10s ", "State");
	out_colour(stdout, (int)s->p.state);
	(void)fputs(state_names[s->p.state], stdout);
	out_colour(stdout, -1);
	if (at != 0 && at <= s->now) {
		time_format(at, since);
		age_format(s->now - at, age);
		(void)printf(" since %s (%s)", since, age);
	}
	(void)fputc('\n', stdout);
}

static void
put_headers(const struct show *s)
{
	struct headers headers;
	struct error err;
	struct header h;
	size_t pos = 0;

	if (s->fd == -1)
		return;
	error_clear(&err);
	if (msg_headers(s->fd, &s->p.name, &headers, &err) != ST_OK) {
		field("Header", "%s", err.text);
		return;
	}
	while (headers_next(&headers, &pos, &h))
		field("Header", "%.*s: %.*s", (int)h.namelen, h.name, (int)h.valuelen, h.value);
	headers_free(&headers);
}

/* What a message with a key waits for. */
static void
put_turn(const struct show *s)
{
	struct msgid turn;

	if (s->p.name.order[0] == '\0' || !order_turn(s->q, s->p.name.order, &turn))
		return;
	if (strcmp(turn.text, s->p.name.id.text) == 0)
		field("Turn", "it has the turn of its key");
	else
		field("Turn", "that of message %s, which is before it", turn.text);
}

static void
put_fields(const struct show *s)
{
	const struct msgname *n = &s->p.name;
	char text[600];

	field("Id", "%s", n->id.text);
	field("Queue", "%s", queue_name(s->q));
	put_state(s);
	msg_reason(s->q, &s->p, text, sizeof(text));
	if (text[0] != '\0')
		field("Reason", "%s", text);
	field("Attempts", "%d of %" PRId64 " failed, delivered %d time%s%s", n->attempts,
	    queue_policy(s->q)->attempts, n->deliveries, n->deliveries == 1 ? "" : "s",
	    n->suspect ? "; a worker that had it died: it is tried alone" : "");
	if (n->way[0] != '\0')
		field("Origin", "%s", queue_origin(s->q, n, text) == ORIGIN_KNOWN ? text :
		    "a queue that is not there any more");
	field_time(s, "Enqueued", id_time(&n->id));
	if (s->p.state == STATE_DELAYED)
		field_time(s, "Due", n->key);
	if (s->p.state == STATE_CLAIMED) {
		field_time(s, "Renewed", n->key - n->lease_ms * 1000);
		field_time(s, "Deadline", n->key);
		handle_format(&s->p, text);
		field("Handle", "%s", text);
		each_holder(s, put_holder, NULL);
	}
	put_turn(s);
	if (n->expires != 0)
		field_time(s, "Expires", n->expires);
	field("Priority", "%d", n->priority);
	field("Size", "%" PRId64 " byte%s", n->size - n->head, n->size - n->head == 1 ? "" : "s");
	place_path(s->q, &s->p, text, sizeof(text));
	field("File", "%s", text);
	put_headers(s);
}

static void
put_report(const struct report *r)
{
	char at[TIME_MAX], took[40] = "";

	time_format(r->at, at);
	if (r->duration >= 0)
		(void)snprintf(took, sizeof(took), " after %.3f s", (double)r->duration / USEC);
	if (r->attempt > 0)
		(void)printf("  %d. %s ", r->attempt, at);
	else
		(void)printf("     %s ", at);
	out_vis(stdout, r->reason, r->reasonlen);
	(void)fputs(took, stdout);
	if (r->textlen > 0) {
		(void)fputs(": ", stdout);
		out_vis(stdout, r->text, r->textlen);
	}
	if (r->givenlen > 0) {
		(void)fputs("; given to ", stdout);
		out_vis(stdout, r->given, r->givenlen);
	}
	(void)fputc('\n', stdout);
	for (const char *line = r->errors, *end; line < r->errors + r->errorslen; line = end + 1) {
		end = line + strcspn(line, "\n");
		(void)fputs("      ", stdout);
		out_vis(stdout, line, (size_t)(end - line));
		(void)fputc('\n', stdout);
	}
}

static void
put_history(const struct show *s)
{
	const char *at = s->record;
	struct report r;

	if (at == NULL || !report_next(&at, &r))
		return;
	(void)fputs("\nWhat went wrong, and when:\n", stdout);
	do
		put_report(&r);
	while (report_next(&at, &r));
}

/* Its first lines: enough to know it again. */
static void
put_body(const struct show *s)
{
	static char buf[LINES * LINE];
	ssize_t n = s->fd == -1 ? -1 : pread(s->fd, buf, sizeof(buf), (off_t)s->p.name.head);
	int lines = 0;

	if (n == -1) {
		(void)fputs("\nBody: ", stdout);
		out_vis(stdout, s->why.text, strlen(s->why.text));
		(void)fputc('\n', stdout);
		return;
	}
	if (n == 0)
		return;
	(void)printf("\nBody, its beginning ('mq peek %s %s' has all of it):\n", queue_name(s->q),
	    s->p.name.id.text);
	for (char *line = buf, *end; line < buf + n && lines < LINES; line = end + 1, lines++) {
		if ((end = memchr(line, '\n', (size_t)(buf + n - line))) == NULL)
			end = buf + n;
		(void)fputs("  ", stdout);
		out_vis(stdout, line, (size_t)(end - line < LINE ? end - line : LINE));
		(void)fputc('\n', stdout);
	}
}

/* ---- for programs ----------------------------------------------------- */

static void
json_member(const char *name, const char *text, size_t len)
{
	json_name(stdout, name, false);
	if (len == 0)
		(void)fputs("null", stdout);
	else
		json_quoted(stdout, text, len);
}

/* Stderr as it was: without the space before each line. */
static void
json_errors(const struct report *r)
{
	char *text = malloc(r->errorslen + 1);
	size_t len = 0;
	bool start = true;

	for (size_t i = 0; text != NULL && i < r->errorslen; i++) {
		if (!start || r->errors[i] != ' ')
			text[len++] = r->errors[i];
		start = r->errors[i] == '\n';
	}
	json_member("stderr", text != NULL ? text : "", text != NULL ? len : 0);
	free(text);
}

static void
json_history(const struct show *s)
{
	const char *at = s->record;
	struct report r;
	char time[TIME_MAX];
	bool first = true;

	json_name(stdout, "history", false);
	(void)fputc('[', stdout);
	while (at != NULL && report_next(&at, &r)) {
		(void)fputs(first ? "{" : ",{", stdout);
		first = false;
		time_format(r.at, time);
		json_name(stdout, "time", true);
		json_quoted(stdout, time, strlen(time));
		(void)printf(",\"attempt\":%d,\"duration\":", r.attempt);
		if (r.duration >= 0)
			(void)printf("%.3f", (double)r.duration / USEC);
		else
			(void)fputs("null", stdout);
		json_member("reason", r.reason, r.reasonlen);
		json_member("text", r.text, r.textlen);
		json_member("given", r.given, r.givenlen);
		json_errors(&r);
		(void)fputc('}', stdout);
	}
	(void)fputc(']', stdout);
}

static void
json_holder(void *arg, pid_t pid, const char *command)
{
	bool *first = arg;

	(void)printf("%s{\"pid\":%d,\"command\":", *first ? "" : ",", (int)pid);
	json_quoted(stdout, command, strlen(command));
	(void)fputc('}', stdout);
	*first = false;
}

static enum status
put_json(const struct show *s, struct error *err)
{
	char path[600];
	bool first = true;
	enum status st;

	if ((st = json_open(stdout, s->q, &s->p, err)) != ST_OK)
		return st;
	place_path(s->q, &s->p, path, sizeof(path));
	json_member("file", path, strlen(path));
	json_history(s);
	json_name(stdout, "holders", false);
	(void)fputc('[', stdout);
	each_holder(s, json_holder, &first);
	(void)fputs("]}\n", stdout);
	return ST_OK;
}

/* ---- running ---------------------------------------------------------- */

static enum status
show(struct show *s, const struct msgid *id, bool json)
{
	struct error *err = &s->r->err;
	enum status st = ST_GONE, worst = ST_OK;
	size_t len;

	for (int i = 0; st == ST_GONE && i < 4; i++) {	/* it may move before it is opened */
		if ((st = scan_find(s->q, STATES_ALL, id, &s->p, err)) != ST_OK)
			return st;
		st = msg_open(s->q, &s->p, &s->fd, &s->why);
	}
	/* What is known is told also of one that is torn, or may not be read. */
	if (st == ST_BADDATA || st == ST_DENIED)
		st = ST_OK;
	else if (st != ST_OK)
		*err = s->why;
	if (st == ST_OK)
		st = msg_record(s->q, id, &s->record, &len, err);
	s->now = clock_now();
	if (st == ST_DENIED) {	/* that is said, and what is known */
		run_trouble(s->r, st, &worst);
		st = ST_OK;
	}
	if (st != ST_OK)
		return st;
	if (json)
		st = put_json(s, err);
	else {
		put_fields(s);
		put_history(s);
		put_body(s);
	}
	if (s->fd != -1)
		(void)close(s->fd);
	free(s->record);
	return st != ST_OK ? st : worst;
}

static enum status
run_show(struct run *r)
{
	struct show s = { .r = r, .fd = -1 };
	struct msgid id;
	const char *arg;
	bool json = false;
	enum status st;

	while (run_option(r, &arg) != 0)
		json = true;
	if ((st = run_operands(r, 2, 2)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &s.q)) != ST_OK)
		return st;
	error_clear(&s.why);
	if ((st = id_resolve(r, s.q, r->operand[1], &id)) == ST_OK)
		st = show(&s, &id, json);
	queue_close(s.q);
	return st;
}

const struct cmd cmd_show = {
	.name = "show",
	.operands = "QUEUE ID",
	.summary = "tell all that is known about a message",
	.opts = opts,
	.run = run_show,
	.looks = true,
	.prints = true,
};
