/*
 * show.h: what mq show knows of a message, between show.c (the verb), text.c (for people), json.c
 * (for programs) and holders.c (which processes have it open).
 */
#ifndef CMD_SHOW_SHOW_H
#define CMD_SHOW_SHOW_H

#include <sys/stat.h>
#include <sys/types.h>

#include "base/base.h"
#include "base/name.h"

struct queue;
struct run;

#define LINES 10	/* of the body */
#define LINE 200	/* bytes of each */

struct show {
	struct run *r;
	struct queue *q;
	struct place p;
	int fd;			/* the message, -1: it cannot be opened */
	struct error why;	/* then why not */
	usec_t now;
	char *record;
};

/* Call 'put' for each process that has the message open, as far as we may see them. */
void show_holders(const struct show *s, void (*put)(void *arg, pid_t pid, const char *command),
    void *arg);
/* What is known, as text; as one object of JSON. */
void show_text(const struct show *s);
enum status show_json(const struct show *s, struct error *err) MUST_CHECK;

#endif
