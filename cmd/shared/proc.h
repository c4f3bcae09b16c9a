/*
 * proc.h: what /proc says of other processes.
 */
#ifndef CMD_SHARED_PROC_H
#define CMD_SHARED_PROC_H

void proc_each(void (*fn)(void *arg, pid_t), void *arg);
/*
 * Read at most size - 1 bytes of the file /proc/PID/NAME, and put a NUL behind them.  -1: the file
 * cannot be read.
 */
ssize_t proc_read(pid_t pid, const char *name, char *buf, size_t size);
/*
 * Read the arguments of a process, with a blank between two of them.  False: the process is gone,
 * or it has no arguments, as a kernel thread or a zombie.
 */
bool proc_command(pid_t pid, char *buf, size_t size);
/*
 * Whether a process has the file open.  HAS_MAYBE: we may not look, because the process belongs to
 * another user and we are not root.
 */
enum has { HAS_NOT, HAS, HAS_MAYBE };
struct stat;
enum has proc_has_open(pid_t pid, const struct stat *file) MUST_CHECK;

#endif
