/*
 * move.c: what operators do to a message.  Each deed is one rename or unlink.  A claim is moved
 * like any other message, if the caller has asked first; its holder is then fenced off by its
 * token.
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/way.h"
#include "spool/spool.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/counters.h"
#include "spool/place.h"
#include "view/view.h"
#include "pattern/pattern.h"
#include "pattern/leave.h"
#include "pattern/latest.h"
#include "pattern/reply.h"
#include "life/life.h"
#include "life/fail.h"

/* Move a message to l->state of the queue l->to; a claim ends with that. */
static enum status
move_into(struct queue *q, const struct place *p, struct leave *l, usec_t now, struct error *err)
{
	name_unclaim(&l->name);
	l->careful = true;
	return leave(q, p, l, now, err);
}

enum status
move_retry(struct queue *q, const struct place *p, struct queue *to, bool keep_attempts, usec_t now,
    struct error *err)
{
	struct leave l = { .to = to, .state = STATE_READY, .name = p->name, .event = "retried" };
	enum status st;

	if (!keep_attempts)
		l.name.attempts = 0;
	l.name.suspect = false;
	l.name.key = id_time(&l.name.id);
	if (to != q)
		l.name.replayed = false;	/* its kept original stays in the old queue */
	way_home(&l.name, to->name);
	renew_expiry(to, &l.name, now);
	if ((st = move_into(q, p, &l, now, err)) != ST_OK)
		return st;
	counters_add(q, COUNT_RETRIED, 1, now);
	if (to != q)
		counters_add(to, COUNT_PUSHED, 1, now);
	latest_arrived(to, &l.at, now);
	return ST_OK;
}

enum status
move_hold(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct leave l = { .to = q, .state = STATE_HELD, .name = p->name, .event = "held" };

	l.name.key = now;
	return move_into(q, p, &l, now, err);
}

enum status
move_bury(struct queue *q, const struct place *p, const char *reason, usec_t now,
    struct error *err)
{
	struct failure why = { .reason = "buried", .text = reason };
	struct leave l = { .to = q, .state = STATE_DEAD, .name = p->name, .event = "dead" };
	char token[REPLY_LEN + 1];
	enum status st;

	reply_asker(q, p, token);
	l.name.key = now;
	(void)strlcpy(l.name.reason, why.reason, sizeof(l.name.reason));
	if ((st = move_into(q, p, &l, now, err)) == ST_OK) {
		record_add(q, &l.name.id, 0, &why, now, true);
		counters_add(q, COUNT_DEAD, 1, now);
		reply_failed(q, token, reason != NULL ? reason : why.reason, now);
	}
	return st;
}

enum status
move_drop(struct queue *q, const struct place *p, usec_t now, struct error *err)
{
	struct leave l = { .state = STATE_DONE, .name = p->name, .event = "removed" };
	char token[REPLY_LEN + 1];
	enum status st;

	reply_asker(q, p, token);
	if ((st = leave(q, p, &l, now, err)) == ST_OK) {
		counters_add(q, COUNT_REMOVED, 1, now);
		reply_failed(q, token, "removed", now);
	}
	return st;
}

/*
 * Whether the queue that a message is moved to has it already: a topic gives one file to several
 * queues, each time under the same id, and no queue is to have one id twice.
 */
static enum status
move_has(struct queue *q, const struct place *p, struct queue *to, bool *has, struct error *err)
{
	struct place there;
	enum status st;
	struct stat sb;
	int dir;

	*has = false;
	if ((st = place_open(q, p, &dir, err)) != ST_OK)
		return st;
	if (fstatat(dir, p->file, &sb, AT_SYMLINK_NOFOLLOW) == -1)
		sb.st_nlink = 1;	/* the move tells what became of it */
	(void)close(dir);
	if (sb.st_nlink < 2)
		return ST_OK;
	st = scan_find(to, STATES_ALL & ~STATE_BIT(STATE_DONE), &p->name.id, &there, err);
	*has = st == ST_OK;
	if (st == ST_NOTFOUND)
		error_clear(err);
	return st == ST_NOTFOUND ? ST_OK : st;
}

enum status
move_to(struct queue *q, const struct place *p, struct queue *to, usec_t now,
    struct error *err)
{
	/* A claim ends with the move, because its holder works on the old queue. */
	enum state s = p->state == STATE_CLAIMED ? STATE_READY : p->state;
	struct leave l = { .to = to, .state = s, .name = p->name };
	enum status st;
	bool has;

	if ((st = move_has(q, p, to, &has, err)) != ST_OK)
		return st;
	if (has)
		return move_drop(q, p, now, err);
	if (s != p->state)
		l.name.key = id_time(&l.name.id);
	l.name.replayed = false;	/* its kept original stays in the old queue */
	way_home(&l.name, to->name);
	if ((st = move_into(q, p, &l, now, err)) == ST_OK) {
		counters_add(to, COUNT_PUSHED, 1, now);
		latest_arrived(to, &l.at, now);
	}
	return st;
}
