/*
 * inject.c: run a command and do something to its Nth system call below a directory.
 *
 *	inject DIRECTORY N|[N]/PATTERN ACTION REPORT COMMAND [ARG...]
 *
 * With a pattern, an extended regular expression: to the Nth (or first) call whose "CALL PATH" or "CALL PATH PATH" begins
 * like it.  Which number such a call has among all depends on how old the buckets are, so tests go by patterns.
 *
 * Counted are the calls of the command's own process (not of its children) that
 * name something below DIRECTORY, or act on a descriptor of such a file, and
 * writes to standard output.  ACTION is
 *	list	nothing: REPORT gets a line "N CALL PATH" for each call
 *	kill	SIGKILL before the call is made
 *	stop	inject stops itself, and so the command, before the call is made; both go on at SIGCONT
 *	stopkill	as stop, and at SIGCONT the command gets SIGKILL
 *	short	a write takes only half of its bytes; other calls are made as they are
 *	lost	a rename is done and fails with ENOENT, as NFS does when an answer was lost
 *	lie	a rename is done and fails with EIO, as a soft mount of NFS does
 *	EIO...	the call is not made, and fails so
 * Unless it is "list", REPORT gets the line of the Nth call, if it came to that.
 * The exit status is the command's, 128 + N for a signal.
 *
 * It uses the seccomp notifications of Linux 5.5, see seccomp_unotify(2): the kernel stops the
 * call and asks us, so that the program under test is the one that is shipped,
 * sanitized or not, and calls inside the C library are seen, too.
 */
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <regex.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef SYS_pidfd_getfd			/* Linux 5.6: newer than the headers of Debian 11 */
#define SYS_pidfd_getfd 438
#endif

#define NONE (-1)

/* Which arguments of a call name files: descriptor and path, twice at most. */
static const struct call {
	const char *name;
	int nr, fd, path, fd2, path2;
} calls[] = {
#define CALL(name, ...) { #name, SYS_##name, __VA_ARGS__ },
	CALL(openat, 0, 1, NONE, NONE)
	CALL(mkdirat, 0, 1, NONE, NONE)
	CALL(unlinkat, 0, 1, NONE, NONE)
	CALL(renameat, 0, 1, 2, 3)
	CALL(renameat2, 0, 1, 2, 3)
	CALL(linkat, 0, 1, 2, 3)
	CALL(symlinkat, NONE, 0, 1, 2)
	CALL(newfstatat, 0, 1, NONE, NONE)
	CALL(statx, 0, 1, NONE, NONE)
	CALL(readlinkat, 0, 1, NONE, NONE)
	CALL(fchmodat, 0, 1, NONE, NONE)
	CALL(fchownat, 0, 1, NONE, NONE)
	CALL(faccessat, 0, 1, NONE, NONE)
	CALL(utimensat, 0, 1, NONE, NONE)
	CALL(statfs, NONE, 0, NONE, NONE)
#ifdef SYS_open		/* the older calls, which not every machine has */
	CALL(open, NONE, 0, NONE, NONE)
	CALL(mkdir, NONE, 0, NONE, NONE)
	CALL(rmdir, NONE, 0, NONE, NONE)
	CALL(unlink, NONE, 0, NONE, NONE)
	CALL(rename, NONE, 0, NONE, 1)
	CALL(link, NONE, 0, NONE, 1)
	CALL(stat, NONE, 0, NONE, NONE)
	CALL(lstat, NONE, 0, NONE, NONE)
	CALL(access, NONE, 0, NONE, NONE)
	CALL(chmod, NONE, 0, NONE, NONE)
	CALL(chown, NONE, 0, NONE, NONE)
#endif
	CALL(inotify_add_watch, NONE, 1, NONE, NONE)
	CALL(read, 0, NONE, NONE, NONE)
	CALL(pread64, 0, NONE, NONE, NONE)
	CALL(write, 0, NONE, NONE, NONE)
	CALL(pwrite64, 0, NONE, NONE, NONE)
	CALL(writev, 0, NONE, NONE, NONE)
	CALL(sendfile, 1, NONE, NONE, NONE)
	CALL(copy_file_range, 2, NONE, NONE, NONE)
	CALL(getdents64, 0, NONE, NONE, NONE)
	CALL(fstat, 0, NONE, NONE, NONE)
	CALL(fstatfs, 0, NONE, NONE, NONE)
	CALL(fchmod, 0, NONE, NONE, NONE)
	CALL(fchown, 0, NONE, NONE, NONE)
	CALL(ftruncate, 0, NONE, NONE, NONE)
	CALL(fallocate, 0, NONE, NONE, NONE)
	CALL(fcntl, 0, NONE, NONE, NONE)
	CALL(flock, 0, NONE, NONE, NONE)
	CALL(mmap, 4, NONE, NONE, NONE)
	CALL(fsync, 0, NONE, NONE, NONE)
	CALL(fdatasync, 0, NONE, NONE, NONE)
	CALL(syncfs, 0, NONE, NONE, NONE)
};
#define CALLS (sizeof(calls) / sizeof(calls[0]))

static const struct {
	const char *name;
	int value;
} errors[] = {
	{ "EIO", EIO }, { "ENOSPC", ENOSPC }, { "EDQUOT", EDQUOT }, { "EMFILE", EMFILE },
	{ "EACCES", EACCES }, { "EINTR", EINTR }, { "ESTALE", ESTALE }, { "ENOMEM", ENOMEM },
};

/* ---- the command's side ------------------------------------------------ */

static void
send_fd(int sock, int fd)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u = { 0 };
	char byte = 0;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf,
	    .msg_controllen = sizeof(u.buf) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&msg);

	c->cmsg_level = SOL_SOCKET;
	c->cmsg_type = SCM_RIGHTS;
	c->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(c), &fd, sizeof(fd));
	if (sendmsg(sock, &msg, 0) == -1)
		err(70, "sendmsg");
}

static int
receive_fd(int sock)
{
	union {
		struct cmsghdr align;
		char buf[CMSG_SPACE(sizeof(int))];
	} u;
	char byte;
	struct iovec iov = { &byte, 1 };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = u.buf,
	    .msg_controllen = sizeof(u.buf) };
	int fd;

	if (recvmsg(sock, &msg, 0) != 1 || CMSG_FIRSTHDR(&msg) == NULL)
		errx(70, "the command could not be started under a filter");
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(fd));
	return fd;
}

static void
command(int sock, char **argv)
{
	struct sock_filter prog[CALLS + 3];
	struct sock_fprog fprog = { 0, prog };
	size_t n = 0;
	int fd;

	prog[n++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
	    offsetof(struct seccomp_data, nr));
	for (size_t i = 0; i < CALLS; i++)
		prog[n++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K,
		    (unsigned)calls[i].nr, (unsigned char)(CALLS - i), 0);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	prog[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF);
	fprog.len = (unsigned short)n;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == -1 ||
	    (fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
	    SECCOMP_FILTER_FLAG_NEW_LISTENER, &fprog)) == -1)
		err(70, "seccomp");
	send_fd(sock, fd);
	(void)execvp(argv[0], argv);
	_exit(127);
}

/* ---- our side ----------------------------------------------------------- */

static pid_t child;

/* Opened each time: exec gave the command another memory. */
static ssize_t
read_memory(void *buf, size_t len, unsigned long long at)
{
	char path[64];
	ssize_t n;
	int fd;

	(void)snprintf(path, sizeof(path), "/proc/%d/mem", child);
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1)
		return -1;
	n = pread(fd, buf, len, (off_t)at);
	close(fd);
	return n;
}

/* What the call is about, or "" when it cannot be told (a path that is not there to read). */
static void
resolve(const struct seccomp_data *d, int fd, int path, char out[8192])
{
	char link[64], name[4096] = "";
	ssize_t n = 0;

	out[0] = '\0';
	if (path != NONE && read_memory(name, sizeof(name) - 1, d->args[path]) <= 0)
		return;
	if (name[0] != '/') {
		if (fd == NONE || (int)d->args[fd] == AT_FDCWD)
			(void)snprintf(link, sizeof(link), "/proc/%d/cwd", child);
		else
			(void)snprintf(link, sizeof(link), "/proc/%d/fd/%d", child,
			    (int)d->args[fd]);
		if ((n = readlink(link, out, 4095)) == -1)
			n = 0;
		out[n] = '\0';
		if (path == NONE || name[0] == '\0')
			return;
		out[n++] = '/';
	}
	(void)snprintf(out + n, 8192 - (size_t)n, "%s", name);
}

static int
below(const char *path, const char *root)
{
	size_t len = strlen(root);

	return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* Half of a write, done for the command with a copy of its descriptor. */
static long
write_half(const struct seccomp_data *d)
{
	size_t len = d->args[2] / 2;
	char *buf = malloc(len + 1);
	int pidfd = (int)syscall(SYS_pidfd_open, child, 0), fd;
	ssize_t n;

	fd = (int)syscall(SYS_pidfd_getfd, pidfd, (int)d->args[0], 0);
	if (buf == NULL || fd == -1 || read_memory(buf, len, d->args[1]) != (ssize_t)len)
		err(70, "half a write");
	n = d->nr == SYS_write ? write(fd, buf, len) : pwrite(fd, buf, len, (off_t)d->args[3]);
	if (n == -1)
		err(70, "half a write");
	close(fd);
	close(pidfd);
	free(buf);
	return n;
}

static void
there(int fd, unsigned long long path, char out[8192])
{
	char name[4096] = "";

	if (read_memory(name, sizeof(name) - 1, path) <= 0)
		errx(70, "the path of a rename");
	(void)snprintf(out, 8192, "/proc/%d/fd/%d/%s", child, fd, name);
}

/* The rename is done; what is told of it. */
static int
rename_for(const struct seccomp_data *d, int told)
{
	char from[8192], to[8192];

	there((int)d->args[0], d->args[1], from);
	there((int)d->args[2], d->args[3], to);
	return renameat2(AT_FDCWD, from, AT_FDCWD, to, (unsigned)d->args[4]) == -1 ? errno : told;
}

struct plan {
	const char *root;
	long at;		/* its number among those that are counted */
	int patterned;		/* only calls that look like the pattern are */
	regex_t pattern;
	const char *action;
	int error;		/* 0 for an action that is none */
	FILE *report;
	long seen, counted;
};

static void
decide(struct plan *p, const struct seccomp_notif *req, struct seccomp_notif_resp *resp)
{
	const struct seccomp_data *d = &req->data;
	char path[8192], path2[8192] = "", line[3 * 8192];
	const struct call *c = calls;

	resp->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
	if ((pid_t)req->pid != child)
		return;
	while (c->nr != d->nr)
		c++;
	if (c->nr == SYS_mmap && (int)d->args[4] == -1)
		return;
	resolve(d, c->fd, c->path, path);
	if (c->path2 != NONE)
		resolve(d, c->fd2, c->path2, path2);
	if (!below(path, p->root) && !below(path2, p->root) &&
	    !(c->nr == SYS_write && d->args[0] == 1))
		return;
	p->seen++;
	(void)snprintf(line, sizeof(line), "%s %s%s%s", c->name, path, path2[0] != '\0' ? " " : "",
	    path2);
	if (p->patterned && regexec(&p->pattern, line, 0, NULL, 0) != 0)
		return;
	if (++p->counted != p->at && strcmp(p->action, "list") != 0)
		return;
	fprintf(p->report, "%ld %s\n", p->seen, line);
	fflush(p->report);
	if (strncmp(p->action, "stop", 4) == 0)
		(void)raise(SIGSTOP);
	if (p->error != 0) {
		resp->flags = 0;
		resp->error = -p->error;
	} else if (strcmp(p->action, "kill") == 0 || strcmp(p->action, "stopkill") == 0)
		(void)kill(child, SIGKILL);
	else if ((strcmp(p->action, "lost") == 0 || strcmp(p->action, "lie") == 0) && c->nr == SYS_renameat2) {
		resp->flags = 0;
		resp->error = -rename_for(d, p->action[1] == 'o' ? ENOENT : EIO);
	} else if (strcmp(p->action, "short") == 0 && d->args[2] > 1 &&
	    (c->nr == SYS_write || c->nr == SYS_pwrite64)) {
		resp->flags = 0;
		resp->val = write_half(d);
	}
}

/* Until the last process under the filter is gone: handlers outlive a killed worker for a moment. */
static void
supervise(struct plan *p, int listener)
{
	struct pollfd pfd = { .fd = listener, .events = POLLIN };
	struct seccomp_notif req;
	struct seccomp_notif_resp resp;

	while (poll(&pfd, 1, -1) != -1 && (pfd.revents & POLLIN) != 0) {
		memset(&req, 0, sizeof(req));
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &req) == -1) {
			if (errno == ENOENT || errno == EINTR)
				continue;	/* it was killed meanwhile */
			err(70, "receive");
		}
		memset(&resp, 0, sizeof(resp));
		resp.id = req.id;
		decide(p, &req, &resp);
		if (ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &resp) == -1 && errno != ENOENT)
			err(70, "send");
	}
}

int
main(int argc, char **argv)
{
	static const char *const actions[] = { "list", "kill", "stop", "stopkill", "short",
		"lost", "lie" };
	struct plan p = { 0 };
	char pattern[4096], *rest;
	int sock[2], status, listener, known = 0;

	if (argc < 6)
		errx(64, "usage: inject directory n|[n]/pattern action report command [arg...]");
	p.root = argv[1];
	p.at = strtol(argv[2], &rest, 10);
	if (*rest == '/') {
		(void)snprintf(pattern, sizeof(pattern), "^(%s)", rest + 1);
		if (regcomp(&p.pattern, pattern, REG_EXTENDED | REG_NOSUB) != 0)
			errx(64, "not a pattern: %s", argv[2]);
		p.patterned = 1;
		p.at += rest == argv[2];
	}
	p.action = argv[3];
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
		if (strcmp(p.action, errors[i].name) == 0)
			p.error = errors[i].value;
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		known = known || strcmp(p.action, actions[i]) == 0;
	if (!known && p.error == 0)
		errx(64, "no such action: %s", p.action);
	if ((p.report = fopen(argv[4], "we")) == NULL)
		err(73, "%s", argv[4]);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sock) == -1 ||
	    (child = fork()) == -1)
		err(70, "start");
	if (child == 0)
		command(sock[1], argv + 5);
	close(sock[1]);
	listener = receive_fd(sock[0]);
	supervise(&p, listener);
	if (waitpid(child, &status, 0) == -1)
		err(70, "wait");
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}
