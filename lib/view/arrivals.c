/*
 * arrivals.c: the files in new/, as the messages that they will be.
 *
 * A drop box is for strangers, who may put any number of files there.  So the functions of this
 * file read the directory once, and remember no more files than the caller asks for.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/queue.h"
#include "view/scan.h"

/*
 * The name of a file in new/ may begin with a time key.  It counts only if it is at most so much
 * older, and so much newer, than the arrival.
 */
#define KEY_AGE (86400 * USEC)
#define KEY_AHEAD (60 * USEC)

void
arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id)
{
	char text[24 + NAME_MAX_LEN + 1], key[KEY_LEN + 1];
	usec_t t;

	/*
	 * The producer chooses the name.  Only its time goes into the id, and only a time that is
	 * near the arrival.  So a producer cannot give its file the id of another message.
	 */
	if (sb->st_nlink == 1 && key_parse(name, &t) && name[KEY_LEN] == '.' && t > at - KEY_AGE &&
	    t < at + KEY_AHEAD) {
		key_format(t, key);
		at = t;
		name = key;
	}
	(void)snprintf(text, sizeof(text), "%llu/%s", (unsigned long long)sb->st_ino, name);
	id_derive(at, fnv1a(text, strlen(text)), id);
}

/* ST_NONE: the file cannot be a message, or it is gone. */
static enum status
arrival_stat(int dir, const char *file, struct stat *sb, struct error *err)
{
	if (fstatat(dir, file, sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ST_NONE : error_sys(err, errno, "new/%s", file);
	return S_ISREG(sb->st_mode) ? ST_OK : ST_NONE;
}

static void
arrival_fill(const char *name, const struct stat *sb, struct place *p)
{
	memset(p, 0, sizeof(*p));
	p->name.key = stat_ctime(sb);
	arrival_id(p->name.key, name, sb, &p->name.id);
	(void)strlcpy(p->file, name, sizeof(p->file));
	p->state = STATE_READY;
	p->name.size = sb->st_size;
	p->name.priority = PRIORITY_DEFAULT;
}

enum status
arrival_at(int dir, const char *file, const char *arrived_as, struct place *p, struct error *err)
{
	struct stat sb;
	enum status st;

	if ((st = arrival_stat(dir, file, &sb, err)) == ST_OK)
		arrival_fill(arrived_as, &sb, p);
	return st;
}

void
arrival_place(const struct arrival *a, struct place *p)
{
	struct stat sb = { .st_ino = a->ino, .st_size = a->size, .st_nlink = a->lone ? 1 : 2 };

	sb.st_ctim.tv_sec = (time_t)(a->at / USEC);
	sb.st_ctim.tv_nsec = (long)(a->at % USEC * 1000);
	arrival_fill(a->file, &sb, p);
}

/* ---- the oldest arrivals ---------------------------------------------- */

static int
arrival_order(usec_t at, const char *file, usec_t at2, const char *file2)
{
	return at != at2 ? (at < at2 ? -1 : 1) : strcmp(file, file2);
}

static int
arrival_cmp(const void *pa, const void *pb)
{
	const struct arrival *a = pa, *b = pb;

	return arrival_order(a->at, a->file, b->at, b->file);
}

/*
 * While the list is filled it is a heap with the latest arrival on top, which is the first to give
 * way to an older one.  A new top sinks to its place, and a new last member rises to its place.
 */
static void
heap_swap(struct arrival *a, size_t i, size_t j)
{
	struct arrival t = a[i];

	a[i] = a[j];
	a[j] = t;
}

static void
heap_rise(struct arrivals *l)
{
	for (size_t i = l->n - 1; i > 0 && arrival_cmp(&l->a[i], &l->a[(i - 1) / 2]) > 0;
	    i = (i - 1) / 2)
		heap_swap(l->a, i, (i - 1) / 2);
}

static void
heap_sink(struct arrivals *l)
{
	for (size_t i = 0, child; (child = 2 * i + 1) < l->n; i = child) {
		if (child + 1 < l->n && arrival_cmp(&l->a[child + 1], &l->a[child]) > 0)
			child++;
		if (arrival_cmp(&l->a[i], &l->a[child]) >= 0)
			break;
		heap_swap(l->a, i, child);
	}
}

static enum status
arrivals_add(struct arrivals *l, size_t max, const char *name, const struct stat *sb,
    struct error *err)
{
	struct arrival a = { .at = stat_ctime(sb), .size = sb->st_size, .ino = sb->st_ino,
	    .lone = sb->st_nlink == 1 };
	bool full = l->n == max;

	l->more |= full;
	if (full && arrival_order(a.at, name, l->a[0].at, l->a[0].file) > 0)
		return ST_OK;
	if (l->n == l->cap && !full) {
		size_t cap = l->cap == 0 ? 64 : l->cap * 2;
		struct arrival *grown = reallocarray(l->a, cap, sizeof(*grown));
		if (grown == NULL)
			return error_sys(err, ENOMEM, "list new");
		l->a = grown;
		l->cap = cap;
	}
	if ((a.file = strdup(name)) == NULL)
		return error_sys(err, ENOMEM, "list new");
	if (full) {
		free(l->a[0].file);
		l->a[0] = a;
		heap_sink(l);
	} else {
		l->a[l->n++] = a;
		heap_rise(l);
	}
	return ST_OK;
}

enum status
arrivals_list(struct queue *q, const struct place *after, size_t max, struct arrivals *out,
    struct error *err)
{
	unsigned char type;
	struct each *d;
	const char *name;
	struct stat sb;
	enum status st;
	int dir;

	memset(out, 0, sizeof(*out));
	if ((st = queue_new(q, &dir, err)) == ST_OK)
		st = each_open(dir, &d, err);
	if (st != ST_OK)
		return st == ST_GONE ? ST_OK : st;
	while ((st = each_next(d, &name, &type, err)) == ST_OK) {
		if (type != DT_REG || (st = arrival_stat(dir, name, &sb, err)) == ST_NONE)
			continue;
		if (st == ST_OK && (after == NULL ||
		    arrival_order(after->name.key, after->file, stat_ctime(&sb), name) < 0))
			st = arrivals_add(out, max, name, &sb, err);
		if (st != ST_OK)
			break;
	}
	each_close(d);
	if (st != ST_NONE) {
		arrivals_free(out);
		return st;
	}
	if (out->n > 1)
		qsort(out->a, out->n, sizeof(*out->a), arrival_cmp);
	return ST_OK;
}

void
arrivals_free(struct arrivals *l)
{
	for (size_t i = 0; i < l->n; i++)
		free(l->a[i].file);
	free(l->a);
	memset(l, 0, sizeof(*l));
}

/* ---- all arrivals, in no order ---------------------------------------- */

enum status
arrivals_next(int dir, struct each *d, struct place *p, struct error *err)
{
	unsigned char type;
	const char *name;
	enum status st;

	while ((st = each_next(d, &name, &type, err)) == ST_OK)
		if (type == DT_REG && (st = arrival_at(dir, name, name, p, err)) != ST_NONE)
			break;
	return st;
}
