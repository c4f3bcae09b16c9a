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
#define LINE_LIMIT    199	/* inih's buffer holds 200 bytes */
#define SECTION_LIMIT 49
#define BLANKS        " \t"
/* Wider than what keys are made of, so that "Max-Size" is an unknown key and no riddle. */
#define KEY_CHARS     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

/* What only [defaults] of mq.conf may say; their numbers go on from those of the keys. */
enum { SET_SPOOL = NKEYS, SET_AUTOCREATE, NNAMES };

/* What policy_local refuses. */
#define LOCAL_ONLY "a file for %s may be named in mq.conf only: give it there in [queue GLOB]"

static const char *
key_name(int key)
{
	if (key < NKEYS)
		return conf_keys[key].name;
	return key == SET_SPOOL ? "spool" : "autocreate";
}

/* -1 if there is no such key. */
static int
key_find(const char *name, size_t len)
{
	for (int i = 0; i < NNAMES; i++)
		if (strlen(key_name(i)) == len && strncmp(name, key_name(i), len) == 0)
			return i;
	return -1;
}

#define GUESS_MAX 24

/* Levenshtein's distance: insert, delete or replace a character; by rows (Wagner and Fischer). */
static size_t
distance(const char *a, const char *b)
{
	size_t row[GUESS_MAX + 1], diagonal, above;

	for (size_t j = 0; j <= strlen(b); j++)
		row[j] = j;
	for (size_t i = 1; i <= strlen(a); i++) {
		diagonal = row[0];
		row[0] = i;
		for (size_t j = 1; j <= strlen(b); j++) {
			size_t best = diagonal + (a[i - 1] != b[j - 1]);
			above = row[j];
			if (above + 1 < best)
				best = above + 1;
			if (row[j - 1] + 1 < best)
				best = row[j - 1] + 1;
			diagonal = above;
			row[j] = best;
		}
	}
	return row[strlen(b)];
}

/* " (did you mean 'lease'?)", or nothing if no key of the first n comes near. */
static void
guess(const char *name, int n, char *buf, size_t size)
{
	size_t best = 4, d;

	*buf = '\0';
	if (strlen(name) > GUESS_MAX)
		return;
	for (int i = 0; i < n; i++) {
		d = distance(name, key_name(i));
		/* At least half of it has to be right: else "x" would be near to everything. */
		if (d < best && d * 2 <= strlen(name)) {
			best = d;
			(void)snprintf(buf, size, " (did you mean '%s'?)", key_name(i));
		}
	}
}

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

/* An ini_reader: the next line, if it is good.  The handler runs before the one after it is asked for. */
static char *
next_line(char *buf, int size, void *arg)
{
	struct parser *ps = arg;
	size_t len, limit = size <= LINE_LIMIT ? (size_t)size - 1 : LINE_LIMIT;
	const char *end;

	if (ps->refused || ps->next == ps->end)
		return NULL;
	ps->here = ps->next;
	ps->line++;
	if ((end = memchr(ps->here, '\n', (size_t)(ps->end - ps->here))) == NULL)
		end = ps->end;
	ps->next = end < ps->end ? end + 1 : end;
	len = (size_t)(end - ps->here);
	if (len > limit) {
		refuse(ps, "the line is longer than %zu bytes", limit);
		return NULL;
	}
	memcpy(buf, ps->here, len);
	buf[len] = '\0';
	return line_ok(ps, buf, len) ? buf : NULL;
}

static bool
setting(struct settings *s, int key, const char *value)
{
	if (key == SET_SPOOL)
		return *value == '/' && strlcpy(s->spool, value, sizeof(s->spool)) < sizeof(s->spool);
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
		guess(name, ps->flat ? NKEYS : NNAMES, hint, sizeof(hint));
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
		return ST_CONF;
	if (line != 0)
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
		st = fs_read_file_stat(AT_FDCWD, ps->what, true, FILE_LIMIT, &text, &len, &ps->st, err);
		if (st == ST_NOTFOUND) {
			st = ST_OK;
			continue;
		}
		if (st == ST_OK)
			st = parse(ps, text, len, err);
		free(text);
	}
	return st;
}

static enum status
parse_queue_conf(struct parser *ps, int queuefd, struct error *err)
{
	struct error seen = { .status = ST_OK };
	enum status st;
	size_t len;
	char *text;

	(void)snprintf(ps->path, sizeof(ps->path), "%s/queue.conf", ps->queue);
	ps->what = ps->path;
	ps->origin = "queue.conf";
	ps->flat = ps->applies = true;
	st = fs_read_file_stat(queuefd, "queue.conf", false, FILE_LIMIT, &text, &len, &ps->st, &seen);
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
	struct parser ps = { .what = "queue.conf", .origin = "queue.conf", .flat = true, .applies = true };
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

/* ---- editing ------------------------------------------------------------ */

/* The key of "key=value", *value where its value starts; -1, and the error says ST_USAGE. */
static int
assign_check(const char *assign, const char **value, struct error *err)
{
	size_t len = strcspn(assign, "=");
	int key = key_find(assign, len);
	struct policy scratch;
	char name[LINE_LIMIT + 1], hint[64];

	*value = assign + len + (assign[len] == '=');
	if (assign[len] == '\0')
		error_set(err, ST_USAGE, 0, "'%s' is not KEY=VALUE", assign);
	else if (key == -1) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, assign);
		guess(name, NKEYS, hint, sizeof(hint));
		error_set(err, ST_USAGE, 0, "unknown key '%s'%s", name, hint);
	} else if (key >= NKEYS)
		error_set(err, ST_USAGE, 0, "'%s' may be set in [defaults] of mq.conf only",
		    key_name(key));
	/* With no value it is to be taken out. */
	else if (**value != '\0' && !policy_set(&scratch, key, *value))
		error_set(err, ST_USAGE, 0, "bad value '%s' for %s (%s): %s", *value, key_name(key),
		    conf_keys[key].syntax, policy_rule(key));
	else if (**value != '\0' && !policy_local(key, *value))
		error_set(err, ST_USAGE, 0, LOCAL_ONLY, key_name(key));
	else if (len + strlen(" = ") + strlen(*value) > LINE_LIMIT)
		error_set(err, ST_USAGE, 0, "the value of %s is too long for a line", key_name(key));
	else
		return key;
	return -1;
}

/* The number of the key that a line sets, -1 if it is another kind of line. */
static int
line_key(const char *line, size_t len)
{
	size_t name = 0, at;

	while (name < len && strchr("= \t", line[name]) == NULL)
		name++;
	for (at = name; at < len && strchr(BLANKS, line[at]) != NULL; at++)
		;
	return at < len && line[at] == '=' ? key_find(line, name) : -1;
}

static char *
put_assign(char *to, int key, const char *value)
{
	to = stpcpy(stpcpy(to, key_name(key)), " = ");
	return stpcpy(stpcpy(to, value), "\n");
}

/* Copy the lines; the first line of a key that has a new value becomes that, and values forgets it.  With "" it is left out. */
static char *
edit_lines(char *to, const char *text, size_t len, const char *values[NKEYS])
{
	const char *end;
	size_t n;
	int key;

	for (; len > 0; text += n, len -= n) {
		end = memchr(text, '\n', len);
		n = end != NULL ? (size_t)(end - text) + 1 : len;
		key = line_key(text, n);
		if (key != -1 && key < NKEYS && values[key] != NULL) {
			if (values[key][0] != '\0') {
				to = put_assign(to, key, values[key]);
				values[key] = NULL;
			}
			continue;
		}
		memcpy(to, text, n);
		to += n;
		if (end == NULL)
			*to++ = '\n';
	}
	return to;
}

/* Check the assignments; the values by key, and the bytes that they need at most.  False: ST_USAGE. */
static bool
assign_all(const char *const *assign, size_t n, const char *values[NKEYS], size_t *need,
    struct error *err)
{
	const char *value;
	int key;

	for (size_t i = 0; i < n; i++) {
		if ((key = assign_check(assign[i], &value, err)) == -1)
			return false;
		if (values[key] != NULL) {
			error_set(err, ST_USAGE, 0, "%s is given twice", key_name(key));
			return false;
		}
		values[key] = value;
		*need += strlen(assign[i]) + sizeof(" = \n");
	}
	return true;
}

enum status
conf_edit(const char *text, size_t len, const char *const *assign, size_t n, char **out,
    size_t *outlen, struct error *err)
{
	const char *values[NKEYS] = { NULL };
	size_t need = len + sizeof("\n");
	enum status st;
	char *to;

	*out = NULL;
	if (!assign_all(assign, n, values, &need, err))
		return ST_USAGE;
	if ((*out = malloc(need)) == NULL)
		return error_sys(err, ENOMEM, "queue.conf");
	to = edit_lines(*out, text, len, values);
	for (int key = 0; key < NKEYS; key++)
		if (values[key] != NULL && values[key][0] != '\0')
			to = put_assign(to, key, values[key]);
	*to = '\0';
	*outlen = (size_t)(to - *out);
	if ((st = conf_check(*out, *outlen, "queue.conf", err)) != ST_OK) {
		free(*out);
		*out = NULL;
	}
	return st;
}
