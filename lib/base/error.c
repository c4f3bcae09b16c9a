/*
 * error.c: the error value: what went wrong, and the status that the command will end with.
 *
 * The function that saw the trouble fills it once.  Those above hand it up, and main prints it.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/base.h"

/* The table in EXIT STATUS of mq(1), which follows sysexits(3) where that has a fitting number. */
static const int exits[] = {
	[ST_OK] = 0,
	[ST_NONE] = 1,
	[ST_USAGE] = 64,
	[ST_BADDATA] = 65,
	[ST_NOTFOUND] = 66,
	[ST_LOST] = 69,
	[ST_INTERNAL] = 70,
	[ST_UNSURE] = 71,
	[ST_NOCREATE] = 73,
	[ST_IO] = 74,
	[ST_AGAIN] = 75,
	[ST_DENIED] = 77,
	[ST_CONF] = 78,
	[ST_GONE] = 66,
	[ST_EXISTS] = 73,
	[ST_LARGE] = 65,
};

int
status_exit(enum status st)
{
	if ((size_t)st >= sizeof(exits) / sizeof(exits[0]))
		return exits[ST_INTERNAL];
	return exits[st];
}

enum status
status_of_errno(int errnum)
{
	switch (errnum) {
	case ENOENT:
		return ST_NOTFOUND;
	case EACCES:
	case EPERM:
		return ST_DENIED;
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return ST_AGAIN;
	default:
		return ST_IO;
	}
}

bool
error_is_ours(const struct error *err)
{
	return err->errnum == EMFILE || err->errnum == ENFILE || err->errnum == ENOMEM;
}

bool
error_is_full(const struct error *err)
{
	return err->errnum == ENOSPC || err->errnum == EDQUOT;
}

void
error_clear(struct error *err)
{
	err->status = ST_OK;
	err->errnum = 0;
	err->text[0] = '\0';
}

static const char *
error_of_errno(int errnum)
{
	/* "Invalid cross-device link" tells an operator nothing. */
	if (errnum == EXDEV)
		return "it is on another file system";
	return strerror(errnum);
}

static void error_fill(struct error *err, enum status st, int errnum, const char *fmt, va_list ap)
    PRINTF_LIKE(4, 0);

static void
error_fill(struct error *err, enum status st, int errnum, const char *fmt, va_list ap)
{
	const char *why = errnum != 0 ? error_of_errno(errnum) : "";
	size_t room = sizeof(err->text);

	if (err->status != ST_OK)
		return;
	err->status = st;
	err->errnum = errnum;
	/* However long the names before it are, the reason is not cut off. */
	if (errnum != 0 && strlen(why) + 2 < room)
		room -= strlen(why) + 2;
	(void)vsnprintf(err->text, room, fmt, ap);
	if (errnum != 0) {
		(void)strlcat(err->text, ": ", sizeof(err->text));
		(void)strlcat(err->text, why, sizeof(err->text));
	}
}

enum status
error_set(struct error *err, enum status st, int errnum, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	error_fill(err, st, errnum, fmt, ap);
	va_end(ap);
	return st;
}

enum status
error_sys(struct error *err, int errnum, const char *fmt, ...)
{
	enum status st = status_of_errno(errnum);
	va_list ap;

	va_start(ap, fmt);
	error_fill(err, st, errnum, fmt, ap);
	va_end(ap);
	return st;
}
