/*
 * amqp.h: the state of mq-engine-amqp, and what its files do for each other.
 *
 * The server stops reading from a connection that publishes while it is short of memory or disk.
 * So there are two connections, made when they are needed: one for what is published, and one for
 * what is taken and settled, which goes on meanwhile.
 *
 * librabbitmq waits for answers by itself.  It does so for 'timeout' at most (link_guard).  What
 * has many answers under way is not waited for: confirms, deliveries, and whether the server has
 * seen an ack.
 */
#ifndef HELPER_AMQP_AMQP_H
#define HELPER_AMQP_AMQP_H

#if __has_include(<rabbitmq-c/amqp.h>)
#include <rabbitmq-c/amqp.h>
#else
#include <amqp.h>
#endif

#include "base/base.h"
#include "helper/core/credentials.h"
#include "helper/core/helper.h"
#include "helper/net/net.h"

struct amqp;

/* ---- link.c: a connection, and its channels ------------------------------- */

#define CHANNELS 512
#define CHANNEL_PUSH 1	/* where confirms come */
#define CHANNEL_ASK 2	/* declares, whose errors close it */
#define CHANNEL_LOOK 3	/* gets what is to be given back: it is closed then */
#define CHANNEL_CLAIM 4	/* gets what becomes a claim queue, or was one */
#define CHANNEL_TAKE 5	/* the first one that consumes */

struct link {
	struct amqp *a;
	amqp_connection_state_t c;	/* NULL: not connected */
	bool open[CHANNELS];
	bool blocked;
	bool confirms;		/* CHANNEL_PUSH gives them */
};

/* Connect and log in.  False: see the trouble; with 'tell' the steps are told to mq. */
bool link_open(struct amqp *a, struct link *l, bool tell, struct trouble *f) MUST_CHECK;
void link_close(struct link *l);
/* The connections for what is published, for what is taken, and any.  NULL: helper_down. */
struct link *link_push(struct amqp *a);
struct link *link_take(struct amqp *a);
struct link *link_any(struct amqp *a);
/* Open the channel unless it is. */
bool link_channel(struct link *l, amqp_channel_t ch, struct trouble *f) MUST_CHECK;
/* Close a channel, so that what was got by it and not settled goes back. */
void link_channel_close(struct link *l, amqp_channel_t ch);
/* What the last call said that waits for an answer.  False: it failed; 'what' was to be done. */
bool link_reply(struct link *l, amqp_channel_t ch, const char *what, struct trouble *f) MUST_CHECK;
bool link_judge(struct link *l, amqp_channel_t ch, amqp_rpc_reply_t r, const char *what,
    struct trouble *f);
/* What a call said that waits for none.  False: the connection is lost. */
bool link_sent(struct link *l, int status);
/* The server closed a channel: agree, and say why it did. */
void link_closed(
    struct link *l, amqp_channel_t ch, const amqp_channel_close_t *m, struct trouble *f);
/* Until link_unguard, the connection is shut down when 'timeout' is over. */
void link_guard(const struct link *l);
void link_unguard(void);

/* ---- login.c --------------------------------------------------------------- */

bool login(struct amqp *a, struct link *l, bool tell, struct trouble *f) MUST_CHECK;
/* Read the address and the credentials. */
bool login_settings(struct amqp *a, struct trouble *f) MUST_CHECK;

/* ---- pump.c: what the server sends unasked ---------------------------------- */

/* Do all that has come. */
void pump(struct link *l);
/* Wait until 'deadline' (clock_mono) for something to come, and do it. */
void pump_wait(struct link *l, usec_t deadline);

/* ---- parcel.c: a message as it is sent -------------------------------------- */

struct parcel {
	amqp_pool_t pool;	/* what is not borrowed */
	amqp_basic_properties_t p;
	amqp_bytes_t body;	/* borrowed */
};

/* From a message of mq.  False: see the trouble. */
bool parcel_message(struct parcel *out, const struct message *m, struct trouble *f) MUST_CHECK;
/*
 * A copy of a message that was taken, with this many attempts and this reason (NULL: none).  What
 * the server had added is left out.  The copy borrows from it.  False: no memory.
 */
bool parcel_copy(struct parcel *out, const amqp_message_t *from, int64_t attempts,
    const char *reason) MUST_CHECK;
void parcel_free(struct parcel *p);
amqp_bytes_t parcel_text(amqp_pool_t *pool, const char *text);

/* ---- table.c: headers -------------------------------------------------------- */

/* Entries; what they are given is borrowed. */
amqp_table_entry_t table_text(const char *name, amqp_bytes_t text);
amqp_table_entry_t table_true(const char *name);
amqp_table_entry_t table_long(const char *name, int64_t n);
/* The bytes that a table takes on the wire. */
size_t table_size(const amqp_table_t *t);
/* Whether the server itself put this header there. */
bool table_servers(const amqp_bytes_t *name);
/* The entry of that name.  NULL: there is none. */
const amqp_field_value_t *table_find(const amqp_table_t *t, const char *name);
/* Whether there is such a text in the table. */
bool table_is(const amqp_field_value_t *v, const char *text);
/* Give each header of the table to map_in, whatever its type is. */
void table_map(const amqp_table_t *t, struct mapped *to);
/* An integer of any size. */
bool table_number(const amqp_field_value_t *v, int64_t *n);
/* A name that the server would take for an order gets another one on its way, and back. */
#define TABLE_ESCAPE "mq-header-"
bool table_reserved(const char *name);

/* ---- unpack.c: a message that came ------------------------------------------- */

struct unpacked {
	struct message m;
	struct mapped map;
	char id[64];
};
/* 'again': the server says that it was delivered before. */
void unpack(struct unpacked *u, const char *queue, const amqp_message_t *from, bool again);
void unpack_free(struct unpacked *u);

/* ---- publish.c: pushes and copies, and their confirms ------------------------- */

/*
 * Send a parcel to a queue, and free it.  'done' is called once: with NULL when the server has
 * confirmed it, or with what went wrong.  It may be called at once.
 */
typedef void (*published)(struct amqp *a, void *arg, const struct trouble *f);
void publish(struct amqp *a, struct parcel *p, const char *queue, published done, void *arg);
/* The same, waiting for it. */
bool publish_wait(
    struct amqp *a, struct parcel *p, const char *queue, struct trouble *f) MUST_CHECK;
/* A confirm came. */
void publish_confirmed(struct amqp *a, uint64_t seq, bool multiple, bool good);
/* The server could not route it. */
void publish_returned(struct amqp *a, const char *queue, const amqp_message_t *m);
/* The channel is closed. */
void publish_closed(struct amqp *a, const struct trouble *f);
/* Send what was held back; give up what took too long. */
void publish_work(struct amqp *a);
/* Milliseconds until publish_work has something to do; -1: nobody knows. */
int publish_timeout(const struct amqp *a);
bool publish_pending(const struct amqp *a);
/* Give up all that has no answer. */
void publish_forget(struct amqp *a);

/* ---- queue.c ------------------------------------------------------------------ */

#define QUEUE_MAX 200		/* bytes of a name, so that there is room for what is appended */
#define QUEUE_NAME 256
#define DELAY_MAX 3628800000LL	/* 42 days: the server's limit, without what a queue waits longer */

bool queue_named(const char *queue, struct trouble *f) MUST_CHECK;
/* Whether it is there; *ready becomes its number of messages. */
bool queue_there(struct amqp *a, const char *queue, int64_t *ready, struct trouble *f) MUST_CHECK;
/* Make it unless it is there. */
bool queue_make(struct amqp *a, const char *queue, struct trouble *f) MUST_CHECK;
/* Make it if it is not there and may be made.  Asked once in a while. */
bool queue_wanted(struct amqp *a, const char *queue, struct trouble *f) MUST_CHECK;
/* The queues beside one: their names, and that they are there. */
bool queue_delay(struct amqp *a, const char *queue, int64_t ms, char out[QUEUE_NAME],
    struct trouble *f) MUST_CHECK;
bool queue_dead(struct amqp *a, const char *queue, char out[QUEUE_NAME],
    struct trouble *f) MUST_CHECK;
bool queue_claim(struct amqp *a, const char *queue, int64_t lease_ms, char out[QUEUE_NAME],
    struct trouble *f) MUST_CHECK;
void queue_dead_name(const char *queue, char out[QUEUE_NAME]);
/* Whether this is the name of a claim queue; 'queue' becomes that which it belongs to. */
bool queue_claim_of(const char *claim, char queue[QUEUE_NAME]);
bool queue_delete(struct amqp *a, const char *queue, struct trouble *f);
int64_t queue_round_delay(int64_t ms);
void queue_forget(struct amqp *a);

/* ---- take.c: what mq wants to take, and what it holds ---------------------------- */

void take_take(struct helper *h, struct taking *t);
/* After all requests of a round, and whenever something came. */
void take_work(struct amqp *a);
int take_timeout(const struct amqp *a);
/* Whether something was settled, and the server has not seen it yet. */
bool take_pending(const struct amqp *a);
void take_forget(struct amqp *a);

/* ---- consume.c: deliveries ------------------------------------------------------- */

void take_delivered(struct link *l, amqp_channel_t ch, const amqp_basic_deliver_t *d);
/* The server has seen what was settled on this channel. */
void take_barrier(struct amqp *a, amqp_channel_t ch);
/* The queue is gone, or the channel is closed. */
void take_ended(struct amqp *a, amqp_channel_t ch, const struct trouble *f);

/* ---- settle.c ------------------------------------------------------------------ */

void settle_ack(struct helper *h, const char *tag, const char *token);
void settle_nack(struct helper *h, const char *tag, const char *token, int64_t delay_ms,
    int64_t attempts, const char *reason);
void settle_dead(struct helper *h, const char *tag, const char *token, int64_t attempts,
    const char *reason);
void settle_extend(struct helper *h, const char *tag, const char *token, int64_t lease_ms);

/* ---- claim.c: claims that outlive the helper ----------------------------------- */

#define CLAIM_TOKEN "c."	/* and the name of the claim queue */
/* Take what there is credit for. */
void claim_take(struct amqp *a, struct taking *t);
void claim_ack(struct amqp *a, const char *tag, const char *claim);
/* Move it to a queue, or with 'dead' to the dead letters. */
void claim_move(struct amqp *a, const char *tag, const char *claim, int64_t delay_ms,
    int64_t attempts, const char *reason, bool dead);
void claim_extend(struct amqp *a, const char *tag, const char *claim, int64_t lease_ms);

/* ---- look.c: numbers, dead letters --------------------------------------------- */

void look_stat(struct helper *h, const char *tag, const char *queue);
void look_list(struct helper *h, const char *tag, const char *queue, const char *state,
    int64_t max, int64_t bytes);
void look_check(struct helper *h, const char *tag, const char *queue);
void look_make(struct helper *h, const char *tag, const char *queue);

/* ---- retry.c ------------------------------------------------------------------- */

void retry_begin(struct helper *h, const char *tag, const char *queue, const char *id);
/* Go on with those that are under way. */
void retry_work(struct amqp *a);
/* Whether there is more to do at once. */
bool retry_ready(const struct amqp *a);
void retry_forget(struct amqp *a);

/* ---- the whole ----------------------------------------------------------------- */

struct sending;
struct source;
struct known;
struct retrying;

struct amqp {
	struct helper *h;
	const struct settings *set;
	struct address address;
	struct credentials credentials;
	const char *user, *password;
	char vhost[512];
	bool tls, external;	/* 'external': the certificate says who we are */
	int64_t max_body;
	struct link links[2];
	struct link *push, *take;	/* which of the two, once they are used for it */
	uint64_t seq;		/* of the last message that was published on this channel */
	bool confirmed;		/* the server ever took one */
	struct sending *first, *last;	/* in the order of sending; then those held back */
	struct source *sources;
	struct known *known;	/* queues that were there a moment ago */
	struct retrying *retries;
	char nonce[9];		/* in tokens: of this process */
};

#endif
