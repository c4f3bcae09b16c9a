/*
 * fsck.c: mq fsck: find what the directories of a queue should not hold.
 */
#include <string.h>

#include "base/names.h"
#include "spool/spool.h"
#include "view/view.h"
#include "fsck/fsck.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "shared/distribute.h"

enum { REPAIR = OPT_LONG, JSON, LIST };

static const struct opt opts[] = {
	{ REPAIR, "repair", NULL, false, "mend what can be mended" },
	{ JSON, "json", NULL, false, "one JSON object a finding" },
	{ LIST, "list", NULL, false, "list the kinds of findings" },
	OPT_END
};

static const char *const severities[] = { "info", "warning", "error" };

struct fsck {
	const char *queue;	/* NULL: the spool itself */
	bool repair, json;
};

static void
member(const char *name, const char *text, bool first)
{
	json_name(stdout, name, first);
	json_quoted(stdout, text, strlen(text));
}

static void
report(void *arg, const struct finding *f)
{
	const struct fsck *k = arg;

	if (k->json) {
		(void)fputc('{', stdout);
		if (k->queue != NULL)
			member("queue", k->queue, true);
		else
			(void)fputs("\"queue\":null", stdout);
		member("id", f->id, false);
		member("severity", severities[f->severity], false);
		member("rule", f->rule, false);
		member("path", f->path, false);
		member("text", f->text, false);
		(void)printf(",\"repaired\":%s}\n", f->repaired ? "true" : "false");
		return;
	}
	(void)printf("%s %s ", severities[f->severity], f->id);
	if (k->queue != NULL)
		(void)printf("%s/", k->queue);
	out_vis(stdout, f->path, strlen(f->path));
	(void)fputs(": ", stdout);
	out_vis(stdout, f->text, strlen(f->text));
	if (f->repaired)
		(void)fputs(" (repaired)\n", stdout);
	else if (f->repair[0] != '\0')
		(void)printf(" (--repair: %s)\n", f->repair);
	else
		(void)fputs(" (not mended by --repair)\n", stdout);
}

static void
list(void)
{
	for (const struct fsck_kind *k = fsck_kinds; k->id != NULL; k++)
		(void)printf("%s\t%s\t%s\t%s\t%s\n", k->id, severities[k->severity], k->must,
		    k->repair, k->rule);
}

static enum status
check_one(struct run *r, struct fsck *k, const char *name, unsigned *left)
{
	struct queue *q;
	unsigned n = 0;
	enum status st;

	if ((st = queue_open_raw(r->spool, name, &q, &r->err)) != ST_OK)
		return st == ST_NOTFOUND ? run_no_queue(r, name) : st;
	k->queue = name;
	(void)strlcpy(r->queue, name, sizeof(r->queue));
	st = fsck_queue(q, k->repair, clock_now(), report, k, &n, &r->err);
	if (st == ST_OK && k->repair && queue_is_topic(q))
		st = run_redistribute(r, q);
	queue_close(q);
	*left += n;
	return st;
}

/* Check one queue.  If it cannot be checked, report that and go on with the others. */
static void
check(struct run *r, struct fsck *k, const char *name, unsigned *left, enum status *worst)
{
	enum status st = check_one(r, k, name, left);

	if (st != ST_OK)
		run_trouble(r, st, worst);
	r->queue[0] = '\0';
}

static enum status
check_all(struct run *r, struct fsck *k, unsigned *left, enum status *worst)
{
	struct names names;
	enum status st;

	if ((st = spool_list(r->spool, SPOOL_QUEUE | SPOOL_WRECK, &names, &r->err)) != ST_OK)
		return st;
	for (size_t i = 0; i < names.n; i++)
		check(r, k, names.name[i], left, worst);
	names_free(&names);
	return ST_OK;
}

static enum status
run_fsck(struct run *r)
{
	struct fsck k = { 0 };
	enum status st, worst = ST_OK;
	unsigned left = 0;
	const char *arg;
	int key;

	while ((key = run_option(r, &arg)) != 0) {
		if (key == LIST) {
			list();
			return ST_OK;
		}
		k.repair |= key == REPAIR;
		k.json |= key == JSON;
	}
	if ((st = run_operands(r, 0, -1)) != ST_OK || (st = run_settings(r, false)) != ST_OK ||
	    (st = run_conf(r)) != ST_OK ||
	    (st = spool_open_raw(r->spool_path, &r->files, &r->spool, &r->err)) != ST_OK)
		return st;
	fsck_spool(r->spool, r->noperands == 0, k.repair, clock_now(), report, &k, &left);
	if (r->noperands == 0)
		st = check_all(r, &k, &left, &worst);
	for (int i = 0; i < r->noperands; i++)
		check(r, &k, r->operand[i], &left, &worst);
	if (st != ST_OK || worst != ST_OK)
		return st != ST_OK ? st : worst;
	return left > 0 ? ST_NONE : ST_OK;
}

const struct cmd cmd_fsck = {
	.name = "fsck",
	.operands = "[QUEUE...]",
	.summary = "check queues, and mend them",
	.opts = opts,
	.run = run_fsck,
};
