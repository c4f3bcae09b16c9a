/*
 * tarout.c: writing the header of a file in an archive.  tar.c reads archives.
 */
#include <stdlib.h>
#include <string.h>

#include "base/tar.h"
#include "base/ustar.h"

#define OCTAL_MAX 077777777777LL	/* what 11 digits hold */

unsigned
ustar_checksum(const struct ustar *u, bool with_sign)
{
	struct ustar copy = *u;
	const char *p = (const char *)&copy;
	unsigned sum = 0;

	memset(copy.chksum, ' ', sizeof(copy.chksum));
	for (size_t i = 0; i < sizeof(copy); i++)
		sum += with_sign ? (unsigned)(signed char)p[i] : (unsigned char)p[i];
	return sum;
}

size_t
tar_padding(int64_t size)
{
	return (size_t)(-(uint64_t)size % BLOCK);
}

/*
 * Write a number as octal digits and a NUL.  For a number that does not fit, a pax header goes
 * before this one.
 */
static void
tarout_octal(char *field, size_t len, int64_t n)
{
	char text[24];

	(void)snprintf(text, sizeof(text), "%0*llo", (int)len - 1, (unsigned long long)n);
	memcpy(field, text, len);
}

/* Write a path, split at its one slash if need be.  False: it does not fit. */
static bool
tarout_put_path(struct ustar *u, const char *path)
{
	const char *slash = strchr(path, '/'), *name = path;
	size_t len = strlen(path);

	if (len > sizeof(u->name) && slash != NULL) {
		memcpy(u->prefix, path, (size_t)(slash - path));
		name = slash + 1;
		len = strlen(name);
	}
	memcpy(u->name, name, len < sizeof(u->name) ? len : sizeof(u->name));
	return len <= sizeof(u->name);
}

static bool
tarout_put_block(char *to, const char *path, char type, int64_t size, usec_t mtime)
{
	struct ustar u = { .magic = "ustar", .version = { '0', '0' }, .type = type };
	usec_t seconds = mtime / USEC;
	bool fits = tarout_put_path(&u, path);

	tarout_octal(u.mode, sizeof(u.mode), 0600);
	tarout_octal(u.uid, sizeof(u.uid), 0);
	tarout_octal(u.gid, sizeof(u.gid), 0);
	tarout_octal(u.size, sizeof(u.size), size <= OCTAL_MAX ? size : 0);
	tarout_octal(u.mtime, sizeof(u.mtime), seconds < 0 ? 0 : seconds <= OCTAL_MAX ? seconds :
	    OCTAL_MAX);
	(void)snprintf(u.chksum, sizeof(u.chksum), "%06o", ustar_checksum(&u, false));
	u.chksum[7] = ' ';
	memcpy(to, &u, sizeof(u));
	return fits && size <= OCTAL_MAX;
}

/* Write "LENGTH KEY=VALUE\n".  The length counts its own digits, too. */
static size_t
tarout_pax_record(char *to, size_t room, const char *key, const char *value)
{
	size_t body = strlen(key) + strlen(value) + 3, len, digits = 0;

	/* The digits of the length may make the length one digit longer. */
	for (size_t n = body; n > 0; n /= 10)
		digits++;
	len = body + digits;
	for (size_t n = len, d = 0; n > 0; n /= 10)
		if (++d > digits)
			len = body + d;
	return (size_t)snprintf(to, room, "%zu %s=%s\n", len, key, value);
}

size_t
tar_header(const char *path, int64_t size, usec_t mtime, char buf[TAR_HEADER_MAX])
{
	char number[24];
	size_t len;

	memset(buf, 0, TAR_HEADER_MAX);
	if (tarout_put_block(buf, path, '0', size, mtime))
		return BLOCK;
	len = tarout_pax_record(buf + BLOCK, BLOCK, "path", path);
	if (size > OCTAL_MAX) {
		(void)snprintf(number, sizeof(number), "%lld", (long long)size);
		len += tarout_pax_record(buf + BLOCK + len, BLOCK - len, "size", number);
	}
	(void)tarout_put_block(buf, "PaxHeaders/mq", 'x', (int64_t)len, mtime);
	(void)tarout_put_block(buf + 2 * (size_t)BLOCK, path, '0', size, mtime);
	return 3 * (size_t)BLOCK;
}
