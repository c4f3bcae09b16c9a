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
/* The pauses of a breaker whose policy names none. */
#define BREAKER_BASE (10 * USEC)
#define BREAKER_CAP (600 * USEC)
#define HANDLER_LEN_MAX 180
#define LOG_NAME_MAX 200
#define NKEYS 31

/* A command line for /bin/sh, "" if none, with owner and mode of the file that it is from. */
struct command {
	char text[HANDLER_LEN_MAX + 1];
	uid_t uid;
	mode_t mode;
};

struct policy {
	usec_t lease;
	int64_t attempts;
	int nsteps;		/* > 0: the list; 0: base doubling to cap */
	usec_t backoff[BACKOFF_STEPS];	/* steps, or [0] base and [1] cap */
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
	char log[LOG_NAME_MAX];	/* "": no; "syslog"; else the path of a file */
	struct command handler;	/* see queue_handler */
	int64_t jobs;
	usec_t timeout;		/* 0: any time */
	usec_t grace;		/* 0: until they end */
	usec_t once;		/* how long a key of --id is remembered */
	struct command accept;	/* see queue_accept */
	int64_t rate;		/* claims in each rate_unit, 0: any number */
	usec_t rate_unit;
	int64_t max_in_flight;	/* 0: no limit */
	int single;
	int64_t breaker;	/* failures in a row, 0: none */
	usec_t breaker_base, breaker_cap;
	/* Where each key's value is from: "" is built in, else file and section. */
	char origin[NKEYS][128];
};

/* What only mq.conf may say. */
struct settings {
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

/* The mq.conf files in their order, NULL at the end.  A file that is not there counts as empty. */
struct conf_files { const char *path[4]; };

enum status conf_settings(const struct conf_files *files, struct settings *s,
    struct error *err) MUST_CHECK;
/*
 * Policy of a queue: built in, then the files ([defaults], then each [queue GLOB] that matches),
 * then queue.conf in the directory queuefd (-1: none).  ST_CONF names file and line.
 */
enum status conf_policy(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p, struct error *err) MUST_CHECK;
/* As conf_policy, with that text in place of the queue.conf that is there. */
enum status conf_policy_text(const struct conf_files *files, const char *queue, const char *text,
    size_t len, struct policy *p, struct error *err) MUST_CHECK;
/*
 * As conf_policy, for what must go on under any policy: lines and files that cannot be understood
 * are passed over, and why tells of the first.
 */
void conf_policy_lenient(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p, struct error *why);
/* Check the text of a queue.conf, with no effect; what is its name in the error. */
enum status conf_check(const char *text, size_t len, const char *what,
    struct error *err) MUST_CHECK;
/*
 * A queue.conf text with each "key=value" of assign set: on the line of that key, else at the end;
 * all else is kept.  *out is the caller's to free, NULL on failure.  ST_USAGE: no such key, a bad
 * value, a key twice; ST_CONF: another part of the text is broken.
 */
enum status conf_edit(const char *text, size_t len, const char *const *assign, size_t n,
    char **out, size_t *outlen, struct error *err) MUST_CHECK;
/* Whether a file says what the key of that name is, and it is not just built in. */
bool policy_said(const struct policy *p, const char *name);
/* Whether queue.conf may say that, and not only mq.conf. */
bool policy_local(int key, const char *text);
/*
 * What a queue.conf text sets, as "key=value" each, to be given to queue_create.  Free with
 * names_free, also when it failed.
 */
enum status conf_assigns(const char *text, size_t len, struct names *out,
    struct error *err) MUST_CHECK;
/* The value of key i as text that can be read back. */
void conf_value(const struct policy *p, int key, char *buf, size_t size);
/* Back-off before attempt n+1 after n (>= 1) failures, before jitter; and with it. */
usec_t policy_backoff(const struct policy *p, int failures);
usec_t policy_jitter(const struct policy *p, usec_t d);

#endif
