/*
 * alarm.c: an alarm that rings again and again, and interrupts nothing but a wait for output.
 */
#include <sys/time.h>
#include <signal.h>
#include <stddef.h>

#include "shared/alarm.h"

static volatile sig_atomic_t rang;

static void
alarm_caught(int sig)
{
	(void)sig;
	rang = 1;
}

void
alarm_let(bool in)
{
	sigset_t set;

	(void)sigemptyset(&set);
	(void)sigaddset(&set, SIGALRM);
	(void)sigprocmask(in ? SIG_UNBLOCK : SIG_BLOCK, &set, NULL);
}

bool
alarm_is_let(void)
{
	sigset_t set;

	return sigprocmask(SIG_BLOCK, NULL, &set) == 0 && sigismember(&set, SIGALRM) == 0;
}

void
alarm_every(usec_t interval)
{
	struct itimerval it = { .it_interval = { interval / USEC, interval % USEC } };

	it.it_value = it.it_interval;
	(void)setitimer(ITIMER_REAL, &it, NULL);
}

void
alarm_open(void)
{
	struct sigaction sa = { .sa_handler = alarm_caught };

	(void)sigaction(SIGALRM, &sa, NULL);	/* no SA_RESTART: write must be interrupted */
	alarm_let(false);
}

bool
alarm_rang(void)
{
	return rang != 0;
}

void
alarm_heard(void)
{
	rang = 0;
}
