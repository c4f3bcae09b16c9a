/*
 * event.h: what the files that make events (event.c, watches.c, meaning.c) share.
 */
#ifndef VIEW_EVENT_H
#define VIEW_EVENT_H

#include <sys/inotify.h>

#include "base/base.h"
#include "base/name.h"

struct event;
struct queue;
struct spool;

/* The events of the kernel that say that a name came to a directory. */
#define ARRIVE (IN_CREATE | IN_MOVED_TO)
/* How many departures are remembered while they wait for their arrivals. */
#define PARTED 64

enum what { DIR_STATE, DIR_BUCKET, DIR_NEW };

/* A watched directory, found by its watch descriptor. */
struct watched {
	int wd;
	size_t queue;		/* its index in struct events */
	enum what what;
	enum state state;
	char bucket[BUCKET_MAX];
};

/* A file that left a directory.  The arrival that belongs to it has the same cookie. */
struct departure {
	uint32_t cookie;	/* 0: no departure is remembered here */
	size_t queue;
	struct place at;
	bool arrived_new;	/* it left new/, so its arrival there was told as "pushed" */
	bool untold;		/* its arrival in new/ could not be told: see struct unseen */
};

/* A file that came to new/, and was adopted before it could be looked at. */
struct unseen { size_t queue; char file[NAME_MAX_LEN + 1]; };

struct events {
	int fd;
	int spoolwd;
	struct spool *spool;
	bool all;		/* queues that are made later are watched, too */
	struct queue **queue;
	size_t nqueues;
	/* The first error of what could not be watched since events_missed was last called. */
	struct error missed;
	struct watched *w;
	size_t nw, cap;
	struct departure parted[PARTED];
	size_t next_parted;
	struct unseen unseen[PARTED];
	size_t next_unseen;
	/*
	 * Messages that were found by listing a new bucket.  The first 'told' of them were told.
	 * If the kernel then reports them, too, they are not told again.
	 */
	struct { size_t queue; struct place at; } *found;
	size_t nfound, capfound, told;
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	size_t have, pos;
};

/* ---- watches.c ------------------------------------------------------------- */

/* The watched directory of a watch descriptor, or NULL. */
struct watched *watches_find(struct events *ev, int wd);
/* '*p' becomes the place of a file in a watched directory.  False: it is no message, or is gone. */
bool watched_place(struct events *ev, const struct watched *w, const char *file, struct place *p);
/* Whether a listing found the message in that state already: then it is told, or will be. */
bool watched_before(const struct events *ev, size_t queue, const struct place *p);
/*
 * Watch the directories of a queue.  With 'list' the messages that are there already are noted, so
 * that they are told, too.
 */
enum status watches_queue(struct events *ev, size_t queue, bool list,
    struct error *err) MUST_CHECK;
/* Open the queue of this name, and watch it. */
enum status watches_queue_open(struct events *ev, const char *name, bool list,
    struct error *err) MUST_CHECK;
/*
 * Watch what was made in the spool, or moved into it, under this name, unless it is watched.  What
 * is not a queue, or cannot be opened, is passed over.
 */
enum status watches_queue_made(struct events *ev, const char *name, bool list,
    struct error *err) MUST_CHECK;
/* Watch all queues of the spool that are not watched yet. */
enum status watches_all(struct events *ev, bool list, struct error *err) MUST_CHECK;
/* Watch a bucket that has just appeared, and note the messages that are in it already. */
enum status watches_bucket_made(struct events *ev, const struct watched *state, const char *name,
    struct error *err) MUST_CHECK;

/* ---- meaning.c ------------------------------------------------------------- */

/*
 * Fill in an event: 'what' happened in the queue, to the message at 'p' (NULL: to none).  False:
 * 'what' is NULL, so there is nothing to tell.
 */
bool meaning_tell(struct events *ev, struct event *e, size_t queue, const char *what,
    const struct place *p);
/*
 * What the arrival of a message means if it was not seen to leave another place: it was pushed, or
 * it came from a queue that is not watched.  NULL: nothing that is to be told.
 */
const char *meaning_came(const struct place *to);
/* A file left, came to, or was removed from a watched directory.  True: '*e' is to be told. */
bool meaning_depart(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e);
bool meaning_arrive(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e);
bool meaning_deleted(struct events *ev, const struct inotify_event *ie, const struct watched *w,
    struct event *e);
/* Whether a file left whose arrival was not seen yet. */
bool meaning_awaits(const struct events *ev);
/*
 * Give up waiting for the arrivals: a file that left and did not arrive in time has moved out of
 * sight.  True: '*e' is to be told, and there may be more.
 */
bool meaning_overdue(struct events *ev, struct event *e);

#endif
