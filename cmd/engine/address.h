/*
 * address.h: where an engine is, and how it is reached.
 */
#ifndef CMD_ENGINE_ADDRESS_H
#define CMD_ENGINE_ADDRESS_H

#include "base/base.h"
#include "base/names.h"

struct run;

#define ADDRESS_MAX 1024	/* bytes of an address, with NUL */
#define TARGET_MAX 256		/* bytes of the name of a queue of an engine, with NUL */

struct address {
	char what[ADDRESS_MAX];	/* as it was typed, for people */
	char url[ADDRESS_MAX];
	char scheme[32];
	char helper[48];	/* the name of the helper's program */
	char *credentials, *ca, *cert, *key, *tls_name;	/* NULL: not set */
	bool verify, insecure, transactions;
	int64_t timeout_ms;
	struct names queues;	/* "PATTERN TARGET" each: how names of queues are mapped */
};

/* Whether the text is the address of an engine, URL or @NAME, and not the path of a spool. */
bool address_is(const char *text);
/*
 * Understand an address; for @NAME read the section [engine NAME] of mq.conf.  ST_USAGE: it is
 * none, or it has a password.  ST_CONF: it may not be used like this.  Free it with address_free,
 * also after a failure.
 */
enum status address_read(struct run *r, const char *text, struct address *a) MUST_CHECK;
/*
 * The same for URL/QUEUE and @NAME/QUEUE.  The queue is what stands behind the last slash, and
 * 'target' becomes its name in the engine.
 */
enum status address_split(struct run *r, const char *text, struct address *a,
    char target[TARGET_MAX]) MUST_CHECK;
/* The name that a queue has in the engine. */
enum status address_target(struct run *r, const struct address *a, const char *queue,
    char target[TARGET_MAX]) MUST_CHECK;
void address_free(struct address *a);

/* The schemes that mq knows by name, and what each is called; NULL at the end. */
struct scheme { const char *scheme, *helper, *engine; bool plain; };
extern const struct scheme schemes[];

#endif
