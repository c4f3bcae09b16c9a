/*
 * retry.c: dead letters made ready again: each is got, a copy is published to its queue, and when
 * the server has confirmed that, it is acked.
 *
 * What dies again meanwhile comes behind, so no more are looked at than there were at first.  All
 * that was got and not acked goes back to its place when the channel is closed.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/amqp.h"

#define RETRY_WINDOW 100

struct retrying {
	struct retrying *next;
	struct amqp *a;
	char tag[FRAME_TAG_MAX];
	char *id;		/* NULL: all */
	int64_t left;		/* to be looked at */
	int64_t open;		/* published, and not confirmed */
	int64_t done;
	bool failed;
	struct trouble why;
	char queue[QUEUE_NAME], dead[QUEUE_NAME];
};

struct retried {
	struct retrying *r;
	uint64_t tag;
};

static bool
retry_fail(struct retrying *r, const struct trouble *f)
{
	if (!r->failed)
		r->why = *f;
	r->failed = true;
	r->left = 0;
	return false;
}

static void
retry_published(struct amqp *a, void *arg, const struct trouble *f)
{
	struct retried *one = arg;
	struct retrying *r = one->r;
	struct link *l = link_take(a);

	r->open--;
	if (f != NULL)
		(void)retry_fail(r, f);
	else if (l != NULL && l->open[CHANNEL_LOOK] &&
	    link_sent(l, amqp_basic_ack(l->c, CHANNEL_LOOK, one->tag, false)))
		r->done++;
	free(one);
}

static bool
retry_wanted(const struct retrying *r, const amqp_message_t *m)
{
	const amqp_bytes_t *id = &m->properties.message_id;

	return r->id == NULL || ((m->properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0 &&
	    id->len == strlen(r->id) && memcmp(id->bytes, r->id, id->len) == 0);
}

static void
retry_publish(struct retrying *r, const amqp_message_t *m, uint64_t tag)
{
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };
	struct retried *one = calloc(1, sizeof(*one));
	struct parcel p;

	if (one == NULL || !parcel_copy(&p, m, 0, NULL)) {
		free(one);
		(void)retry_fail(r, &f);
		return;
	}
	*one = (struct retried){ .r = r, .tag = tag };
	r->open++;
	if (r->id != NULL)
		r->left = 0;
	publish(r->a, &p, r->queue, retry_published, one);
}

/* Look at one dead letter.  False: that was the last one. */
static bool
retry_next(struct retrying *r, struct link *l)
{
	amqp_rpc_reply_t reply;
	amqp_message_t m;
	struct trouble f;
	uint64_t tag;

	reply = amqp_basic_get(l->c, CHANNEL_LOOK, amqp_cstring_bytes(r->dead), false);
	if (!link_judge(l, CHANNEL_LOOK, reply, r->dead, &f))
		return retry_fail(r, &f);
	if (reply.reply.id == AMQP_BASIC_GET_EMPTY_METHOD) {
		r->left = 0;
		return false;
	}
	tag = ((const amqp_basic_get_ok_t *)reply.reply.decoded)->delivery_tag;
	link_guard(l);
	reply = amqp_read_message(l->c, CHANNEL_LOOK, &m, 0);
	link_unguard();
	if (!link_judge(l, CHANNEL_LOOK, reply, r->dead, &f))
		return retry_fail(r, &f);
	r->left--;
	if (retry_wanted(r, &m))
		retry_publish(r, &m, tag);
	amqp_destroy_message(&m);
	return r->left > 0;
}

static void
retry_end(struct amqp *a, struct retrying *r)
{
	struct link *l = link_take(a);

	if (l != NULL)
		link_channel_close(l, CHANNEL_LOOK);
	a->retries = r->next;
	if (helper_is_down(a->h))
		;
	else if (r->failed)
		helper_err(a->h, r->tag, r->why.c, "%lld are ready again; then: %s",
		    (long long)r->done, r->why.text);
	else if (r->id != NULL && r->done == 0)
		helper_err(
		    a->h, r->tag, CLASS_GONE, "queue '%s' has no dead letter %s", r->queue, r->id);
	else {
		helper_ok_begin(a->h, r->tag);
		helper_field(a->h, "n", r->done);
		helper_ok_end(a->h);
	}
	free(r->id);
	free(r);
}

bool
retry_ready(const struct amqp *a)
{
	const struct retrying *r = a->retries;

	return r != NULL &&
	       ((r->left > 0 && r->open < RETRY_WINDOW) || (r->left == 0 && r->open == 0));
}

/* One after the other: what one has got the next one does not see. */
void
retry_work(struct amqp *a)
{
	struct retrying *r = a->retries;
	struct link *l;
	struct trouble f;

	if (r == NULL || (l = link_take(a)) == NULL)
		return;
	if (r->left > 0 && !link_channel(l, CHANNEL_LOOK, &f))
		(void)retry_fail(r, &f);
	for (int n = 0; n < RETRY_WINDOW && r->open < RETRY_WINDOW && r->left > 0; n++)
		if (!retry_next(r, l))
			break;
	if (r->left == 0 && r->open == 0)
		retry_end(a, r);
}

void
retry_begin(struct helper *h, const char *tag, const char *queue, const char *id)
{
	struct amqp *a = helper_data(h);
	struct retrying *r = calloc(1, sizeof(*r)), **end = &a->retries;
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };

	if (r == NULL || (id != NULL && (r->id = strdup(id)) == NULL) || !queue_named(queue, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		free(r);
		return;
	}
	r->a = a;
	(void)snprintf(r->tag, sizeof(r->tag), "%s", tag);
	(void)snprintf(r->queue, sizeof(r->queue), "%s", queue);
	queue_dead_name(queue, r->dead);
	if (!queue_there(a, r->dead, &r->left, &f) && f.code != 404)
		(void)retry_fail(r, &f);
	while (*end != NULL)
		end = &(*end)->next;
	*end = r;
}

void
retry_forget(struct amqp *a)
{
	struct retrying *r;

	while ((r = a->retries) != NULL) {
		a->retries = r->next;
		free(r->id);
		free(r);
	}
}
