/*
 * top_proc.c: who works on the queues, and what their handlers run: read from /proc.
 *
 * mq work says in its process title which queue it serves.  Anybody may call himself that, and the
 * same queue may exist in another spool; so the process must also have this queue's directory
 * open.  Where we may not look (another user's, and we are not root) it is shown as not sure.
 */
#include <sys/stat.h>
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "top.h"

/* So much of the time may go into looking. */
#define SHARE 10

/* The file /proc/PID/NAME, at most size - 1 bytes of it, a NUL behind; -1 if it cannot be read. */
static ssize_t
slurp(pid_t pid, const char *name, char *buf, size_t size)
{
	char path[64];
	size_t have = 0;
	ssize_t n = 0;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	while (have < size - 1 && (n = read(fd, buf + have, size - 1 - have)) > 0)
		have += (size_t)n;
	(void)close(fd);
	buf[have] = '\0';
	return n == -1 && have == 0 ? -1 : (ssize_t)have;
}

/* ---- handlers --------------------------------------------------------- */

/* The value of a variable in an environment block, NULL if it is not there. */
static const char *
variable(const char *block, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *v = block; v < block + len; v += strlen(v) + 1)
		if (strncmp(v, name, n) == 0 && v[n] == '=')
			return v + n + 1;
	return NULL;
}

/* How long a process has been running: field 22 of stat, in ticks since the machine started. */
static usec_t
running_for(pid_t pid)
{
	struct timespec up;
	char buf[1024], *p;
	long ticks = sysconf(_SC_CLK_TCK);
	unsigned long long start;

	if (slurp(pid, "stat", buf, sizeof(buf)) <= 0 || (p = strrchr(buf, ')')) == NULL)
		return 0;
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p == NULL || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) == -1)
		return 0;
	start = strtoull(p, NULL, 10);
	return (usec_t)up.tv_sec * USEC + up.tv_nsec / 1000 - (usec_t)(start * USEC / (unsigned long)ticks);
}

/* The arguments with a blank between two.  Kernel threads and the dead have none. */
static bool
command_line(pid_t pid, char *buf, size_t size)
{
	ssize_t n = slurp(pid, "cmdline", buf, size);

	while (n > 0 && buf[n - 1] == '\0')
		n--;
	for (ssize_t i = 0; i < n; i++)
		if (buf[i] == '\0')
			buf[i] = ' ';
	return n > 0;
}

/* A child of the worker is a handler if its environment says so; the other one guards the worker. */
static bool
task_of(const struct worker *w, pid_t pid, char *env, size_t size, struct task *t)
{
	const char *id = NULL, *queue = NULL;
	ssize_t n = slurp(pid, "environ", env, size);

	memset(t, 0, sizeof(*t));
	if (n > 0) {
		id = variable(env, (size_t)n, "MQ_ID");
		queue = variable(env, (size_t)n, "MQ_QUEUE");
	}
	if (id == NULL || !id_ok(id) || queue == NULL || strcmp(queue, w->queue) != 0)
		return false;
	t->pid = pid;
	t->age = running_for(pid);
	(void)strlcpy(t->id, id, sizeof(t->id));
	return command_line(pid, t->command, sizeof(t->command));
}

static void
find_tasks(struct worker *w)
{
	static char env[128 << 10];
	char name[64], list[8192], *word, *rest = list;
	struct task t, *more;

	(void)snprintf(name, sizeof(name), "task/%d/children", (int)w->pid);
	if (slurp(w->pid, name, list, sizeof(list)) <= 0)
		return;
	while (w->ntasks < TASKS_MAX && (word = strsep(&rest, " ")) != NULL) {
		pid_t pid = (pid_t)strtol(word, NULL, 10);
		if (pid <= 0 || !task_of(w, pid, env, sizeof(env), &t))
			continue;
		if ((more = reallocarray(w->task, w->ntasks + 1, sizeof(*more))) == NULL)
			return;
		w->task = more;
		w->task[w->ntasks++] = t;
	}
}

/* ---- workers ---------------------------------------------------------- */

/* A number and the word behind it; the text goes on behind that. */
static bool
read_number(const char **text, const char *word, unsigned long long *n)
{
	char *end;

	*n = strtoull(*text, &end, 10);
	if (end == *text || strncmp(end, word, strlen(word)) != 0)
		return false;
	*text = end + strlen(word);
	return true;
}

/* "mq: work QUEUE: 3 running, 17 done, 2 failed" */
static bool
read_title(const char *title, struct worker *w)
{
	const char *queue = strstr(title, ": work "), *end;

	if (queue == NULL)
		return false;
	queue += strlen(": work ");
	if ((end = strchr(queue, ':')) == NULL || end - queue > QUEUE_NAME_MAX)
		return false;
	(void)snprintf(w->queue, sizeof(w->queue), "%.*s", (int)(end - queue), queue);
	end++;
	return queue_name_ok(w->queue) && read_number(&end, " running,", &w->running) &&
	    read_number(&end, " done,", &w->done) && read_number(&end, " failed", &w->failed);
}

enum has { HAS_NOT, HAS, HAS_MAYBE };

/* Whether the worker has the directory of its queue in this spool open. */
static enum has
has_open(const struct worker *w, const char *spool)
{
	struct stat queue, sb;
	char path[4096 + QUEUE_NAME_MAX];
	enum has has = HAS_NOT;
	struct dirent *e;
	DIR *fds;

	(void)snprintf(path, sizeof(path), "%s/%s", spool, w->queue);
	if (stat(path, &queue) == -1)
		return HAS_NOT;
	(void)snprintf(path, sizeof(path), "/proc/%d/fd", (int)w->pid);
	if ((fds = opendir(path)) == NULL)
		return errno == EACCES || errno == EPERM ? HAS_MAYBE : HAS_NOT;
	while (has == HAS_NOT && (e = readdir(fds)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]) && fstatat(dirfd(fds), e->d_name, &sb, 0) == 0 &&
		    sb.st_dev == queue.st_dev && sb.st_ino == queue.st_ino)
			has = HAS;
	(void)closedir(fds);
	return has;
}

static const char *
user_name(struct workers *ws, uid_t uid)
{
	const unsigned slots = sizeof(ws->user) / sizeof(ws->user[0]);
	struct passwd *pw;
	unsigned i;

	for (i = 0; i < slots && i < ws->nuser; i++)
		if (ws->user[i].uid == uid)
			return ws->user[i].name;
	i = ws->nuser++ % slots;
	ws->user[i].uid = uid;
	(void)snprintf(ws->user[i].name, sizeof(ws->user[i].name), "%u", (unsigned)uid);
	if ((pw = getpwuid(uid)) != NULL)
		(void)strlcpy(ws->user[i].name, pw->pw_name, sizeof(ws->user[i].name));
	return ws->user[i].name;
}

static void
name_user(struct workers *ws, struct worker *w)
{
	char path[64];
	struct stat sb;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)w->pid);
	if (stat(path, &sb) == 0)
		(void)strlcpy(w->user, user_name(ws, sb.st_uid), sizeof(w->user));
}

static void
consider(struct workers *ws, const char *spool, pid_t pid)
{
	char title[300];
	struct worker w = { .pid = pid }, *more;
	enum has has;

	if (slurp(pid, "cmdline", title, sizeof(title)) <= 0 || !read_title(title, &w) ||
	    (has = has_open(&w, spool)) == HAS_NOT)
		return;
	if (ws->n == ws->cap) {
		if ((more = reallocarray(ws->w, ws->cap + 16, sizeof(*more))) == NULL)
			return;
		ws->w = more;
		ws->cap += 16;
	}
	w.sure = has == HAS;
	name_user(ws, &w);
	find_tasks(&w);
	ws->w[ws->n++] = w;
}

static void
forget(struct workers *ws)
{
	for (size_t i = 0; i < ws->n; i++)
		free(ws->w[i].task);
	ws->n = 0;
}

void
workers_look(struct workers *ws, const char *spool)
{
	usec_t began = clock_mono();
	struct dirent *e;
	DIR *proc;

	if (began < ws->next || (proc = opendir("/proc")) == NULL)
		return;
	forget(ws);
	while ((e = readdir(proc)) != NULL)
		if (isdigit((unsigned char)e->d_name[0]))
			consider(ws, spool, (pid_t)strtol(e->d_name, NULL, 10));
	(void)closedir(proc);
	ws->next = began + (clock_mono() - began) * SHARE;
}

void
workers_free(struct workers *ws)
{
	forget(ws);
	free(ws->w);
	memset(ws, 0, sizeof(*ws));
}
