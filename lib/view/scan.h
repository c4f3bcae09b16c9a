/*
 * scan.h: listings, between the files of view/ and those who move what they find.
 */
#ifndef VIEW_SCAN_H
#define VIEW_SCAN_H

#include "base/base.h"
#include "base/name.h"

struct bucket;
struct each;
struct queue;
struct shelf;

/*
 * Names held at a time: more than a bucket has, unless a batch made a great one; names of lanes;
 * files of new/.
 */
#define SCAN_NAMES 8192
#define SCAN_LANES 1024
#define SCAN_ARRIVALS 65536

/* A file of new/, in as little memory as will do: there may be very many. */
struct arrival {
	usec_t at;
	int64_t size;
	uint64_t ino;
	bool lone;		/* it has no other name */
	char *file;
};
/* The message that it will be: a place in ready with bucket "". */
void arrival_place(const struct arrival *a, struct place *p);
/*
 * The max oldest behind after (NULL: from the beginning), by arrival and name, from one pass over
 * new/.
 */
struct arrivals {
	struct arrival *a;
	size_t n, cap;
	bool more;		/* there are others */
};
enum status arrivals_list(struct queue *q, const struct place *after, size_t max,
    struct arrivals *out, struct error *err) MUST_CHECK;
void arrivals_free(struct arrivals *l);
/*
 * The next of all of them, in no order; d is open on dir, which is new/.  ST_NONE: there are no
 * more.
 */
enum status arrivals_next(int dir, struct each *d, struct place *p, struct error *err) MUST_CHECK;
#define ID_RANDOM 19	/* where the random part of an id begins */
/*
 * The file in dir as the message that it is, or becomes, having arrived under the second name.
 * ST_NONE: no message, or gone.
 */
enum status arrival_at(int dir, const char *file, const char *arrived_as, struct place *p,
    struct error *err) MUST_CHECK;
/* The id that a file of new/ has or gets: see F8.6 to F8.8 in spool-format.md.  at: its ctime. */
void arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id);
/*
 * Look in the buckets of a state or a lane for an id (and a token, if not NULL), first in the one
 * that is named (NULL: in none).  ST_GONE: it was a lane, which is no more.  What cannot be looked
 * into is the error only if it is not found elsewhere.
 */
enum status place_find(struct shelf *sh, const struct msgid *id, const char *token,
    const char *bucket, struct place *p,
    struct error *err) MUST_CHECK;
/*
 * In one bucket.  *young becomes true if that changed so lately that the listing may have missed
 * it.
 */
enum status bucket_find(struct shelf *sh, const struct bucket *b, const struct msgid *id,
    const char *token, struct place *p,
    bool *young, struct error *err) MUST_CHECK;
/*
 * What may not be looked into, or cannot be, is passed over: the first such error is remembered in
 * missed, and the status is ST_GONE.  But what the process itself runs out of would be missing for
 * the next one, too: it stays an error.
 */
enum status missed_note(struct error *missed, enum status st, struct error *err) MUST_CHECK;
/* Whether a directory changed so lately that a listing of it may have missed something. */
bool dir_is_young(int fd);

#endif
