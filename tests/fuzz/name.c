/* name.c: names of messages, buckets and handles: what is written reads back equal. */
#include "mq.h"
#include "spool/queue.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_string(data, len), out[NAME_MAX_LEN + 1], back[NAME_MAX_LEN + 1], token[TOKEN_LEN + 1], bucket[BUCKET_MAX];
	struct msgname n, again;
	struct msgid id;
	struct bucket b;
	usec_t at;

	if (name_parse(text, &n) == NAME_OK) {
		/* The order of fields, and defaults that are spelt out, may differ the first time. */
		name_format(&n, out);
		check(name_parse(out, &again) == NAME_OK);
		name_format(&again, back);
		check(strcmp(out, back) == 0);
		check(id_time(&n.id) >= 0);
	}
	if (bucket_parse(text, &b))
		check(strcmp(b.name, text[0] == '+' ? text + 1 : text) == 0);
	if (handle_parse(text, &id, token, bucket))
		check(strlen(id.text) == ID_LEN && strlen(token) == TOKEN_LEN);
	(void)key_parse(text, &at);
	free(text);
	return 0;
}
