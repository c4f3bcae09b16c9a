/*
 * input.h: reading a message body.
 */
#ifndef CMD_SHARED_INPUT_H
#define CMD_SHARED_INPUT_H

#include "base/base.h"

struct run;

/*
 * Check that the operands from the second on are files that can be read, before anything is queued.
 */
enum status input_files_exist(struct run *r) MUST_CHECK;
enum status input_open(struct run *r, const char *file, int *fd) MUST_CHECK;
/*
 * Read from 'fd'.  '*got' is 0 at the end of the input.  ST_AGAIN: a signal stopped us, and the
 * error ends with 'then', which says what became of the input.
 */
enum status input_read(struct run *r, int fd, const char *name, char *buf, size_t size, size_t *got,
    const char *then) MUST_CHECK;
/*
 * Say that the message is read from stdin if that is a terminal, where nothing else would show it.
 */
void input_at_terminal(struct run *r);
/* Where a body comes from: 'text' if it is not NULL, else 'file' (NULL or "-": stdin). */
struct input { const char *text, *file; };
/* Pass the whole body to 'put', piece by piece. */
enum status input_copy(struct run *r, const struct input *in, const char *then,
    enum status (*put)(void *arg, const void *data, size_t len, struct error *err),
    void *arg) MUST_CHECK;

#endif
