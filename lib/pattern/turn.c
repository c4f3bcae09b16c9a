/*
 * turn.c: which message of a key has the turn.
 *
 * turns/ORDER/ holds an empty file, the entry, whose name begins with the id of the message that
 * has the turn.  The entry gets there together with its directory, which is filled in tmp/ and
 * renamed onto turns/ORDER.  The kernel refuses that rename unless turns/ORDER is missing or empty,
 * so only one of many processes succeeds.  To end or pass a turn, a process removes or renames the
 * entry by its full name.  So no process ends a turn other than the one that it read.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/lane.h"
#include "pattern/turn.h"

#define TURNS "turns"

static bool
turn_parse(const char *entry, struct turn *t)
{
	const char *at = entry + ID_LEN, *comma;
	char state[16];

	t->state = -1;
	t->bucket[0] = '\0';
	if (strlen(entry) < ID_LEN || (*at != '\0' && *at != ','))
		return false;
	memcpy(t->id.text, entry, ID_LEN);
	t->id.text[ID_LEN] = '\0';
	(void)strlcpy(t->entry, entry, sizeof(t->entry));
	if (*at == ',' && (comma = strchr(at + 1, ',')) != NULL &&
	    (size_t)(comma - at) <= sizeof(state)) {
		(void)strlcpy(state, at + 1, (size_t)(comma - at));
		t->state = state_parse(state);
		(void)strlcpy(t->bucket, comma + 1, sizeof(t->bucket));
	}
	return id_ok(t->id.text);
}

bool
turn_ok(const char *entry)
{
	struct turn t;

	return turn_parse(entry, &t);
}

static enum status
turn_open(struct queue *q, const char *order, int *fd, struct error *err)
{
	char path[sizeof(TURNS) + ORDER_LEN + 1];

	(void)snprintf(path, sizeof(path), "%s/%s", TURNS, order);
	return fs_open_dir(q->fd, path, false, fd, err);
}

enum turn_is
turn_read(struct queue *q, const char *order, struct turn *t, struct error *err)
{
	enum turn_is is = TURN_NOBODYS;
	struct listing l;
	enum status st;
	int dir;

	if ((st = turn_open(q, order, &dir, err)) == ST_OK) {
		st = fs_list(dir, "", 0, false, &l, NULL, err);
		(void)close(dir);
	}
	if (st != ST_OK)
		return st == ST_GONE ? TURN_NOBODYS : TURN_FAILED;
	for (size_t i = 0; is == TURN_NOBODYS && i < l.n; i++)
		if (turn_parse(l.e[i].name, t))
			is = TURN_DONE;
	listing_free(&l);
	return is;
}

enum turn_is
turn_take(struct queue *q, const char *order, const struct msgid *id, struct error *err)
{
	char dir[48], file[NAME_MAX_LEN + 1];
	int tmp, turns, fd;
	enum status st;

	if (queue_tmp(q, &tmp, err) != ST_OK ||
	    queue_sub(q, q->fd, TURNS, MISSING_MAKE, &turns, err) != ST_OK)
		return TURN_FAILED;
	tmp_name(dir);
	(void)snprintf(file, sizeof(file), "%s/%s", dir, id->text);
	st = fs_mkdir(tmp, dir, queue_dir_mode(q), q->owner, err);
	if (st == ST_OK && (st = fs_create(tmp, file, queue_file_mode(q), q->owner, &fd,
	    err)) == ST_OK) {
		(void)close(fd);
		st = fs_move_onto_empty(tmp, dir, turns, order, err);
	}
	if (st != ST_OK)
		(void)fs_remove_tree(tmp, dir);
	(void)close(turns);
	return st == ST_OK ? TURN_DONE : st == ST_EXISTS ? TURN_ANOTHERS : TURN_FAILED;
}

enum turn_is
turn_pass(struct queue *q, const char *order, const struct turn *from, const char *to,
    struct error *err)
{
	enum status st;
	int dir, turns;

	if ((st = turn_open(q, order, &dir, err)) == ST_OK) {
		st = to != NULL ? fs_move(dir, from->entry, dir, to, err) :
		    fs_unlink(dir, from->entry, err);
		(void)close(dir);
	}
	if (st != ST_OK)
		return st == ST_GONE || st == ST_EXISTS ? TURN_ANOTHERS : TURN_FAILED;
	if (to == NULL && fs_open_dir(q->fd, TURNS, false, &turns, err) == ST_OK) {
		(void)fs_rmdir(turns, order);
		(void)close(turns);
	}
	return TURN_DONE;
}

enum turn_is
turn_note(struct queue *q, const struct turn *t, const struct place *p, struct error *err)
{
	char entry[NAME_MAX_LEN + 1];

	if (t->state == (int)p->state && strcmp(t->bucket, p->bucket) == 0)
		return TURN_DONE;
	(void)snprintf(entry, sizeof(entry), "%s,%s,%s", t->id.text, state_names[p->state],
	    p->bucket);
	return turn_pass(q, p->name.order, t, entry, err);
}

void
turn_sync(struct queue *q, const char *order)
{
	struct error ignored;
	int dir;

	error_clear(&ignored);
	if (turn_open(q, order, &dir, &ignored) == ST_OK) {
		(void)!fs_sync(dir, &ignored);
		(void)close(dir);
	}
	error_clear(&ignored);
	if (fs_open_dir(q->fd, TURNS, false, &dir, &ignored) == ST_OK) {
		(void)!fs_sync(dir, &ignored);
		(void)close(dir);
	}
}
