/*
 * typed.c: options that several verbs have, and that mean the same everywhere.
 */
#include "shared/cmd.h"
#include "shared/typed.h"

enum status
typed_text(struct run *r, const char *arg, const char *why, const char **text)
{
	if (*text != NULL)
		return run_usage(r, "-m is given twice: %s", why);
	*text = arg;
	return ST_OK;
}

enum status
typed_delimiter(struct run *r, int key, int *delimiter)
{
	if (*delimiter != -1)
		return run_usage(r, "one of -l and -0, once");
	*delimiter = key == 'l' ? '\n' : '\0';
	return ST_OK;
}

enum status
typed_priority(struct run *r, const char *arg, int *priority)
{
	int64_t n = 0;
	enum status st = arg_number(r, "-p", arg, 0, 9, &n);

	*priority = (int)n;
	return st;
}

enum status
typed_wait(struct run *r, const char *arg, usec_t *deadline)
{
	enum status st;
	usec_t d;

	if (arg == NULL)
		return ST_OK;
	if ((st = arg_duration(r, "--wait", arg, &d)) == ST_OK)
		*deadline = clock_mono() + d;
	return st;
}

enum status
typed_lease(struct run *r, const char *arg, usec_t *lease)
{
	enum status st = arg_duration(r, "--lease", arg, lease);

	if (st == ST_OK && *lease == 0)
		return run_usage(r, "--lease: a lease of no length is none");
	return st;
}
