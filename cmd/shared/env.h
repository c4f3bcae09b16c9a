/*
 * env.h: environments.
 */
#ifndef CMD_SHARED_ENV_H
#define CMD_SHARED_ENV_H

#include "base/base.h"

struct headers;
struct queue;
struct run;

/*
 * The first `shared` are somebody else's, the others ours.  Zero it to start; what fails is told by
 * env_end.
 */
struct env { char **v; size_t n, shared, cap; bool failed; };
void env_share(struct env *e, char **v, size_t n);
/* Our own, but for what is about a message; MQ_SPOOL and MQ_QUEUE. */
void env_inherit(struct env *e, struct run *r, struct queue *q);
void env_set(struct env *e, const char *name, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* MQ_HEADER_NAME for each; and TRACEPARENT, TRACESTATE, BAGGAGE. */
void env_headers(struct env *e, const struct headers *headers);
/* The NULL behind the last; ST_AGAIN: no memory. */
enum status env_end(struct env *e, struct error *err) MUST_CHECK;
void env_free(struct env *e);
/*
 * Of TRACEPARENT, TRACESTATE and BAGGAGE the i-th as our environment has it ("": it has not); NULL
 * behind the last, and where there is no well-formed TRACEPARENT.
 */
const char *trace_value(size_t i, const char **name);
/* Headers of the trace that our environment tells of, if it is well formed and no header is. */
enum status trace_headers(struct headers *headers, struct error *err) MUST_CHECK;

#endif
