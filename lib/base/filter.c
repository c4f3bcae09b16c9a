/*
 * filter.c: which messages of a topic a subscription wants.
 *
 * A filter on a header is "NAME=PATTERN" or "NAME!=PATTERN".  The value of Type is words with dots
 * between, and so is a pattern for it: * is any one word, and # is any number of words, even none.
 * AMQP 0-9-1 has the same in its topic exchange.  For other headers the pattern is one of the
 * shell.
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

/* Take a filter apart.  False: it has no name, or no "=". */
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

/* The end of the word at 'w'. */
static const char *
filter_word_end(const char *w, const char *end)
{
	const char *dot = memchr(w, '.', (size_t)(end - w));

	return dot != NULL ? dot : end;
}

static bool
filter_words_ok(const char *pattern)
{
	const char *end = pattern + strlen(pattern), *w = pattern, *stop;

	for (;; w = stop + 1) {
		stop = filter_word_end(w, end);
		/* A star that is part of a word would look like a pattern of the shell. */
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
	if (f.type && !filter_words_ok(f.pattern))
		return error_set(err, ST_USAGE, 0,
		    "'%s': a pattern for Type is words with dots between; "
		    "* stands for one word, # for any number", text);
	return ST_OK;
}

/*
 * The word after the one at 'w'.  After the last word this is one past the end, because no dot
 * follows it.
 */
static const char *
filter_next_word(const char *w, const char *end)
{
	return filter_word_end(w, end) + 1;
}

/*
 * Match words as patterns with one kind of star are matched.  On a mismatch the last # takes one
 * word more.
 */
static bool
filter_words_match(const char *p, const char *pend, const char *v, const char *vend)
{
	const char *hash = NULL, *again = NULL;

	while (v <= vend) {
		size_t plen = p <= pend ? (size_t)(filter_word_end(p, pend) - p) : 0;
		size_t vlen = (size_t)(filter_word_end(v, vend) - v);
		if (plen == 1 && *p == '#') {
			hash = p = filter_next_word(p, pend);
			again = v;
		} else if (p <= pend && ((plen == 1 && *p == '*') ||
		    (plen == vlen && memcmp(p, v, plen) == 0))) {
			p = filter_next_word(p, pend);
			v = filter_next_word(v, vend);
		} else if (hash != NULL) {
			p = hash;
			v = again = filter_next_word(again, vend);
		} else
			return false;
	}
	while (p <= pend && *p == '#' && filter_word_end(p, pend) == p + 1)
		p = filter_next_word(p, pend);
	return p > pend;
}

static bool
value_matches(const struct filter *f, const struct header *h)
{
	char small[256], *value = small;
	bool yes;

	if (f->type)
		return filter_words_match(f->pattern, f->pattern + strlen(f->pattern), h->value,
		    h->value + h->valuelen);
	if (h->valuelen >= sizeof(small) && (value = malloc(h->valuelen + 1)) == NULL)
		/*
		 * without memory we cannot tell, and a message too many is better than one too few
		 */
		return true;
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

	/* A filter that somebody broke by hand excludes nothing, and fsck reports it. */
	for (size_t i = 0; i < filters->n; i++)
		if (filter_parse(filters->name[i], &f) && !filter_holds(&f, all))
			return false;
	return true;
}
