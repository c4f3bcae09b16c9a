/*
 * net.c: a connection with buffers, over TCP or TLS.
 */
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/net/inside.h"

#define FILL_MAX ((size_t)1 << 20)	/* bytes that are received at a time */
#define FILL_STEP ((size_t)16 << 10)
#define DATA_MAX ((size_t)2 << 30)	/* bytes that are kept */

struct buffer {
	char *data;
	size_t from, len, cap;
};

struct net {
	int fd;
	struct ssl_st *ssl;	/* NULL: plain */
	struct buffer in, out;
	int64_t put, sent;
	short read_wants, write_wants;
	bool more;		/* the last net_fill stopped before there was nothing more */
	bool broken;		/* there was no memory for what was put */
};

/* ---- buffers -------------------------------------------------------------- */

/* Make room for so many bytes more. */
static bool
buffer_room(struct buffer *b, size_t more)
{
	size_t cap = b->cap == 0 ? FILL_STEP : b->cap;
	char *data;

	if (b->from > 0 && b->len + more > b->cap) {
		memmove(b->data, b->data + b->from, b->len - b->from);
		b->len -= b->from;
		b->from = 0;
	}
	while (cap < b->len + more)
		cap *= 2;
	if (cap == b->cap)
		return true;
	if (cap > DATA_MAX || (data = realloc(b->data, cap)) == NULL)
		return false;
	b->data = data;
	b->cap = cap;
	return true;
}

/* One large message must not hold its memory for ever. */
static void
buffer_drop(struct buffer *b, size_t len)
{
	b->from += len;
	if (b->from < b->len)
		return;
	b->from = b->len = 0;
	if (b->cap > FILL_MAX * 4) {
		free(b->data);
		*b = (struct buffer){ 0 };
	}
}

/* ---- opening -------------------------------------------------------------- */

enum status
net_poll(int fd, short events, usec_t deadline)
{
	struct pollfd p = { .fd = fd, .events = events };
	usec_t left;
	int n;

	do {
		if ((left = deadline - clock_mono()) < 0)
			return ST_AGAIN;
		n = poll(&p, 1, (int)((left + 999) / 1000));
	} while (n == -1 && errno == EINTR);
	return n > 0 ? ST_OK : ST_AGAIN;
}

/* What came of a connect(2) that was under way: 0, or an errno. */
static int
net_outcome(int fd, usec_t deadline)
{
	int e = 0;
	socklen_t len = sizeof(e);

	if (net_poll(fd, POLLOUT, deadline) != ST_OK)
		return ETIMEDOUT;
	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &len) == -1 ? errno : e;
}

/* Connect to one address.  -1: failed, and errno says why. */
static int
net_try(const struct resolved *r, usec_t deadline)
{
	int fd, one = 1, e;

	if ((fd = socket(r->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) == -1)
		return -1;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	(void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &one, sizeof(one));
	if (connect(fd, (const struct sockaddr *)&r->addr, r->len) == 0)
		return fd;
	if ((e = errno == EINPROGRESS ? net_outcome(fd, deadline) : errno) == 0)
		return fd;
	(void)close(fd);
	errno = e;
	return -1;
}

/* Try one address after the other; none may use up the time of those after it. */
static int
net_connect(struct helper *h, const struct address *a, usec_t deadline, struct error *err)
{
	struct resolved found[RESOLVED_MAX];
	int n, fd = -1;

	if (resolve(a, deadline, found, &n, err) != ST_OK)
		return -1;
	if (h != NULL)
		helper_step(h, "resolve", "%s: %d address%s", a->host, n, n == 1 ? "" : "es");
	for (int i = 0; i < n && fd == -1; i++) {
		usec_t now = clock_mono();
		fd = net_try(&found[i], now + (deadline - now) / (n - i));
	}
	if (fd == -1)
		(void)error_set(err, ST_AGAIN, errno, "connect %s port %s", a->host, a->port);
	else if (h != NULL)
		helper_step(h, "connect", "%s port %s", a->host, a->port);
	return fd;
}

struct net *
net_open(struct helper *h, const struct settings *set, const struct address *a, bool tls,
    struct error *err)
{
	usec_t deadline = clock_mono() + set->timeout_ms * 1000;
	char text[400];
	struct net *n;

	if (!tls && !set->insecure && !address_is_local(a)) {
		(void)error_set(err, ST_CONF, 0, "%s is another host, and '%s' sends plain text: "
		    "use TLS, or allow it with 'insecure = yes'", a->host, a->scheme);
		return NULL;
	}
	if ((n = calloc(1, sizeof(*n))) == NULL) {
		(void)error_set(err, ST_AGAIN, errno, "connect");
		return NULL;
	}
	n->read_wants = POLLIN;
	n->write_wants = POLLOUT;
	if ((n->fd = net_connect(h, a, deadline, err)) == -1 ||
	    (tls && (n->ssl = tls_open(n->fd, set, a, deadline, err)) == NULL)) {
		net_close(n);
		return NULL;
	}
	if (tls && h != NULL) {
		tls_describe(n->ssl, set, text, sizeof(text));
		helper_step(h, "tls", "%s", text);
	}
	return n;
}

void
net_close(struct net *n)
{
	if (n == NULL)
		return;
	tls_close(n->ssl);
	if (n->fd != -1)
		(void)close(n->fd);
	free(n->in.data);
	free(n->out.data);
	free(n);
}

enum class
net_class(enum status st)
{
	return st == ST_CONF ? CLASS_CONF : CLASS_AGAIN;
}

/* ---- sending -------------------------------------------------------------- */

void
net_put(struct net *n, const void *data, size_t len)
{
	if (len == 0)
		return;
	if (n->broken || !buffer_room(&n->out, len)) {
		n->broken = true;
		return;
	}
	memcpy(n->out.data + n->out.len, data, len);
	n->out.len += len;
	n->put += (int64_t)len;
}

int64_t
net_put_count(const struct net *n)
{
	return n->put;
}

int64_t
net_sent_count(const struct net *n)
{
	return n->sent;
}

enum status
net_flush(struct net *n, struct error *err)
{
	ssize_t sent;

	if (n->broken)
		return error_set(err, ST_IO, ENOMEM, "send");
	while (n->out.len > n->out.from) {
		const char *data = n->out.data + n->out.from;
		size_t len = n->out.len - n->out.from;
		n->write_wants = POLLOUT;
		sent = n->ssl != NULL ? tls_write(n->ssl, data, len, &n->write_wants) :
		    send(n->fd, data, len, MSG_NOSIGNAL);
		if (sent == -1 && errno == EINTR)
			continue;
		if (sent == -1 && errno == EAGAIN)
			return ST_OK;
		if (sent <= 0)
			return error_set(err, ST_IO, errno, "the connection was lost");
		n->sent += sent;
		buffer_drop(&n->out, (size_t)sent);
	}
	return ST_OK;
}

/* ---- receiving ------------------------------------------------------------ */

enum status
net_fill(struct net *n, struct error *err)
{
	struct buffer *b = &n->in;
	size_t got = 0;
	ssize_t len;

	n->more = false;
	while (got < FILL_MAX) {
		if (!buffer_room(b, FILL_STEP))
			return error_set(err, ST_IO, ENOMEM, "receive");
		n->read_wants = POLLIN;
		len = n->ssl != NULL ?
		    tls_read(n->ssl, b->data + b->len, b->cap - b->len, &n->read_wants) :
		    recv(n->fd, b->data + b->len, b->cap - b->len, 0);
		if (len == -1 && errno == EINTR)
			continue;
		if (len == -1 && errno == EAGAIN)
			return got > 0 ? ST_OK : ST_NONE;
		/* What came before the end is read first; the next call meets the end again. */
		if (len <= 0 && got > 0)
			break;
		if (len <= 0)
			return error_set(err, ST_IO, len == 0 ? 0 : errno, "the connection was %s",
			    len == 0 ? "closed by the server" : "lost");
		b->len += (size_t)len;
		got += (size_t)len;
	}
	n->more = true;
	return ST_OK;
}

char *
net_data(const struct net *n, size_t *len)
{
	*len = n->in.len - n->in.from;
	return n->in.data + n->in.from;
}

void
net_drop(struct net *n, size_t len)
{
	buffer_drop(&n->in, len);
}

/* ---- waiting -------------------------------------------------------------- */

void
net_watch(const struct net *n, struct pollfd *p, int *timeout_ms)
{
	p->fd = n->fd;
	p->events = n->read_wants;
	if (n->out.len > n->out.from)
		p->events |= n->write_wants;
	if (n->more)
		*timeout_ms = 0;
}

enum status
net_wait(struct net *n, usec_t deadline, struct error *err)
{
	struct pollfd p;
	enum status st;
	int timeout = -1;

	for (;;) {
		if ((st = net_flush(n, err)) != ST_OK || (st = net_fill(n, err)) != ST_NONE)
			return st;
		net_watch(n, &p, &timeout);
		if (net_poll(n->fd, p.events, deadline) != ST_OK)
			return error_set(err, ST_AGAIN, 0, "no answer in time");
	}
}
