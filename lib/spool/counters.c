/*
 * counters.c: rates and limits in a small file, which all processes share by mapping it.
 *
 * The counters are advice and never the truth (P4).  Nothing here can fail a verb, the file may go
 * at any time, and no limit is enforced on its word alone.  Adding is one atomic instruction, so a
 * process that is killed leaves a count off by at most one.  A page may be missing, because the
 * disk of a copy-on-write file system is full, or because somebody truncated the file.  Using it
 * raises SIGBUS, and the handler replaces it by a page that nobody else sees.
 */
#include <sys/mman.h>
#include <sys/stat.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/name.h"
#include "base/fs.h"
#include "spool/spool.h"
#include "spool/queue.h"
#include "spool/counters.h"

#define COUNTERS_FILE "counters"
#define COUNTERS_SIZE 4096
#define MAGIC 0x31746e756f63716dULL	/* "mqcount1" */
#define SLOT (15 * USEC)
#define NSLOTS 64			/* 16 minutes */

const char *const count_names[NCOUNTS] = { "pushed", "delivered", "acked",
    "failed", "dead", "expired", "retried", "removed", "late" };

/* How many counts have rates, too.  These are the counts before COUNT_LATE. */
#define NRATED COUNT_LATE

struct page {
	_Atomic uint64_t magic;
	_Atomic int64_t messages, bytes;	/* in ready, delayed and claimed */
	/* when they were last counted by listing, 0: never */
	_Atomic int64_t since;
	_Atomic uint64_t total[NRATED];
	struct {
		_Atomic int64_t stamp;		/* which 15 seconds since the epoch */
		_Atomic uint32_t n[NRATED];
	} slot[NSLOTS];
	_Atomic uint64_t hints[HINTS_SIZE / sizeof(uint64_t)];	/* see hint.c */
	/* totals; they stand at the end, so that all else stays where older versions have it */
	_Atomic uint64_t unrated[NCOUNTS - NRATED];
	_Atomic uint64_t claimed;		/* see life/flow.c */
	_Atomic int64_t turn;
};
_Static_assert(sizeof(struct page) <= COUNTERS_SIZE, "counters outgrew their file");

struct counters {
	int fd;
	struct page *page;
};

static bool
counters_sound(int fd)
{
	struct stat st;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == COUNTERS_SIZE;
}

/* ---- pages that cannot be had ----------------------------------------- */

#define PAGES_MAX 80	/* queues of one worker, and some for its dead letters */

static void *volatile pages[PAGES_MAX];

/*
 * Replace the page that is missing, so that the store goes nowhere and the program goes on.  The
 * idea is systemd's (sigbus.c).
 */
static void
counters_sigbus(int sig, siginfo_t *info, void *context)
{
	const char *at = info->si_addr;

	(void)context;
	for (size_t i = 0; info->si_code > 0 && i < PAGES_MAX; i++) {
		char *page = pages[i];
		/* mmap(2) is a plain system call here, safe in a handler. */
		if (page != NULL && at >= page && at < page + COUNTERS_SIZE &&
		    mmap(page, COUNTERS_SIZE, PROT_READ | PROT_WRITE,
		    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) != MAP_FAILED)
			return;
	}
	(void)signal(sig, SIG_DFL);
	(void)raise(sig);
}

static void *
counters_page_map(int fd)
{
	struct sigaction sa = { .sa_sigaction = counters_sigbus, .sa_flags = SA_SIGINFO };
	void *page;
	size_t i = 0;

	while (i < PAGES_MAX && pages[i] != NULL)
		i++;
	if (i == PAGES_MAX || sigaction(SIGBUS, &sa, NULL) == -1)
		return NULL;
	page = mmap(NULL, COUNTERS_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	return page == MAP_FAILED ? NULL : (pages[i] = page);
}

static void
counters_page_unmap(void *page)
{
	(void)munmap(page, COUNTERS_SIZE);
	for (size_t i = 0; i < PAGES_MAX; i++)
		if (pages[i] == page)
			pages[i] = NULL;
}

/* ---- the file --------------------------------------------------------- */

static struct counters *
counters_map(int fd)
{
	struct counters *c = NULL;
	uint64_t none = 0;
	void *page = counters_page_map(fd);

	if (page == NULL)
		return NULL;
	(void)atomic_compare_exchange_strong(&((struct page *)page)->magic, &none, MAGIC);
	if (((struct page *)page)->magic == MAGIC)
		c = malloc(sizeof(*c));
	if (c == NULL) {
		counters_page_unmap(page);
		return NULL;
	}
	c->fd = fd;
	c->page = page;
	return c;
}

/* The page of a queue.  NULL: it has none, and none can be made. */
static struct page *
counters_page(struct queue *q)
{
	struct stat st;
	int fd;

	if (q->counters != NULL)
		return q->counters->page;
	if (q->counters_tried)
		return NULL;
	q->counters_tried = true;
	if ((fd = fs_make_shared(q->fd, COUNTERS_FILE, queue_file_mode(q), q->owner)) == -1)
		return NULL;
	/* on a full disk the file stays empty, so that the next process tries again */
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size == 0 &&
	    posix_fallocate(fd, 0, COUNTERS_SIZE) != 0 && !counters_sound(fd) &&
	    ftruncate(fd, 0) == -1)
		(void)0;
	if (counters_sound(fd))
		q->counters = counters_map(fd);
	if (q->counters == NULL) {
		(void)close(fd);
		return NULL;
	}
	return q->counters->page;
}

_Atomic uint64_t *
counters_hints(struct queue *q, bool open)
{
	struct page *p = open || q->counters != NULL ? counters_page(q) : NULL;

	return p == NULL ? NULL : p->hints;
}

void
counters_close(struct queue *q)
{
	if (q->counters == NULL)
		return;
	counters_page_unmap(q->counters->page);
	(void)close(q->counters->fd);
	free(q->counters);
	q->counters = NULL;
}

void
counters_add(struct queue *q, int what, uint64_t n, usec_t now)
{
	struct page *p = counters_page(q);
	int64_t stamp = now / SLOT, old;
	size_t i = (size_t)(stamp % NSLOTS);

	if (p == NULL || n == 0)
		return;
	if (what >= NRATED) {
		p->unrated[what - NRATED] += n;
		return;
	}
	p->total[what] += n;
	old = p->slot[i].stamp;
	if (old != stamp && atomic_compare_exchange_strong(&p->slot[i].stamp, &old, stamp))
		for (int k = 0; k < NRATED; k++)
			p->slot[i].n[k] = 0;
	p->slot[i].n[what] += (uint32_t)n;
}

void
counters_state(struct queue *q, enum state s, int messages, int64_t bytes)
{
	struct page *p;

	if (s != STATE_READY && s != STATE_DELAYED && s != STATE_CLAIMED)
		return;
	if ((p = counters_page(q)) == NULL)
		return;
	p->messages += messages;
	p->bytes += bytes;
	if (s == STATE_CLAIMED)
		p->claimed += (uint64_t)messages;
}

bool
counters_backlog(struct queue *q, uint64_t *messages, uint64_t *bytes, usec_t *since)
{
	struct page *p = counters_page(q);

	if (p == NULL)
		return false;
	*messages = p->messages < 0 ? 0 : (uint64_t)p->messages;
	*bytes = p->bytes < 0 ? 0 : (uint64_t)p->bytes;
	*since = p->since;
	return true;
}

void
counters_set_backlog(struct queue *q, uint64_t messages, uint64_t bytes, usec_t now)
{
	struct page *p = counters_page(q);

	if (p == NULL)
		return;
	p->messages = (int64_t)messages;
	p->bytes = (int64_t)bytes;
	p->since = now;
}

int64_t
counters_claimed(struct queue *q, int more)
{
	struct page *p = counters_page(q);

	/* The number in a file may be anything.  Without a sign it may wrap. */
	return p == NULL ? 0 : (int64_t)(atomic_fetch_add(&p->claimed, (uint64_t)more) +
	    (uint64_t)more);
}

bool
counters_set_claimed(struct queue *q, int64_t had, int64_t is)
{
	struct page *p = counters_page(q);
	uint64_t old = (uint64_t)had;

	return p != NULL && atomic_compare_exchange_strong(&p->claimed, &old, (uint64_t)is);
}

_Atomic int64_t *
counters_turn(struct queue *q)
{
	struct stat st;
	struct page *p;

	/*
	 * All processes must use the same file.  A process whose file was removed opens that of the
	 * others.
	 */
	if (q->counters != NULL && fstat(q->counters->fd, &st) == 0 && st.st_nlink == 0) {
		counters_close(q);
		q->counters_tried = false;
	}
	p = counters_page(q);
	return p == NULL ? &q->turn : &p->turn;
}

/*
 * Read the page into *p for a process that only looks.  Nothing is made, and the right to read is
 * enough.  This closes 'fd'.
 */
static bool
counters_read(int fd, struct page *p)
{
	bool ok = counters_sound(fd) && pread(fd, p, sizeof(*p), 0) == (ssize_t)sizeof(*p) &&
	    p->magic == MAGIC;
	(void)close(fd);
	return ok;
}

void
queue_rates(struct queue *q, usec_t now, struct rates *r)
{
	static const int slots[3] = { 4, 20, 60 };	/* 1, 5 and 15 minutes */
	int fd = fs_open_read(q->fd, COUNTERS_FILE);
	int64_t stamp = now / SLOT;
	struct page p;

	memset(r, 0, sizeof(*r));
	if (fd == -1 || !counters_read(fd, &p))
		return;
	for (int k = 0; k < NCOUNTS; k++)
		r->total[k] = k < NRATED ? p.total[k] : p.unrated[k - NRATED];
	for (size_t i = 0; i < NSLOTS; i++)
		for (int w = 0; w < 3; w++) {
			int64_t age = stamp - p.slot[i].stamp;
			if (age < 0 || age >= slots[w])
				continue;
			for (int k = 0; k < NRATED; k++)
				r->rate[w][k] += (double)p.slot[i].n[k] * USEC /
				    (double)(slots[w] * SLOT);
		}
}

bool
counters_ok(struct queue *q)
{
	struct stat sb;
	struct page p;
	int fd;

	if ((fd = fs_open_read(q->fd, COUNTERS_FILE)) == -1)
		/* it is missing, or we may not open it */
		return errno != ELOOP && errno != ENXIO;
	/*
	 * Nobody writes to a file that has another name, too.  An empty file had no room on the
	 * disk yet.
	 */
	if (fstat(fd, &sb) == 0 && S_ISREG(sb.st_mode) && (sb.st_nlink > 1 || sb.st_size == 0)) {
		(void)close(fd);
		return sb.st_nlink == 1;
	}
	return counters_read(fd, &p);
}
