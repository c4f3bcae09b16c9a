/*
 * arrivals.c: what lies in new/, as the messages that it will be.
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
#include "spool/queue.h"
#include "view/scan.h"

/* How much older than its arrival, and how much newer, the time key in the name of an arrival may be. */
#define KEY_AGE (86400 * USEC)
#define KEY_AHEAD (60 * USEC)

void
arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id)
{
	char text[24 + NAME_MAX_LEN + 1], key[KEY_LEN + 1];
	usec_t t;

	/* Of what the producer chooses only the time counts, and only one that is near: the id of another message cannot be had. */
	if (sb->st_nlink == 1 && key_parse(name, &t) && name[KEY_LEN] == '.' && t > at - KEY_AGE && t < at + KEY_AHEAD) {
		key_format(t, key);
		at = t;
		name = key;
	}
	(void)snprintf(text, sizeof(text), "%llu/%s", (unsigned long long)sb->st_ino, name);
	id_derive(at, fnv1a(text, strlen(text)), id);
}

enum status
arrival_at(int dir, const char *file, const char *arrived_as, struct place *p,
    struct error *err)
{
	struct stat sb;
	usec_t at;

	if (fstatat(dir, file, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		return errno == ENOENT ? ST_NONE : error_sys(err, errno, "new/%s", arrived_as);
	if (!S_ISREG(sb.st_mode))
		return ST_NONE;
	memset(p, 0, sizeof(*p));
	at = (usec_t)sb.st_ctim.tv_sec * USEC + sb.st_ctim.tv_nsec / 1000;
	arrival_id(at, arrived_as, &sb, &p->name.id);
	(void)strlcpy(p->file, arrived_as, sizeof(p->file));
	p->state = STATE_READY;
	p->name.key = at;
	p->name.size = sb.st_size;
	p->name.priority = PRIORITY_DEFAULT;
	return ST_OK;
}

static int
arrival_cmp(const void *pa, const void *pb)
{
	const struct place *a = pa, *b = pb;

	if (a->name.key != b->name.key)
		return a->name.key < b->name.key ? -1 : 1;
	return strcmp(a->file, b->file);
}

/* Keep the first max. */
static void
arrivals_trim(struct arrivals *a, size_t max)
{
	if (a->n > 1)
		qsort(a->p, a->n, sizeof(*a->p), arrival_cmp);
	if (a->n <= max)
		return;
	a->n = max;
	a->more = true;
}

static enum status
arrivals_add(struct queue *q, struct arrivals *a, int dir, const struct listing *l,
    const struct place *after, struct error *err)
{
	struct place *p;
	enum status st;

	if ((p = reallocarray(a->p, a->n + l->n + 1, sizeof(*p))) == NULL)
		return queue_fail(q, err, ENOMEM, "list new");
	a->p = p;
	for (size_t i = 0; i < l->n; i++) {
		if (l->e[i].type != DT_REG)
			continue;
		st = arrival_at(dir, l->e[i].name, l->e[i].name, &a->p[a->n], err);
		if (st != ST_OK && st != ST_NONE)
			return st;
		if (st == ST_OK && (after == NULL || arrival_cmp(after, &a->p[a->n]) < 0))
			a->n++;
	}
	return ST_OK;
}

enum status
arrivals_list(struct queue *q, const struct place *after, size_t max, struct arrivals *out,
    struct error *err)
{
	char name[NAME_MAX_LEN + 1] = "";
	struct listing l;
	enum status st;
	bool more = true;
	int dir;

	memset(out, 0, sizeof(*out));
	st = queue_new(q, &dir, err);
	while (st == ST_OK && more) {
		if ((st = fs_list(dir, name, max, false, &l, &more, err)) != ST_OK)
			break;
		if (l.n > 0) {
			(void)strlcpy(name, l.e[l.n - 1].name, sizeof(name));
			st = arrivals_add(q, out, dir, &l, after, err);
			arrivals_trim(out, max);
		}
		listing_free(&l);
	}
	if (st == ST_OK)
		return ST_OK;
	arrivals_free(out);
	return st == ST_GONE ? ST_OK : st;
}

void
arrivals_free(struct arrivals *a)
{
	free(a->p);
	memset(a, 0, sizeof(*a));
}
