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
	bool shut;		/* it is known not to be ours to open */
	usec_t key;
};
struct buckets { struct bucket *b; size_t n; };

/*
 * A directory of buckets: that of a state, or the lane of a key in waiting/, where messages that
 * are ready wait for the turn of that key.
 */
struct shelf {
	struct queue *queue;
	enum state state;	/* the messages there are in this state */
	/* The key whose lane it is; "" for the directory of a state. */
	char lane[ORDER_LEN + 1];
	/* -1: it is not open yet; that of a state is opened when it is first needed. */
	int fd;
};
/* The directory of a state, which belongs to the queue. */
struct shelf *shelf_of(struct queue *q, enum state s);
void shelf_close(struct shelf *sh);
/* Its descriptor.  The caller has opened a lane. */
enum status shelf_fd(struct shelf *sh, int *fd, struct error *err) MUST_CHECK;
/* Whether the directory itself was removed, as an empty lane may be at any time. */
bool shelf_gone(const struct shelf *sh);
/* Its name, for people. */
const char *shelf_name(const struct shelf *sh);
/* Fill in where a message stands: in this bucket here, under this file name. */
void shelf_place(const struct shelf *sh, const char *bucket, const char *file, struct place *p);

/* The bucket that the last message was moved to, and the next one may be. */
struct target {
	int fd;			/* -1: none */
	char lane[ORDER_LEN + 1];
	char name[BUCKET_MAX];
	char cls;
	usec_t key, next;	/* its own key, and that of the next bucket of the class */
	unsigned uses;
	bool dirty;		/* it has to be synced: see careful in struct queue */
};

bool bucket_parse(const char *text, struct bucket *b);
void bucket_format(char cls, usec_t key, char buf[BUCKET_MAX]);
/* The class of a message of that name in that state. */
char bucket_class(enum state s, const struct msgname *name);
/* What the hint says; false: there is none that holds. */
bool buckets_edges(struct shelf *sh, struct edges *e);
/* All buckets, sorted by class, then key; free with buckets_free.  ST_GONE: the lane is gone. */
enum status buckets_list(struct shelf *sh, struct buckets *out, struct error *err) MUST_CHECK;
void buckets_free(struct buckets *bs);
/*
 * The buckets whose messages may have to be returned now, and the next one.  A hint may spare the
 * listing; otherwise these are all buckets.  All buckets of class w are among them.
 */
enum status buckets_before(struct shelf *sh, usec_t now, struct buckets *out,
    struct error *err) MUST_CHECK;
/* Open a bucket, by its name with or without the "+".  ST_GONE: it is not there. */
enum status bucket_open(struct shelf *sh, const struct bucket *b, int *fd,
    struct error *err) MUST_CHECK;
/* All names in a bucket, to be freed only after ST_OK.  ST_GONE: it is not there. */
enum status bucket_list(struct shelf *sh, const struct bucket *b, struct listing *l,
    struct error *err) MUST_CHECK;
/* Remove an empty bucket, unless it is the last finished one of its class or has a "+". */
void bucket_remove_empty(struct shelf *sh, const struct buckets *bs, size_t i);
/*
 * Move a file into a state under the name that *name gives, into the bucket that fits, made if need
 * be; on a collision the key gets a microsecond more.  *to tells where it went, or was to go when
 * it failed (may be NULL).  ST_GONE: the source is not there.
 */
enum status bucket_put(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err) MUST_CHECK;
/*
 * After bucket_put failed, of a file whose name only the caller knows: whether it is there all the
 * same.  File systems of other machines may do a rename and report an error, when they lost the
 * answer.
 */
bool bucket_put_happened(struct queue *q, int fromfd, const char *from, const struct place *to);
/*
 * As bucket_put, with one more name for the file, which stays where it is.  ST_EXISTS: it has that
 * very name there already.
 */
enum status bucket_link(struct queue *q, int fromfd, const char *from, enum state s,
    struct msgname *name, struct place *to, struct error *err) MUST_CHECK;
/*
 * What has to be done so that a message of that class and key has a bucket: use bucket i, rename it
 * to the key, take its "+" off, or make one.  None: there is no bucket at all.  room: whether one
 * can be made.  The rules are F4.5 to F4.8.
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
/* Forget a target, or all of them, after a sync of those that are dirty. */
void target_drop(struct queue *q, struct target *t);
void targets_drop(struct queue *q);
/* Publish a directory that was filled in tmp/ as a bucket, named *bucket.  "": nobody saw it. */
enum status bucket_publish_dir(struct queue *q, int tmpfd, const char *dir, enum state s, char cls,
    usec_t key, char bucket[BUCKET_MAX], struct error *err) MUST_CHECK;

#endif
