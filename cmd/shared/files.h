/*
 * files.h: the limit of open files.
 */
#ifndef CMD_SHARED_FILES_H
#define CMD_SHARED_FILES_H

#include "base/base.h"

/* Files that may be open while one message is handled, from its claim to its end, and some more. */
#define FILES_SPARE 12
/* The files that handling a message needs at least. */
#define FILES_LEAST 8

/*
 * files_raise raises the limit as far as we may.  files_restore sets it back in a child, where it
 * may be called after vfork.
 */
void files_raise(void);
void files_restore(void);
#define FILES_MOST 64
/*
 * ST_AGAIN with errnum EMFILE or ENFILE: fewer than 'n' files, FILES_MOST at most, can still be
 * opened.
 */
enum status files_left(int n, struct error *err) MUST_CHECK;

#endif
