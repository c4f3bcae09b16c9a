/*
 * clock.c: clocks that are wrong by as many seconds as the file $CLOCK_FILE says: a number for
 * CLOCK_MONOTONIC, one for CLOCK_REALTIME, and one for CLOCK_BOOTTIME.  A missing number is 0.
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
	long mono = 0, real = 0, boot = 0;
	FILE *f;

	if ((id != CLOCK_MONOTONIC && id != CLOCK_REALTIME && id != CLOCK_BOOTTIME) ||
	    name == NULL || (f = fopen(name, "r")) == NULL)
		return r;
	if (fscanf(f, "%ld %ld %ld", &mono, &real, &boot) > 0)
		ts->tv_sec += id == CLOCK_MONOTONIC ? mono : id == CLOCK_REALTIME ? real : boot;
	(void)fclose(f);
	return r;
}
