/*
 * queue.c: queues: whether they are there, and those that mq keeps beside one:
 *
 *	QUEUE.mq-delay.MS	what is delayed: everything there returns to QUEUE after MS
 *	QUEUE.mq-claim.RANDOM	a claim that outlives its helper; it returns after its lease
 *	QUEUE.mq-dead		dead letters
 *
 * The delay queues are quorum queues: the server removes a message there when QUEUE has confirmed
 * it.  The claim queues are classic ones, as a quorum queue takes too long to be safe
 * (queue_settles).
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/amqp.h"

/*
 * The server deletes a queue that nobody used for so long beyond its own time.  What is delayed
 * stays for longer than its time if QUEUE is full, and would be deleted with it then.
 */
#define DELAY_REST 604800000LL	/* ms: a week */
#define CLAIM_REST 60000LL	/* ms */

#define KNOWN_FOR (20 * USEC)

#define CLAIM_MIDDLE ".mq-claim."
#define CLAIM_DIGITS 32

bool
queue_named(const char *queue, struct trouble *f)
{
	size_t len = strlen(queue);

	return (len > 0 && len <= QUEUE_MAX) || trouble_set(f, CLASS_DATA,
						    "the name of the queue has "
						    "%zu bytes; RabbitMQ and mq take 1 to %d",
						    len, QUEUE_MAX);
}

/* ---- what was there a moment ago ------------------------------------------------ */

struct known {
	struct known *next;
	usec_t until;
	char name[];
};

static bool
queue_known(const struct amqp *a, const char *name)
{
	for (const struct known *k = a->known; k != NULL; k = k->next)
		if (strcmp(k->name, name) == 0 && clock_mono() < k->until)
			return true;
	return false;
}

static void
queue_learn(struct amqp *a, const char *name)
{
	struct known *k = a->known;

	while (k != NULL && strcmp(k->name, name) != 0)
		k = k->next;
	if (k == NULL) {
		if ((k = calloc(1, sizeof(*k) + strlen(name) + 1)) == NULL)
			return;
		memcpy(k->name, name, strlen(name));
		k->next = a->known;
		a->known = k;
	}
	k->until = clock_mono() + KNOWN_FOR;
}

void
queue_forget(struct amqp *a)
{
	struct known *k;

	while ((k = a->known) != NULL) {
		a->known = k->next;
		free(k);
	}
}

/* ---- declare --------------------------------------------------------------------- */

static bool
queue_declare(struct amqp *a, const char *name, bool passive, const amqp_table_t *args,
    int64_t *ready, struct trouble *f)
{
	struct link *l = link_any(a);
	amqp_queue_declare_ok_t *ok;
	char what[QUEUE_NAME + 20];

	if (l == NULL)
		return trouble_set(f, CLASS_AGAIN, "the connection is lost");
	if (!link_channel(l, CHANNEL_ASK, f))
		return false;
	ok = amqp_queue_declare(l->c, CHANNEL_ASK, amqp_cstring_bytes(name), passive, true, false,
	    false, *args);
	(void)snprintf(what, sizeof(what), "queue %s", name);
	if (!link_reply(l, CHANNEL_ASK, what, f))
		return false;
	if (ready != NULL)
		*ready = ok->message_count;
	return true;
}

bool
queue_there(struct amqp *a, const char *queue, int64_t *ready, struct trouble *f)
{
	return queue_declare(a, queue, true, &amqp_empty_table, ready, f);
}

/*
 * The server saves a table of its quorum queues when nothing changed there for half a second to a
 * second.  A queue that was made later does not come back when the server is killed, nor does what
 * it has confirmed (seen with 3.10.8).  So nothing is sent to it until then.
 */
static void
queue_settles(void)
{
	(void)poll(NULL, 0, 1200);
}

/* A queue with other arguments is as good; to declare it again would be an error. */
static bool
queue_ensure(struct amqp *a, const char *name, const char *type, struct trouble *f)
{
	amqp_table_entry_t e = table_text("x-queue-type", amqp_cstring_bytes(type));
	amqp_table_t args = { .num_entries = 1, .entries = &e };

	if (queue_there(a, name, NULL, f))
		return true;
	if (f->code != 404 || !queue_declare(a, name, false, &args, NULL, f))
		return false;
	if (strcmp(type, "quorum") == 0)
		queue_settles();
	return true;
}

bool
queue_make(struct amqp *a, const char *queue, struct trouble *f)
{
	return queue_named(queue, f) && queue_ensure(a, queue, "quorum", f);
}

bool
queue_wanted(struct amqp *a, const char *queue, struct trouble *f)
{
	if (!queue_named(queue, f))
		return false;
	if (!a->set->create || queue_known(a, queue))
		return true;
	if (!queue_make(a, queue, f))
		return false;
	queue_learn(a, queue);
	return true;
}

/* ---- beside a queue --------------------------------------------------------------- */

/* Messages stay for 'ms' and then return to 'home'. */
static bool
queue_returning(struct amqp *a, const char *name, const char *home, bool quorum, int64_t ms,
    struct trouble *f)
{
	amqp_table_entry_t e[] = {
		table_text("x-queue-type", amqp_cstring_bytes(quorum ? "quorum" : "classic")),
		table_long("x-message-ttl", ms),
		table_long("x-expires", ms + (quorum ? DELAY_REST : CLAIM_REST)),
		table_text("x-dead-letter-exchange", amqp_empty_bytes),
		table_text("x-dead-letter-routing-key", amqp_cstring_bytes(home)),
		table_text("x-dead-letter-strategy", amqp_cstring_bytes("at-least-once")),
		table_text("x-overflow", amqp_cstring_bytes("reject-publish")) };
	amqp_table_t args = { .num_entries = quorum ? 7 : 5, .entries = e };

	return queue_declare(a, name, false, &args, NULL, f);
}

/* Tenths of a second, and from one second on steps of a tenth: a few queues do for all delays. */
int64_t
queue_round_delay(int64_t ms)
{
	int64_t step = 1000;

	if (ms <= 1000)
		return (ms + 99) / 100 * 100;
	while (step < ms)
		step += step / 10;
	return step < DELAY_MAX ? step : DELAY_MAX;
}

/*
 * Each declare begins the time anew after which the server deletes the queue.  What comes back to
 * no queue would stay there, so the queue itself has to be there, too.
 */
bool
queue_delay(struct amqp *a, const char *queue, int64_t ms, char out[QUEUE_NAME], struct trouble *f)
{
	int64_t rounded = queue_round_delay(ms);
	bool there;

	if (!queue_named(queue, f))
		return false;
	(void)snprintf(out, QUEUE_NAME, "%s.mq-delay.%lld", queue, (long long)rounded);
	if (queue_known(a, out))
		return true;
	if (!(a->set->create ? queue_make(a, queue, f) : queue_there(a, queue, NULL, f)))
		return false;
	if ((!(there = queue_there(a, out, NULL, f)) && f->code != 404) ||
	    !queue_returning(a, out, queue, true, rounded, f))
		return false;
	if (!there)
		queue_settles();
	queue_learn(a, out);
	return true;
}

void
queue_dead_name(const char *queue, char out[QUEUE_NAME])
{
	(void)snprintf(out, QUEUE_NAME, "%s.mq-dead", queue);
}

/* A classic queue: looking through it counts no deliveries. */
bool
queue_dead(struct amqp *a, const char *queue, char out[QUEUE_NAME], struct trouble *f)
{
	queue_dead_name(queue, out);
	if (queue_known(a, out))
		return true;
	if (!queue_ensure(a, out, "classic", f))
		return false;
	queue_learn(a, out);
	return true;
}

bool
queue_claim(struct amqp *a, const char *queue, int64_t lease_ms, char out[QUEUE_NAME],
    struct trouble *f)
{
	if (!queue_named(queue, f))
		return false;
	(void)snprintf(out, QUEUE_NAME, "%s" CLAIM_MIDDLE "%08x%08x%08x%08x", queue, arc4random(),
	    arc4random(), arc4random(), arc4random());
	return queue_returning(a, out, queue, false, lease_ms, f);
}

bool
queue_claim_of(const char *claim, char queue[QUEUE_NAME])
{
	const size_t tail = strlen(CLAIM_MIDDLE) + CLAIM_DIGITS;
	size_t len = strlen(claim);
	const char *digits = claim + len - CLAIM_DIGITS;

	if (len <= tail || len - tail > QUEUE_MAX ||
	    strncmp(claim + len - tail, CLAIM_MIDDLE, strlen(CLAIM_MIDDLE)) != 0 ||
	    strspn(digits, "0123456789abcdef") != CLAIM_DIGITS)
		return false;
	memcpy(queue, claim, len - tail);
	queue[len - tail] = '\0';
	return true;
}

bool
queue_delete(struct amqp *a, const char *queue, struct trouble *f)
{
	struct link *l = link_any(a);

	if (l == NULL)
		return trouble_set(f, CLASS_AGAIN, "the connection is lost");
	if (!link_channel(l, CHANNEL_ASK, f))
		return false;
	(void)amqp_queue_delete(l->c, CHANNEL_ASK, amqp_cstring_bytes(queue), false, false);
	return link_reply(l, CHANNEL_ASK, queue, f);
}
