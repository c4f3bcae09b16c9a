/*
 * cloudevents.h: between json.c (what both directions ask of JSON, and the table), read.c and
 * write.c: events in CloudEvents 1.0's structured JSON, to messages and back.
 *
 * The library checks the JSON and decodes strings; what is kept as JSON (the data, numbers) is
 * copied byte for byte from the text, so that no number loses a digit on its way.
 */
#ifndef CMD_CLOUDEVENTS_CLOUDEVENTS_H
#define CMD_CLOUDEVENTS_CLOUDEVENTS_H

#include <jansson.h>

#include "base/base.h"
#include "base/envelope.h"

struct place;
struct queue;

#define EVENT_MAX (16 << 20)	/* bytes of an event that is read */
/* An event on its way in, and the headers that all get.  Zero it to start. */
struct event_input { char *text; size_t len; struct headers common; };
struct cloudevent_body { char *data; size_t len; };
enum status event_add(struct event_input *in, const char *data, size_t len,
    struct error *err) MUST_CHECK;
/*
 * What was added is one event in JSON: it becomes headers, behind those that all get, and a body,
 * which is the caller's to free. ST_BADDATA: it is none.
 */
enum status event_take(struct event_input *in, struct headers *headers,
    struct cloudevent_body *body, struct error *err) MUST_CHECK;
void event_free(struct event_input *in);
/* Whether a header is one that an attribute is made of. */
bool cloudevent_header(const char *name, size_t len);
/* The message, open in fd, as a line of JSON; handle may be NULL. */
enum status cloudevent_write(FILE *f, struct queue *q, const struct place *p, int fd,
    const char *handle, struct error *err) MUST_CHECK;

/* ---- among themselves ------------------------------------------------- */

/* Before cmd.h: see json_string there. */

/*
 * Members whose headers are not just Ce-NAME; mq-push(1) has the table too.  Those without a header
 * are for us alone to write.  binary: as in CloudEvents' binding to HTTP, Ce-NAME stands for it
 * where its header says nothing.
 */
struct attribute { const char *name, *header; bool binary; };
#define NATTRIBUTES 11
#define ATTRIBUTE_NAME_MAX 40
extern const struct attribute attributes[NATTRIBUTES];

/* Any value, numbers as reals; NULL: it is no JSON. */
json_t *any_json(const char *text, size_t len);
bool is_json(const char *text, size_t len);
/* Whether a media type says so (CloudEvents JSON format 1.0.2, section 3.1). */
bool is_json_type(const char *type, size_t len);
/* No attribute may have one. */
bool has_control(const char *text, size_t len);

#endif
