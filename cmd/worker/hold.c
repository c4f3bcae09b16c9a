/*
 * hold.c: the claims that a worker holds on messages of an engine.
 *
 * Attempts, back-off and dead letters are mq's: the engine is told how many attempts have failed,
 * when to deliver a message again, and which ones are dead.
 */
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/record.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "worker/link.h"
#include "worker/sources.h"

/* The parcel of the claim.  NULL: it was lost, and *err tells that. */
static struct parcel *
hold_parcel(struct source *s, struct claim *c, struct error *err)
{
	struct parcel *p = parcel_find(s->link, c);

	if (p == NULL)
		(void)error_set(err, ST_LOST, 0,
		    "message %s: its claim was lost, and it comes again", c->at.name.id.text);
	return p;
}

enum status
hold_ack(struct source *s, struct claim *c, usec_t now, struct error *err)
{
	struct parcel *p = hold_parcel(s, c, err);

	(void)now;
	if (p == NULL)
		return ST_LOST;
	p->counted = true;
	settling_begin(s->link, p, SETTLE_ACK);
	return ST_OK;
}

/* The engine delays a message so long at most. */
static usec_t
hold_delay(const struct source *s, usec_t delay)
{
	int64_t most = s->link->delay_most;

	return most == -1 ? 0 : most > 0 && delay > most * 1000 ? most * 1000 : delay;
}

/* The reason in words, as mq dead shows it: with what was told, or the last line of stderr. */
static char *
hold_reason(const struct failure *why)
{
	const char *from = why->stderr_tail, *end, *line;
	char *text = NULL;

	if (why->text != NULL)
		return asprintf(&text, "%s: %s", why->reason, why->text) == -1 ? NULL : text;
	if (from == NULL)
		return strdup(why->reason);
	end = from + why->stderr_len;
	while (end > from && isspace((unsigned char)end[-1]))
		end--;
	if (end == from)
		return strdup(why->reason);
	line = memrchr(from, '\n', (size_t)(end - from));
	line = line != NULL ? line + 1 : from;
	return asprintf(&text, "%s: %.*s", why->reason, (int)(end - line), line) == -1 ? NULL :
	    text;
}

enum status
hold_fail(struct source *s, struct claim *c, const struct failure *why, usec_t now,
    enum state *to, struct error *err)
{
	const struct policy *policy = s->policy;
	int32_t attempts = count_up(c->at.name.attempts);
	struct parcel *p = hold_parcel(s, c, err);

	(void)now;
	if (p == NULL)
		return ST_LOST;
	p->counted = true;
	p->attempts = attempts;
	p->reason = hold_reason(why);
	p->delay = hold_delay(s, why->delay >= 0 ? why->delay :
	    policy_jitter(policy, policy_backoff(policy, attempts)));
	*to = why->permanent || attempts >= policy->attempts ? STATE_DEAD : STATE_DELAYED;
	settling_begin(s->link, p, *to == STATE_DEAD ? SETTLE_DEAD : SETTLE_NACK);
	return ST_OK;
}

enum status
hold_release(struct source *s, struct claim *c, usec_t delay, usec_t now, struct error *err)
{
	struct parcel *p = hold_parcel(s, c, err);

	(void)now;
	if (p == NULL)
		return ST_LOST;
	p->delay = hold_delay(s, delay);
	settling_begin(s->link, p, SETTLE_NACK);
	return ST_OK;
}

/* While the engine is away, a claim that stays does so until its lease is over. */
static bool
hold_outlasts(const struct link *l, const struct claim *c, usec_t now)
{
	return l->ready || c->at.name.key > now;
}

enum status
hold_extend(struct source *s, struct claim *c, usec_t lease, usec_t now, struct error *err)
{
	struct parcel *p = hold_parcel(s, c, err);
	struct link *l = s->link;

	if (p == NULL)
		return ST_LOST;
	if (!hold_outlasts(l, c, now)) {
		p->lost = true;
		return hold_parcel(s, c, err) == NULL ? ST_LOST : ST_OK;
	}
	lease = parcel_lease(l, lease);
	if (!l->ready || lease == 0 || l->extend_most == -1 || p->extending)
		return ST_OK;
	if (l->extend_most > 0 && lease > l->extend_most * 1000)
		lease = l->extend_most * 1000;
	p->extending = true;
	c->at.name.key = now + lease;
	engine_extend(l->e, p->token, lease, p);
	return ST_OK;
}

enum status
hold_body(struct source *s, const struct claim *c, int *fd, struct error *err)
{
	(void)s;
	/* Nobody else goes by the position of the file. */
	if ((*fd = fcntl(c->fd, F_DUPFD_CLOEXEC, 0)) == -1 || lseek(*fd, 0, SEEK_SET) == -1)
		return error_sys(err, errno, "message %s", c->at.name.id.text);
	return ST_OK;
}

enum status
hold_json(struct source *s, FILE *f, const struct claim *c, struct error *err)
{
	return json_open_fd(f, s->name, &c->at, c->fd, err);
}

/* No engine can: it comes when its delay is over. */
enum status
hold_hurry(struct source *s, const struct msgid *id, struct error *err)
{
	(void)s;
	(void)id;
	(void)err;
	return ST_OK;
}
