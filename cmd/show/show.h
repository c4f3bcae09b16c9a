/*
 * show.h: what mq show knows of a message.  Shared by show.c (the verb), text.c (for people),
 * json.c (for programs) and holders.c (which processes have the message open).
 */
#ifndef CMD_SHOW_SHOW_H
#define CMD_SHOW_SHOW_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/name.h"

struct queue;
struct run;

#define LINES 10	/* lines of the body that are shown */
#define LINE 200	/* bytes of each line */

struct show {
	struct run *r;
	struct queue *q;
	struct place p;
	int fd;			/* the open message; -1: it cannot be opened */
	struct error why;	/* why 'fd' is -1 */
	usec_t now;
	char *record;
};

/* Call 'put' for each process that has the message open, as far as we may see processes. */
void show_holders(const struct show *s, void (*put)(void *arg, pid_t pid, const char *command),
    void *arg);
/* show_text prints what is known as text, show_json as one JSON object. */
void show_text(const struct show *s);
enum status show_json(const struct show *s, struct error *err) MUST_CHECK;

#endif
