/*
 * inside.h: what the files of mq-engine-beanstalk share.
 *
 * A queue is a tube.  A claim belongs to the connection that reserved the job, and a connection
 * that waits for a job cannot do anything else meanwhile.  So there are several: one for pushes and
 * questions, and for each queue one that waits and holds nothing.  When that gets a job it fetches
 * more while there are any, and settles them; another one waits.
 */
#ifndef CMD_HELPER_BEANSTALK_INSIDE_H
#define CMD_HELPER_BEANSTALK_INSIDE_H

#include "helper/core/helper.h"
#include "helper/net/net.h"

#define TUBE_MAX 200	/* bytes of a tube's name */
#define DEAD_SUFFIX ".mq-dead"
#define LINKS_MAX 16	/* connections for one queue */
#define LINKS_ALL 56	/* and for all: the core waits for no more than 64 */
/* Bytes that a body leaves free below max-job-size, for the headers that mq adds itself. */
#define HEAD_ROOM 2048
/* What a dead letter, or one that failed, may need more than the message did. */
#define DEAD_ROOM 512
#define DELAY_MAX_S 4294967295LL

struct beanstalk;
struct link;
struct pull;

/* ---- link.c: connections, and answers in their order ------------------------- */

struct reply {
	char line[300];		/* without its end */
	const char *rest;	/* of the line, behind the first word */
	const char *data;	/* of OK, RESERVED and FOUND */
	size_t len;
};
/* What is to be done with the next answer of a connection. */
struct expect {
	struct expect *next;
	/* 'r' is NULL if the connection was lost, or the time was over. */
	void (*done)(struct beanstalk *b, struct expect *e, const struct reply *r);
	struct link *link;
	void *arg;
	usec_t deadline;
	int64_t sent_at;	/* how many bytes went before the request */
	char tag[FRAME_TAG_MAX];
};
struct link {
	struct link *next;
	struct net *net;
	struct pull *pull;	/* which fetches with it now, or NULL */
	struct expect *first, **last;
	struct job *jobs;	/* that this connection has reserved */
	char use[TUBE_MAX + 1];	/* the tube that is put into */
	char tube[TUBE_MAX + 1];	/* the tube that is reserved from; "": none */
};
struct link *link_new(struct beanstalk *b, const char *tube, struct error *err);
void link_free(struct beanstalk *b, struct link *l);
/* Send a line, and expect one answer. */
struct expect *link_send(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *b, struct expect *e, const struct reply *r), void *arg,
    const char *fmt, ...) PRINTF_LIKE(6, 7);
/* Send a job into a tube, and expect the answer to that. */
void link_put(struct beanstalk *b, struct link *l, const char *tag,
    void (*done)(struct beanstalk *b, struct expect *e, const struct reply *r), void *arg,
    const char *tube, const char *head, const char *data, size_t len);
/* Whether something may have left for the server before the connection was lost. */
bool link_has_left(const struct expect *e);
/* Send a line, and wait for the answer, whose data the caller frees.  False: the helper ends. */
struct answer {
	char line[300];
	char *data;
	size_t len;
	bool have;
};
bool link_call(struct beanstalk *b, struct link *l, struct answer *a, const char *fmt,
    ...) PRINTF_LIKE(4, 5);
/* Wait for what link_put or link_send was told to put into an answer. */
void link_keep(struct beanstalk *b, struct expect *e, const struct reply *r);
bool link_wait(struct beanstalk *b, struct link *l, struct answer *a);
/* Read what came, and do it; send what is to be sent. */
void link_work(struct beanstalk *b, struct link *l);
/* Tell all who wait for an answer that there will be none. */
void link_lost(struct beanstalk *b, struct link *l);
/* Whether the answer begins with this word. */
bool reply_is(const char *line, const char *word);

/* ---- job.c: a message as a job, and back ---------------------------------- */

struct job {
	struct job *next;
	struct link *link;
	struct pull *pull;	/* until it was given to mq */
	unsigned long long id;
	char token[44];		/* the id, and which of all claims of this process it is */
	int64_t pri, ttr, age, reserves;
	usec_t touch;		/* when it has to be touched */
	char *data;
	size_t len;
};
/* The block of headers and the body; the caller frees it. */
char *job_make(const struct message *m, size_t *len);
/* Take it apart.  What is no message of mq is all body. */
void job_read(const struct job *j, struct mapped *map, struct message *m);
/* The number of a name in what stats-job and stats-tube answer; -1: it is not there. */
int64_t stats_number(const char *text, size_t len, const char *name);
bool stats_text(const char *text, size_t len, const char *name, char *out, size_t size);
/* The line of "put". */
void job_head(char buf[128], int64_t pri, int64_t delay_ms, int64_t ttr, size_t len);
int64_t job_pri(int priority);
int job_priority(int64_t pri);
/* The id of a job that was not pushed by mq. */
void job_id(const struct beanstalk *b, const struct job *j, char buf[80]);
/*
 * A copy of the job with other attempts and another reason.  NULL: it would be too large, or there
 * is no memory.
 */
char *job_copy(struct beanstalk *b, const struct job *j, int64_t attempts, const char *reason,
    size_t *len);

/* ---- main.c ------------------------------------------------------------------ */

struct beanstalk {
	struct helper *h;
	const struct settings *set;
	struct address address;
	struct link *links;	/* the first one is 'main' */
	struct link *main;
	struct retry *retries;
	int64_t max_job;	/* bytes of a job */
	char instance[40];	/* of the server, since it was started */
	unsigned claims;
	usec_t wake;		/* when 'work' has to be called */
};
/* Whether a tube can be called so; if not, it was answered. */
bool tube_name_ok(struct beanstalk *b, const char *tag, const char *queue);
/* The connection is lost, or its answer makes no sense. */
void tube_down(struct beanstalk *b, const char *what);

/* ---- push.c, pull.c, settle.c, look.c, retry.c: the operations ----------------- */

void push_message(struct helper *h, const char *tag, const struct message *m);
/* Answer for a put that did not succeed. */
void push_err(struct beanstalk *b, const struct expect *e, const struct reply *r);

void pull_take(struct helper *h, struct taking *t);
void pull_forget(struct helper *h, struct taking *t);
void pull_go_on(struct beanstalk *b, usec_t now, usec_t *wake);

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
/* Touch what is held and would end soon. */
void settle_touch(struct beanstalk *b, usec_t now, usec_t *wake);
void job_free(struct job *j);
/* It is not held any more. */
void settle_drop(struct job *j);

void look_stat(struct helper *h, const char *tag, const char *queue);
void look_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void look_queues(struct helper *h, const char *tag);
void look_check(struct helper *h, const char *tag, const char *queue);

void retry_begin(struct helper *h, const char *tag, const char *queue, const char *id);
/* Go on for a short time.  True: there is more to do. */
bool retry_go_on(struct beanstalk *b);
void retry_free(struct beanstalk *b);

#endif
