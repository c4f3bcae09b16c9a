/*
 * address.c: the addresses of servers.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/chars.h"
#include "helper/net/net.h"

static int
address_digit(char c)
{
	return is_digit(c) ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 :
	    c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* Copy and resolve %XX.  False: it is too long, or has a control byte or a bad escape. */
static bool
address_part(char *to, size_t size, const char *from, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		int c = (unsigned char)from[i];
		if (c == '%') {
			int high = i + 2 < len ? address_digit(from[i + 1]) : -1;
			int low = i + 2 < len ? address_digit(from[i + 2]) : -1;
			if (high < 0 || low < 0)
				return false;
			c = high * 16 + low;
			i += 2;
		}
		if (c < ' ' || c == 0x7f || n + 1 >= size)
			return false;
		to[n++] = (char)c;
	}
	to[n] = '\0';
	return true;
}

static bool
address_port(struct address *a, const char *text, size_t len)
{
	char *end;
	long n;

	if (!address_part(a->port, sizeof(a->port), text, len) || !is_digit(a->port[0]))
		return false;
	n = strtol(a->port, &end, 10);
	return *end == '\0' && n > 0 && n <= 65535;
}

/* "HOST", "HOST:PORT", "[V6]" or "[V6]:PORT". */
static bool
address_host(struct address *a, const char *text, size_t len)
{
	const char *end = text + len, *close, *colon;

	if (len > 0 && text[0] == '[') {
		if ((close = memchr(text, ']', len)) == NULL ||
		    !address_part(a->host, sizeof(a->host), text + 1, (size_t)(close - text - 1)))
			return false;
		colon = close + 1;
	} else {
		if ((colon = memchr(text, ':', len)) == NULL)
			colon = end;
		if (!address_part(a->host, sizeof(a->host), text, (size_t)(colon - text)))
			return false;
	}
	if (a->host[0] == '\0' || strpbrk(a->host, " /") != NULL)
		return false;
	return colon == end ||
	    (*colon == ':' && address_port(a, colon + 1, (size_t)(end - colon - 1)));
}

/* Errors show nothing of the address, which could be a password in the wrong place. */
enum status
address_parse(const char *url, const char *port, struct address *a, struct error *err)
{
	const char *sep = strstr(url, "://"), *host, *at, *rest;
	size_t len;

	*a = (struct address){ 0 };
	(void)snprintf(a->port, sizeof(a->port), "%s", port);
	if (sep == NULL || !address_part(a->scheme, sizeof(a->scheme), url, (size_t)(sep - url)))
		return error_set(err, ST_CONF, 0, "the address is not SCHEME://HOST[:PORT]");
	host = sep + 3;
	len = strcspn(host, "/");
	rest = host[len] == '/' ? host + len + 1 : host + len;
	if ((at = memrchr(host, '@', len)) != NULL) {
		if (memchr(host, ':', (size_t)(at - host)) != NULL)
			return error_set(err, ST_CONF, 0, "a password does not belong into the "
			    "address, but into a file that 'credentials' names");
		if (!address_part(a->user, sizeof(a->user), host, (size_t)(at - host)))
			return error_set(err, ST_CONF, 0, "the user of the address is wrong");
		len -= (size_t)(at + 1 - host);
		host = at + 1;
	}
	if (!address_host(a, host, len))
		return error_set(err, ST_CONF, 0, "the host or port of the address is wrong");
	if (!address_part(a->rest, sizeof(a->rest), rest, strlen(rest)))
		return error_set(err, ST_CONF, 0, "what follows the host in the address is wrong");
	return ST_OK;
}

bool
address_is_local(const struct address *a)
{
	struct in6_addr six;
	struct in_addr four;

	if (inet_pton(AF_INET, a->host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	if (inet_pton(AF_INET6, a->host, &six) == 1)
		return IN6_IS_ADDR_LOOPBACK(&six);
	return strcasecmp(a->host, "localhost") == 0;
}
