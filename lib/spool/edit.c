/*
 * edit.c: setting keys in the text of a queue.conf.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/names.h"
#include "spool/policy.h"
#include "spool/keys.h"

/*
 * Check one "key=value".  The result is the number of the key, and *value is where its value
 * starts. -1: the assignment is bad, and the error says ST_USAGE.
 */
static int
edit_check(const char *assign, const char **value, struct error *err)
{
	size_t len = strcspn(assign, "=");
	int key = key_find(assign, len);
	struct policy scratch;
	char name[CONF_LINE_MAX + 1], hint[64];

	*value = assign + len + (assign[len] == '=');
	if (assign[len] == '\0')
		error_set(err, ST_USAGE, 0, "'%s' is not KEY=VALUE", assign);
	else if (key == -1) {
		(void)snprintf(name, sizeof(name), "%.*s", (int)len, assign);
		key_guess(name, NKEYS, hint, sizeof(hint));
		error_set(err, ST_USAGE, 0, "unknown key '%s'%s", name, hint);
	} else if (key >= NKEYS)
		error_set(err, ST_USAGE, 0, "'%s' may be set in [defaults] of mq.conf only",
		    key_name(key));
	/* Without a value the key is to be removed. */
	else if (**value != '\0' && !policy_set(&scratch, key, *value))
		error_set(err, ST_USAGE, 0, "bad value '%s' for %s (%s): %s", *value, key_name(key),
		    conf_keys[key].syntax, policy_rule(key));
	else if (**value != '\0' && policy_is_trap(key, *value))
		error_set(err, ST_USAGE, 0,
		    "%s=%s would let nothing be claimed: 'mq pause' does that, and none "
		    "is no limit", key_name(key), *value);
	else if (**value != '\0' && !policy_local(key, *value))
		error_set(err, ST_USAGE, 0, LOCAL_ONLY, key_name(key));
	else if (len + strlen(" = ") + strlen(*value) > CONF_LINE_MAX)
		error_set(err, ST_USAGE, 0, "the value of %s is too long for a line",
		    key_name(key));
	else
		return key;
	return -1;
}

/* The number of the key that a line sets.  -1: the line sets none. */
static int
edit_line_key(const char *line, size_t len)
{
	size_t name = 0, at;

	while (name < len && strchr("= \t", line[name]) == NULL)
		name++;
	for (at = name; at < len && strchr(BLANKS, line[at]) != NULL; at++)
		;
	return at < len && line[at] == '=' ? key_find(line, name) : -1;
}

static char *
edit_put(char *to, int key, const char *value)
{
	to = stpcpy(stpcpy(to, key_name(key)), " = ");
	return stpcpy(stpcpy(to, value), "\n");
}

/*
 * Copy the lines.  The first line of a key that has a new value is replaced, and its entry in
 * 'values' becomes NULL.  If the new value is "", all lines of the key are left out.
 */
static char *
edit_lines(char *to, const char *text, size_t len, const char *values[NKEYS])
{
	const char *end;
	size_t n;
	int key;

	for (; len > 0; text += n, len -= n) {
		end = memchr(text, '\n', len);
		n = end != NULL ? (size_t)(end - text) + 1 : len;
		key = edit_line_key(text, n);
		if (key != -1 && key < NKEYS && values[key] != NULL) {
			if (values[key][0] != '\0') {
				to = edit_put(to, key, values[key]);
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

/*
 * Check the assignments, and put each value into 'values' by its key.  *need grows by the bytes
 * that they need at most.  False: an assignment is bad, and the error says ST_USAGE.
 */
static bool
edit_all(const char *const *assign, size_t n, const char *values[NKEYS], size_t *need,
    struct error *err)
{
	const char *value;
	int key;

	for (size_t i = 0; i < n; i++) {
		if ((key = edit_check(assign[i], &value, err)) == -1)
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
	if (!edit_all(assign, n, values, &need, err))
		return ST_USAGE;
	if ((*out = malloc(need)) == NULL)
		return error_sys(err, ENOMEM, "queue.conf");
	to = edit_lines(*out, text, len, values);
	for (int key = 0; key < NKEYS; key++)
		if (values[key] != NULL && values[key][0] != '\0')
			to = edit_put(to, key, values[key]);
	*to = '\0';
	*outlen = (size_t)(to - *out);
	if ((st = conf_check(*out, *outlen, "queue.conf", err)) != ST_OK) {
		free(*out);
		*out = NULL;
	}
	return st;
}
