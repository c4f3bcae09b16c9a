/*
 * claim.c: claims that outlive the helper, which any process may settle.
 *
 * A message that the server has delivered belongs to the connection.  So for a claim it is moved: a
 * copy goes to a queue of its own, from which the server returns it when the lease is over, and
 * then the message is acked.  The name of that queue is the token.  Whoever settles the claim gets
 * the message from there first: only one can, and nobody can when the lease is over.
 */
#include <stdio.h>
#include <string.h>

#include "helper/amqp/amqp.h"

struct got {
	amqp_message_t m;
	uint64_t tag;
	bool again;
};

/* 1: there was a message, 0: there was none, -1: see the trouble. */
static int
claim_get(struct amqp *a, const char *queue, struct got *g, struct trouble *f)
{
	struct link *l = link_take(a);
	amqp_rpc_reply_t r;
	const amqp_basic_get_ok_t *ok;

	if (l == NULL) {
		(void)trouble_set(f, CLASS_AGAIN, "the connection is lost");
		return -1;
	}
	if (!link_channel(l, CHANNEL_CLAIM, f))
		return -1;
	r = amqp_basic_get(l->c, CHANNEL_CLAIM, amqp_cstring_bytes(queue), false);
	if (!link_judge(l, CHANNEL_CLAIM, r, queue, f))
		return -1;
	if (r.reply.id == AMQP_BASIC_GET_EMPTY_METHOD)
		return 0;
	ok = r.reply.decoded;
	g->tag = ok->delivery_tag;
	g->again = ok->redelivered;
	link_guard(l);
	r = amqp_read_message(l->c, CHANNEL_CLAIM, &g->m, 0);
	link_unguard();
	return link_judge(l, CHANNEL_CLAIM, r, queue, f) ? 1 : -1;
}

/* The server has seen everything that was sent on the channel before. */
static bool
claim_barrier(struct link *l, struct trouble *f)
{
	(void)amqp_basic_qos(l->c, CHANNEL_CLAIM, 0, 0, false);
	return link_reply(l, CHANNEL_CLAIM, "settling", f);
}

static void
claim_give_back(struct amqp *a, const struct got *g)
{
	struct link *l = link_take(a);

	if (l != NULL && l->open[CHANNEL_CLAIM])
		(void)link_sent(l, amqp_basic_nack(l->c, CHANNEL_CLAIM, g->tag, false, true));
}

static bool
claim_acked(struct amqp *a, const struct got *g, struct trouble *f)
{
	struct link *l = link_take(a);

	if (l == NULL || !l->open[CHANNEL_CLAIM])
		return trouble_set(f, CLASS_LOST, "the claim ended while it was settled");
	return link_sent(l, amqp_basic_ack(l->c, CHANNEL_CLAIM, g->tag, false)) &&
	       claim_barrier(l, f);
}

/* ---- take ---------------------------------------------------------------------- */

/* Put a copy into a new claim queue, whose name it is known by from now on. */
static bool
claim_copy(struct amqp *a, const char *queue, const struct got *g, int64_t lease_ms,
    int64_t attempts, char claim[QUEUE_NAME], struct trouble *f)
{
	struct trouble ignored;
	struct parcel p;

	if (!queue_claim(a, queue, lease_ms, claim, f))
		return false;
	if (!parcel_copy(&p, &g->m, attempts, NULL))
		return trouble_set(f, CLASS_AGAIN, "no memory");
	if (publish_wait(a, &p, claim, f))
		return true;
	if (f->c != CLASS_UNKNOWN)
		(void)queue_delete(a, claim, &ignored);
	return false;
}

static bool
claim_give(struct amqp *a, struct taking *t, const struct got *g, struct trouble *f)
{
	char claim[QUEUE_NAME], token[QUEUE_NAME + 8];
	struct unpacked u;
	bool good;

	unpack(&u, t->queue, &g->m, g->again);
	good =
	    claim_copy(a, t->queue, g, t->lease_ms, u.m.attempts, claim, f) && claim_acked(a, g, f);
	if (good) {
		(void)snprintf(token, sizeof(token), CLAIM_TOKEN "%s", claim);
		helper_msg(a->h, t, token, &u.m);
	} else if (!helper_is_down(a->h))
		claim_give_back(a, g);
	unpack_free(&u);
	return good;
}

void
claim_take(struct amqp *a, struct taking *t)
{
	struct trouble f;
	struct got g;
	int got = 0;

	if (t->lease_ms <= 0 || t->lease_ms > DELAY_MAX) {
		helper_ended(a->h, t, CLASS_CANNOT, "a lease of %lld ms; 1 to %lld are possible",
		    (long long)t->lease_ms, DELAY_MAX);
		return;
	}
	while (t->credit > 0) {
		bool good;
		if ((got = claim_get(a, t->queue, &g, &f)) <= 0)
			break;
		good = claim_give(a, t, &g, &f);
		amqp_destroy_message(&g.m);
		if (!good) {
			got = -1;
			break;
		}
	}
	if (helper_is_down(a->h) || t->credit == 0)
		return;
	if (got < 0)
		helper_ended(a->h, t, f.c, "%s", f.text);
	else
		helper_idle(a->h, t);
}

/* ---- settle -------------------------------------------------------------------- */

/* Get the message back from its claim queue.  False: it was answered. */
static bool
claim_open(struct amqp *a, const char *tag, const char *claim, char queue[QUEUE_NAME],
    struct got *g)
{
	struct trouble f;
	int got;

	if (!queue_claim_of(claim, queue)) {
		helper_err(a->h, tag, CLASS_LOST, "this is no claim");
		return false;
	}
	got = claim_get(a, claim, g, &f);
	if (got == 1)
		return true;
	if (got == 0 || f.code == 404)
		helper_err(a->h, tag, CLASS_LOST, "the claim has ended");
	else
		helper_err(a->h, tag, f.c, "%s", f.text);
	return false;
}

/* With the claim queue goes the message that was got from it. */
static void
claim_end(struct amqp *a, const char *tag, const char *claim, const char *word)
{
	struct trouble f;

	if (!queue_delete(a, claim, &f))
		helper_err(
		    a->h, tag, f.c == CLASS_AGAIN ? CLASS_UNKNOWN : f.c, "%s", f.text);
	else if (word != NULL)
		helper_ok_word(a->h, tag, word);
	else
		helper_ok(a->h, tag);
}

void
claim_ack(struct amqp *a, const char *tag, const char *claim)
{
	char queue[QUEUE_NAME];
	struct got g;

	if (!claim_open(a, tag, claim, queue, &g))
		return;
	amqp_destroy_message(&g.m);
	claim_end(a, tag, claim, NULL);
}

static int64_t
claim_attempts(const struct got *g)
{
	struct unpacked u;
	int64_t n;

	unpack(&u, "", &g->m, false);
	n = u.m.attempts;
	unpack_free(&u);
	return n;
}

/* The queue that it goes to. */
static bool
claim_target(struct amqp *a, const char *queue, int64_t delay_ms, bool dead, char to[QUEUE_NAME],
    struct trouble *f)
{
	if (dead)
		return queue_dead(a, queue, to, f);
	if (delay_ms > 0)
		return queue_delay(a, queue, delay_ms, to, f);
	(void)snprintf(to, QUEUE_NAME, "%s", queue);
	return true;
}

void
claim_move(struct amqp *a, const char *tag, const char *claim, int64_t delay_ms, int64_t attempts,
    const char *reason, bool dead)
{
	char queue[QUEUE_NAME], to[QUEUE_NAME];
	struct trouble f = { .c = CLASS_AGAIN, .text = "no memory" };
	struct parcel p;
	struct got g;

	if (!claim_open(a, tag, claim, queue, &g))
		return;
	if (claim_target(a, queue, delay_ms, dead, to, &f) &&
	    parcel_copy(&p, &g.m, attempts < 0 ? claim_attempts(&g) : attempts, reason) &&
	    publish_wait(a, &p, to, &f))
		claim_end(a, tag, claim, NULL);
	else if (!helper_is_down(a->h)) {
		claim_give_back(a, &g);
		helper_err(a->h, tag, f.c, "%s", f.text);
	}
	amqp_destroy_message(&g.m);
}

void
claim_extend(struct amqp *a, const char *tag, const char *claim, int64_t lease_ms)
{
	char queue[QUEUE_NAME], next[QUEUE_NAME], token[QUEUE_NAME + 8];
	struct trouble f;
	struct got g;

	if (!claim_open(a, tag, claim, queue, &g))
		return;
	if (claim_copy(a, queue, &g, lease_ms, claim_attempts(&g), next, &f)) {
		(void)snprintf(token, sizeof(token), CLAIM_TOKEN "%s", next);
		claim_end(a, tag, claim, token);
	} else if (!helper_is_down(a->h)) {
		claim_give_back(a, &g);
		helper_err(a->h, tag, f.c, "%s", f.text);
	}
	amqp_destroy_message(&g.m);
}
