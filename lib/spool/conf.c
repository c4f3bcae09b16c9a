/*
 * conf.c: policy from mq.conf and queue.conf.  inih takes the lines apart, but
 * is silent on too much: an indented "key = value" goes on with the value above,
 * " ;" cuts a value off, long lines and section names arrive cut, an empty
 * section is not told at all.  So each line is checked here before inih gets to
 * see it, and a file that has anything wrong anywhere is refused as a whole.
 */
#include <errno.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ini.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "spool/policy.h"
#include "spool/keys.h"

_Static_assert(NKEYS <= 32, "the keys that were seen are the bits of a word");

#define FILE_LIMIT    65536
#define SECTION_LIMIT 49
/* Wider than what keys are made of, so that "Max-Size" is an unknown key and no riddle. */
#define KEY_CHARS     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/* ---- files -------------------------------------------------------------- */

struct parser {
	const char *what;	/* name of the file, for errors */
	const char *origin;	/* the same, for the policy */
	const char *text, *here, *next, *end;	/* all of it, this line, the next one */
	unsigned line;
	struct stat st;		/* of the file */
	bool flat;		/* queue.conf: keys only */
	bool applies;		/* the section is about our queue */
	const char *queue;	/* NULL: only [defaults] applies */
	char section[SECTION_LIMIT + 1];	/* "": none yet */
	uint32_t seen;		/* keys that the section had already */
	uint32_t decided;	/* keys that a [queue GLOB] of this file set for our queue */
	struct policy *policy;
	struct settings *settings;
	/* Where values go that are checked only. */
	struct policy other_policy;
	struct settings other_settings;
	char path[QUEUE_NAME_MAX + sizeof("/queue.conf")];	/* room for what */
	struct error *err;
	bool refused;
	bool lenient;	/* what cannot be understood is passed over */
};

static bool refuse(struct parser *, const char *, ...) PRINTF_LIKE(2, 3);

/* Always false. */
static bool
refuse(struct parser *ps, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	ps->refused = true;
	error_set(ps->err, ST_CONF, 0, "%s:%u: %s", ps->what, ps->line, text);
	return false;
}

/* Whether a line above this one opened the same section; line is "[NAME]", len long. */
static bool
section_seen(const struct parser *ps, const char *line, size_t len)
{
	const char *at = ps->text, *end;

	for (; at < ps->here; at = end + 1) {
		end = memchr(at, '\n', (size_t)(ps->end - at));
		if ((size_t)(end - at) >= len && memcmp(at, line, len) == 0 &&
		    strspn(at + len, BLANKS) == (size_t)(end - at) - len)
			return true;
	}
	return false;
}

/* A line that starts with '[', its blanks at the end cut off. */
static bool
section_enter(struct parser *ps, const char *line, size_t len)
{
	const char *glob = ps->section + strlen("queue ");

	if (ps->flat)
		return refuse(ps, "sections belong into mq.conf, here stand keys only");
	if (line[len - 1] != ']' || len == 2)
		return refuse(ps, "a section looks like [defaults] or [queue GLOB]");
	if (len - 2 > SECTION_LIMIT)
		return refuse(ps, "the section's name is longer than %d characters", SECTION_LIMIT);
	memcpy(ps->section, line + 1, len - 2);
	ps->section[len - 2] = '\0';
	if (strcmp(ps->section, "defaults") == 0)
		ps->applies = true;
	else if (strncmp(ps->section, "queue ", strlen("queue ")) == 0 && *glob != '\0' &&
	    strpbrk(glob, BLANKS) == NULL)
		ps->applies = ps->queue != NULL && fnmatch(glob, ps->queue, 0) == 0;
	else
		return refuse(ps, "unknown section [%s]: there are [defaults] and [queue GLOB]",
		    ps->section);
	if (section_seen(ps, line, len))
		return refuse(ps, "section [%s] stands here for the second time", ps->section);
	ps->seen = 0;
	return true;
}

static bool
bytes_ok(struct parser *ps, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c == '\r')
			return refuse(ps, "a carriage return: lines have to end as on Unix");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return refuse(ps, "a control character (byte 0x%02x at %zu)", c, i);
	}
	return true;
}

/* Whether a line (without its end, but with a NUL there) means to inih what it seems to mean. */
static bool
line_ok(struct parser *ps, const char *line, size_t len)
{
	size_t key;

	if (!bytes_ok(ps, line, len))
		return false;
	while (len > 0 && strchr(BLANKS, line[len - 1]) != NULL)
		len--;
	if (len == 0 || *line == '#' || *line == ';')
		return true;
	if (strchr(BLANKS, *line) != NULL)
		return refuse(ps, "indented: every line has to start in the first column");
	for (size_t i = 1; i < len; i++)
		if (line[i] == ';' && strchr(BLANKS, line[i - 1]) != NULL)
			return refuse(ps, "a comment behind a value: it needs a line of its own");
	if (*line == '[')
		return section_enter(ps, line, len);
	key = strspn(line, KEY_CHARS);
	if (key == 0 || line[key + strspn(line + key, BLANKS)] != '=')
		return refuse(ps, "not 'key = value'");
	return true;
}

/*
 * An ini_reader: the next line, if it is good.  The handler runs before the one after it is asked
 * for.
 */
static char *
next_line(char *buf, int size, void *arg)
{
	struct parser *ps = arg;
	size_t len, limit = size <= CONF_LINE_MAX ? (size_t)size - 1 : CONF_LINE_MAX;
	const char *end;

	if ((ps->refused && !ps->lenient) || ps->next == ps->end)
		return NULL;
	ps->here = ps->next;
	ps->line++;
	if ((end = memchr(ps->here, '\n', (size_t)(ps->end - ps->here))) == NULL)
		end = ps->end;
	ps->next = end < ps->end ? end + 1 : end;
	len = (size_t)(end - ps->here);
	buf[0] = '\0';
	if (len > limit) {
		refuse(ps, "the line is longer than %zu bytes", limit);
		return ps->lenient ? buf : NULL;
	}
	memcpy(buf, ps->here, len);
	buf[len] = '\0';
	if (line_ok(ps, buf, len))
		return buf;
	/* What follows belongs to a section that is not known. */
	ps->applies &= ps->flat || buf[0] != '[';
	buf[0] = '\0';
	return ps->lenient ? buf : NULL;
}

static bool
setting(struct settings *s, int key, const char *value)
{
	if (key == SET_SPOOL)
		return *value == '/' && strlcpy(s->spool, value,
		    sizeof(s->spool)) < sizeof(s->spool);
	s->autocreate = strcmp(value, "yes") == 0;
	return s->autocreate || strcmp(value, "no") == 0;
}

static bool
take_setting(struct parser *ps, int key, const char *value)
{
	if (strcmp(ps->section, "defaults") != 0)
		return refuse(ps, "'%s' may stand in [defaults] of mq.conf only", key_name(key));
	if (!setting(ps->settings, key, value))
		return refuse(ps, "bad value '%s' for %s: %s", value, key_name(key),
		    key == SET_SPOOL ? "a path that starts with /" : "yes or no");
	return true;
}

static bool
take_key(struct parser *ps, int key, const char *value)
{
	bool defaults = strcmp(ps->section, "defaults") == 0;
	/* [defaults] may stand below a [queue GLOB] and still yields to it. */
	bool ours = ps->applies && !(defaults && (ps->decided & 1u << key) != 0);
	struct policy *p = ours ? ps->policy : &ps->other_policy;
	size_t size = sizeof(p->origin[key]);
	struct command *command;

	if (!policy_set(p, key, value))
		return refuse(ps, "bad value '%s' for %s (%s): %s", value, key_name(key),
		    conf_keys[key].syntax, policy_rule(key));
	if (ps->flat && !policy_local(key, value))
		return refuse(ps, LOCAL_ONLY, key_name(key));
	if (ps->flat)
		(void)strlcpy(p->origin[key], ps->origin, size);
	else
		(void)snprintf(p->origin[key], size, "%s [%s]", ps->origin, ps->section);
	if ((command = policy_command(p, key)) != NULL) {
		command->uid = ps->st.st_uid;
		command->mode = ps->st.st_mode;
	}
	if (ours && !defaults)
		ps->decided |= 1u << key;
	return true;
}

/* An ini_handler.  The section is known from section_enter. */
static int
take(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *ps = arg;
	int key = key_find(name, strlen(name));
	char hint[64];

	(void)section;
	if (!ps->flat && ps->section[0] == '\0')
		return refuse(ps, "'%s' stands above the first section: [defaults] or [queue GLOB]",
		    name);
	if (key == -1) {
		key_guess(name, ps->flat ? NKEYS : NNAMES, hint, sizeof(hint));
		return refuse(ps, "unknown key '%s'%s", name, hint);
	}
	if ((ps->seen & 1u << key) != 0)
		return refuse(ps, "'%s' is set for the second time", name);
	ps->seen |= 1u << key;
	return key >= NKEYS ? take_setting(ps, key, value) : take_key(ps, key, value);
}

/* Everything in ps but the progress is the caller's to fill. */
static enum status
parse(struct parser *ps, const char *text, size_t len, struct error *err)
{
	int line;

	if (len > FILE_LIMIT)
		return error_set(err, ST_CONF, 0, "%s: larger than %d bytes", ps->what, FILE_LIMIT);
	ps->text = ps->next = text;
	ps->end = text + len;
	ps->err = err;
	ps->line = 0;
	ps->seen = ps->decided = 0;
	ps->section[0] = '\0';
	ps->refused = false;
	line = ini_parse_stream(next_line, ps, take, ps);
	if (ps->refused)
		return ps->lenient ? ST_OK : ST_CONF;
	if (line != 0 && !ps->lenient)
		return error_set(err, ST_CONF, 0, "%s:%d: not 'key = value'", ps->what, line);
	return ST_OK;
}

static enum status
parse_conf_files(struct parser *ps, const struct conf_files *files, struct error *err)
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
			st = parse(ps, text, len, err);
		free(text);
		if (ps->lenient)
			st = ST_OK;
	}
	return st;
}

static void
queue_conf_begins(struct parser *ps)
{
	(void)snprintf(ps->path, sizeof(ps->path), "%s/queue.conf", ps->queue);
	ps->what = ps->path;
	ps->origin = "queue.conf";
	ps->flat = ps->applies = true;
}

static enum status
parse_queue_conf(struct parser *ps, int queuefd, struct error *err)
{
	struct error seen = { .status = ST_OK };
	enum status st;
	size_t len;
	char *text;

	queue_conf_begins(ps);
	st = fs_read_file_stat(queuefd, "queue.conf", false, FILE_LIMIT, &text, &len, &ps->st,
	    &seen);
	if (st == ST_NOTFOUND)
		return ST_OK;
	if (st != ST_OK)
		return error_set(err, st, 0, "%s/%s", ps->queue, seen.text);
	st = parse(ps, text, len, err);
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
conf_settings(const struct conf_files *files, struct settings *s, struct error *err)
{
	struct parser ps = { .settings = s };

	memset(s, 0, sizeof(*s));
	s->autocreate = true;
	ps.policy = &ps.other_policy;
	return parse_conf_files(&ps, files, err);
}

enum status
conf_policy(const struct conf_files *files, const char *queue, int queuefd, struct policy *p,
    struct error *err)
{
	struct parser ps = { .queue = queue, .policy = p };
	enum status st;

	ps.settings = &ps.other_settings;
	policy_init(p);
	st = parse_conf_files(&ps, files, err);
	if (st == ST_OK && queuefd != -1)
		st = parse_queue_conf(&ps, queuefd, err);
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
	if ((st = parse_conf_files(&ps, files, err)) != ST_OK)
		return st;
	queue_conf_begins(&ps);
	return parse(&ps, text, len, err);
}

void
conf_policy_lenient(const struct conf_files *files, const char *queue, int queuefd,
    struct policy *p,
    struct error *why)
{
	struct parser ps = { .queue = queue, .policy = p, .lenient = true };

	ps.settings = &ps.other_settings;
	policy_init(p);
	if (parse_conf_files(&ps, files, why) == ST_OK &&
	    parse_queue_conf(&ps, queuefd, why) != ST_OK)
		return;
}

enum status
conf_check(const char *text, size_t len, const char *what, struct error *err)
{
	struct parser ps = { .what = what, .origin = what, .flat = true };

	ps.policy = &ps.other_policy;
	ps.settings = &ps.other_settings;
	return parse(&ps, text, len, err);
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
	if ((st = parse(&ps, text, len, err)) != ST_OK)
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
