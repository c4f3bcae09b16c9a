/*
 * bare_redis.c: what a plain client of Redis Streams needs, for comparison with mq.
 *
 *	bare_redis PORT push|ids|consume|one N SIZE WINDOW
 *
 * push: N times XADD, WINDOW of them without an answer at most.  ids: the same by the smallest script that
 * stores each id once.  consume: XREADGROUP by hundreds, and one
 * XACK and XDEL for each hundred.  one: connect, one XADD, its answer.  Prints the nanoseconds that it took.
 */
#include <sys/socket.h>
#include <arpa/inet.h>
#include <netinet/in.h>

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static FILE *to, *from;

static void
line(char *buf, size_t size)
{
	if (fgets(buf, (int)size, from) == NULL)
		errx(1, "the server closed the connection");
	if (buf[0] == '-' && strncmp(buf, "-BUSYGROUP", 10) != 0)
		errx(1, "%s", buf);
}

static void
word(const char *text, size_t len)
{
	fprintf(to, "$%zu\r\n", len);
	fwrite(text, 1, len, to);
	fputs("\r\n", to);
}

static void
words(int n, ...)
{
	va_list ap;

	va_start(ap, n);
	fprintf(to, "*%d\r\n", n);
	while (n-- > 0) {
		const char *w = va_arg(ap, const char *);
		word(w, strlen(w));
	}
	va_end(ap);
}

/* Read one answer; ids of entries are put into 'ids', up to 'max'. */
static int
answer(char ids[][32], int max)
{
	char buf[256];
	int got = 0;
	long n;

	line(buf, sizeof(buf));
	if (buf[0] == '$' && (n = atol(buf + 1)) >= 0) {
		char *text = malloc((size_t)n + 2);
		if (fread(text, 1, (size_t)n + 2, from) != (size_t)n + 2)
			errx(1, "the answer breaks off");
		if (max > 0 && n < 32 && memchr(text, '-', (size_t)n) != NULL) {
			memcpy(ids[0], text, (size_t)n);
			ids[0][n] = '\0';
			got = 1;
		}
		free(text);
	} else if (buf[0] == '*')
		for (n = atol(buf + 1); n > 0; n--)
			got += answer(ids + got, max - got);
	return got;
}

/* The sum by which the server knows a script. */
static void
load(const char *script, char sum[48])
{
	words(3, "SCRIPT", "LOAD", script);
	fflush(to);
	line(sum, 48);
	line(sum, 48);
	sum[40] = '\0';
}

static void
add(const char *body, size_t size)
{
	fputs("*5\r\n", to);
	word("XADD", 4);
	word("q", 1);
	word("*", 1);
	word("body", 4);
	word(body, size);
}

static void
add_once(const char *sum, const char *body, size_t size)
{
	static long number;
	char id[64];

	fputs("*6\r\n", to);
	word("EVALSHA", 7);
	word(sum, 40);
	word("2", 1);
	word("q", 1);
	word(id, (size_t)snprintf(id, sizeof(id), "i:%ld-%016ld", (long)getpid(), number++));
	word(body, size);
}

static void
push(int n, const char *sum, const char *body, size_t size, int window)
{
	int sent = 0, done = 0;

	while (done < n) {
		while (sent < n && sent - done < window) {
			if (sum != NULL)
				add_once(sum, body, size);
			else
				add(body, size);
			sent++;
		}
		fflush(to);
		/* Half of the window, so that the server always has work. */
		for (int i = 0; done < sent && i < (window + 1) / 2; i++, done++)
			(void)answer(NULL, 0);
	}
}

static void
consume(int n)
{
	static char ids[200][32];
	int got;

	words(6, "XGROUP", "CREATE", "q", "g", "0", "MKSTREAM");
	fflush(to);
	(void)answer(NULL, 0);
	for (int done = 0; done < n; done += got) {
		words(9, "XREADGROUP", "GROUP", "g", "c", "COUNT", "100", "STREAMS", "q", ">");
		fflush(to);
		if ((got = answer(ids, 200)) == 0)
			errx(1, "%d of %d messages", done, n);
		fprintf(to, "*%d\r\n", got + 3);
		word("XACK", 4);
		word("q", 1);
		word("g", 1);
		for (int i = 0; i < got; i++)
			word(ids[i], strlen(ids[i]));
		fprintf(to, "*%d\r\n", got + 2);
		word("XDEL", 4);
		word("q", 1);
		for (int i = 0; i < got; i++)
			word(ids[i], strlen(ids[i]));
		fflush(to);
		(void)answer(NULL, 0);
		(void)answer(NULL, 0);
	}
}

int
main(int argc, char **argv)
{
	struct sockaddr_in sin = { .sin_family = AF_INET };
	struct timespec a, b;
	char *body, sum[48];
	int fd, n;

	if (argc != 6)
		errx(64, "usage: bare_redis port push|ids|consume|one n size window");
	clock_gettime(CLOCK_MONOTONIC, &a);
	sin.sin_port = htons((uint16_t)atoi(argv[1]));
	sin.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if ((fd = socket(AF_INET, SOCK_STREAM, 0)) == -1 || connect(fd, (void *)&sin, sizeof(sin)) == -1)
		err(1, "connect");
	to = fdopen(fd, "w");
	from = fdopen(fd, "r");
	setvbuf(to, NULL, _IOFBF, 1 << 18);
	n = atoi(argv[3]);
	body = malloc((size_t)atoi(argv[4]) + 1);
	memset(body, 'x', (size_t)atoi(argv[4]));
	if (argv[2][0] == 'c')
		consume(n);
	else if (argv[2][0] == 'i') {
		load("if redis.call('SET', KEYS[2], '', 'NX', 'PX', 600000) then "
		    "return redis.call('XADD', KEYS[1], '*', 'body', ARGV[1]) end", sum);
		push(n, sum, body, (size_t)atoi(argv[4]), atoi(argv[5]));
	} else
		push(argv[2][0] == 'o' ? 1 : n, NULL, body, (size_t)atoi(argv[4]), atoi(argv[5]));
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("%lld\n", (long long)(b.tv_sec - a.tv_sec) * 1000000000 + b.tv_nsec - a.tv_nsec);
	return 0;
}
