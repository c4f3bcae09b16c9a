/*
 * flow.h: what the policy says of one search for a message.
 */
#ifndef LIFE_FLOW_H
#define LIFE_FLOW_H

#include "base/base.h"

struct passed;
struct queue;

/* The policy's say in one search for a message; made with { q, wake, over }. */
struct flow {
	struct queue *q;
	usec_t *wake;
	struct passed *over;
	bool turn;		/* of the rate, taken and not used yet */
	int64_t place;		/* among those in flight, 0: none */
};
/*
 * Whether this consumer gets any now.  ST_AGAIN: no, over->held and *wake say why and until when.
 */
enum status flow_begin(struct flow *f, bool hold, struct error *err) MUST_CHECK;
/* Just before a claim.  ST_AGAIN, as before. */
enum status flow_take(struct flow *f, struct error *err) MUST_CHECK;
/* Just after it.  Any failure: it has to be given back. */
enum status flow_confirm(struct flow *f, struct error *err) MUST_CHECK;
/* What was taken and not used goes back. */
void flow_end(struct flow *f);

#endif
