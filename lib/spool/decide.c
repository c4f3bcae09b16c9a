/*
 * decide.c: the rules by which a message gets its bucket (F4.5 to F4.8 of spool-format.md).
 *
 * Nothing here touches the disk: the caller tells what it knows of the buckets.
 */
#include <stddef.h>

#include "spool/bucket.h"

static bool
bucket_finished(const struct bucket *b)
{
	return !b->half && !b->shut;
}

/*
 * The lowest bucket of class 'cls' (-1: of any class) that can be opened.  'half' says whether its
 * name is to have a "+".  NULL: there is none.
 */
static const struct bucket *
bucket_lowest(const struct buckets *bs, int cls, bool half)
{
	for (size_t i = 0; i < bs->n; i++)
		if ((cls == -1 || bs->b[i].cls == (char)cls) && bs->b[i].half == half &&
		    !bs->b[i].shut)
			return &bs->b[i];
	return NULL;
}

static struct decision
decide_from(const struct buckets *bs, enum deed deed, const struct bucket *b)
{
	return (struct decision){ .deed = deed, .i = b == NULL ? 0 : (size_t)(b - bs->b) };
}

/*
 * No bucket fits, and none can be made.  What is done instead needs no space on the disk, and it
 * keeps the invariant that no message has a key below that of its bucket.
 */
static struct decision
decide_without_room(const struct buckets *bs, char cls, usec_t key)
{
	const struct bucket *b;

	if ((b = bucket_lowest(bs, cls, false)) != NULL)
		return decide_from(bs, DEED_LOWER, b);
	if ((b = bucket_lowest(bs, cls, true)) != NULL)
		return decide_from(bs, DEED_FINISH, b);
	if ((b = bucket_lowest(bs, -1, false)) != NULL)
		return decide_from(bs, b->key <= key ? DEED_USE : DEED_LOWER, b);
	if ((b = bucket_lowest(bs, -1, true)) != NULL)
		return decide_from(bs, DEED_FINISH, b);
	return decide_from(bs, DEED_NONE, NULL);
}

struct decision
bucket_decide(const struct buckets *bs, char cls, usec_t key, bool room)
{
	const struct bucket *fits = NULL, *low;

	for (size_t i = 0; i < bs->n; i++)
		if (bs->b[i].cls == cls && bs->b[i].key <= key && bucket_finished(&bs->b[i]))
			fits = &bs->b[i];
	/*
	 * A full bucket that has this very key takes one more message, because a new bucket would
	 * need the same name.
	 */
	if (fits != NULL)
		return decide_from(bs, fits->full && fits->key != key && room ? DEED_MAKE :
		    DEED_USE, fits);
	if (!room)
		return decide_without_room(bs, cls, key);
	/* Without this, each of many keys in falling order would get a bucket of its own. */
	low = bucket_lowest(bs, cls, false);
	return decide_from(bs, low != NULL && !low->full ? DEED_LOWER : DEED_MAKE, low);
}

usec_t
bucket_next_key(const struct buckets *bs, char cls, usec_t key)
{
	for (size_t i = 0; i < bs->n; i++)
		if (bs->b[i].cls == cls && bs->b[i].key > key && bucket_finished(&bs->b[i]))
			return bs->b[i].key;
	return USEC_MAX;
}
