/*
 * copy.c: messages of mq as messages of NATS, and back.
 *
 * Headers of NATS are a block of lines, but libnats has them as a table without an order.  So a
 * message with several headers tells their order in one more of them, mq-order.  A header without a
 * value is in mq-order alone, as "NAME=": libnats would read the line behind it as its value.
 * Headers that begin with "Nats-" are orders to the server (Nats-Rollup deletes what is stored), so
 * they go under another name.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "helper/nats/inside.h"

#define ORDER "mq-order"
#define ESCAPE "mq-as-"

/* ---- out ------------------------------------------------------------------- */

struct out {
	natsMsg *msg;
	FILE *order;
	char last[80];		/* the header before */
	bool mixed;		/* the order has to be told */
	size_t size;
	natsStatus st;
};

static bool
out_add(struct out *o, const char *name, const char *value)
{
	o->size += strlen(name) + strlen(value) + 4;
	return (o->st = natsMsgHeader_Add(o->msg, name, value)) == NATS_OK;
}

static bool
out_header(void *arg, const char *name, const char *value)
{
	struct out *o = arg;
	char other[80];

	if (strncasecmp(name, "Nats-", 5) == 0) {
		(void)snprintf(other, sizeof(other), ESCAPE "%s", name);
		name = other;
	} else if (strncasecmp(name, "mq-", 3) == 0)
		return out_add(o, name, value);
	value += strspn(value, " \t");
	o->mixed = o->mixed || value[0] == '\0' ||
	    (o->last[0] != '\0' && strcmp(o->last, name) != 0);
	(void)fprintf(o->order, "%s%s%s", o->last[0] != '\0' ? "," : "", name,
	    value[0] == '\0' ? "=" : "");
	(void)snprintf(o->last, sizeof(o->last), "%s", name);
	return value[0] == '\0' || out_add(o, name, value);
}

static bool
out_headers(struct out *o, const struct message *m, const char *once)
{
	char *order = NULL;
	size_t len;
	bool good;

	if ((o->order = open_memstream(&order, &len)) == NULL)
		return false;
	good = map_out(m, out_header, o);
	good = fclose(o->order) == 0 && good;
	good = good && (!o->mixed || out_add(o, ORDER, order));
	free(order);
	return good && (once == NULL || out_add(o, "Nats-Msg-Id", once));
}

bool
copy_out(struct nats *n, const struct message *m, const char *subject, const char *reply,
    const char *once, natsMsg **out, struct trouble *t)
{
	struct out o = { .size = 12 };

	*out = NULL;
	if ((o.st = natsMsg_Create(&o.msg, subject, reply, m->body, (int)m->bodylen)) != NATS_OK ||
	    !out_headers(&o, m, once)) {
		natsMsg_Destroy(o.msg);
		return trouble_set(t, CLASS_AGAIN, "out of memory");
	}
	o.size += m->bodylen;
	if (o.size > (size_t)n->max_payload) {
		natsMsg_Destroy(o.msg);
		return trouble_set(t, CLASS_LARGE, "%zu bytes with the headers; this server "
		    "takes %lld (max_payload)", o.size, (long long)n->max_payload);
	}
	*out = o.msg;
	return true;
}

/* ---- in ------------------------------------------------------------------- */

static void
in_header(struct mapped *map, const char *name, const char *value, size_t len)
{
	if (strncasecmp(name, ESCAPE, strlen(ESCAPE)) == 0)
		map_in(map, name + strlen(ESCAPE), value, len);
	else if (strcasecmp(name, "Nats-Msg-Id") == 0) {
		/* Who pushes without mq has no other id. */
		if (map->id == NULL)
			map_in(map, "mq-id", value, len);
	} else if (strncasecmp(name, "Nats-", 5) != 0 && strcasecmp(name, ORDER) != 0)
		map_in(map, name, value, len);
}

struct key { const char *name; const char **values; int n, next; };

static int
key_compare(const void *a, const void *b)
{
	const struct key *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The table of all headers, in the order of their names. */
static struct key *
keys_load(natsMsg *msg, int *n)
{
	const char **names = NULL;
	struct key *keys = NULL;

	*n = 0;
	if (natsMsgHeader_Keys(msg, &names, n) != NATS_OK)
		return NULL;
	if ((keys = calloc((size_t)*n, sizeof(*keys))) == NULL)
		*n = 0;
	for (int i = 0; i < *n; i++) {
		keys[i].name = names[i];
		if (natsMsgHeader_Values(msg, names[i], &keys[i].values, &keys[i].n) != NATS_OK)
			keys[i].n = 0;
	}
	free(names);
	if (keys != NULL)
		qsort(keys, (size_t)*n, sizeof(*keys), key_compare);
	return keys;
}

static void
key_take(struct mapped *map, struct key *k)
{
	const char *value = k->values[k->next++];

	in_header(map, k->name, value, strlen(value));
}

/* First as mq-order says, and then whatever it does not name. */
static void
keys_map(struct mapped *map, natsMsg *msg, struct key *keys, int n)
{
	const char *order = NULL;

	if (natsMsgHeader_Get(msg, ORDER, &order) != NATS_OK || order == NULL)
		order = "";
	while (*order != '\0') {
		char name[80];
		size_t len = strcspn(order, ",");
		struct key want = { .name = name }, *k = NULL;
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, order);
		order += order[len] == ',' ? len + 1 : len;
		if (strchr(name, '=') != NULL) {
			name[strcspn(name, "=")] = '\0';
			in_header(map, name, "", 0);
		} else if (n > 0)
			k = bsearch(&want, keys, (size_t)n, sizeof(*keys), key_compare);
		if (k != NULL && k->next < k->n)
			key_take(map, k);
	}
	for (int i = 0; i < n; i++)
		while (keys[i].next < keys[i].n)
			key_take(map, &keys[i]);
}

void
copy_in(natsMsg *msg, struct mapped *map, struct message *m)
{
	int n;
	struct key *keys = keys_load(msg, &n);

	keys_map(map, msg, keys, n);
	for (int i = 0; i < n; i++)
		free((void *)keys[i].values);
	free(keys);
	map_message(map, m);
	m->body = natsMsg_GetData(msg);
	m->bodylen = (size_t)natsMsg_GetDataLength(msg);
}

/* ---- tokens ---------------------------------------------------------------- */

/*
 * A token is the reply subject of a delivery: $JS.ACK.STREAM.CONSUMER.DELIVERIES.SEQUENCE.N.TIME.
 * PENDING; newer servers may have a domain and a hash before the stream, and a word at the end.
 */
bool
token_parse(const char *text, struct token *t)
{
	char copy[FRAME_TOKEN_MAX + 1], *words[14], **word, *w, *save = NULL;
	int n = 0;

	if (strncmp(text, "$JS.ACK.", 8) != 0 || strlen(text) >= sizeof(copy) ||
	    strpbrk(text, " *>\t\r\n") != NULL)
		return false;
	memcpy(copy, text, strlen(text) + 1);
	for (w = strtok_r(copy, ".", &save); w != NULL && n < 14; w = strtok_r(NULL, ".", &save))
		words[n++] = w;
	if (n < 9)
		return false;
	word = words + (n >= 11 ? 4 : 2);
	if (strlen(word[0]) >= sizeof(t->queue))
		return false;
	memcpy(t->queue, word[0], strlen(word[0]) + 1);
	t->deliveries = strtoull(word[2], NULL, 10);
	t->seq = strtoull(word[3], NULL, 10);
	t->stored_ns = strtoll(word[5], NULL, 10);
	return true;
}
