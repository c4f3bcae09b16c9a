/*
 * cloudevents.h: between json.c (what both directions ask of JSON, and the table), read.c and write.c: events in CloudEvents
 * 1.0's structured JSON, to messages and back.
 *
 * The library checks the JSON and decodes strings; what is kept as JSON (the data, numbers) is copied
 * byte for byte from the text, so that no number loses a digit on its way.
 */
#ifndef CLOUDEVENTS_H
#define CLOUDEVENTS_H

/* Before cmd.h: see json_string there. */
#include <jansson.h>

#include "cmd.h"

/*
 * Members whose headers are not just Ce-NAME; mq-push(1) has the table too.  Those without a header are for us
 * alone to write.  binary: as in CloudEvents' binding to HTTP, Ce-NAME stands for it where its header says nothing.
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
