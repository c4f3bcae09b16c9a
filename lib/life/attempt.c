/*
 * attempt.c: the claim of one message that a listing names.
 *
 * A claim is one rename from ready/ to claimed/ under a name that holds a fresh token.  All that
 * its holder may do goes by that name, so a claim that was taken back answers ENOENT: that is the
 * fence.  A holder that lives as long as its claim locks the message before the rename, so that
 * nobody can see the claim unlocked while it lives (F7.6 of spool-format.md).
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/envelope.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/place.h"
#include "spool/counters.h"
#include "spool/log.h"
#include "view/view.h"
#include "pattern/order.h"
#include "life/life.h"
#include "life/attempt.h"
#include "life/dropped.h"
#include "life/expiry.h"
#include "life/fail.h"
#include "life/lease.h"

static enum step
attempt_denied(struct attempt *a, const struct place *p)
{
	return step_pass_over(a,
	    error_sys(a->err, errno, "message %s may not be read", p->name.id.text));
}

/* The file is not what its name promises: it becomes a dead letter. */
static enum step
attempt_torn(struct attempt *a, const struct place *p, const char *reason)
{
	enum status st = fail_torn(a->q, p, reason, a->now, a->err);

	return st == ST_OK || st == ST_GONE ? STEP_NEXT : step_pass_over(a, st);
}

/* Check on the open file what the name promises. */
static enum step
attempt_sound(struct attempt *a, const struct place *p, int fd)
{
	struct headers h;
	struct stat sb;
	enum status st;

	if (fstat(fd, &sb) == -1)
		return attempt_denied(a, p);
	if (!S_ISREG(sb.st_mode))
		return STEP_NEXT;
	if (sb.st_size != p->name.size)
		return attempt_torn(a, p, "torn");
	st = msg_headers(fd, &p->name, &h, a->err);
	if (st == ST_OK) {
		headers_free(&h);
		return STEP_OK;
	}
	if (st != ST_BADDATA)
		return step_pass_over(a, st);
	error_clear(a->err);
	return attempt_torn(a, p, "bad-header");
}

static enum step
attempt_open(struct attempt *a, const struct place *p, int dir, int *fd)
{
	enum step step;

	*fd = fs_open_read(dir, p->file);
	if (*fd == -1 && (errno == ENOENT || errno == ELOOP || errno == ENXIO))
		return STEP_NEXT;
	if (*fd == -1 && errno == EACCES && dropped_sealed(a->q, dir, p, a->now))
		return attempt_torn(a, p, "unreadable");
	if (*fd == -1)
		return attempt_denied(a, p);
	if ((step = attempt_sound(a, p, *fd)) != STEP_OK)
		(void)close(*fd);
	return step;
}

/* Undo a claim, because the limit of the queue was reached meanwhile. */
static enum status
attempt_take_back(struct attempt *a, enum status why)
{
	struct msgname n = a->claim->at.name;
	struct error ignored;

	error_clear(&ignored);
	name_unclaim(&n);
	n.deliveries--;
	n.key = id_time(&n.id);
	switch (place_move(a->q, &a->claim->at, a->q, STATE_READY, &n, NULL, &ignored)) {
	case ST_OK:
		a->q->window.since = 0;	/* list anew: this message is still the next one */
		return why;
	case ST_GONE:	/* somebody took it away meanwhile */
		return why;
	default:	/* the claim stands; use it, since an abandoned one would cost an attempt */
		error_clear(a->err);
		a->over->held = HELD_NO;
		return ST_OK;
	}
}

static enum status
attempt_take(struct attempt *a, const struct place *p, int dir, int fd)
{
	struct msgname n = p->name;
	enum status st;
	usec_t lease = a->opt->lease > 0 ? a->opt->lease : a->q->policy.lease;

	token_make(n.token);
	n.deliveries = count_up(n.deliveries);
	n.waited = false;
	n.beside = a->opt->company == COMPANY_CARRIED ||
	    (a->opt->company != COMPANY_NEVER && !n.suspect);
	/*
	 * A server that restarts, or a network that fails, drops the locks of living holders: on
	 * such a file system only the lease counts.
	 */
	n.locked = a->opt->hold && !queue_remote(a->q) && fs_lock(fd, token_offset(n.token), false);
	lease_begin(&n, lease, clock_now());	/* 'now' may be some time ago */
	if ((st = flow_take(&a->flow, a->err)) != ST_OK ||
	    (st = bucket_put(a->q, dir, p->file, STATE_CLAIMED, &n, &a->claim->at, a->err)) !=
	    ST_OK)
		return st;
	counters_state(a->q, STATE_READY, -1, -n.size);
	counters_state(a->q, STATE_CLAIMED, 1, n.size);
	if ((st = flow_confirm(&a->flow, a->err)) != ST_OK &&
	    (st = attempt_take_back(a, st)) != ST_OK)
		return st;
	a->claim->fd = fd;
	if (a->opt->hold)
		own_remember(n.token);
	dropped_own(a->q, a->claim);
	counters_add(a->q, COUNT_DELIVERED, 1, a->now);
	log_event(a->q, "claimed", &n, STATE_CLAIMED, a->now);
	return ST_OK;
}

enum step
attempt_one(struct attempt *a, int dir, const char *bucket, const struct entry *e)
{
	struct place p = { .state = STATE_READY };
	enum status st;
	enum step step;
	int fd;

	if (e->type != DT_REG || name_parse(e->name, &p.name) != NAME_OK)
		return STEP_NEXT;
	(void)strlcpy(p.bucket, bucket, sizeof(p.bucket));
	(void)strlcpy(p.file, e->name, sizeof(p.file));
	if (expired(a->q, &p.name, a->now)) {
		st = fail_expired(a->q, &p, a->now, a->err);
		return st == ST_OK || st == ST_GONE ? STEP_NEXT : step_pass_over(a, st);
	}
	if (a->opt->room > 0 && p.name.size - p.name.head > a->opt->room)
		return step_stop(a, ST_LARGE);
	if (p.name.order[0] != '\0' && (step = keyed_turn(a, dir, &p)) != STEP_OK)
		return step;
	if (p.name.suspect && a->opt->company == COMPANY_NOW) {
		a->over->held = HELD_SUSPECT;
		return step_stop(a, ST_AGAIN);
	}
	step = attempt_open(a, &p, dir, &fd);
	if (step == STEP_OK && (st = attempt_take(a, &p, dir, fd)) != ST_OK) {
		(void)close(fd);
		a->lost = st == ST_GONE;
		step = a->lost ? STEP_NEXT : step_stop(a, st);
	}
	if (step == STEP_NEXT)
		order_lost(a->q, &p.name);
	return step;
}
