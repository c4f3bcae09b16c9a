/*
 * kafka.h: the helper for Apache Kafka, on librdkafka.
 *
 * A queue is a topic, a message a record.  Pushes go through one idempotent producer, and count
 * when the delivery report says so.  Each queue that is taken from has a consumer in the group
 * mq.QUEUE; of each partition the offset is committed up to which all is settled.  Dead letters are
 * in the topic QUEUE.mq-dead.
 *
 * librdkafka has threads of its own.  Its queues write into a pipe when they have something, so the
 * loop of the helper waits for that pipe; all callbacks but those for logs and connecting run when
 * the helper polls.
 */
#ifndef CMD_HELPER_KAFKA_KAFKA_H
#define CMD_HELPER_KAFKA_KAFKA_H

#include <librdkafka/rdkafka.h>

#include "helper/core/helper.h"

#define TOPIC_NAME_MAX 249
#define DEAD_SUFFIX ".mq-dead"
#define KEY_TEXT_MAX 512	/* bytes of an order key */
#define CLAIMS_MAX 10000	/* of a partition, behind one that is not settled */
#define RESET_TEXT "kafka-consumer-groups --reset-offsets --to-earliest"

struct kafka;
struct consumer;
struct part;
struct sent;
struct transact;

/* One instance of librdkafka. */
struct client {
	struct kafka *k;
	struct consumer *consumer;	/* NULL: it is no member of a group */
	rd_kafka_t *rk;
};

/* A producer for topics that take batches of up to so many bytes. */
struct producer {
	struct producer *next;
	struct client client;
	int64_t limit;
};

struct topic {
	struct topic *next;
	char name[TOPIC_NAME_MAX + 1];
	struct producer *producer;	/* NULL: not needed yet */
	int partitions, replicas, min_insync;
	int64_t limit;		/* bytes of a batch */
	int64_t retention_ms;	/* -1: for ever; 0: not known */
	bool compacted;
};

struct kafka {
	struct helper *h;
	const struct settings *set;
	int pipe[2];
	char *brokers;
	bool tls, loopback;	/* whether all hosts of the address are this machine */
	char *user, *password, *mechanism;
	struct transact *transact;	/* NULL: nothing was pushed in one yet */
	struct trouble transact_failed;	/* with a text: no other one is tried in this turn */
	struct producer *producers;	/* the first one is for everything else, too */
	struct topic *topics;
	struct consumer *consumers;
	struct retry *retries;
	uint64_t serial;	/* of the next partition that is taken from */
	struct trouble said;	/* what librdkafka complained of last */
	int32_t broker;		/* the id of one */
	bool away;		/* no broker can be reached */
	char fatal[300];	/* why a client cannot go on; "": it can */
};

/* ---- trouble.c ----------------------------------------------------------- */

/* trouble_set for an error of Kafka, with what was to be done. */
bool trouble_of(struct trouble *t, rd_kafka_resp_err_t err, const char *fmt,
    ...) PRINTF_LIKE(3, 4);
enum class trouble_class(rd_kafka_resp_err_t err);

/* ---- address.c ----------------------------------------------------------- */

/* Understand the address and the credentials. */
bool address_parse(struct kafka *k, struct trouble *t) MUST_CHECK;

/* ---- client.c ------------------------------------------------------------ */

/* What is the same for all clients of this helper.  NULL: t tells why. */
rd_kafka_conf_t *client_conf(struct kafka *k, struct client *cl, struct trouble *t);
bool client_set(rd_kafka_conf_t *conf, const char *name, const char *value, struct trouble *t);
bool client_set_number(rd_kafka_conf_t *conf, const char *name, int64_t n, struct trouble *t);
/* The client takes 'conf', also when it fails. */
bool client_new(struct client *cl, rd_kafka_type_t type, rd_kafka_conf_t *conf,
    struct trouble *t) MUST_CHECK;
/* Let this queue wake the loop. */
void client_wake(struct kafka *k, rd_kafka_queue_t *q);
/* The same for what it has to report. */
void client_wake_main(struct client *cl);
bool client_connect(struct kafka *k, struct trouble *t) MUST_CHECK;

/* ---- admin.c ------------------------------------------------------------- */

/* Call 'fn' for each setting of a broker or topic; nothing is done if they may not be read. */
void admin_describe(struct kafka *k, rd_kafka_ResourceType_t type, const char *name,
    void (*fn)(void *arg, const char *name, const char *value), void *arg);
/* Make a topic, unless it is there. */
bool admin_create(struct kafka *k, const char *name, struct trouble *t) MUST_CHECK;

/* ---- topic.c ------------------------------------------------------------- */

/* The topic of that name; with 'create' it is made if it is not there.  NULL: t tells why not. */
struct topic *topic_get(struct kafka *k, const char *name, bool create, struct trouble *t);
/* Ask anew about this topic when it is needed next. */
void topic_forget(struct kafka *k, const char *name);
/* QUEUE.mq-dead.  False: the name becomes too long. */
bool topic_dead(const char *queue, char name[TOPIC_NAME_MAX + 1], struct trouble *t) MUST_CHECK;
void topic_free(struct kafka *k);
void kafka_queues(struct helper *h, const char *tag);
void kafka_make(struct helper *h, const char *tag, const char *queue);
void kafka_check(struct helper *h, const char *tag, const char *queue);

/* ---- producer.c ---------------------------------------------------------- */

/* A record that is on its way.  It is freed by whoever called 'done'. */
struct sent {
	/* 't' NULL: it is confirmed. */
	void (*done)(struct kafka *k, struct sent *s, const struct trouble *t);
	char tag[FRAME_TAG_MAX];
	uint64_t serial;	/* of a copy: which partition the original is in, and where */
	int64_t offset;
	struct retry *retry;
};

struct record {
	const char *topic;
	int32_t partition;	/* RD_KAFKA_PARTITION_UA: any */
	const void *key, *value;	/* NULL: none */
	size_t keylen, valuelen;
	rd_kafka_headers_t *headers;	/* taken over */
};

bool producer_open(struct kafka *k, struct trouble *t) MUST_CHECK;
/* The settings of a producer for batches of this size, but for its reports. */
bool producer_conf(struct kafka *k, rd_kafka_conf_t *conf, int64_t limit, struct trouble *t);
/* The topic that a record is for, if it is there, and takes records of this size. */
struct topic *producer_topic(struct kafka *k, const struct record *r, struct trouble *t);
/* Give a record to a client.  The report of its delivery has 'opaque'. */
bool producer_put(struct client *cl, struct record *r, void *opaque, struct trouble *t) MUST_CHECK;
/* Send it; 's' is taken over, and 'done' is called later.  False: nothing was sent. */
bool producer_send(struct kafka *k, struct record *r, struct sent *s, struct trouble *t) MUST_CHECK;
void producer_poll(struct kafka *k);
/* Wait until everything is answered, for 'timeout' at most. */
void producer_flush(struct kafka *k);
/* Nothing more can be confirmed: answer all that is open. */
void producer_purge(struct kafka *k);
void producer_close(struct kafka *k);

/* ---- marks.c ------------------------------------------------------------- */

#define MARK_LEN 10
/* So many go with one offset: offset.metadata.max.bytes of a broker is 4096. */
#define MARKS_EACH 409

/* 60 bits of a hash of an id, as text. */
struct mark { char text[MARK_LEN + 1]; };

/* Of messages, the oldest first. */
struct marks {
	struct mark *m;
	size_t n, max;
};

void mark_of(const char *id, struct mark *m);
/* Room for 'max'; free list->m.  False: no memory. */
bool marks_new(struct marks *list, size_t max) MUST_CHECK;
/* Where it is; list->n: nowhere. */
size_t marks_find(const struct marks *list, const struct mark *m);
void marks_remove(struct marks *list, size_t i);
/* If there is no room, the oldest one goes. */
void marks_add(struct marks *list, const struct mark *m);
/* What the last transaction of the group has left, and its number. */
bool marks_read(struct kafka *k, const char *group, const struct topic *topic, struct marks *left,
    int64_t *number, struct trouble *t) MUST_CHECK;
/* Put the mark that is the n-th one, from 0, into a list of offsets.  False: no memory. */
bool marks_write(rd_kafka_topic_partition_list_t *list, const struct topic *topic, int64_t number,
    size_t n, const struct mark *m) MUST_CHECK;

/* ---- transact.c ---------------------------------------------------------- */

/* Whether pushes go in transactions. */
bool transact_wanted(const struct kafka *k);
/* As producer_send, in a transaction, unless the message is known to be stored. */
bool transact_send(struct kafka *k, const struct message *m, struct record *r, struct sent *s,
    struct trouble *t) MUST_CHECK;
/* Commit what was sent. */
void transact_work(struct kafka *k);
void transact_purge(struct kafka *k);
void transact_close(struct kafka *k);

/* ---- push.c, copy.c ------------------------------------------------------ */

void kafka_push(struct helper *h, const char *tag, const struct message *m);

/* What a copy is to have; 'attempts' -1: as many as before. */
struct change {
	const char *topic;
	int32_t partition;
	int64_t attempts;
	const char *reason;	/* NULL: none */
};
/* Publish a record once more. */
bool copy_send(struct kafka *k, const rd_kafka_message_t *m, const struct change *c,
    struct sent *s, struct trouble *t) MUST_CHECK;

/* ---- record.c ------------------------------------------------------------ */

/* "kafka-TOPIC-PARTITION-OFFSET", for records that mq has not pushed. */
#define RECORD_ID_MAX (TOPIC_NAME_MAX + 48)
void record_id(const rd_kafka_message_t *m, char id[RECORD_ID_MAX]);
bool record_has(const rd_kafka_message_t *m, const char *header);
/* Milliseconds since 1970; 0: it has no time. */
int64_t record_time(const rd_kafka_message_t *m);
/* Not 0 for one that has a key. */
uint32_t record_hash(const rd_kafka_message_t *m);
/* Call 'fn' with the message that a record is. */
void record_message(const rd_kafka_message_t *m,
    void (*fn)(void *arg, const struct message *message), void *arg);

/* ---- consumer.c ---------------------------------------------------------- */

/* One member of a group, for one queue. */
struct consumer {
	struct consumer *next;
	struct client client;
	char queue[TOPIC_NAME_MAX + 1], group[TOPIC_NAME_MAX + 8];
	struct taking *t;	/* NULL: no more is wanted */
	rd_kafka_queue_t *control, *records;
	struct part *parts;
	bool joined;		/* it has been told which partitions are its own */
	bool committing;
	bool failed;		/* nothing more can be taken, for this reason: */
	struct trouble why;
	int64_t idle_at, commit_at;	/* ms: not before */
	rd_kafka_queue_t *closing;	/* what has to be polled until it is closed */
};

void kafka_take(struct helper *h, struct taking *t);
void consumer_work(struct kafka *k);
/* How many ms until consumer_work has to be called; -1: for ever. */
int consumer_timeout(struct kafka *k);
/* Leave all groups; what is not settled comes again. */
void consumer_close_all(struct kafka *k);
/* Nothing more can be taken, for this reason. */
void consumer_fail(struct consumer *c, enum class cl, const char *fmt, ...) PRINTF_LIKE(3, 4);
int64_t consumer_now(void);

/* ---- assign.c ------------------------------------------------------------ */

/* The callback for partitions that come and go. */
void assign_changed(rd_kafka_t *rk, rd_kafka_resp_err_t err,
    rd_kafka_topic_partition_list_t *list, void *arg);

/* ---- part.c -------------------------------------------------------------- */

enum claim_state { CLAIM_HELD, CLAIM_GIVEN, CLAIM_COPIED, CLAIM_DONE };

/* A record that was read, and is not committed. */
struct claim {
	int64_t offset, time;
	rd_kafka_message_t *m;	/* NULL: it is done */
	uint32_t hash;		/* of its key */
	uint32_t given;		/* how often it was given to mq */
	enum claim_state state;
};

/* An ack that is answered when the offset is committed. */
struct waiting {
	struct waiting *next;
	int64_t offset, since;
	char tag[FRAME_TAG_MAX];
};

/* A partition that is ours. */
struct part {
	struct part *next;
	struct consumer *consumer;
	uint64_t serial;
	int32_t id;
	bool eof;
	struct claim *claims;	/* by offset */
	size_t from, n, cap;
	int64_t settled, settled_time;	/* all before 'settled' is, and the last one's time */
	int64_t committed;	/* what was committed, or sent for that */
	struct waiting *waiting;
	/* The record before the first one must have this time, or the topic is another; -1: any */
	int64_t witness, witness_time;
};

struct part *part_new(struct consumer *c, int32_t id);
struct part *part_find(struct consumer *c, int32_t id);
struct part *part_serial(struct kafka *k, uint64_t serial);
/* Take a record over. */
bool part_add(struct part *p, rd_kafka_message_t *m) MUST_CHECK;
/* The claim with this offset.  NULL: there is none that is not done. */
struct claim *part_claim(struct part *p, int64_t offset);
/* Give what may be given now, while there is credit. */
void part_give(struct part *p);
/* A claim is settled.  The tag is answered, at once or after the commit. */
void part_settle(struct part *p, struct claim *cl, const char *tag);
/* How many claims mq holds. */
size_t part_open(const struct part *p);
/* Answer what waits for a commit of offsets below 'before'; 't' NULL: ok. */
void part_answer(struct part *p, int64_t before, const struct trouble *t);
/* Forget it; what mq holds of it is lost. */
void part_free(struct part *p);

/* ---- commit.c ------------------------------------------------------------ */

/* Commit what was settled, unless a commit is under way. */
void commit_start(struct consumer *c);
void commit_done(rd_kafka_t *rk, rd_kafka_resp_err_t err, rd_kafka_topic_partition_list_t *list,
    void *arg);
/* Commit now, for a partition that is about to go, and wait for the answer. */
void commit_last(struct consumer *c);
/* The time in the metadata of an offset.  -1: there is none. */
int64_t commit_time(const rd_kafka_topic_partition_t *o);

/* ---- settle.c ------------------------------------------------------------ */

void kafka_ack(struct helper *h, const char *tag, const char *token);
void kafka_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void kafka_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);

/* ---- scan.c -------------------------------------------------------------- */

/* A look at what a group has not committed of a topic, without being a member of it. */
struct scan {
	struct client client;
	rd_kafka_queue_t *queue;
	rd_kafka_topic_partition_list_t *from;	/* 'offset' is what comes next */
	int64_t *to;
	bool reading;
};
/* Only its client: what a group has committed can be asked for.  scan_close, also if it fails. */
bool scan_client(struct scan *s, struct kafka *k, const char *group, struct trouble *t) MUST_CHECK;
/* Find out from where to where. */
bool scan_open(struct scan *s, struct kafka *k, const struct topic *topic, const char *group,
    struct trouble *t) MUST_CHECK;
int64_t scan_left(const struct scan *s);
/*
 * The next record, in the order of each partition; destroy it.  NULL: there is none within 'ms', or
 * t has a text.
 */
rd_kafka_message_t *scan_next(struct scan *s, int ms, struct trouble *t);
void scan_close(struct scan *s);

/* ---- look.c, retry.c ----------------------------------------------------- */

void kafka_stat(struct helper *h, const char *tag, const char *queue);
void kafka_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void kafka_retry(struct helper *h, const char *tag, const char *queue, const char *id);
void retry_work(struct kafka *k);
void retry_close(struct kafka *k);

#endif
