/*
 * cause.c: the cause of a failure: its reason without what differs from message to message.
 */
#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#include "base/name.h"
#include "spool/record.h"
#include "shared/cause.h"

#define HEX "0123456789abcdefABCDEF"
#define HASH_MIN 8	/* shorter runs of hex digits may be words */

/* The length of "exit-N" or "signal-N" at the beginning, or 0. */
static size_t
cause_own(const char *text)
{
	size_t len = strncmp(text, "exit-", 5) == 0 ? 5 : strncmp(text, "signal-", 7) == 0 ? 7 : 0;

	if (len == 0 || !isdigit((unsigned char)text[len]))
		return 0;
	len += strspn(text + len, "0123456789");
	return text[len] == '\0' || text[len] == ':' ? len : 0;
}

/* The length of a UUID, or 0. */
static size_t
cause_uuid(const char *text)
{
	static const size_t parts[] = { 8, 4, 4, 4, 12 };
	size_t at = 0;

	for (size_t i = 0; i < 5; i++) {
		if (strspn(text + at, HEX) != parts[i])
			return 0;
		at += parts[i];
		if (i < 4 && text[at++] != '-')
			return 0;
	}
	return at;
}

/* The length of a hash in hex digits, such as that of a commit, or 0. */
static size_t
cause_hash(const char *text)
{
	size_t len = strspn(text, HEX);

	if (len < HASH_MIN || isalnum((unsigned char)text[len]) ||
	    strcspn(text, "0123456789") >= len)
		return 0;
	return len;
}

/* The length of a number, an address or a time of day: digits with single dots, commas, colons. */
static size_t
cause_number(const char *text)
{
	size_t len = strspn(text, "0123456789");

	while (len > 0 && text[len] != '\0' && strchr(".,:", text[len]) != NULL &&
	    isdigit((unsigned char)text[len + 1]))
		len += 1 + strspn(text + len + 1, "0123456789");
	return len;
}

/* Whether the number behind this word tells one cause from another, as in "HTTP 503". */
static bool
cause_is_code(const char *word, size_t len)
{
	static const char *const words[] = { "http", "status", "code", "errno", "error", "exit",
	    "signal", "sqlstate" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strlen(words[i]) == len && strncasecmp(words[i], word, len) == 0)
			return true;
	return false;
}

/* The length of a number or an id that may differ from message to message, or 0. */
static size_t
cause_varies(const char *text, bool inside, bool code)
{
	size_t len = inside ? 0 : cause_uuid(text);

	if (len == 0 && !inside)
		len = cause_hash(text);
	return len > 0 || code ? len : cause_number(text);
}

void
cause_alike(const char *reason, char buf[CAUSE_MAX])
{
	size_t n = cause_own(reason), len;
	const char *p = reason + n;
	bool inside = false, code = false;	/* in a word; behind one that is_code */

	memcpy(buf, reason, n);
	while (*p != '\0' && n + 1 < CAUSE_MAX) {
		if ((len = cause_varies(p, inside, code)) > 0) {
			buf[n++] = '#';
			p += len;
		} else {
			for (len = 0; !inside && isalpha((unsigned char)p[len]); len++)
				continue;
			if (len > 0)
				code = cause_is_code(p, len);
			buf[n++] = *p++;
		}
		inside = isalnum((unsigned char)p[-1]);
	}
	buf[n] = '\0';
}

void
cause_of(struct queue *q, const struct place *p, char buf[CAUSE_MAX])
{
	char reason[CAUSE_MAX];

	buf[0] = '\0';
	if (p->name.reason[0] == '\0')
		return;
	msg_reason(q, p, reason, sizeof(reason));
	cause_alike(reason, buf);
}
