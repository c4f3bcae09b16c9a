/*
 * table.c: headers as AMQP has them: a table of names and values of many types.
 */
#include <jansson.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/amqp/amqp.h"

/* ---- entries ------------------------------------------------------------------ */

amqp_table_entry_t
table_text(const char *name, amqp_bytes_t text)
{
	return (amqp_table_entry_t){ .key = amqp_cstring_bytes(name),
	    .value = { .kind = AMQP_FIELD_KIND_UTF8, .value.bytes = text } };
}

amqp_table_entry_t
table_true(const char *name)
{
	return (amqp_table_entry_t){ .key = amqp_cstring_bytes(name),
	    .value = { .kind = AMQP_FIELD_KIND_BOOLEAN, .value.boolean = 1 } };
}

amqp_table_entry_t
table_long(const char *name, int64_t n)
{
	return (amqp_table_entry_t){ .key = amqp_cstring_bytes(name),
	    .value = { .kind = AMQP_FIELD_KIND_I64, .value.i64 = n } };
}

/* Texts and arrays of texts are all that is sent in large tables; the rest is small. */
static size_t
table_value_size(const amqp_field_value_t *v)
{
	size_t size = 1;

	switch (v->kind) {
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		return size + 4 + v->value.bytes.len;
	case AMQP_FIELD_KIND_ARRAY:
		for (int i = 0; i < v->value.array.num_entries; i++)
			size += table_value_size(&v->value.array.entries[i]);
		return size + 4;
	case AMQP_FIELD_KIND_TABLE:
		return size + table_size(&v->value.table);
	default:
		return size + 8;
	}
}

size_t
table_size(const amqp_table_t *t)
{
	size_t size = 4;

	for (int i = 0; i < t->num_entries; i++)
		size += 1 + t->entries[i].key.len + table_value_size(&t->entries[i].value);
	return size;
}

/* ---- names that mean something to the server ---------------------------------- */

static bool
table_equal(const amqp_bytes_t *b, const char *text)
{
	return b->len == strlen(text) && memcmp(b->bytes, text, b->len) == 0;
}

bool
table_servers(const amqp_bytes_t *name)
{
	static const char *const begins[] = { "x-death", "x-first-death-", "x-last-death-",
	    "x-delivery-count", "x-acquired-count", "x-opt-" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(begins[0]); i++)
		if (name->len >= strlen(begins[i]) &&
		    memcmp(name->bytes, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* CC and BCC name more queues that the server then delivers to. */
bool
table_reserved(const char *name)
{
	amqp_bytes_t bytes = amqp_cstring_bytes(name);

	return strcmp(name, "CC") == 0 || strcmp(name, "BCC") == 0 || table_servers(&bytes) ||
	    strncmp(name, TABLE_ESCAPE, strlen(TABLE_ESCAPE)) == 0;
}

/* ---- looking ------------------------------------------------------------------ */

const amqp_field_value_t *
table_find(const amqp_table_t *t, const char *name)
{
	for (int i = 0; i < t->num_entries; i++)
		if (table_equal(&t->entries[i].key, name))
			return &t->entries[i].value;
	return NULL;
}

bool
table_is(const amqp_field_value_t *v, const char *text)
{
	return v != NULL && v->kind == AMQP_FIELD_KIND_UTF8 && table_equal(&v->value.bytes, text);
}

bool
table_number(const amqp_field_value_t *v, int64_t *n)
{
	switch (v != NULL ? v->kind : 0) {
	case AMQP_FIELD_KIND_I8:
		*n = v->value.i8;
		return true;
	case AMQP_FIELD_KIND_U8:
		*n = v->value.u8;
		return true;
	case AMQP_FIELD_KIND_I16:
		*n = v->value.i16;
		return true;
	case AMQP_FIELD_KIND_U16:
		*n = v->value.u16;
		return true;
	case AMQP_FIELD_KIND_I32:
		*n = v->value.i32;
		return true;
	case AMQP_FIELD_KIND_U32:
		*n = v->value.u32;
		return true;
	case AMQP_FIELD_KIND_I64:
		*n = v->value.i64;
		return true;
	case AMQP_FIELD_KIND_U64:
	case AMQP_FIELD_KIND_TIMESTAMP:
		*n = (int64_t)v->value.u64;
		return true;
	default:
		return false;
	}
}

/* A name has 255 bytes at most. */
static void
table_name(const amqp_bytes_t *key, char out[256])
{
	(void)snprintf(out, 256, "%.*s", (int)key->len, (const char *)key->bytes);
}

/* ---- other types become text -------------------------------------------------- */

/* A text that is no UTF-8 is taken byte by byte, as JSON has nothing else. */
static json_t *
table_json_text(const amqp_bytes_t *b)
{
	json_t *text = json_stringn(b->bytes != NULL ? b->bytes : "", b->len), *all;

	if (text != NULL)
		return text;
	all = json_array();
	for (size_t i = 0; i < b->len; i++)
		(void)json_array_append_new(
		    all, json_integer(((const unsigned char *)b->bytes)[i]));
	return all;
}

static json_t *
table_json(const amqp_field_value_t *v)
{
	json_t *j;
	int64_t n;

	switch (v->kind) {
	case AMQP_FIELD_KIND_BOOLEAN:
		return json_boolean(v->value.boolean);
	case AMQP_FIELD_KIND_F32:
		return json_real((double)v->value.f32);
	case AMQP_FIELD_KIND_F64:
		return json_real(v->value.f64);
	case AMQP_FIELD_KIND_UTF8:
	case AMQP_FIELD_KIND_BYTES:
		return table_json_text(&v->value.bytes);
	case AMQP_FIELD_KIND_ARRAY:
		j = json_array();
		for (int i = 0; i < v->value.array.num_entries; i++)
			(void)json_array_append_new(j, table_json(&v->value.array.entries[i]));
		return j;
	case AMQP_FIELD_KIND_TABLE:
		j = json_object();
		for (int i = 0; i < v->value.table.num_entries; i++) {
			char name[256];
			table_name(&v->value.table.entries[i].key, name);
			(void)json_object_set_new(
			    j, name, table_json(&v->value.table.entries[i].value));
		}
		return j;
	default:
		return table_number(v, &n) ? json_integer(n) : json_null();
	}
}

static void
table_map_json(const char *name, const amqp_field_value_t *v, struct mapped *to)
{
	json_t *j = table_json(v);
	char *text = json_dumps(j, JSON_COMPACT | JSON_ENCODE_ANY);

	map_in(to, name, text != NULL ? text : "", text != NULL ? strlen(text) : 0);
	free(text);
	json_decref(j);
}

static void
table_map_decimal(const char *name, const amqp_decimal_t *d, struct mapped *to)
{
	char text[40];

	map_in(to, name, text, (size_t)snprintf(text, sizeof(text), "%" PRIu32 "e-%d", d->value,
	    d->decimals));
}

/* Repeated headers come as an array of texts. */
static bool
table_texts(const amqp_array_t *a)
{
	for (int i = 0; i < a->num_entries; i++)
		if (a->entries[i].kind != AMQP_FIELD_KIND_UTF8)
			return false;
	return a->num_entries > 0;
}

static void
table_map_value(const char *name, const amqp_field_value_t *v, struct mapped *to)
{
	const amqp_array_t *all = &v->value.array;

	if (v->kind == AMQP_FIELD_KIND_UTF8 || v->kind == AMQP_FIELD_KIND_BYTES)
		map_in(to, name, v->value.bytes.bytes, v->value.bytes.len);
	else if (v->kind == AMQP_FIELD_KIND_ARRAY && table_texts(all))
		for (int i = 0; i < all->num_entries; i++)
			map_in(to, name, all->entries[i].value.bytes.bytes,
			    all->entries[i].value.bytes.len);
	else if (v->kind == AMQP_FIELD_KIND_DECIMAL)
		table_map_decimal(name, &v->value.decimal, to);
	else if (v->kind == AMQP_FIELD_KIND_VOID)
		map_in(to, name, "", 0);
	else
		table_map_json(name, v, to);
}

void
table_map(const amqp_table_t *t, struct mapped *to)
{
	for (int i = 0; i < t->num_entries; i++) {
		const amqp_bytes_t *key = &t->entries[i].key;
		char name[256];
		const char *plain = name;
		if (table_servers(key))
			continue;
		table_name(key, name);
		if (strncmp(name, TABLE_ESCAPE, strlen(TABLE_ESCAPE)) == 0)
			plain += strlen(TABLE_ESCAPE);
		table_map_value(plain, &t->entries[i].value, to);
	}
}
