/*
 * doubt.c: which messages may be in the engine already.
 */
#include <errno.h>

#include "base/idset.h"
#include "base/name.h"
#include "view/view.h"
#include "relay/relay.h"

static enum status
doubt_add(struct names *list, struct idset *seen, const struct msgname *n, struct error *err)
{
	enum status st;

	if (n->deliveries == 0)
		return ST_OK;
	if ((st = idset_add(seen, &n->id, err)) == ST_OK)
		st = names_add(list, n->id.text, err);
	return st == ST_EXISTS ? ST_OK : st;
}

/* Twice, as a claim that somebody takes back meanwhile would be passed over. */
enum status
relay_doubt(struct relay *y, struct names *list, struct error *err)
{
	const unsigned states = STATES_ALL & ~STATE_BIT(STATE_DONE);
	struct idset *seen = idset_new();
	enum status st = seen != NULL ? ST_NONE : error_sys(err, ENOMEM, "relay");
	struct scan *s;
	struct place p;

	for (int pass = 0; pass < 2 && st == ST_NONE; pass++) {
		if ((st = scan_open(y->q, states | SCAN_ANY_ORDER, &s, err)) != ST_OK)
			break;
		while ((st = scan_next(s, &p, err)) == ST_OK)
			if ((st = doubt_add(list, seen, &p.name, err)) != ST_OK)
				break;
		scan_close(s);
	}
	idset_free(seen);
	return st == ST_NONE ? ST_OK : st;
}
