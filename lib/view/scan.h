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

/*
 * How many names are held in memory at a time: of a bucket, which seldom has as many, of lanes, and
 * of files in new/.
 */
#define SCAN_NAMES 8192
#define SCAN_LANES 1024
#define SCAN_ARRIVALS 65536

/* A file in new/.  There may be very many, so it takes little memory. */
struct arrival {
	usec_t at;
	int64_t size;
	uint64_t ino;
	bool lone;		/* the file has no other name: no hard link to it */
	char *file;
};
/* The message that the file will be.  Its place is in ready with the bucket "". */
void arrival_place(const struct arrival *a, struct place *p);
struct arrivals {
	struct arrival *a;
	size_t n, cap;
	bool more;		/* there are more than these */
};
/*
 * List up to 'max' files of new/, the oldest arrival first (ties by name).  The list starts after
 * 'after', or from the beginning if that is NULL.  new/ is read once.
 */
enum status arrivals_list(struct queue *q, const struct place *after, size_t max,
    struct arrivals *out, struct error *err) MUST_CHECK;
void arrivals_free(struct arrivals *l);
/*
 * '*p' becomes the next of all files in new/, in no order.  'd' is open on the directory 'dir'.
 * ST_NONE: there are no more.
 */
enum status arrivals_next(int dir, struct each *d, struct place *p, struct error *err) MUST_CHECK;
#define ID_RANDOM 19	/* where the random part of an id begins */
/*
 * '*p' becomes the message that a file in 'dir' will be, which arrived in new/ under the name
 * 'arrived_as'.  ST_NONE: the file is no message, or it is gone.
 */
enum status arrival_at(int dir, const char *file, const char *arrived_as, struct place *p,
    struct error *err) MUST_CHECK;
/* The id that a file in new/ gets (F8.6 to F8.8 of spool-format.md).  'at' is its ctime. */
void arrival_id(usec_t at, const char *name, const struct stat *sb, struct msgid *id);
/*
 * Find an id in the buckets of a state or a lane.  'bucket' is looked into first, unless it is
 * NULL.  The message has to have the token 'token', unless that is NULL.  ST_NONE: the message is
 * not there.  That a bucket cannot be looked into is an error only if the message is not found in
 * another one.
 */
enum status place_find(struct shelf *sh, const struct msgid *id, const char *token,
    const char *bucket, struct place *p, struct error *err) MUST_CHECK;
/*
 * Find an id in one bucket.  '*young' becomes true if the listing may have missed the message: see
 * dir_is_young.
 */
enum status bucket_find(struct shelf *sh, const struct bucket *b, const struct msgid *id,
    const char *token, struct place *p, bool *young, struct error *err) MUST_CHECK;
/*
 * Whether 'st' is the error of a directory that can be passed over, because it cannot be looked
 * into.  Then 'err' is cleared, and '*missed' keeps the first such error.  An error that comes
 * from the process itself, such as a lack of descriptors, cannot be passed over: the next directory
 * would meet it, too.
 */
bool passed_over(struct error *missed, enum status st, struct error *err);
/* Whether a directory changed so lately that a listing of it may have missed something. */
bool dir_is_young(int fd);

#endif
