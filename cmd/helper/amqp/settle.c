/*
 * settle.c: how a message that mq holds ends.
 *
 * The server cannot change a message.  So what is given back later, or with another number of
 * attempts, is a copy: it is published, and when the server has confirmed it, the message is
 * acked.  A crash in between leaves both, and never none.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/take.h"

/*
 * A message that came back so often is copied rather than given back once more: RabbitMQ 4 drops
 * one that came back twenty times.
 */
#define GIVE_BACK_MAX 10

/* The server closes the channel of who holds a message for half an hour (consumer_timeout). */
#define HOLD_MAX (20 * 60 * USEC)

/* ---- tokens --------------------------------------------------------------------- */

static struct delivery *
settle_find(struct amqp *a, const char *token)
{
	char mine[16];
	unsigned ch, generation;
	unsigned long long tag;
	struct source *s;
	int end = 0;

	(void)snprintf(mine, sizeof(mine), "d.%s.", a->nonce);
	if (strncmp(token, mine, strlen(mine)) != 0 ||
	    sscanf(token + strlen(mine), "%u.%u.%llu%n", &ch, &generation, &tag, &end) != 3 ||
	    token[strlen(mine) + (size_t)end] != '\0' || ch >= CHANNELS ||
	    (s = source_on(a, (amqp_channel_t)ch)) == NULL || s->generation != generation)
		return NULL;
	for (struct delivery *d = s->held; d != NULL; d = d->next)
		if (d->tag == tag && !d->settling)
			return d;
	return NULL;
}

static void
settle_lost(struct amqp *a, const char *tag)
{
	helper_err(a->h, tag, CLASS_LOST, "this claim has ended, or it is of another process");
}

/* The claim queue that the token is; NULL: it is another kind of token. */
static const char *
settle_claim(const char *token)
{
	return strncmp(token, CLAIM_TOKEN, strlen(CLAIM_TOKEN)) == 0 ? token + strlen(CLAIM_TOKEN) :
	    NULL;
}

/* ---- a copy, and then an ack ------------------------------------------------------ */

struct moving {
	struct delivery *d;
	char tag[FRAME_TAG_MAX];
};

static void
settle_moved(struct amqp *a, void *arg, const struct trouble *f)
{
	struct moving *m = arg;
	struct delivery *d = m->d;

	if (d->lost) {
		helper_err(a->h, m->tag, CLASS_LOST, "the claim ended while it was settled");
		delivery_free(d);
	} else if (f != NULL) {
		d->settling = false;
		helper_err(a->h, m->tag, f->c, "%s", f->text);
	} else
		consume_settle(d->source, d, m->tag, false);
	free(m);
}

static void
settle_copy(struct amqp *a, struct delivery *d, const char *tag, const char *to, int64_t attempts,
    const char *reason)
{
	struct moving *m = calloc(1, sizeof(*m));
	struct parcel p;

	if (m == NULL || !parcel_copy(&p, &d->m, attempts < 0 ? d->attempts : attempts, reason)) {
		free(m);
		helper_err(a->h, tag, CLASS_AGAIN, "no memory");
		return;
	}
	m->d = d;
	(void)snprintf(m->tag, sizeof(m->tag), "%s", tag);
	d->settling = true;
	publish(a, &p, to, settle_moved, m);
}

/* ---- requests --------------------------------------------------------------------- */

void
settle_ack(struct helper *h, const char *tag, const char *token)
{
	struct amqp *a = helper_data(h);
	const char *claim = settle_claim(token);
	struct delivery *d;

	if (claim != NULL)
		claim_ack(a, tag, claim);
	else if ((d = settle_find(a, token)) == NULL)
		settle_lost(a, tag);
	else
		consume_settle(d->source, d, tag, false);
}

void
settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason)
{
	struct amqp *a = helper_data(h);
	const char *claim = settle_claim(token);
	char delayed[QUEUE_NAME];
	struct delivery *d;
	struct trouble f;

	if (delay_ms > DELAY_MAX)
		helper_err(h, tag, CLASS_CANNOT, "a delay of %lld ms; at most %lld are possible",
		    (long long)delay_ms, DELAY_MAX);
	else if (claim != NULL)
		claim_move(a, tag, claim, delay_ms, attempts, reason, false);
	else if ((d = settle_find(a, token)) == NULL)
		settle_lost(a, tag);
	else if (delay_ms <= 0 && (attempts < 0 || attempts == d->attempts) &&
	    d->deliveries < GIVE_BACK_MAX)
		consume_settle(d->source, d, tag, true);
	else if (delay_ms <= 0)
		settle_copy(a, d, tag, d->source->queue, attempts, reason);
	else if (!queue_delay(a, d->source->queue, delay_ms, delayed, &f))
		helper_err(h, tag, f.c, "%s", f.text);
	else
		settle_copy(a, d, tag, delayed, attempts, reason);
}

void
settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct amqp *a = helper_data(h);
	const char *claim = settle_claim(token);
	char dead[QUEUE_NAME];
	struct delivery *d;
	struct trouble f;

	if (claim != NULL)
		claim_move(a, tag, claim, 0, attempts, reason, true);
	else if ((d = settle_find(a, token)) == NULL)
		settle_lost(a, tag);
	else if (!queue_dead(a, d->source->queue, dead, &f))
		helper_err(h, tag, f.c, "%s", f.text);
	else
		settle_copy(a, d, tag, dead, attempts, reason);
}

/* ---- extend ----------------------------------------------------------------------- */

/* Held for long: it becomes a claim queue, for which the server has no limit. */
static void
settle_keep(struct amqp *a, struct delivery *d, const char *tag, int64_t lease_ms)
{
	char claim[QUEUE_NAME], token[QUEUE_NAME + 8];
	struct parcel p;
	struct trouble f;

	if (!queue_claim(a, d->source->queue, lease_ms, claim, &f))
		helper_err(a->h, tag, f.c, "%s", f.text);
	else if (!parcel_copy(&p, &d->m, d->attempts, NULL))
		helper_err(a->h, tag, CLASS_AGAIN, "no memory");
	else if (!publish_wait(a, &p, claim, &f)) {
		helper_err(a->h, tag, f.c, "%s", f.text);
		if (f.c != CLASS_UNKNOWN)
			(void)queue_delete(a, claim, &f);
	} else {
		(void)snprintf(token, sizeof(token), CLAIM_TOKEN "%s", claim);
		consume_settle(d->source, d, "", false);
		helper_ok_word(a->h, tag, token);
	}
}

void
settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms)
{
	struct amqp *a = helper_data(h);
	const char *claim = settle_claim(token);
	struct delivery *d;

	if (lease_ms <= 0 || lease_ms > DELAY_MAX)
		helper_err(h, tag, CLASS_CANNOT, "a lease of %lld ms; 1 to %lld are possible",
		    (long long)lease_ms, DELAY_MAX);
	else if (claim != NULL)
		claim_extend(a, tag, claim, lease_ms);
	else if ((d = settle_find(a, token)) == NULL)
		settle_lost(a, tag);
	else if (clock_mono() - d->since > HOLD_MAX)
		settle_keep(a, d, tag, lease_ms);
	else {
		d->until = clock_mono() + lease_ms * 1000;
		helper_ok(h, tag);
	}
}
