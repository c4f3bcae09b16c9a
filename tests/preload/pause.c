/*
 * pause.c: stops a program once, for tests of what others do at that moment: before it opens
 * $PAUSE_OPEN, or after it made the directory $PAUSE_MKDIR (names end so), or before its rename
 * number $PAUSE_RENAME, its unlink number $PAUSE_UNLINK or its fsync number $PAUSE_FSYNC.  It makes
 * the file $PAUSE, and goes on when that is removed.
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __openat_2(int, const char *, int);

typedef long call(long number, ...);

static call *
real_call(void)
{
	static call *real;

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "syscall");
	return real;
}

static void
pause_here(const char *variable)
{
	const char *file = getenv("PAUSE");

	(void)unsetenv(variable);
	if (file == NULL)
		return;
	(void)close((int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, 0600));
	while (access(file, F_OK) == 0)
		(void)usleep(1000);
}

static void
pause_at(const char *name, const char *variable)
{
	const char *wanted = getenv(variable);
	size_t len = strlen(name), n = wanted == NULL ? 0 : strlen(wanted);

	if (n > 0 && len >= n && strcmp(name + len - n, wanted) == 0)
		pause_here(variable);
}

static void
pause_before(int *calls, const char *variable)
{
	const char *wanted = getenv(variable);

	if (wanted != NULL && ++*calls == atoi(wanted))
		pause_here(variable);
}

/* mq calls renameat2 by its number. */
long
syscall(long number, ...)
{
	static int calls;
	long a[6];
	va_list ap;

	va_start(ap, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(ap, long);
	va_end(ap);
	if (number == SYS_renameat2)
		pause_before(&calls, "PAUSE_RENAME");
	return real_call()(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}

int
unlinkat(int dir, const char *name, int flags)
{
	static int calls;

	pause_before(&calls, "PAUSE_UNLINK");
	return (int)syscall(SYS_unlinkat, dir, name, flags);
}

int
fsync(int fd)
{
	static int calls;

	pause_before(&calls, "PAUSE_FSYNC");
	return (int)syscall(SYS_fsync, fd);
}

int
openat(int dir, const char *name, int flags, ...)
{
	mode_t mode = 0;
	va_list ap;

	if ((flags & (O_CREAT | O_TMPFILE)) != 0) {
		va_start(ap, flags);
		mode = va_arg(ap, mode_t);
		va_end(ap);
	}
	pause_at(name, "PAUSE_OPEN");
	return (int)syscall(SYS_openat, dir, name, flags, mode);
}

int
__openat_2(int dir, const char *name, int flags)
{
	return openat(dir, name, flags);
}

int
mkdirat(int dir, const char *name, mode_t mode)
{
	int r = (int)syscall(SYS_mkdirat, dir, name, mode);

	if (r == 0)
		pause_at(name, "PAUSE_MKDIR");
	return r;
}
