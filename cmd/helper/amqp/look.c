/*
 * look.c: whether a queue is there, its numbers, and its dead letters.
 */
#include <stdio.h>
#include <string.h>

#include "helper/amqp/amqp.h"

void
look_check(struct helper *h, const char *tag, const char *queue)
{
	struct trouble f;

	if (queue_named(queue, &f) && queue_there(helper_data(h), queue, NULL, &f))
		helper_ok(h, tag);
	else
		helper_err(h, tag, f.c, "%s", f.text);
}

void
look_make(struct helper *h, const char *tag, const char *queue)
{
	struct trouble f;

	if (queue_make(helper_data(h), queue, &f))
		helper_ok(h, tag);
	else
		helper_err(h, tag, f.c, "%s", f.text);
}

/* How many dead letters there are; none if there never were any. */
static bool
look_dead(struct amqp *a, const char *queue, int64_t *n, struct trouble *f)
{
	char dead[QUEUE_NAME];

	*n = 0;
	queue_dead_name(queue, dead);
	return queue_there(a, dead, n, f) || f->code == 404;
}

void
look_stat(struct helper *h, const char *tag, const char *queue)
{
	struct amqp *a = helper_data(h);
	struct trouble f;
	int64_t ready, dead;

	if (!queue_named(queue, &f) || !queue_there(a, queue, &ready, &f) ||
	    !look_dead(a, queue, &dead, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	helper_ok_begin(h, tag);
	helper_field(h, "ready", ready);
	helper_field(h, "dead", dead);
	helper_ok_end(h);
}

/* ---- list ------------------------------------------------------------------------ */

static void
look_item(struct helper *h, const char *tag, const char *queue, const amqp_message_t *m,
    int64_t bytes)
{
	struct unpacked u;

	unpack(&u, queue, m, true);
	if ((int64_t)u.m.bodylen > bytes) {
		u.m.size = (int64_t)u.m.bodylen;
		u.m.bodylen = (size_t)bytes;
	}
	helper_item(h, tag, "dead", &u.m);
	unpack_free(&u);
}

/* Get one and show it.  False: there is none, or with a text in the trouble, it failed. */
static bool
look_next(struct amqp *a, struct link *l, const char *tag, const char *dead, int64_t bytes,
    struct trouble *f)
{
	amqp_rpc_reply_t r;
	amqp_message_t m;

	r = amqp_basic_get(l->c, CHANNEL_LOOK, amqp_cstring_bytes(dead), false);
	if (!link_judge(l, CHANNEL_LOOK, r, dead, f) || r.reply.id == AMQP_BASIC_GET_EMPTY_METHOD)
		return false;
	link_guard(l);
	r = amqp_read_message(l->c, CHANNEL_LOOK, &m, 0);
	link_unguard();
	if (!link_judge(l, CHANNEL_LOOK, r, dead, f))
		return false;
	look_item(a->h, tag, dead, &m, bytes);
	amqp_destroy_message(&m);
	amqp_maybe_release_buffers(l->c);
	return true;
}

/*
 * The dead letters are got, and go back to their places when the channel is closed.  For so long
 * nobody else sees them.
 */
void
look_list(struct helper *h, const char *tag, const char *queue, const char *state, int64_t max,
    int64_t bytes)
{
	struct amqp *a = helper_data(h);
	struct trouble f = { .text = "" };
	char dead[QUEUE_NAME];
	struct link *l;

	if (strcmp(state, "dead") != 0) {
		helper_err(h, tag, CLASS_CANNOT,
		    "RabbitMQ shows a message only by delivering it; dead "
		    "letters alone can be listed");
		return;
	}
	queue_dead_name(queue, dead);
	if (!queue_named(queue, &f) || (l = link_any(a)) == NULL ||
	    !link_channel(l, CHANNEL_LOOK, &f)) {
		helper_err(h, tag, f.c, "%s", f.text);
		return;
	}
	for (int64_t n = 0; n < max && look_next(a, l, tag, dead, bytes, &f); n++)
		continue;
	link_channel_close(l, CHANNEL_LOOK);
	if (f.text[0] == '\0' || f.code == 404)
		helper_ok(h, tag);
	else
		helper_err(h, tag, f.c, "%s", f.text);
}
