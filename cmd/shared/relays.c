/*
 * relays.c: the files that tell how relays fare.
 */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/relays.h"

#define RELAYS ".relays"
#define STATE_MAX 8192
#define WINDOW 256	/* names that are read at once */
/* No relay can have a name with a comma. */
#define LOCK ",lock"

const char *const relay_words[NRELAY_IS] = { "starting", "up", "away", "full", "refused",
	"stopped", "dead" };

/* -1: there is none, and it was not made. */
static int
relays_dir(struct run *r, bool make)
{
	struct error ignored = { 0 };
	int fd, spool = open(spool_path(r->spool), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (spool == -1)
		return -1;
	if (make && fs_mkdir_default(spool, RELAYS, &ignored) == ST_EXISTS)
		error_clear(&ignored);
	fd = openat(spool, RELAYS, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	(void)close(spool);
	return fd;
}

enum status
relays_lock(struct run *r, struct relay_state *s)
{
	char name[sizeof(s->name) + sizeof(LOCK)];
	int dir = relays_dir(r, true), fd;

	if (dir == -1)
		return ST_OK;	/* it is advice, see relays_write */
	(void)snprintf(name, sizeof(name), "%s%s", s->name, LOCK);
	fd = fs_make_lock(dir, name, 0600, OWNER_SELF);
	(void)close(dir);
	if (fd == -1)
		return ST_OK;
	/* It stays open, and so the lock stays, until this process ends. */
	if (!fs_lock(fd, 0, true) && fs_locked(fd, 0) == 1) {
		(void)close(fd);
		return error_set(&r->err, ST_AGAIN, 0, "relay '%s' runs already: another one needs "
		    "another --name", s->name);
	}
	return ST_OK;
}

void
relays_write(struct run *r, const struct relay_state *s)
{
	struct error err = { 0 };
	char text[STATE_MAX];
	static bool told;
	int dir = relays_dir(r, true), len;

	len = snprintf(text, sizeof(text),
	    "source=%s\ndestination=%s\nqueue=%s\npid=%d\nis=%s\n"
	    "since=%" PRId64 "\nstarted=%" PRId64 "\nsuccess=%" PRId64 "\ninflight=%" PRId64
	    "\nsent=%" PRIu64 "\nmaybe=%" PRIu64 "\nduplicate=%" PRIu64 "\nrefused=%" PRIu64
	    "\nreconnects=%" PRIu64 "\nerror=%s\n",
	    s->source, s->destination, s->queue, (int)s->pid, relay_words[s->is], s->since,
	    s->started, s->success, s->inflight, s->sent, s->maybe, s->duplicate, s->refused,
	    s->reconnects, s->error);
	if (dir == -1)
		(void)error_set(&err, ST_IO, errno, "%s/%s", spool_path(r->spool), RELAYS);
	else if (fs_replace_file(dir, s->name, text, (size_t)len, 0644, OWNER_SELF, false,
	    &err) == ST_OK)
		told = false;
	if (dir != -1)
		(void)close(dir);
	if (err.status != ST_OK && !told) {
		run_note(r, "how this relay fares cannot be written, so mq stat cannot tell it: %s",
		    err.text);
		told = true;
	}
}

/* ---- reading ------------------------------------------------------------ */

static void
relays_number(const char *value, int64_t *n)
{
	*n = strtoll(value, NULL, 10);
}

static void
relays_take(struct relay_state *s, const char *key, const char *value)
{
	int64_t pid = 0;
	const struct { const char *key; char *text; size_t size; } texts[] = {
		{ "source", s->source, sizeof(s->source) },
		{ "destination", s->destination, sizeof(s->destination) },
		{ "queue", s->queue, sizeof(s->queue) }, { "error", s->error, sizeof(s->error) } };
	const struct { const char *key; int64_t *n; } numbers[] = { { "since", &s->since },
	    { "started", &s->started }, { "success", &s->success }, { "inflight", &s->inflight },
	    { "sent", (int64_t *)&s->sent }, { "maybe", (int64_t *)&s->maybe },
	    { "duplicate", (int64_t *)&s->duplicate }, { "refused", (int64_t *)&s->refused },
	    { "reconnects", (int64_t *)&s->reconnects }, { "pid", &pid } };

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (strcmp(key, texts[i].key) == 0)
			(void)strlcpy(texts[i].text, value, texts[i].size);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		if (strcmp(key, numbers[i].key) == 0)
			relays_number(value, numbers[i].n);
	if (strcmp(key, "pid") == 0)
		s->pid = (pid_t)pid;
	for (int i = 0; strcmp(key, "is") == 0 && i < NRELAY_IS; i++)
		if (strcmp(value, relay_words[i]) == 0)
			s->is = (enum relay_is)i;
}

/* Whether the process of a relay that has not stopped is gone: then nobody holds its lock. */
static bool
relays_gone(int dir, const char *relay)
{
	char name[QUEUE_NAME_MAX + sizeof(LOCK) + 1];
	int fd, held;

	(void)snprintf(name, sizeof(name), "%s%s", relay, LOCK);
	if ((fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)) == -1)
		return false;	/* of another user: it cannot be told */
	held = fs_locked(fd, 0);
	(void)close(fd);
	return held == 0;
}

static bool
relays_one(int dir, const char *name, struct relay_state *s)
{
	struct error ignored = { 0 };
	char *text, *line, *rest;
	size_t len;

	memset(s, 0, sizeof(*s));
	if (!queue_name_ok(name) || fs_read_file(dir, name, false, STATE_MAX, &text, &len,
	    &ignored) != ST_OK)
		return false;
	(void)strlcpy(s->name, name, sizeof(s->name));
	for (line = strtok_r(text, "\n", &rest); line != NULL; line = strtok_r(NULL, "\n", &rest)) {
		char *value = strchr(line, '=');
		if (value == NULL)
			continue;
		*value = '\0';
		relays_take(s, line, value + 1);
	}
	free(text);
	if (s->is != RELAY_STOPPED && relays_gone(dir, name))
		s->is = RELAY_DEAD;
	return s->source[0] != '\0';
}

enum status
relays_read(struct run *r, struct relay_state **out, size_t *n)
{
	const struct entry *e;
	struct walk w;
	enum status st;
	size_t cap = 0;
	int dir;

	*out = NULL;
	*n = 0;
	if ((dir = relays_dir(r, false)) == -1)
		return ST_OK;
	walk_begin(&w, dir, "", WINDOW);
	while ((st = walk_next(&w, &e, &r->err)) == ST_OK) {
		if (*n == cap) {
			struct relay_state *grown = reallocarray(*out, cap + 16, sizeof(*grown));
			if (grown == NULL) {
				st = error_sys(&r->err, ENOMEM, "relays");
				break;
			}
			*out = grown;
			cap += 16;
		}
		if (relays_one(dir, e->name, &(*out)[*n]))
			++*n;
	}
	walk_end(&w);
	(void)close(dir);
	return st == ST_NONE ? ST_OK : st;
}
