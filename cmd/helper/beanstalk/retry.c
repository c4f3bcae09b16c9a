/*
 * retry.c: dead letters are put into their queue again.  Each needs several answers of the server,
 * which may sync each job to a disk, so that all is done in slices between which mq is heard.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

#define SLICE_MS 100

struct retry {
	struct retry *next;
	struct link *link;
	char tag[FRAME_TAG_MAX], queue[TUBE_MAX + 1];
	char *id;		/* only this one; NULL: all */
	int64_t n;
};

enum step { STEP_MORE, STEP_END, STEP_FAILED };

static void
retry_unlink(struct beanstalk *b, struct retry *r)
{
	struct retry **p = &b->retries;

	while (*p != r)
		p = &(*p)->next;
	*p = r->next;
	link_free(b, r->link);
	free(r->id);
	free(r);
}

void
retry_free(struct beanstalk *b)
{
	while (b->retries != NULL) {
		helper_err(b->h, b->retries->tag, CLASS_UNKNOWN, "the connection is lost");
		retry_unlink(b, b->retries);
	}
}

void
retry_begin(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct beanstalk *b = helper_data(h);
	char tube[TUBE_MAX + sizeof(DEAD_SUFFIX)];
	struct error err = { 0 };
	struct retry *r;

	if (!tube_name_ok(b, tag, queue))
		return;
	(void)snprintf(tube, sizeof(tube), "%s" DEAD_SUFFIX, queue);
	if ((r = calloc(1, sizeof(*r))) == NULL || (id != NULL && (r->id = strdup(id)) == NULL) ||
	    (r->link = link_new(b, tube, &err)) == NULL) {
		helper_err(h, tag, net_class(err.status), "%s", err.text[0] != '\0' ? err.text :
		    "out of memory");
		if (r != NULL)
			free(r->id);
		free(r);
		return;
	}
	(void)snprintf(r->tag, sizeof(r->tag), "%s", tag);
	(void)snprintf(r->queue, sizeof(r->queue), "%s", queue);
	r->next = b->retries;
	b->retries = r;
}

/* ---- one dead letter ------------------------------------------------------------------ */

/* Whether it is meant. */
static bool
retry_wants(struct beanstalk *b, const struct retry *r, const struct job *j)
{
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	char id[80];
	bool wants;

	if (r->id == NULL)
		return true;
	m.id = "";
	job_read(j, &map, &m);
	job_id(b, j, id);
	wants = strcmp(r->id, m.id[0] != '\0' ? m.id : id) == 0;
	map_free(&map);
	return wants;
}

static bool
retry_put(struct beanstalk *b, struct retry *r, struct job *j)
{
	struct answer a = { 0 };
	char head[128], *data;
	bool good = false;
	size_t len;

	if (!link_call(b, r->link, &a, "stats-job %llu", j->id))
		return false;
	j->pri = stats_number(a.data, a.len, "pri");
	j->ttr = stats_number(a.data, a.len, "ttr");
	j->age = stats_number(a.data, a.len, "age");
	free(a.data);
	if ((data = job_copy(b, j, 0, NULL, &len)) == NULL)
		return false;
	job_head(head, j->pri, 0, j->ttr, len);
	a = (struct answer){ 0 };
	link_put(b, r->link, "", link_keep, &a, r->queue, head, data, len);
	free(data);
	if (link_wait(b, r->link, &a))
		good = reply_is(a.line, "INSERTED");
	free(a.data);
	if (good && (good = link_call(b, r->link, &a, "delete %llu", j->id)))
		free(a.data);
	return good;
}

/* One that is not meant stays reserved until the connection is closed. */
static enum step
retry_one(struct beanstalk *b, struct retry *r)
{
	struct job j = { 0 };
	enum step step = STEP_MORE;
	struct answer a;

	if (!link_call(b, r->link, &a, "reserve-with-timeout 0"))
		return STEP_FAILED;
	if (!reply_is(a.line, "RESERVED")) {
		free(a.data);
		return STEP_END;
	}
	j.id = strtoull(strchr(a.line, ' '), NULL, 10);
	j.data = a.data;
	j.len = a.len;
	if (retry_wants(b, r, &j)) {
		if (!retry_put(b, r, &j))
			step = STEP_FAILED;
		else if (r->n++, r->id != NULL)
			step = STEP_END;
	}
	free(a.data);
	return step;
}

/* What others have buried is dead, too. */
static void
retry_kick(struct beanstalk *b, struct retry *r)
{
	struct answer a;
	int64_t buried;

	if (link_call(b, r->link, &a, "use %s", r->queue))
		free(a.data);
	if (!link_call(b, r->link, &a, "stats-tube %s", r->queue))
		return;
	buried = stats_number(a.data, a.len, "current-jobs-buried");
	free(a.data);
	/* Without any, delayed jobs would be kicked. */
	if (buried <= 0 || !link_call(b, r->link, &a, "kick %lld", (long long)buried))
		return;
	if (reply_is(a.line, "KICKED"))
		r->n += strtoll(strchr(a.line, ' '), NULL, 10);
	free(a.data);
}

static void
retry_end(struct beanstalk *b, struct retry *r, enum step step)
{
	if (step == STEP_END && r->id == NULL)
		retry_kick(b, r);
	if (step == STEP_FAILED)
		helper_err(b->h, r->tag, CLASS_UNKNOWN, "%lld of them are ready again; the next "
		    "one could not be put", (long long)r->n);
	else if (r->id != NULL && r->n == 0)
		helper_err(b->h, r->tag, CLASS_GONE, "%s: no dead letter has the id %.100s",
		    r->queue, r->id);
	else {
		helper_ok_begin(b->h, r->tag);
		helper_field(b->h, "n", r->n);
		helper_ok_end(b->h);
	}
	retry_unlink(b, r);
}

bool
retry_go_on(struct beanstalk *b)
{
	usec_t end = clock_mono() + SLICE_MS * 1000;
	enum step step;

	while (b->retries != NULL && !helper_is_down(b->h) && clock_mono() < end)
		if ((step = retry_one(b, b->retries)) != STEP_MORE)
			retry_end(b, b->retries, step);
	return b->retries != NULL;
}
