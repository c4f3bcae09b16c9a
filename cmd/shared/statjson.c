/*
 * statjson.c: the numbers of mq stat as JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "base/name.h"
#include "spool/spool.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/figures.h"

static void
put_counts(const char *name, const uint64_t n[NSTATES])
{
	json_name(stdout, name, false);
	for (int s = 0; s < NSTATES; s++)
		(void)printf("%c\"%s\":%" PRIu64, s == 0 ? '{' : ',', state_names[s], n[s]);
	(void)fputc('}', stdout);
}

static void
put_time(usec_t at)
{
	char text[TIME_MAX];

	if (at == 0) {
		(void)fputs("null", stdout);
		return;
	}
	time_format(at, text);
	json_quoted(stdout, text, strlen(text));
}

static void
put_oldest(const struct tally *t)
{
	json_name(stdout, "oldest_by_state", false);
	for (int s = 0; s < NSTATES; s++) {
		(void)fputc(s == 0 ? '{' : ',', stdout);
		json_name(stdout, state_names[s], true);
		put_time(t->oldest[s]);
	}
	(void)fputc('}', stdout);
}

static void
put_ages(const struct tally *t)
{
	json_name(stdout, "ages", false);
	(void)fputs("{\"limits\":", stdout);
	for (int i = 0; i < NAGES - 1; i++)
		(void)printf("%c%lld", i == 0 ? '[' : ',', (long long)((AGE_FIRST << i) / USEC));
	(void)fputc(']', stdout);
	for (int s = 0; s < NSTATES; s++) {
		json_name(stdout, state_names[s], false);
		for (int i = 0; i < NAGES; i++)
			(void)printf("%c%" PRIu64, i == 0 ? '[' : ',', t->age[s][i]);
		(void)fputc(']', stdout);
	}
	(void)fputc('}', stdout);
}

static void
put_rates(const struct rates *r)
{
	static const struct { const char *name; int what; } of[] = { { "in", COUNT_PUSHED },
	    { "out", COUNT_ACKED }, { "failed", COUNT_FAILED } };

	json_name(stdout, "rates", false);
	(void)fputc('{', stdout);
	for (size_t i = 0; i < 3; i++) {
		json_name(stdout, of[i].name, i == 0);
		(void)printf("[%.4f,%.4f,%.4f]", r->rate[0][of[i].what], r->rate[1][of[i].what],
		    r->rate[2][of[i].what]);
	}
	(void)fputs("},\"totals\":", stdout);
	for (int k = 0; k < NCOUNTS; k++)
		(void)printf("%c\"%s\":%" PRIu64, k == 0 ? '{' : ',', count_names[k], r->total[k]);
	(void)fputc('}', stdout);
}

void
json_numbers(const struct numbers *n)
{
	double drain = numbers_drain(n);

	(void)printf("{\"queue\":\"%s\"", n->name);
	for (int s = 0; s < NSTATES; s++)
		(void)printf(",\"%s\":%" PRIu64, state_names[s], n->t.count[s]);
	(void)printf(",\"bytes\":%" PRIu64 ",\"oldest\":", numbers_bytes(n));
	put_time(tally_oldest(&n->t));
	(void)printf(",\"paused\":\"%s\"", paused_words[n->paused]);
	put_rates(&n->rates);
	json_name(stdout, "drain", false);
	if (drain < 0)
		(void)fputs("null", stdout);
	else
		(void)printf("%.1f", drain);
	put_counts("bytes_by_state", n->t.bytes);
	put_oldest(&n->t);
	put_ages(&n->t);
	(void)fputs("}\n", stdout);
}
