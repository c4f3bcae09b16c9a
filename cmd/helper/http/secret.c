/*
 * secret.c: files with secrets.
 */
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/http/http.h"

#define SECRET_MAX 65536

/* Whether nobody else can read or change it. */
static bool
secret_safe(const char *path, int fd, char *text, size_t len)
{
	struct stat st;

	if (fstat(fd, &st) == -1 || !S_ISREG(st.st_mode))
		(void)snprintf(text, len, "%s is no file", path);
	else if (st.st_uid != geteuid() && st.st_uid != 0)
		(void)snprintf(text, len, "%s belongs to user %u: it has to be yours, or root's",
		    path, (unsigned)st.st_uid);
	else if ((st.st_mode & 07) != 0)
		(void)snprintf(text, len,
		    "%s has mode %04o, so others can use what is in it: chmod o= %s", path,
		    (unsigned)(st.st_mode & 07777), path);
	else if (st.st_size > SECRET_MAX)
		(void)snprintf(text, len, "%s is too long for credentials", path);
	else
		return true;
	return false;
}

char *
secret_read(const char *path, char *text, size_t len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	size_t have = 0;
	ssize_t n = -1;
	char *data = NULL;

	if (fd == -1) {
		(void)snprintf(text, len, "%s: %s", path, strerror(errno));
		return NULL;
	}
	if (secret_safe(path, fd, text, len) && (data = calloc(1, SECRET_MAX + 1)) != NULL) {
		while ((n = read(fd, data + have, SECRET_MAX - have)) > 0)
			have += (size_t)n;
		if (n == -1) {
			(void)snprintf(text, len, "%s: %s", path, strerror(errno));
			secret_free(data);
			data = NULL;
		}
	}
	(void)close(fd);
	return data;
}

void
secret_free(char *secret)
{
	if (secret != NULL)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}
