/*
 * files.h: the limit of open files.
 */
#ifndef CMD_SHARED_FILES_H
#define CMD_SHARED_FILES_H

#include "base/base.h"

/* Open files that it takes to handle one message from its claim to its end, and some more. */
#define FILES_SPARE 12
/* Those that it takes. */
#define FILES_LEAST 8

/*
 * Raise the limit as far as we may.  files_restore: in a child, back to what it was; it may follow
 * vfork.
 */
void files_raise(void);
void files_restore(void);
/* ST_AGAIN with errnum EMFILE or ENFILE: fewer than n files may be opened still. */
enum status files_left(int n, struct error *err) MUST_CHECK;

#endif
