/*
 * message.c: messages in frames.
 */
#include <string.h>

#include "base/name.h"
#include "frame/frame.h"

#define FIELDS 6	/* the first word that is a field */
/* the end of the year 9999, the last one that mq can write */
#define TIME_LAST 253402300799999999LL

void
message_put(struct writer *w, const char *kind, const char *first, const char *second,
    const struct message *m)
{
	writer_begin(w, kind);
	writer_word(w, first);
	writer_word(w, second);
	writer_word(w, m->id);
	writer_number(w, (int64_t)m->headlen);
	writer_number(w, (int64_t)m->bodylen);
	writer_field_number(w, "size", m->size, -1);
	writer_field(w, "key", m->key);
	writer_field(w, "once", m->once);
	writer_field_number(w, "priority", m->priority, PRIORITY_DEFAULT);
	writer_field_number(w, "delay", m->delay_ms, 0);
	writer_field_number(w, "expires", m->expires, 0);
	writer_field_number(w, "enqueued", m->enqueued, 0);
	writer_field_number(w, "attempts", m->attempts, 0);
	writer_field_number(w, "deliveries", m->deliveries, 0);
	writer_field(w, "reason", m->reason);
	writer_field(w, "via", m->via);
	writer_field_number(w, "maybe", m->maybe, 0);
	writer_field_number(w, "derived", m->derived, 0);
	writer_field_number(w, "changing", m->changing, 0);
	writer_end(w);
	writer_bytes(w, m->head, m->headlen);
	writer_bytes(w, m->body, m->bodylen);
}

/* What a text may need when all of its bytes are escaped. */
static size_t
message_length(const char *text)
{
	return text != NULL ? 3 * strlen(text) + 10 : 0;
}

bool
message_fits(const struct message *m, size_t words)
{
	return 3 * words + message_length(m->id) + message_length(m->key) +
		   message_length(m->once) + message_length(m->reason) + message_length(m->via) +
		   400 <
	       FRAME_LINE_MAX;
}

enum status
message_get(const struct frame *f, struct message *m, struct error *err)
{
	int64_t priority, maybe, derived, changing;

	if (f->n < FIELDS)
		return error_set(err, ST_BADDATA, 0, "a message has too few words");
	m->id = f->word[3];
	m->head = f->head;
	m->headlen = f->headlen;
	m->body = f->body;
	m->bodylen = f->bodylen;
	m->key = frame_field(f, FIELDS, "key");
	m->once = frame_field(f, FIELDS, "once");
	m->reason = frame_field(f, FIELDS, "reason");
	m->via = frame_field(f, FIELDS, "via");
	if (!frame_number(f, FIELDS, "size", 0, INT64_MAX, -1, &m->size) ||
	    !frame_number(f, FIELDS, "priority", 0, 9, PRIORITY_DEFAULT, &priority) ||
	    !frame_number(f, FIELDS, "delay", 0, INT64_MAX / 1000, 0, &m->delay_ms) ||
	    !frame_number(f, FIELDS, "expires", 0, TIME_LAST, 0, &m->expires) ||
	    !frame_number(f, FIELDS, "enqueued", 0, TIME_LAST, 0, &m->enqueued) ||
	    !frame_number(f, FIELDS, "attempts", 0, INT32_MAX, 0, &m->attempts) ||
	    !frame_number(f, FIELDS, "deliveries", 0, INT64_MAX, 0, &m->deliveries) ||
	    !frame_number(f, FIELDS, "maybe", 0, 1, 0, &maybe) ||
	    !frame_number(f, FIELDS, "derived", 0, 1, 0, &derived) ||
	    !frame_number(f, FIELDS, "changing", 0, 1, 0, &changing))
		return error_set(err, ST_BADDATA, 0, "a field of a message is wrong");
	m->priority = (int)priority;
	m->maybe = maybe == 1;
	m->derived = derived == 1;
	m->changing = changing == 1;
	return ST_OK;
}
