/*
 * clock.c: clocks that are wrong by as many seconds as the file $CLOCK_FILE says: a number for
 * CLOCK_MONOTONIC, one for CLOCK_REALTIME, and one for CLOCK_BOOTTIME.  A missing number is 0;
 * each may have a fraction.
 */
#include <sys/syscall.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int
clock_gettime(clockid_t id, struct timespec *ts)
{
	int r = (int)syscall(SYS_clock_gettime, id, ts);
	const char *name = getenv("CLOCK_FILE");
	double mono = 0, real = 0, boot = 0, wrong;
	time_t whole;
	FILE *f;

	if ((id != CLOCK_MONOTONIC && id != CLOCK_REALTIME && id != CLOCK_BOOTTIME) ||
	    name == NULL || (f = fopen(name, "r")) == NULL)
		return r;
	if (fscanf(f, "%lf %lf %lf", &mono, &real, &boot) > 0) {
		wrong = (double)ts->tv_nsec / 1e9 +
		    (id == CLOCK_MONOTONIC ? mono : id == CLOCK_REALTIME ? real : boot);
		whole = (time_t)wrong - (wrong < 0);
		ts->tv_sec += whole;
		ts->tv_nsec = (long)((wrong - (double)whole) * 1e9);
	}
	(void)fclose(f);
	return r;
}
