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

static void
metric(FILE *f, const char *name, const char *type, const char *help)
{
	(void)fprintf(f, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
put_states(FILE *f, const struct numbers *n, size_t count)
{
	metric(f, "mq_queue_messages", "gauge", "Messages in a state.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			(void)fprintf(f,
			    "mq_queue_messages{queue=\"%s\",state=\"%s\"} %" PRIu64 "\n",
			    n[i].name, state_names[s], n[i].t.count[s]);
	metric(f, "mq_queue_bytes", "gauge", "Bytes of the messages in a state.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			(void)fprintf(f, "mq_queue_bytes{queue=\"%s\",state=\"%s\"} %" PRIu64 "\n",
			    n[i].name, state_names[s], n[i].t.bytes[s]);
	metric(f, "mq_queue_oldest_timestamp_seconds", "gauge",
	    "When the oldest message in a state was enqueued.");
	for (size_t i = 0; i < count; i++)
		for (int s = 0; s < NSTATES; s++)
			if (n[i].t.oldest[s] != 0)
				(void)fprintf(f,
				    "mq_queue_oldest_timestamp_seconds{queue=\"%s\",state=\"%s\"} "
				    "%.6f\n", n[i].name, state_names[s],
				    (double)n[i].t.oldest[s] / USEC);
}

static void
put_paused(FILE *f, const struct numbers *n, size_t count)
{
	metric(f, "mq_queue_paused", "gauge",
	    "Whether the queue refuses claims (pop) or pushes (push).");
	for (size_t i = 0; i < count; i++)
		(void)fprintf(f, "mq_queue_paused{queue=\"%s\",what=\"pop\"} %d\n"
		    "mq_queue_paused{queue=\"%s\",what=\"push\"} %d\n", n[i].name,
		    (n[i].paused & PAUSED_POP) != 0, n[i].name, (n[i].paused & PAUSED_PUSH) != 0);
}

static void
put_counters(FILE *f, const struct numbers *n, size_t count)
{
	char name[64], help[100];

	for (int k = 0; k < NCOUNTS; k++) {
		bool answers = k == COUNT_LATE;
		(void)snprintf(name, sizeof(name), "mq_%s_%s_total",
		    answers ? "answers" : "messages", count_names[k]);
		(void)snprintf(help, sizeof(help), "%s %s since the queue's counters were made.",
		    answers ? "Answers that came" : "Messages", count_names[k]);
		metric(f, name, "counter", help);
		for (size_t i = 0; i < count; i++)
			(void)fprintf(f, "%s{queue=\"%s\"} %" PRIu64 "\n", name, n[i].name,
			    n[i].rates.total[k]);
	}
}

static void
put_all(FILE *f, const struct numbers *n, size_t count)
{
	if (count > 0) {
		put_states(f, n, count);
		put_paused(f, n, count);
		put_counters(f, n, count);
	}
	metric(f, "mq_build_info", "gauge", "Version of mq; always 1.");
	(void)fprintf(f, "mq_build_info{version=\"%s\"} 1\n", MQ_VERSION);
}

void
prometheus_print(const struct numbers *n, size_t count)
{
	put_all(stdout, n, count);
}

/* ---- the file of a node exporter -------------------------------------- */

/*
 * Refuse to replace anything but a regular file: root must not replace /dev/null by a file because
 * somebody wanted no output.
 */
static enum status
replaceable(struct run *r, const char *path)
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
write_all(struct run *r, const char *path, int fd, const struct numbers *n, size_t count)
{
	FILE *f = fdopen(fd, "w");
	bool failed;

	if (f == NULL) {
		(void)close(fd);
		return error_sys(&r->err, errno, "%s", path);
	}
	put_all(f, n, count);
	failed = ferror(f) != 0 || fflush(f) != 0 || fchmod(fd, 0644) == -1;
	if (failed)
		(void)error_sys(&r->err, errno, "write %s", path);
	if (fclose(f) != 0 && !failed)
		(void)error_sys(&r->err, errno, "write %s", path);
	return r->err.status;
}

enum status
prometheus_textfile(struct run *r, const char *path, const struct numbers *n, size_t count)
{
	/* The name must not match *.prom, which the exporter reads. */
	static const char tail[] = ".XXXXXX";
	char tmp[4096 + sizeof(tail)];
	enum status st;
	int fd;

	if ((st = replaceable(r, path)) != ST_OK)
		return st;
	if (strlen(path) >= sizeof(tmp) - sizeof(tail))
		return error_sys(&r->err, ENAMETOOLONG, "%s", path);
	(void)snprintf(tmp, sizeof(tmp), "%s%s", path, tail);
	run_stoppable();	/* otherwise the temporary file would stay */
	if ((fd = mkstemp(tmp)) == -1)
		return error_set(&r->err, errno == EACCES ||
		    errno == EPERM ? ST_DENIED : ST_NOCREATE, errno,
		    "%s", path);
	st = write_all(r, path, fd, n, count);
	if (st == ST_OK && !run_stopped() && rename(tmp, path) == 0)
		return ST_OK;
	if (st == ST_OK && !run_stopped())
		st = error_sys(&r->err, errno, "rename to %s", path);
	(void)unlink(tmp);
	return st;
}
