/*
 * conf.c: which files make up the policy of a queue, and in which order.
 *
 * parse.c reads each of them.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "base/fs.h"
#include "spool/parser.h"
#include "spool/keys.h"

static enum status
conf_parse_files(struct parser *ps, const struct conf_files *files, struct error *err)
{
	const size_t max = sizeof(files->path) / sizeof(files->path[0]);
	enum status st = ST_OK;
	size_t len;
	char *text;

	ps->flat = false;
	for (size_t i = 0; st == ST_OK && i < max && files->path[i] != NULL; i++) {
		ps->what = ps->origin = files->path[i];
		st = fs_read_file_stat(AT_FDCWD, ps->what, true, FILE_LIMIT, &text, &len, &ps->st,
		    err);
		if (st == ST_NOTFOUND) {
			st = ST_OK;
			continue;
		}
		if (st == ST_OK)
			st = parser_read(ps, text, len, err);
		free(text);
		if (ps->lenient)
			st = ST_OK;
	}
	return st;
}

static void
conf_queue_begins(struct parser *ps)
{
	(void)snprintf(ps->path, sizeof(ps->path), "%s/queue.conf", ps->queue);
	ps->what = ps->path;
	ps->origin = "queue.conf";
	ps->flat = ps->applies = true;
}

static enum status
conf_parse_queue(struct parser *ps, int queuefd, struct error *err)
{
	struct error seen = { .status = ST_OK };
	enum status st;
	size_t len;
	char *text;

	conf_queue_begins(ps);
	st = fs_read_file_stat(queuefd, "queue.conf", false, FILE_LIMIT, &text, &len, &ps->st,
	    &seen);
	if (st == ST_NOTFOUND)
		return ST_OK;
	if (st != ST_OK) {
		(void)error_set(err, st, 0, "%s/%s", ps->queue, seen.text);
		err->errnum = seen.errnum;	/* whose words the text has already */
		return st;
	}
	st = parser_read(ps, text, len, err);
	free(text);
	return st;
}

static void
policy_init(struct policy *p)
{
	memset(p, 0, sizeof(*p));
	for (int i = 0; i < NKEYS; i++)
		(void)policy_set(p, i, conf_keys[i].initial);
}

enum status
conf_settings(const struct conf_files *files, struct conf_settings *s, struct error *err)
{
	struct parser ps = { .settings = s };

	memset(s, 0, sizeof(*s));
	s->autocreate = true;
	ps.policy = &ps.other_policy;
	return conf_parse_files(&ps, files, err);
}

enum status
conf_sections(const struct conf_files *files, section_taker *taker, void *arg, struct error *err)
{
	struct parser ps = { .taker = taker, .arg = arg };

	ps.policy = &ps.other_policy;
	ps.settings = &ps.other_settings;
	return conf_parse_files(&ps, files, err);
}

enum status
conf_policy(const struct conf_files *files, const char *queue, int queuefd, struct policy *p,
    struct error *err)
{
	struct parser ps = { .queue = queue, .policy = p };
	enum status st;

	ps.settings = &ps.other_settings;
	policy_init(p);
	st = conf_parse_files(&ps, files, err);
	if (st == ST_OK && queuefd != -1)
		st = conf_parse_queue(&ps, queuefd, err);
	return st;
}

enum status
conf_policy_text(const struct conf_files *files, const char *queue, const char *text, size_t len,
    struct policy *p, struct error *err)
{
	struct parser ps = { .queue = queue, .policy = p };
	enum status st;

	ps.settings = &ps.other_settings;
	policy_init(p);
	if ((st = conf_parse_files(&ps, files, err)) != ST_OK)
		return st;
	conf_queue_begins(&ps);
	return parser_read(&ps, text, len, err);
}

void
conf_policy_lenient(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p, struct error *why)
{
	struct parser ps = { .queue = queue, .policy = p, .lenient = true };

	ps.settings = &ps.other_settings;
	policy_init(p);
	if (conf_parse_files(&ps, files, why) == ST_OK && queuefd != -1 &&
	    conf_parse_queue(&ps, queuefd, why) != ST_OK)
		return;
}

enum status
conf_check(const char *text, size_t len, const char *what, struct error *err)
{
	struct parser ps = { .what = what, .origin = what, .flat = true };

	ps.policy = &ps.other_policy;
	ps.settings = &ps.other_settings;
	return parser_read(&ps, text, len, err);
}

enum status
conf_assigns(const char *text, size_t len, struct names *out, struct error *err)
{
	struct parser ps = { .what = "queue.conf", .origin = "queue.conf", .flat = true,
	    .applies = true };
	struct policy p;
	char value[600], assign[640];
	enum status st;

	memset(out, 0, sizeof(*out));
	policy_init(&p);
	ps.policy = &p;
	ps.settings = &ps.other_settings;
	if ((st = parser_read(&ps, text, len, err)) != ST_OK)
		return st;
	if ((out->name = calloc(NKEYS, sizeof(*out->name))) == NULL)
		return error_sys(err, ENOMEM, "queue.conf");
	for (int key = 0; key < NKEYS; key++) {
		if (p.origin[key][0] == '\0')
			continue;
		conf_value(&p, key, value, sizeof(value));
		(void)snprintf(assign, sizeof(assign), "%s=%s", key_name(key), value);
		if ((out->name[out->n] = strdup(assign)) == NULL)
			return error_sys(err, ENOMEM, "queue.conf");
		out->n++;
	}
	return ST_OK;
}
