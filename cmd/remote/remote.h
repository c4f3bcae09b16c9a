/*
 * remote.h: a spool on another host, by the user's own ssh.
 */
#ifndef CMD_REMOTE_REMOTE_H
#define CMD_REMOTE_REMOTE_H

#include "base/base.h"

struct run;

/* ---- chunk.c: bytes on a stream that may break off -------------------- */

/*
 * A stream of inputs, each of any bytes: for a piece of an input its length in 4 bytes, the highest
 * first, and the piece; 0 at the end of an input; CHUNK_CLOSE behind the last one.  What has no
 * end has broken off.  Whoever runs for the other side first says hello on its stdout, so that what
 * a login shell prints there is not taken for it.
 */
#define CHUNK_MAX (128 << 10)	/* of a piece */
#define CHUNK_HEAD 4
#define CHUNK_CLOSE UINT32_MAX
#define CHUNK_HELLO "mq\n"

struct chunks {
	int fd;
	uint32_t left;		/* of the present piece */
	bool ended;		/* the end of the present input was read by chunk_next */
};
/*
 * At the beginning, and behind an end: whether there is another input.  ST_BADDATA: it breaks off;
 * ST_AGAIN: stopped.
 */
enum status chunk_next(struct chunks *c, bool *another, struct error *err) MUST_CHECK;
/* Up to len bytes of it; *got 0: it is at its end. */
enum status chunk_read(struct chunks *c, void *buf, size_t len, size_t *got,
    struct error *err) MUST_CHECK;
/* What goes in front of a piece, or 0, or CHUNK_CLOSE. */
void chunk_head(char head[CHUNK_HEAD], uint32_t len);
/* A piece with its head, or only the head if data is NULL. */
enum status chunk_write(int fd, const void *data, uint32_t len, struct error *err) MUST_CHECK;
enum status chunk_hello(int fd, struct error *err) MUST_CHECK;

/* ---- remote.c --------------------------------------------------------- */

bool remote_is(const char *spool);
/* Run the verb there; words are what follows the verb on the command line. */
enum status remote_run(struct run *r, const char *spool, char **words) MUST_CHECK;

#endif
