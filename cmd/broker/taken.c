/*
 * taken.c: a message that was taken and is not settled yet.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "broker/broker.h"

/* The texts of a message, of which some are NULL. */
#define TEXTS(m) { &(m)->queue, &(m)->id, &(m)->key, &(m)->once, &(m)->reason, &(m)->via }
#define NTEXTS 6

static size_t
taken_size(const struct message *m)
{
	const char *const *const texts[NTEXTS] = TEXTS(m);
	size_t size = m->headlen + m->bodylen + 1;

	for (size_t i = 0; i < NTEXTS; i++)
		size += *texts[i] != NULL ? strlen(*texts[i]) + 1 : 0;
	return size;
}

/* Copy bytes to *at, and move it behind them. */
static const char *
taken_put(char **at, const char *data, size_t len)
{
	char *to = *at;

	if (data == NULL)
		return NULL;
	memcpy(to, data, len);
	*at += len;
	return to;
}

struct taken *
taken_copy(const struct event_of_engine *ev)
{
	struct taken *h = calloc(1, sizeof(*h));
	char *at;

	if (h == NULL || (h->token = strdup(ev->token)) == NULL ||
	    (h->bytes = at = malloc(taken_size(&ev->message))) == NULL) {
		taken_free(h);
		return NULL;
	}
	h->m = ev->message;
	const char **texts[NTEXTS] = TEXTS(&h->m);
	for (size_t i = 0; i < NTEXTS; i++)
		if (*texts[i] != NULL)
			*texts[i] = taken_put(&at, *texts[i], strlen(*texts[i]) + 1);
	h->m.head = taken_put(&at, h->m.head, h->m.headlen);
	h->m.body = taken_put(&at, h->m.body, h->m.bodylen);
	return h;
}

void
taken_free(struct taken *h)
{
	if (h == NULL)
		return;
	free(h->token);
	free(h->bytes);
	free(h);
}

enum status
taken_write(const struct taken *h, int fd, struct error *err)
{
	size_t done = 0;
	ssize_t n;

	while (done < h->m.bodylen) {
		if ((n = write(fd, h->m.body + done, h->m.bodylen - done)) == -1 && errno != EINTR)
			return error_sys(err, errno, "write");
		done += n > 0 ? (size_t)n : 0;
	}
	return ST_OK;
}
