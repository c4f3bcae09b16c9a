/*
 * input.h: a body that comes in.
 */
#ifndef CMD_SHARED_INPUT_H
#define CMD_SHARED_INPUT_H

#include "base/base.h"

struct run;

/*
 * The operands from the second on are files that can be read: better found out before anything is
 * queued.
 */
enum status input_files_exist(struct run *r) MUST_CHECK;
enum status input_open(struct run *r, const char *file, int *fd) MUST_CHECK;
/*
 * *got 0: it is at its end.  ST_AGAIN: a signal stopped us, and the error says then what became of
 * it.
 */
enum status input_read(struct run *r, int fd, const char *name, char *buf, size_t size, size_t *got,
    const char *then) MUST_CHECK;
/* Say so where the message is going to be typed: nothing else tells what is waited for. */
void input_at_terminal(struct run *r);
/* Where a body comes from: text if it is not NULL, else file (NULL or "-": stdin). */
struct input { const char *text, *file; };
/* Give all of it to put, piece by piece. */
enum status input_copy(struct run *r, const struct input *in, const char *then,
    enum status (*put)(void *arg, const void *, size_t, struct error *), void *arg) MUST_CHECK;

#endif
