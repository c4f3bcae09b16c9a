/*
 * id.c: an id as people type it: all 36 characters, or a piece of its beginning or its end that
 * only one message has, as git takes short hashes.
 */
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/ids.h"

/* Shorter pieces are probably typing errors. */
#define PIECE_MIN 4

static bool
id_piece_ok(const char *word)
{
	size_t len = strlen(word);

	return len >= PIECE_MIN && len < ID_LEN && strspn(word, "0123456789abcdef-") == len;
}

static bool
id_matches(const char *word, const struct msgid *id)
{
	size_t len = strlen(word);

	return strncmp(id->text, word, len) == 0 || strcmp(id->text + ID_LEN - len, word) == 0;
}

static enum status
id_unknown(struct run *r, struct queue *q, const char *word)
{
	return error_set(&r->err, ST_NOTFOUND, 0, "no message '%s' in queue '%s'", word,
	    queue_name(q));
}

/* Find the only message that the piece fits.  Stop at a second one: mq does not guess. */
static enum status
id_only_one(struct run *r, struct queue *q, struct scan *scan, const char *word, struct msgid *id)
{
	struct place p;
	enum status st;
	bool found = false;

	while ((st = scan_next(scan, &p, &r->err)) == ST_OK) {
		if (!id_matches(word, &p.name.id) || (found && strcmp(p.name.id.text,
		    id->text) == 0))
			continue;
		if (found)
			return error_set(&r->err, ST_NOTFOUND, 0,
			    "'%s' is the beginning or the end of more "
			    "than one id, %s and %s: give more of it", word, id->text,
			    p.name.id.text);
		*id = p.name.id;
		found = true;
	}
	if (found && st != ST_NONE && scan_missed(scan) != NULL) {
		error_clear(&r->err);	/* the part that cannot be read is ignored */
		st = ST_NONE;
	}
	return st != ST_NONE ? st : found ? ST_OK : id_unknown(r, q, word);
}

enum status
id_resolve(struct run *r, struct queue *q, const char *word, struct msgid *id)
{
	struct scan *scan;
	enum status st;

	if (id_ok(word)) {
		(void)strlcpy(id->text, word, sizeof(id->text));
		return ST_OK;
	}
	if (!id_piece_ok(word))
		return id_unknown(r, q, word);
	if ((st = scan_open(q, STATES_ALL, &scan, &r->err)) != ST_OK)
		return st;
	st = id_only_one(r, q, scan, word, id);
	scan_close(scan);
	return st;
}
