/* test_error.c: the table of exit statuses, and that the first error stands. */
#include <errno.h>

#include "mq.h"
#include "tap.h"

int
main(void)
{
	static const struct { enum status st; int exit; } table[] = {
		{ ST_OK, 0 }, { ST_NONE, 1 }, { ST_USAGE, 64 }, { ST_BADDATA, 65 },
		{ ST_NOTFOUND, 66 }, { ST_LOST, 69 }, { ST_INTERNAL, 70 }, { ST_UNSURE, 71 },
		{ ST_NOCREATE, 73 }, { ST_IO, 74 }, { ST_AGAIN, 75 }, { ST_DENIED, 77 },
		{ ST_CONF, 78 }, { ST_GONE, 66 }, { ST_EXISTS, 73 }, { (enum status)99, 70 },
	};
	static const struct { int errnum; enum status st; } errnos[] = {
		{ EACCES, ST_DENIED }, { EPERM, ST_DENIED }, { EROFS, ST_IO },
		{ ENOSPC, ST_AGAIN }, { EDQUOT, ST_AGAIN }, { EMFILE, ST_AGAIN },
		{ ENFILE, ST_AGAIN }, { ENOMEM, ST_AGAIN }, { EAGAIN, ST_AGAIN },
		{ ENOENT, ST_NOTFOUND }, { ELOOP, ST_IO }, { ENOTDIR, ST_IO }, { EFBIG, ST_IO },
		{ EIO, ST_IO }, { EXDEV, ST_IO },
	};
	struct error err;
	char name[2000], text[80];

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		(void)snprintf(text, sizeof(text), "exit status of status %d", (int)table[i].st);
		is_int(status_exit(table[i].st), table[i].exit, text);
	}
	for (size_t i = 0; i < sizeof(errnos) / sizeof(errnos[0]); i++) {
		(void)snprintf(text, sizeof(text), "status of errno %d", errnos[i].errnum);
		is_int(status_of_errno(errnos[i].errnum), errnos[i].st, text);
	}

	error_clear(&err);
	is_int(error_sys(&err, ENOSPC, "rename to %s", "ready"), ST_AGAIN, "error_sys returns the status");
	is_str(err.text, "rename to ready: No space left on device", "the text has the reason");
	is_int(err.errnum, ENOSPC, "errno is kept");
	is_int(error_set(&err, ST_IO, 0, "later"), ST_IO, "error_set returns what it was given");
	is_int(err.status, ST_AGAIN, "but the first status stands");
	is_str(err.text, "rename to ready: No space left on device", "and the first text");
	error_clear(&err);
	is_int(err.status, ST_OK, "cleared");
	error_set(&err, ST_CONF, 0, "plain");
	is_str(err.text, "plain", "no errno, no colon");
	error_clear(&err);
	error_sys(&err, EXDEV, "x");
	is_str(err.text, "x: it is on another file system", "EXDEV in plain words");

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	error_clear(&err);
	error_sys(&err, EACCES, "%s", name);
	is_int((int64_t)strlen(err.text), sizeof(err.text) - 1, "a long text fills the room");
	ok(strstr(err.text, "nnn: Permission denied") != NULL, "and keeps its reason");
	return done();
}
