/*
 * push.c: a message is published with a reply subject, and JetStream confirms there that it has it.
 */
#include <stdio.h>
#include <string.h>

#include "helper/nats/inside.h"

static void
push_done(struct nats *n, struct ask *a, const struct answer *r)
{
	struct trouble t;
	char seq[24];

	if (answer_good(r) && strcmp(json_text(r->json, "stream"), a->subject) == 0) {
		(void)snprintf(seq, sizeof(seq), "%lld", (long long)json_number(r->json, "seq"));
		helper_ok_word(n->h, a->tag, seq);
		return;
	}
	if (r->heard == HEARD_NOBODY)
		stream_forget(n, a->subject);
	if (answer_good(r)) {
		helper_err(n->h, a->tag, CLASS_UNKNOWN, "%s: the message went to stream '%s'",
		    a->subject, json_text(r->json, "stream"));
		return;
	}
	answer_trouble(n, r, CLASS_UNKNOWN, a->subject, &t);
	/* A push that the server refuses for another reason it will always refuse. */
	if (r->heard == HEARD_ANSWER && t.c == CLASS_CONF) {
		helper_err(n->h, a->tag, CLASS_DATA, "%s", t.text);
		return;
	}
	answer_err(n, a->tag, r, CLASS_UNKNOWN, a->subject);
}

/* Whether it can be pushed at all, as far as that is known before. */
static bool
push_fits(struct nats *n, const char *tag, const struct message *m, const struct stream *s)
{
	int64_t max = n->max_payload - HEAD_ROOM;

	if (m->delay_ms > 0) {
		helper_err(n->h, tag, CLASS_CANNOT, "NATS cannot delay a push; push it to a local "
		    "queue and relay that");
		return false;
	}
	if (s->known && s->max_size >= 0 && s->max_size - HEAD_ROOM < max)
		max = s->max_size - HEAD_ROOM;
	if ((int64_t)m->bodylen > max) {
		helper_err(n->h, tag, CLASS_LARGE, "%zu bytes; this queue takes %lld", m->bodylen,
		    (long long)(max > 0 ? max : 0));
		return false;
	}
	if (m->once != NULL && s->known && s->window < WINDOW_S * USEC) {
		helper_err(n->h, tag, CLASS_CANNOT, "stream %s knows ids for %lld s only; set its "
		    "duplicate_window to %d s", s->name, (long long)(s->window / USEC), WINDOW_S);
		return false;
	}
	return true;
}

void
push_message(struct helper *h, const char *tag, const struct message *m)
{
	struct nats *n = helper_data(h);
	const char *once = m->once != NULL ? m->once : m->id[0] != '\0' ? m->id : NULL;
	struct trouble t;
	struct stream *s;
	struct ask *a;
	natsMsg *msg;

	if (!stream_name_ok(n, tag, m->queue))
		return;
	if ((s = stream_get(n, m->queue, &t)) == NULL ||
	    (n->create && s->known && !stream_consumer(n, s, n->set->lease_ms, &t))) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	if (!push_fits(n, tag, m, s) || (a = ask_begin(n, tag, m->queue, push_done, NULL)) == NULL)
		return;
	if (copy_out(n, m, m->queue, a->reply, once, &msg, &t))
		ask_send(n, a, msg);
	else
		ask_drop(n, a, &t);
}
