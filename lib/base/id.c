/*
 * id.c: names of states and queues, ids of messages, tokens of claims, the hash of keys.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/name.h"

const char *const state_names[NSTATES] = {
	[STATE_READY] = "ready",
	[STATE_DELAYED] = "delayed",
	[STATE_CLAIMED] = "claimed",
	[STATE_HELD] = "held",
	[STATE_DEAD] = "dead",
	[STATE_DONE] = "done",
};

int
state_parse(const char *text)
{
	for (int s = 0; s < NSTATES; s++)
		if (strcmp(text, state_names[s]) == 0)
			return s;
	return -1;
}

bool
queue_name_ok(const char *text)
{
	size_t len;

	if (*text == '.' || *text == '-')
		return false;
	for (len = 0; text[len] != '\0'; len++)
		if (len == QUEUE_NAME_MAX || (!is_alnum(text[len]) &&
		    strchr("._-", text[len]) == NULL))
			return false;
	return len > 0;
}

/*
 * UUIDv7 (RFC 9562 section 5.7, with method 3 of 6.2): 48 bits of milliseconds,
 * version, 12 bits of the fraction of the millisecond, variant, 62 random bits.
 */
void
id_derive(usec_t at, uint64_t random, struct msgid *id)
{
	uint64_t us = at > 0 ? (uint64_t)at : 0;
	uint64_t ms = us / 1000 & 0xffffffffffff;
	unsigned fraction = (unsigned)(us % 1000 * 4096 / 1000);
	uint64_t tail = (random & 0x3fffffffffffffff) | 0x8000000000000000;

	(void)snprintf(id->text, sizeof(id->text),
	    "%08" PRIx64 "-%04" PRIx64 "-7%03x-%04" PRIx64 "-%012" PRIx64,
	    ms >> 16, ms & 0xffff, fraction, tail >> 48, tail & 0xffffffffffff);
}

void
id_make(usec_t at, struct msgid *id)
{
	uint64_t random;

	arc4random_buf(&random, sizeof(random));
	id_derive(at, random, id);
}

bool
id_prefix(const char *text)
{
	static const char form[] = "xxxxxxxx-xxxx-7xxx-vxxx-xxxxxxxxxxxx";

	for (int i = 0; i < ID_LEN; i++) {
		char c = text[i];
		if (form[i] == 'x' ? !is_hex(c) :
		    form[i] == 'v' ? c != '8' && c != '9' && c != 'a' && c != 'b' : c != form[i])
			return false;
	}
	return true;
}

bool
id_ok(const char *text)
{
	return id_prefix(text) && text[ID_LEN] == '\0';
}

usec_t
id_time(const struct msgid *id)
{
	uint64_t ms = strtoull(id->text, NULL, 16) << 16 | strtoull(id->text + 9, NULL, 16);
	uint64_t fraction = strtoull(id->text + 15, NULL, 16);

	/*
	 * The fraction was rounded down, so it is rounded up here.  That is exact for every
	 * microsecond.
	 */
	return (usec_t)(ms * 1000 + (fraction * 1000 + 4095) / 4096);
}

uint64_t
fnv1a(const void *data, size_t len)
{
	const unsigned char *p = data;
	uint64_t h = 0xcbf29ce484222325ULL;

	for (size_t i = 0; i < len; i++)
		h = (h ^ p[i]) * 0x100000001b3ULL;
	return h;
}

void
order_hash(const char *key, char buf[ORDER_LEN + 1])
{
	(void)snprintf(buf, ORDER_LEN + 1, "%016" PRIx64, fnv1a(key, strlen(key)));
}

void
token_make(char buf[TOKEN_LEN + 1])
{
	uint64_t random;

	arc4random_buf(&random, sizeof(random));
	(void)snprintf(buf, TOKEN_LEN + 1, "%016" PRIx64, random);
}
