/*
 * json.c: a message for programs.
 */
#include <stdlib.h>
#include <string.h>

#include "spool/record.h"
#include "shared/cmd.h"
#include "shared/out.h"
#include "show/show.h"

static void
json_member(const char *name, const char *text, size_t len)
{
	json_name(stdout, name, false);
	if (len == 0)
		(void)fputs("null", stdout);
	else
		json_quoted(stdout, text, len);
}

/* Print stderr as it was, without the space that the report puts in front of each line. */
static void
json_errors(const struct report *r)
{
	char *text = malloc(r->errorslen + 1);
	size_t len = 0;
	bool start = true;

	for (size_t i = 0; text != NULL && i < r->errorslen; i++) {
		if (!start || r->errors[i] != ' ')
			text[len++] = r->errors[i];
		start = r->errors[i] == '\n';
	}
	json_member("stderr", text != NULL ? text : "", text != NULL ? len : 0);
	free(text);
}

static void
json_history(const struct show *s)
{
	const char *at = s->record;
	struct report r;
	char time[TIME_MAX];
	bool first = true;

	json_name(stdout, "history", false);
	(void)fputc('[', stdout);
	while (at != NULL && report_next(&at, &r)) {
		(void)fputs(first ? "{" : ",{", stdout);
		first = false;
		time_format(r.at, time);
		json_name(stdout, "time", true);
		json_quoted(stdout, time, strlen(time));
		(void)printf(",\"attempt\":%d,\"duration\":", r.attempt);
		if (r.duration >= 0)
			(void)printf("%.3f", (double)r.duration / USEC);
		else
			(void)fputs("null", stdout);
		json_member("reason", r.reason, r.reasonlen);
		json_member("text", r.text, r.textlen);
		json_member("given", r.given, r.givenlen);
		json_errors(&r);
		(void)fputc('}', stdout);
	}
	(void)fputc(']', stdout);
}

static void
json_holder(void *arg, pid_t pid, const char *command)
{
	bool *first = arg;

	(void)printf("%s{\"pid\":%d,\"command\":", *first ? "" : ",", (int)pid);
	json_quoted(stdout, command, strlen(command));
	(void)fputc('}', stdout);
	*first = false;
}

enum status
show_json(const struct show *s, struct error *err)
{
	char path[600];
	bool first = true;
	enum status st;

	if ((st = json_open(stdout, s->q, &s->p, err)) != ST_OK)
		return st;
	place_path(s->q, &s->p, path, sizeof(path));
	json_member("file", path, strlen(path));
	json_history(s);
	json_name(stdout, "holders", false);
	(void)fputc('[', stdout);
	show_holders(s, json_holder, &first);
	(void)fputs("]}\n", stdout);
	return ST_OK;
}
