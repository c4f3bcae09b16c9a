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
	char name[BUCKET_MAX];	/* without "+" */
	char cls;		/* 0, '0'..'9' or 'w' */
	bool half;		/* stands with a "+" */
	bool full;		/* it is known to have no room, or not to be for us to open */
	bool shut;
	usec_t key;
};
struct buckets { struct bucket *b; size_t n; };

/*
 * A directory of buckets: that of a state, or the lane of a key in waiting/, where messages that
 * are ready wait for the turn of that key.
 */
struct shelf {
	struct queue *queue;
	enum state state;		/* what stands there is in this state */
	char lane[ORDER_LEN + 1];	/* the key whose lane it is,
	    "" for the directory of a state */
	/* -1: not open yet; a state's is opened when it is first needed */
	int fd;
};
/* That of a state; it belongs to the queue. */
struct shelf *shelf_of(struct queue *q, enum state s);
void shelf_close(struct shelf *sh);
/* Its descriptor.  A lane was opened by whoever asks. */
enum status shelf_fd(struct shelf *sh, int *fd, struct error *err) MUST_CHECK;
/* Whether the directory itself was removed, as an empty lane may be at any time. */
bool shelf_gone(const struct shelf *sh);
/* Its name, for people. */
const char *shelf_name(const struct shelf *sh);
/* Say that a place is in a bucket there, under that name. */
void shelf_place(const struct shelf *sh, const char *bucket, const char *file, struct place *p);

/* The bucket that the last move went to: the next one may go there too. */
struct target {
	int fd;			/* -1: none */
	char lane[ORDER_LEN + 1];
	char name[BUCKET_MAX];
	char cls;
	usec_t key, next;	/* its own key; that of the next bucket of the class */
	unsigned uses;
	bool dirty;		/* to be synced: see careful */
};

bool bucket_parse(const char *text, struct bucket *b);
void bucket_format(char cls, usec_t key, char buf[BUCKET_MAX]);
/* The class that a message of that name belongs to in that state. */
char bucket_class(enum state s, const struct msgname *name);
/* The hint, if it holds. */
bool buckets_edges(struct shelf *sh, struct edges *e);
/* Sorted by class, then key.  Free with buckets_free.  ST_GONE: it was a lane, which is no more. */
enum status buckets_list(struct shelf *sh, struct buckets *out, struct error *err) MUST_CHECK;
void buckets_free(struct buckets *bs);
/*
 * The buckets whose messages may have to be returned now, and the next one: without a listing if a
 * hint tells; else all. Of class w all count.
 */
enum status buckets_before(struct shelf *sh, usec_t now, struct buckets *out,
    struct error *err) MUST_CHECK;
/* Open one; ST_GONE.  The file name of it (with "+" where it has one) is tried both ways. */
enum status bucket_open(struct shelf *sh, const struct bucket *b, int *fd,
    struct error *err) MUST_CHECK;
/* All names in one; ST_GONE.  To be freed only if it is ST_OK. */
enum status bucket_list(struct shelf *sh, const struct bucket *b, struct listing *l,
    struct error *err) MUST_CHECK;
/* rmdir it unless it is the last of its class in the list, or in the making. */
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
 * What is to be done so that a message of that class and key has a bucket: use i, give i the key
 * for its name, take the "+" off i, or make one.  None: there is no bucket at all.  room: whether
 * one could be made.  See F4.5 to F4.8.
 */
enum deed { DEED_USE, DEED_LOWER, DEED_FINISH, DEED_MAKE, DEED_NONE };
struct decision { enum deed deed; size_t i; };
struct decision bucket_decide(const struct buckets *bs, char cls, usec_t key, bool room);
/* Make the bucket that a key belongs to the target of a directory, found or made. */
enum status target_for(struct shelf *sh, char cls, usec_t key, struct target **out,
    struct error *err) MUST_CHECK;
/* Forget the target buckets; sync first those that are to be. */
void target_drop(struct queue *q, struct target *t);
void targets_drop(struct queue *q);
/* A directory filled in tmp/ becomes a bucket of that name.  "": it has not become visible. */
enum status bucket_publish_dir(struct queue *q, int tmpfd, const char *dir, enum state s, char cls,
    usec_t key, char bucket[BUCKET_MAX], struct error *err) MUST_CHECK;

#endif
