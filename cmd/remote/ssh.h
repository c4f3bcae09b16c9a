/*
 * ssh.h: one run of the user's ssh.  Shared by remote.c (verbs that run on the other host as they
 * are), ferry.c (verbs whose files and outputs are on this side) and ssh.c.
 */
#ifndef CMD_REMOTE_SSH_H
#define CMD_REMOTE_SSH_H

#include <sys/types.h>
#include <stdio.h>

#include "base/base.h"

struct run;

struct remote {
	struct run *r;
	char host[300];		/* may start with "USER@" */
	char port[8];		/* "" if no port was given */
	char path[4096];
	char *command;		/* the command for the shell of the other host */
	size_t len;
};

/* ---- ssh.c -------------------------------------------------------------- */

/*
 * Open a stream for the command line of the other host; ssh_quote adds words to it.  The text ends
 * up in 'm'.  NULL: there was not enough memory.
 */
FILE *ssh_command(struct remote *m);
/* Write a word, quoted for a POSIX shell, with 'before' in front. */
void ssh_quote(FILE *f, const char *before, const char *word);
/*
 * ssh_start starts ssh with these descriptors as its stdin and stdout.  ssh_ended waits for its
 * end.
 */
enum status ssh_start(struct remote *m, int in, int out, pid_t *pid) MUST_CHECK;
enum status ssh_ended(struct remote *m, pid_t pid) MUST_CHECK;

/* A running ssh, with a pipe to it and a pipe from it. */
struct ssh {
	pid_t pid;
	int in, out;	/* -1: closed */
};
/*
 * Start the verb on the other host with all its options except 'without' (a key; 0: none), followed
 * by the words of 'more', which end with NULL.
 */
enum status remote_start(struct remote *m, int without, const char *const *more,
    struct ssh *ssh) MUST_CHECK;
/*
 * Close the pipes and wait for ssh.  ST_OK: the exit status of the verb is in the run.  ST_AGAIN:
 * the connection failed.
 */
enum status remote_end(struct remote *m, struct ssh *ssh) MUST_CHECK;
/*
 * Return the argument of the last option with that key, "" if it has none.  NULL: the option was
 * not given.
 */
const char *remote_given(const struct run *r, int key);

/* ---- ferry.c: the verbs whose files and outputs are on this side --------- */

enum status ferry_push(struct remote *m) MUST_CHECK;
enum status ferry_pop(struct remote *m) MUST_CHECK;
enum status ferry_claim(struct remote *m) MUST_CHECK;

#endif
