/*
 * out.c: from a local queue to an engine: claim, push, and acknowledge when the engine has
 * confirmed.
 *
 * Nothing is acknowledged before that, so whatever dies in between, the message is here.  It may
 * be in the engine, too: its id tells who gets it twice.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "spool/record.h"
#include "spool/spool.h"
#include "topic/topic.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/files.h"
#include "relay/relay.h"

/* While the helper has not read so many bytes, no more messages are claimed. */
#define UNSENT_MAX ((size_t)16 << 20)
#define SEND_EVERY 16	/* messages */

static void
out_begin(struct relay *y)
{
	y->looked = false;
	y->wake = 0;
	y->files = 0;
}

/* ---- how a parcel ends -------------------------------------------------- */

/* The claim was taken away from us meanwhile: it is somebody else's now. */
static enum status
out_ended(struct relay *y, struct parcel *p, enum status st, struct error *err)
{
	claim_close(&p->claim);
	relay_free_parcel(y, p);
	if (st == ST_LOST) {
		error_clear(err);
		return ST_OK;
	}
	return st;
}

/* Give it back, uncounted. */
static enum status
out_release(struct relay *y, struct parcel *p, struct error *err)
{
	y->looked = false;
	return out_ended(y, p, claim_release(y->q, &p->claim, 0, clock_now(), err), err);
}

/* It can never be sent: what is behind it goes on. */
static enum status
out_bury(struct relay *y, struct parcel *p, const char *reason, const char *text,
    struct error *err)
{
	char both[600];
	struct failure why = { .reason = reason, .text = both, .permanent = true };
	enum state state;

	y->state.refused++;
	(void)snprintf(both, sizeof(both), "%s: %s", reason, text);
	run_note(y->r, "message %s: %s", p->claim.at.name.id.text, both);
	return out_ended(y, p, claim_fail(y->q, &p->claim, &why, clock_now(), &state, err), err);
}

/* ---- sending -------------------------------------------------------------- */

/* Read the whole message of a claim; the caller frees *body. */
static enum status
out_read(struct parcel *p, struct headers *h, char **body, size_t *len, struct error *err)
{
	const struct msgname *n = &p->claim.at.name;
	enum status st = msg_headers(p->claim.fd, n, h, err);
	size_t got = 0;
	ssize_t r = 1;

	*body = NULL;
	*len = (size_t)(n->size - n->head);
	if (st != ST_OK)
		return st;
	if ((*body = malloc(*len + 1)) == NULL)
		return error_sys(err, ENOMEM, "message %s", n->id.text);
	while (got < *len && r > 0)
		if ((r = pread(p->claim.fd, *body + got, *len - got, n->head + (off_t)got)) > 0)
			got += (size_t)r;
	if (got == *len)
		return ST_OK;
	return r == -1 ? error_sys(err, errno, "message %s", n->id.text) :
	    error_set(err, ST_BADDATA, 0, "message %s: its file became shorter", n->id.text);
}

static void
out_describe(const struct relay *y, const struct parcel *p, const struct headers *h,
    struct message *m)
{
	const struct msgname *n = &p->claim.at.name;

	m->queue = y->target;
	m->id = n->id.text;
	m->head = h->block;
	m->headlen = h->len;
	m->priority = n->priority;
	m->expires = n->expires;
	m->enqueued = id_time(&n->id);
	m->attempts = n->attempts;
	/* Somebody had it before, and did not end it: perhaps it was sent. */
	m->maybe = n->deliveries > 1;
	if (engine_can(y->e, "once") && !engine_can(y->e, "dedup"))
		m->once = m->id;
}

/* Send the message with the headers 'h', of which those are taken that are for relays. */
static enum status
out_push(struct relay *y, struct parcel *p, struct headers *h, const char *body, size_t len,
    struct error *err)
{
	struct message m = MESSAGE_NONE;
	char before[2048], via[2200], key[1024];
	struct error why = { 0 };
	struct header found;
	enum class c;

	if (headers_find(h, "Key", &found)) {
		if (found.valuelen >= sizeof(key))
			return out_bury(
			    y, p, "engine-data", "its key is too long for a helper", err);
		(void)snprintf(key, sizeof(key), "%.*s", (int)found.valuelen, found.value);
		m.key = key;
	}
	if (carry_out(h, before, sizeof(before), err) != ST_OK)
		return err->status;
	if (!carry_via(before, strlen(before), y->mark, via, sizeof(via)))
		return out_bury(y, p, "loop", "it came through this relay before", err);
	out_describe(y, p, h, &m);
	m.body = body;
	m.bodylen = len;
	m.via = via;
	if (engine_fits(y->e, &m, &c, &why) != ST_OK)
		return out_bury(
		    y, p, c == CLASS_LARGE ? "engine-large" : "engine-data", why.text, err);
	engine_push(y->e, &m, p);
	return ST_OK;
}

static enum status
out_send(struct relay *y, struct parcel *p, struct error *err)
{
	struct headers h = { 0 };
	struct error why = { 0 };
	char *body;
	size_t len;
	enum status st = out_read(p, &h, &body, &len, &why);

	if (st == ST_OK)
		st = out_push(y, p, &h, body, len, err);
	else if (st == ST_BADDATA)
		st = out_bury(y, p, "torn", why.text, err);
	else {
		/* Not the message's fault: there is no memory, or the disk cannot be read. */
		st = out_release(y, p, err);
		relay_pause(y, RELAY_FULL, why.text);
	}
	headers_free(&h);
	free(body);
	return st;
}

/* What keeps the next message from being claimed. */
static enum status
out_held(struct relay *y, enum status st, const struct passed *over, struct error *err)
{
	if (over->n > 0)
		run_note(y->r, "%s%s", over->first.text, over->n > 1 ? "; others, too" : "");
	if (y->drain && st == ST_AGAIN && over->held == HELD_PAUSED)
		return st;	/* it would wait for somebody who resumes the queue */
	if (st != ST_NONE && !(st == ST_AGAIN && over->held != HELD_NO)) {
		if (over->n == 0 && st != ST_AGAIN)
			return st;
		relay_pause(y, RELAY_FULL, err->text);
	}
	error_clear(err);
	y->looked = true;
	return ST_OK;
}

/*
 * Whether there are files for one more message, which keeps one open until it is answered.  Looking
 * costs more than claiming does, so it is done for several messages if there are enough.
 */
static enum status
out_files(struct relay *y, struct error *err)
{
	struct error ignored = { 0 };
	enum status st = ST_OK;

	if (y->files == 0 && files_left(FILES_SPARE + SEND_EVERY, &ignored) == ST_OK)
		y->files = SEND_EVERY;
	else if (y->files == 0 && (st = files_left(FILES_SPARE, err)) == ST_OK)
		y->files = 1;
	if (st == ST_OK)
		y->files--;
	return st;
}

static enum status
out_fill(struct relay *y, struct error *err)
{
	struct claim_options opt = { .lease = y->lease, .hold = true, .company = COMPANY_CARRIED };
	enum status st = ST_OK;
	struct passed over;
	struct parcel *p;
	unsigned sent = 0;

	if (clock_now() >= y->wake)
		y->looked = false;
	while (st == ST_OK && !y->looked && engine_unsent(y->e) < UNSENT_MAX &&
	    backoff_lets(&y->backoff) && (p = relay_parcel(y)) != NULL) {
		y->wake = USEC_MAX;
		if ((st = out_files(y, err)) == ST_OK)
			st = claim_or_fetch(
			    y->q, &opt, clock_now(), &p->claim, &y->wake, &over, err);
		else
			over = (struct passed){ 0 };
		if (st != ST_OK) {
			relay_free_parcel(y, p);
			return out_held(y, st, &over, err);
		}
		p->since = clock_mono();
		st = out_send(y, p, err);
		/* The helper works while more is claimed. */
		if (++sent % SEND_EVERY == 0)
			engine_send(y->e);
	}
	return st;
}

/* ---- answers ---------------------------------------------------------------- */

static enum status
out_failed(struct relay *y, struct parcel *p, const struct event_of_engine *ev, struct error *err)
{
	char reason[25];

	switch (ev->class) {
	case CLASS_DATA:
	case CLASS_LARGE:
	case CLASS_CANNOT:
		(void)snprintf(reason, sizeof(reason), "engine-%s", class_names[ev->class]);
		return out_bury(y, p, reason, ev->text, err);
	case CLASS_GONE:
	case CLASS_PERM:
	case CLASS_CONF:
		y->failed = class_status(ev->class);
		relay_pause(y, RELAY_REFUSED, ev->text);
		return out_release(y, p, err);
	case CLASS_UNKNOWN:
		y->state.maybe++;
		relay_pause(y, RELAY_AWAY, ev->text);
		return out_release(y, p, err);
	default:
		relay_pause(y, RELAY_FULL, ev->text);
		return out_release(y, p, err);
	}
}

static enum status
out_event(struct relay *y, const struct event_of_engine *ev, struct error *err)
{
	struct parcel *p = ev->data;

	if (ev->kind == EV_ERR)
		return out_failed(y, p, ev, err);
	if (ev->kind != EV_OK)
		return ST_OK;
	relay_succeeded(y);
	y->state.sent++;
	return out_ended(y, p, claim_ack(y->q, &p->claim, clock_now(), err), err);
}

/* Renew the leases of what waits for long: half of the lease is for what may hold us up. */
static enum status
out_round(struct relay *y, struct error *err)
{
	enum status st = ST_OK;

	for (struct parcel *p = y->parcel; st == ST_OK && p < y->parcel + y->window; p++) {
		if (!p->busy || clock_mono() - p->since < y->lease / 2)
			continue;
		p->since = clock_mono();
		if ((st = claim_extend(y->q, &p->claim, 0, clock_now(), err)) == ST_LOST) {
			error_clear(err);	/* it is told when it is answered */
			st = ST_OK;
		}
	}
	return st;
}

static void
out_give_back(struct relay *y)
{
	struct error err = { 0 };

	for (struct parcel *p = y->parcel; p < y->parcel + y->window; p++)
		if (p->busy && out_release(y, p, &err) != ST_OK) {
			/* It comes back when its lease is over. */
			run_note(y->r, "%s", err.text);
			error_clear(&err);
		}
}

static bool
out_drained(const struct relay *y)
{
	return y->looked && y->nparcels == 0 && backoff_lets(&y->backoff);
}

const struct relay_way relay_out = { out_begin, out_fill, out_event, out_round, out_give_back,
	out_drained };
