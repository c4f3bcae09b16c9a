/*
 * parse.c: the lines of a policy file.
 *
 * inih takes the lines apart, but it accepts too much without a word.  An indented "key = value"
 * continues the value above it, " ;" cuts a value off, long lines and long section names arrive
 * cut, and an empty section is not reported at all.  So each line is checked here before inih sees
 * it, and a file with a fault anywhere is refused as a whole.
 */
#include <fnmatch.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <ini.h>

#include "spool/parser.h"
#include "spool/keys.h"

_Static_assert(NNAMES <= 64, "the keys that were seen are the bits of a word");

/*
 * These are more characters than keys are made of, so that "Max-Size" is reported as an unknown
 * key, not as a line without a key.
 */
#define KEY_CHARS     "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-."

static bool parse_refuse(struct parser *ps, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Report a fault in the current line.  The result is always false, for the caller to return. */
static bool
parse_refuse(struct parser *ps, const char *fmt, ...)
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

/* Whether a line above this one opened the same section.  'line' is "[NAME]", 'len' bytes long. */
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

/* Enter the section of a line that starts with '['.  'len' does not count blanks at its end. */
static bool
section_enter(struct parser *ps, const char *line, size_t len)
{
	const char *glob = ps->section + strlen("queue ");

	if (ps->flat)
		return parse_refuse(ps, "sections belong into mq.conf, here stand keys only");
	if (line[len - 1] != ']' || len == 2)
		return parse_refuse(ps, "a section looks like [defaults] or [queue GLOB]");
	if (len - 2 > SECTION_LIMIT)
		return parse_refuse(ps, "the section's name is longer than %d characters",
		    SECTION_LIMIT);
	memcpy(ps->section, line + 1, len - 2);
	ps->section[len - 2] = '\0';
	ps->kind = section_kind(ps->section);
	if (ps->kind != NULL || strcmp(ps->section, "defaults") == 0)
		ps->applies = true;
	else if (strncmp(ps->section, "queue ", strlen("queue ")) == 0 && *glob != '\0' &&
	    strpbrk(glob, BLANKS) == NULL)
		ps->applies = ps->queue != NULL && fnmatch(glob, ps->queue, 0) == 0;
	else
		return parse_refuse(ps,
		    "unknown section [%s]: there are [defaults], [queue GLOB], [engine NAME] "
		    "and [relay NAME]", ps->section);
	if (section_seen(ps, line, len))
		return parse_refuse(ps, "section [%s] stands here for the second time",
		    ps->section);
	ps->seen = 0;
	return true;
}

static bool
parse_bytes_ok(struct parser *ps, const char *line, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		unsigned char c = (unsigned char)line[i];
		if (c == '\r')
			return parse_refuse(ps, "a carriage return: lines have to end as on Unix");
		if ((c < 0x20 && c != '\t') || c == 0x7f)
			return parse_refuse(ps, "a control character (byte 0x%02x at %zu)", c, i);
	}
	return true;
}

/*
 * Whether inih understands a line as a reader would.  'line' has a NUL in place of its newline.
 */
static bool
parse_line_ok(struct parser *ps, const char *line, size_t len)
{
	size_t key;

	if (!parse_bytes_ok(ps, line, len))
		return false;
	while (len > 0 && strchr(BLANKS, line[len - 1]) != NULL)
		len--;
	if (len == 0 || *line == '#' || *line == ';')
		return true;
	if (strchr(BLANKS, *line) != NULL)
		return parse_refuse(ps, "indented: every line has to start in the first column");
	for (size_t i = 1; i < len; i++)
		if (line[i] == ';' && strchr(BLANKS, line[i - 1]) != NULL)
			return parse_refuse(ps,
			    "a comment behind a value: it needs a line of its own");
	if (*line == '[')
		return section_enter(ps, line, len);
	key = strspn(line, KEY_CHARS);
	if (key == 0 || line[key + strspn(line + key, BLANKS)] != '=')
		return parse_refuse(ps, "not 'key = value'");
	return true;
}

/*
 * Give the next line to inih, if it is good.  This is an ini_reader.  inih calls the handler for
 * one line before it asks for the next, so 'line' and 'section' are those of the handler's key.
 */
static char *
parser_next(char *buf, int size, void *arg)
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
		parse_refuse(ps, "the line is longer than %zu bytes", limit);
		return ps->lenient ? buf : NULL;
	}
	memcpy(buf, ps->here, len);
	buf[len] = '\0';
	if (parse_line_ok(ps, buf, len))
		return buf;
	/* After a bad section line, the keys below it belong to an unknown section. */
	ps->applies &= ps->flat || buf[0] != '[';
	buf[0] = '\0';
	return ps->lenient ? buf : NULL;
}

static bool
setting_set(struct conf_settings *s, int key, const char *value)
{
	if (key == SET_SPOOL)
		return *value == '/' && strlcpy(s->spool, value,
		    sizeof(s->spool)) < sizeof(s->spool);
	s->autocreate = strcmp(value, "yes") == 0;
	return s->autocreate || strcmp(value, "no") == 0;
}

static bool
parser_take_setting(struct parser *ps, int key, const char *value)
{
	if (strcmp(ps->section, "defaults") != 0)
		return parse_refuse(ps, "'%s' may stand in [defaults] of mq.conf only",
		    key_name(key));
	if (!setting_set(ps->settings, key, value))
		return parse_refuse(ps, "bad value '%s' for %s: %s", value, key_name(key),
		    key == SET_SPOOL ? "a path that starts with /" : "yes or no");
	return true;
}

static bool
parser_take_key(struct parser *ps, int key, const char *value)
{
	bool defaults = strcmp(ps->section, "defaults") == 0;
	/* [defaults] yields to a [queue GLOB], even to one that stands above it. */
	bool ours = ps->applies && !(defaults && (ps->decided & UINT64_C(1) << key) != 0);
	struct policy *p = ours ? ps->policy : &ps->other_policy;
	size_t size = sizeof(p->origin[key]);
	struct command *command;

	if (!policy_set(p, key, value))
		return parse_refuse(ps, "bad value '%s' for %s (%s): %s", value, key_name(key),
		    conf_keys[key].syntax, policy_rule(key));
	if (ps->flat && !policy_local(key, value))
		return parse_refuse(ps, LOCAL_ONLY, key_name(key));
	if (ps->flat)
		(void)strlcpy(p->origin[key], ps->origin, size);
	else
		(void)snprintf(p->origin[key], size, "%s [%s]", ps->origin, ps->section);
	if ((command = policy_command(p, key)) != NULL) {
		command->uid = ps->st.st_uid;
		command->mode = ps->st.st_mode;
	}
	if (ours && !defaults)
		ps->decided |= UINT64_C(1) << key;
	return true;
}

/* Whether the section had that key above this line. */
static bool
section_had(const struct parser *ps, const char *name)
{
	const char *at = ps->here;
	size_t len = strlen(name);

	while (at > ps->text) {
		const char *end = at - 1;	/* the newline of the line above */
		at = end;
		while (at > ps->text && at[-1] != '\n')
			at--;
		if (*at == '[')
			return false;
		if ((size_t)(end - at) > len && memcmp(at, name, len) == 0 &&
		    strchr(BLANKS "=", at[len]) != NULL)
			return true;
	}
	return false;
}

/* A key of a section that is not about queues. */
static bool
parser_take_other(struct parser *ps, const char *name, const char *value)
{
	bool repeated;

	if (!section_has(ps->kind, name, &repeated))
		return parse_refuse(ps, "unknown key '%s' in [%s]: there are%s", name, ps->section,
		    section_keys(ps->kind));
	if (!repeated && section_had(ps, name))
		return parse_refuse(ps, "'%s' is set for the second time", name);
	if (ps->taker != NULL && !ps->taker(ps->arg, ps->section, name, value))
		return parse_refuse(ps, "bad value '%s' for %s in [%s]", value, name, ps->section);
	return true;
}

/* Take one key and its value from inih.  The section is known from section_enter. */
static int
parser_take(void *arg, const char *section, const char *name, const char *value)
{
	struct parser *ps = arg;
	int key;
	char hint[64];

	(void)section;
	if (ps->kind != NULL)
		return parser_take_other(ps, name, value);
	key = key_find(name, strlen(name));
	if (!ps->flat && ps->section[0] == '\0')
		return parse_refuse(ps,
		    "'%s' stands above the first section: [defaults] or [queue GLOB]",
		    name);
	if (key == -1) {
		key_guess(name, ps->flat ? NKEYS : NNAMES, hint, sizeof(hint));
		return parse_refuse(ps, "unknown key '%s'%s", name, hint);
	}
	if ((ps->seen & UINT64_C(1) << key) != 0)
		return parse_refuse(ps, "'%s' is set for the second time", name);
	ps->seen |= UINT64_C(1) << key;
	return key >= NKEYS ? parser_take_setting(ps, key, value) : parser_take_key(ps, key, value);
}

enum status
parser_read(struct parser *ps, const char *text, size_t len, struct error *err)
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
	ps->kind = NULL;
	ps->refused = false;
	line = ini_parse_stream(parser_next, ps, parser_take, ps);
	if (ps->refused)
		return ps->lenient ? ST_OK : ST_CONF;
	if (line != 0 && !ps->lenient)
		return error_set(err, ST_CONF, 0, "%s:%d: not 'key = value'", ps->what, line);
	return ST_OK;
}
