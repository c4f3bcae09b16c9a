/*
 * take.c: messages on their way from SQS.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/sqs/sqs.h"

#define POLLS_MAX 4	/* of one queue at the same time, while there is more than one brings */
#define WAITING_MAX 64	/* messages that wait for others of their group */

/* What is under way for one taking. */
struct poller {
	struct taking *t;
	struct sqs *s;
	struct queue *q;
	int polls;		/* how many are open */
	int64_t asked;		/* messages that they may bring */
	int wait;		/* index of how long SQS waits for a message */
	bool full;		/* the last poll brought all that it asked for */
	bool failed;
	struct trouble why;
};

struct poll {
	struct poller *p;
	int64_t n;
};

/*
 * Seconds that SQS waits for a message, look by look.  It begins short, as mq may only want to know
 * whether there is something.  It could go on to 20, but a poll has to be waited for when mq wants
 * no more: SQS does not say that it notices a closed connection, so a message that it gives to a
 * poll which nobody reads would be hidden until the lease is over.
 */
static const int take_waits[] = { 1, 1, 2, SQS_WAIT_MAX };
#define WAITS (int)(sizeof(take_waits) / sizeof(take_waits[0]))

static void take_poll(struct poller *p);

/* ---- the end ------------------------------------------------------------------- */

/* What waits was not given to mq. */
static void
take_back(struct poller *p)
{
	settle_back_all(p->s, claims_behind(&p->s->claims, NULL, p->t), 0);
	settle_flush(p->s, p->q);
}

/* Whether nothing more is to be looked for.  Once no poll is open, mq is told so. */
static bool
take_over(struct poller *p)
{
	if (!p->t->stopped && !p->failed)
		return false;
	if (p->polls > 0)
		return true;
	take_back(p);
	if (p->t->stopped)
		helper_stopped(p->s->h, p->t);
	else
		helper_ended(p->s->h, p->t, p->why.c, "%s", p->why.text);
	return true;
}

void
take_forget(struct helper *h, struct taking *t)
{
	(void)h;
	free(t->engine);
}

/* ---- what came ----------------------------------------------------------------- */

static void
take_message(struct poller *p, const json_t *json)
{
	struct sqs *s = p->s;
	struct entry e;
	char *token;

	if (!entry_in(json, &e)) {
		(void)fprintf(stderr, "%s: a message came damaged, and comes again later: %.80s\n",
		    p->q->name, text_of(json, "MessageId"));
	} else if ((token = text_print("%s/%s", p->q->name, e.receipt)) != NULL) {
		if (s->closing || p->t->stopped || strlen(token) > FRAME_TOKEN_MAX ||
		    !claims_add(s->h, &s->claims, p->t, token, e.group, &e.m, p->t->lease_ms))
			settle_back(s, p->q, e.receipt, 0);
		free(token);
	}
	entry_free(&e);
}

static void
take_messages(struct poller *p, const json_t *answer, int64_t asked)
{
	const json_t *messages = json_object_get(answer, "Messages");
	int64_t n = (int64_t)json_array_size(messages);

	for (int64_t i = 0; i < n; i++)
		take_message(p, json_array_get(messages, (size_t)i));
	settle_flush(p->s, p->q);
	p->full = n == asked;
	p->wait = n > 0 ? 0 : p->wait + 1 < WAITS ? p->wait + 1 : p->wait;
	if (n == 0 && p->polls == 0 && !p->s->closing && p->t->credit > 0)
		helper_idle(p->s->h, p->t);
}

static void
take_done(void *arg, const struct http_answer *a)
{
	struct poll *poll = arg;
	struct poller *p = poll->p;
	int64_t n = poll->n;
	struct trouble why;

	free(poll);
	p->polls--;
	p->asked -= n;
	if (a->status == 200) {
		take_messages(p, a->json, n);
	} else {
		api_failure(a, &why);
		/* A server that throttles gets another poll; one that is away ends the helper. */
		if (why.c != CLASS_AGAIN && why.c != CLASS_FULL && why.c != CLASS_UNKNOWN) {
			p->failed = true;
			p->why = why;
			if (why.c == CLASS_GONE)
				queue_forget(p->q);
		}
	}
	take_poll(p);
}

/* ---- polls ----------------------------------------------------------------------- */

json_t *
take_args(const struct queue *q, int64_t n, int wait, int64_t lease_s)
{
	return json_pack("{s:s, s:I, s:i, s:I, s:[s], s:[s], s:[s]}", "QueueUrl", q->url,
	    "MaxNumberOfMessages", (json_int_t)n, "WaitTimeSeconds", wait, "VisibilityTimeout",
	    (json_int_t)lease_s, "MessageAttributeNames", "All", "AttributeNames", "All",
	    "MessageSystemAttributeNames", "All");
}

static bool
take_open(struct poller *p, int64_t n)
{
	int64_t lease = (p->t->lease_ms + 999) / 1000;
	int wait = take_waits[p->polls == 0 ? p->wait : 0];
	struct poll *poll = calloc(1, sizeof(*poll));

	if (poll == NULL)
		return false;
	*poll = (struct poll){ p, n };
	p->polls++;
	p->asked += n;
	return api_send(p->s, "ReceiveMessage", take_args(p->q, n, wait,
	    lease < SQS_LEASE_MAX ? lease : SQS_LEASE_MAX), false,
	    wait * 1000 + helper_settings(p->s->h)->timeout_ms, take_done, poll) != NULL;
}

/* Look for as many messages as mq wants. */
static void
take_poll(struct poller *p)
{
	int64_t want;

	if (p->s->closing || helper_is_down(p->s->h) || take_over(p))
		return;
	while (p->polls < (p->full ? POLLS_MAX : 1) &&
	    claims_waiting(&p->s->claims, p->t) < WAITING_MAX &&
	    (want = p->t->credit - p->asked) > 0)
		if (!take_open(p, want < SQS_BATCH ? want : SQS_BATCH))
			return;
}

void
take_more(struct helper *h, struct taking *t)
{
	struct sqs *s = helper_data(h);
	struct poller *p = t->engine;
	struct trouble f = { 0 };

	if (p == NULL) {
		struct queue *q = t->stopped ? NULL : queue_get(s, t->queue, false, &f);
		if (t->stopped) {
			helper_stopped(h, t);
			return;
		}
		if (q == NULL || (p = calloc(1, sizeof(*p))) == NULL) {
			helper_ended(h, t, q == NULL ? f.c : CLASS_AGAIN, "%s",
			    q == NULL ? f.text : "no memory");
			return;
		}
		*p = (struct poller){ .t = t, .s = s, .q = q };
		t->engine = p;
	}
	claims_turn(h, &s->claims);
	take_poll(p);
}
