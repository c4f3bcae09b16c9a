/*
 * policy.h: the policy of a queue, and the files that it is read from.
 */
#ifndef SPOOL_POLICY_H
#define SPOOL_POLICY_H

#include "base/base.h"
#include "base/name.h"

struct names;

enum { JITTER_FULL, JITTER_NONE };
enum { EXPIRED_DROP, EXPIRED_DEAD };
enum { ORDER_SKIP, ORDER_BLOCK };
enum { SYNC_ALWAYS, SYNC_NEVER };
enum { KEEP_NO, KEEP_TIME, KEEP_COUNT };
enum { UNROUTED_KEEP, UNROUTED_DROP, UNROUTED_ERROR };
enum { SINGLE_NO, SINGLE_YES };
enum { PAUSED_NO = 0, PAUSED_POP = 1, PAUSED_PUSH = 2, PAUSED_ALL = 3 };

#define BACKOFF_STEPS 32
/* How long a breaker pauses if its policy does not say: the first pause, and the longest. */
#define BREAKER_BASE (10 * USEC)
#define BREAKER_CAP (600 * USEC)
#define HANDLER_LEN_MAX 180
#define LOG_NAME_MAX 200
#define NKEYS 31

/* A command line for /bin/sh, or "", with the owner and the mode of the file that it comes from. */
struct command {
	char text[HANDLER_LEN_MAX + 1];
	uid_t uid;
	mode_t mode;
};

struct policy {
	usec_t lease;
	int64_t attempts;
	int nsteps;		/* above 0: so many steps; 0: the base, doubled up to the cap */
	usec_t backoff[BACKOFF_STEPS];	/* the steps, or the base in [0] and the cap in [1] */
	int jitter;
	usec_t expire;		/* 0: never */
	int expired;
	int order_dead;
	int latest;
	char dead_queue[QUEUE_NAME_MAX + 1];
	int64_t max_messages, max_bytes, max_size;	/* 0: no limit */
	int64_t min_free, min_inodes;			/* 0: no floor */
	int sync;
	int keep;
	usec_t keep_time;
	int64_t keep_count;
	int unrouted;
	int mode;		/* of message files, such as 0600 */
	char group[33];
	int paused;
	char log[LOG_NAME_MAX];	/* "": there is none; "syslog"; else the path of a file */
	struct command handler;	/* see queue_handler */
	int64_t jobs;
	usec_t timeout;		/* 0: any time */
	usec_t grace;		/* 0: until they end */
	usec_t once;		/* how long a key of --id is remembered */
	struct command accept;	/* see queue_accept */
	int64_t rate;		/* claims in each 'rate_unit', 0: any number */
	usec_t rate_unit;
	int64_t max_in_flight;	/* 0: no limit */
	int single;
	int64_t breaker;	/* failures in a row, 0: none */
	usec_t breaker_base, breaker_cap;
	/* Where the value of each key comes from: a file and a section, or "" if it is built in. */
	char origin[NKEYS][128];
};

/* Settings that only mq.conf may have. */
struct conf_settings {
	char spool[4096];	/* "" if not set */
	bool autocreate;
};

struct conf_key {
	const char *name;
	const char *syntax;	/* "DUR", "full|none", ... */
	const char *initial;	/* built-in value, as text */
	const char *help;	/* one line */
};
extern const struct conf_key conf_keys[NKEYS];

/*
 * The mq.conf files in their order, with NULL after the last one.  A file that is missing counts as
 * empty.
 */
struct conf_files { const char *path[4]; };

enum status conf_settings(const struct conf_files *files, struct conf_settings *s,
    struct error *err) MUST_CHECK;
/*
 * Give 'taker' the keys of all sections [engine NAME] and [relay NAME] of the files, in their
 * order; "section" is what stands between the brackets.  False from it: the value is bad.
 */
typedef bool section_taker(void *arg, const char *section, const char *key, const char *value);
enum status conf_sections(const struct conf_files *files, section_taker *taker, void *arg,
    struct error *err) MUST_CHECK;
/*
 * Read the policy of a queue.  The built-in values come first, then those of the files ([defaults],
 * then each [queue GLOB] that matches), then those of queue.conf in the directory 'queuefd' (-1:
 * none).  ST_CONF: a file has a fault, and the error names its line.
 */
enum status conf_policy(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p, struct error *err) MUST_CHECK;
/* Like conf_policy, but 'text' takes the place of queue.conf. */
enum status conf_policy_text(const struct conf_files *files, const char *queue, const char *text,
    size_t len, struct policy *p, struct error *err) MUST_CHECK;
/*
 * Like conf_policy, for work that must go on under any policy.  Lines and files that cannot be
 * understood are passed over, and 'why' tells of the first.
 */
void conf_policy_lenient(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p, struct error *why);
/* Check the text of a queue.conf.  'what' is its name in the error. */
enum status conf_check(const char *text, size_t len, const char *what,
    struct error *err) MUST_CHECK;
/*
 * Set each "key=value" of 'assign' in the text of a queue.conf: on the line of that key, or at the
 * end if there is none.  All else stays.  An empty value removes the line.  *out is the caller's to
 * free, and NULL on failure.  ST_USAGE: a key is unknown or given twice, or a value is bad. 
 * ST_CONF: another part of the text is broken.
 */
enum status conf_edit(const char *text, size_t len, const char *const *assign, size_t n,
    char **out, size_t *outlen, struct error *err) MUST_CHECK;
/* Whether a file gives the key of that name its value, which is otherwise the built-in one. */
bool policy_said(const struct policy *p, const char *name);
/* Whether a queue.conf may give the key this value.  False: only mq.conf may. */
bool policy_local(int key, const char *text);
/*
 * List what the text of a queue.conf sets, each as "key=value" for queue_create.  Free the list
 * with names_free, also after a failure.
 */
enum status conf_assigns(const char *text, size_t len, struct names *out,
    struct error *err) MUST_CHECK;
/*
 * The handler of a policy that comes from mq.conf alone, valid as long as the policy.  ST_CONF:
 * there is none, or others could have written it; see queue_handler.
 */
enum status policy_handler(struct policy *p, const char *queue, const char **handler,
    struct error *err) MUST_CHECK;
/* Print the value of a key as text that can be read back. */
void conf_value(const struct policy *p, int key, char *buf, size_t size);
/*
 * policy_backoff: how long to wait after so many failures (at least 1), without jitter.
 * policy_jitter: the time 'd' with the policy's jitter.
 */
usec_t policy_backoff(const struct policy *p, int failures);
usec_t policy_jitter(const struct policy *p, usec_t d);

#endif
