/*
 * inside.h: what the files of this folder share.
 */
#ifndef HELPER_NET_INSIDE_H
#define HELPER_NET_INSIDE_H

#include <sys/socket.h>

#include "helper/net/net.h"

struct ssl_st;

/* ---- resolve.c ------------------------------------------------------------- */

#define RESOLVED_MAX 8

struct resolved {
	socklen_t len;
	struct sockaddr_storage addr;
};

/* Find up to RESOLVED_MAX addresses of the host, until 'deadline'. */
enum status resolve(const struct address *a, usec_t deadline, struct resolved *out, int *n,
    struct error *err) MUST_CHECK;

/* ---- tls.c ----------------------------------------------------------------- */

/* Begin TLS on a connected socket that does not block, with its handshake until 'deadline'. */
struct ssl_st *tls_open(int fd, const struct settings *set, const struct address *a,
    usec_t deadline, struct error *err);
void tls_close(struct ssl_st *ssl);
/* The version and cipher that were agreed on, and whose certificate it is. */
void tls_describe(struct ssl_st *ssl, const struct settings *set, char *buf, size_t size);
/*
 * Like read(2) and write(2).  *wants becomes the event of poll(2) to wait for if the result is -1
 * with EAGAIN.
 */
ssize_t tls_read(struct ssl_st *ssl, void *buf, size_t len, short *wants);
ssize_t tls_write(struct ssl_st *ssl, const void *buf, size_t len, short *wants);

/* ---- net.c ----------------------------------------------------------------- */

/* Wait for one event.  ST_AGAIN: it was not there until 'deadline'. */
enum status net_poll(int fd, short events, usec_t deadline) MUST_CHECK;

#endif
