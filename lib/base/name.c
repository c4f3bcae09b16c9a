/*
 * name.c: the file names of messages (F2.1 of spool-format.md).
 *
 * All that changes in a message's life is in its name, so each fact must have only one way to be
 * written.  A name that is not in the canonical form is foreign, and parsing and formatting are
 * inverses.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/chars.h"
#include "base/name.h"
#include "base/envelope.h"
#include "base/way.h"

/* The known fields, in their order. */
static const char known[] = "sphKadxrctlfFwy";

/*
 * Fields that came later.  They may stand anywhere, because an mq that does not know them keeps
 * them where they are.
 */
static const char late[] = "unmqg";

#define HEAD_MIN  2
/*
 * How many characters unknown fields may have beside K, f and w.  Without these it is sizeof(extra)
 * - 1.
 */
#define EXTRA_ORDERED 26
#define LEASE_MAX (1LL << 53)

/* ---- message names ------------------------------------------------------ */

struct out { char *at; size_t room; };

static void name_put(struct out *o, const char *fmt, ...) PRINTF_LIKE(2, 3);

static void
name_put(struct out *o, const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(o->at, o->room, fmt, ap);
	va_end(ap);
	if (n > 0 && (size_t)n < o->room) {
		o->at += n;
		o->room -= (size_t)n;
	} else if (o->room > 0)
		o->at[0] = '\0';	/* a field is written whole or not at all */
}

static void
name_write(const struct msgname *n, char *buf, size_t size)
{
	struct out o = { buf, size };
	char key[KEY_LEN + 1];

	key_format(n->key, key);
	name_put(&o, "%s,%s,s%" PRId64, key, n->id.text, n->size);
	if (n->priority != PRIORITY_DEFAULT)
		name_put(&o, ",p%d", n->priority);
	if (n->head != 0)
		name_put(&o, ",h%" PRId32, n->head);
	if (n->order[0] != '\0')
		name_put(&o, ",K%s", n->order);
	if (n->attempts != 0)
		name_put(&o, ",a%" PRId32, n->attempts);
	if (n->deliveries != 0)
		name_put(&o, ",d%" PRId32, n->deliveries);
	if (n->expires != 0) {
		key_format(n->expires, key);
		name_put(&o, ",x%s", key);
	}
	if (n->reason[0] != '\0')
		name_put(&o, ",r%s", n->reason);
	if (n->token[0] != '\0')
		name_put(&o, ",c%s", n->token);
	if (n->lease_ms != 0)
		name_put(&o, ",t%" PRId64, n->lease_ms);
	if (n->locked)
		name_put(&o, ",l");
	if (n->finished)
		name_put(&o, ",f");
	if (n->failed != 0)
		name_put(&o, ",F%c", n->failed);
	if (n->waited)
		name_put(&o, ",w");
	if (n->replayed)
		name_put(&o, ",y");
	name_put(&o, "%s", n->extra);
	if (n->way[0] != '\0')
		name_put(&o, ",q%s", n->way);
	if (n->suspect)
		name_put(&o, ",u");
	if (n->beside)
		name_put(&o, ",n");
	if (n->mono != 0)
		name_put(&o, ",m%" PRIx64, (uint64_t)n->mono / 1000);
	if (n->claimed != 0)
		name_put(&o, ",g%" PRIx64, (uint64_t)n->claimed);
}

/*
 * With every field at its longest, but without F and the fields that came later, a name has 254
 * characters: see tests/unit/test_name.c.  Fields that came later are left out of a name that has
 * no room for them.  The way of a dead letter is written first of these, and way_add checks that it
 * has room.
 */
void
name_format(const struct msgname *n, char buf[NAME_MAX_LEN + 1])
{
	name_write(n, buf, NAME_MAX_LEN + 1);
}

bool
name_fits(const struct msgname *n)
{
	struct msgname must = *n;
	char buf[2 * NAME_MAX_LEN];

	must.suspect = must.beside = false;
	must.mono = must.claimed = 0;
	name_write(&must, buf, sizeof(buf));
	return strlen(buf) <= NAME_MAX_LEN;
}

/* A value as it stands in the name, without a NUL. */
struct value { const char *at; size_t len; };

/* Read a number from 'min' to 'max' in its one form. */
static bool
name_number(struct value v, int64_t min, int64_t max, int64_t *out)
{
	int64_t n = 0;

	if (v.len == 0 || (v.len > 1 && v.at[0] == '0'))
		return false;
	for (size_t i = 0; i < v.len; i++) {
		int digit = v.at[i] - '0';
		if (!is_digit(v.at[i]) || n > (INT64_MAX - digit) / 10)
			return false;
		n = n * 10 + digit;
	}
	*out = n;
	return n >= min && n <= max;
}

static bool
name_number32(struct value v, int32_t min, int32_t max, int32_t *out)
{
	int64_t n;

	if (!name_number(v, min, max, &n))
		return false;
	*out = (int32_t)n;
	return true;
}

/* Copy a value of 'min' to 'max' characters, if all of them are fine. */
static bool
name_word(struct value v, size_t min, size_t max, bool (*fine)(char), char *out)
{
	if (v.len < min || v.len > max)
		return false;
	for (size_t i = 0; i < v.len; i++)
		if (!fine(v.at[i]))
			return false;
	memcpy(out, v.at, v.len);
	out[v.len] = '\0';
	return true;
}

static bool
name_is_reason(char c)
{
	return is_lower(c) || is_digit(c) || c == '-';
}

/* Read the value of one known field.  A default that is spelled out is refused. */
static bool
name_known_field(struct msgname *n, char letter, struct value v)
{
	int32_t i;

	switch (letter) {
	case 's':
		return name_number(v, 0, INT64_MAX, &n->size);
	case 'p':
		if (!name_number32(v, 0, 9, &i) || i == PRIORITY_DEFAULT)
			return false;
		n->priority = i;
		return true;
	case 'h':
		return name_number32(v, HEAD_MIN, HEADERS_MAX, &n->head);
	case 'a':
		return name_number32(v, 1, INT32_MAX, &n->attempts);
	case 'd':
		return name_number32(v, 1, INT32_MAX, &n->deliveries);
	case 'x':
		/*
		 * In memory 0 stands for never, so nothing can expire in the first microsecond of
		 * 1970.
		 */
		return v.len == KEY_LEN && key_parse(v.at, &n->expires) && n->expires != 0;
	case 'r':
		return name_word(v, 1, sizeof(n->reason) - 1, name_is_reason, n->reason);
	case 'c':
		return name_word(v, TOKEN_LEN, TOKEN_LEN, is_hex, n->token);
	case 't':
		return name_number(v, 1, LEASE_MAX, &n->lease_ms);
	case 'y':
		n->replayed = true;
		return v.len == 0;
	case 'K':
		return name_word(v, ORDER_LEN, ORDER_LEN, is_hex, n->order);
	case 'l':
		n->locked = true;
		return v.len == 0;
	case 'f':
		n->finished = true;
		return v.len == 0;
	case 'F':
		n->failed = v.len == 1 && (v.at[0] == FAILED_DEAD || v.at[0] == FAILED_LATER) ?
		    v.at[0] : 0;
		return n->failed != 0 && !n->finished;
	default:
		n->waited = true;
		return v.len == 0;
	}
}

/* Read a value in lower-case hex, which has no leading zero. */
static bool
name_hex(struct value v, int64_t max, int64_t *out)
{
	int64_t n = 0;

	if (v.len == 0 || v.at[0] == '0')
		return false;
	for (size_t i = 0; i < v.len; i++) {
		int digit = is_digit(v.at[i]) ? v.at[i] - '0' : v.at[i] - 'a' + 10;
		if (!is_hex(v.at[i]) || n > (max - digit) / 16)
			return false;
		n = n * 16 + digit;
	}
	*out = n;
	return true;
}

static bool
name_is_value(char c)
{
	return is_alnum(c) || c == '.' || c == '-';
}

/*
 * Read the value of one late field.  False: it has another form, and is kept like an unknown field.
 */
static bool
name_late_field(struct msgname *n, char letter, struct value v)
{
	int64_t ms;

	switch (letter) {
	case 'q':
		return v.len % WAY_HASH == 0 && name_word(v, WAY_HASH, sizeof(n->way) - 1,
		    name_is_value,
		    n->way);
	case 'u':
		n->suspect |= v.len == 0;
		return v.len == 0;
	case 'n':
		n->beside |= v.len == 0;
		return v.len == 0;
	case 'g':
		return name_hex(v, USEC_MAX, &n->claimed);
	default:
		if (!name_hex(v, USEC_MAX / 1000, &ms))
			return false;
		n->mono = ms * 1000;
		return true;
	}
}

size_t
name_spare(const struct msgname *n)
{
	return n->order[0] != '\0' ? EXTRA_ORDERED : sizeof(n->extra) - 1;
}

/*
 * Read the fields in 'text', which starts at the first comma.  An upper-case field that we do not
 * know means that the name is to be left alone, because the other fields may have another meaning
 * beside it. So broken grammar makes a name foreign at once, but a broken known field only does so
 * when the whole name has nothing from the future.
 */
static enum name_kind
name_fields(const char *text, struct msgname *n)
{
	bool good = true, future = false;
	const char *next = known;
	size_t used = 0;

	while (*text != '\0') {
		const char *start = text, *place;
		struct value v = { text + 2, 0 };
		char letter;

		if (text[0] != ',' || (!is_lower(text[1]) && !is_upper(text[1])))
			return NAME_FOREIGN;
		letter = text[1];
		while (name_is_value(v.at[v.len]))
			v.len++;
		text = v.at + v.len;
		if ((place = strchr(known, letter)) == NULL && is_upper(letter)) {
			future = true;
		} else if (strchr(late, letter) != NULL && name_late_field(n, letter, v)) {
			continue;
		} else if (place == NULL) {
			size_t len = (size_t)(text - start);
			if (len >= sizeof(n->extra) - used) {
				future = true;
			} else {
				memcpy(n->extra + used, start, len);
				used += len;
			}
		} else if (place < next || !name_known_field(n, letter, v)) {
			good = false;
		} else
			next = place + 1;
	}
	if (used > name_spare(n))
		future = true;	/* with all other fields at their longest there would be no room */
	return future ? NAME_FUTURE : good ? NAME_OK : NAME_FOREIGN;
}

enum name_kind
name_parse(const char *text, struct msgname *n)
{
	memset(n, 0, sizeof(*n));
	n->priority = PRIORITY_DEFAULT;
	if (strnlen(text, NAME_MAX_LEN + 1) > NAME_MAX_LEN || !key_parse(text, &n->key))
		return NAME_FOREIGN;
	text += KEY_LEN;
	if (*text++ != ',' || !id_prefix(text))
		return NAME_FOREIGN;
	memcpy(n->id.text, text, ID_LEN);
	text += ID_LEN;
	return strncmp(text, ",s", 2) == 0 ? name_fields(text, n) : NAME_FOREIGN;
}

usec_t
name_since(enum state s, const struct msgname *n)
{
	switch (s) {
	case STATE_READY:
	case STATE_DELAYED:
		return 0;
	case STATE_CLAIMED:
		return n->claimed != 0 ? n->claimed : n->key - n->lease_ms * 1000;
	default:
		return n->key;
	}
}

void
name_unclaim(struct msgname *n)
{
	n->token[0] = '\0';
	n->lease_ms = 0;
	n->mono = n->claimed = 0;
	n->locked = n->finished = n->beside = false;
	n->failed = 0;
}

bool
name_ended(const struct msgname *n)
{
	return n->finished || n->failed != 0;
}

int32_t
count_up(int32_t n)
{
	return n < INT32_MAX ? n + 1 : n;
}
