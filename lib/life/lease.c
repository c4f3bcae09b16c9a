/*
 * lease.c: how long a claim holds, and who may take it back (F7.1 to F7.10, F7.23).
 *
 * The deadline in the name is one of the wall clock, which steps: a machine sleeps, a virtual one
 * resumes, the first answer of a time server comes.  The holder of a locked claim renews it by
 * the clock that never steps.  The name tells the deadline by that clock, too, and it decides for
 * as long as the lock is held.  A holder that hangs still loses its claims.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "life/lease.h"

int64_t
token_offset(const char *token)
{
	uint64_t t = strtoull(token, NULL, 16);

	return (int64_t)((1ULL << 62) + t % (1ULL << 61));
}

void
lease_begin(struct msgname *n, usec_t lease, usec_t now)
{
	if (lease > 0)
		n->lease_ms = lease < 1000 ? 1 : lease / 1000;
	n->key = now + n->lease_ms * 1000;
	n->mono = n->locked ? clock_mono() + n->lease_ms * 1000 : 0;
}

/* ---- claims of this process ---------------------------------------------- */

/*
 * The tokens of the claims that this process holds.  If there is no memory for a token, its claim
 * is not protected.
 */
static struct { char (*token)[TOKEN_LEN + 1]; size_t n, cap; } own;

static size_t
own_find(const char *token)
{
	size_t i = 0;

	while (i < own.n && strcmp(own.token[i], token) != 0)
		i++;
	return i;
}

void
own_remember(const char *token)
{
	size_t cap = own.cap == 0 ? 64 : own.cap * 2;
	void *more;

	if (own.n == own.cap) {
		if ((more = reallocarray(own.token, cap, sizeof(*own.token))) == NULL)
			return;
		own.token = more;
		own.cap = cap;
	}
	(void)strlcpy(own.token[own.n++], token, sizeof(*own.token));
}

void
own_forget(const char *token)
{
	size_t i = own_find(token);

	if (i == own.n)
		return;
	memmove(own.token[i], own.token[--own.n], sizeof(*own.token));
	if (own.n > 0)
		return;
	free(own.token);
	memset(&own, 0, sizeof(own));
}

/* ---- whether it holds ----------------------------------------------------- */

/* What the lock of a claim tells about its holder. */
enum life { LIFE_UNKNOWN, LIFE_ENDED, LIFE_GOES_ON };

static enum life
lease_holder(int dir, const struct place *p)
{
	int fd, locked;

	if (!p->name.locked || (fd = fs_open_read(dir, p->file)) == -1)
		return LIFE_UNKNOWN;
	locked = fs_locked(fd, token_offset(p->name.token));
	(void)close(fd);
	return locked == -1 ? LIFE_UNKNOWN : locked == 1 ? LIFE_GOES_ON : LIFE_ENDED;
}

/*
 * How much of its lease a claim with a living holder still has, by the clock that never steps.  -1:
 * that is unknown.  A result above the lease is wrong: the name was made by the clock of another
 * boot or machine.
 */
static usec_t
lease_left(const struct msgname *n)
{
	usec_t left = n->mono - clock_mono();

	if (n->mono == 0 || left > n->lease_ms * 1000)
		return -1;
	return left > 0 ? left : 0;
}

enum lease
lease_ask(int dir, const struct place *p, usec_t now, usec_t *wake)
{
	const struct msgname *n = &p->name;
	bool back = n->key - n->lease_ms * 1000 > now + CLOCK_SLACK;
	enum life life = lease_holder(dir, p);
	usec_t left;

	if (life == LIFE_ENDED)
		return LEASE_LOST;
	if (own_find(n->token) < own.n) {
		wake_at(wake, now + PROBE_INTERVAL);
		return LEASE_HOLDS;
	}
	if (life == LIFE_GOES_ON && (left = lease_left(n)) >= 0) {
		if (left == 0 && (n->key <= now || back))
			return LEASE_OVER;
		wake_at(wake, now + PROBE_INTERVAL);
		return LEASE_HOLDS;
	}
	if (n->key <= now)
		return LEASE_OVER;
	wake_at(wake, n->locked && now + PROBE_INTERVAL < n->key ? now + PROBE_INTERVAL : n->key);
	return back && !n->locked ? LEASE_REBASE : LEASE_HOLDS;
}
