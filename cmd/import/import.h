/*
 * import.h: mq import, between import.c (the verb and the archive), member.c (one file of the
 * archive) and target.c (the queue that the messages go to).
 */
#ifndef CMD_IMPORT_IMPORT_H
#define CMD_IMPORT_IMPORT_H

#include <stdint.h>

#include "base/idset.h"
#include "base/names.h"
#include "base/tar.h"
#include "life/life.h"
#include "shared/cmd.h"
#include "shared/progress.h"

#define IMPORT_BUFFER (128 << 10)

struct import {
	struct run *r;
	struct queue *q;	/* NULL: not made yet, or --dry-run and there is none */
	struct batch *b;
	struct tar *tar;
	struct idset *have;	/* the ids that are in the queue, or came in the archive */
	struct names assigns;	/* the policy in the archive's queue.conf */
	bool dry;
	bool made;		/* this run made the queue, so it gets the archive's policy */
	bool known;		/* a member was seen that only an export has */
	bool marked;		/* the member mq-export was seen */
	bool records;		/* records were written that are not synced yet */
	uint64_t n, there, refused;
	struct progress progress;
	char *buf;		/* IMPORT_BUFFER bytes */
	enum status worst;	/* of what was refused */
};

/* ---- target.c ----------------------------------------------------------- */

/*
 * Open the queue that the command line names.  If it is not there but may be made, leave that to
 * import_need_queue, because the archive may hold the policy that it is made with.
 */
enum status import_target(struct import *m) MUST_CHECK;

/* Make the queue with the archive's policy if it is not open yet.  With --dry-run, do nothing. */
enum status import_need_queue(struct import *m) MUST_CHECK;

/* Publish the messages that wait in the batch, if there are any. */
enum status import_flush(struct import *m) MUST_CHECK;

/* ---- member.c ----------------------------------------------------------- */

/* Report that the member is left out, and why.  Always ST_OK: the import goes on. */
enum status import_refuse(struct import *m, const struct tar_member *t, const char *why);

/* Import one file of the archive: a message, a record, the policy, or the mark of an export. */
enum status import_file(struct import *m, const struct tar_member *t) MUST_CHECK;

#endif
