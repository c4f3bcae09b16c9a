/* conf.c: policy files; what is accepted can be edited and is accepted again. */
#include "mq.h"
#include "spool/queue.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const char *const assign[] = { "lease=7s", "attempts=3" };
	char *text = as_string(data, len), *out;
	struct error err;
	size_t outlen;

	error_clear(&err);
	if (conf_check(text, len, "queue.conf", &err) == ST_OK) {
		check(conf_edit(text, len, assign, 2, &out, &outlen, &err) == ST_OK || err.text[0] != '\0');
		if (out != NULL)
			check(conf_check(out, outlen, "queue.conf", &err) == ST_OK);
		free(out);
	} else
		check(err.text[0] != '\0');
	free(text);
	return 0;
}
