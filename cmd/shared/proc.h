/*
 * proc.h: other processes.
 */
#ifndef CMD_SHARED_PROC_H
#define CMD_SHARED_PROC_H

void proc_each(void (*fn)(void *arg, pid_t), void *arg);
/* The file /proc/PID/NAME, at most size - 1 bytes of it, a NUL behind; -1 if it cannot be read. */
ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t size);
/*
 * Its arguments with a blank between two.  False: it is gone, or has none, as kernel threads and
 * the dead.
 */
bool proc_command(pid_t pid, char *buf, size_t size);
/*
 * Whether it has the file open; MAYBE: we may not look, for it is another user's and we are not
 * root.
 */
enum has { HAS_NOT, HAS, HAS_MAYBE };
struct stat;
enum has proc_has_open(pid_t pid, const struct stat *file) MUST_CHECK;

#endif
