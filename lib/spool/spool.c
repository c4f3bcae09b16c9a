/*
 * spool.c: the directory that holds the queues, and its format file.
 */
#include <sys/stat.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "base/look.h"
#include "spool/spool.h"
#include "spool/queue.h"

#define FORMAT_FILE ".mq"
#define FORMAT_TEXT "mq-spool 1\n"
#define FORMAT_NEWEST 1

/*
 * Whether .mq looks as after a power failure, which may leave a file without its bytes, or with
 * zeros in their place.
 */
static bool
format_torn(const char *text, size_t len)
{
	size_t same = 0;

	while (same < len && same < sizeof(FORMAT_TEXT) - 1 && text[same] == FORMAT_TEXT[same])
		same++;
	while (same < len && text[same] == '\0')
		same++;
	return same == len && (len < sizeof(FORMAT_TEXT) - 1 || text[len - 1] == '\0');
}

/* See F14.1 of spool-format.md. */
enum status
format_check(const char *path, const char *text, size_t len, struct error *err)
{
	static const char word[] = "mq-spool ";
	const char *line, *errstr = NULL;
	char number[16];
	long long n = 0;

	if (strlen(text) == len && strncmp(text, word, sizeof(word) - 1) == 0) {
		(void)strlcpy(number, text + sizeof(word) - 1, sizeof(number));
		number[strcspn(number, "\n")] = '\0';
		if (number[0] != '0' && strspn(number, "0123456789") == strlen(number))
			n = strtonum(number, 1, INT32_MAX, &errstr);
	}
	if (n == 0 && format_torn(text, len))
		return error_set(err, ST_CONF, 0, "%s/%s is empty, as after a power failure: "
		    "'mq fsck --repair' writes it anew", path, FORMAT_FILE);
	if (n == 0)
		return error_set(err, ST_CONF, 0, "%s/%s: not the format file of a "
		    "spool (its first line is not 'mq-spool N')", path, FORMAT_FILE);
	if (n > FORMAT_NEWEST)
		return error_set(err, ST_CONF, 0, "spool %s has format %lld, this mq "
		    "knows %d: use a newer mq", path, n, FORMAT_NEWEST);
	for (line = strchr(text, '\n'); line != NULL; line = strchr(line + 1, '\n'))
		if (strncmp(line + 1, "feature ", 8) == 0)
			return error_set(err, ST_CONF, 0, "spool %s uses %.*s, which this "
			    "mq does not know: use a newer mq", path,
			    (int)strcspn(line + 1, "\n"), line + 1);
	return ST_OK;
}

/*
 * Make the format file.  It means that the spool is durable.  So the directory that holds the spool
 * is synced first, and then the file is written.
 */
static enum status
format_make(struct spool *sp, struct error *err)
{
	enum status st;
	int up;

	if ((st = fs_open_dir(sp->fd, "..", true, &up, err)) != ST_OK)
		return st == ST_GONE ? error_set(err, ST_IO, 0, "%s/..: gone", sp->path) : st;
	st = fs_sync(up, err);
	(void)close(up);
	if (st == ST_OK)
		st = fs_replace_file(sp->fd, FORMAT_FILE, FORMAT_TEXT,
		    sizeof(FORMAT_TEXT) - 1, 0644, OWNER_SELF, true, err);
	if (st == ST_UNSURE) {
		/* Whoever finds the file would take the spool to be durable. */
		struct error ignored = { 0 };
		if (fs_unlink(sp->fd, FORMAT_FILE, &ignored) != ST_OK)
			return st;
		err->status = st = ST_NOCREATE;
	}
	return st;
}

static enum status
format_read(struct spool *sp, bool create, bool made, struct error *err)
{
	struct error ignored;
	enum status st;
	char *text;
	size_t len;

	st = fs_read_file(sp->fd, FORMAT_FILE, false, 4096, &text, &len, err);
	if (st == ST_OK) {
		sp->torn = sp->mends && format_torn(text, len);
		st = sp->torn ? ST_OK : format_check(sp->path, text, len, err);
		free(text);
		return st;
	}
	if (st != ST_NOTFOUND || !create)
		return st == ST_NOTFOUND ? ST_OK : st;
	if (made)
		return format_make(sp, err);
	/*
	 * The directory was not made by us.  It serves without the file if we may not write there.
	 */
	error_clear(&ignored);
	st = format_make(sp, &ignored);
	if (st == ST_OK || st == ST_DENIED || ignored.errnum == EROFS)
		return ST_OK;
	*err = ignored;
	return st;
}

static enum status
spool_make(const char *path, struct error *err)
{
	enum status st = fs_mkdir_default(AT_FDCWD, path, err);

	if (st == ST_GONE)
		return error_set(err, ST_NOCREATE, 0, "cannot make the spool %s: the "
		    "directory that would hold it is missing", path);
	if (st == ST_IO)
		err->status = st = ST_NOCREATE;
	return st == ST_EXISTS ? ST_OK : st;
}

static enum status
spool_open_how(const char *path, bool create, bool mends, const struct conf_files *conf,
    struct spool **out, struct error *err)
{
	struct spool *sp;
	bool made = false;
	enum status st;

	*out = NULL;
	if ((sp = calloc(1, sizeof(*sp))) == NULL)
		return error_sys(err, ENOMEM, "open spool");
	sp->conf = conf;
	sp->mends = mends;
	if (strlcpy(sp->path, path, sizeof(sp->path)) >= sizeof(sp->path)) {
		free(sp);
		return error_set(err, ST_USAGE, 0, "the path of the spool is too long");
	}
	st = fs_open_dir(AT_FDCWD, path, true, &sp->fd, err);
	if (st == ST_GONE && create) {
		made = true;
		st = spool_make(path, err);
		if (st == ST_OK)
			st = fs_open_dir(AT_FDCWD, path, true, &sp->fd, err);
	}
	if (st == ST_GONE)
		st = error_set(err, ST_NOTFOUND, 0, "no spool at %s: push or init make it", path);
	if (st == ST_OK && (st = format_read(sp, create, made, err)) != ST_OK)
		(void)close(sp->fd);
	if (st != ST_OK) {
		free(sp);
		return st;
	}
	*out = sp;
	return ST_OK;
}

enum status
spool_open(const char *path, bool create, const struct conf_files *conf, struct spool **out,
    struct error *err)
{
	return spool_open_how(path, create, false, conf, out, err);
}

enum status
spool_open_raw(const char *path, const struct conf_files *conf, struct spool **out,
    struct error *err)
{
	return spool_open_how(path, false, true, conf, out, err);
}

enum status
spool_mend_format(struct spool *sp, struct error *err)
{
	enum status st = format_make(sp, err);

	if (st == ST_OK)
		sp->torn = false;
	return st;
}

void
spool_close(struct spool *sp)
{
	if (sp == NULL)
		return;
	(void)close(sp->fd);
	free(sp);
}

const struct error *
spool_log_error(const struct spool *sp)
{
	return &sp->log_error;
}

const char *
spool_path(const struct spool *sp)
{
	return sp->path;
}

static bool
spool_holds_state(int spoolfd, const char *name, const char *state)
{
	char path[NAME_MAX_LEN + 12];
	struct stat st;

	(void)strlcpy(path, name, sizeof(path));
	(void)strlcat(path, "/", sizeof(path));
	(void)strlcat(path, state, sizeof(path));
	/* A directory that we may not look into counts as a queue.  Opening it will say why not. */
	return fstatat(spoolfd, path, &st, AT_SYMLINK_NOFOLLOW) == 0 ?
	    S_ISDIR(st.st_mode) : errno != ENOENT && errno != ENOTDIR && errno != ELOOP;
}

/* Whether the directory of any state but ready/ is left of a queue. */
static bool
spool_was_queue(int spoolfd, const char *name)
{
	bool was = false;

	for (int s = 0; !was && s < NSTATES; s++)
		was = s != STATE_READY && spool_holds_state(spoolfd, name, state_names[s]);
	return was;
}

/* What an entry of the spool is.  A directory with a ready/ is a queue. */
static enum spool_entry
spool_entry_kind(int spoolfd, const struct entry *e)
{
	bool ready = queue_name_ok(e->name) && (e->type == DT_DIR || e->type == DT_LNK) &&
	    spool_holds_state(spoolfd, e->name, state_names[STATE_READY]);

	if (e->type == DT_LNK)
		return ready ? SPOOL_LINK : SPOOL_OTHER;
	if (ready)
		return SPOOL_QUEUE;
	return e->type == DT_DIR && queue_name_ok(e->name) && spool_was_queue(spoolfd, e->name) ?
	    SPOOL_WRECK : SPOOL_OTHER;
}

struct spool_want {
	int fd;
	unsigned kinds;
};

static bool
spool_entry_wanted(void *arg, const struct entry *e)
{
	const struct spool_want *w = arg;

	return (spool_entry_kind(w->fd, e) & w->kinds) != 0;
}

enum status
spool_list(struct spool *sp, unsigned kinds, struct names *names, struct error *err)
{
	struct spool_want w = { sp->fd, kinds };
	struct listing l;
	enum status st;

	memset(names, 0, sizeof(*names));
	if ((st = fs_list(sp->fd, "", 0, false, &l, NULL, err)) != ST_OK)
		return st;
	return listing_names(&l, spool_entry_wanted, &w, names, err);
}

bool
spool_holds(const struct spool *sp, const char *name)
{
	return name_stands(sp->fd, name) != STANDS_NOT;
}
