/*
 * link.c: connections to the server.  Answers come in the order of the requests.
 */
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

/* ---- open and close ---------------------------------------------------------- */

static void
link_ignore(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	(void)b;
	(void)e;
	(void)r;
}

/* With a tube, it is for taking from that one alone. */
struct link *
link_new(struct beanstalk *b, const char *tube, struct error *err)
{
	struct link *l = calloc(1, sizeof(*l));

	if (l == NULL) {
		(void)error_set(err, ST_AGAIN, 0, "out of memory");
		return NULL;
	}
	/* The steps of opening are those of the first one. */
	l->net = net_open(b->main == NULL ? b->h : NULL, b->set, &b->address, false, err);
	if (l->net == NULL) {
		free(l);
		return NULL;
	}
	l->last = &l->first;
	l->next = b->links;
	b->links = l;
	if (tube != NULL) {
		(void)snprintf(l->tube, sizeof(l->tube), "%s", tube);
		(void)link_send(b, l, "", link_ignore, NULL, "watch %s", tube);
		if (strcmp(tube, "default") != 0)
			(void)link_send(b, l, "", link_ignore, NULL, "ignore default");
	}
	return l;
}

/* What it has reserved is ready again then. */
void
link_free(struct beanstalk *b, struct link *l)
{
	struct link **p = &b->links;
	struct job *j;

	link_lost(b, l);
	while ((j = l->jobs) != NULL) {
		l->jobs = j->next;
		job_free(j);
	}
	while (*p != l)
		p = &(*p)->next;
	*p = l->next;
	net_close(l->net);
	free(l);
}

void
link_lost(struct beanstalk *b, struct link *l)
{
	struct expect *e;

	while ((e = l->first) != NULL) {
		if ((l->first = e->next) == NULL)
			l->last = &l->first;
		e->done(b, e, NULL);
		free(e);
	}
}

/* ---- requests ---------------------------------------------------------------- */

static struct expect *
link_expect(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *, struct expect *, const struct reply *), void *arg)
{
	struct expect *e = calloc(1, sizeof(*e));

	if (e == NULL) {
		/* Without it no later answer could be told from the one to this. */
		tube_down(b, "out of memory");
		return NULL;
	}
	e->done = done;
	e->link = l;
	e->arg = arg;
	e->deadline = clock_mono() + b->set->timeout_ms * 1000;
	e->sent_at = net_put_count(l->net);
	(void)snprintf(e->tag, sizeof(e->tag), "%s", tag);
	*l->last = e;
	l->last = &e->next;
	return e;
}

static struct expect *
link_line(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *, struct expect *, const struct reply *), void *arg,
    const char *line)
{
	struct expect *e = link_expect(b, l, tag, done, arg);

	if (e != NULL) {
		net_put(l->net, line, strlen(line));
		net_put(l->net, "\r\n", 2);
	}
	return e;
}

struct expect *
link_send(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *, struct expect *, const struct reply *), void *arg,
    const char *fmt, ...)
{
	char line[TUBE_MAX + 100];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	return link_line(b, l, tag, done, arg, line);
}

void
link_put(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *, struct expect *, const struct reply *), void *arg,
    const char *tube, const char *head, const char *data, size_t len)
{
	if (strcmp(l->use, tube) != 0) {
		(void)snprintf(l->use, sizeof(l->use), "%s", tube);
		(void)link_send(b, l, "", link_ignore, NULL, "use %s", tube);
	}
	if (link_line(b, l, tag, done, arg, head) == NULL)
		return;
	net_put(l->net, data, len);
	net_put(l->net, "\r\n", 2);
}

bool
link_has_left(const struct expect *e)
{
	return net_sent_count(e->link->net) > e->sent_at;
}

/* ---- answers ------------------------------------------------------------------- */

bool
reply_is(const char *line, const char *word)
{
	size_t len = strlen(word);

	return strncmp(line, word, len) == 0 && (line[len] == ' ' || line[len] == '\0');
}

/* How many bytes follow the line, with their CR and LF. */
static size_t
reply_more(const char *line)
{
	const char *last = strrchr(line, ' ');

	if (last == NULL || (!reply_is(line, "OK") && !reply_is(line, "RESERVED") &&
	    !reply_is(line, "FOUND")))
		return 0;
	return strtoul(last + 1, NULL, 10) + 2;
}

/* Take the next answer out of what was received.  0: it is not complete; -1: it is none. */
static int
reply_next(struct link *l, struct reply *r, size_t *used)
{
	size_t have, len, more;
	const char *data = net_data(l->net, &have), *end;

	if (have == 0)
		return 0;
	if ((end = memchr(data, '\n', have)) == NULL)
		return have > sizeof(r->line) ? -1 : 0;
	len = (size_t)(end - data);
	if (len == 0 || end[-1] != '\r' || len > sizeof(r->line))
		return -1;
	memcpy(r->line, data, len - 1);
	r->line[len - 1] = '\0';
	more = reply_more(r->line);
	if (have < len + 1 + more)
		return 0;
	r->rest = strchr(r->line, ' ') != NULL ? strchr(r->line, ' ') + 1 : "";
	r->data = data + len + 1;
	r->len = more >= 2 ? more - 2 : 0;
	*used = len + 1 + more;
	return 1;
}

/*
 * Give what came to those who expect it.  The bytes are valid until the next net_fill, which is not
 * called by what is done here.
 */
static void
link_answers(struct beanstalk *b, struct link *l)
{
	struct reply r;
	struct expect *e;
	size_t used;
	int n = 0;

	while (!helper_is_down(b->h) && (n = reply_next(l, &r, &used)) == 1) {
		if ((e = l->first) == NULL) {
			n = -1;
			break;
		}
		if ((l->first = e->next) == NULL)
			l->last = &l->first;
		/* Before 'done', which may send and look at what is there. */
		net_drop(l->net, used);
		e->done(b, e, &r);
		free(e);
	}
	if (n == -1)
		tube_down(b, "the server's answer is not the protocol of beanstalkd");
}

void
link_work(struct beanstalk *b, struct link *l)
{
	struct error err = { 0 };
	enum status st = net_flush(l->net, &err);

	if (st == ST_OK)
		st = net_fill(l->net, &err);
	link_answers(b, l);
	if (st == ST_OK || st == ST_NONE)
		st = net_flush(l->net, &err);
	if (st == ST_IO)
		tube_down(b, err.text);
	else if (l->first != NULL && clock_mono() >= l->first->deadline)
		tube_down(b, "the server does not answer in time");
}

/* ---- asking, and waiting ------------------------------------------------------- */

void
link_keep(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	struct answer *a = e->arg;

	(void)b;
	if (r == NULL)
		return;
	(void)snprintf(a->line, sizeof(a->line), "%s", r->line);
	if ((a->data = malloc(r->len + 1)) == NULL)
		return;
	memcpy(a->data, r->data, r->len);
	a->data[r->len] = '\0';
	a->len = r->len;
	a->have = true;
}

/* The answers to what was asked before come first, and are done meanwhile. */
bool
link_wait(struct beanstalk *b, struct link *l, struct answer *a)
{
	usec_t deadline = clock_mono() + b->set->timeout_ms * 1000;
	struct error err = { 0 };

	while (!a->have && !helper_is_down(b->h)) {
		if (net_wait(l->net, deadline, &err) != ST_OK)
			tube_down(b, err.text);
		else
			link_answers(b, l);
	}
	return a->have;
}

bool
link_call(struct beanstalk *b, struct link *l, struct answer *a, const char *fmt, ...)
{
	char line[TUBE_MAX + 100];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(line, sizeof(line), fmt, ap);
	va_end(ap);
	*a = (struct answer){ 0 };
	return link_line(b, l, "", link_keep, a, line) != NULL && link_wait(b, l, a);
}
