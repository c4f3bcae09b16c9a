/*
 * trust.c: the commands that a policy names, and whether they may be run.
 */
#include <sys/stat.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool/policy.h"
#include "spool/keys.h"
#include "spool/spool.h"
#include "spool/queue.h"

/*
 * Whether only root and the effective user can have written a file.  If not, 'why' says why, in
 * words.
 */
static bool
trusted(uid_t owner, mode_t mode, char *why, size_t size)
{
	if (owner != 0 && owner != geteuid())
		(void)snprintf(why, size, "belongs to another user (uid %lu)",
		    (unsigned long)owner);
	else if ((mode & (S_IWGRP | S_IWOTH)) != 0)
		(void)snprintf(why, size, "may be written by others (mode %04o)", mode & 07777u);
	else
		return true;
	return false;
}

static int
trust_key(const char *name)
{
	int key = 0;

	while (strcmp(conf_keys[key].name, name) != 0)
		key++;
	return key;
}

/*
 * Read the policy and give one of its commands.  Whoever may write to the queue's directory may put
 * another file in the place of queue.conf, even a file of ours, such as a message.  So the
 * directory is examined first, and queue.conf is read after that.
 */
static enum status
trust_command(struct queue *q, const char *name, const char **text, struct error *err)
{
	const int key = trust_key(name);
	const char *origin = q->policy.origin[key];
	const struct command *c;
	enum status st;
	struct stat dir;
	char why[64];
	bool own;

	if (fstat(q->fd, &dir) == -1)
		return error_sys(err, errno, "queue %s", q->name);
	if ((st = queue_reload(q, err)) != ST_OK)
		return st;
	c = policy_command(&q->policy, key);
	*text = c->text[0] != '\0' ? c->text : NULL;
	if (*text == NULL)
		return ST_OK;
	own = strcmp(origin, QUEUE_CONF) == 0;
	if (own && !trusted(dir.st_uid, dir.st_mode, why, sizeof(why)))
		return error_set(err, ST_CONF, 0, "%s refused: the directory %s/%s %s, who could "
		    "choose what runs here; set it in mq.conf, in [queue %s], and take it out "
		    "here: mq init %s %s=",
		    name, q->spool->path, q->name, why, q->name, q->name, name);
	if (!trusted(c->uid, c->mode, why, sizeof(why)))
		return error_set(err, ST_CONF, 0, "%s refused: %s%s%s%s %s, who could choose what "
		    "runs here", name, own ? q->spool->path : "", own ? "/" : "", own ? q->name :
		    "",
		    own ? "/" QUEUE_CONF : origin, why);
	return ST_OK;
}

enum status
policy_handler(struct policy *p, const char *queue, const char **handler, struct error *err)
{
	const int key = trust_key("handler");
	const struct command *c = policy_command(p, key);
	char why[64];

	*handler = c->text;
	if (c->text[0] == '\0')
		return error_set(err, ST_CONF, 0, "queue %s has no handler: set it in mq.conf, in "
		    "[queue %s]", queue, queue);
	if (!trusted(c->uid, c->mode, why, sizeof(why)))
		return error_set(err, ST_CONF, 0, "handler refused: %s %s, who could choose what "
		    "runs here", p->origin[key], why);
	return ST_OK;
}

enum status
queue_handler(struct queue *q, const char **handler, struct error *err)
{
	enum status st = trust_command(q, "handler", handler, err);

	if (st == ST_OK && *handler == NULL)
		st = error_set(err, ST_CONF, 0, "queue %s has no handler: mq init %s "
		    "handler='COMMAND' sets one", q->name, q->name);
	return st;
}

enum status
queue_accept(struct queue *q, const char **accept, struct error *err)
{
	return trust_command(q, "accept", accept, err);
}
