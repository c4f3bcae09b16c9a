/*
 * show.c: mq show: all that is known about one message, for people or, with --json, for programs.
 */
#include <stdlib.h>
#include <unistd.h>

#include "spool/record.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/ids.h"
#include "show/show.h"

enum { JSON = OPT_LONG };

static const struct opt opts[] = {
	{ JSON, "json", NULL, false, "one JSON object, with the attempts, without the body" },
	OPT_END
};

static enum status
show(struct show *s, const struct msgid *id, bool json)
{
	struct error *err = &s->r->err;
	enum status st = ST_GONE, worst = ST_OK;
	size_t len;

	for (int i = 0; st == ST_GONE && i < 4; i++) {	/* it may move before msg_open */
		if ((st = scan_find(s->q, STATES_ALL, id, &s->p, err)) != ST_OK)
			return st;
		st = msg_open(s->q, &s->p, &s->fd, &s->why);
	}
	/* Show what is known of a message that is torn or may not be read, too. */
	if (st == ST_BADDATA || st == ST_DENIED)
		st = ST_OK;
	else if (st != ST_OK)
		*err = s->why;
	if (st == ST_OK)
		st = msg_record(s->q, id, &s->record, &len, err);
	s->now = clock_now();
	if (st == ST_DENIED) {	/* the failure was reported, and what is known was printed */
		run_trouble(s->r, st, &worst);
		st = ST_OK;
	}
	if (st != ST_OK)
		return st;
	if (json)
		st = show_json(s, err);
	else
		show_text(s);
	if (s->fd != -1)
		(void)close(s->fd);
	free(s->record);
	return st != ST_OK ? st : worst;
}

static enum status
run_show(struct run *r)
{
	struct show s = { .r = r, .fd = -1 };
	struct msgid id;
	const char *arg;
	bool json = false;
	enum status st;

	while (run_option(r, &arg) != 0)
		json = true;
	if ((st = run_operands(r, 2, 2)) != ST_OK ||
	    (st = run_queue(r, r->operand[0], &s.q)) != ST_OK)
		return st;
	error_clear(&s.why);
	if ((st = id_resolve(r, s.q, r->operand[1], &id)) == ST_OK)
		st = show(&s, &id, json);
	queue_close(s.q);
	return st;
}

const struct cmd cmd_show = {
	.name = "show",
	.operands = "QUEUE ID",
	.summary = "tell all that is known about a message",
	.opts = opts,
	.run = run_show,
	.looks = true,
	.pipe = PIPE_ENDS,
};
