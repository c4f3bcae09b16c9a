/*
 * prometheus.c: the numbers of mq stat in the text format of Prometheus.
 *
 * Units are base units, and counters end in _total.  Ages are given as times of birth, because an
 * age would stand still in a file that is not written any more.  Names of queues need no escapes.
 */
#include <sys/stat.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "spool/policy.h"
#include "spool/spool.h"
#include "shared/cmd.h"
#include "shared/figures.h"
#include "shared/relays.h"

#define COUNTED " since the queue's counters were made."

/*
 * Each metric: its name, its type, the function that prints the samples of a queue (NULL: it is of
 * mq itself), the kind of events that it counts (COUNT_*, of counters), and its help.  What is
 * printed and the checks of the manual come from this list.
 */
#define METRICS(X) \
	X(mq_queue_messages, gauge, prometheus_messages, 0, "Messages in a state.") \
	X(mq_queue_bytes, gauge, prometheus_bytes, 0, "Bytes of the messages in a state.") \
	X(mq_queue_oldest_timestamp_seconds, gauge, prometheus_oldest, 0, \
	    "When the oldest message in a state was enqueued.") \
	X(mq_queue_paused, gauge, prometheus_paused, 0, \
	    "Whether the queue refuses claims (pop) or pushes (push).") \
	X(mq_messages_pushed_total, counter, prometheus_total, COUNT_PUSHED, \
	    "Messages pushed" COUNTED) \
	X(mq_messages_delivered_total, counter, prometheus_total, COUNT_DELIVERED, \
	    "Messages delivered" COUNTED) \
	X(mq_messages_acked_total, counter, prometheus_total, COUNT_ACKED, \
	    "Messages acked" COUNTED) \
	X(mq_messages_failed_total, counter, prometheus_total, COUNT_FAILED, \
	    "Messages failed" COUNTED) \
	X(mq_messages_dead_total, counter, prometheus_total, COUNT_DEAD, \
	    "Messages dead" COUNTED) \
	X(mq_messages_expired_total, counter, prometheus_total, COUNT_EXPIRED, \
	    "Messages expired" COUNTED) \
	X(mq_messages_retried_total, counter, prometheus_total, COUNT_RETRIED, \
	    "Messages retried" COUNTED) \
	X(mq_messages_removed_total, counter, prometheus_total, COUNT_REMOVED, \
	    "Messages removed" COUNTED) \
	X(mq_answers_late_total, counter, prometheus_total, COUNT_LATE, \
	    "Answers that came late" COUNTED) \
	X(mq_build_info, gauge, NULL, 0, "Version of mq; always 1.")

struct metric {
	const char *name, *type, *help;
	void (*print)(FILE *f, const struct metric *m, const struct numbers *n);
	int what;
};

static void
prometheus_by_state(FILE *f, const struct metric *m, const char *queue, const uint64_t *numbers)
{
	for (int s = 0; s < NSTATES; s++)
		(void)fprintf(f, "%s{queue=\"%s\",state=\"%s\"} %" PRIu64 "\n", m->name, queue,
		    state_names[s], numbers[s]);
}

static void
prometheus_messages(FILE *f, const struct metric *m, const struct numbers *n)
{
	prometheus_by_state(f, m, n->name, n->t.count);
}

static void
prometheus_bytes(FILE *f, const struct metric *m, const struct numbers *n)
{
	prometheus_by_state(f, m, n->name, n->t.bytes);
}

static void
prometheus_oldest(FILE *f, const struct metric *m, const struct numbers *n)
{
	for (int s = 0; s < NSTATES; s++)
		if (n->t.oldest[s] != 0)
			(void)fprintf(f, "%s{queue=\"%s\",state=\"%s\"} %.6f\n", m->name, n->name,
			    state_names[s], (double)n->t.oldest[s] / USEC);
}

static void
prometheus_paused(FILE *f, const struct metric *m, const struct numbers *n)
{
	(void)fprintf(f, "%s{queue=\"%s\",what=\"pop\"} %d\n%s{queue=\"%s\",what=\"push\"} %d\n",
	    m->name, n->name, (n->paused & PAUSED_POP) != 0,
	    m->name, n->name, (n->paused & PAUSED_PUSH) != 0);
}

static void
prometheus_total(FILE *f, const struct metric *m, const struct numbers *n)
{
	(void)fprintf(f, "%s{queue=\"%s\"} %" PRIu64 "\n", m->name, n->name,
	    n->rates.total[m->what]);
}

static void
prometheus_metrics(FILE *f, const struct told *t)
{
#define ROW(name, type, print, what, help) { #name, #type, help, print, what },
	static const struct metric metrics[] = { METRICS(ROW) };
#undef ROW

	for (size_t k = 0; k < sizeof(metrics) / sizeof(metrics[0]); k++) {
		const struct metric *m = &metrics[k];
		if (m->print != NULL && t->queues == 0)
			continue;
		(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", m->name, m->help, m->name,
		    m->type);
		if (m->print == NULL)
			(void)fprintf(f, "%s{version=\"%s\"} 1\n", m->name, MQ_VERSION);
		for (size_t i = 0; m->print != NULL && i < t->queues; i++)
			m->print(f, m, &t->queue[i]);
	}
	relays_prometheus(f, t->relay, t->relays);
}

void
prometheus_print(const struct told *t)
{
	prometheus_metrics(stdout, t);
}

/* ---- the file of a node exporter -------------------------------------- */

/*
 * Refuse to replace anything but a regular file: root must not replace /dev/null by a file because
 * somebody wanted no output.
 */
static enum status
prometheus_replaceable(struct run *r, const char *path)
{
	struct stat sb;

	if (lstat(path, &sb) == -1)
		return errno == ENOENT ? ST_OK : error_sys(&r->err, errno, "%s", path);
	if (S_ISREG(sb.st_mode))
		return ST_OK;
	return error_set(&r->err, ST_NOCREATE, 0,
	    "%s: there is something that is not a regular file", path);
}

static enum status
prometheus_write(struct run *r, const char *path, int fd, const struct told *t)
{
	FILE *f = fdopen(fd, "w");
	bool failed;

	if (f == NULL) {
		(void)close(fd);
		return error_sys(&r->err, errno, "%s", path);
	}
	prometheus_metrics(f, t);
	failed = ferror(f) != 0 || fflush(f) != 0 || fchmod(fd, 0644) == -1;
	if (failed)
		(void)error_sys(&r->err, errno, "write %s", path);
	if (fclose(f) != 0 && !failed)
		(void)error_sys(&r->err, errno, "write %s", path);
	return r->err.status;
}

enum status
prometheus_textfile(struct run *r, const char *path, const struct told *t)
{
	/* The name must not match *.prom, which the exporter reads. */
	static const char tail[] = ".XXXXXX";
	char tmp[4096 + sizeof(tail)];
	enum status st;
	int fd;

	if ((st = prometheus_replaceable(r, path)) != ST_OK)
		return st;
	if (strlen(path) >= sizeof(tmp) - sizeof(tail))
		return error_sys(&r->err, ENAMETOOLONG, "%s", path);
	(void)snprintf(tmp, sizeof(tmp), "%s%s", path, tail);
	run_stoppable();	/* otherwise the temporary file would stay */
	if ((fd = mkstemp(tmp)) == -1)
		return error_set(&r->err, errno == EACCES ||
		    errno == EPERM ? ST_DENIED : ST_NOCREATE, errno,
		    "%s", path);
	st = prometheus_write(r, path, fd, t);
	if (st == ST_OK && !run_stopped() && rename(tmp, path) == 0)
		return ST_OK;
	if (st == ST_OK && !run_stopped())
		st = error_sys(&r->err, errno, "rename to %s", path);
	(void)unlink(tmp);
	return st;
}
