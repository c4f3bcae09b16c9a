/*
 * map.c: a message as names and values, and as one block of lines.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/envelope.h"
#include "base/name.h"
#include "helper/core/helper.h"

/* ---- out ------------------------------------------------------------------ */

static bool
map_headers(const struct message *m, bool (*fn)(void *, const char *, const char *), void *arg)
{
	struct headers all = { (char *)(uintptr_t)m->head, m->headlen };
	size_t pos = 0;
	struct header h;
	bool good = true;

	while (good && headers_next(&all, &pos, &h)) {
		char *text = malloc(h.namelen + h.valuelen + 2);
		if (text == NULL)
			return false;
		memcpy(text, h.name, h.namelen);
		text[h.namelen] = '\0';
		memcpy(text + h.namelen + 1, h.value, h.valuelen);
		text[h.namelen + 1 + h.valuelen] = '\0';
		good = fn(arg, text, text + h.namelen + 1);
		free(text);
	}
	return good;
}

bool
map_out(const struct message *m, bool (*fn)(void *, const char *, const char *), void *arg)
{
	char number[24], expires[TIME_MAX] = "", enqueued[TIME_MAX] = "", priority[4];

	(void)snprintf(number, sizeof(number), "%lld", (long long)m->attempts);
	(void)snprintf(priority, sizeof(priority), "%d", m->priority);
	if (m->expires != 0)
		time_format(m->expires, expires);
	if (m->enqueued != 0)
		time_format(m->enqueued, enqueued);
	return map_headers(m, fn, arg) &&
	       (m->id == NULL || m->id[0] == '\0' || fn(arg, "mq-id", m->id)) &&
	       (m->key == NULL || fn(arg, "mq-key", m->key)) &&
	       (m->priority == PRIORITY_DEFAULT || fn(arg, "mq-priority", priority)) &&
	       (m->expires == 0 || fn(arg, "mq-expires", expires)) &&
	       (m->enqueued == 0 || fn(arg, "mq-enqueued", enqueued)) &&
	       (m->attempts == 0 || fn(arg, "mq-attempts", number)) &&
	       (m->reason == NULL || fn(arg, "mq-reason", m->reason)) &&
	       (m->via == NULL || fn(arg, "mq-via", m->via)) &&
	       (!m->maybe || fn(arg, "mq-maybe", "1"));
}

/* ---- in ------------------------------------------------------------------- */

static void
map_text(struct mapped *p, char **to, const void *value, size_t len)
{
	char *text = malloc(len + 1);

	if (text == NULL) {
		p->broken = true;
		return;
	}
	memcpy(text, value, len);
	text[len] = '\0';
	free(*to);
	*to = text;
}

/* Whether the value is a number from 0 to 'max'. */
static bool
map_digits(const char *value, size_t len, int64_t max, int64_t *n)
{
	if (len == 0 || len > 10)
		return false;
	*n = 0;
	for (size_t i = 0; i < len; i++) {
		if (!isdigit((unsigned char)value[i]))
			return false;
		*n = *n * 10 + (value[i] - '0');
	}
	return *n <= max;
}

static void
map_time(const char *value, size_t len, usec_t *to)
{
	char text[TIME_MAX];
	struct error err = { 0 };
	usec_t t;

	if (len >= sizeof(text))
		return;
	memcpy(text, value, len);
	text[len] = '\0';
	if (time_parse(text, &t, &err) == ST_OK)
		*to = t;
}

/* Whether it is one of mq's own fields; then it was taken. */
static bool
map_own(struct mapped *p, const char *name, const char *value, size_t len)
{
	int64_t n;

	if (strncasecmp(name, "mq-", 3) != 0)
		return false;
	name += 3;
	if (strcasecmp(name, "id") == 0)
		map_text(p, &p->id, value, len);
	else if (strcasecmp(name, "key") == 0)
		map_text(p, &p->key, value, len);
	else if (strcasecmp(name, "reason") == 0)
		map_text(p, &p->reason, value, len);
	else if (strcasecmp(name, "via") == 0)
		map_text(p, &p->via, value, len);
	else if (strcasecmp(name, "expires") == 0)
		map_time(value, len, &p->expires);
	else if (strcasecmp(name, "enqueued") == 0)
		map_time(value, len, &p->enqueued);
	else if (strcasecmp(name, "maybe") == 0)
		p->maybe = true;
	else if (strcasecmp(name, "attempts") == 0 && map_digits(value, len, INT32_MAX, &n))
		p->attempts = n;
	else if (strcasecmp(name, "priority") == 0 && map_digits(value, len, 9, &n)) {
		p->priority = (int)n;
		p->seen_priority = true;
	} else
		return false;
	return true;
}

static void
map_add(struct mapped *p, const char *data, size_t len)
{
	if (p->headlen + len + 2 > p->headcap) {
		size_t cap = (p->headlen + len + 2) * 2;
		char *head = realloc(p->head, cap);
		if (head == NULL) {
			p->broken = true;
			return;
		}
		p->head = head;
		p->headcap = cap;
	}
	memcpy(p->head + p->headlen, data, len);
	p->headlen += len;
}

/* A name of mq has letters, digits, "-", "_" and ".", and is not longer than 64 bytes. */
static void
map_name(struct mapped *p, const char *name)
{
	char out[HEADER_NAME_MAX + 1];
	size_t len = 0;

	for (; *name != '\0' && len + 3 <= HEADER_NAME_MAX; name++) {
		if (isalnum((unsigned char)*name) || strchr("-_.", *name) != NULL)
			out[len++] = *name;
		else
			len += (size_t)snprintf(out + len, sizeof(out) - len, "_%02x",
			    (unsigned char)*name);
	}
	map_add(p, out, len);
}

void
map_in(struct mapped *p, const char *name, const void *value, size_t len)
{
	const char *text = value;
	size_t before = p->headlen;

	if (name[0] == '\0' || map_own(p, name, text, len))
		return;
	map_name(p, name);
	map_add(p, ": ", 2);
	while (len > 0 && (*text == ' ' || *text == '\t')) {
		text++;
		len--;
	}
	while (len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'))
		len--;
	for (size_t i = 0; i < len; i++) {
		char c = text[i];
		if (((unsigned char)c < ' ' && c != '\t') || c == 0x7f)
			c = '?';
		map_add(p, &c, 1);
	}
	map_add(p, "\n", 1);
	/* The empty line at the end has to fit, too. */
	if (p->headlen + 1 > HEADERS_MAX)
		p->headlen = before;
}

void
map_message(struct mapped *p, struct message *m)
{
	if (p->headlen > 0)
		p->head[p->headlen] = '\n';	/* map_add leaves room for it */
	m->head = p->headlen > 0 ? p->head : NULL;
	m->headlen = p->headlen > 0 ? p->headlen + 1 : 0;
	if (p->id != NULL)
		m->id = p->id;
	m->key = p->key;
	m->reason = p->reason;
	m->via = p->via;
	if (p->seen_priority)
		m->priority = p->priority;
	if (p->expires != 0)
		m->expires = p->expires;
	if (p->enqueued != 0)
		m->enqueued = p->enqueued;
	if (p->attempts != 0)
		m->attempts = p->attempts;
	m->maybe = m->maybe || p->maybe;
}

void
map_free(struct mapped *p)
{
	free(p->head);
	free(p->id);
	free(p->key);
	free(p->reason);
	free(p->via);
	*p = (struct mapped){ 0 };
}

/* ---- one block ------------------------------------------------------------ */

static bool
map_line(void *arg, const char *name, const char *value)
{
	return fprintf(arg, "%s: %s\n", name, value) > 0;
}

char *
map_block(const struct message *m, size_t *len)
{
	char *text = NULL;
	bool good;
	FILE *f;

	if ((f = open_memstream(&text, len)) == NULL)
		return NULL;
	good = map_out(m, map_line, f) && fputc('\n', f) != EOF;
	if (fclose(f) == 0 && good)
		return text;
	free(text);
	return NULL;
}

bool
map_block_in(struct mapped *p, const void *block, size_t len)
{
	const char *text = block, *end = text + len;

	while (text < end && *text != '\n') {
		const char *line = memchr(text, '\n', (size_t)(end - text)), *colon;
		char name[HEADER_NAME_MAX + 1];
		if (line == NULL || (colon = memchr(text, ':', (size_t)(line - text))) == NULL ||
		    colon == text || (size_t)(colon - text) >= sizeof(name))
			return false;
		memcpy(name, text, (size_t)(colon - text));
		name[colon - text] = '\0';
		colon += colon + 1 < line && colon[1] == ' ' ? 2 : 1;
		map_in(p, name, colon, (size_t)(line - colon));
		text = line + 1;
	}
	return text < end;
}
