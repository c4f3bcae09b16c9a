/*
 * transact.c: pushes that are stored exactly once.
 *
 * What a client pushes goes in transactions of one producer whose transactional id is made of the
 * client's name, so that a producer that was left behind by a dead helper is fenced off.  In each
 * transaction stand, as metadata of committed offsets of the group of that name, the marks of
 * messages that are stored and may be pushed again: the last ones, as many as the client may have
 * open at once, and, of what earlier helpers stored, those that the client said to be in doubt when
 * it began.  One of these that is pushed again is answered, and not stored a second time.
 *
 * A commit that is not answered in time is resumed with the next push; until then nobody knows.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/kafka/kafka.h"

#define PREFIX "mq-relay."
#define TIMEOUT_USUAL 60000	/* ms: transaction.timeout.ms */

enum transact_state {
	TRANSACT_NONE,
	TRANSACT_OPEN,
	TRANSACT_COMMITTING,	/* to be resumed */
	TRANSACT_ABORTING	/* to be resumed */
};

/* A push of the transaction. */
struct held {
	struct held *next;
	struct transact *tx;
	struct sent *s;		/* NULL: it was answered */
	struct mark mark;
	bool large;		/* a broker said so */
};

struct transact {
	struct client client;
	enum transact_state state;
	char name[300];		/* the transactional id, and the group */
	struct topic topic;	/* a copy */
	rd_kafka_consumer_group_metadata_t *group;
	struct held *held;
	int64_t number;		/* of the last transaction that was committed */
	struct marks last;	/* what this helper stored last */
	struct marks known;	/* what may be pushed again, for all that we know */
};

bool
transact_wanted(const struct kafka *k)
{
	return k->set->transactions && k->set->client != NULL;
}

/* ---- what is stored ----------------------------------------------------------- */

/* What is in doubt of it is known; nobody pushes the rest again. */
static bool
transact_known(struct transact *tx, struct trouble *t)
{
	struct kafka *k = tx->client.k;
	const struct names *doubt = &k->set->doubt;
	struct marks left = { 0 };
	struct mark m;
	bool good;

	if (!marks_new(&left, (size_t)tx->topic.partitions * MARKS_EACH))
		return trouble_set(t, CLASS_AGAIN, "no memory");
	good = marks_read(k, tx->name, &tx->topic, &left, &tx->number, t);
	for (size_t i = 0; i < doubt->n; i++) {
		mark_of(doubt->name[i], &m);
		if (marks_find(&left, &m) < left.n && marks_find(&tx->known, &m) == tx->known.n)
			marks_add(&tx->known, &m);
	}
	free(left.m);
	return good;
}

/* The marks as they are when this transaction is committed.  NULL: no memory. */
static rd_kafka_topic_partition_list_t *
transact_marks(struct transact *tx)
{
	rd_kafka_topic_partition_list_t *list =
	    rd_kafka_topic_partition_list_new(tx->topic.partitions);
	const struct marks *last = &tx->last;
	size_t n = 0, fresh = 0, i;
	bool good = true;

	for (const struct held *h = tx->held; h != NULL; h = h->next)
		fresh++;
	for (i = 0; good && i < tx->known.n; i++)
		good = marks_write(list, &tx->topic, tx->number + 1, n++, &tx->known.m[i]);
	/* As many of the last ones as there will be. */
	i = last->n + fresh > last->max ? last->n + fresh - last->max : 0;
	for (; good && i < last->n; i++)
		good = marks_write(list, &tx->topic, tx->number + 1, n++, &last->m[i]);
	for (const struct held *h = tx->held; good && h != NULL; h = h->next)
		good = marks_write(list, &tx->topic, tx->number + 1, n++, &h->mark);
	if (good)
		return list;
	rd_kafka_topic_partition_list_destroy(list);
	return NULL;
}

/* ---- the messages of a transaction -------------------------------------------- */

static void
held_answer(struct held *h, const struct trouble *t)
{
	if (h->s == NULL)
		return;
	h->s->done(h->tx->client.k, h->s, t);
	free(h->s);
	h->s = NULL;
}

static void
held_answer_all(struct transact *tx, const struct trouble *t)
{
	for (struct held *h = tx->held; h != NULL; h = h->next)
		held_answer(h, t);
}

static void
held_free(struct transact *tx)
{
	struct held *h;

	while ((h = tx->held) != NULL) {
		tx->held = h->next;
		free(h->s);
		free(h);
	}
}

/* One that cannot be stored: the transaction will not be committed, and the others come again. */
static void
transact_report(rd_kafka_t *rk, const rd_kafka_message_t *m, void *arg)
{
	struct held *h = m->_private;
	struct client *cl = arg;
	struct trouble t;

	(void)rk;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR || m->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE ||
	    m->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
		return;
	(void)trouble_of(&t, m->err, "topic %s", rd_kafka_topic_name(m->rkt));
	if (t.c == CLASS_GONE)
		topic_forget(cl->k, rd_kafka_topic_name(m->rkt));
	if (t.c == CLASS_LARGE)
		h->large = true;	/* its batch may be, if the limit is another one by now */
	else
		held_answer(h, &t);
}

/*
 * Answer what a broker found too large.  If the limit of the topic has changed, another helper
 * looks at each message once more.
 */
static void
transact_large(struct transact *tx)
{
	struct kafka *k = tx->client.k;
	struct trouble large, ignored;
	const struct topic *now;
	bool any = false;

	for (struct held *h = tx->held; h != NULL; h = h->next)
		any |= h->large;
	if (!any)
		return;
	topic_forget(k, tx->topic.name);
	now = topic_get(k, tx->topic.name, false, &ignored);
	if (now == NULL || now->limit != tx->topic.limit) {
		(void)snprintf(k->fatal, sizeof(k->fatal), "topic %.250s has another limit now",
		    tx->topic.name);
		return;
	}
	(void)trouble_set(&large, CLASS_LARGE, "topic %s: too large for the broker",
	    tx->topic.name);
	for (struct held *h = tx->held; h != NULL; h = h->next)
		if (h->large)
			held_answer(h, &large);
}

/* ---- transactions --------------------------------------------------------------- */

/*
 * Takes the error.  None of them is about one message, so none may be taken for a message's own.
 */
static bool
transact_error(struct transact *tx, rd_kafka_error_t *e, struct trouble *t)
{
	struct kafka *k = tx->client.k;

	(void)trouble_set(t, trouble_class(rd_kafka_error_code(e)), "transaction of %s: %s",
	    tx->name, rd_kafka_error_string(e));
	if (t->c == CLASS_CANNOT)
		t->c = CLASS_CONF;	/* a server without transactions */
	else if (t->c == CLASS_LARGE || t->c == CLASS_DATA || t->c == CLASS_GONE)
		t->c = CLASS_AGAIN;
	if (rd_kafka_error_is_fatal(e))
		(void)snprintf(k->fatal, sizeof(k->fatal), "%.290s", t->text);
	rd_kafka_error_destroy(e);
	return false;
}

/* The same for a call of a transaction that is open: what librdkafka has no way out of is fatal. */
static bool
transact_broken(struct transact *tx, rd_kafka_error_t *e, struct trouble *t)
{
	bool known = rd_kafka_error_is_retriable(e) || rd_kafka_error_txn_requires_abort(e);

	(void)transact_error(tx, e, t);
	if (!known)
		(void)snprintf(tx->client.k->fatal, sizeof(tx->client.k->fatal), "%.290s", t->text);
	return false;
}

/* After that nothing more is reported of its messages. */
static bool
transact_abort(struct transact *tx, struct trouble *t)
{
	rd_kafka_error_t *e;

	e = rd_kafka_abort_transaction(tx->client.rk, (int)tx->client.k->set->timeout_ms);
	if (e != NULL)
		return transact_broken(tx, e, t);
	tx->state = TRANSACT_NONE;
	return true;
}

/* It is committed: whoever was told that nobody knows may push again. */
static void
transact_stored(struct transact *tx)
{
	for (const struct held *h = tx->held; h != NULL; h = h->next)
		marks_add(h->s == NULL ? &tx->known : &tx->last, &h->mark);
	tx->number++;
	tx->state = TRANSACT_NONE;
	held_answer_all(tx, NULL);
	held_free(tx);
}

static bool
transact_commit(struct transact *tx, struct trouble *t)
{
	const int ms = (int)tx->client.k->set->timeout_ms;
	rd_kafka_topic_partition_list_t *list;
	rd_kafka_error_t *e = NULL;

	if (tx->state == TRANSACT_OPEN) {
		tx->state = TRANSACT_ABORTING;
		if ((list = transact_marks(tx)) == NULL)
			return trouble_set(t, CLASS_AGAIN, "no memory");
		e = rd_kafka_send_offsets_to_transaction(tx->client.rk, list, tx->group, ms);
		rd_kafka_topic_partition_list_destroy(list);
		if (e != NULL)
			return transact_broken(tx, e, t);
	}
	tx->state = TRANSACT_COMMITTING;
	if ((e = rd_kafka_commit_transaction(tx->client.rk, ms)) == NULL) {
		transact_stored(tx);
		return true;
	}
	if (rd_kafka_error_txn_requires_abort(e)) {
		tx->state = TRANSACT_ABORTING;
		return transact_error(tx, e, t);
	}
	(void)transact_broken(tx, e, t);
	t->c = CLASS_UNKNOWN;
	return false;
}

/* End what was begun, and answer what is not answered. */
static bool
transact_end(struct transact *tx, struct trouble *t)
{
	struct trouble ignored;

	if (tx->state == TRANSACT_NONE)
		return true;
	if (tx->state == TRANSACT_ABORTING) {
		if (!transact_abort(tx, t))
			return false;
		held_free(tx);
		return true;
	}
	if (transact_commit(tx, t))
		return true;
	if (tx->state == TRANSACT_ABORTING && transact_abort(tx, &ignored))
		transact_large(tx);
	/* What can never be stored has been answered by now. */
	if (t->c != CLASS_UNKNOWN && t->c != CLASS_PERM && t->c != CLASS_CONF)
		t->c = CLASS_AGAIN;
	held_answer_all(tx, t);
	if (tx->state == TRANSACT_NONE)
		held_free(tx);
	return false;
}

void
transact_work(struct kafka *k)
{
	struct transact *tx = k->transact;
	struct trouble t;

	k->transact_failed.text[0] = '\0';
	if (tx == NULL)
		return;
	(void)rd_kafka_poll(tx->client.rk, 0);
	if (tx->state == TRANSACT_OPEN)
		(void)transact_end(tx, &t);
}

/* ---- opening and closing --------------------------------------------------------- */

static bool
transact_conf(struct transact *tx, rd_kafka_conf_t *conf, struct trouble *t)
{
	struct kafka *k = tx->client.k;
	int64_t ms = k->set->timeout_ms > TIMEOUT_USUAL ? k->set->timeout_ms : TIMEOUT_USUAL;

	rd_kafka_conf_set_dr_msg_cb(conf, transact_report);
	return producer_conf(k, conf, tx->topic.limit, t) &&
	    client_set(conf, "transactional.id", tx->name, t) &&
	    client_set_number(conf, "transaction.timeout.ms", ms, t) &&
	    /* A coordinator that is not done with the last one says so, and is asked again. */
	    client_set_number(conf, "retry.backoff.ms", 5, t);
}

/* Whatever a former producer of this name had begun is over after that, one way or the other. */
static bool
transact_begin(struct transact *tx, struct trouble *t)
{
	struct kafka *k = tx->client.k;
	rd_kafka_conf_t *conf = client_conf(k, &tx->client, t);
	rd_kafka_error_t *e;

	if (conf == NULL)
		return false;
	if (!transact_conf(tx, conf, t)) {
		rd_kafka_conf_destroy(conf);
		return false;
	}
	if (!client_new(&tx->client, RD_KAFKA_PRODUCER, conf, t))
		return false;
	client_wake_main(&tx->client);
	tx->group = rd_kafka_consumer_group_metadata_new(tx->name);
	if ((e = rd_kafka_init_transactions(tx->client.rk, (int)k->set->timeout_ms)) != NULL)
		return transact_error(tx, e, t);
	return transact_known(tx, t);
}

static void
transact_free(struct transact *tx)
{
	if (tx->group != NULL)
		rd_kafka_consumer_group_metadata_destroy(tx->group);
	if (tx->client.rk != NULL)
		rd_kafka_destroy(tx->client.rk);
	held_free(tx);
	free(tx->last.m);
	free(tx->known.m);
	free(tx);
}

static struct transact *
transact_new(struct kafka *k, const struct topic *topic, struct trouble *t)
{
	struct transact *tx = calloc(1, sizeof(*tx));
	size_t window = (size_t)k->set->window, fit = (size_t)topic->partitions * MARKS_EACH;

	if (tx == NULL || !marks_new(&tx->last, window) || !marks_new(&tx->known, fit - window)) {
		if (tx != NULL)
			transact_free(tx);
		(void)trouble_set(t, CLASS_AGAIN, "no memory");
		return NULL;
	}
	tx->client.k = k;
	tx->topic = *topic;
	(void)snprintf(tx->name, sizeof(tx->name), PREFIX "%s", k->set->client);
	return tx;
}

static struct transact *
transact_open(struct kafka *k, const struct topic *topic, struct trouble *t)
{
	const int64_t max = (int64_t)topic->partitions * MARKS_EACH / 2;
	struct transact *tx;

	if (k->set->window > max) {
		(void)trouble_set(t, CLASS_CONF, "a window of %lld messages: with transactions a "
		    "topic with %d partition%s takes %lld at most: use --window=%lld",
		    (long long)k->set->window, topic->partitions, topic->partitions == 1 ? "" : "s",
		    (long long)max, (long long)max);
		return NULL;
	}
	if ((tx = transact_new(k, topic, t)) == NULL)
		return NULL;
	if (!transact_begin(tx, t)) {
		transact_free(tx);
		return NULL;
	}
	k->transact = tx;
	return tx;
}

/* Nothing of what is open will be committed any more. */
void
transact_purge(struct kafka *k)
{
	struct trouble t;

	if (k->transact == NULL)
		return;
	(void)trouble_set(&t, CLASS_AGAIN, "the transaction was not committed");
	held_answer_all(k->transact, &t);
}

void
transact_close(struct kafka *k)
{
	if (k->transact != NULL)
		transact_free(k->transact);
	k->transact = NULL;
}

/* ---- sending ---------------------------------------------------------------------- */

static bool
transact_ready(struct kafka *k, const struct topic *topic, struct trouble *t)
{
	struct transact *tx = k->transact;
	rd_kafka_error_t *e;

	if (tx == NULL && (tx = transact_open(k, topic, t)) == NULL)
		return false;
	if (strcmp(tx->topic.name, topic->name) != 0)
		return trouble_set(t, CLASS_CONF, "one client pushes to one topic with "
		    "transactions, and this one to %s", tx->topic.name);
	if (topic->partitions < tx->topic.partitions) {
		(void)snprintf(k->fatal, sizeof(k->fatal), "topic %.250s was made anew",
		    topic->name);
		return trouble_set(t, CLASS_AGAIN, "%s", k->fatal);
	}
	if (tx->state == TRANSACT_OPEN)
		return true;
	if (!transact_end(tx, t)) {
		/* Of this push it is known that it was not stored. */
		t->c = t->c == CLASS_UNKNOWN ? CLASS_AGAIN : t->c;
		return false;
	}
	if ((e = rd_kafka_begin_transaction(tx->client.rk)) != NULL)
		return transact_broken(tx, e, t);
	tx->state = TRANSACT_OPEN;
	return true;
}

/*
 * The transaction that a push belongs to, which is begun.  What failed may have taken the whole
 * time limit, so it is tried once in a turn of the loop, and not for each push.
 */
static struct transact *
transact_get(struct kafka *k, const struct topic *topic, struct trouble *t)
{
	if (k->transact_failed.text[0] != '\0')
		*t = k->transact_failed;
	else if (transact_ready(k, topic, t))
		return k->transact;
	k->transact_failed = *t;
	return NULL;
}

/* Whether the message was stored by us or one before us, or is about to be. */
static bool
transact_has(struct transact *tx, const struct mark *m, struct sent *s)
{
	struct trouble t;
	struct held *h = tx->held;
	size_t i;

	while (h != NULL && strcmp(h->mark.text, m->text) != 0)
		h = h->next;
	if (h != NULL) {
		(void)trouble_set(&t, CLASS_AGAIN, "it is being stored already");
		s->done(tx->client.k, s, &t);
		return true;
	}
	if ((i = marks_find(&tx->known, m)) < tx->known.n)
		marks_remove(&tx->known, i);
	else if ((i = marks_find(&tx->last, m)) < tx->last.n)
		marks_remove(&tx->last, i);
	else
		return false;
	/* Its answer is open once more, so it is one of the last again. */
	marks_add(&tx->last, m);
	s->done(tx->client.k, s, NULL);
	return true;
}

bool
transact_send(struct kafka *k, const struct message *m, struct record *r, struct sent *s,
    struct trouble *t)
{
	struct topic *topic = producer_topic(k, r, t);
	struct held *h = calloc(1, sizeof(*h));

	if (topic != NULL && h == NULL)
		(void)trouble_set(t, CLASS_AGAIN, "no memory");
	if (topic == NULL || h == NULL || (h->tx = transact_get(k, topic, t)) == NULL) {
		rd_kafka_headers_destroy(r->headers);
		free(s);
		free(h);
		return false;
	}
	h->s = s;
	mark_of(m->id, &h->mark);
	/* The same message may also be sent anew on purpose: it says no "maybe" then. */
	if (m->maybe && transact_has(h->tx, &h->mark, s)) {
		rd_kafka_headers_destroy(r->headers);
		free(s);
		free(h);
		return true;
	}
	if (!producer_put(&h->tx->client, r, h, t)) {
		free(s);
		free(h);
		return false;
	}
	h->next = h->tx->held;
	h->tx->held = h;
	return true;
}
