/*
 * event.c: what a helper says.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "engine/inside.h"

/* Find the request of the tag and forget it.  False: there is none. */
static bool
event_answers(struct engine *e, const char *tag, void **data)
{
	char *end;
	uint64_t n = strtoull(tag, &end, 10);

	for (size_t i = 0; *end == '\0' && i < e->nasked; i++) {
		if (e->asked[i].tag != n)
			continue;
		*data = e->asked[i].data;
		e->answered = clock_mono();
		memmove(&e->asked[i], &e->asked[i + 1], (e->nasked - i - 1) * sizeof(e->asked[0]));
		e->nasked--;
		return true;
	}
	return false;
}

/*
 * Whether the tag is of a request that is open still.  A part of its answer is a sign of life: the
 * rest has as much time as the whole would have.
 */
static bool
event_goes_on(struct engine *e, const char *tag, void **data)
{
	uint64_t n = strtoull(tag, NULL, 10);

	for (size_t i = 0; i < e->nasked; i++)
		if (e->asked[i].tag == n) {
			e->asked[i].sent = clock_mono();
			*data = e->asked[i].data;
			return true;
		}
	return false;
}

/* The helper does not keep to the protocol: it is given up. */
static enum status
event_wrong(struct engine *e, const char *what)
{
	engine_lose(e, CLASS_UNKNOWN, "the helper does not keep to the protocol: %s", what);
	return ST_NONE;
}

static enum status
event_answer(struct engine *e, struct event_of_engine *ev)
{
	const struct frame *f = &ev->frame;
	bool good = strcmp(f->word[0], "ok") == 0;
	int c = CLASS_UNKNOWN;

	if (f->n < (good ? 2 : 4))
		return event_wrong(e, "an answer is too short");
	if (e->pinged && good && strcmp(f->word[1], "p") == 0) {
		e->pinged = false;
		return ST_NONE;
	}
	if (!good && (c = class_parse(f->word[2])) == -1)
		return event_wrong(e, "an error of no known class");
	if (!event_answers(e, f->word[1], &ev->data))
		return event_wrong(e, "an answer that nobody waits for");
	ev->kind = good ? EV_OK : EV_ERR;
	ev->class = (enum class)c;
	ev->text = good ? "" : f->word[3];
	return ST_OK;
}

/* A token becomes a word of a line, for people and scripts to pass on. */
static bool
event_token_ok(const char *token)
{
	size_t n = 0;

	while (token[n] > ' ' && token[n] <= '~')
		n++;
	return n > 0 && n <= FRAME_TOKEN_MAX && token[n] == '\0';
}

static enum status
event_msg(struct engine *e, struct event_of_engine *ev)
{
	const struct frame *f = &ev->frame;
	struct error err = { 0 };

	ev->message = (struct message)MESSAGE_NONE;
	if (message_get(f, &ev->message, &err) != ST_OK)
		return event_wrong(e, err.text);
	ev->kind = EV_MSG;
	ev->token = f->word[1];
	ev->queue = ev->message.queue = f->word[2];
	if (!event_token_ok(ev->token))
		return event_wrong(e, "a token that is none");
	for (size_t i = 0; i < e->ncredit; i++)
		if (strcmp(e->credit[i].queue, ev->queue) == 0 && e->credit[i].n > 0) {
			e->credit[i].n--;
			return ST_OK;
		}
	return event_wrong(e, "a message that nobody asked for");
}

static enum status
event_item(struct engine *e, struct event_of_engine *ev)
{
	struct error err = { 0 };

	ev->message = (struct message)MESSAGE_NONE;
	if (message_get(&ev->frame, &ev->message, &err) != ST_OK)
		return event_wrong(e, err.text);
	if (!event_goes_on(e, ev->frame.word[1], &ev->data))
		return event_wrong(e, "an item that nobody asked for");
	ev->kind = EV_ITEM;
	ev->text = ev->frame.word[2];
	return ST_OK;
}

/* A frame about a queue that messages are taken from. */
static enum status
event_queue(struct engine *e, struct event_of_engine *ev)
{
	const struct frame *f = &ev->frame;
	const char *word = f->word[0];
	int c;

	ev->queue = f->word[1];
	ev->kind = strcmp(word, "idle") == 0 ? EV_IDLE : strcmp(word, "stopped") == 0 ? EV_STOPPED :
	    EV_ENDED;
	if (ev->kind == EV_IDLE)
		return ST_OK;
	for (size_t i = 0; i < e->ncredit; i++)
		if (strcmp(e->credit[i].queue, ev->queue) == 0)
			e->credit[i].n = 0;
	if (ev->kind == EV_STOPPED)
		return ST_OK;
	if (f->n < 4 || (c = class_parse(f->word[2])) == -1)
		return event_wrong(e, "an end of no known class");
	ev->class = (enum class)c;
	ev->text = f->word[3];
	return ST_OK;
}

static enum status
event_state(struct engine *e, struct event_of_engine *ev)
{
	ev->state = ev->frame.word[1];
	ev->text = ev->frame.n > 2 ? ev->frame.word[2] : "";
	if (strcmp(ev->state, "down") == 0) {
		/* Its answers came before this; it ends now. */
		engine_lose(e, CLASS_UNKNOWN, "%s", ev->text);
		return ST_NONE;
	}
	ev->kind = EV_STATE;
	return ST_OK;
}

static enum status
event_read(struct engine *e, struct event_of_engine *ev)
{
	const char *word = ev->frame.word[0];

	if (strcmp(word, "ok") == 0 || strcmp(word, "err") == 0)
		return event_answer(e, ev);
	if (strcmp(word, "msg") == 0)
		return event_msg(e, ev);
	if (strcmp(word, "item") == 0)
		return event_item(e, ev);
	if (ev->frame.n >= 2 && (strcmp(word, "idle") == 0 || strcmp(word, "stopped") == 0 ||
	    strcmp(word, "ended") == 0))
		return event_queue(e, ev);
	if (ev->frame.n >= 2 && strcmp(word, "state") == 0)
		return event_state(e, ev);
	if (ev->frame.n >= 3 && strcmp(word, "queue") == 0) {
		ev->kind = EV_QUEUE;
		ev->text = ev->frame.word[2];
		return event_goes_on(e, ev->frame.word[1], &ev->data) ? ST_OK :
		    event_wrong(e, "a name that nobody asked for");
	}
	return ST_NONE;	/* what a newer helper says */
}

/* The helper is gone: tell of each open request, and then of that. */
static enum status
event_down(struct engine *e, struct event_of_engine *ev)
{
	ev->class = e->why;
	ev->text = e->text;
	/* Also what was asked after that was told. */
	if (e->nasked > 0) {
		ev->kind = EV_ERR;
		ev->class = CLASS_UNKNOWN;
		ev->data = e->asked[--e->nasked].data;
		return ST_OK;
	}
	if (e->told)
		return ST_NONE;
	engine_hear(e);
	ev->kind = EV_DOWN;
	e->told = true;
	return ST_OK;
}

enum status
engine_next(struct engine *e, struct event_of_engine *ev)
{
	while (engine_frame(e, &ev->frame) == ST_OK)
		if (event_read(e, ev) == ST_OK)
			return ST_OK;
	return e->down ? event_down(e, ev) : ST_NONE;
}

enum status
engine_wait(struct engine *e, usec_t deadline, struct event_of_engine *ev)
{
	struct pollfd p[ENGINE_FDS];
	usec_t until, left;

	for (;;) {
		if (engine_next(e, ev) == ST_OK)
			return ST_OK;
		if (run_stopped())
			return ST_AGAIN;
		until = engine_poll(e, p);
		left = (until < deadline ? until : deadline) - clock_mono();
		if (deadline != USEC_MAX && clock_mono() >= deadline)
			return ST_NONE;
		/* Look once a second in any case: a signal may come just before the call. */
		(void)poll(p, ENGINE_FDS,
		    left > USEC ? 1000
		    : left < 0  ? 0
				: (int)(left / 1000) + 1);
	}
}

enum status
engine_answer(struct engine *e, struct event_of_engine *ev, struct error *err)
{
	enum status st;

	while ((st = engine_wait(e, USEC_MAX, ev)) == ST_OK) {
		if (ev->kind == EV_OK)
			return ST_OK;
		if (ev->kind == EV_ERR)
			return error_set(err, class_status(ev->class), 0, "%s: %s", e->name,
			    ev->text);
		if (ev->kind == EV_DOWN)
			return error_set(err, ST_AGAIN, 0, "%s: %s", e->name, ev->text);
	}
	return error_set(err, st, 0, "%s: a signal came", e->name);
}
