/*
 * net.h: what helpers need that speak a protocol over TCP or TLS by themselves: addresses, and
 * connections with buffers.
 *
 * Statuses: ST_CONF is an error that stays until somebody changes the configuration, ST_AGAIN is
 * the other side being away or slow, ST_IO a connection that was lost.
 */
#ifndef HELPER_NET_NET_H
#define HELPER_NET_NET_H

#include "base/base.h"
#include "helper/core/helper.h"

/* ---- address.c ------------------------------------------------------------- */

/* SCHEME://[USER@]HOST[:PORT][/REST], with its %XX resolved. */
struct address {
	char scheme[24];
	char user[128];		/* "": none */
	char host[256];		/* of an IPv6 address without its brackets */
	char port[6];
	char rest[512];		/* what follows the slash; "": nothing */
};

/* 'port' is taken if the address has none.  ST_CONF: the text is no address, or has a password. */
enum status address_parse(const char *url, const char *port, struct address *a,
    struct error *err) MUST_CHECK;
/* Whether the host is this machine, so that nobody can read along. */
bool address_is_local(const struct address *a);

/* ---- net.c ----------------------------------------------------------------- */

struct net;

/*
 * Connect, with TLS or without, within the time limit of the settings.  The steps done are told
 * to 'h' unless it is NULL.  NULL: failed, see the status in 'err', for which there is net_class.
 */
struct net *net_open(struct helper *h, const struct settings *set, const struct address *a,
    bool tls, struct error *err);
void net_close(struct net *n);
/* The class of error for a status of this folder, or of credentials_read. */
enum class net_class(enum status st);

/* Bytes to be sent: they wait in a buffer until net_flush. */
void net_put(struct net *n, const void *data, size_t len);
/* How many bytes were ever put, and how many of them were handed to the system. */
int64_t net_put_count(const struct net *n);
int64_t net_sent_count(const struct net *n);
/* Send what can be sent now.  ST_IO: the connection is lost. */
enum status net_flush(struct net *n, struct error *err) MUST_CHECK;

/* Receive what is there now.  ST_NONE: nothing.  ST_IO: the connection is lost. */
enum status net_fill(struct net *n, struct error *err) MUST_CHECK;
/*
 * What was received and not dropped yet; it may be changed.  It is valid until the next net_fill.
 */
char *net_data(const struct net *n, size_t *len);
void net_drop(struct net *n, size_t len);

/* What to wait for: 0 at *timeout_ms if more can be received without waiting. */
void net_watch(const struct net *n, struct pollfd *p, int *timeout_ms);
/*
 * Send, and wait until something was received.  ST_AGAIN: nothing was until 'deadline', by
 * clock_mono().  ST_IO: the connection is lost.
 */
enum status net_wait(struct net *n, usec_t deadline, struct error *err) MUST_CHECK;

#endif
