/*
 * handles.c: handles, by which a command names a claim.
 */
#include <stdio.h>
#include <string.h>

#include "base/chars.h"
#include "base/name.h"

void
handle_format(const struct place *p, char buf[HANDLE_MAX])
{
	(void)snprintf(buf, HANDLE_MAX, "%s,%s,%s", p->name.id.text, p->name.token,
	    p->bucket + (p->bucket[0] == '+'));
}

static bool
bucket_ok(const char *text)
{
	usec_t key;

	if (text[0] != '\0' && text[1] == '.') {
		if (text[0] != 'w' && !is_digit(text[0]))
			return false;
		text += 2;
	}
	return key_parse(text, &key) && text[KEY_LEN] == '\0';
}

bool
handle_parse(const char *text, struct msgid *id, char token[TOKEN_LEN + 1],
    char bucket[BUCKET_MAX])
{
	const char *at;
	size_t len = 0;

	if (!id_prefix(text) || text[ID_LEN] != ',')
		return false;
	at = text + ID_LEN + 1;
	while (is_hex(at[len]))
		len++;
	if (len != TOKEN_LEN || at[len] != ',' || !bucket_ok(at + len + 1))
		return false;
	memcpy(id->text, text, ID_LEN);
	id->text[ID_LEN] = '\0';
	memcpy(token, at, TOKEN_LEN);
	token[TOKEN_LEN] = '\0';
	(void)strlcpy(bucket, at + len + 1, BUCKET_MAX);
	return true;
}
