/*
 * text.c: mq show for people.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "spool/record.h"
#include "spool/origin.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "show/show.h"

static void text_field(const char *, const char *, ...) PRINTF_LIKE(2, 3);

static void
text_field(const char *name, const char *fmt, ...)
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

/* Print a time, and how far away it is. */
static void
text_field_time(const struct show *s, const char *name, usec_t at)
{
	char text[TIME_MAX], age[DURATION_MAX];

	time_format(at, text);
	age_format(at > s->now ? at - s->now : s->now - at, age);
	text_field(name, at > s->now ? "%s (in %s)" : "%s (%s ago)", text, age);
}

static void
text_put_holder(void *arg, pid_t pid, const char *command)
{
	(void)arg;
	text_field("Held by", "process %d: %s", (int)pid, command);
}

static void
text_put_state(const struct show *s)
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
text_put_headers(const struct show *s)
{
	struct headers headers;
	struct error err;
	struct header h;
	size_t pos = 0;

	if (s->fd == -1)
		return;
	error_clear(&err);
	if (msg_headers(s->fd, &s->p.name, &headers, &err) != ST_OK) {
		text_field("Header", "%s", err.text);
		return;
	}
	while (headers_next(&headers, &pos, &h))
		text_field("Header", "%.*s: %.*s", (int)h.namelen, h.name, (int)h.valuelen,
		    h.value);
	headers_free(&headers);
}

/* Say what a message with a key waits for. */
static void
text_put_turn(const struct show *s)
{
	struct msgid turn;

	if (s->p.name.order[0] == '\0' || !order_turn(s->q, s->p.name.order, &turn))
		return;
	if (strcmp(turn.text, s->p.name.id.text) == 0)
		text_field("Turn", "it has the turn of its key");
	else
		text_field("Turn", "that of message %s, which is before it", turn.text);
}

static void
text_put_fields(const struct show *s)
{
	const struct msgname *n = &s->p.name;
	char text[600];

	text_field("Id", "%s", n->id.text);
	text_field("Queue", "%s", queue_name(s->q));
	text_put_state(s);
	msg_reason(s->q, &s->p, text, sizeof(text));
	if (text[0] != '\0')
		text_field("Reason", "%s", text);
	text_field("Attempts", "%d of %" PRId64 " failed, delivered %d time%s%s", n->attempts,
	    queue_policy(s->q)->attempts, n->deliveries, n->deliveries == 1 ? "" : "s",
	    n->suspect ? "; a worker that had it died: it is tried alone" : "");
	if (n->way[0] != '\0')
		text_field("Origin", "%s", queue_origin(s->q, n, text) == ORIGIN_KNOWN ? text :
		    "a queue that is not there any more, or cannot be told");
	text_field_time(s, "Enqueued", id_time(&n->id));
	if (s->p.state == STATE_DELAYED)
		text_field_time(s, "Due", n->key);
	if (s->p.state == STATE_CLAIMED) {
		text_field_time(s, "Renewed", n->key - n->lease_ms * 1000);
		text_field_time(s, "Deadline", n->key);
		handle_format(&s->p, text);
		text_field("Handle", "%s", text);
		show_holders(s, text_put_holder, NULL);
	}
	text_put_turn(s);
	if (n->expires != 0)
		text_field_time(s, "Expires", n->expires);
	text_field("Priority", "%d", n->priority);
	text_field("Size", "%" PRId64 " byte%s", n->size - n->head, n->size - n->head == 1 ? "" :
	    "s");
	place_path(s->q, &s->p, text, sizeof(text));
	text_field("File", "%s", text);
	text_put_headers(s);
}

static void
text_put_report(const struct report *r)
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
text_put_history(const struct show *s)
{
	const char *at = s->record;
	struct report r;

	if (at == NULL || !report_next(&at, &r))
		return;
	(void)fputs("\nWhat went wrong, and when:\n", stdout);
	do
		text_put_report(&r);
	while (report_next(&at, &r));
}

/* Print the first lines of the body, so that people recognize the message. */
static void
text_put_body(const struct show *s)
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

void
show_text(const struct show *s)
{
	text_put_fields(s);
	text_put_history(s);
	text_put_body(s);
}
