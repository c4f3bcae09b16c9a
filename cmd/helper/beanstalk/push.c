/*
 * push.c: messages are put into tubes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

static void
push_ignore(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	(void)b;
	(void)e;
	(void)r;
}

void
push_err(struct beanstalk *b, const struct expect *e, const struct reply *r)
{
	unsigned long long id;

	if (r == NULL)
		helper_err(b->h, e->tag, link_has_left(e) ? CLASS_UNKNOWN : CLASS_AGAIN,
		    link_has_left(e) ? "the connection was lost before the server confirmed it" :
		    "the connection is lost; nothing was sent");
	else if (reply_is(r->line, "JOB_TOO_BIG"))
		helper_err(b->h, e->tag, CLASS_LARGE, "the server takes %lld bytes with the "
		    "headers",
		    (long long)b->max_job);
	else if (reply_is(r->line, "DRAINING"))
		helper_err(b->h, e->tag, CLASS_AGAIN, "the server is draining: it takes no more "
		    "jobs");
	else if (reply_is(r->line, "OUT_OF_MEMORY"))
		helper_err(b->h, e->tag, CLASS_FULL, "the server is out of memory");
	else if (sscanf(r->line, "BURIED %llu", &id) == 1) {
		/* It could not queue it, but it has the job, which must not be kicked later. */
		(void)link_send(b, e->link, "", push_ignore, NULL, "delete %llu", id);
		helper_err(b->h, e->tag, CLASS_FULL, "the server is out of memory");
	} else
		helper_err(b->h, e->tag, CLASS_UNKNOWN, "the server said: %s", r->line);
}

static void
push_done(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	if (r != NULL && reply_is(r->line, "INSERTED"))
		helper_ok_word(b->h, e->tag, r->rest);
	else
		push_err(b, e, r);
}

/* The claim of a job ends by itself after its time to run, so it is what mq wants as a lease. */
static int64_t
push_ttr(const struct settings *set)
{
	return set->lease_ms < 10000 ? 10 : (set->lease_ms + 999) / 1000;
}

void
push_message(struct helper *h, const char *tag, const struct message *m)
{
	struct beanstalk *b = helper_data(h);
	int64_t max = b->max_job - HEAD_ROOM;
	char head[128], *data;
	size_t len;

	if (!tube_name_ok(b, tag, m->queue))
		return;
	if (m->once != NULL) {
		helper_err(h, tag, CLASS_CANNOT, "beanstalkd does not know what was pushed before");
		return;
	}
	if (m->delay_ms > DELAY_MAX_S * 1000) {
		helper_err(h, tag, CLASS_CANNOT, "a delay may have %lld seconds", DELAY_MAX_S);
		return;
	}
	if ((data = job_make(m, &len)) == NULL) {
		helper_err(h, tag, CLASS_AGAIN, "out of memory");
		return;
	}
	if ((int64_t)m->bodylen > max)
		helper_err(h, tag, CLASS_LARGE, "%zu bytes; this server takes %lld (max-job-size "
		    "%lld)",
		    m->bodylen, (long long)max, (long long)b->max_job);
	else if ((int64_t)len > b->max_job - DEAD_ROOM)
		helper_err(h, tag, CLASS_LARGE, "%zu bytes with the headers; this server takes "
		    "%lld", len,
		    (long long)b->max_job - DEAD_ROOM);
	else {
		job_head(head, job_pri(m->priority), m->delay_ms, push_ttr(b->set), len);
		link_put(b, b->main, tag, push_done, NULL, m->queue, head, data, len);
	}
	free(data);
}
