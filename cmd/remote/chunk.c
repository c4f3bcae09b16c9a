/*
 * chunk.c: inputs on a stream that may break off; see remote.h.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"
#include "remote/remote.h"

/* Read exactly 'len' bytes. */
static enum status
chunk_get(int fd, char *to, size_t len, struct error *err)
{
	ssize_t n;

	while (len > 0) {
		n = read(fd, to, len);
		if (run_stopped())
			return error_set(err, ST_AGAIN, 0,
			    "stopped by a signal: what is not printed above is not queued");
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			return error_set(err, ST_IO, errno, "read");
		if (n == 0)
			return error_set(err, ST_BADDATA, 0,
			    "the input broke off: what is not printed above is not queued");
		to += n;
		len -= (size_t)n;
	}
	return ST_OK;
}

static enum status
chunk_get_head(struct chunks *c, uint32_t *len, struct error *err)
{
	unsigned char head[CHUNK_HEAD];
	enum status st;

	if ((st = chunk_get(c->fd, (char *)head, sizeof(head), err)) != ST_OK)
		return st;
	*len = (uint32_t)head[0] << 24 | (uint32_t)head[1] << 16 | (uint32_t)head[2] << 8 | head[3];
	if (*len <= CHUNK_MAX || *len == CHUNK_CLOSE)
		return ST_OK;
	return error_set(err, ST_BADDATA, 0, "the input is not in chunks as mq makes them");
}

enum status
chunk_next(struct chunks *c, bool *another, struct error *err)
{
	uint32_t len;
	enum status st;

	if ((st = chunk_get_head(c, &len, err)) != ST_OK)
		return st;
	*another = len != CHUNK_CLOSE;
	c->ended = len == 0;
	c->left = *another ? len : 0;
	return ST_OK;
}

enum status
chunk_read(struct chunks *c, void *buf, size_t len, size_t *got, struct error *err)
{
	enum status st;
	ssize_t n = -1;

	*got = 0;
	if (c->left == 0 && !c->ended) {
		if ((st = chunk_get_head(c, &c->left, err)) != ST_OK)
			return st;
		if (c->left == CHUNK_CLOSE)
			return error_set(err, ST_BADDATA, 0,
			    "the input is not in chunks as mq makes them");
		c->ended = c->left == 0;
	}
	if (c->ended) {
		c->ended = false;
		return ST_OK;
	}
	while (!run_stopped() && (n = read(c->fd, buf, len < c->left ? len : c->left)) == -1 &&
	    errno == EINTR)
		continue;
	if (n <= 0)	/* this fills in the error */
		return n == 0 || run_stopped() ? chunk_get(c->fd, buf, 1, err) :
		    error_set(err, ST_IO, errno, "read");
	c->left -= (uint32_t)n;
	*got = (size_t)n;
	return ST_OK;
}

void
chunk_head(char head[CHUNK_HEAD], uint32_t len)
{
	for (int i = 0; i < CHUNK_HEAD; i++)
		head[i] = (char)(len >> (24 - 8 * i) & 0xff);
}

static enum status
chunk_put(int fd, const char *p, size_t len, struct error *err)
{
	while (len > 0) {
		ssize_t n = write(fd, p, len);
		if (n == -1 && errno == EINTR && !run_stopped())
			continue;
		if (n == -1)
			return error_set(err, ST_IO, errno, "write");
		p += n;
		len -= (size_t)n;
	}
	return ST_OK;
}

enum status
chunk_write(int fd, const void *data, uint32_t len, struct error *err)
{
	char head[CHUNK_HEAD];
	enum status st;

	chunk_head(head, len);
	st = chunk_put(fd, head, sizeof(head), err);
	return st == ST_OK && data != NULL ? chunk_put(fd, data, len, err) : st;
}

enum status
chunk_hello(int fd, struct error *err)
{
	return chunk_put(fd, CHUNK_HELLO, strlen(CHUNK_HELLO), err);
}
