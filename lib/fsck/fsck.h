/*
 * fsck.h: the door to the checker.
 */
#ifndef FSCK_FSCK_H
#define FSCK_FSCK_H

#include "base/base.h"

struct queue;
struct spool;

enum severity { SEV_INFO, SEV_WARNING, SEV_ERROR };
struct finding {
	const char *id;
	enum severity severity;
	const char *rule;	/* of spool-format.md, such as "F4.3" */
	const char *path;	/* below the queue; may hold foreign bytes */
	const char *text;	/* what is wrong */
	const char *repair;	/* what --repair does; "" if nothing can be done */
	bool repaired;
};
struct fsck_kind {
	const char *id;
	enum severity severity;
	const char *rule;
	const char *must;
	const char *repair;
};
extern const struct fsck_kind fsck_kinds[];	/* ends with id NULL */

/*
 * Report each finding; *left becomes the number of those that remain (future-name and old-key are
 * reported but not counted).  fsck_spool checks the format of the spool and, if 'all' is set, what
 * lies beside the queues.  fsck_queue checks one queue.
 */
void fsck_spool(struct spool *sp, bool all, bool repair, usec_t now,
    void (*report)(void *arg, const struct finding *found), void *arg, unsigned *left);
enum status fsck_queue(struct queue *q, bool repair, usec_t now,
    void (*report)(void *arg, const struct finding *found), void *arg, unsigned *left,
    struct error *err) MUST_CHECK;

#endif
