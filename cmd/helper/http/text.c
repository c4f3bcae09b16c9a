/*
 * text.c: texts in JSON, in base64, and as hashes.
 */
#include <openssl/evp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/http/http.h"

#define SKEW_MAX 60	/* seconds that two clocks may differ */

const char *
text_of(const json_t *object, const char *name)
{
	const char *text = json_string_value(json_object_get(object, name));

	return text != NULL ? text : "";
}

char *
text_print(const char *fmt, ...)
{
	char *text = NULL;
	va_list ap;

	va_start(ap, fmt);
	if (vasprintf(&text, fmt, ap) == -1)
		text = NULL;
	va_end(ap);
	return text;
}

char *
text_base64(const void *data, size_t len)
{
	char *text = malloc((len + 2) / 3 * 4 + 1);

	if (text != NULL)
		(void)EVP_EncodeBlock((unsigned char *)text, data, (int)len);
	return text;
}

void *
text_unbase64(const char *text, size_t textlen, size_t *len)
{
	unsigned char *data;
	int n;

	if (textlen % 4 != 0 || textlen > INT32_MAX || (data = malloc(textlen / 4 * 3 + 1)) == NULL)
		return NULL;
	if ((n = EVP_DecodeBlock(data, (const unsigned char *)text, (int)textlen)) == -1) {
		free(data);
		return NULL;
	}
	/* It counts what the padding stands for, too. */
	for (size_t i = 1; i <= 2 && i <= textlen && text[textlen - i] == '='; i++)
		n--;
	*len = (size_t)n;
	data[n] = '\0';
	return data;
}

/* The code point at the text and its length, or 0 as its length if it is no UTF-8. */
static size_t
text_point(const unsigned char *s, size_t len, uint32_t *point)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 :
	    s[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	*point = n == 1 ? s[0] : s[0] & (0xffU >> (n + 1));
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		*point = *point << 6 | (s[i] & 0x3f);
	}
	if (*point < least[n] || *point > 0x10ffff || (*point >= 0xd800 && *point < 0xe000))
		return 0;
	return n;
}

static bool
text_points(const char *data, size_t len, bool (*good)(uint32_t point))
{
	const unsigned char *s = (const unsigned char *)data;
	uint32_t point;
	size_t n;

	for (size_t i = 0; i < len; i += n)
		if ((n = text_point(s + i, len - i, &point)) == 0 || !good(point))
			return false;
	return true;
}

static bool
point_plain(uint32_t p)
{
	return p == '\t' || p == '\n' || p == '\r' || (p >= ' ' && p != 0xfffe && p != 0xffff);
}

static bool
point_any(uint32_t p)
{
	return p != 0;
}

bool
text_plain(const char *data, size_t len)
{
	return text_points(data, len, point_plain);
}

bool
text_utf8(const char *data, size_t len)
{
	return text_points(data, len, point_any);
}

void
text_skew(const char *date, char *buf, size_t len)
{
	time_t there = curl_getdate(date, NULL), here = (time_t)(clock_now() / USEC);
	char now[TIME_MAX];

	buf[0] = '\0';
	if (date[0] == '\0' || there == -1 || (there - here < SKEW_MAX && here - there < SKEW_MAX))
		return;
	time_format(clock_now(), now);
	(void)snprintf(buf, len,
	    "; the clock here says %s, the server's says %s: set the clock right", now, date);
}

bool
text_hash(const char *kind, const void *data, size_t len, char *buf, size_t buflen)
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	size_t n = 0;

	if (EVP_Q_digest(NULL, kind, NULL, data, len, hash, &n) != 1 || n * 2 + 1 > buflen)
		return false;
	for (size_t i = 0; i < n; i++)
		(void)snprintf(buf + 2 * i, 3, "%02x", hash[i]);
	return true;
}
