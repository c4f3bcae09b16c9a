/*
 * envelope.h: the header block of a message, and filters on it.
 */
#ifndef BASE_ENVELOPE_H
#define BASE_ENVELOPE_H

#include "base/base.h"

struct names;

#define HEADERS_MAX 65536	/* bytes of a header block */
#define HEADER_NAME_MAX 64

/*
 * A header block in memory holds the very bytes at the head of the file.  Set it to zero before the
 * first use, and free it with headers_free.
 */
struct headers { char *block; size_t len; };
struct header { const char *name; size_t namelen; const char *value; size_t valuelen; };

/*
 * Add the header 'text', which reads "Name: value".  ST_USAGE: it has no colon or a bad name.
 * ST_BADDATA: it has a control byte, or the block would be too large.
 */
enum status headers_add(struct headers *h, const char *text, struct error *err) MUST_CHECK;
/* Make *h a copy of 'from'.  Free it with headers_free. */
enum status headers_copy(struct headers *h, const struct headers *from,
    struct error *err) MUST_CHECK;
/*
 * Give the next header.  Start with *pos at 0.  False: there are no more.  The pointers in *out are
 * into the block.
 */
bool headers_next(const struct headers *h, size_t *pos, struct header *out);
/* Whether the header has that name.  Upper and lower case are the same. */
bool header_is(const struct header *h, const char *name, size_t len);
/* Find the first header of that name.  False: there is none. */
bool headers_find(const struct headers *all, const char *name, struct header *h);
/*
 * List all headers of a block in their order, and chain those of one name.  The first header of
 * each name has 'first' set.  From there, 'next' is the index of the next one of that name, or
 * SIZE_MAX. Two names are the same if they are equal after 'fold' was applied to each character. 
 * Free the list with headers_index_free.
 */
struct named { struct header header; const char *key; size_t next; bool first; };
struct headers_index { struct named *h; size_t n; char *keys; };
enum status headers_index(const struct headers *all, char (*fold)(char), struct headers_index *out,
    struct error *err) MUST_CHECK;
void headers_index_free(struct headers_index *index);
/* The usual fold of names, by which upper and lower case are the same. */
char fold_case(char c);
/* Whether a block that was read from a file is well formed and complete, with its empty line. */
bool headers_valid(const struct headers *h);
void headers_free(struct headers *h);

/*
 * filter_check: whether 'text' is a filter on a header, "NAME=PATTERN" or "NAME!=PATTERN". 
 * ST_USAGE: it is not.  filters_match: whether a message with these headers passes all filters.  A
 * pattern for Type is made of words (order.*.created, order.#); for any other header it is a
 * pattern of the shell.
 */
enum status filter_check(const char *text, struct error *err) MUST_CHECK;
bool filters_match(const struct names *filters, const struct headers *all);

#endif
