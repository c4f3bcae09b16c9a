/* headers.c: header blocks, and lines that a user gives for one. */
#include "mq.h"
#include "spool/queue.h"

#include "fuzz.h"

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct headers h = { .block = as_string(data, len), .len = len }, made = { 0 };
	struct header one;
	struct error err;
	size_t pos = 0, n = 0;

	error_clear(&err);
	if (headers_valid(&h)) {
		check(len <= HEADERS_MAX);
		while (headers_next(&h, &pos, &one)) {
			check(one.name >= h.block && one.value + one.valuelen <= h.block + len);
			check(one.namelen > 0);
			n++;
		}
		check(n > 0 && pos <= len);
	}
	if (headers_add(&made, h.block, &err) == ST_OK)
		check(headers_valid(&made));
	headers_free(&made);
	free(h.block);
	return 0;
}
