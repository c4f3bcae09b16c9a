/*
 * settle.c: ack, nack and dead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

/* The claim of a token "SERIAL.OFFSET.GIVEN".  NULL: it has ended, or is none; it was answered. */
static struct claim *
settle_find(struct kafka *k, const char *tag, const char *token, struct part **p)
{
	unsigned long long serial;
	long long offset;
	unsigned given;
	int end = -1;
	struct claim *cl;

	if (sscanf(token, "%20llu.%19lld.%10u%n", &serial, &offset, &given, &end) == 3 &&
	    token[end] == '\0' && (*p = part_serial(k, serial)) != NULL &&
	    (cl = part_claim(*p, offset)) != NULL && cl->state == CLAIM_GIVEN && cl->given == given)
		return cl;
	helper_err(k->h, tag, CLASS_LOST, "the claim has ended, or the partition went to another "
	    "consumer");
	return NULL;
}

void
kafka_ack(struct helper *h, const char *tag, const char *token)
{
	struct claim *cl;
	struct part *p;

	if ((cl = settle_find(helper_data(h), tag, token, &p)) != NULL)
		part_settle(p, cl, tag);
}

/* ---- with a copy ---------------------------------------------------------------- */

/* The original is settled when its copy is confirmed, and not before. */
static void
settle_copied(struct kafka *k, struct sent *s, const struct trouble *t)
{
	struct part *p = part_serial(k, s->serial);
	struct claim *cl = p != NULL ? part_claim(p, s->offset) : NULL;

	if (cl == NULL)
		helper_err(k->h, s->tag, CLASS_LOST, "the partition went to another consumer");
	else if (t == NULL)
		part_settle(p, cl, s->tag);
	else {
		cl->state = CLAIM_GIVEN;
		helper_err(k->h, s->tag, t->c, "%s", t->text);
	}
}

static void
settle_copy(struct kafka *k, const char *tag, struct part *p, struct claim *cl,
    const struct change *c)
{
	struct sent *s = calloc(1, sizeof(*s));
	struct trouble t = { .c = CLASS_AGAIN, .text = "no memory" };

	if (s != NULL) {
		s->done = settle_copied;
		(void)snprintf(s->tag, sizeof(s->tag), "%s", tag);
		s->serial = p->serial;
		s->offset = cl->offset;
	}
	cl->state = CLAIM_COPIED;
	if (s != NULL && copy_send(k, cl->m, c, s, &t))
		return;
	cl->state = CLAIM_GIVEN;
	helper_err(k->h, tag, t.c, "%s", t.text);
}

/*
 * A record cannot be changed, so one that is to have another number of attempts is published once
 * more.  Else it is given again out of memory; if the helper ends before, it was never committed.
 */
void
kafka_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms, int64_t attempts,
    const char *reason)
{
	struct kafka *k = helper_data(h);
	struct claim *cl;
	struct part *p;

	(void)reason;
	if (delay_ms > 0) {
		helper_err(h, tag, CLASS_CANNOT, "Kafka cannot delay what is given back");
		return;
	}
	if ((cl = settle_find(k, tag, token, &p)) == NULL)
		return;
	if (attempts < 0) {
		cl->state = CLAIM_HELD;
		helper_ok(h, tag);
		return;
	}
	settle_copy(k, tag, p, cl, &(struct change){ .topic = p->consumer->queue,
	    .partition = cl->hash != 0 ? p->id : RD_KAFKA_PARTITION_UA, .attempts = attempts });
}

void
kafka_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason)
{
	struct kafka *k = helper_data(h);
	char topic[TOPIC_NAME_MAX + 1];
	struct claim *cl;
	struct trouble t;
	struct part *p;

	if ((cl = settle_find(k, tag, token, &p)) == NULL)
		return;
	if (!topic_dead(p->consumer->queue, topic, &t)) {
		helper_err(h, tag, t.c, "%s", t.text);
		return;
	}
	settle_copy(k, tag, p, cl, &(struct change){ .topic = topic,
	    .partition = RD_KAFKA_PARTITION_UA, .attempts = attempts,
	    .reason = reason != NULL ? reason : "" });
}
