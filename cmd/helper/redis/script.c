/*
 * script.c: calls of the script.  The server knows it by a sum, and may forget it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sha1.h>

#include "helper/redis/redis.h"

void
script_sum(char sum[41])
{
	/* By libmd: OpenSSL would read its configuration first, also without TLS. */
	(void)SHA1Data((const uint8_t *)script_text, strlen(script_text), sum);
}

void
script_args(const struct redis *r, struct args *a, const char *queue, const char *what)
{
	(void)snprintf(a->prefix, sizeof(a->prefix), "mq:{%s}:", queue);
	args_text(a, "EVALSHA");
	args_text(a, r->sum);
	args_text(a, "1");
	args_text(a, a->prefix);
	args_text(a, what);
}

/*
 * Keep the arguments from the number of keys on, as they are sent.  If there is no memory for them,
 * the call fails where it would have been sent again.
 */
static void
script_keep(struct call *call, const struct args *a)
{
	FILE *f;

	if ((f = open_memstream(&call->kept, &call->keptlen)) == NULL)
		return;
	for (int i = 2; i < a->n; i++) {
		(void)fprintf(f, "$%zu\r\n", a->arg[i].len);
		(void)fwrite(a->arg[i].data, 1, a->arg[i].len, f);
		(void)fputs("\r\n", f);
	}
	call->keptn = a->n - 2;
	if (fclose(f) != 0) {
		free(call->kept);
		call->kept = NULL;
	}
}

struct call *
script_send(struct redis *r, struct args *a, bool keep,
    void (*done)(struct redis *, struct call *, const struct reply *), const char *tag)
{
	struct call *call = client_send(r, &r->main, a, done, tag);

	if (call != NULL && keep)
		script_keep(call, a);
	return call;
}

/*
 * A push is not sent again: what mq sent after it may have arrived before.  It is refused, and the
 * script is made known for the next one.
 */
bool
script_again(struct redis *r, struct call *call)
{
	struct net *net = r->main.net;
	struct args load = { 0 };
	char head[80];

	if (call->kept == NULL) {
		args_text(&load, "SCRIPT");
		args_text(&load, "LOAD");
		args_text(&load, script_text);
		(void)client_send(r, &r->main, &load, NULL, NULL);
		return false;
	}
	call->start = net_put_count(net);
	STAILQ_INSERT_TAIL(&r->main.calls, call, link);
	net_put(net, head, (size_t)snprintf(head, sizeof(head), "*%d\r\n$4\r\nEVAL\r\n$%zu\r\n",
	    call->keptn + 2, strlen(script_text)));
	net_put(net, script_text, strlen(script_text));
	net_put(net, "\r\n", 2);
	net_put(net, call->kept, call->keptlen);
	free(call->kept);
	call->kept = NULL;
	return true;
}
