/*
 * relays.h: how relays fare, in a file each: written by mq relay, read by mq stat, mq check and mq
 * top.
 *
 * The files are SPOOL/.relays/NAME.  They are advice: a relay works without them.
 */
#ifndef CMD_SHARED_RELAYS_H
#define CMD_SHARED_RELAYS_H

#include <stdio.h>

#include "base/base.h"
#include "base/name.h"

struct run;

enum relay_is {
	RELAY_STARTING,
	RELAY_UP,
	RELAY_AWAY,	/* the engine cannot be reached */
	RELAY_FULL,	/* it, or the local queue, takes nothing now */
	RELAY_REFUSED,	/* somebody has to mend something: queue, rights, credentials */
	RELAY_STOPPED,
	RELAY_DEAD	/* its process is gone and did not stop */
};
#define NRELAY_IS 7
extern const char *const relay_words[NRELAY_IS];

struct relay_state {
	char name[QUEUE_NAME_MAX + 1];
	char source[1100], destination[1100];
	char queue[QUEUE_NAME_MAX + 1];	/* the local one */
	char error[400];
	pid_t pid;
	enum relay_is is;
	usec_t since;		/* in this state */
	usec_t started;
	usec_t success;		/* the last one; 0: none yet */
	int64_t inflight;
	uint64_t sent, maybe, duplicate, refused, reconnects;
};

/*
 * Take the name for this process as long as it lives.  ST_AGAIN: another process runs that relay.
 */
enum status relays_lock(struct run *r, struct relay_state *s) MUST_CHECK;
/* Write the file anew.  A failure is told once and goes on. */
void relays_write(struct run *r, const struct relay_state *s);
/*
 * Read all files, sorted by name; the caller frees *out.  A relay whose process is gone and has not
 * stopped is RELAY_DEAD.
 */
enum status relays_read(struct run *r, struct relay_state **out, size_t *n) MUST_CHECK;

/* ---- relayput.c ------------------------------------------------------------- */

void relays_table(FILE *f, const struct relay_state *s, size_t n, usec_t now);
void relays_json(const struct relay_state *s);
void relays_prometheus(FILE *f, const struct relay_state *s, size_t n);

#endif
