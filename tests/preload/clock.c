/* clock.c: CLOCK_MONOTONIC is later by as many seconds as the file $CLOCK_FILE says. */
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
	long seconds = 0;
	FILE *f;

	if (id != CLOCK_MONOTONIC || name == NULL || (f = fopen(name, "r")) == NULL)
		return r;
	if (fscanf(f, "%ld", &seconds) == 1)
		ts->tv_sec += seconds;
	(void)fclose(f);
	return r;
}
