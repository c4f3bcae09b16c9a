/* format.c: the file .mq. */
#include "mq.h"
#include "spool/queue.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_string(data, len);
	struct error err;

	error_clear(&err);
	if (format_check("spool", text, len, &err) == ST_OK)
		check(strncmp(text, "mq-spool 1", 10) == 0 && strstr(text, "\nfeature ") == NULL);
	else
		check(err.text[0] != '\0');
	free(text);
	return 0;
}
