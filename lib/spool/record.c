/*
 * record.c: the failure record of a message, attempt by attempt, in failures/XX/ID (F9.16 to F9.21
 * of spool-format.md).
 *
 * The record is advice.  On a full disk the message moves on without it, and its name still says
 * why.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/names.h"
#include "base/name.h"
#include "base/fs.h"
#include "spool/record.h"
#include "spool/queue.h"
#include "spool/lane.h"

#define RECORD_MAX 65536
#define STDERR_MAX 4096

/*
 * Open the directory that the record of an id is in.  'make': make it if need be.  -1: there is
 * none, or it could not be made.
 */
static int
record_dir(struct queue *q, const struct msgid *id, bool make)
{
	const char *shard = id->text + ID_LEN - 2;
	enum missing missing = make ? MISSING_MAKE_ADVICE : MISSING_LEAVE;
	struct error ignored;
	int top, fd;

	error_clear(&ignored);
	if (queue_sub(q, q->fd, "failures", missing, &top, &ignored) != ST_OK)
		return -1;
	if (queue_sub(q, top, shard, missing, &fd, &ignored) != ST_OK)
		fd = -1;
	(void)close(top);
	return fd;
}

static void
record_put_stderr(FILE *f, const char *text, size_t len)
{
	bool start = true;

	if (len > STDERR_MAX) {
		text += len - STDERR_MAX;
		len = STDERR_MAX;
	}
	if (len == 0)
		return;
	fputs("Stderr:\n", f);
	for (size_t i = 0; i < len; i++) {
		if (start)
			fputc(' ', f);
		start = text[i] == '\n';
		if (text[i] != '\0')
			fputc(text[i], f);
	}
	if (!start)
		fputc('\n', f);
}

/* Print the text on one line.  A character that would start another line becomes a space. */
static void
record_put_text(FILE *f, const char *text)
{
	fputs("Text: ", f);
	for (; *text != '\0'; text++)
		fputc(*text == '\n' || *text == '\r' ? ' ' : *text, f);
	fputc('\n', f);
}

static void
record_print(FILE *f, int attempt, const struct failure *why, usec_t now)
{
	char key[KEY_LEN + 1];

	key_format(now, key);
	fprintf(f, "Time: %s\n", key);
	if (attempt > 0)
		fprintf(f, "Attempt: %d\n", attempt);
	fprintf(f, "Reason: %s\n", why->reason);
	if (why->duration > 0)
		fprintf(f, "Duration: %lld.%03lld\n", (long long)(why->duration / USEC),
		    (long long)(why->duration % USEC / 1000));
	if (why->text != NULL && why->text[0] != '\0')
		record_put_text(f, why->text);
	if (why->given != NULL && why->given[0] != '\0')
		fprintf(f, "Given: %s\n", why->given);
	record_put_stderr(f, why->stderr_tail, why->stderr_len);
	fputc('\n', f);
}

void
record_add(struct queue *q, const struct msgid *id, int attempt,
    const struct failure *why, usec_t now, bool sync)
{
	struct error ignored;
	char *text = NULL;
	size_t len = 0;
	struct stat st;
	FILE *f;
	int dir;

	if ((f = open_memstream(&text, &len)) == NULL)
		return;
	record_print(f, attempt, why, now);
	dir = fclose(f) == 0 ? record_dir(q, id, true) : -1;
	if (dir != -1) {
		error_clear(&ignored);
		/* A message that is retried for ever must not fill the disk with its history. */
		if (fstatat(dir, id->text, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
		    st.st_size > RECORD_MAX && fs_unlink(dir, id->text, &ignored) != ST_OK)
			error_clear(&ignored);
		if (fs_append(dir, id->text, text, len, queue_file_mode(q), q->owner,
		    sync && queue_synced(q), &ignored) == ST_OK && sync &&
		    queue_synced(q) && fs_sync(dir, &ignored) != ST_OK)
			error_clear(&ignored);
		(void)close(dir);
	}
	free(text);
}

enum status
msg_record_put(struct queue *q, const struct msgid *id, const char *text, size_t len,
    struct error *err)
{
	char tmp[40];
	enum status st;
	int dir, fd, tmpfd;

	if ((st = queue_tmp(q, &tmpfd, err)) != ST_OK)
		return st;
	if ((dir = record_dir(q, id, true)) == -1)
		return error_set(err, ST_NOCREATE, 0,
		    "queue %s: cannot make a directory in failures/", q->name);
	tmp_name(tmp);
	if ((st = fs_create(tmpfd, tmp, queue_file_mode(q), q->owner, &fd, err)) == ST_OK) {
		(void)fs_lock(fd, 1LL << 62, true);
		st = fs_write(fd, text, len, err);
		if (st == ST_OK)
			st = fs_move_own(tmpfd, tmp, dir, id->text, err);
		if (st != ST_OK) {
			struct error ignored = { .status = ST_OK };
			(void)!fs_unlink(tmpfd, tmp, &ignored);
		}
		(void)close(fd);
	}
	(void)close(dir);
	return st == ST_EXISTS ? ST_OK : st == ST_GONE ?
	    error_set(err, ST_IO, 0, "queue %s: failures/ went away", q->name) : st;
}

void
record_drop(struct queue *q, const struct msgid *id)
{
	struct error ignored;
	int dir;

	if ((dir = record_dir(q, id, false)) == -1)
		return;
	error_clear(&ignored);
	if (fs_unlink(dir, id->text, &ignored) != ST_OK)
		error_clear(&ignored);
	(void)close(dir);
}

void
record_move(struct queue *q, const struct msgid *id, struct queue *to)
{
	struct error ignored;
	int from, dir;

	if ((from = record_dir(q, id, false)) == -1)
		return;
	error_clear(&ignored);
	if ((dir = record_dir(to, id, true)) != -1) {
		if (fs_move(from, id->text, dir, id->text, &ignored) != ST_OK)
			error_clear(&ignored);
		(void)close(dir);
	}
	(void)close(from);
}

enum status
msg_record(struct queue *q, const struct msgid *id, char **text, size_t *len, struct error *err)
{
	int top = -1, dir = -1;
	enum status st;

	*text = NULL;
	*len = 0;
	if ((st = fs_open_dir(q->fd, "failures", false, &top, err)) == ST_OK &&
	    (st = fs_open_dir(top, id->text + ID_LEN - 2, false, &dir, err)) == ST_OK)
		st = fs_read_file(dir, id->text, false, (size_t)4 * RECORD_MAX, text, len, err);
	if (top != -1)
		(void)close(top);
	if (dir != -1)
		(void)close(dir);
	if (st == ST_OK)
		return ST_OK;
	*text = NULL;
	if (st != ST_GONE && st != ST_NOTFOUND && st != ST_CONF)
		return st;
	/* there is no record, or something else has its name, which fsck reports */
	error_clear(err);
	return ST_OK;
}

/*
 * Find the last line that starts with 'name', and return the rest of it.  NULL: there is no such
 * line.
 */
static const char *
record_last_line(const char *text, const char *name, size_t *len)
{
	const char *found = NULL, *p = text;
	size_t n = strlen(name);

	while ((p = strstr(p, name)) != NULL) {
		if (p == text || p[-1] == '\n')
			found = p + n;
		p += n;
	}
	*len = found != NULL ? strcspn(found, "\n") : 0;
	return found;
}

/* Copy the last indented line at the end of the text, which is the last thing the handler said. */
static void
record_last_stderr(const char *text, size_t len, char *buf, size_t size)
{
	size_t end = len, start;

	buf[0] = '\0';
	while (end > 0 && (text[end - 1] == '\n' || text[end - 1] == ' '))
		end--;
	for (start = end; start > 0 && text[start - 1] != '\n'; start--)
		continue;
	if (start < end && text[start] == ' ')
		(void)snprintf(buf, size, "%.*s", (int)(end - start - 1), text + start + 1);
}

void
msg_reason(struct queue *q, const struct place *p, char *buf, size_t size)
{
	char words[512], *text, *block, *next;
	struct error ignored;
	const char *said;
	size_t len;

	(void)strlcpy(buf, p->name.reason, size);
	if (buf[0] == '\0')
		return;
	error_clear(&ignored);
	if (msg_record(q, &p->name.id, &text, &len, &ignored) != ST_OK || text == NULL)
		return;
	/* The last block tells about the last failure. */
	for (block = text; (next = strstr(block, "\n\nTime: ")) != NULL; block = next + 2)
		continue;
	if ((said = record_last_line(block, "Text: ", &len)) != NULL)
		(void)snprintf(buf, size, "%.*s", (int)len, said);
	else {
		record_last_stderr(block, strlen(block), words, sizeof(words));
		if (words[0] != '\0') {
			(void)strlcat(buf, ": ", size);
			(void)strlcat(buf, words, size);
		}
	}
	free(text);
}

void
record_given(struct queue *q, const struct msgid *id, struct names *out)
{
	struct error ignored;
	const char *given;
	size_t len;
	char *text;

	memset(out, 0, sizeof(*out));
	error_clear(&ignored);
	if (msg_record(q, id, &text, &len, &ignored) != ST_OK || text == NULL)
		return;
	/* If a crash cut the line off, its last name may be that of another queue. */
	if ((given = record_last_line(text, "Given: ", &len)) != NULL && given[len] == '\n')
		(void)!names_split(given, len, ' ', out, &ignored);
	free(text);
}

/*
 * Read the value of the line at *at if the line starts with 'name', and move *at to the next line.
 */
static bool
report_value(const char **at, const char *name, const char **text, size_t *len)
{
	size_t n = strlen(name);

	if (strncmp(*at, name, n) != 0)
		return false;
	*text = *at + n;
	*len = strcspn(*text, "\n");
	*at = *text + *len + ((*text)[*len] == '\n');
	return true;
}

static void
report_indented(const char **at, struct report *r)
{
	r->errors = *at;
	while (**at == ' ') {
		*at += strcspn(*at, "\n");
		*at += **at == '\n';
	}
	r->errorslen = (size_t)(*at - r->errors);
}

bool
report_next(const char **at, struct report *r)
{
	const char *text;
	size_t len;

	memset(r, 0, sizeof(*r));
	r->duration = -1;
	while (**at != '\0' &&
	    !(report_value(at, "Time: ", &text, &len) && key_parse(text, &r->at))) {
		*at += strcspn(*at, "\n");
		*at += **at == '\n';
	}
	if (r->at == 0)
		return false;
	while (**at != '\0' && **at != '\n') {
		if (report_value(at, "Attempt: ", &text, &len))
			r->attempt = (int)strtol(text, NULL, 10);
		else if (report_value(at, "Duration: ", &text, &len))
			r->duration = (usec_t)(strtod(text, NULL) * USEC);
		else if (report_value(at, "Stderr:", &text, &len))
			report_indented(at, r);
		else if (!report_value(at, "Reason: ", &r->reason, &r->reasonlen) &&
		    !report_value(at, "Text: ", &r->text, &r->textlen) &&
		    !report_value(at, "Given: ", &r->given, &r->givenlen))
			(void)report_value(at, "", &text, &len);	/* another version's line */
	}
	return true;
}
