/*
 * remote.h: a spool on another host, reached by the user's own ssh.
 */
#ifndef CMD_REMOTE_REMOTE_H
#define CMD_REMOTE_REMOTE_H

#include "base/base.h"

struct run;

/* ---- chunk.c: bytes on a stream that may break off -------------------- */

/*
 * How several inputs of any bytes go over one stream.  Each piece of an input is preceded by its
 * length in 4 bytes, the highest first.  Length 0 ends an input, and CHUNK_CLOSE ends the stream.
 * A stream without that end has broken off.  The mq on the other side first writes CHUNK_HELLO on
 * its stdout; what a login shell prints before that is not taken for its output.
 */
#define CHUNK_MAX (128 << 10)	/* bytes of a piece */
#define CHUNK_HEAD 4
#define CHUNK_CLOSE UINT32_MAX
#define CHUNK_HELLO "mq\n"

struct chunks {
	int fd;
	uint32_t left;		/* bytes of the present piece that are not read yet */
	bool ended;		/* chunk_next has read the end of the present input already */
};
/*
 * Find out whether there is another input; call it at the beginning and after each end.
 * ST_BADDATA: the stream breaks off.  ST_AGAIN: a signal stopped us.
 */
enum status chunk_next(struct chunks *c, bool *another, struct error *err) MUST_CHECK;
/* Read up to 'len' bytes of the present input.  '*got' is 0 at its end. */
enum status chunk_read(struct chunks *c, void *buf, size_t len, size_t *got,
    struct error *err) MUST_CHECK;
/* Make the head of a piece, or with 0 of an end, or with CHUNK_CLOSE of the end of the stream. */
void chunk_head(char head[CHUNK_HEAD], uint32_t len);
/* Write a piece with its head, or only the head if 'data' is NULL. */
enum status chunk_write(int fd, const void *data, uint32_t len, struct error *err) MUST_CHECK;
enum status chunk_hello(int fd, struct error *err) MUST_CHECK;

/* ---- remote.c --------------------------------------------------------- */

bool remote_is(const char *spool);
/* Run the verb on the other host.  'words' is the command line behind the verb. */
enum status remote_run(struct run *r, const char *spool, char **words) MUST_CHECK;

#endif
