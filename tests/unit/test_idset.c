/* test_idset.c: what was added is there, and nothing else. */
#include "mq.h"
#include "tap.h"

int
main(void)
{
	struct idset *set = idset_new();
	struct msgid id;
	struct error err;
	int bad = 0;

	error_clear(&err);
	if (!ok(set != NULL, "a set"))
		return done();
	/* Of one time, of one random part, and of neither. */
	for (int i = 0; i < 100000; i++) {
		id_derive(i % 3 == 0 ? 1 : i, i % 3 == 1 ? 1 : (uint64_t)i, &id);
		bad += idset_has(set, &id) || idset_add(set, &id, &err) != ST_OK || !idset_has(set, &id) ||
		    idset_add(set, &id, &err) != ST_EXISTS;
	}
	is_int(bad, 0, "each is new once");
	for (int i = 0; i < 100000; i++) {
		id_derive(i % 3 == 0 ? 1 : i, i % 3 == 1 ? 1 : (uint64_t)i, &id);
		bad += !idset_has(set, &id);
		id.text[10] = id.text[10] == 'f' ? '0' : 'f';
		bad += idset_has(set, &id);
	}
	is_int(bad, 0, "all are there, and no others");
	is_int((int64_t)idset_count(set), 100000, "counted");
	is_int(err.status, ST_OK, "without an error");
	idset_free(set);
	return done();
}
