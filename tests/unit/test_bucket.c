/* test_bucket.c: which bucket a message goes into: the rules F4.5 to F4.8, F4.23 and F4.24 as a table. */
#include <stdlib.h>

#include "mq.h"
#include "spool/bucket.h"
#include "tap.h"

static const char *const deeds[] = { [DEED_USE] = "use", [DEED_LOWER] = "lower", [DEED_FINISH] = "finish",
    [DEED_MAKE] = "make", [DEED_NONE] = "none" };

/* "+" it has one, "a" is the class, the number is the key; f: full, s: shut.  Sorted, as listings are. */
static const struct row {
	const char *buckets;
	char cls;
	usec_t key;
	bool room;
	const char *want;
	const char *why;
} rows[] = {
	{ "", 'a', 5, true, "make", "there is none" },
	{ "", 'a', 5, false, "none", "there is none, and none can be made" },
	{ "a3", 'a', 5, true, "use a3", "its key is below" },
	{ "a5", 'a', 5, true, "use a5", "its key is the very one" },
	{ "a1 a3 a7", 'a', 5, true, "use a3", "the greatest that is not above" },
	{ "a1 +a3", 'a', 5, true, "use a1", "nobody uses one with a +" },
	{ "a1 a3s", 'a', 5, true, "use a1", "nor one that cannot be opened" },
	{ "a1 a3f", 'a', 5, true, "make", "the right one is full" },
	{ "a1 a5f", 'a', 5, true, "use a5", "there is no name for another" },
	{ "a1 a3f", 'a', 5, false, "use a3", "full, and none can be made" },
	{ "a7 a9", 'a', 5, true, "lower a7", "keys in falling order" },
	{ "a7f a9", 'a', 5, true, "make", "the lowest is full" },
	{ "a7f a9", 'a', 5, false, "lower a7", "the lowest is full, and none can be made" },
	{ "+a7 a9", 'a', 5, true, "lower a9", "the lowest without a +" },
	{ "a7s a9", 'a', 5, true, "lower a9", "the lowest that can be opened" },
	{ "a7s", 'a', 5, true, "make", "the only one cannot be opened" },
	{ "b1 b3", 'a', 5, true, "make", "the class has none" },
	{ "b1 b3", 'a', 5, false, "use b1", "the class has none, and none can be made: any will do" },
	{ "b7 b9", 'a', 5, false, "lower b7", "any will do, lowered" },
	{ "+a3", 'a', 5, true, "make", "only one with a +" },
	{ "+a3", 'a', 5, false, "finish +a3", "only one with a +, and none can be made" },
	{ "+a3 b1", 'a', 5, false, "finish +a3", "one of its class before one of another" },
	{ "+a3s b1", 'a', 5, false, "use b1", "but for one that cannot be opened" },
	{ "+b3", 'a', 5, false, "finish +b3", "one with a + of another class" },
	{ "a3s", 'a', 5, false, "none", "the only one cannot be opened, and none can be made" },
};

static void
parse(const char *text, struct buckets *bs)
{
	static struct bucket all[8];
	char *end;

	*bs = (struct buckets){ .b = all };
	for (; *text != '\0'; text = end + (*end == ' ')) {
		struct bucket *b = &all[bs->n++];
		*b = (struct bucket){ .half = *text == '+' };
		text += b->half;
		b->cls = *text;
		b->key = strtoll(text + 1, &end, 10);
		for (; *end == 'f' || *end == 's'; end++) {
			b->full |= *end == 'f';
			b->shut |= *end == 's';
		}
	}
}

static void
check(const struct row *row)
{
	char got[64], text[128];
	struct decision d;
	struct buckets bs;

	parse(row->buckets, &bs);
	d = bucket_decide(&bs, row->cls, row->key, row->room);
	if (d.deed == DEED_MAKE || d.deed == DEED_NONE)
		(void)snprintf(got, sizeof(got), "%s", deeds[d.deed]);
	else
		(void)snprintf(got, sizeof(got), "%s %s%c%lld", deeds[d.deed], bs.b[d.i].half ? "+" : "",
		    bs.b[d.i].cls, (long long)bs.b[d.i].key);
	(void)snprintf(text, sizeof(text), "[%s] %c%lld%s: %s", row->buckets, row->cls, (long long)row->key,
	    row->room ? "" : ", no room", row->why);
	is_str(got, row->want, text);
}

int
main(void)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check(&rows[i]);
	return done();
}
