/*
 * stored.c: messages that were asked for by their sequence number.  They come as JSON, with the
 * headers and the body in base64.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/nats/inside.h"

static int
base64_value(char c)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c != '\0' ? strchr(all, c) : NULL;

	return at != NULL ? (int)(at - all) : -1;
}

/* The bytes, with a NUL behind them; the caller frees them. */
static char *
base64_decode(const char *text, size_t *len)
{
	char *out = malloc(strlen(text) / 4 * 3 + 4);
	uint32_t bits = 0;
	int n = 0, v;

	*len = 0;
	if (out == NULL)
		return NULL;
	for (; (v = base64_value(*text)) != -1; text++) {
		bits = bits << 6 | (uint32_t)v;
		n += 6;
		if (n >= 8) {
			n -= 8;
			out[(*len)++] = (char)(bits >> n & 0xff);
		}
	}
	out[*len] = '\0';
	return out;
}

/* A block of headers: a line "NATS/1.0", and then lines "Name: value". */
static void
stored_headers(natsMsg *msg, char *block)
{
	char *save = NULL, *line = strtok_r(block, "\r\n", &save);

	while (line != NULL && (line = strtok_r(NULL, "\r\n", &save)) != NULL) {
		char *colon = strchr(line, ':');
		if (colon == NULL || colon == line)
			continue;
		*colon++ = '\0';
		(void)natsMsgHeader_Add(msg, line, colon + strspn(colon, " \t"));
	}
}

/* The message as it would have been delivered. */
static natsMsg *
stored_message(const json_t *j)
{
	size_t len, bodylen;
	char *block = base64_decode(json_text(j, "hdrs"), &len);
	char *body = base64_decode(json_text(j, "data"), &bodylen);
	natsMsg *msg = NULL;

	if (block != NULL && body != NULL &&
	    natsMsg_Create(&msg, json_text(j, "subject"), NULL, body, (int)bodylen) == NATS_OK)
		stored_headers(msg, block);
	free(block);
	free(body);
	return msg;
}

/* The server tells nanoseconds; mq has microseconds. */
usec_t
stored_time(const char *text)
{
	struct error err = { 0 };
	char out[TIME_MAX];
	const char *dot = strchr(text, '.');
	usec_t t;

	if (dot == NULL)
		(void)snprintf(out, sizeof(out), "%.30s", text);
	else
		(void)snprintf(out, sizeof(out), "%.*s.%.*sZ", (int)(dot - text), text,
		    (int)(strspn(dot + 1, "0123456789") < 6 ? strspn(dot + 1, "0123456789") : 6),
		    dot + 1);
	return time_parse(out, &t, &err) == ST_OK ? t : 0;
}

bool
stored_read(const struct answer *r, const char *stream, struct stored *s)
{
	const json_t *j = json_at(r->json, "message");

	*s = (struct stored){ .m = MESSAGE_NONE };
	if (j == NULL || (s->msg = stored_message(j)) == NULL)
		return false;
	s->seq = (uint64_t)json_number(j, "seq");
	s->m.enqueued = stored_time(json_text(j, "time"));
	copy_in(s->msg, &s->map, &s->m);
	if (s->m.id == NULL || s->m.id[0] == '\0') {
		(void)snprintf(s->id, sizeof(s->id), "nats-%s-%llu-%lld", stream,
		    (unsigned long long)s->seq, (long long)s->m.enqueued);
		s->m.id = s->id;
		s->m.derived = true;
	}
	return true;
}

void
stored_free(struct stored *s)
{
	map_free(&s->map);
	natsMsg_Destroy(s->msg);
}
