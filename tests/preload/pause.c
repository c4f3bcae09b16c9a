/*
 * pause.c: stops a program once, for tests of what others do at that moment: before it opens $PAUSE_OPEN, or after it made the
 * directory $PAUSE_MKDIR (names end so).  It makes the file $PAUSE, and goes on when that is removed.
 */
#include <sys/stat.h>
#include <sys/syscall.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int __openat_2(int, const char *, int);

static void
pause_at(const char *name, const char *variable)
{
	const char *wanted = getenv(variable), *file = getenv("PAUSE");
	size_t len = strlen(name), n = wanted == NULL ? 0 : strlen(wanted);

	if (n == 0 || file == NULL || len < n || strcmp(name + len - n, wanted) != 0)
		return;
	(void)unsetenv(variable);
	(void)close((int)syscall(SYS_openat, AT_FDCWD, file, O_WRONLY | O_CREAT, 0600));
	while (access(file, F_OK) == 0)
		(void)usleep(1000);
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
