/*
 * syncer.c: how a batch is made durable (F6.1 to F6.4 of spool-format.md): first the bytes of
 * its messages and then, after they were renamed, their names.
 */
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "life/life.h"
#include "life/batch.h"

enum status
syncer_data(struct batch *b, struct error *err)
{
	enum status st = b->broken.status;

	if (st == ST_OK && b->many && !b->p[b->n - 1].synced)
		st = fs_sync_all(b->anchor != -1 ? b->anchor : b->tmpfd, &b->broken);
	for (size_t i = 0; st == ST_OK && i < b->n; i++) {
		struct pending *p = &b->p[i];
		if (!p->synced && !b->many)
			st = fs_sync(p->fd, &b->broken);
		p->synced = true;
	}
	if (st != ST_OK)
		*err = b->broken;
	return st;
}

enum status
syncer_targets(struct batch *b, struct error *err)
{
	return moves_sync(b->q, err);
}

enum status
syncer_anchor(struct batch *b, struct error *err)
{
	if (!queue_synced(b->q) || fs_sync_all(b->anchor, err) == ST_OK)
		return ST_OK;
	return err->status = ST_UNSURE;
}
