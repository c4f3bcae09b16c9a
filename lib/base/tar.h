/*
 * tar.h: writing and reading archives.
 */
#ifndef BASE_TAR_H
#define BASE_TAR_H

#include "base/base.h"

struct tar;

#define TAR_HEADER_MAX 1536	/* what tar_header makes has at most so many bytes */
#define TAR_END 1024		/* zeros at the end of an archive */
#define TAR_PATH_MAX 512	/* bytes of a member's path, with NUL; a longer path arrives cut */

/*
 * Make the header that stands before a file of 'size' bytes in an archive, and return its length.
 * 'path' has at most 300 bytes and at most one slash, with at most 100 bytes before the slash.  The
 * bytes of the file follow, and then tar_padding(size) zeros.
 */
size_t tar_header(const char *path, int64_t size, usec_t mtime, char buf[TAR_HEADER_MAX]);
size_t tar_padding(int64_t size);

struct tar_member {
	char type;		/* '0': a file, '5': a directory, else as in ustar */
	char path[TAR_PATH_MAX];	/* without "./" in front */
	int64_t size;
	uint64_t at;		/* offset of its header in the stream */
};
/* A source gives up to 'len' bytes of the archive, and sets *got to 0 at the end. */
typedef enum status tar_source(void *arg, void *buf, size_t len, size_t *got, struct error *);
enum status tar_open(tar_source *source, void *arg, struct tar **out, struct error *err) MUST_CHECK;
void tar_close(struct tar *t);
/*
 * Go to the next member, past what was not read of the last one.  ST_NONE: the archive is at its
 * end. ST_BADDATA: the archive is broken or cut off, and the error names the byte.  Another archive
 * may follow behind an end, as after "cat a b".
 */
enum status tar_next(struct tar *t, struct tar_member *m, struct error *err) MUST_CHECK;
/* Read bytes of the current member.  *got 0: there are no more. */
enum status tar_read(struct tar *t, void *buf, size_t len, size_t *got,
    struct error *err) MUST_CHECK;

#endif
