/*
 * job.c: a message as a job.  Jobs have no headers, so what is not the body is a block before it:
 * "mq1 LENGTH", a newline, LENGTH bytes of lines "Name: value" and an empty line, and the body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/beanstalk/inside.h"

#define PRI_STEP 1024

/* ---- make and read ------------------------------------------------------------ */

char *
job_make(const struct message *m, size_t *len)
{
	char prefix[32];
	size_t blocklen, n;
	char *block = map_block(m, &blocklen), *data = NULL;

	if (block == NULL)
		return NULL;
	n = (size_t)snprintf(prefix, sizeof(prefix), "mq1 %zu\n", blocklen);
	*len = n + blocklen + m->bodylen;
	if ((data = malloc(*len + 1)) != NULL) {
		memcpy(data, prefix, n);
		memcpy(data + n, block, blocklen);
		if (m->bodylen > 0)
			memcpy(data + n + blocklen, m->body, m->bodylen);
	}
	free(block);
	return data;
}

/* Whether it begins with a block; 'n' is where the block begins, and 'len' its length. */
static bool
job_block(const struct job *j, size_t *n, size_t *len)
{
	char text[32], *end;

	*n = 0;
	while (*n < j->len && *n < sizeof(text) - 1 && j->data[*n] != '\n') {
		text[*n] = j->data[*n];
		++*n;
	}
	text[*n] = '\0';
	if (*n == j->len || j->data[*n] != '\n' || strncmp(text, "mq1 ", 4) != 0 || text[4] < '0' ||
	    text[4] > '9')
		return false;
	*len = strtoul(text + 4, &end, 10);
	++*n;
	return *end == '\0' && *len <= j->len - *n;
}

void
job_read(const struct job *j, struct mapped *map, struct message *m)
{
	size_t n, len;

	if (job_block(j, &n, &len) && map_block_in(map, j->data + n, len))
		map_message(map, m);
	else {
		map_free(map);
		n = len = 0;
	}
	m->body = j->data + n + len;
	m->bodylen = j->len - n - len;
}

/* ---- priorities, ids ----------------------------------------------------------- */

int64_t
job_pri(int priority)
{
	return (int64_t)priority * PRI_STEP;
}

/* Others have other priorities: those beyond mq's are its last. */
int
job_priority(int64_t pri)
{
	return pri >= 9 * PRI_STEP ? 9 : (int)(pri / PRI_STEP);
}

void
job_head(char buf[128], int64_t pri, int64_t delay_ms, int64_t ttr, size_t len)
{
	(void)snprintf(buf, 128, "put %lld %lld %lld %zu", (long long)pri,
	    (long long)((delay_ms + 999) / 1000), (long long)ttr, len);
}

/*
 * Numbers of jobs begin anew when a server without a binlog is started, and an id must not come
 * twice.  So the server's own id is a part of it.
 */
void
job_id(const struct beanstalk *b, const struct job *j, char buf[80])
{
	(void)snprintf(buf, 80, "beanstalk-%s-%llu", b->instance, j->id);
}

char *
job_copy(struct beanstalk *b, const struct job *j, int64_t attempts, const char *reason,
    size_t *len)
{
	struct message m = MESSAGE_NONE;
	struct mapped map = { 0 };
	char id[80], *data;

	m.id = "";
	job_read(j, &map, &m);
	job_id(b, j, id);
	if (m.id[0] == '\0')
		m.id = id;
	if (m.enqueued == 0)
		m.enqueued = clock_now() - j->age * USEC;
	if (attempts >= 0)
		m.attempts = attempts;
	m.reason = reason;
	if ((data = job_make(&m, len)) != NULL && *len > (size_t)b->max_job) {
		free(data);
		data = NULL;
	}
	map_free(&map);
	return data;
}

/* ---- what the server tells ------------------------------------------------------ */

/* Lines "name: value". */
bool
stats_text(const char *text, size_t len, const char *name, char *out, size_t size)
{
	const char *end = text + len, *line, *next;
	size_t n = strlen(name);

	for (line = text; line < end; line = next) {
		if ((next = memchr(line, '\n', (size_t)(end - line))) == NULL)
			return false;
		if ((size_t)(next - line) > n + 2 && strncmp(line, name, n) == 0 &&
		    line[n] == ':') {
			(void)snprintf(out, size, "%.*s", (int)(next - line - n - 2), line + n + 2);
			return true;
		}
		next++;
	}
	return false;
}

int64_t
stats_number(const char *text, size_t len, const char *name)
{
	char value[40];

	return stats_text(text, len, name, value, sizeof(value)) ? strtoll(value, NULL, 10) : -1;
}
