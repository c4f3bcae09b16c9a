/*
 * open.c: opening the spool and its queues for the verbs.
 */
#include <errno.h>
#include <string.h>

#include "base/names.h"
#include "base/name.h"
#include "spool/spool.h"
#include "topic/topic.h"
#include "view/view.h"
#include "shared/cmd.h"

static enum status
open_name_ok(struct run *r, const char *name)
{
	if (queue_name_ok(name))
		return ST_OK;
	return error_set(&r->err, ST_USAGE, 0,
	    "'%s' is not a queue name: letters, digits, '.', '_' "
	    "and '-', at most %d, the first neither '.' nor '-'", name, QUEUE_NAME_MAX);
}

enum status
run_spool(struct run *r, bool create)
{
	enum status st;

	if (r->spool != NULL)
		return ST_OK;
	if ((st = run_settings(r, create)) != ST_OK)
		return st;
	return spool_open(r->spool_path, create, &r->files, &r->spool, &r->err);
}

enum status
run_queues(struct run *r, struct names *names, enum status *worst)
{
	struct names strays;
	struct queue *q;
	enum status st;

	if ((st = run_spool(r, false)) != ST_OK ||
	    (st = spool_list(r->spool, SPOOL_WRECK | SPOOL_LINK, &strays, &r->err)) != ST_OK)
		return st;
	/* Opening a stray entry makes the error that says what it lacks. */
	for (size_t i = 0; i < strays.n; i++)
		if ((st = queue_open(r->spool, strays.name[i], &q, &r->err)) == ST_OK)
			queue_close(q);
		else if (spool_holds(r->spool, strays.name[i]))
			run_trouble(r, st, worst);
		else
			error_clear(&r->err);
	names_free(&strays);
	return spool_list(r->spool, SPOOL_QUEUE, names, &r->err);
}

/* Fill r->err for an unknown queue, with the name that might have been meant. */
enum status
run_no_queue(struct run *r, const char *name)
{
	struct error ignored;
	struct names names;
	const char *near = NULL;
	enum status st;

	/* The error already says what stands in place of the queue. */
	if (r->err.status == ST_NOTFOUND && spool_holds(r->spool, name))
		return ST_NOTFOUND;
	error_clear(&ignored);
	if (spool_list(r->spool, SPOOL_QUEUE, &names, &ignored) == ST_OK)
		near = nearest(name, (const char *const *)names.name, names.n);
	error_clear(&r->err);
	if (near != NULL)
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s'; did you mean '%s'?", name,
		    near);
	else
		st = error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s' in %s; 'mq ls' lists them",
		    name, r->spool_path);
	names_free(&names);
	return st;
}

enum status
look_open(struct spool *spool, const char *name, struct queue **q, struct error *broken,
    struct error *err)
{
	enum status st = queue_open_anyway(spool, name, q, err);

	error_clear(broken);
	if (st == ST_OK && queue_trouble_news(*q))
		*broken = *queue_trouble(*q);
	return st;
}

enum status
run_open(struct run *r, const char *name, struct queue **q)
{
	struct error broken;
	enum status st;

	if (!r->cmd->looks)
		return queue_open(r->spool, name, q, &r->err);
	st = look_open(r->spool, name, q, &broken, &r->err);
	if (broken.status != ST_OK)
		run_note(r, "%s", broken.text);
	return st;
}

void
run_policy_news(struct run *r, struct queue *q)
{
	if (!queue_trouble_news(q))
		return;
	if (queue_trouble(q)->status != ST_OK)
		run_note(r, "queue %s: %s; the last good policy holds", queue_name(q),
		    queue_trouble(q)->text);
	else
		run_note(r, "queue %s: the policy can be read again", queue_name(q));
}

enum status
run_reload(struct run *r, struct queue *q)
{
	enum status st = queue_reload(q, &r->err);

	if (st == ST_OK)
		run_policy_news(r, q);
	return st;
}

enum status
run_queue(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	/* Check this first, because a bad name is bad in any spool. */
	if ((st = open_name_ok(r, name)) != ST_OK || (st = run_spool(r, false)) != ST_OK)
		return st;
	if ((st = run_open(r, name, q)) == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st == ST_NOTFOUND ? run_no_queue(r, name) : st;
}

enum status
run_queue_consume(struct run *r, const char *name, struct queue **q)
{
	char list[300] = "";
	struct names subs;
	enum status st;

	if ((st = run_queue(r, name, q)) != ST_OK || !queue_is_topic(*q) ||
	    (st = subscriptions_list(*q, &subs, &r->err)) != ST_OK)
		return st;
	for (size_t i = 0; i < subs.n; i++) {
		(void)strlcat(list, i > 0 ? ", " : ": its subscribers are ", sizeof(list));
		(void)strlcat(list, subs.name[i], sizeof(list));
	}
	names_free(&subs);
	return error_set(&r->err, ST_USAGE, 0, "'%s' is a topic%s", name,
	    list[0] != '\0' ? list : ", and no queue subscribes to it: mq subscribe TOPIC QUEUE");
}

enum status
run_queue_create(struct run *r, const char *name, struct queue **q)
{
	enum status st;

	if ((st = open_name_ok(r, name)) != ST_OK || (st = run_spool(r, true)) != ST_OK ||
	    (st = run_conf(r)) != ST_OK)
		return st;
	if (r->settings.autocreate || r->assign != NULL)
		st = queue_create(r->spool, name, r->assign, r->nassign, q, &r->err);
	else if ((st = queue_open(r->spool, name, q, &r->err)) == ST_NOTFOUND) {
		error_clear(&r->err);
		return error_set(&r->err, ST_NOTFOUND, 0, "no queue '%s', and autocreate is off: "
		    "'mq init %s' makes it", name, name);
	}
	if (st == ST_OK)
		(void)strlcpy(r->queue, name, sizeof(r->queue));
	return st;
}

enum status
run_queue_push(struct run *r, const char *name, struct queue **q)
{
	enum status st = run_queue_create(r, name, q);
	struct error dropping;

	if (st != ST_DENIED || r->spool == NULL)
		return st;
	/* Perhaps we may drop messages into the queue.  If not, report why we may not enter it. */
	error_clear(&dropping);
	switch (queue_open_drop(r->spool, name, q, &dropping)) {
	case ST_OK:
		break;
	case ST_DENIED:
	case ST_NOTFOUND:
		return st;
	default:
		r->err = dropping;
		return dropping.status;
	}
	error_clear(&r->err);
	(void)strlcpy(r->queue, name, sizeof(r->queue));
	return ST_OK;
}
