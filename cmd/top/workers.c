/*
 * workers.c: who works on the queues, and what their handlers run: read from /proc.
 *
 * mq work says in its process title which queues it serves; each of them makes one entry here.  Any
 * process may have such a title, and another spool may have a queue of the same name.  So the
 * process must also have the directory of this queue open.  If we may not look, because it is
 * another user's and we are not root, the worker is shown as not sure.
 */
#include <sys/stat.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/name.h"
#include "shared/cmd.h"
#include "shared/proc.h"
#include "top/top.h"

/* Looking may take at most about one part in this many of the time. */
#define SHARE 10

/* ---- handlers --------------------------------------------------------- */

/* The value of the variable 'name' in an environment block; NULL: it is not there. */
static const char *
workers_variable(const char *block, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (const char *v = block; v < block + len; v += strlen(v) + 1)
		if (strncmp(v, name, n) == 0 && v[n] == '=')
			return v + n + 1;
	return NULL;
}

/* How long a process has been running: field 22 of stat, in ticks since the machine started. */
static usec_t
workers_running_for(pid_t pid)
{
	struct timespec up;
	char buf[1024], *p;
	long ticks = sysconf(_SC_CLK_TCK);
	unsigned long long start;

	if (proc_read(pid, "stat", buf, sizeof(buf)) <= 0 || (p = strrchr(buf, ')')) == NULL)
		return 0;
	for (int field = 2; p != NULL && field < 22; field++)
		p = strchr(p + 1, ' ');
	if (p == NULL || ticks <= 0 || clock_gettime(CLOCK_BOOTTIME, &up) == -1)
		return 0;
	start = strtoull(p, NULL, 10);
	return (usec_t)up.tv_sec * USEC + up.tv_nsec / 1000 -
	    (usec_t)(start * USEC / (unsigned long)ticks);
}

/* Whether the child 'pid' is a handler of this queue, which its environment tells. */
static bool
workers_task_of(const struct worker *w, pid_t pid, char *env, size_t size, struct task *t)
{
	const char *id = NULL, *queue = NULL;
	ssize_t n = proc_read(pid, "environ", env, size);

	memset(t, 0, sizeof(*t));
	if (n > 0) {
		id = workers_variable(env, (size_t)n, "MQ_ID");
		queue = workers_variable(env, (size_t)n, "MQ_QUEUE");
	}
	if (id == NULL || !id_ok(id) || queue == NULL || strcmp(queue, w->queue) != 0)
		return false;
	t->pid = pid;
	t->age = workers_running_for(pid);
	(void)strlcpy(t->id, id, sizeof(t->id));
	return proc_command(pid, t->command, sizeof(t->command));
}

static void
workers_find_tasks(struct worker *w)
{
	static char env[128 << 10];
	char name[64], list[8192], *word, *rest = list;
	struct task t, *more;

	(void)snprintf(name, sizeof(name), "task/%d/children", (int)w->pid);
	if (proc_read(w->pid, name, list, sizeof(list)) <= 0)
		return;
	while (w->ntasks < TASKS_MAX && (word = strsep(&rest, " ")) != NULL) {
		pid_t pid = (pid_t)strtol(word, NULL, 10);
		if (pid <= 0 || !workers_task_of(w, pid, env, sizeof(env), &t))
			continue;
		if ((more = reallocarray(w->task, w->ntasks + 1, sizeof(*more))) == NULL)
			return;
		w->task = more;
		w->task[w->ntasks++] = t;
	}
}

/* ---- workers ---------------------------------------------------------- */

/* Read a number with 'word' after it, and let 'text' point behind both. */
static bool
workers_read_number(const char **text, const char *word, unsigned long long *n)
{
	char *end;

	*n = strtoull(*text, &end, 10);
	if (end == *text || strncmp(end, word, strlen(word)) != 0)
		return false;
	*text = end + strlen(word);
	return true;
}

/*
 * Parse a title like "mq: work QUEUE,QUEUE: 3 running, 17 done, 2 failed".  The names that 'queues'
 * points to remain in 'title'.
 */
static bool
workers_read_title(char *title, char **queues, struct worker *w)
{
	char *names = strstr(title, ": work ");
	const char *rest;

	if (names == NULL)
		return false;
	*queues = names + strlen(": work ");
	rest = strchr(*queues, ':');
	if (rest == NULL)
		return false;
	(*queues)[rest++ - *queues] = '\0';
	return workers_read_number(&rest, " running,", &w->running) &&
	    workers_read_number(&rest, " done,", &w->done) &&
	    workers_read_number(&rest, " failed", &w->failed);
}

/* Whether the worker has the directory of its queue in this spool open. */
static enum has
workers_has_queue(const struct worker *w, const char *spool)
{
	char path[4096 + QUEUE_NAME_MAX];
	struct stat queue;

	(void)snprintf(path, sizeof(path), "%s/%s", spool, w->queue);
	return stat(path, &queue) == -1 ? HAS_NOT : proc_has_open(w->pid, &queue);
}

static const char *
workers_user_name(struct workers *ws, uid_t uid)
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
workers_name_user(struct workers *ws, struct worker *w)
{
	char path[64];
	struct stat sb;

	(void)snprintf(path, sizeof(path), "/proc/%d", (int)w->pid);
	if (stat(path, &sb) == 0)
		(void)strlcpy(w->user, workers_user_name(ws, sb.st_uid), sizeof(w->user));
}

/*
 * Add one queue of a process.  If the process serves 'several' queues, its title has their sum, so
 * the handlers are counted to tell how many run for this queue.
 */
static void
workers_consider_queue(struct workers *ws, const char *spool, struct worker w, bool several)
{
	enum has has = queue_name_ok(w.queue) ? workers_has_queue(&w, spool) : HAS_NOT;
	struct worker *more;

	if (has == HAS_NOT)
		return;
	if (ws->n == ws->cap) {
		if ((more = reallocarray(ws->w, ws->cap + 16, sizeof(*more))) == NULL)
			return;
		ws->w = more;
		ws->cap += 16;
	}
	w.sure = has == HAS;
	workers_name_user(ws, &w);
	workers_find_tasks(&w);
	if (several)
		w.running = w.ntasks;
	ws->w[ws->n++] = w;
}

static void
workers_consider(struct workers *ws, const char *spool, pid_t pid)
{
	char title[600], *queues, *name;
	struct worker w = { .pid = pid };
	size_t before = ws->n;
	bool several;

	if (proc_read(pid, "cmdline", title, sizeof(title)) <= 0 || !workers_read_title(title,
	    &queues, &w))
		return;
	several = strchr(queues, ',') != NULL;
	while ((name = strsep(&queues, ",")) != NULL)
		if (strlcpy(w.queue, name, sizeof(w.queue)) < sizeof(w.queue))
			workers_consider_queue(ws, spool, w, several);
	ws->processes += ws->n > before;
}

static void
workers_forget(struct workers *ws)
{
	for (size_t i = 0; i < ws->n; i++)
		free(ws->w[i].task);
	ws->n = ws->processes = 0;
}

struct search {
	struct workers *ws;
	const char *spool;
};

static void
workers_consider_one(void *arg, pid_t pid)
{
	const struct search *s = arg;

	workers_consider(s->ws, s->spool, pid);
}

void
workers_look(struct workers *ws, const char *spool)
{
	struct search s = { ws, spool };
	usec_t began = clock_mono();

	if (began < ws->next)
		return;
	workers_forget(ws);
	proc_each(workers_consider_one, &s);
	ws->next = began + (clock_mono() - began) * SHARE;
}

void
workers_free(struct workers *ws)
{
	workers_forget(ws);
	free(ws->w);
	memset(ws, 0, sizeof(*ws));
}
