/*
 * doubt.c: which messages may be in the engine already.
 */
#include "base/name.h"
#include "view/view.h"
#include "relay/relay.h"

/*
 * Twice, as a claim that somebody takes back meanwhile would be passed over.  What is seen twice
 * does no harm.
 */
enum status
relay_doubt(struct relay *y, struct names *list, struct error *err)
{
	const unsigned states = STATES_ALL & ~STATE_BIT(STATE_DONE);
	enum status st = ST_NONE;
	struct scan *s;
	struct place p;

	for (int pass = 0; pass < 2 && st == ST_NONE; pass++) {
		if ((st = scan_open(y->q, states | SCAN_ANY_ORDER, &s, err)) != ST_OK)
			return st;
		while ((st = scan_next(s, &p, err)) == ST_OK)
			if (p.name.deliveries > 0 &&
			    (st = names_add(list, p.name.id.text, err)) != ST_OK)
				break;
		scan_close(s);
	}
	return st == ST_NONE ? ST_OK : st;
}
