/*
 * holders.c: which processes have a message open.
 */
#include <unistd.h>

#include "shared/out.h"
#include "shared/proc.h"
#include "show/show.h"

struct holders {
	struct stat file;
	pid_t self;
	void (*put)(void *, pid_t, const char *command);
	void *arg;
};

static void
holders_consider(void *arg, pid_t pid)
{
	const struct holders *h = arg;
	char command[1024];

	if (pid != h->self && proc_has_open(pid, &h->file) == HAS &&
	    proc_command(pid, command, sizeof(command)))
		h->put(h->arg, pid, command);
}

/* Only a claimed message is looked up.  Root sees all processes, other users see their own. */
void
show_holders(const struct show *s, void (*put)(void *, pid_t, const char *command), void *arg)
{
	struct holders h = { .self = getpid(), .put = put, .arg = arg };

	if (s->p.state == STATE_CLAIMED && s->fd != -1 && fstat(s->fd, &h.file) == 0)
		proc_each(holders_consider, &h);
}
