/*
 * scan.h: listings, between the files of view/ and those who move what they find.
 */
#ifndef VIEW_SCAN_H
#define VIEW_SCAN_H

#include "base/base.h"
#include "base/name.h"

struct bucket;
struct queue;
struct shelf;

/* Names held at a time: more than a bucket has, unless a batch made a great one; names of lanes; files of new/. */
#define SCAN_NAMES 8192
#define SCAN_LANES 1024
#define SCAN_ARRIVALS 8192

/* Files of new/ in the order of their arrival, as places in ready with bucket "" (at most max). */
struct arrivals { struct place *p; size_t n; bool more; };
/* The max oldest behind after (NULL: from the beginning), by arrival and name. */
enum status arrivals_list(struct queue *, const struct place *after, size_t max, struct arrivals *, struct error *) MUST_CHECK;
#define ID_RANDOM 19	/* where the random part of an id begins */
/* The file in dir as the message that it is, or becomes, having arrived under the second name.  ST_NONE: no message, or gone. */
enum status arrival_at(int dir, const char *file, const char *arrived_as, struct place *, struct error *) MUST_CHECK;
/* The id that a file of new/ has or gets: see spool-format.md section 8.  at: its ctime. */
void arrival_id(usec_t at, const char *name, const struct stat *, struct msgid *);
void arrivals_free(struct arrivals *);
/* Look in the buckets of a state or a lane for an id (and a token, if not NULL).  ST_GONE: it was a lane, which is no more. */
enum status place_find(struct shelf *, const struct msgid *, const char *token, const char *bucket, struct place *, struct error *) MUST_CHECK;
/* The same in one bucket; *young: also if that changed so lately that the listing may have missed it. */
enum status bucket_find(struct shelf *, const struct bucket *, const struct msgid *, const char *token, struct place *,
    bool *young, struct error *) MUST_CHECK;
/* Whether a directory changed so lately that a listing of it may have missed something. */
bool dir_is_young(int fd);

#endif
