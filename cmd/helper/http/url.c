/*
 * url.c: addresses of servers.
 */
#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "helper/http/http.h"

/* Copy a part of a text.  False: it is empty, or too long. */
static bool
url_part(char *to, size_t size, const char *from, size_t len)
{
	if (len == 0 || len >= size)
		return false;
	memcpy(to, from, len);
	to[len] = '\0';
	return true;
}

bool
url_parse(const char *text, struct url *u)
{
	size_t len = strcspn(text, "/"), host = len;
	const char *path = text[len] == '/' ? text + len + 1 : text + len;
	const char *colon = memrchr(text, ':', len);

	*u = (struct url){ 0 };
	if (colon != NULL && memchr(colon, ']', len - (size_t)(colon - text)) == NULL) {
		host = (size_t)(colon - text);
		if (!url_part(u->port, sizeof(u->port), colon + 1, len - host - 1) ||
		    strspn(u->port, "0123456789") != strlen(u->port))
			return false;
	}
	for (size_t i = 0; i < host; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-._[]:", text[i]) == NULL)
			return false;
	if (strlen(path) >= sizeof(u->path))
		return false;
	(void)snprintf(u->path, sizeof(u->path), "%s", path);
	return url_part(u->host, sizeof(u->host), text, host);
}

bool
url_loopback(const char *host)
{
	return strcasecmp(host, "localhost") == 0 || strcmp(host, "[::1]") == 0 ||
	    (strncmp(host, "127.", 4) == 0 && strspn(host, "0123456789.") == strlen(host));
}

void
url_base(const struct url *u, const char *tls_name, char *buf, size_t len)
{
	(void)snprintf(buf, len, "%s://%s%s%s", u->plain ? "http" : "https",
	    tls_name != NULL ? tls_name : u->host, u->port[0] != '\0' ? ":" : "", u->port);
}
