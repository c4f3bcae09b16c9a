/*
 * lib.h: what the files of lib/ share among themselves.
 */
#ifndef LIB_H
#define LIB_H

#include <sys/stat.h>

#include "mq.h"

/* ---- fs.c: the only place that creates, renames, links, unlinks or syncs - */

/* Who is to own what is made; -1: who makes it.  Only root gives files away: see queue_owner. */
struct owner {
	uid_t uid;
	gid_t gid;
};
#define OWNER_SELF ((struct owner){ (uid_t)-1, (gid_t)-1 })

/* All names are relative to a descriptor; none of these follows a last symbolic link unless it says so. */
enum status fs_open_dir(int dirfd, const char *name, bool follow, int *fd, struct error *) MUST_CHECK;
/* A directory that we may enter, if not read. */
enum status fs_open_path(int dirfd, const char *name, int *fd, struct error *) MUST_CHECK;
/* Open for reading without blocking on a FIFO or following a link; errno is the caller's to judge.  -1 on failure. */
int fs_open_read(int dirfd, const char *name);
/* As fs_open_read, for reading and writing (advice files only).  create: make it if it is not there. */
int fs_open_shared(int dirfd, const char *name, bool create, mode_t mode);
/* A new file that did not exist, for writing. */
enum status fs_create(int dirfd, const char *name, mode_t mode, struct owner, int *fd, struct error *) MUST_CHECK;
/* A whole small file: NUL-terminated text, freed by the caller.  ST_NOTFOUND: not there. */
enum status fs_read_file(int dirfd, const char *name, bool follow, size_t max, char **text, size_t *len, struct error *) MUST_CHECK;
/* As fs_read_file; what fstat said of the very file that was read. */
enum status fs_read_file_stat(int dirfd, const char *name, bool follow, size_t max, char **text, size_t *len, struct stat *,
    struct error *) MUST_CHECK;
/* Replace a file by one rename, durably if sync. */
enum status fs_replace_file(int dirfd, const char *name, const char *text, size_t len, mode_t mode, struct owner, bool sync, struct error *) MUST_CHECK;
/* Open to append, made if need be; not blocking on a FIFO or following a link.  -1 on failure, errno is the caller's. */
int fs_open_append(int dirfd, const char *name, mode_t mode);
/* Append text with one write; the file is made if need be. */
enum status fs_append(int dirfd, const char *name, const char *text, size_t len, mode_t mode, struct owner, bool sync, struct error *) MUST_CHECK;
enum status fs_write(int fd, const void *, size_t, struct error *) MUST_CHECK;
/* A directory that the user's umask decides about (the spool itself).  As fs_mkdir otherwise. */
enum status fs_mkdir_default(int dirfd, const char *name, struct error *) MUST_CHECK;
/* mkdir, with mode and group whatever the umask.  ST_EXISTS, ST_GONE (the parent went, or others took the new one) are silent. */
enum status fs_mkdir(int dirfd, const char *name, mode_t mode, struct owner, struct error *) MUST_CHECK;
/* Mode and group of an open directory or file. */
/* Owner, group and mode of a file that we made, as those of another; as much of it as we may. */
struct stat;
enum status fs_give(int dirfd, const char *name, const struct stat *like, struct error *) MUST_CHECK;
enum status fs_set_mode(int fd, mode_t mode, struct owner, struct error *) MUST_CHECK;
/* Rename that replaces nothing where the kernel can tell.  ST_GONE: no source (or a directory went); ST_EXISTS. */
enum status fs_move(int fromfd, const char *from, int tofd, const char *to, struct error *) MUST_CHECK;
/* fs_move of what has a name that only we know: that a network file system lost the answer does not matter. */
enum status fs_move_own(int fromfd, const char *from, int tofd, const char *to, struct error *) MUST_CHECK;
/* Rename a directory to a name that is free, or that of an empty directory; else ST_EXISTS. */
enum status fs_move_onto_empty(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* Rename that replaces what has the name. */
enum status fs_replace(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* One more name for a file.  ST_GONE, ST_EXISTS as with fs_move. */
enum status fs_link(int fromfd, const char *from, int tofd, const char *to, struct error *err) MUST_CHECK;
/* Whether a link failed so that a copy may be had all the same. */
bool fs_link_refused(const struct error *);
/* ST_GONE: it was not there. */
enum status fs_unlink(int dirfd, const char *name, struct error *) MUST_CHECK;
/* A symbolic link, which is followed by nobody: its text is a fact that is made by one call.  ST_EXISTS, silently. */
enum status fs_symlink(const char *text, int dirfd, const char *name, struct error *) MUST_CHECK;
/* ST_GONE: it is not there; ST_BADDATA: no link, or its text does not fit into size bytes with a NUL. */
enum status fs_read_link(int dirfd, const char *name, char *text, size_t size, struct error *) MUST_CHECK;
/* Set its times to now, if it is there. */
void fs_touch(int dirfd, const char *name);
/* True if it was removed; a directory that is not empty stays. */
bool fs_rmdir(int dirfd, const char *name);
/* Remove a directory and what is in it (a batch or a queue that came to nothing), a few levels deep.  False: it is still there. */
bool fs_remove_tree(int dirfd, const char *name);
/* One attempt, ever: the error must not be retried away. */
enum status fs_sync(int fd, struct error *) MUST_CHECK;
enum status fs_sync_all(int fd, struct error *) MUST_CHECK;	/* syncfs */
/* The fence of a living process: one byte of a file.  False: locks do not work here. */
bool fs_lock(int fd, int64_t offset, bool exclusive);
/* A second descriptor of the open file, which keeps its locks.  -1 on failure, errno is the caller's. */
int fs_share(int fd);
/* Whether somebody holds a lock on that byte: 1 yes, 0 no, -1 cannot tell. */
int fs_locked(int fd, int64_t offset);
/* Lock a directory as a whole for as long as fd is open.  False: another process has it; true also where that cannot be had. */
bool fs_lock_dir(int fd);
/* The same: 1 another process has it, 0 nobody had and now we do, -1 cannot tell. */
int fs_dir_locked(int fd);
/* Whether dirfd is on a file system whose changes inotify does not see (NFS and kin). */
bool fs_is_remote(int dirfd);
/* Free bytes and inodes (INT64_MAX where the file system has no such number). */
enum status fs_space(int dirfd, int64_t *bytes, int64_t *inodes, struct error *) MUST_CHECK;

/* Names in a directory, dot names left out. */
struct entry { char *name; unsigned char type; };	/* DT_*, DT_UNKNOWN asked for and resolved */
struct listing { struct entry *e; size_t n, cap; };
/*
 * The names greater than after, sorted, at most max of them, the smallest ones (max 0: all).
 * *more (may be NULL): whether there are others.  dots: dot names too (but . and ..).
 */
enum status fs_list(int dirfd, const char *after, size_t max, bool dots, struct listing *, bool *more, struct error *) MUST_CHECK;
void listing_free(struct listing *);

/* ---- name.c ------------------------------------------------------------- */

/* FNV-1a, 64 bits: http://www.isthe.com/chongo/tech/comp/fnv/ */
uint64_t fnv1a(const void *, size_t);

/* ---- policy.c -------------------------------------------------------- */

/* Give key (an index of conf_keys) a value; false: the text is none for it.  What a value must be, in words. */
bool policy_set(struct policy *, int key, const char *text);
const char *policy_rule(int key);
/* The member that a key is of that says what is run; NULL: it is not of that kind. */
struct command *policy_command(struct policy *, int key);

/* ---- spool.c, handle.c, queue.c ---------------------------------------- */

struct spool {
	int fd;
	bool created;		/* its .mq was written by this run, or has to be */
	char path[4096];
	const struct conf_files *conf;
	struct error log_error;	/* why the first event could not be logged: see log.c */
};

struct counters;

/*
 * A lane, which is where messages wait for the turn of their key, is a state's directory in small, and the code for
 * states serves it under this number: it is the one that lane_open opened last.  Outside bucket.c, find.c, order.c and scan.c
 * what is in a lane is ready, and its bucket is ORDER/BUCKET.
 */
#define STATE_LANE ((enum state)NSTATES)
/* Keys whose messages one pass over ready/ may leave standing before it parks them. */
#define PASSED_MAX 64

struct queue {
	struct spool *spool;
	char name[QUEUE_NAME_MAX + 1];
	int fd;			/* the queue's directory */
	int statefd[NSTATES + 1];	/* -1 until needed: see queue_state, lane_open */
	char lane[ORDER_LEN + 1];	/* whose lane is open */
	usec_t swept;		/* when order_sweep last looked in vain */
	/* Turns that ended and were not passed on yet: see order_defer. */
	struct {
		bool on;
		struct ended { char order[ORDER_LEN + 1]; struct msgid id; } *e;
		size_t n, cap;
	} deferred;
	int tmpfd, newfd;
	int remote;		/* -1: not asked yet; see queue_remote */
	struct policy policy;
	struct owner owner;	/* of what we make in it */
	struct counters *counters;
	bool counters_tried;
	_Atomic int64_t turn;	/* in place of that of the counters, where there are none */
	struct { int fd; bool held; } active;	/* policy single: ACTIVE_FILE, and whether we have its lock */
	/* The event log, as far as it was needed. */
	struct {
		int fd;			/* -1: not open */
		char name[LOG_NAME_MAX];	/* what the policy said then */
		usec_t looked;		/* when it was last opened, or tried, or found to stand */
		bool torn;		/* it ends with a part of a line */
	} log;
	/* What is left of the last listing of a ready bucket, for processes that claim again and again. */
	struct window {
		struct listing names;
		size_t next;
		int fd;
		char bucket[BUCKET_MAX];
		usec_t since;
		usec_t began;		/* the pass that it belongs to */
		unsigned npassed;	/* keys whose turn had not come in this pass */
		struct {
			char order[ORDER_LEN + 1];
			struct msgid turn;	/* whose it was, "": not told */
		} passed[PASSED_MAX];
		unsigned spread;	/* how far ahead of `next` the next one is taken: see window_scatter */
	} window;
	/* The bucket that the last move into each state went to: the next one may go there too. */
	struct target {
		int fd;			/* -1: none */
		char name[BUCKET_MAX];
		char cls;
		usec_t key, next;	/* its own key; that of the next bucket of the class */
		unsigned uses;
		bool dirty;		/* to be synced: see careful */
	} target[NSTATES + 1];
	bool topic;		/* what is claimed is being distributed: see topic.c */
	uint64_t promised, promised_bytes;	/* that will come in, too, and is to be counted with what is there */
	bool drop;		/* opened by queue_open_drop: of fd and newfd only the path may be used */
	bool careful;		/* moves are to be made durable: by moves_sync, all at once */
	bool sync_failed;
};

mode_t queue_file_mode(const struct queue *);
mode_t queue_dir_mode(const struct queue *);
/* Give an advice file the mode and group of the queue, if we may. */
void queue_share(const struct queue *, int fd);
/* Of the queue's own directory, queue.conf and new/, which are more open where others may only put messages in. */
mode_t queue_top_mode(const struct queue *);
mode_t queue_conf_mode(const struct queue *);
mode_t queue_new_mode(const struct queue *);
/* Whether some users may only put messages in. */
bool queue_is_drop_box(const struct queue *);
/* Of a file that somebody drops there. */
mode_t queue_drop_mode(const struct queue *);
/* On a file system of another machine, or one that may forget locks and tells nothing to inotify. */
bool queue_remote(struct queue *);
bool queue_synced(const struct queue *);	/* policy sync = always */
/* Descriptor of a state's directory, of tmp/ (made if missing), of new/. */
enum status queue_state(struct queue *, enum state, int *fd, struct error *) MUST_CHECK;
enum status queue_tmp(struct queue *, int *fd, struct error *) MUST_CHECK;
enum status queue_new(struct queue *, int *fd, struct error *) MUST_CHECK;
/* Lay out an empty queue in the directory fd, but tmp/. */
enum status queue_layout(struct queue *, usec_t now, struct error *) MUST_CHECK;
/* A name that nobody else uses, for tmp/ (16 random hex digits behind a prefix). */
void tmp_name(char buf[40]);
/* Outside tmp/: what fs_replace_file writes first, and a queue in the making. */
#define TMP_PREFIX ".mq-"
#define NEW_PREFIX ".new-"
/* Error text in front: "queue jobs: ...". */
enum status queue_fail(const struct queue *, struct error *, int errnum, const char *fmt, ...) PRINTF_LIKE(4, 5);

/* ---- bucket.c --------------------------------------------------------- */

struct bucket {
	char name[BUCKET_MAX];	/* without "+" */
	char cls;		/* 0, '0'..'9' or 'w' */
	bool half;		/* stands with a "+" */
	usec_t key;
};
struct buckets { struct bucket *b; size_t n; };

bool bucket_parse(const char *, struct bucket *);
void bucket_format(char cls, usec_t key, char buf[BUCKET_MAX]);
/* The class that a message of that name belongs to in that state. */
char bucket_class(enum state, const struct msgname *);
/* Of the n buckets of one class the two lowest, and the greatest finished one (-1: none is). */
struct edge { usec_t low[2], high; uint32_t half[2]; int64_t n; };
struct edges { struct edge edge[10]; };	/* a ready bucket's by its priority; else the plain ones, and those of class w */
struct edge *edge_of(struct edges *, char cls);
/* The two lowest buckets of a class; how many there are of these. */
size_t edge_lowest(struct edges *, char cls, struct bucket b[2]);
/* What the last listing of ready, delayed or claimed told, if the directory has not changed since. */
bool hint_get(struct queue *, enum state, int dir, struct edges *);
/* Keep what a listing told.  before: the directory's, from before it was listed. */
void hint_put(struct queue *, enum state, const struct stat *before, int dir, const struct buckets *);
/* The hint, if it holds. */
bool buckets_edges(struct queue *, enum state, struct edges *);
/* Sorted by class, then key.  Free with buckets_free. */
enum status buckets_list(struct queue *, enum state, struct buckets *, struct error *) MUST_CHECK;
void buckets_free(struct buckets *);
/*
 * The buckets whose messages may have to be returned now, and the next one: without a listing if a hint tells; else all.
 * Of class w all count.
 */
enum status buckets_before(struct queue *, enum state, usec_t now, struct buckets *, struct error *) MUST_CHECK;
/* Open one; ST_GONE.  The file name of it (with "+" where it has one) is tried both ways. */
enum status bucket_open(struct queue *, enum state, const struct bucket *, int *fd, struct error *) MUST_CHECK;
/* All names in one; ST_GONE.  To be freed only if it is ST_OK. */
enum status bucket_list(struct queue *, enum state, const struct bucket *, struct listing *, struct error *) MUST_CHECK;
/* rmdir it unless it is the last of its class in the list, or in the making. */
void bucket_remove_empty(struct queue *, enum state, const struct buckets *, size_t i);
/*
 * Move a file into a state under the name that *name gives, into the bucket that fits, made
 * if need be; on a collision the key gets a microsecond more.  *to tells where it went (may
 * be NULL).  ST_GONE: the source is not there.
 */
enum status bucket_put(struct queue *, int fromfd, const char *from, enum state, struct msgname *name, struct place *to, struct error *) MUST_CHECK;
/* The same with one more name for the file, which stays where it is.  ST_EXISTS: it has that very name there already. */
enum status bucket_link(struct queue *, int fromfd, const char *from, enum state, struct msgname *name, struct place *to, struct error *err) MUST_CHECK;
/* The directory of a state, or of lanes. */
const char *state_dir(enum state);
/* Make the bucket that a key belongs to the target of its state: q->target[s], found or made. */
enum status target_for(struct queue *, enum state, char cls, usec_t key, struct error *) MUST_CHECK;
/* Forget the target buckets; sync first those that are to be. */
void target_drop(struct queue *, struct target *);
void targets_drop(struct queue *);
/* Open the bucket that a place is in. */
enum status place_open(struct queue *, const struct place *, int *dirfd, struct error *) MUST_CHECK;
/* Move from place to a state of queue to (may be the same queue); counters of both follow. */
enum status place_move(struct queue *, const struct place *, struct queue *to, enum state, struct msgname *name, struct place *, struct error *) MUST_CHECK;
enum status place_drop(struct queue *, const struct place *, struct error *) MUST_CHECK;
/* A directory filled in tmp/ becomes a bucket of that name.  "": it has not become visible. */
enum status bucket_publish_dir(struct queue *, int tmpfd, const char *dir, enum state, char cls, usec_t key, char bucket[BUCKET_MAX], struct error *) MUST_CHECK;

/* ---- lane.c ----------------------------------------------------------- */

/* A directory below parent, made durably if it is to be.  ST_GONE: it is not there. */
enum status queue_sub(struct queue *, int parent, const char *name, bool create, int *fd, struct error *) MUST_CHECK;
/* The names in a directory of the queue, as fs_list; none if it is missing. */
enum status queue_sub_list(struct queue *, const char *dir, const char *after, size_t max, struct listing *, bool *more, struct error *) MUST_CHECK;
/* The lane of an order key becomes STATE_LANE.  ST_GONE: there is none, and none was to be made. */
enum status lane_open(struct queue *, const char *order, bool create, struct error *) MUST_CHECK;
void lane_close(struct queue *);
/* Remove a lane if it is empty: whoever parks there now makes it again. */
void lane_remove(struct queue *, const char *order, struct error *);
/* Say that a place is in a lane; and whether it is. */
void lane_place(struct place *, const char *order, const char *bucket);
bool place_in_lane(const struct place *);
/* The names of lanes, as fs_list; and whether a name is one of an order key. */
enum status lanes_list(struct queue *, const char *after, size_t max, struct listing *, bool *more, struct error *) MUST_CHECK;
bool order_ok(const char *);

/* ---- turn.c ----------------------------------------------------------- */

/* Whose turn it is, and where it was seen last, if that is worth knowing. */
struct turn {
	char entry[NAME_MAX_LEN + 1];
	struct msgid id;
	int state;	/* -1: not told */
	char bucket[BUCKET_MAX];
};
/* Whose it is.  ST_NONE: nobody's. */
enum status turn_read(struct queue *, const char *order, struct turn *, struct error *) MUST_CHECK;
/* Give the turn to a message if it is nobody's.  ST_EXISTS: it is somebody's. */
enum status turn_take(struct queue *, const char *order, const struct msgid *, struct error *) MUST_CHECK;
/* It passes from one to another, or (NULL) to nobody.  ST_GONE: it was not that one's any more. */
enum status turn_pass(struct queue *, const char *order, const struct turn *from, const char *to, struct error *) MUST_CHECK;
/* Remember in the entry where its message is. */
enum status turn_note(struct queue *, const struct turn *, const struct place *, struct error *) MUST_CHECK;
/* As durable as the moves of messages are. */
void turn_sync(struct queue *, const char *order);
/* The names in turns/, as fs_list; and whether a name is that of an entry in one of them. */
bool turn_ok(const char *);
enum status turns_list(struct queue *, const char *after, size_t max, struct listing *, bool *more, struct error *) MUST_CHECK;

/* ---- order.c ---------------------------------------------------------- */

/*
 * Whether a message that stands in ready has its turn, which it gets if nobody has it.  ST_NONE: it has not.  *again becomes true where
 * an earlier one that may have been overlooked was put in ready.  *turn: who has it, if another has.  ST_EXISTS, only without take: nobody has
 * the turn; ask again with take when no earlier one of the key stands in ready.
 */
enum status order_ask(struct queue *, const struct place *, bool take, struct msgid *turn, bool *again, struct error *) MUST_CHECK;
/* Put one whose turn has not come where no claim has to pass over it.  dir: its bucket. */
enum status order_park(struct queue *, int dir, const struct place *, bool *again, struct error *) MUST_CHECK;
/* The message has gone for good, or is about to: the next of its key has its turn.  False: that could not be done now. */
bool order_leave(struct queue *, const struct msgname *);
/* Another was quicker, and may have ended it before it got its turn from us. */
void order_lost(struct queue *, const struct msgname *);
/*
 * It stands there now; if it has the turn, it keeps it, but where the policy lets others overtake.  If not, and newer ones
 * are parked, it is parked with them.
 */
void order_moved(struct queue *, const struct place *);
/* It came there from elsewhere: if it had the turn of its key there, it has it here, unless another has. */
void order_came(struct queue *, const struct place *);
/* Whether it has a key, and was delivered before: then it had the turn. */
bool order_begun(const struct msgname *);
/* Whether it has the turn of its key. */
bool order_holds(struct queue *, const struct msgname *);
/* Lanes that wait for nobody get going again; so many at a time, and only now and then if there are none.  True: there was one. */
bool order_sweep(struct queue *, usec_t now);
/* What is wrong with the turn of a key, whether messages wait because of it, and mend it.  NULL: nothing. */
const char *order_check(struct queue *, const char *order, bool repair, bool *stuck, bool *mended, struct error *);

/* The next that waits: it has its turn and is not worked on, or is the first of the lane. */
bool order_waits(struct queue *, const char *order, struct place *);

/* ---- latest.c --------------------------------------------------------- */

/*
 * A message was published, and is durable; of interest if it has a key and the queue keeps the latest of each.  It replaces what is
 * older, or goes itself if it is older.  File "": nobody knows where.
 */
void latest_published(struct queue *, const struct place *, usec_t now);
/* The same for one that was moved or linked there just now: what it replaces may go only when it is durable. */
void latest_arrived(struct queue *, const struct place *, usec_t now);
/* Whether a newer one of its key was published. */
bool latest_superseded(struct queue *, const struct msgname *);
/*
 * A message went from claimed to where it waits: if a newer one of its key was published, it is removed.  Ask latest_superseded before,
 * and let it go to ready then, where a claim removes it should this not come to pass: what is delayed keeps its turn.
 */
void latest_returned(struct queue *, const struct place *, usec_t now);
/* Remove a message that a newer one takes the place of. */
enum status latest_drop(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/*
 * The message was acknowledged, or is about to leave those that are to be delivered: nothing that comes is compared with it any more.
 * Before it leaves, for a crash after that would leave it the latest, and have others removed for its sake.
 */
void latest_done(struct queue *, const struct msgname *);

/* ---- counters.c ------------------------------------------------------- */

/* Advice: none of these fails. */
void counters_add(struct queue *, int what, uint64_t n, usec_t now);
/* A message came into (+1) or left (-1) a state. */
void counters_state(struct queue *, enum state, int messages, int64_t bytes);
void counters_close(struct queue *);
/* HINTS_SIZE bytes beside the counters, as words; NULL: there are none.  open: also if this process has not used counters yet. */
#define HINTS_SIZE 1280
_Atomic uint64_t *counters_hints(struct queue *, bool open);
/* Give it, and ACTIVE_FILE, the mode and group of the queue. */
void counters_share(struct queue *);
/* When the next claim is due by the queue's rate: see flow.c.  Never NULL. */
_Atomic int64_t *counters_turn(struct queue *);
/* Claims, after this many more; 0 where there are no counters. */
int64_t counters_claimed(struct queue *, int more);
/* If they are had, make them is. */
bool counters_set_claimed(struct queue *, int64_t had, int64_t is);
/* Messages and bytes in ready, delayed and claimed as far as counted, and when they were last counted for sure. */
bool counters_backlog(struct queue *, uint64_t *messages, uint64_t *bytes, usec_t *since);
void counters_set_backlog(struct queue *, uint64_t messages, uint64_t bytes, usec_t now);
/* fsck: whether the file is what it should be (absent is fine); remove it. */
bool counters_ok(struct queue *);

/* ---- log.c ------------------------------------------------------------ */

/* Advice: none of these fails.  What went wrong first is in the spool's log_error. */
/* A message came into a state, or went (then s is the one that it left). */
void log_event(struct queue *, const char *what, const struct msgname *, enum state s, usec_t now);
/* From one queue to another: both tell it. */
void log_moved(struct queue *, struct queue *to, const struct msgname *, enum state s, usec_t now);
void log_close(struct queue *);

/* ---- record.c --------------------------------------------------------- */

/* Append a block to the failure record (advice: fails silently; durable if sync). */
void record_add(struct queue *, const struct msgid *, int attempt, const struct failure *, usec_t now, bool sync);
/* The queues that have it, as the last whole line of its record tells; none if there is none. */
void record_given(struct queue *, const struct msgid *, struct names *);
void record_drop(struct queue *, const struct msgid *);
void record_move(struct queue *, const struct msgid *, struct queue *to);

/* ---- reply.c ---------------------------------------------------------- */

#define REPLIES "replies"
#define REPLY_ANSWER "answer"
#define REPLY_FAILED "failed"	/* in place of an answer: why there will be none */
/* The directory; ST_GONE: there is none. */
enum status replies_open(struct queue *, bool create, int *fd, struct error *) MUST_CHECK;
/* The places that nobody waits in, of at most max behind after (0: of all).  seen is called for each, and may be NULL. */
void replies_sweep(struct queue *, int replies, const char *after, size_t max, usec_t now, bool remove,
    void (*seen)(void *, const char *, bool removed), void *arg);
void replies_tidy(struct queue *, int replies, usec_t now);
/* Before a message goes for good: where its answer is awaited, "" if nowhere.  When it has gone: tell why there will be none. */
void reply_asker(struct queue *, const struct place *, char token[REPLY_LEN + 1]);
void reply_failed(struct queue *, const char *token, const char *why, usec_t now);
/* ---- flow.c ----------------------------------------------------------- */

/* The policy's say in one search for a message; made with { q, wake, over }. */
struct flow {
	struct queue *q;
	usec_t *wake;
	struct passed *over;
	bool turn;		/* of the rate, taken and not used yet */
	int64_t place;		/* among those in flight, 0: none */
};
#define ACTIVE_FILE "active"
/* Whether this consumer gets any now.  ST_AGAIN: no, over->held and *wake say why and until when. */
enum status flow_begin(struct flow *, bool hold, struct error *) MUST_CHECK;
/* Just before a claim.  ST_AGAIN, as before. */
enum status flow_take(struct flow *, struct error *) MUST_CHECK;
/* Just after it.  Any failure: it has to be given back. */
enum status flow_confirm(struct flow *, struct error *) MUST_CHECK;
/* What was taken and not used goes back. */
void flow_end(struct flow *);

/* ---- wait.c ----------------------------------------------------------- */

/* Make *wake sooner if at is. */
void wake_at(usec_t *wake, usec_t at);

/* ---- gate.c ----------------------------------------------------------- */

/* The largest body that all take, and whose limit it is, if that is less than *max; 0: any. */
void gate_size(const struct gate *, int64_t *max, const char **name);

/* ---- fail.c ----------------------------------------------------------- */

/*
 * What the error is about is passed over, so that it does not stop the rest: clears *err and gives ST_OK.
 * An error that is ours, like too many open files, is given back.
 */
enum status pass_over(struct passed *, struct error *);
/* Ends a claim that failed: back-off, dead or redirected. */
enum status fail_attempt(struct queue *, const struct place *, const struct failure *, usec_t now, enum state *, struct error *) MUST_CHECK;
/* Whether a message has expired, by its own time or the policy's; and what becomes of it then. */
bool expired(const struct queue *, const struct msgname *, usec_t now);
enum status fail_expired(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* A message that begins anew: if it has expired, it gets the policy's time again. */
void renew_expiry(const struct queue *, struct msgname *, usec_t now);
/* No message any more: a dead letter for this reason. */
enum status fail_torn(struct queue *, const struct place *, const char *reason, usec_t now, struct error *) MUST_CHECK;

/* ---- done.c ----------------------------------------------------------- */

/* The message of a claim is acknowledged: it goes, or is kept. */
enum status done_put(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* Purge done/ as the policy says. */
enum status done_purge(struct queue *, usec_t now, struct error *) MUST_CHECK;

/* ---- reap.c, lapse.c --------------------------------------------------- */

#define REAP_MAX 64
/*
 * Return what is due and what has lapsed, at most REAP_MAX of each.  *wake: when there
 * may be more to do (now: at once).
 */
void reap_due(struct queue *, usec_t now, usec_t *wake, struct passed *);
void reap_lapsed(struct queue *, usec_t now, usec_t *wake, struct passed *);
/* What is delayed becomes ready, or has expired. */
enum status reap_return(struct queue *, const struct place *, usec_t now, struct error *) MUST_CHECK;
/* Move what lies in new/ to ready. */
void reap_new(struct queue *, usec_t now, struct passed *);
/*
 * What dead writers left in a directory under names with this prefix: files older than an hour whose writer holds no lock,
 * and, with trees, directories older than 36 hours.  seen is called for each, and may be NULL.
 */
void reap_litter(int dir, const char *prefix, bool trees, usec_t now, bool remove,
    void (*seen)(void *, const char *, bool removed), void *arg);
/* Where the lock is in the file of a claim, by its token: one claim's is not another's. */
int64_t token_offset(const char *token);

/* ---- queue.c, spool.c --------------------------------------------------- */

/* The text of .mq, NUL-terminated: ST_CONF if this mq must not work on such a spool. */
enum status format_check(const char *path, const char *text, size_t len, struct error *) MUST_CHECK;

/* Whether the queue that was opened is still the one of its name. */
bool queue_stands(const struct queue *);

/* ---- once.c ------------------------------------------------------------ */

/*
 * Publish the file `from` as the message of a key; *n tells its name, which becomes the first's name if there
 * was one before (*duplicate).  Unless it is ST_OK or ST_UNSURE (accepted, but it may not be in the queue yet) nothing has happened, and
 * the file is where it was.
 */
enum status once_publish(struct queue *, const char *key, int fromfd, const char *from, struct msgname *n, usec_t now, bool *duplicate,
    struct error *) MUST_CHECK;
/*
 * What dead producers left in a directory of once/: messages that were accepted are brought into the queue, others
 * removed, and the markers whose time is over; without act only told.  seen may be NULL.
 */
enum once_kind { ONCE_UNFINISHED, ONCE_LITTER, ONCE_FOREIGN };
enum status once_tend(struct queue *, int dir, usec_t now, bool act, void (*seen)(void *, enum once_kind, const char *name, bool done),
    void *arg, struct error *) MUST_CHECK;
/* The same for one of the directories, any. */
void once_sweep(struct queue *, usec_t now);

/* ---- limits.c --------------------------------------------------------- */

/* The part of push_allowed that is about the disk.  ST_AGAIN: too little would be left. */
enum status disk_allowed(struct queue *, uint64_t messages, uint64_t bytes, struct error *) MUST_CHECK;

/* ---- subscription.c --------------------------------------------------- */

/* A subscriber's note of a topic, and the subscription itself.  drop: ST_GONE, there was none. */
enum status marker_put(struct queue *, const char *topic, struct error *) MUST_CHECK;
enum status marker_drop(struct queue *, const char *topic, struct error *) MUST_CHECK;
void marker_touch(struct queue *, const char *topic);
enum status subscription_drop(struct queue *topic, const char *queue, struct error *) MUST_CHECK;

/* ---- link.c ----------------------------------------------------------- */

/*
 * One more name for a message, in ready/ of another queue or its own; a copy where a link is refused.  ST_GONE: the
 * message is not there any more; ST_EXISTS: it has that name there already.  *at tells where it went.
 */
enum status message_link(struct queue *, const struct place *, struct queue *to, const struct msgname *, usec_t now, struct place *at,
    struct error *) MUST_CHECK;
/* What a message of a topic is called in a queue that gets it. */
void name_of_subscriber(const struct msgname *, struct msgname *);

/* ---- scan.c, arrivals.c, find.c ---------------------------------------- */

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
/* Look in the buckets of a state for an id (and a token, if not NULL). */
enum status place_find(struct queue *, enum state, const struct msgid *, const char *token, const char *bucket, struct place *, struct error *) MUST_CHECK;
/* The same in one bucket; *young: also if that changed so lately that the listing may have missed it. */
enum status bucket_find(struct queue *, enum state, const struct bucket *, const struct msgid *, const char *token, struct place *,
    bool *young, struct error *) MUST_CHECK;
/* Whether a directory changed so lately that a listing of it may have missed something. */
bool dir_is_young(int fd);

#endif
