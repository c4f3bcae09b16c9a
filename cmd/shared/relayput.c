/*
 * relayput.c: how relays fare, as a table, as JSON and for Prometheus.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/relays.h"

/* ---- a table ---------------------------------------------------------------- */

static void
relayput_age(FILE *f, usec_t at, usec_t now)
{
	char text[DURATION_MAX] = "-";

	if (at != 0)
		age_format(now - at, text);
	(void)fprintf(f, " %8s", text);
}

static void
relayput_row(FILE *f, const struct relay_state *s, int width, usec_t now)
{
	(void)fprintf(f, "%-*s %-8s", width, s->name, relay_words[s->is]);
	relayput_age(f, s->since, now);
	relayput_age(f, s->success, now);
	(void)fprintf(f, " %8" PRId64 " %10" PRIu64 " %8" PRIu64 " %8" PRIu64 "  %s -> %s\n",
	    s->inflight, s->sent, s->maybe + s->duplicate, s->refused, s->source, s->destination);
	if (s->error[0] == '\0' || s->is == RELAY_UP || s->is == RELAY_STOPPED)
		return;
	(void)fprintf(f, "%-*s ", width, "");
	out_vis(f, s->error, strlen(s->error));
	(void)fputc('\n', f);
}

void
relays_table(FILE *f, const struct relay_state *s, size_t n, usec_t now)
{
	int width = 5;

	for (size_t i = 0; i < n; i++)
		if ((int)strlen(s[i].name) > width)
			width = (int)strlen(s[i].name);
	(void)fprintf(f, "%-*s %-8s %8s %8s %8s %10s %8s %8s  %s\n", width, "RELAY", "STATE",
	    "SINCE", "SUCCESS", "INFLIGHT", "SENT", "AGAIN", "REFUSED", "FROM -> TO");
	for (size_t i = 0; i < n; i++)
		relayput_row(f, &s[i], width, now);
}

/* ---- JSON --------------------------------------------------------------------- */

void
relays_json(const struct relay_state *s)
{
	const struct { const char *name, *value; } texts[] = { { "relay", s->name },
	    { "state", relay_words[s->is] }, { "source", s->source },
	    { "destination", s->destination }, { "queue", s->queue }, { "error", s->error } };
	const struct { const char *name; usec_t at; } times[] = { { "since", s->since },
	    { "started", s->started }, { "success", s->success } };
	const struct { const char *name; uint64_t n; } numbers[] = {
	    { "inflight", (uint64_t)s->inflight }, { "sent", s->sent },
	    { "maybe_duplicate", s->maybe }, { "duplicate", s->duplicate },
	    { "refused", s->refused }, { "reconnects", s->reconnects } };

	(void)fputc('{', stdout);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		json_name(stdout, texts[i].name, i == 0);
		json_value(stdout, texts[i].value);
	}
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		json_name(stdout, times[i].name, false);
		json_time(stdout, times[i].at);
	}
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		json_name(stdout, numbers[i].name, false);
		(void)printf("%" PRIu64, numbers[i].n);
	}
	(void)fputs("}\n", stdout);
}

/* ---- Prometheus --------------------------------------------------------------- */

/* Each metric, its type and its help; the checks of the manual go by this list. */
#define RELAY_METRICS(X) \
	X(mq_relay_up, gauge, "Whether the last thing that the relay tried succeeded.") \
	X(mq_relay_state, gauge, "In which state the relay is: 1 for that.") \
	X(mq_relay_last_success_timestamp_seconds, gauge, \
	    "When it last succeeded: a message carried, or a look at the engine that found none.") \
	X(mq_relay_inflight, gauge, "Messages under way.") \
	X(mq_relay_messages_total, counter, \
	    "Messages since the relay was started, by what became of them.") \
	X(mq_relay_reconnects_total, counter, "Connections made after the first one.")

static void
relayput_mq_relay_up(FILE *f, const struct relay_state *s)
{
	(void)fprintf(f, "mq_relay_up{relay=\"%s\"} %d\n", s->name, s->is == RELAY_UP);
}

static void
relayput_mq_relay_state(FILE *f, const struct relay_state *s)
{
	for (int i = 0; i < NRELAY_IS; i++)
		(void)fprintf(f, "mq_relay_state{relay=\"%s\",state=\"%s\"} %d\n", s->name,
		    relay_words[i], (int)s->is == i);
}

static void
relayput_mq_relay_last_success_timestamp_seconds(FILE *f, const struct relay_state *s)
{
	if (s->success != 0)
		(void)fprintf(f, "mq_relay_last_success_timestamp_seconds{relay=\"%s\"} %.6f\n",
		    s->name, (double)s->success / USEC);
}

static void
relayput_mq_relay_inflight(FILE *f, const struct relay_state *s)
{
	(void)fprintf(f, "mq_relay_inflight{relay=\"%s\"} %" PRId64 "\n", s->name, s->inflight);
}

static void
relayput_mq_relay_messages_total(FILE *f, const struct relay_state *s)
{
	const struct { const char *result; uint64_t n; } results[] = { { "sent", s->sent },
	    { "maybe_duplicate", s->maybe }, { "duplicate", s->duplicate },
	    { "refused", s->refused } };

	for (size_t i = 0; i < sizeof(results) / sizeof(results[0]); i++)
		(void)fprintf(f,
		    "mq_relay_messages_total{relay=\"%s\",result=\"%s\"} %" PRIu64 "\n", s->name,
		    results[i].result, results[i].n);
}

static void
relayput_mq_relay_reconnects_total(FILE *f, const struct relay_state *s)
{
	(void)fprintf(f, "mq_relay_reconnects_total{relay=\"%s\"} %" PRIu64 "\n", s->name,
	    s->reconnects);
}

void
relays_prometheus(FILE *f, const struct relay_state *s, size_t n)
{
#define ROW(name, type, help) { #name, #type, help, relayput_##name },
	static const struct {
		const char *name, *type, *help;
		void (*print)(FILE *f, const struct relay_state *s);
	} metrics[] = { RELAY_METRICS(ROW) };
#undef ROW

	for (size_t k = 0; n > 0 && k < sizeof(metrics) / sizeof(metrics[0]); k++) {
		(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", metrics[k].name, metrics[k].help,
		    metrics[k].name, metrics[k].type);
		for (size_t i = 0; i < n; i++)
			metrics[k].print(f, &s[i]);
	}
}
