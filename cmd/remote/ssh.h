/*
 * ssh.h: one run of the user's ssh, between remote.c (which verbs run there as they are), ferry.c
 * (those whose files and outputs are on this side) and ssh.c.
 */
#ifndef CMD_REMOTE_SSH_H
#define CMD_REMOTE_SSH_H

#include <sys/types.h>
#include <stdio.h>

#include "base/base.h"

struct run;

struct remote {
	struct run *r;
	char host[300];		/* with "USER@" */
	char port[8];		/* "" if none was given */
	char path[4096];
	char *command;		/* for the shell there */
	size_t len;
};

/* ---- ssh.c -------------------------------------------------------------- */

/*
 * A stream for the command there, which ends up in 'm'; NULL: no memory.  Words are added by
 * ssh_quote.
 */
FILE *ssh_command(struct remote *m);
/* A word for a POSIX shell, with 'before' in front. */
void ssh_quote(FILE *f, const char *before, const char *word);
/* Start ssh with these descriptors as its stdin and stdout; wait for its end. */
enum status ssh_start(struct remote *m, int in, int out, pid_t *pid) MUST_CHECK;
enum status ssh_ended(struct remote *m, pid_t pid) MUST_CHECK;

/* ssh with pipes to it and from it. */
struct ssh {
	pid_t pid;
	int in, out;	/* -1: closed */
};
/* The verb with its options, but for one (key, 0: none), then more words; NULL-terminated. */
enum status remote_start(struct remote *m, int without, const char *const *more,
    struct ssh *ssh) MUST_CHECK;
/*
 * Close the pipes and wait.  ST_OK: its exit status is in the run.  ST_AGAIN: the connection
 * failed.
 */
enum status remote_end(struct remote *m, struct ssh *ssh) MUST_CHECK;
/* The argument of the last option of that key ("": it has none), NULL: it was not given. */
const char *remote_given(const struct run *r, int key);

/* ---- ferry.c: the verbs whose files and outputs are on this side --------- */

enum status ferry_push(struct remote *m) MUST_CHECK;
enum status ferry_pop(struct remote *m) MUST_CHECK;
enum status ferry_claim(struct remote *m) MUST_CHECK;

#endif
