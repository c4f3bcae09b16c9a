/*
 * report.c: how findings are reported, and where entries go that do not belong in a queue.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "fsck/fsck.h"
#include "fsck/check.h"

#define LOST_FOUND "lost+found"

#define ROW(kind, id, severity, rule, must, repair) { id, severity, rule, must, repair },
const struct fsck_kind fsck_kinds[] = { KINDS(ROW) { NULL, SEV_INFO, NULL, NULL, NULL } };

void
fsck_found(struct fsck *f, enum kind kind, bool repaired, const char *path, const char *fmt, ...)
{
	const struct fsck_kind *k = &fsck_kinds[kind];
	struct finding finding = { .id = k->id, .severity = k->severity, .rule = k->rule,
	    .path = path,
	    .repair = k->repair, .repaired = repaired };
	char text[600];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	finding.text = text;
	if (!repaired && kind != FUTURE_NAME && kind != OLD_KEY)
		f->left++;
	f->report(f->arg, &finding);
}

enum status
fsck_pass(struct fsck *f, enum status st, const char *path)
{
	if (st == ST_OK || st == ST_GONE)
		return ST_OK;
	switch (f->err->errnum) {
	case EACCES:
	case EPERM:
	case EIO:
		fsck_found(f, UNREADABLE, false, path, "it may not be read: %s",
		    strerror(f->err->errnum));
		break;
	case ENOTDIR:	/* fsck_others and other checks report the wrong type */
	case ELOOP:
		break;
	default:
		return st;
	}
	error_clear(f->err);
	return ST_OK;
}

bool
fsck_mended(struct fsck *f, enum status st)
{
	if (st == ST_OK || st == ST_GONE)
		return true;
	error_clear(f->err);
	return false;
}

bool
fsck_lost_found(struct fsck *f, int dir, const char *name, const char *path, const char *why)
{
	char to[NAME_MAX_LEN + 1], note[NAME_MAX_LEN + 1], text[900], unique[40];
	char at[TIME_MAX];
	enum status st;
	int lost;

	st = fs_mkdir(f->q->fd, LOST_FOUND, queue_dir_mode(f->q), f->q->owner, f->err);
	if (st == ST_OK || st == ST_EXISTS)
		st = fs_open_dir(f->q->fd, LOST_FOUND, false, &lost, f->err);
	if (st != ST_OK)
		return fsck_mended(f, st == ST_GONE ? ST_IO : st);
	tmp_name(unique);
	(void)snprintf(to, sizeof(to), "%.180s.%s", name, unique);
	st = fs_move(dir, name, lost, to, f->err);
	if (st == ST_OK) {
		time_format(f->now, at);
		(void)snprintf(text, sizeof(text), "From: %s\nTime: %s\nWhy: %s\n", path, at, why);
		(void)snprintf(note, sizeof(note), "%.240s.note", to);
		/* If the note cannot be written, the entry is in lost+found/ all the same. */
		if (fs_replace_file(lost, note, text, strlen(text), queue_file_mode(f->q),
		    f->q->owner, false, f->err) != ST_OK)
			error_clear(f->err);
	}
	(void)close(lost);
	return fsck_mended(f, st);
}

void
fsck_foreign(struct fsck *f, enum kind kind, int dir, const char *name, const char *path,
    const char *text)
{
	struct stat sb;

	if (fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return;	/* somebody has removed the entry meanwhile */
	fsck_found(f, kind, f->repair && fsck_lost_found(f, dir, name, path, text), path, "%s",
	    text);
}

bool
fsck_older(struct fsck *f, int dir, const char *name, usec_t age)
{
	struct stat sb;

	return fstatat(dir, name, &sb, AT_SYMLINK_NOFOLLOW) == 0 &&
	    f->now - stat_ctime(&sb) > age;
}

int
fsck_by_id(const void *a, const void *b)
{
	return strcmp(((const struct msgid *)a)->text, ((const struct msgid *)b)->text);
}
