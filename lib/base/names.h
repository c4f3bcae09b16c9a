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
void names_free(struct names *names);

#endif
