/* clock.c: durations and times. */
#include "mq.h"
#include "spool/queue.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	char *text = as_string(data, len), out[DURATION_MAX];
	struct error err;
	usec_t d, again;

	error_clear(&err);
	if (duration_parse(text, &d, &err) == ST_OK) {
		check(d >= 0);
		duration_format(d, out);
		check(duration_parse(out, &again, &err) == ST_OK && again == d);
	} else
		check(err.text[0] != '\0');
	free(text);
	return 0;
}
