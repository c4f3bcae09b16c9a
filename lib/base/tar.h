/*
 * tar.h: archives, to write and to read.
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/base.h"

struct tar;

#define TAR_HEADER_MAX 1536	/* bytes of what tar_header makes, at most */
#define TAR_END 1024		/* zeros at the end of an archive */
#define TAR_PATH_MAX 512	/* of a member, with NUL; a longer one arrives cut */

/*
 * What stands in front of a file of size bytes in an archive; path has at most 300 bytes, a slash
 * at most, and at most 100 bytes before it.  Then come its bytes and tar_padding(size) zeros.
 */
size_t tar_header(const char *path, int64_t size, usec_t mtime, char buf[TAR_HEADER_MAX]);
size_t tar_padding(int64_t size);

struct tar_member {
	char type;		/* '0': a file, '5': a directory, else as in ustar */
	char path[TAR_PATH_MAX];	/* without "./" in front */
	int64_t size;
	uint64_t at;		/* where its header stands in the stream */
};
/* Gives up to len bytes, and *got 0 at the end. */
typedef enum status tar_source(void *arg, void *buf, size_t len, size_t *got, struct error *);
enum status tar_open(tar_source *source, void *arg, struct tar **out, struct error *err) MUST_CHECK;
void tar_close(struct tar *t);
/*
 * The next member; what was not read of the last one is skipped.  ST_NONE: the archive is at its
 * end.  ST_BADDATA: broken or cut off; the error names the byte.  Behind an end another archive may
 * follow, as of "cat a b".
 */
enum status tar_next(struct tar *t, struct tar_member *m, struct error *err) MUST_CHECK;
/* Its bytes; *got 0: that was all. */
enum status tar_read(struct tar *t, void *buf, size_t len, size_t *got,
    struct error *err) MUST_CHECK;

#endif
