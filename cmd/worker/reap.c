/*
 * reap.c: finds out which handlers have ended, and which were stopped by a signal.
 */
#include <sys/wait.h>
#include <errno.h>
#include <signal.h>

#include "spool/spool.h"
#include "shared/cmd.h"
#include "worker/sources.h"
#include "worker/work.h"

/*
 * A handler has ended.  Usually the next handler is started first, and the claim is ended while
 * that one begins to run.  True: the claim has to be ended before anything is started.
 */
static bool
reap_ended(struct work *w, struct handler *h, int status)
{
	h->pid = 0;
	h->state = SLOT_ENDED;
	h->status = status;
	h->ended = clock_mono();
	if (h->n > 0)
		work_ran(w, h);
	w->nended++;
	/*
	 * The other parts of a batch come before new messages.  And nothing may be started while
	 * it is in doubt whether the command can be run.
	 */
	if (w->mode != MODE_ONE || doubt_raised(h))
		return true;
	/*
	 * The next message of its key waits for this one; or the lease is nearly over, which may
	 * happen if the worker itself was stopped for a while.
	 */
	return h->claim->at.name.order[0] != '\0' ||
	    h->claim->at.name.key - clock_now() < work_lease(w, h->source) / 3;
}

/* A handler that wants the terminal cannot have it, and would wait for ever; so it is ended. */
static void
reap_stopped(struct work *w, struct handler *h, int sig)
{
	if ((sig != SIGTTIN && sig != SIGTTOU) || h->state >= SLOT_STOPPING)
		return;
	if (work_can_note())
		run_note(w->r,
		    "%s: it wants to %s the terminal, which handlers cannot have; it is stopped",
		    h->source->command, sig == SIGTTIN ? "read from" : "change");
	handler_stop(h, WHY_TERMINAL);
}

static struct handler *
reap_slot(struct work *w, pid_t pid)
{
	for (int i = 0; i < w->slots; i++)
		if (handler_lives(&w->h[i]) && w->h[i].pid == pid)
			return &w->h[i];
	return NULL;
}

/*
 * Wait for any child, not just for handlers: a worker that is process 1 or a subreaper inherits
 * the children of other processes.
 */
void
work_reap(struct work *w)
{
	struct handler *h;
	bool first = false;
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0 || (pid == -1 &&
	    errno == EINTR)) {
		if (pid == -1 || (h = reap_slot(w, pid)) == NULL)
			continue;
		if (WIFSTOPPED(status))
			reap_stopped(w, h, WSTOPSIG(status));
		else
			first |= reap_ended(w, h, status);
	}
	if (first)
		(void)work_settle(w);
}
