/*
 * env.h: environments of the programs that mq runs.
 */
#ifndef CMD_SHARED_ENV_H
#define CMD_SHARED_ENV_H

#include "base/base.h"

struct headers;
struct queue;
struct run;

/*
 * An environment.  Its first 'shared' strings belong to somebody else, the others to us.  Start
 * with zeros.  A failure on the way is reported by env_end.
 */
struct env { char **v; size_t n, shared, cap; bool failed; };
void env_share(struct env *e, char **v, size_t n);
/*
 * Add our own environment without the variables that describe a message, then MQ_SPOOL and
 * MQ_QUEUE.
 */
void env_inherit(struct env *e, struct run *r, const char *queue);
void env_set(struct env *e, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* Add MQ_HEADER_NAME for each header, and TRACEPARENT, TRACESTATE and BAGGAGE. */
void env_headers(struct env *e, const struct headers *headers);
/* Put the NULL behind the last string.  ST_AGAIN: there was not enough memory. */
enum status env_end(struct env *e, struct error *err) MUST_CHECK;
void env_free(struct env *e);
/*
 * Return the i-th of TRACEPARENT, TRACESTATE and BAGGAGE from our environment, "" if it is not set.
 * NULL: 'i' is behind the last one, or TRACEPARENT is missing or malformed.
 */
const char *trace_value(size_t i, const char **name);
/*
 * Add headers for the trace that our environment describes, if it is well formed and 'headers' has
 * no Traceparent yet.
 */
enum status trace_headers(struct headers *headers, struct error *err) MUST_CHECK;

#endif
