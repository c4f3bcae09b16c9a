/*
 * names.h: a list of names.
 */
#ifndef BASE_NAMES_H
#define BASE_NAMES_H

#include "base/base.h"

struct names { char **name; size_t n, cap; };
/* Split 'text' at each separator, and leave out empty parts.  Free the list with names_free. */
enum status names_split(const char *text, size_t len, char separator, struct names *out,
    struct error *err) MUST_CHECK;
/* Add a copy of the name at the end. */
enum status names_add(struct names *names, const char *name, struct error *err) MUST_CHECK;
void names_free(struct names *names);

/* ---- distance.c ---------------------------------------------------------------- */

#define DISTANCE_MAX 64
/*
 * Levenshtein's distance: how many characters have to be inserted, deleted or replaced to make one
 * word of the other.  It is computed by rows (Wagner and Fischer).  SIZE_MAX: 'b' has more than
 * DISTANCE_MAX characters.
 */
size_t word_distance(const char *a, const char *b);

#endif
