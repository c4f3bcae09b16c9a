/*
 * look.c: looking at tubes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

/* ---- stat ------------------------------------------------------------------------- */

/* The numbers of a tube.  One that is not there is empty: tubes are there while they have jobs. */
static bool
look_tube(struct beanstalk *b, const char *tag, const char *tube, struct answer *a)
{
	if (!link_call(b, b->main, a, "stats-tube %s", tube)) {
		helper_err(b->h, tag, CLASS_AGAIN, "the connection is lost");
		return false;
	}
	if (reply_is(a->line, "OK") || reply_is(a->line, "NOT_FOUND"))
		return true;
	helper_err(b->h, tag, CLASS_AGAIN, "the server said: %s", a->line);
	free(a->data);
	return false;
}

static int64_t
look_number(const struct answer *a, const char *name)
{
	int64_t n = stats_number(a->data, a->len, name);

	return n > 0 ? n : 0;
}

void
look_stat(struct helper *h, const char *tag, const char *queue)
{
	struct beanstalk *b = helper_data(h);
	char tube[TUBE_MAX + sizeof(DEAD_SUFFIX)];
	struct answer a, dead;

	if (!tube_name_ok(b, tag, queue) || !look_tube(b, tag, queue, &a))
		return;
	(void)snprintf(tube, sizeof(tube), "%s" DEAD_SUFFIX, queue);
	if (look_tube(b, tag, tube, &dead)) {
		helper_ok_begin(h, tag);
		helper_field(h, "ready", look_number(&a, "current-jobs-ready"));
		helper_field(h, "claimed", look_number(&a, "current-jobs-reserved"));
		helper_field(h, "delayed", look_number(&a, "current-jobs-delayed"));
		helper_field(h, "dead", look_number(&a, "current-jobs-buried") +
		    look_number(&dead, "current-jobs-ready"));
		helper_ok_end(h);
		free(dead.data);
	}
	free(a.data);
}

/* ---- list ------------------------------------------------------------------------- */

static void
look_item(struct beanstalk *b, const char *tag, const struct answer *a, int64_t bytes)
{
	const char *number = strchr(a->line, ' ');
	struct job j = { .data = a->data, .len = a->len };
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	char id[80];

	j.id = number != NULL ? strtoull(number, NULL, 10) : 0;
	m.id = "";
	job_read(&j, &map, &m);
	if (m.id[0] == '\0') {
		job_id(b, &j, id);
		m.id = id;
		m.derived = true;
	}
	if ((int64_t)m.bodylen > bytes) {
		m.size = (int64_t)m.bodylen;
		m.bodylen = (size_t)bytes;
	}
	helper_item(b->h, tag, "dead", &m);
	map_free(&map);
}

/* The first job that somebody else has buried; the others cannot be seen. */
static void
look_buried(struct beanstalk *b, const char *tag, const char *queue, int64_t bytes)
{
	struct answer a;

	if (link_call(b, b->main, &a, "use %s", queue))
		free(a.data);
	b->main->use[0] = '\0';
	if (!link_call(b, b->main, &a, "peek-buried"))
		return;
	if (reply_is(a.line, "FOUND"))
		look_item(b, tag, &a, bytes);
	free(a.data);
}

/*
 * Nothing but the first job of a tube can be seen without taking it.  Dead letters nobody else
 * takes, so they are reserved one after the other, and are all ready again, in the same order, when
 * the connection is closed.
 */
void
look_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	struct beanstalk *b = helper_data(h);
	char tube[TUBE_MAX + sizeof(DEAD_SUFFIX)];
	struct error err = { 0 };
	struct answer a;
	struct link *l;
	int64_t n;

	if (strcmp(state, "dead") != 0) {
		helper_err(h, tag, CLASS_CANNOT, "beanstalkd shows only the first job that is %s",
		    state);
		return;
	}
	if (!tube_name_ok(b, tag, queue))
		return;
	(void)snprintf(tube, sizeof(tube), "%s" DEAD_SUFFIX, queue);
	if ((l = link_new(b, tube, &err)) == NULL) {
		helper_err(h, tag, net_class(err.status), "%s", err.text);
		return;
	}
	for (n = 0; n < max && link_call(b, l, &a, "reserve-with-timeout 0"); n++) {
		bool more = reply_is(a.line, "RESERVED");
		if (more)
			look_item(b, tag, &a, bytes);
		free(a.data);
		if (!more)
			break;
	}
	link_free(b, l);
	if (n < max && !helper_is_down(h))
		look_buried(b, tag, queue, bytes);
	if (helper_is_down(h))
		helper_err(h, tag, CLASS_AGAIN, "the connection is lost");
	else
		helper_ok(h, tag);
}

/* ---- queues ------------------------------------------------------------------------ */

/* Whether a tube is in the list, whose lines are "- NAME". */
static bool
queues_has(const char *list, const char *name)
{
	char line[TUBE_MAX + 8];

	(void)snprintf(line, sizeof(line), "\n- %s\n", name);
	return strstr(list, line) != NULL;
}

static void
queues_name(struct beanstalk *b, const char *tag, const char *list, char *name)
{
	size_t len = strlen(name), suffix = strlen(DEAD_SUFFIX);

	if (len > suffix && strcmp(name + len - suffix, DEAD_SUFFIX) == 0) {
		/* A queue may have nothing but dead letters. */
		name[len - suffix] = '\0';
		if (queues_has(list, name))
			return;
	}
	helper_queue(b->h, tag, name);
}

void
look_queues(struct helper *h, const char *tag)
{
	struct beanstalk *b = helper_data(h);
	char name[TUBE_MAX + 1];
	const char *line;
	struct answer a;

	if (!link_call(b, b->main, &a, "list-tubes")) {
		helper_err(h, tag, CLASS_AGAIN, "the connection is lost");
		return;
	}
	for (line = strstr(a.data, "\n- "); line != NULL; line = strstr(line + 3, "\n- ")) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(line + 3, "\n"), line + 3);
		queues_name(b, tag, a.data, name);
	}
	free(a.data);
	helper_ok(h, tag);
}

/* Every tube is there as soon as it is named. */
void
look_check(struct helper *h, const char *tag, const char *queue)
{
	if (tube_name_ok(helper_data(h), tag, queue))
		helper_ok(h, tag);
}
