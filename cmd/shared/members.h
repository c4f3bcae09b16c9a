/*
 * members.h: the members of JSON, in the order in which they are printed.  The output and the
 * checks of the manual come from these lists.
 */
#ifndef CMD_SHARED_MEMBERS_H
#define CMD_SHARED_MEMBERS_H

/* Of a message.  members.c has members_NAME for each, which prints its value. */
#define MESSAGE_MEMBERS(X) \
	X(id) \
	X(queue) \
	X(state) \
	X(priority) \
	X(attempts) \
	X(deliveries) \
	X(size) \
	X(enqueued) \
	X(due) \
	X(deadline) \
	X(expires) \
	X(handle) \
	X(reason) \
	X(origin) \
	X(headers)

/* Of a queue, from mq stat.  statjson.c has statjson_NAME for each. */
#define QUEUE_MEMBERS(X) \
	X(queue) \
	X(ready) \
	X(delayed) \
	X(claimed) \
	X(held) \
	X(dead) \
	X(done) \
	X(bytes) \
	X(oldest) \
	X(paused) \
	X(rates) \
	X(totals) \
	X(drain) \
	X(bytes_by_state) \
	X(oldest_by_state) \
	X(ages)

#endif
