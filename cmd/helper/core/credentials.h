/*
 * credentials.h: the file that 'credentials' of the settings names, for engines that have users and
 * passwords.  It is like a netrc file:
 *
 *	machine rabbit.example.org login mq password secret
 *	machine kafka.example.org:9093
 *		login mq
 *		password "with blanks"
 *		mechanism SCRAM-SHA-512
 *	default login anybody password else
 *
 * An entry begins with "machine HOST", "machine HOST:PORT" or "default", and has pairs of a word
 * and its value.  A value in double quotes may have blanks; \" and \\ stand for these bytes.  A
 * line that begins with "#" is passed over.  The first entry that fits is taken.
 */
#ifndef CMD_HELPER_CORE_CREDENTIALS_H
#define CMD_HELPER_CORE_CREDENTIALS_H

#include "base/base.h"

#define CREDENTIALS_MAX 65536	/* bytes of such a file */
#define CREDENTIALS_PAIRS 16

/* What one entry has.  Set it to zero before the first use. */
struct credentials {
	char *text;		/* of the whole file */
	int n;
	const char *word[CREDENTIALS_PAIRS], *value[CREDENTIALS_PAIRS];
};

/*
 * Read the file and find the entry for the host; 'port' may be NULL or "".  ST_NONE: it has none.
 * ST_CONF: the file is not there, is open to others, or is no such file; the error names it.
 */
enum status credentials_read(struct credentials *c, const char *path, const char *host,
    const char *port, struct error *err) MUST_CHECK;
/*
 * The two halves of this, for an engine that has files of its own kind, too: read it into c->text,
 * and find the entry.
 */
enum status credentials_load(struct credentials *c, const char *path, struct error *err) MUST_CHECK;
enum status credentials_find(struct credentials *c, const char *path, const char *host,
    const char *port, struct error *err) MUST_CHECK;
/* The value of "login", "password", or a word of an engine's own.  NULL: it is not there. */
const char *credentials_value(const struct credentials *c, const char *word);
/* Wipe the secrets, too. */
void credentials_free(struct credentials *c);

#endif
