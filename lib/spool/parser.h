/*
 * parser.h: a policy file in the making of a policy, between parse.c and conf.c.
 */
#ifndef SPOOL_PARSER_H
#define SPOOL_PARSER_H

#include <sys/stat.h>

#include "base/base.h"
#include "base/name.h"
#include "spool/policy.h"

#define FILE_LIMIT    65536
#define SECTION_LIMIT 49

/*
 * One parser reads all files of one policy, one after the other.  The caller sets what, origin, st,
 * flat, queue, policy, settings and lenient, and for a flat file also applies.  parser_read sets
 * the rest.
 */
struct parser {
	const char *what;	/* name of the file, for errors */
	const char *origin;	/* name of the file, for the origin of each key in the policy */
	const char *text;	/* the whole file */
	const char *here;	/* the current line */
	const char *next;	/* the line after it */
	const char *end;	/* the end of the file */
	unsigned line;
	struct stat st;		/* of the file */
	bool flat;		/* the file is a queue.conf, which has keys and no sections */
	bool applies;		/* the section is about our queue */
	const char *queue;	/* NULL: only [defaults] applies */
	char section[SECTION_LIMIT + 1];	/* "": none yet */
	uint64_t seen;		/* keys that the section had already */
	uint64_t decided;	/* keys that a [queue GLOB] of this file set for our queue */
	struct policy *policy;
	struct conf_settings *settings;
	/* Values that are checked but do not apply go here. */
	struct policy other_policy;
	struct conf_settings other_settings;
	char path[QUEUE_NAME_MAX + sizeof("/queue.conf")];	/* memory for 'what' */
	struct error *err;
	/* The present section is of this kind, [engine NAME] or [relay NAME]; NULL: of a policy. */
	const struct section_kind *kind;
	section_taker *taker;	/* gets the keys of such sections; NULL: they are only checked */
	void *arg;
	bool refused;		/* something in the file was refused */
	bool lenient;		/* lines that cannot be understood are passed over */
};

/* ---- section.c ---------------------------------------------------------- */

/* The kind of a section [engine NAME] or [relay NAME].  NULL: it is none. */
const struct section_kind *section_kind(const char *section);
/* Whether sections of the kind have that key; '*repeated' says whether it may stand there again. */
bool section_has(const struct section_kind *kind, const char *key, bool *repeated);
/* All keys of the kind, for an error text. */
const char *section_keys(const struct section_kind *kind);

/* ---- parse.c ------------------------------------------------------------ */

/*
 * Read one file, whose text is 'len' bytes long, into the policy and the settings.  ST_CONF: the
 * file has a fault, and the error names its line.  A lenient parser only refuses a file that is too
 * large.
 */
enum status parser_read(struct parser *ps, const char *text, size_t len,
    struct error *err) MUST_CHECK;

#endif
