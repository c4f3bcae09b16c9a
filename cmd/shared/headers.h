/*
 * headers.h: headers that have options of their own.
 */
#ifndef CMD_SHARED_HEADERS_H
#define CMD_SHARED_HEADERS_H

#include "base/base.h"
#include "shared/cmd.h"

struct headers;

enum { HEADER_TYPE = OPT_LONG + 200, HEADER_CONTENT_TYPE, HEADER_SOURCE };
#define HEADER_OPTS \
	{ HEADER_TYPE, "type", "TYPE", false, \
	    "add the header Type: what happened, such as order.created" }, \
	{ HEADER_CONTENT_TYPE, "content-type", "TYPE", false, \
	    "add the header Content-Type, such as application/json" }, \
	{ HEADER_SOURCE, "source", "SOURCE", false, "add the header Source: who says so" }
/*
 * Add the header of such an option, and note in '*given' that it was given.  ST_NONE: 'key' is no
 * such option.
 */
enum status header_option(struct run *r, struct headers *headers, unsigned *given, int key,
    const char *value) MUST_CHECK;
/* ST_USAGE: a header that was given by its own option was given a second time. */
enum status headers_once(struct run *r, const struct headers *headers, unsigned given) MUST_CHECK;

#endif
