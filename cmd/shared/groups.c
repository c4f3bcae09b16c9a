/*
 * groups.c: messages counted by what they have in common.
 *
 * The groups are in a tree, so memory and time follow their number, and not that of the messages.
 */
#include <errno.h>
#include <inttypes.h>
#include <search.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/envelope.h"
#include "base/name.h"
#include "view/view.h"
#include "shared/cause.h"
#include "shared/cmd.h"
#include "shared/groups.h"
#include "shared/out.h"

enum by { BY_REASON, BY_KEY, BY_ATTEMPTS, BY_HOUR, BY_HEADER, NBY };
static const struct { const char *word, *heading; } kinds[NBY] = { { "reason", "REASON" },
    { "key", "KEY" }, { "attempts", "ATTEMPTS" }, { "hour", "HOUR" }, { "header", "VALUE" } };

/* So much of an id is enough to tell it from others, and is taken back by all verbs. */
#define ID_END 12

struct group {
	char *what;
	uint64_t count;
	usec_t oldest, newest;
	struct msgid id;	/* of the newest */
};

struct groups {
	enum by by;
	const char *header;
	void *tree;
	struct group **all;
	size_t n, cap;
};

/* ---- by what ------------------------------------------------------------------ */

struct groups *
groups_new(struct run *r, const char *by)
{
	struct groups *g = calloc(1, sizeof(*g));

	if (g == NULL) {
		(void)error_sys(&r->err, ENOMEM, "--by");
		return NULL;
	}
	while (g->by < BY_HEADER && strcmp(by, kinds[g->by].word) != 0)
		g->by++;
	if (g->by < BY_HEADER)
		return g;
	if (strncmp(by, "header:", 7) == 0 && by[7] != '\0') {
		g->header = by + 7;
		return g;
	}
	(void)run_usage(r, "--by: '%s' is none of " GROUPS_LIST, by);
	free(g);
	return NULL;
}

static void
group_free(void *arg)
{
	struct group *one = arg;

	free(one->what);
	free(one);
}

void
groups_free(struct groups *g)
{
	if (g == NULL)
		return;
	tdestroy(g->tree, group_free);
	free(g->all);
	free(g);
}

/* ---- adding ------------------------------------------------------------------- */

static int
group_cmp(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->what, ((const struct group *)b)->what);
}

static enum status
groups_header(struct queue *q, const struct place *p, const char *name, char *buf, size_t size,
    struct error *err)
{
	struct headers all = { 0 };
	struct header h;
	enum status st;
	int fd;

	buf[0] = '\0';
	if (p->name.head == 0)
		return ST_OK;
	if ((st = msg_open(q, p, &fd, err)) == ST_OK) {
		st = msg_headers(fd, &p->name, &all, err);
		(void)close(fd);
	}
	if (st == ST_OK && headers_find(&all, name, &h))
		(void)snprintf(buf, size, "%.*s", (int)h.valuelen, h.value);
	headers_free(&all);
	if (st != ST_BADDATA)
		return st;
	/* A message that is broken has none, and must not hide the others. */
	error_clear(err);
	return ST_OK;
}

/* The hour in which it came into its state, if that is known, or was pushed. */
static void
groups_hour(const struct place *p, char *buf)
{
	char text[TIME_MAX];
	usec_t at = p->state == STATE_DEAD || p->state == STATE_HELD || p->state == STATE_DONE ?
	    p->name.key : id_time(&p->name.id);

	time_format(at, text);
	(void)snprintf(buf, TIME_MAX, "%.13sZ", text);
}

static enum status
groups_what(const struct groups *g, struct queue *q, const struct place *p, char *buf, size_t size,
    struct error *err)
{
	switch (g->by) {
	case BY_REASON:
		cause_of(q, p, buf);
		return ST_OK;
	case BY_KEY:
		return groups_header(q, p, "Key", buf, size, err);
	case BY_HEADER:
		return groups_header(q, p, g->header, buf, size, err);
	case BY_ATTEMPTS:
		(void)snprintf(buf, size, "%d", p->name.attempts);
		return ST_OK;
	default:
		groups_hour(p, buf);
		return ST_OK;
	}
}

static struct group *
groups_make(struct groups *g, const char *what)
{
	struct group *one = calloc(1, sizeof(*one));

	if (g->n == g->cap) {
		size_t cap = g->cap == 0 ? 64 : 2 * g->cap;
		struct group **all = reallocarray(g->all, cap, sizeof(struct group *));
		if (all == NULL) {
			free(one);
			return NULL;
		}
		g->all = all;
		g->cap = cap;
	}
	if (one == NULL || (one->what = strdup(what)) == NULL ||
	    tsearch(one, &g->tree, group_cmp) == NULL) {
		if (one != NULL)
			group_free(one);
		return NULL;
	}
	return g->all[g->n++] = one;
}

enum status
groups_add(struct groups *g, struct queue *q, const struct place *p, struct error *err)
{
	char what[CAUSE_MAX];
	struct group like = { .what = what }, **found, *one;
	usec_t at = id_time(&p->name.id);
	enum status st = groups_what(g, q, p, what, sizeof(what), err);

	if (st != ST_OK)
		return st;
	found = tfind(&like, &g->tree, group_cmp);
	if ((one = found != NULL ? *found : groups_make(g, what)) == NULL)
		return error_sys(err, ENOMEM, "--by");
	if (one->count == 0 || at < one->oldest)
		one->oldest = at;
	if (one->count++ == 0 || at >= one->newest) {
		one->newest = at;
		one->id = p->name.id;
	}
	return ST_OK;
}

/* ---- output ------------------------------------------------------------------- */

static int
group_larger(const void *a, const void *b)
{
	const struct group *x = *(struct group *const *)a, *y = *(struct group *const *)b;

	return x->count != y->count ? (x->count < y->count ? 1 : -1) : group_cmp(x, y);
}

static void
groups_put_json(const struct groups *g, const struct group *one, const char *queue)
{
	char by[300];

	(void)snprintf(by, sizeof(by), "%s%s%s", kinds[g->by].word, g->header != NULL ? ":" : "",
	    g->header != NULL ? g->header : "");
	(void)fputc('{', stdout);
	json_name(stdout, "queue", true);
	json_value(stdout, queue);
	json_name(stdout, "by", false);
	json_value(stdout, by);
	json_name(stdout, "value", false);
	json_value(stdout, one->what[0] != '\0' ? one->what : NULL);
	json_name(stdout, "count", false);
	(void)printf("%" PRIu64, one->count);
	json_name(stdout, "oldest", false);
	json_time(stdout, one->oldest);
	json_name(stdout, "newest", false);
	json_time(stdout, one->newest);
	json_name(stdout, "id", false);
	json_value(stdout, one->id.text);
	(void)fputs("}\n", stdout);
}

/* A row for people has ages, and the end of the id; one for programs times, and all of the id. */
static void
groups_put_row(const struct group *one, size_t width, usec_t now)
{
	char oldest[TIME_MAX], newest[TIME_MAX], *what = NULL;
	const char *raw = one->what[0] != '\0' ? one->what : "-";
	size_t len = 0, used;
	FILE *f = open_memstream(&what, &len);

	if (f == NULL)
		return;
	out_vis(f, raw, strlen(raw));
	if (fclose(f) != 0) {
		free(what);
		return;
	}
	if (width == 0) {
		time_format(one->oldest, oldest);
		time_format(one->newest, newest);
		(void)printf("%" PRIu64 "  %s  %s  %s  ", one->count, oldest, newest,
		    one->id.text);
	} else {
		age_format(now - one->oldest, oldest);
		age_format(now - one->newest, newest);
		used = (size_t)printf("%7" PRIu64 "  %7s  %7s  %*s  ", one->count, oldest, newest,
		    ID_END, one->id.text + ID_LEN - ID_END);
		if (width > used)
			out_clip(what, width - used);
	}
	(void)printf("%s\n", what);
	free(what);
}

void
groups_put(struct groups *g, const char *queue, bool json, size_t width, int64_t limit, usec_t now)
{
	if (g->n > 1)
		qsort(g->all, g->n, sizeof(struct group *), group_larger);
	if (!json && width > 0 && g->n > 0)
		(void)printf("%7s  %7s  %7s  %*s  %s\n", "COUNT", "OLDEST", "NEWEST", ID_END,
		    "NEWEST'S ID", kinds[g->by].heading);
	for (size_t i = 0; i < g->n && (uint64_t)limit > i && ferror(stdout) == 0; i++)
		if (json)
			groups_put_json(g, g->all[i], queue);
		else
			groups_put_row(g->all[i], width, now);
}
