/*
 * cloudevents.h: events in the structured JSON of CloudEvents 1.0, to messages and back.  Shared by
 * json.c (the table, and the JSON of both directions), read.c and write.c.
 *
 * The library checks the JSON and decodes strings.  Data and numbers are copied byte for byte from
 * the text, so that no number loses a digit on its way.
 */
#ifndef CMD_CLOUDEVENTS_CLOUDEVENTS_H
#define CMD_CLOUDEVENTS_CLOUDEVENTS_H

#include <jansson.h>

#include "base/base.h"
#include "base/envelope.h"

struct place;
struct queue;

#define EVENT_MAX (16 << 20)	/* bytes of an event that is read */
/* An event that is read, and the headers that every message gets.  Start with zeros. */
struct event_input { char *text; size_t len; struct headers common; };
struct cloudevent_body { char *data; size_t len; };
enum status event_add(struct event_input *in, const char *data, size_t len,
    struct error *err) MUST_CHECK;
/*
 * Turn the text that was added, one event in JSON, into headers behind those that every message
 * gets, and a body, which the caller frees.  ST_BADDATA: the text is no event.
 */
enum status event_take(struct event_input *in, struct headers *headers,
    struct cloudevent_body *body, struct error *err) MUST_CHECK;
void event_free(struct event_input *in);
/* Whether a header is one that write.c turns into an attribute. */
bool cloudevent_header(const char *name, size_t len);
/* Write the message, which is open in 'fd', as a line of JSON.  'handle' may be NULL. */
enum status cloudevent_write(FILE *f, struct queue *q, const struct place *p, int fd,
    const char *handle, struct error *err) MUST_CHECK;

/* ---- among themselves ------------------------------------------------- */

/*
 * Members whose headers are not just Ce-NAME; mq-push(1) has the table, too.  Only mq itself writes
 * the members without a header.  With 'binary', as in CloudEvents' binding to HTTP, Ce-NAME gives
 * the value if the header does not.
 */
struct attribute { const char *name, *header; bool binary; };
#define NATTRIBUTES 11
#define ATTRIBUTE_NAME_MAX 40
extern const struct attribute attributes[NATTRIBUTES];

/* Parse any JSON value, with numbers as reals.  NULL: the text is no JSON. */
json_t *any_json(const char *text, size_t len);
bool is_json(const char *text, size_t len);
/* Whether a media type means JSON (CloudEvents JSON format 1.0.2, section 3.1). */
bool is_json_type(const char *type, size_t len);
/* Whether the text has a control character, which no attribute may have. */
bool has_control(const char *text, size_t len);

#endif
