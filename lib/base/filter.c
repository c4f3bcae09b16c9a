/*
 * filter.c: which messages of a topic a subscription wants.
 *
 * A filter is "NAME=PATTERN" or "NAME!=PATTERN", about a header.  Of Type the
 * value is words with dots between, and so is the pattern: * is any one word, #
 * any number of them, none included (the topic exchange of AMQP 0-9-1 has it from
 * there).  Of other headers the pattern is a shell's.
 */
#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/envelope.h"

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_."

struct filter {
	const char *name, *pattern;
	size_t namelen;
	bool not, type;
};

/* False: it has no name, or no "=". */
static bool
filter_parse(const char *text, struct filter *f)
{
	const char *eq = strchr(text, '=');

	if (eq == NULL)
		return false;
	f->name = text;
	f->pattern = eq + 1;
	f->not = eq > text && eq[-1] == '!';
	f->namelen = (size_t)(eq - text) - (f->not ? 1 : 0);
	f->type = f->namelen == 4 && strncasecmp(text, "type", 4) == 0;
	for (size_t i = 0; i < f->namelen; i++)
		if (strchr(NAME_CHARACTERS, text[i]) == NULL)
			return false;
	return f->namelen > 0 && f->namelen <= HEADER_NAME_MAX;
}

/* Where the word at w ends. */
static const char *
word_end(const char *w, const char *end)
{
	const char *dot = memchr(w, '.', (size_t)(end - w));

	return dot != NULL ? dot : end;
}

static bool
words_ok(const char *pattern)
{
	const char *end = pattern + strlen(pattern), *w = pattern, *stop;

	for (;; w = stop + 1) {
		stop = word_end(w, end);
		/* A star that is a part of a word would be taken for what the shell means by it. */
		if (stop == w || (stop - w > 1 && strcspn(w, "*#") < (size_t)(stop - w)))
			return false;
		if (stop == end)
			return true;
	}
}

enum status
filter_check(const char *text, struct error *err)
{
	struct filter f;

	for (const char *p = text; *p != '\0'; p++)
		if (((unsigned char)*p < ' ' && *p != '\t') || *p == 127)
			return error_set(err, ST_USAGE, 0,
			    "a filter must not hold control characters");
	if (!filter_parse(text, &f))
		return error_set(err, ST_USAGE, 0,
		    "'%s' is no filter: HEADER=PATTERN or HEADER!=PATTERN", text);
	if (f.type && !words_ok(f.pattern))
		return error_set(err, ST_USAGE, 0,
		    "'%s': a pattern for Type is words with dots between; "
		    "* stands for one word, # for any number", text);
	return ST_OK;
}

/* One past the end is past the last word: a word that ends there has no dot behind it. */
static const char *
next_word(const char *w, const char *end)
{
	return word_end(w, end) + 1;
}

/* As patterns with one kind of star are matched: on a mismatch the last # takes one word more. */
static bool
words_match(const char *p, const char *pend, const char *v, const char *vend)
{
	const char *hash = NULL, *again = NULL;

	while (v <= vend) {
		size_t plen = p <= pend ? (size_t)(word_end(p, pend) - p) : 0;
		size_t vlen = (size_t)(word_end(v, vend) - v);
		if (plen == 1 && *p == '#') {
			hash = p = next_word(p, pend);
			again = v;
		} else if (p <= pend && ((plen == 1 && *p == '*') ||
		    (plen == vlen && memcmp(p, v, plen) == 0))) {
			p = next_word(p, pend);
			v = next_word(v, vend);
		} else if (hash != NULL) {
			p = hash;
			v = again = next_word(again, vend);
		} else
			return false;
	}
	while (p <= pend && *p == '#' && word_end(p, pend) == p + 1)
		p = next_word(p, pend);
	return p > pend;
}

static bool
value_matches(const struct filter *f, const struct header *h)
{
	char small[256], *value = small;
	bool yes;

	if (f->type)
		return words_match(f->pattern, f->pattern + strlen(f->pattern), h->value,
		    h->value + h->valuelen);
	if (h->valuelen >= sizeof(small) && (value = malloc(h->valuelen + 1)) == NULL)
		return true;	/* no memory to say no: too many is better than none */
	memcpy(value, h->value, h->valuelen);
	value[h->valuelen] = '\0';
	yes = fnmatch(f->pattern, value, 0) == 0;
	if (value != small)
		free(value);
	return yes;
}

static bool
filter_holds(const struct filter *f, const struct headers *all)
{
	struct header h;
	size_t pos = 0;

	while (headers_next(all, &pos, &h))
		if (header_is(&h, f->name, f->namelen) && value_matches(f, &h))
			return !f->not;
	return f->not;
}

bool
filters_match(const struct names *filters, const struct headers *all)
{
	struct filter f;

	/* One that somebody broke by hand narrows nothing: fsck tells of it. */
	for (size_t i = 0; i < filters->n; i++)
		if (filter_parse(filters->name[i], &f) && !filter_holds(&f, all))
			return false;
	return true;
}
