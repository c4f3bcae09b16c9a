/*
 * settle.c: what mq has from here, and how it ends.
 *
 * A job cannot be changed.  Where the number of failed attempts or a reason is to be kept, a copy
 * is put, and when that is confirmed the job itself is deleted: a crash in between leaves two with
 * one id, and never none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

void
job_free(struct job *j)
{
	free(j->data);
	free(j);
}

/* ---- finding -------------------------------------------------------------------- */

/* Where it is chained.  NULL: mq has no such job. */
static struct job **
settle_find(struct beanstalk *b, const char *token)
{
	struct job **p;

	for (struct link *l = b->links; l != NULL; l = l->next)
		for (p = &l->jobs; *p != NULL; p = &(*p)->next)
			if ((*p)->pull == NULL && strcmp((*p)->token, token) == 0)
				return p;
	return NULL;
}

static struct job *
settle_token(struct beanstalk *b, const char *tag, const char *token)
{
	struct job **p = settle_find(b, token);

	if (p != NULL)
		return *p;
	helper_err(b->h, tag, CLASS_LOST, "this claim has ended: it belonged to a connection "
	    "that is gone, or was settled");
	return NULL;
}

void
settle_drop(struct job *j)
{
	struct job **p = &j->link->jobs;

	while (*p != j)
		p = &(*p)->next;
	*p = j->next;
	job_free(j);
}

/* ---- endings ------------------------------------------------------------------- */

static void
settle_done(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	if (r == NULL)
		helper_err(b->h, e->tag, CLASS_UNKNOWN, "the connection was lost before the "
		    "answer");
	else if (reply_is(r->line, "DELETED") || reply_is(r->line, "RELEASED"))
		helper_ok(b->h, e->tag);
	else if (reply_is(r->line, "NOT_FOUND"))
		helper_err(b->h, e->tag, CLASS_LOST, "the claim has ended: its time to run was "
		    "over");
	else if (reply_is(r->line, "BURIED"))
		helper_err(b->h, e->tag, CLASS_FULL, "the server is out of memory, and has "
		    "buried the job");
	else
		helper_err(b->h, e->tag, CLASS_UNKNOWN, "the server said: %s", r->line);
}

static void
settle_delete(struct beanstalk *b, const char *tag, struct job *j)
{
	(void)link_send(b, j->link, tag, settle_done, NULL, "delete %llu", j->id);
	settle_drop(j);
}

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	struct beanstalk *b = helper_data(h);
	struct job *j = settle_token(b, tag, token);

	if (j != NULL)
		settle_delete(b, tag, j);
}

/* ---- with a copy ------------------------------------------------------------------ */

/* The copy is stored.  Its job may have been lost meanwhile; then there are two. */
static void
settle_copied(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	struct job **p = settle_find(b, e->arg);

	free(e->arg);
	if (r == NULL || !reply_is(r->line, "INSERTED"))
		push_err(b, e, r);
	else if (p == NULL)
		helper_ok(b->h, e->tag);
	else
		settle_delete(b, e->tag, *p);
}

static void
settle_copy(struct beanstalk *b, const char *tag, struct job *j, const char *tube,
    int64_t delay_ms, int64_t attempts, const char *reason)
{
	char head[128], *token = NULL, *data;
	size_t len;

	if ((data = job_copy(b, j, attempts, reason, &len)) == NULL ||
	    (token = strdup(j->token)) == NULL) {
		helper_err(b->h, tag, CLASS_LARGE, "a copy that keeps the attempts does not fit "
		    "into %lld bytes (max-job-size)", (long long)b->max_job);
		free(data);
		return;
	}
	job_head(head, j->pri, delay_ms, j->ttr, len);
	link_put(b, b->main, tag, settle_copied, token, tube, head, data, len);
	free(data);
}

void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct beanstalk *b = helper_data(h);
	struct job *j = settle_token(b, tag, token);

	(void)reason;
	if (j == NULL)
		return;
	if (delay_ms > DELAY_MAX_S * 1000)
		helper_err(h, tag, CLASS_CANNOT, "a delay may have %lld seconds", DELAY_MAX_S);
	else if (attempts >= 0)
		settle_copy(b, tag, j, j->link->tube, delay_ms, attempts, NULL);
	else {
		(void)link_send(b, j->link, tag, settle_done, NULL, "release %llu %lld %lld", j->id,
		    (long long)j->pri, (long long)((delay_ms + 999) / 1000));
		settle_drop(j);
	}
}

void
settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct beanstalk *b = helper_data(h);
	struct job *j = settle_token(b, tag, token);
	char tube[TUBE_MAX + sizeof(DEAD_SUFFIX)], cut[DEAD_ROOM / 2];

	if (j == NULL)
		return;
	(void)snprintf(tube, sizeof(tube), "%s" DEAD_SUFFIX, j->link->tube);
	(void)snprintf(cut, sizeof(cut), "%s", reason != NULL ? reason : "");
	settle_copy(b, tag, j, tube, 0, attempts, reason != NULL ? cut : NULL);
}

/* ---- leases ------------------------------------------------------------------------ */

/* A job that is lost is told to mq when it settles it. */
static void
settle_touched(struct beanstalk *b, struct expect *e, const struct reply *r)
{
	struct job **p = settle_find(b, e->arg);

	free(e->arg);
	if (r != NULL && reply_is(r->line, "NOT_FOUND") && p != NULL)
		(*p)->touch = USEC_MAX;
}

void
settle_touch(struct beanstalk *b, usec_t now, usec_t *wake)
{
	char *token;

	for (struct link *l = b->links; l != NULL; l = l->next)
		for (struct job *j = l->jobs; j != NULL; j = j->next) {
			if (j->touch <= now && (token = strdup(j->token)) != NULL) {
				j->touch = now + j->ttr * USEC / 2;
				(void)link_send(b, l, "", settle_touched, token, "touch %llu",
				    j->id);
			}
			wake_at(wake, j->touch);
		}
}
