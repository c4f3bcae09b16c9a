/*
 * scan.h: listings, for the files of view/ and for those that move what they find.
 */
#ifndef VIEW_SCAN_H
#define VIEW_SCAN_H

#include "base/base.h"
#include "base/name.h"

struct bucket;
struct each;
struct queue;
struct shelf;

/* Names held at a time: of a bucket, which seldom has as many; of lanes; of files in new/. */
#define SCAN_NAMES 8192
#define SCAN_LANES 1024
#define SCAN_ARRIVALS 65536

/* A file in new/.  There may be very many, so it takes little memory. */
struct arrival {
	usec_t at;
	int64_t size;
	uint64_t ino;
	bool lone;		/* it has no other name */
	char *file;
};
/* The message that it will be, whose place is in ready with the bucket "". */
void arrival_place(const struct arrival *a, struct place *p);
struct arrivals {
	struct arrival *a;
	size_t n, cap;
	bool more;		/* there are others */
};
/*
 * One pass over new/ finds the oldest, max of them, that arrived after `after` (NULL: the oldest of
 * all), in the order of arrival, then of name.
 */
enum status arrivals_list(struct queue *q, const struct place *after, size_t max,
    struct arrivals *out, struct error *err) MUST_CHECK;
void arrivals_free(struct arrivals *l);
/* The next of all files in new/, in no order.  d is open on dir.  ST_NONE: there are no more. */
enum status arrivals_next(int dir, struct each *d, struct place *p, struct error *err) MUST_CHECK;
#define ID_RANDOM 19	/* where the random part of an id begins */
/*
 * The message that a file in dir is, or will be; it arrived under the second name.
 * ST_NONE: it is none, or it is gone.
 */
enum status arrival_at(int dir, const char *file, const char *arrived_as, struct place *p,
    struct error *err) MUST_CHECK;
/* The id that a file in new/ gets (F8.6 to F8.8 of spool-format.md).  at: its ctime. */
void arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id);
/*
 * Find an id in the buckets of a state or a lane; bucket is looked into first (NULL: none is).
 * token: the message has to have it (NULL: any).  ST_NONE: it is not there.  That a bucket cannot
 * be looked into is an error only if the message is not found in another.
 */
enum status place_find(struct shelf *sh, const struct msgid *id, const char *token,
    const char *bucket, struct place *p, struct error *err) MUST_CHECK;
/* Find it in one bucket.  *young becomes true if the listing may have missed it: see below. */
enum status bucket_find(struct shelf *sh, const struct bucket *b, const struct msgid *id,
    const char *token, struct place *p, bool *young, struct error *err) MUST_CHECK;
/*
 * Whether st is the error of something that can be passed over because it may not, or cannot, be
 * looked into.  The first such error is kept in missed, and err is clear again.  What the process
 * itself has run out of cannot be passed over, for the next directory would meet it, too.
 */
bool passed_over(struct error *missed, enum status st, struct error *err);
/* Whether a directory changed so lately that a listing of it may have missed something. */
bool dir_is_young(int fd);

#endif
