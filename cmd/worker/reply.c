/*
 * reply.c: mq work --reply: what a handler writes to stdout is the answer to its message.
 *
 * The handler's stdout is the file of the answer, so no byte goes through the worker.  The
 * answer is given before the message is acknowledged.  If the worker dies between the two, the
 * message is handled again, and the second answer is dropped.
 */
#include "base/envelope.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/work.h"

enum status
handler_reply(const struct launch *l, struct handler *h, int *out, struct error *err)
{
	struct headers headers;
	enum status st;

	h->answer.fd = *out = -1;
	if (!l->reply)
		return ST_OK;
	if ((st = msg_headers(h->claim->fd, &h->claim->at.name, &headers, err)) != ST_OK)
		return st;
	if (reply_wanted(&headers, h->reply_to))
		st = answer_open(l->source->q, &h->answer, err);
	headers_free(&headers);
	*out = h->answer.fd;
	return st;
}

enum status
work_reply(struct work *w, struct handler *h, struct error *err)
{
	struct error late;
	enum status st;

	if (h->answer.fd == -1)
		return ST_OK;
	error_clear(&late);
	st = answer_send(h->source->q, &h->answer, h->reply_to, clock_now(), &late);
	if (st == ST_LOST) {
		if (work_can_note())
			run_verbose(w->r, "%s: %s", h->claim->at.name.id.text, late.text);
		return ST_OK;
	}
	if (st != ST_OK)
		*err = late;
	return st;
}
