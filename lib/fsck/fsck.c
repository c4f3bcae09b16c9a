/*
 * fsck.c: check a queue against the invariants of spool-format.md (F11.1).
 *
 * It runs beside live traffic: an entry that another process may just have moved is looked at
 * again, by its exact name, before it is called a finding.  No body is ever removed; entries that
 * do not belong are moved to lost+found/ with a note.  Each repair is one step that may be
 * repeated, so a checker that was killed can simply be run again.  It takes 37 bytes of memory a
 * message, to find ids that stand twice.
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "view/view.h"
#include "life/reap.h"
#include "fsck/fsck.h"
#include "fsck/check.h"

/* ---- ids -------------------------------------------------------------- */

/* Find the places of an id, at most 'max', in the order of the states. */
static enum status
fsck_places(struct fsck *f, const struct msgid *id, struct place *p, size_t max, size_t *n)
{
	struct scan *scan;
	enum status st;

	*n = 0;
	if ((st = scan_open(f->q, STATES_ALL, &scan, f->err)) != ST_OK)
		return st;
	while (*n < max && (st = scan_next(scan, &p[*n], f->err)) == ST_OK)
		if (strcmp(p[*n].name.id.text, id->text) == 0 && p[*n].bucket[0] != '\0')
			++*n;
	scan_close(scan);
	return st == ST_NONE ? ST_OK : st;
}

static bool
fsck_stands(struct fsck *f, const struct place *p, int *dir)
{
	if (place_open(f->q, p, dir, f->err) != ST_OK) {
		error_clear(f->err);
		return false;
	}
	if (name_stands(*dir, p->file) == STANDS_YES)
		return true;
	(void)close(*dir);
	return false;
}

/*
 * A message that was seen twice may have moved between two looks, so it is a duplicate only if both
 * names stand at once.
 */
static enum status
fsck_duplicate(struct fsck *f, const struct msgid *id)
{
	struct place p[2];
	char path[600];
	enum status st;
	int dir, other;
	size_t n;

	if ((st = fsck_places(f, id, p, 2, &n)) != ST_OK || n < 2)
		return st;
	if (!fsck_stands(f, &p[1], &dir))
		return ST_OK;
	if (fsck_stands(f, &p[0], &other)) {
		(void)close(other);
		place_path(f->q, &p[1], path, sizeof(path));
		if (fsck_stands(f, &p[1], &other)) {
			(void)close(other);
			fsck_found(f, DUPLICATE_ID, f->repair &&
			    fsck_lost_found(f, dir, p[1].file, path,
			    "its id stands elsewhere too"), strchr(path, '/') + 1,
			    "id %s stands in %s/ too", id->text, state_names[p[0].state]);
		}
	}
	(void)close(dir);
	return ST_OK;
}

static enum status
fsck_ids(struct fsck *f)
{
	enum status st = ST_OK;

	if (f->n > 1)
		qsort(f->ids, f->n, sizeof(*f->ids), fsck_by_id);
	for (size_t i = 1; st == ST_OK && i < f->n; i++)
		if (fsck_by_id(&f->ids[i], &f->ids[i - 1]) == 0)
			st = fsck_duplicate(f, &f->ids[i]);
	return st;
}

/*
 * Report queues that are symbolic links.  Somebody has moved the queue elsewhere, perhaps to
 * another file system, and no command follows the link.
 */
static void
fsck_links(struct fsck *f, struct spool *sp)
{
	struct names links;

	if (spool_list(sp, SPOOL_LINK, &links, f->err) == ST_OK)
		for (size_t i = 0; i < links.n; i++)
			fsck_found(f, FOREIGN_LINK, false, links.name[i],
			    "a queue by a symbolic link, which no "
			    "command follows: bind its directory here in its place (mount --bind)");
	names_free(&links);
	error_clear(f->err);
}

void
fsck_spool(struct spool *sp, bool all, bool repair, usec_t now,
    void (*report)(void *arg, const struct finding *found), void *arg, unsigned *left)
{
	struct error err = { 0 };
	struct fsck f = { .repair = repair, .now = now, .report = report, .arg = arg, .litter = "",
	    .err = &err };

	if (sp->torn)
		fsck_found(&f, BAD_FORMAT, repair && fsck_mended(&f, spool_mend_format(sp, &err)),
		    ".mq",
		    "it is empty, as after a power failure");
	if (all) {
		fsck_links(&f, sp);
		reap_litter(sp->fd, TMP_PREFIX, true, now, repair, fsck_stale, &f);
		reap_litter(sp->fd, NEW_PREFIX, true, now, repair, fsck_stale, &f);
	}
	*left = f.left;
}

/*
 * The order matters: some checks use the ids that others gather.  Each check goes on past entries
 * that it may not read.
 */
static enum status (*const checks[])(struct fsck *) = { fsck_keys, fsck_new, fsck_ids, fsck_latest,
    fsck_records,
    fsck_replies, fsck_topics, fsck_once };

/* Check what is in the directories. */
static enum status
fsck_contents(struct fsck *f)
{
	enum status st = ST_OK;

	for (int s = 0; st == ST_OK && s < NSTATES; s++)
		st = fsck_state(f, (enum state)s);
	if (st == ST_OK)
		fsck_others(f);
	for (size_t i = 0; st == ST_OK && i < sizeof(checks) / sizeof(checks[0]); i++)
		st = checks[i](f);
	if (st == ST_OK) {
		fsck_litter(f);
		fsck_counters(f);
	}
	return st;
}

enum status
fsck_queue(struct queue *q, bool repair, usec_t now,
    void (*report)(void *arg, const struct finding *found), void *arg, unsigned *left,
    struct error *err)
{
	struct fsck f = { .q = q, .repair = repair, .now = now, .report = report, .arg = arg,
	    .err = err };
	enum status st = ST_OK;
	bool all = false;

	if (fsck_conf(&f))
		st = fsck_modes(&f);
	if (st == ST_OK)
		st = fsck_dirs(&f, &all);
	if (st == ST_OK && all)
		st = fsck_contents(&f);
	free(f.ids);
	*left = f.left;
	return st;
}
