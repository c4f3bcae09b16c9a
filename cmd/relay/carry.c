/*
 * carry.c: what the headers of a message say on its way between a queue and an engine.
 *
 * The header Mq-Via lists the relays that a message came through.  Outside it is the field "via".
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "pattern/pattern.h"
#include "relay/relay.h"

#define VIA "Mq-Via"
/* So many relays are a circle, even if their names differ. */
#define VIA_MAX 16

bool
carry_via(const char *before, size_t len, const char *name, char *buf, size_t size)
{
	size_t own = strlen(name), n = 0, part;

	for (const char *p = before; p < before + len; p += part + 1) {
		const char *comma = memchr(p, ',', (size_t)(before + len - p));
		part = comma != NULL ? (size_t)(comma - p) : (size_t)(before + len - p);
		if (part == own && memcmp(p, name, own) == 0)
			return false;
		n++;
	}
	return n < VIA_MAX && (size_t)snprintf(buf, size, "%.*s%s%s", (int)len, before,
	    len > 0 ? "," : "", name) < size;
}

/* Add all headers of 'from' but Mq-Via. */
static enum status
carry_headers(const struct headers *from, struct headers *to, struct error *err)
{
	enum status st = ST_OK;
	struct header h;
	size_t pos = 0;
	char *text;

	while (st == ST_OK && headers_next(from, &pos, &h)) {
		if (header_is(&h, VIA, strlen(VIA)))
			continue;
		if (asprintf(&text, "%.*s: %.*s", (int)h.namelen, h.name, (int)h.valuelen,
		    h.value) == -1)
			return error_set(err, ST_AGAIN, 0, "not enough memory");
		st = headers_add(to, text, err);
		free(text);
	}
	return st;
}

enum status
carry_out(struct headers *h, char *via, size_t size, struct error *err)
{
	struct headers rest = { 0 };
	struct header found;
	enum status st;

	via[0] = '\0';
	if (!headers_find(h, VIA, &found))
		return ST_OK;
	(void)snprintf(via, size, "%.*s", (int)found.valuelen, found.value);
	if ((st = carry_headers(h, &rest, err)) != ST_OK) {
		headers_free(&rest);
		return st;
	}
	headers_free(h);
	*h = rest;
	return ST_OK;
}

static enum status
carry_add(struct headers *h, const char *name, const char *value, struct error *err)
{
	enum status st;
	char *text;

	if (asprintf(&text, "%s: %s", name, value) == -1)
		return error_set(err, ST_AGAIN, 0, "not enough memory");
	st = headers_add(h, text, err);
	free(text);
	return st;
}

enum status
carry_in(const struct message *m, const char *via, struct headers *h, struct error *err)
{
	struct headers from = { (char *)(uintptr_t)m->head, m->headlen };
	struct header found;
	enum status st;

	if (m->headlen > 0 && !headers_valid(&from))
		return error_set(err, ST_BADDATA, 0, "its headers are malformed");
	st = carry_headers(&from, h, err);
	if (st == ST_OK && m->key != NULL && !headers_find(h, "Key", &found))
		st = carry_add(h, "Key", m->key, err);
	if (st == ST_OK && m->reason != NULL && !headers_find(h, "Mq-Reason", &found))
		st = carry_add(h, "Mq-Reason", m->reason, err);
	if (st == ST_OK && m->id[0] != '\0' && !headers_find(h, "Mq-Id", &found))
		st = carry_add(h, "Mq-Id", m->id, err);
	return st == ST_OK ? carry_add(h, VIA, via, err) : st;
}

void
carry_once(const struct message *m, const char *source, char key[129])
{
	struct error ignored = { 0 };
	size_t len = strlen(m->id);
	struct msgid fresh;

	if (len == 0 || m->changing) {
		id_make(clock_now(), &fresh);
		(void)strlcpy(key, fresh.text, 129);
	} else if (!m->derived && once_check(m->id, &ignored) == ST_OK)
		(void)strlcpy(key, m->id, 129);
	else
		/*
		 * An id of the engine's own is good for its queue alone, and may be no key of ours:
		 * hashes of it and of where it comes from are as good.
		 */
		(void)snprintf(key, 129, "hash-%016llx-%016llx%016llx",
		    (unsigned long long)fnv1a(source, strlen(source)),
		    (unsigned long long)fnv1a(m->id, len),
		    (unsigned long long)fnv1a(m->id + len / 2, len - len / 2));
}
