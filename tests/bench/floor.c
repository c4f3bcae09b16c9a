/*
 * floor.c: the bare system calls of what a queue on directories has to do, and the same through libmq and through the
 * protocols of redis and beanstalkd, timed in one process.  For bench.py; times are in nanoseconds on stdout.
 *
 *	floor nothing				an empty program
 *	floor push1|pop1 DIR			one durable message in, one out, and exit
 *	floor each DIR N sync|nosync		N messages, one by one: "push TOTAL", "take TOTAL" (claim, read, unlink)
 *	floor bulk DIR N			N files with one syncfs
 *	floor spawn N J PROGRAM			N runs of PROGRAM, J at a time
 *	floor peak PROGRAM ARG...		its peak memory in KiB on stderr (of a small parent, which counts as well)
 *	floor deep QUEUE N STATE		N messages into a directory of state, for tests of depth; all of a bucket are one file
 *	floor mq SPOOL N sync|nosync		as each, by libmq
 *	floor redis SOCKET N			as each, by XADD; XREADGROUP, XACK, XDEL
 *	floor beanstalkd PORT N			as each, by put; reserve, delete
 */
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <dirent.h>
#include <err.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "mq.h"

static const char body[] = "a message of some forty bytes, not more.";

static long long
now_ns(void)
{
	struct timespec t;

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int
dir_in(const char *dir, const char *sub)
{
	char path[4096];
	int fd;

	(void)mkdir(dir, 0700);
	(void)snprintf(path, sizeof(path), "%s/%s", dir, sub);
	(void)mkdir(path, 0700);
	if ((fd = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", path);
	return fd;
}

static void
put(int tmp, int ready, unsigned n, bool sync)
{
	char name[64];
	int fd;

	(void)snprintf(name, sizeof(name), "%08u.%d", n, (int)getpid());
	if ((fd = openat(tmp, name, O_WRONLY | O_CREAT | O_EXCL, 0600)) == -1 ||
	    write(fd, body, sizeof(body) - 1) == -1 || (sync && fsync(fd) == -1) || close(fd) == -1 ||
	    renameat(tmp, name, ready, name) == -1 || (sync && fsync(ready) == -1))
		err(1, "%s", name);
}

static bool
take(int ready, int claimed, const char *name)
{
	char buf[4096];
	int fd;

	if ((fd = openat(ready, name, O_RDONLY)) == -1 || renameat(ready, name, claimed, name) == -1 ||
	    read(fd, buf, sizeof(buf)) == -1 || close(fd) == -1 || unlinkat(claimed, name, 0) == -1)
		err(1, "%s", name);
	return true;
}

/* Take up to n in the order of the directory; how many there were. */
static unsigned
take_all(int ready, int claimed, unsigned n)
{
	DIR *d = fdopendir(openat(ready, ".", O_RDONLY | O_DIRECTORY));
	struct dirent *e;
	unsigned k = 0;

	while (d != NULL && k < n && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.')
			k += take(ready, claimed, e->d_name);
	(void)closedir(d);
	return k;
}

static void
report(const char *what, long long since)
{
	(void)printf("%s %lld\n", what, now_ns() - since);
}

static void
each(const char *dir, unsigned n, bool sync)
{
	int tmp = dir_in(dir, "tmp"), ready = dir_in(dir, "ready"), claimed = dir_in(dir, "claimed");
	long long t = now_ns();

	for (unsigned i = 0; i < n; i++)
		put(tmp, ready, i, sync);
	report("push", t);
	t = now_ns();
	for (unsigned k = 0; k < n;)
		k += take_all(ready, claimed, n);
	report("take", t);
}

static void
bulk(const char *dir, unsigned n)
{
	int tmp = dir_in(dir, "tmp"), ready = dir_in(dir, "ready");
	long long t = now_ns();

	/* As many a directory as a bucket holds. */
	for (unsigned i = 0; i < n; i++) {
		char name[32];
		if (i % 500 == 0) {
			(void)close(ready);
			(void)snprintf(name, sizeof(name), "b%u", i / 500);
			ready = dir_in(dir, name);
		}
		put(tmp, ready, i, false);
	}
	if (syncfs(tmp) == -1)
		err(1, "syncfs");
	report("push", t);
}

static void
spawn_all(unsigned n, unsigned jobs, char *program)
{
	char *argv[] = { program, NULL }, *envp[] = { NULL };
	unsigned running = 0;
	long long t = now_ns();
	pid_t pid;

	for (unsigned i = 0; i < n || running > 0;) {
		if (i < n && running < jobs) {
			if (posix_spawn(&pid, program, NULL, NULL, argv, envp) != 0)
				errx(1, "%s", program);
			running++;
			i++;
		} else if (wait(NULL) != -1)
			running--;
	}
	report("work", t);
}

/* As the format wants them (spool-format.md), but for the room that a million files would take. */
static void
deep(const char *queue, unsigned n, const char *state)
{
	static const char *const states[] = { "ready", "delayed", "claimed", "held", "dead", "done" };
	char path[512], bucket[64], key[KEY_LEN + 1], file[NAME_MAX_LEN + 1], first[NAME_MAX_LEN + 1];
	struct msgname name = { .size = sizeof(body) - 1, .priority = PRIORITY_DEFAULT };
	usec_t at = clock_now() - (usec_t)n;
	bool claimed = strcmp(state, "claimed") == 0;
	int top, dir = -1, fd;
	size_t i = 0;

	while (i < sizeof(states) / sizeof(states[0]) && strcmp(states[i], state) != 0)
		i++;
	if (i == sizeof(states) / sizeof(states[0]))
		errx(64, "no state %s", state);
	(void)snprintf(path, sizeof(path), "%s/%s", queue, state);
	if ((top = open(path, O_RDONLY | O_DIRECTORY)) == -1)
		err(1, "%s", path);
	for (unsigned k = 0; k < n; k++) {
		id_make(at + k, &name.id);
		name.key = at + k + (claimed || strcmp(state, "delayed") == 0 ? 86400 * USEC : 0);
		if (claimed) {
			token_make(name.token);
			name.deliveries = 1;
			name.lease_ms = 86400 * 1000;
		} else if (strcmp(state, "dead") == 0)
			(void)strcpy(name.reason, "exit-1");
		name_format(&name, file);
		if (k % 500 != 0) {
			if (linkat(dir, first, dir, file, 0) == -1)
				err(1, "%s", file);
			continue;
		}
		if (dir != -1)
			(void)close(dir);
		key_format(name.key, key);
		(void)snprintf(bucket, sizeof(bucket), "%s%s", strcmp(state, "ready") == 0 ? "5." : "", key);
		if (mkdirat(top, bucket, 0700) == -1 || (dir = openat(top, bucket, O_RDONLY | O_DIRECTORY)) == -1 ||
		    (fd = openat(dir, file, O_WRONLY | O_CREAT | O_EXCL, 0600)) == -1 ||
		    write(fd, body, sizeof(body) - 1) != sizeof(body) - 1)
			err(1, "%s", bucket);
		(void)close(fd);
		memcpy(first, file, sizeof(first));
	}
}

static int
peak(char **argv)
{
	struct rusage u;
	int status;
	pid_t pid;

	if (posix_spawn(&pid, argv[0], NULL, NULL, argv, environ) != 0 || wait4(pid, &status, 0, &u) == -1)
		errx(1, "%s", argv[0]);
	(void)fprintf(stderr, "peak %ld\n", u.ru_maxrss);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void
done(void *arg, const struct msgid *id)
{
	(void)arg;
	(void)id;
}

static void
check(enum status st, const struct error *e)
{
	if (st != ST_OK)
		errx(1, "%s", e->text);
}

static void
by_mq(const char *path, unsigned n, bool sync)
{
	static const struct conf_files none;
	const char *assign[] = { sync ? "sync=always" : "sync=never" };
	struct push_options opt = { .priority = PRIORITY_DEFAULT };
	struct claim_options claim = { .hold = true };
	struct error e;
	struct passed over;
	struct spool *sp;
	struct queue *q;
	struct batch *b;
	struct claim c;
	usec_t wake;
	char buf[4096];
	long long t;

	error_clear(&e);
	check(spool_open(path, true, &none, &sp, &e), &e);
	check(queue_create(sp, sync ? "synced" : "plain", assign, 1, &q, &e), &e);
	check(batch_open(q, &opt, &b, &e), &e);
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		check(batch_begin(b, &e), &e);
		check(batch_write(b, body, sizeof(body) - 1, &e), &e);
		check(batch_end(b, &e), &e);
		check(batch_publish(b, clock_now(), done, NULL, &e), &e);
	}
	report("push", t);
	batch_close(b);
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		check(claim_next(q, &claim, clock_now(), &c, &wake, &over, &e), &e);
		if (read(c.fd, buf, sizeof(buf)) == -1)
			err(1, "read");
		check(claim_ack(q, &c, clock_now(), &e), &e);
		claim_close(&c);
	}
	report("take", t);
	queue_close(q);
	spool_close(sp);
}

/* ---- peers ------------------------------------------------------------ */

/* Send, and read until the answer holds enough. */
static char *
ask(int fd, const char *text, const char *until)
{
	static char answer[8192];
	size_t have = 0;

	if (write(fd, text, strlen(text)) == -1)
		err(1, "send");
	do {
		ssize_t r = read(fd, answer + have, sizeof(answer) - 1 - have);
		if (r <= 0)
			errx(1, "the server hung up");
		have += (size_t)r;
		answer[have] = '\0';
	} while (strstr(answer, until) == NULL || answer[have - 1] != '\n');
	if (answer[0] == '-')
		errx(1, "%s", answer);
	return answer;
}

static void
by_redis(const char *path, unsigned n)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	char text[512], id[64];
	long long t;

	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		err(1, "%s", path);
	(void)ask(fd, "XGROUP CREATE s g 0 MKSTREAM\r\n", "\r\n");
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "*5\r\n$4\r\nXADD\r\n$1\r\ns\r\n$1\r\n*\r\n$1\r\nb\r\n$%zu\r\n%s\r\n", sizeof(body) - 1, body);
		(void)ask(fd, text, "\r\n");
	}
	report("push", t);
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		char *p = ask(fd, "XREADGROUP GROUP g me COUNT 1 STREAMS s >\r\n", body);
		if (sscanf(strstr(p, "-") == NULL ? "" : p, "*1\r\n*2\r\n$1\r\ns\r\n*1\r\n*2\r\n$%*d\r\n%63s", id) != 1)
			errx(1, "unexpected: %s", p);
		(void)snprintf(text, sizeof(text), "XACK s g %s\r\n", id);
		(void)ask(fd, text, "\r\n");
		(void)snprintf(text, sizeof(text), "XDEL s %s\r\n", id);
		(void)ask(fd, text, "\r\n");
	}
	report("take", t);
}

static void
by_beanstalkd(int port, unsigned n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
	unsigned long long id;
	char text[512];
	long long t;

	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == -1)
		err(1, "port %d", port);
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		(void)snprintf(text, sizeof(text), "put 5 0 60 %zu\r\n%s\r\n", sizeof(body) - 1, body);
		(void)ask(fd, text, "INSERTED");
	}
	report("push", t);
	t = now_ns();
	for (unsigned i = 0; i < n; i++) {
		if (sscanf(ask(fd, "reserve\r\n", body), "RESERVED %llu", &id) != 1)
			errx(1, "reserve");
		(void)snprintf(text, sizeof(text), "delete %llu\r\n", id);
		(void)ask(fd, text, "DELETED");
	}
	report("take", t);
}

int
main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";
	unsigned n = argc > 3 ? (unsigned)atoi(argv[3]) : 0;
	bool sync = argc > 4 && strcmp(argv[4], "sync") == 0;

	if (strcmp(what, "nothing") == 0)
		return 0;
	if (argc > 2 && strcmp(what, "peak") == 0)
		return peak(argv + 2);
	if (argc > 2 && strcmp(what, "push1") == 0)
		put(dir_in(argv[2], "tmp"), dir_in(argv[2], "ready"), (unsigned)getpid(), true);
	else if (argc > 2 && strcmp(what, "pop1") == 0)
		return take_all(dir_in(argv[2], "ready"), dir_in(argv[2], "claimed"), 1) == 1 ? 0 : 1;
	else if (argc > 4 && strcmp(what, "each") == 0)
		each(argv[2], n, sync);
	else if (argc > 3 && strcmp(what, "bulk") == 0)
		bulk(argv[2], n);
	else if (argc > 4 && strcmp(what, "spawn") == 0)
		spawn_all((unsigned)atoi(argv[2]), n, argv[4]);
	else if (argc > 4 && strcmp(what, "deep") == 0)
		deep(argv[2], n, argv[4]);
	else if (argc > 4 && strcmp(what, "mq") == 0)
		by_mq(argv[2], n, sync);
	else if (argc > 3 && strcmp(what, "redis") == 0)
		by_redis(argv[2], n);
	else if (argc > 3 && strcmp(what, "beanstalkd") == 0)
		by_beanstalkd(atoi(argv[2]), n);
	else
		errx(64, "usage: see the top of floor.c");
	return 0;
}
