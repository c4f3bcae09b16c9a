/*
 * credentials.c: users and passwords out of a file.
 */
#include <sys/stat.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/core/credentials.h"

/*
 * A secret that others can read is none, so such a file is refused.  A file of root's may be
 * readable to its group: so looks the access list by which systemd gives it to a service.
 */
static enum status
credentials_trust(const struct stat *st, const char *path, struct error *err)
{
	if (!S_ISREG(st->st_mode))
		return error_set(err, ST_CONF, 0, "credentials %s: not a file", path);
	if (st->st_uid != geteuid() && st->st_uid != 0)
		return error_set(err, ST_CONF, 0, "credentials %s: it belongs to user %lu, "
		    "not to you or root", path, (unsigned long)st->st_uid);
	if ((st->st_mode & (st->st_uid == 0 ? 037 : 077)) != 0)
		return error_set(err, ST_CONF, 0, "credentials %s: its mode is %03o, so others "
		    "have rights to it: chmod 600", path, (unsigned)(st->st_mode & 0777));
	if (st->st_size > CREDENTIALS_MAX)
		return error_set(err, ST_CONF, 0, "credentials %s: %lld bytes; at most %d", path,
		    (long long)st->st_size, CREDENTIALS_MAX);
	return ST_OK;
}

/* Comments become blanks. */
static void
credentials_strip(char *text)
{
	for (char *line = text; *line != '\0';) {
		size_t len = strcspn(line, "\n");
		if (*line == '#')
			memset(line, ' ', len);
		line += len + (line[len] == '\n');
	}
}

enum status
credentials_load(struct credentials *c, const char *path, struct error *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	enum status s = ST_OK;
	struct stat st;
	ssize_t n;

	if (fd == -1)
		return error_set(err, ST_CONF, errno, "credentials %s", path);
	if (fstat(fd, &st) == -1)
		s = error_set(err, ST_CONF, errno, "credentials %s", path);
	else if ((s = credentials_trust(&st, path, err)) != ST_OK)
		;
	else if ((c->text = calloc(1, CREDENTIALS_MAX + 1)) == NULL)
		s = error_set(err, ST_AGAIN, errno, "credentials %s", path);
	else if ((n = read(fd, c->text, CREDENTIALS_MAX)) == -1)
		s = error_set(err, ST_CONF, errno, "credentials %s", path);
	else
		credentials_strip(c->text);
	(void)close(fd);
	return s;
}

/* Take a value in quotes, whose first one is at '*at'.  False: the last one is missing. */
static bool
credentials_quoted(char **at, char **word)
{
	char *to = *at, *from = *at + 1;

	*word = to;
	while (*from != '\0' && *from != '"') {
		if (*from == '\\' && (from[1] == '"' || from[1] == '\\'))
			from++;
		*to++ = *from++;
	}
	if (*from != '"')
		return false;
	*at = from + 1;
	*to = '\0';
	return true;
}

/* The next word, ended by NUL in place.  False: there is none, or it is broken; *word tells. */
static bool
credentials_next(char **at, char **word)
{
	*word = NULL;
	while (isspace((unsigned char)**at))
		(*at)++;
	if (**at == '\0')
		return false;
	if (**at == '"')
		return credentials_quoted(at, word);
	*word = *at;
	*at += strcspn(*at, " \t\r\n");
	if (**at != '\0')
		*(*at)++ = '\0';
	return true;
}

static bool
credentials_fits(const char *machine, const char *host, const char *port)
{
	size_t len = strlen(host);

	if (strcmp(machine, host) == 0)
		return true;
	return port != NULL && strncmp(machine, host, len) == 0 && machine[len] == ':' &&
	    strcmp(machine + len + 1, port) == 0;
}

/* Go through the entries until one fits, and take its pairs. */
enum status
credentials_find(struct credentials *c, const char *path, const char *host, const char *port,
    struct error *err)
{
	char *at = c->text, *word, *value, none[] = "";
	bool entry = false, found = false;

	while (credentials_next(&at, &word)) {
		bool machine = strcmp(word, "machine") == 0;
		value = none;
		if (strcmp(word, "default") != 0 && !credentials_next(&at, &value))
			return error_set(err, ST_CONF, 0, "credentials %s: the last word has no "
			    "value", path);
		if (machine || strcmp(word, "default") == 0) {
			if (found)
				return ST_OK;
			entry = true;
			found = !machine || credentials_fits(value, host, port);
		} else if (!entry)
			return error_set(err, ST_CONF, 0, "credentials %s: it does not begin with "
			    "\"machine HOST\" or \"default\"", path);
		else if (found && c->n < CREDENTIALS_PAIRS) {
			c->word[c->n] = word;
			c->value[c->n++] = value;
		}
	}
	if (word != NULL)
		return error_set(err, ST_CONF, 0, "credentials %s: a quote is not closed", path);
	return found ? ST_OK : ST_NONE;
}

enum status
credentials_read(struct credentials *c, const char *path, const char *host, const char *port,
    struct error *err)
{
	enum status st = credentials_load(c, path, err);

	return st != ST_OK ? st : credentials_find(c, path, host, port, err);
}

const char *
credentials_value(const struct credentials *c, const char *word)
{
	for (int i = 0; i < c->n; i++)
		if (strcmp(c->word[i], word) == 0)
			return c->value[i];
	return NULL;
}

void
credentials_free(struct credentials *c)
{
	if (c->text != NULL)
		explicit_bzero(c->text, CREDENTIALS_MAX);
	free(c->text);
	*c = (struct credentials){ 0 };
}
