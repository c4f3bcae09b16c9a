/*
 * vars.c: the variables in the environment of a handler that differ from message to message.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/env.h"
#include "worker/handler.h"
#include "worker/sources.h"

enum status
env_message(struct env *e, const struct launch *l, const struct claim *c, struct error *err)
{
	const struct msgname *n = &c->at.name;
	char handle[HANDLE_MAX], at[TIME_MAX];
	struct headers headers;
	enum status st;

	env_share(e, l->env, l->nenv);
	handle_format(&c->at, handle);
	time_format(id_time(&n->id), at);
	env_set(e, "MQ_ID", "%s", n->id.text);
	env_set(e, "MQ_ATTEMPT", "%d", n->attempts + 1);
	env_set(e, "MQ_MAX_ATTEMPTS", "%lld", (long long)l->source->policy->attempts);
	env_set(e, "MQ_PRIORITY", "%d", n->priority);
	env_set(e, "MQ_ENQUEUED", "%s", at);
	if (n->token[0] != '\0')	/* else it cannot be ended from outside */
		env_set(e, "MQ_HANDLE", "%s", handle);
	if ((st = msg_headers(c->fd, n, &headers, err)) != ST_OK)
		return st;
	env_headers(e, &headers);
	headers_free(&headers);
	return env_end(e, err);
}

enum status
env_part(struct env *e, const struct launch *l, const struct handler *h, struct error *err)
{
	char *ids = malloc((size_t)h->part * (ID_LEN + 1) + 1), *at = ids;

	env_share(e, l->env, l->nenv);
	if (ids == NULL)
		return error_sys(err, ENOMEM, "environment of the handler");
	for (int i = 0; i < h->part; i++)
		if (h->claim[i].fd != -1) {
			memcpy(at, h->claim[i].at.name.id.text, ID_LEN);
			at[ID_LEN] = ' ';
			at += ID_LEN + 1;
		}
	at[at > ids ? -1 : 0] = '\0';
	env_set(e, "MQ_BATCH", "%d", h->ran);
	env_set(e, "MQ_IDS", "%s", ids);
	env_set(e, "MQ_RESULT_FD", "%d", RESULT_FD);
	free(ids);
	return env_end(e, err);
}

enum status
env_stay(struct env *e, const struct launch *l, struct error *err)
{
	env_share(e, l->env, l->nenv);
	return env_end(e, err);
}
