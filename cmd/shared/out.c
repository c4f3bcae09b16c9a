/*
 * out.c: what goes to stdout, and how foreign bytes are made visible.
 */
#include <sys/ioctl.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
/* libbsd demands a choice between two strnvis; neither is used here. */
#define LIBBSD_OPENBSD_VIS
#include <vis.h>

#include "base/name.h"
#include "base/envelope.h"
#include "spool/record.h"
#include "view/view.h"
#include "shared/cmd.h"
#include "shared/out.h"

enum status
out_flush(struct run *r)
{
	errno = 0;
	if (fflush(stdout) == 0 && ferror(stdout) == 0)
		return ST_OK;
	return error_set(&r->err, ST_IO, errno, "stdout");
}

/* Return the length of the UTF-8 sequence at 'text' (RFC 3629), 0 if it is invalid. */
size_t
out_utf8(const unsigned char *text, size_t len, uint32_t *cp)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = text[0] < 0x80 ? 1 : text[0] >= 0xc2 && text[0] < 0xe0 ? 2 :
	    text[0] >= 0xe0 && text[0] < 0xf0 ? 3 : text[0] >= 0xf0 && text[0] < 0xf5 ? 4 : 0;

	if (n == 0 || n > len)
		return 0;
	*cp = n == 1 ? text[0] : text[0] & (0x7fu >> n);
	for (size_t i = 1; i < n; i++) {
		if ((text[i] & 0xc0) != 0x80)
			return 0;
		*cp = *cp << 6 | (text[i] & 0x3f);
	}
	if (*cp < least[n] || *cp > 0x10ffff || (*cp >= 0xd800 && *cp < 0xe000))
		return 0;
	return n;
}

/* Whether a character has no width, or changes the direction of the text (UAX #9). */
static bool
out_disguises(uint32_t cp)
{
	return (cp >= 0x200b && cp <= 0x200f) || (cp >= 0x202a && cp <= 0x202e) ||
	    (cp >= 0x2060 && cp <= 0x2069) || cp == 0xfeff;
}

void
out_vis(FILE *f, const char *text, size_t len)
{
	char enc[8];

	while (len > 0) {
		uint32_t cp;
		size_t n = out_utf8((const unsigned char *)text, len, &cp);
		/*
		 * C1 controls (U+0080 to U+009F) act on terminals as escapes do.  Other characters
		 * hide text or change its order.
		 */
		if (n > 1 && cp >= 0xa0 && !out_disguises(cp))
			(void)fwrite(text, 1, n, f);
		else {
			n = 1;
			(void)vis(enc, *text, VIS_CSTYLE | VIS_TAB | VIS_NL,
			    len > 1 ? text[1] : '\0');
			(void)fputs(enc, f);
		}
		text += n;
		len -= n;
	}
}

/* ---- terminals -------------------------------------------------------- */

size_t
out_columns(void)
{
	struct winsize w;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0 ? w.ws_col : 80;
}

/* Each character counts as one column, which is right for most reasons. */
void
out_clip(char *text, size_t columns)
{
	size_t len = strlen(text), at = 0, cut = 0, n, col;
	uint32_t cp;

	for (col = 0; at < len && col < columns; col++) {
		if (col + 3 == columns)
			cut = at;
		n = out_utf8((const unsigned char *)text + at, len - at, &cp);
		at += n > 0 ? n : 1;
	}
	if (at < len && columns >= 3)
		memcpy(text + cut, "...", 4);	/* at least three characters stood behind 'cut' */
}

static bool
out_colours(void)
{
	static int known = -1;
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	if (known == -1)
		known = isatty(STDOUT_FILENO) == 1 && (no == NULL || no[0] == '\0') &&
		    term != NULL && strcmp(term, "dumb") != 0;
	return known == 1;
}

void
out_colour(FILE *f, int state)
{
	static const char *const sgr[NSTATES] = { [STATE_DELAYED] = "36", [STATE_CLAIMED] = "34",
	    [STATE_HELD] = "33", [STATE_DEAD] = "31", [STATE_DONE] = "2" };

	if (out_colours() && (state == -1 || sgr[state] != NULL))
		(void)fprintf(f, "\033[%sm", state == -1 ? "0" : sgr[state]);
}
