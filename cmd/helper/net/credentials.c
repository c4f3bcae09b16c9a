/*
 * credentials.c: passwords from files that nobody else can read.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "helper/net/net.h"

#define CREDENTIALS_MAX 65536

/*
 * Services get theirs from systemd as files of root that their group, or an access list, which
 * looks like it, may read.  So that is not refused where the file is root's.
 */
enum status
credentials_trust(const char *path, int fd, struct error *err)
{
	struct stat st;

	if (fstat(fd, &st) == -1)
		return error_set(err, ST_CONF, errno, "credentials %s", path);
	if (!S_ISREG(st.st_mode))
		return error_set(err, ST_CONF, 0, "%s: not a file", path);
	if (st.st_uid != geteuid() && st.st_uid != 0)
		return error_set(err, ST_CONF, 0, "%s: it belongs to the user %u, who is "
		    "neither you nor root", path, (unsigned)st.st_uid);
	if ((st.st_mode & (st.st_uid == 0 ? 037 : 077)) != 0)
		return error_set(err, ST_CONF, 0, "%s: mode %04o lets others at it; "
		    "'chmod 600' helps", path, (unsigned)(st.st_mode & 07777));
	return ST_OK;
}

/* Read all of it.  The caller wipes and frees *text. */
static enum status
credentials_load(const char *path, char **text, struct error *err)
{
	enum status st;
	size_t len = 0;
	ssize_t n = 1;
	int fd;

	if ((fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK)) == -1)
		return error_set(err, ST_CONF, errno, "credentials %s", path);
	if ((*text = calloc(1, CREDENTIALS_MAX + 1)) == NULL)
		st = error_set(err, ST_AGAIN, errno, "credentials %s", path);
	else
		st = credentials_trust(path, fd, err);
	while (st == ST_OK && n > 0 && len < CREDENTIALS_MAX) {
		if ((n = read(fd, *text + len, CREDENTIALS_MAX - len)) == -1)
			st = error_set(err, ST_CONF, errno, "credentials %s", path);
		else
			len += (size_t)n;
	}
	(void)close(fd);
	if (st == ST_OK && (len == CREDENTIALS_MAX || memchr(*text, '\0', len) != NULL))
		st = error_set(err, ST_CONF, 0, "credentials %s: not a file of credentials", path);
	return st;
}

/* False: it is too long. */
static bool
credentials_set(char *to, size_t size, const char *value)
{
	return strlcpy(to, value, size) < size;
}

/* Take the words apart.  False: none of the machines is this host, with this user. */
static bool
credentials_netrc(char *text, const char *host, const char *user, struct credentials *c)
{
	bool here = false, good = true;
	char *save = NULL, *word, *value;

	for (word = strtok_r(text, " \t\r\n", &save); word != NULL;
	    word = strtok_r(NULL, " \t\r\n", &save)) {
		if (strcmp(word, "machine") != 0 && strcmp(word, "login") != 0 &&
		    strcmp(word, "password") != 0)
			continue;
		if ((value = strtok_r(NULL, " \t\r\n", &save)) == NULL)
			return false;
		if (word[0] == 'm') {
			if (here && good && c->password[0] != '\0')
				return true;
			credentials_wipe(c);
			here = strcasecmp(value, host) == 0;
			good = true;
		} else if (here && word[0] == 'l')
			good = good && credentials_set(c->user, sizeof(c->user), value) &&
			    (user[0] == '\0' || strcmp(user, value) == 0);
		else if (here)
			good = good && credentials_set(c->password, sizeof(c->password), value);
	}
	return here && good && c->password[0] != '\0';
}

enum status
credentials_read(const char *path, const char *host, const char *user, struct credentials *c,
    struct error *err)
{
	enum status st;
	char *text = NULL;
	size_t len;

	*c = (struct credentials){ 0 };
	if ((st = credentials_load(path, &text, err)) == ST_OK) {
		len = strcspn(text, "\r\n");
		if (strncmp(text + strspn(text, " \t\r\n"), "machine", 7) == 0) {
			if (!credentials_netrc(text, host, user, c))
				st = error_set(err, ST_CONF, 0,
				    "credentials %s: no password for 'machine %s%s%s'", path, host,
				    user[0] != '\0' ? " login " : "", user);
		} else if (len == 0 || text[len + strspn(text + len, "\r\n")] != '\0' ||
		    len >= sizeof(c->password))
			st = error_set(err, ST_CONF, 0, "credentials %s: neither lines 'machine "
			    "HOST login USER password PASSWORD' nor one line with a password", path);
		else
			memcpy(c->password, text, len);
	}
	if (st == ST_OK && c->user[0] == '\0')
		(void)credentials_set(c->user, sizeof(c->user), user);
	if (text != NULL)
		explicit_bzero(text, CREDENTIALS_MAX);
	free(text);
	return st;
}

void
credentials_wipe(struct credentials *c)
{
	explicit_bzero(c, sizeof(*c));
}
