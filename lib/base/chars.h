/*
 * chars.h: kinds of characters in names.
 *
 * <ctype.h> depends on the locale, and the format of a spool does not.
 */
#ifndef BASE_CHARS_H
#define BASE_CHARS_H

#include <stdbool.h>

static inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
static inline bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
static inline bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
static inline bool is_alnum(char c) { return is_digit(c) || is_lower(c) || is_upper(c); }
static inline bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }

#endif
