/*
 * stop.c: signals that ask a verb to end.
 */
#include <sys/time.h>
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

/* Microseconds from one alarm to the next. */
#define STOP_AGAIN 50000

static volatile sig_atomic_t stopped, stops;

/*
 * A signal may come just before a system call that waits, and then does not interrupt it.  So from
 * then on an alarm interrupts waiting calls again and again.
 */
static void
stop_caught(int sig)
{
	const struct itimerval again = { .it_interval = { 0, STOP_AGAIN },
	    .it_value = { 0, STOP_AGAIN } };

	stopped = sig;
	stops++;
	(void)setitimer(ITIMER_REAL, &again, NULL);
}

static void
stop_late(int sig)
{
	(void)sig;
}

void
run_stoppable(void)
{
	struct sigaction sa = { .sa_handler = stop_late };

	(void)sigaction(SIGALRM, &sa, NULL);
	run_catch(SIGINT, stop_caught);
	run_catch(SIGTERM, stop_caught);
	run_catch(SIGHUP, stop_caught);
}

bool
run_stopped(void)
{
	return stopped != 0;
}

int
run_stops(void)
{
	return stops;
}

void
run_stop_done(void)
{
	stopped = 0;
}

void
run_die_if_stopped(void)
{
	if (stopped == 0)
		return;
	(void)fflush(stdout);
	(void)signal(stopped, SIG_DFL);
	(void)raise(stopped);
	/*
	 * The first process of a container does not die of the signal.  Exit as a shell reports
	 * such a death.
	 */
	_exit(128 + stopped);
}
