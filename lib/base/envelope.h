/*
 * envelope.h: the header block of a message, and filters on it.
 */
#ifndef BASE_ENVELOPE_H
#define BASE_ENVELOPE_H

#include "base/base.h"

struct names;

#define HEADERS_MAX 65536	/* bytes of a header block */
#define HEADER_NAME_MAX 64

/* A header block in memory: the bytes of the file's head.  Zero it to start; headers_free after. */
struct headers { char *block; size_t len; };
struct header { const char *name; size_t namelen; const char *value; size_t valuelen; };

/*
 * Add "Name: value".  ST_USAGE: no colon or a bad name; ST_BADDATA: a control
 * byte, or the block grew too large.
 */
enum status headers_add(struct headers *h, const char *text, struct error *err) MUST_CHECK;
/* A copy; headers_free after. */
enum status headers_copy(struct headers *h, const struct headers *from,
    struct error *err) MUST_CHECK;
/* Iterate: start with *pos 0; false at the end.  Pointers are into the block. */
bool headers_next(const struct headers *h, size_t *pos, struct header *out);
/* Whether that is its name; upper and lower case are the same. */
bool header_is(const struct header *h, const char *name, size_t len);
/* The first of that name; false: there is none. */
bool headers_find(const struct headers *all, const char *name, struct header *h);
/*
 * All headers of a block in their order, those of one name chained: what has a first is walked
 * along next (SIZE_MAX: no more).  Names are the same if they are so after fold has been applied to
 * each character.  Free h.
 */
struct named { struct header header; const char *key; size_t next; bool first; };
struct headers_index { struct named *h; size_t n; char *keys; };
enum status headers_index(const struct headers *all, char (*fold)(char), struct headers_index *out,
    struct error *err) MUST_CHECK;
void headers_index_free(struct headers_index *index);
/* The fold of names as they are: upper and lower case are the same. */
char fold_case(char c);
/* Whether a block as read from a file is whole and well formed (with its empty line). */
bool headers_valid(const struct headers *h);
void headers_free(struct headers *h);

/*
 * "NAME=PATTERN" or "NAME!=PATTERN" on a header, ST_USAGE if it is neither; whether a message with
 * these headers passes all of them.  Of Type the pattern is words (order.*.created, order.#), of
 * others a shell's.
 */
enum status filter_check(const char *text, struct error *err) MUST_CHECK;
bool filters_match(const struct names *filters, const struct headers *all);

#endif
