/*
 * parcel.c: a message as it is sent: properties, headers, body.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/name.h"
#include "helper/amqp/amqp.h"

#define SHORT_MAX 255	/* bytes of a property */
#define POOL_PAGE 4096

amqp_bytes_t
parcel_text(amqp_pool_t *pool, const char *text)
{
	amqp_bytes_t b = { .len = strlen(text) };

	if (b.len == 0 || (b.bytes = amqp_pool_alloc(pool, b.len)) == NULL)
		return amqp_empty_bytes;
	memcpy(b.bytes, text, b.len);
	return b;
}

static char *
parcel_string(amqp_pool_t *pool, const char *text)
{
	size_t size = strlen(text) + 1;
	char *copy = amqp_pool_alloc(pool, size);

	return copy != NULL ? memcpy(copy, text, size) : NULL;
}

void
parcel_free(struct parcel *p)
{
	empty_amqp_pool(&p->pool);
}

/* ---- from a message of mq ------------------------------------------------------ */

struct named_value { const char *name, *value; bool used; };

struct collected {
	struct parcel *out;
	struct named_value *all;
	size_t n, cap;
};

/* Names and values with places of their own among the properties; true if it went there. */
static bool
parcel_property(struct parcel *p, const char *name, const char *value)
{
	const struct { const char *name; amqp_flags_t flag; amqp_bytes_t *to; } properties[] = {
		{ "mq-id", AMQP_BASIC_MESSAGE_ID_FLAG, &p->p.message_id },
		{ "Content-Type", AMQP_BASIC_CONTENT_TYPE_FLAG, &p->p.content_type },
		{ "Reply-To", AMQP_BASIC_REPLY_TO_FLAG, &p->p.reply_to },
		{ "Correlation-Id", AMQP_BASIC_CORRELATION_ID_FLAG, &p->p.correlation_id } };

	if (strlen(value) > SHORT_MAX)
		return false;
	for (size_t i = 0; i < sizeof(properties) / sizeof(properties[0]); i++) {
		if (strcmp(name, properties[i].name) != 0 ||
		    (p->p._flags & properties[i].flag) != 0)
			continue;
		*properties[i].to = parcel_text(&p->pool, value);
		p->p._flags |= properties[i].flag;
		return true;
	}
	return false;
}

static bool
parcel_collect(void *arg, const char *name, const char *value)
{
	struct collected *c = arg;
	struct named_value *v;
	char escaped[SHORT_MAX + 1];

	if (parcel_property(c->out, name, value))
		return true;
	if (table_reserved(name)) {
		(void)snprintf(escaped, sizeof(escaped), TABLE_ESCAPE "%s", name);
		name = escaped;
	}
	if (c->n == c->cap) {
		c->cap = c->cap * 2 + 16;
		if ((v = realloc(c->all, c->cap * sizeof(*v))) == NULL)
			return false;
		c->all = v;
	}
	v = &c->all[c->n++];
	*v = (struct named_value){ .name = parcel_string(&c->out->pool, name),
	    .value = parcel_string(&c->out->pool, value) };
	return v->name != NULL && v->value != NULL;
}

/* A name that comes more than once has an array of all its values. */
static bool
parcel_entry(struct collected *c, size_t i, amqp_table_entry_t *to)
{
	const char *name = c->all[i].name;
	amqp_field_value_t *values;
	size_t n = 0, at = 0;

	for (size_t k = i; k < c->n; k++)
		n += !c->all[k].used && strcmp(c->all[k].name, name) == 0;
	*to = table_text(name, amqp_cstring_bytes(c->all[i].value));
	if (n == 1)
		return true;
	if ((values = amqp_pool_alloc(&c->out->pool, n * sizeof(*values))) == NULL)
		return false;
	for (size_t k = i; k < c->n; k++) {
		if (c->all[k].used || strcmp(c->all[k].name, name) != 0)
			continue;
		values[at++] = table_text(name, amqp_cstring_bytes(c->all[k].value)).value;
		c->all[k].used = true;
	}
	to->value.kind = AMQP_FIELD_KIND_ARRAY;
	to->value.value.array = (amqp_array_t){ .num_entries = (int)n, .entries = values };
	return true;
}

static bool
parcel_headers(struct collected *c)
{
	amqp_table_t *t = &c->out->p.headers;

	*t = (amqp_table_t){ 0 };
	if (c->n == 0)
		return true;
	if ((t->entries = amqp_pool_alloc(&c->out->pool, c->n * sizeof(t->entries[0]))) == NULL)
		return false;
	for (size_t i = 0; i < c->n; i++)
		if (!c->all[i].used && !parcel_entry(c, i, &t->entries[t->num_entries++]))
			return false;
	c->out->p._flags |= AMQP_BASIC_HEADERS_FLAG;
	return true;
}

/* A message without an id gets one, so that it is the same at each delivery. */
static void
parcel_id(struct parcel *p)
{
	char id[40];

	if ((p->p._flags & AMQP_BASIC_MESSAGE_ID_FLAG) != 0)
		return;
	(void)snprintf(
	    id, sizeof(id), "amqp-%08x%08x%08x", arc4random(), arc4random(), arc4random());
	p->p.message_id = parcel_text(&p->pool, id);
	p->p._flags |= AMQP_BASIC_MESSAGE_ID_FLAG;
}

/* The server delivers those with a higher number first, if it goes by that at all. */
static void
parcel_fixed(struct parcel *p, const struct message *m)
{
	p->p._flags |= AMQP_BASIC_DELIVERY_MODE_FLAG | AMQP_BASIC_PRIORITY_FLAG |
	    AMQP_BASIC_TIMESTAMP_FLAG | AMQP_BASIC_APP_ID_FLAG;
	p->p.delivery_mode = AMQP_DELIVERY_PERSISTENT;
	p->p.priority = (uint8_t)(9 - m->priority);
	p->p.timestamp = (uint64_t)((m->enqueued != 0 ? m->enqueued : clock_now()) / USEC);
	p->p.app_id = amqp_cstring_bytes("mq");
}

bool
parcel_message(struct parcel *out, const struct message *m, struct trouble *f)
{
	struct message with = *m;
	struct collected c = { .out = out };
	bool good;

	*out = (struct parcel){.body = {.len = m->bodylen, .bytes = (void *)(uintptr_t)m->body}};
	init_amqp_pool(&out->pool, POOL_PAGE);
	if (with.enqueued == 0)
		with.enqueued = clock_now();
	good = map_out(&with, parcel_collect, &c) && parcel_headers(&c);
	free(c.all);
	parcel_id(out);
	parcel_fixed(out, &with);
	if (!good) {
		parcel_free(out);
		return trouble_set(f, CLASS_AGAIN, "no memory");
	}
	return true;
}

/* ---- a copy -------------------------------------------------------------------- */

static bool
parcel_kept(const amqp_table_entry_t *e)
{
	static const char *const changed[] = { "mq-attempts", "mq-reason" };

	for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++)
		if (e->key.len == strlen(changed[i]) &&
		    memcmp(e->key.bytes, changed[i], e->key.len) == 0)
			return false;
	return !table_servers(&e->key);
}

/*
 * "expiration" would end it in the queue that it goes to, such as that of the dead letters, and the
 * server accepts no "user-id" but that of who is logged in.
 */
bool
parcel_copy(struct parcel *out, const amqp_message_t *from, int64_t attempts, const char *reason)
{
	const amqp_table_t *t = &from->properties.headers;
	int n = (from->properties._flags & AMQP_BASIC_HEADERS_FLAG) != 0 ? t->num_entries : 0;
	amqp_table_entry_t *e;
	char number[24];

	*out = (struct parcel){ .p = from->properties, .body = from->body };
	init_amqp_pool(&out->pool, POOL_PAGE);
	out->p._flags &= ~(amqp_flags_t)(AMQP_BASIC_EXPIRATION_FLAG | AMQP_BASIC_USER_ID_FLAG);
	out->p._flags |= AMQP_BASIC_HEADERS_FLAG | AMQP_BASIC_DELIVERY_MODE_FLAG;
	out->p.delivery_mode = AMQP_DELIVERY_PERSISTENT;
	if ((e = amqp_pool_alloc(&out->pool, ((size_t)n + 2) * sizeof(*e))) == NULL) {
		parcel_free(out);
		return false;
	}
	out->p.headers = (amqp_table_t){ .entries = e };
	for (int i = 0; i < n; i++)
		if (parcel_kept(&t->entries[i]))
			e[out->p.headers.num_entries++] = t->entries[i];
	(void)snprintf(number, sizeof(number), "%lld", (long long)attempts);
	if (attempts > 0)
		e[out->p.headers.num_entries++] = table_text("mq-attempts",
		    parcel_text(&out->pool, number));
	if (reason != NULL)
		e[out->p.headers.num_entries++] = table_text("mq-reason",
		    parcel_text(&out->pool, reason));
	return true;
}
