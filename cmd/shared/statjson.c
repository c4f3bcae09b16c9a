/*
 * statjson.c: the numbers of mq stat as JSON.
 */
#include <inttypes.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/out.h"
#include "shared/figures.h"
#include "shared/members.h"

static void
statjson_queue(const struct numbers *n)
{
	json_value(stdout, n->name);
}

#define COUNT_OF(name, state) \
	static void \
	statjson_##name(const struct numbers *n) \
	{ \
		(void)printf("%" PRIu64, n->t.count[state]); \
	}
COUNT_OF(ready, STATE_READY)
COUNT_OF(delayed, STATE_DELAYED)
COUNT_OF(claimed, STATE_CLAIMED)
COUNT_OF(held, STATE_HELD)
COUNT_OF(dead, STATE_DEAD)
COUNT_OF(done, STATE_DONE)
#undef COUNT_OF

static void
statjson_bytes(const struct numbers *n)
{
	(void)printf("%" PRIu64, numbers_bytes(n));
}

static void
statjson_oldest(const struct numbers *n)
{
	json_time(stdout, tally_oldest(&n->t));
}

static void
statjson_paused(const struct numbers *n)
{
	json_value(stdout, paused_words[n->paused]);
}

static void
statjson_rates(const struct numbers *n)
{
	static const struct { const char *name; int what; } of[] = { { "in", COUNT_PUSHED },
	    { "out", COUNT_ACKED }, { "failed", COUNT_FAILED } };

	(void)fputc('{', stdout);
	for (size_t i = 0; i < 3; i++) {
		json_name(stdout, of[i].name, i == 0);
		(void)printf("[%.4f,%.4f,%.4f]", n->rates.rate[0][of[i].what],
		    n->rates.rate[1][of[i].what], n->rates.rate[2][of[i].what]);
	}
	(void)fputc('}', stdout);
}

/* An object with a number for each of these names. */
static void
statjson_counts(const char *const *names, const uint64_t *numbers, int n)
{
	for (int i = 0; i < n; i++)
		(void)printf("%c\"%s\":%" PRIu64, i == 0 ? '{' : ',', names[i], numbers[i]);
	(void)fputc('}', stdout);
}

static void
statjson_totals(const struct numbers *n)
{
	statjson_counts(count_names, n->rates.total, NCOUNTS);
}

static void
statjson_drain(const struct numbers *n)
{
	double drain = numbers_drain(n);

	if (drain < 0)
		json_value(stdout, NULL);
	else
		(void)printf("%.1f", drain);
}

static void
statjson_bytes_by_state(const struct numbers *n)
{
	statjson_counts(state_names, n->t.bytes, NSTATES);
}

static void
statjson_oldest_by_state(const struct numbers *n)
{
	for (int i = 0; i < NSTATES; i++) {
		(void)fputc(i == 0 ? '{' : ',', stdout);
		json_name(stdout, state_names[i], true);
		json_time(stdout, n->t.oldest[i]);
	}
	(void)fputc('}', stdout);
}

static void
statjson_ages(const struct numbers *n)
{
	(void)fputs("{\"limits\":", stdout);
	for (int i = 0; i < NAGES - 1; i++)
		(void)printf("%c%lld", i == 0 ? '[' : ',', (long long)((AGE_FIRST << i) / USEC));
	(void)fputc(']', stdout);
	for (int k = 0; k < NSTATES; k++) {
		json_name(stdout, state_names[k], false);
		for (int i = 0; i < NAGES; i++)
			(void)printf("%c%" PRIu64, i == 0 ? '[' : ',', n->t.age[k][i]);
		(void)fputc(']', stdout);
	}
	(void)fputc('}', stdout);
}

void
json_numbers(const struct numbers *n)
{
#define ROW(name) { #name, statjson_##name },
	static const struct {
		const char *name;
		void (*put)(const struct numbers *n);
	} members[] = { QUEUE_MEMBERS(ROW) };
#undef ROW

	(void)fputc('{', stdout);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		json_name(stdout, members[i].name, i == 0);
		members[i].put(n);
	}
	(void)fputs("}\n", stdout);
}
