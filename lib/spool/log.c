/*
 * log.c: the event log: one line for each change of state of a message, in a file or to syslog,
 * where the policy asks for it.
 *
 * The log reports what is done already, so no trouble with it may undo, fail or delay that.  A line
 * that cannot be written is lost, and the spool remembers the error for a caller that can report
 * it.  A line is one write of at most PIPE_BUF bytes to a file opened with O_APPEND, so the lines
 * of many processes do not mix.  If the file is renamed away, a process that logs notices that
 * within a second.
 */
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/queue.h"
#include "spool/log.h"

#define LOG_MODE 0640
#define SYSLOG_SOCKET "/dev/log"
#define SYSLOG_PRIORITY 14	/* user.info */

static bool
log_to_syslog(const struct queue *q)
{
	return strcmp(q->policy.log, "syslog") == 0;
}

static void
log_trouble(struct queue *q, int errnum, const char *why)
{
	/* Only the first error is kept. */
	(void)error_sys(&q->spool->log_error, errnum, "the log %s%s",
	    log_to_syslog(q) ? SYSLOG_SOCKET : q->policy.log, why);
}

void
log_close(struct queue *q)
{
	if (q->log.fd != -1)
		(void)close(q->log.fd);
	q->log.fd = -1;
	q->log.torn = false;
}

/* ---- where to --------------------------------------------------------- */

static void
log_open_file(struct queue *q)
{
	struct stat sb;

	q->log.fd = fs_open_append(AT_FDCWD, q->policy.log, LOG_MODE);
	if (q->log.fd == -1) {
		log_trouble(q, errno, "");
		return;
	}
	if (fstat(q->log.fd, &sb) == 0 && S_ISREG(sb.st_mode))
		return;
	log_trouble(q, 0, " is not a regular file");
	log_close(q);
}

static void
log_open_syslog(struct queue *q)
{
	static const struct sockaddr_un to = { .sun_family = AF_UNIX, .sun_path = SYSLOG_SOCKET };

	q->log.fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (q->log.fd != -1 && connect(q->log.fd, (const struct sockaddr *)&to, sizeof(to)) == 0)
		return;
	log_trouble(q, errno, "");
	log_close(q);
}

/* Whether the file that we hold still has the name. */
static bool
log_stands(const struct queue *q)
{
	struct stat held, named;

	return fstat(q->log.fd, &held) == 0 && lstat(q->policy.log, &named) == 0 &&
	    held.st_dev == named.st_dev && held.st_ino == named.st_ino;
}

/* Make the log ready for a line.  The policy may name another log since the last one. */
static bool
log_ready(struct queue *q, usec_t now)
{
	bool young = now >= q->log.looked && now - q->log.looked < USEC;

	if (strcmp(q->log.name, q->policy.log) != 0) {
		log_close(q);
		(void)strlcpy(q->log.name, q->policy.log, sizeof(q->log.name));
	/* a log that cannot be opened is not tried again for each line */
	} else if (young)
		return q->log.fd != -1;
	else if (q->log.fd != -1 && !log_to_syslog(q) && !log_stands(q))
		log_close(q);
	q->log.looked = now;
	if (q->log.fd == -1) {
		if (log_to_syslog(q))
			log_open_syslog(q);
		else
			log_open_file(q);
	}
	return q->log.fd != -1;
}

/* ---- lines ------------------------------------------------------------ */

static void
log_put_file(struct queue *q, const char *line, size_t len)
{
	ssize_t n;

	/* A full disk may have cut the last line, which must not swallow this one. */
	if (q->log.torn && write(q->log.fd, "\n", 1) == 1)
		q->log.torn = false;
	n = write(q->log.fd, line, len);
	if (n == (ssize_t)len)
		return;
	log_trouble(q, n == -1 ? errno : ENOSPC, "");
	q->log.torn |= n > 0;
}

static void
log_put_syslog(struct queue *q, const char *text, size_t len)
{
	char line[PIPE_BUF + 64];
	int n = snprintf(line, sizeof(line), "<%d>mq[%ld]: %.*s", SYSLOG_PRIORITY, (long)getpid(),
	    (int)len, text);

	if (send(q->log.fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
		return;
	if (errno == ECONNREFUSED || errno == ECONNRESET || errno == ENOTCONN) {
		/* syslog was restarted. */
		log_close(q);
		log_open_syslog(q);
		if (q->log.fd == -1 || send(q->log.fd, line, (size_t)n,
		    MSG_DONTWAIT | MSG_NOSIGNAL) != -1)
			return;
	}
	log_trouble(q, errno, "");
}

/* Print how many seconds ago the message was pushed. */
static void
log_put_age(const struct msgname *n, usec_t now, char buf[32])
{
	usec_t age = now > id_time(&n->id) ? now - id_time(&n->id) : 0;

	(void)snprintf(buf, 32, "%lld.%03lld", (long long)(age / USEC),
	    (long long)(age % USEC / 1000));
}

/*
 * Print " KEY=VALUE", or nothing if the value is empty.  Names of queues, reasons and times need no
 * quoting.
 */
static void
log_put_field(const char *key, const char *value, char buf[QUEUE_NAME_MAX + 16])
{
	buf[0] = '\0';
	if (*value != '\0')
		(void)snprintf(buf, QUEUE_NAME_MAX + 16, " %s=%s", key, value);
}

static void
log_put(struct queue *q, const char *what, const struct msgname *n, enum state s, const char *way,
    const char *other, usec_t now)
{
	char line[PIPE_BUF], at[TIME_MAX], then[TIME_MAX] = "", age[32];
	char reason[QUEUE_NAME_MAX + 16], key[QUEUE_NAME_MAX + 16], queue[QUEUE_NAME_MAX + 16];
	int len;

	time_format(now, at);
	if (s == STATE_DELAYED || s == STATE_CLAIMED)
		time_format(n->key, then);
	log_put_age(n, now, age);
	log_put_field("reason", n->reason, reason);
	log_put_field(s == STATE_DELAYED ? "due" : "deadline", then, key);
	log_put_field(way, other, queue);
	len = snprintf(line, sizeof(line),
	    "%s %s %s %s size=%lld priority=%d attempts=%d deliveries=%d age=%s%s%s%s"
	    " pid=%ld uid=%ld\n", at, q->name, what, n->id.text, (long long)(n->size - n->head),
	    n->priority,
	    (int)n->attempts, (int)n->deliveries, age, reason, key, queue, (long)getpid(),
	    (long)geteuid());
	if (log_to_syslog(q))	/* syslog adds the time itself */
		log_put_syslog(q, line + strlen(at) + 1, (size_t)len - strlen(at) - 2);
	else
		log_put_file(q, line, (size_t)len);
}

void
log_event(struct queue *q, const char *what, const struct msgname *n, enum state s, usec_t now)
{
	int saved = errno;

	if (q->policy.log[0] != '\0' && log_ready(q, now))
		log_put(q, what, n, s, "", "", now);
	errno = saved;
}

void
log_moved(struct queue *q, struct queue *to, const struct msgname *n, enum state s, usec_t now)
{
	int saved = errno;

	if (q->policy.log[0] != '\0' && log_ready(q, now))
		log_put(q, "moved", n, s, "to", to->name, now);
	if (to->policy.log[0] != '\0' && log_ready(to, now))
		log_put(to, "moved", n, s, "from", q->name, now);
	errno = saved;
}
