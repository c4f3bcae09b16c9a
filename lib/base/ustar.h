/*
 * ustar.h: the header block of an archive (POSIX.1-2008, pax), between tar.c, which reads, and
 * tarout.c, which writes.
 */
#ifndef BASE_USTAR_H
#define BASE_USTAR_H

#include "base/base.h"

#define BLOCK 512

struct ustar {
	char name[100], mode[8], uid[8], gid[8], size[12], mtime[12], chksum[8], type;
	char linkname[100], magic[6], version[2], uname[32], gname[32], major[8], minor[8];
	char prefix[155], pad[12];
};
_Static_assert(sizeof(struct ustar) == BLOCK, "a header is one block");

unsigned ustar_checksum(const struct ustar *u, bool with_sign);

#endif
