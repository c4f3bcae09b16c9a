/*
 * bucket.h: the sorted directories that a state is made of.
 */
#ifndef SPOOL_BUCKET_H
#define SPOOL_BUCKET_H

#include "base/base.h"
#include "base/name.h"

struct edges;
struct listing;
struct place;
struct queue;

struct bucket {
	char name[BUCKET_MAX];	/* without the "+" */
	char cls;		/* its class: 0, '0'..'9' or 'w' */
	bool half;		/* its name on disk has a "+" */
	bool full;		/* it is known to have no room */
	bool shut;		/* we know that we may not open it */
	usec_t key;
};
struct buckets { struct bucket *b; size_t n; };

/*
 * A shelf is a directory of buckets.  It is the directory of a state, or the lane of a key in
 * waiting/, where ready messages wait for the turn of that key.
 */
struct shelf {
	struct queue *queue;
	enum state state;	/* the state of the messages in it */
	/* The key whose lane it is; "" for the directory of a state. */
	char lane[ORDER_LEN + 1];
	/* -1: it is not open yet; the directory of a state is opened when it is first needed */
	int fd;
};
/* The directory of a state, which belongs to the queue. */
struct shelf *shelf_of(struct queue *q, enum state s);
void shelf_close(struct shelf *sh);
/* Give the descriptor of a shelf.  A lane must be open already. */
enum status shelf_fd(struct shelf *sh, int *fd, struct error *err) MUST_CHECK;
/* Whether the directory was removed, which may happen to an empty lane at any time. */
bool shelf_gone(const struct shelf *sh);
/* The name of a shelf, for people. */
const char *shelf_name(const struct shelf *sh);
/* Fill in the place of a message that is in this bucket of the shelf under the name 'file'. */
void shelf_place(const struct shelf *sh, const char *bucket, const char *file, struct place *p);

/* The bucket that the last message was moved to.  The next one may go there, too. */
struct target {
	int fd;			/* -1: none */
	char lane[ORDER_LEN + 1];
	char name[BUCKET_MAX];
	char cls;
	/* the bucket's own key, and the key of the next bucket of its class */
	usec_t key, next;
	unsigned uses;
	bool dirty;		/* it has to be synced: see careful in struct queue */
};

bool bucket_parse(const char *text, struct bucket *b);
void bucket_format(char cls, usec_t key, char buf[BUCKET_MAX]);
/* The class of a message with that name in that state. */
char bucket_class(enum state s, const struct msgname *name);
/* Get the hint for a shelf.  False: there is none that holds. */
bool buckets_edges(struct shelf *sh, struct edges *e);
/*
 * List all buckets, sorted by class, then by key.  Free the list with buckets_free.  ST_GONE: the
 * lane was removed.
 */
enum status buckets_list(struct shelf *sh, struct buckets *out, struct error *err) MUST_CHECK;
void buckets_free(struct buckets *bs);
/*
 * List the buckets whose messages may have to be returned now, and the next bucket.  All buckets of
 * class w are among them.  If no hint spares the listing, these are all buckets.
 */
enum status buckets_before(struct shelf *sh, usec_t now, struct buckets *out,
    struct error *err) MUST_CHECK;
/* Open a bucket, whether its name has a "+" or not.  ST_GONE: it is not there. */
enum status bucket_open(struct shelf *sh, const struct bucket *b, int *fd,
    struct error *err) MUST_CHECK;
/*
 * List all names in a bucket.  Free the list only after ST_OK.  ST_GONE: the bucket is not there.
 */
enum status bucket_list(struct shelf *sh, const struct bucket *b, struct listing *l,
    struct error *err) MUST_CHECK;
/*
 * Remove bucket 'i' if it is empty.  It stays if it has a "+", or is the last finished one of its
 * class.
 */
void bucket_remove_empty(struct shelf *sh, const struct buckets *bs, size_t i);
/*
 * Move a file into a state under the name *name, into the bucket that fits, which is made if need
 * be. If the name is taken, its key gets a microsecond more.  *to (may be NULL) is where the file
 * went, or was to go if that failed.  ST_GONE: the source is not there.
 */
enum status bucket_put(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err) MUST_CHECK;
/*
 * After bucket_put failed: whether the file is in its place all the same.  Only the caller may know
 * the name of the file.  File systems of other machines may do a rename, lose the answer, and
 * report an error.
 */
bool bucket_put_happened(struct queue *q, int fromfd, const char *from, const struct place *to);
/*
 * Like bucket_put, but the file gets one more name and stays where it is.  ST_EXISTS: it already
 * has that very name.
 */
enum status bucket_link(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err) MUST_CHECK;
/*
 * What has to be done so that a message of class 'cls' with the key 'key' has a bucket: use bucket
 * 'i', rename it to the key, take its "+" off, or make one.  DEED_NONE: there is no bucket at all.
 * 'room': a bucket can be made.  The rules are F4.5 to F4.8.
 */
enum deed { DEED_USE, DEED_LOWER, DEED_FINISH, DEED_MAKE, DEED_NONE };
struct decision { enum deed deed; size_t i; };
struct decision bucket_decide(const struct buckets *bs, char cls, usec_t key, bool room);
/*
 * The key of the first finished bucket of the class behind 'key'; USEC_MAX if there is none.  A
 * message with that key or a greater one goes elsewhere.
 */
usec_t bucket_next_key(const struct buckets *bs, char cls, usec_t key);
/* Find or make the bucket that a message of that class and key goes into. */
enum status target_for(struct shelf *sh, char cls, usec_t key, struct target **out,
    struct error *err) MUST_CHECK;
/* Forget a target, or all of them.  A dirty one is synced first. */
void target_drop(struct queue *q, struct target *t);
void targets_drop(struct queue *q);
/*
 * Publish a directory that was filled in tmp/ as a bucket, whose name becomes *bucket.  *bucket is
 * "" if nobody saw it.
 */
enum status bucket_publish_dir(struct queue *q, int tmpfd, const char *dir, enum state s, char cls,
    usec_t key, char bucket[BUCKET_MAX], struct error *err) MUST_CHECK;

#endif
