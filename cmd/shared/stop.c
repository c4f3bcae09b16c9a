/*
 * stop.c: signals that ask a verb to end.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "shared/cmd.h"

bool
run_ignores(int sig)
{
	struct sigaction old;

	return sigaction(sig, NULL, &old) == -1 || old.sa_handler == SIG_IGN;
}

void
run_catch(int sig, void (*handler)(int))
{
	struct sigaction sa = { .sa_handler = handler };

	if (!run_ignores(sig))
		(void)sigaction(sig, &sa, NULL);
}

static volatile sig_atomic_t stopped;

static void
on_stop(int sig)
{
	stopped = sig;
}

void
run_stoppable(void)
{
	run_catch(SIGINT, on_stop);
	run_catch(SIGTERM, on_stop);
	run_catch(SIGHUP, on_stop);
}

bool
run_stopped(void)
{
	return stopped != 0;
}

void
run_die_if_stopped(void)
{
	if (stopped == 0)
		return;
	(void)fflush(stdout);
	(void)signal(stopped, SIG_DFL);
	(void)raise(stopped);
}
