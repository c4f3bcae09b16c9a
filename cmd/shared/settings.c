/*
 * settings.c: which mq.conf and which spool to use.
 */
#include <sys/stat.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "spool/policy.h"
#include "shared/cmd.h"

#define SYSTEM_CONF "/etc/mq.conf"
#define SYSTEM_SPOOL "/var/spool/mq"

static const char *spool_option;
static char user_conf[4096];

void
run_ask_spool(const char *path)
{
	spool_option = path;
}

static const char *
settings_env(const char *name)
{
	const char *value = getenv(name);

	return value != NULL && value[0] != '\0' ? value : NULL;
}

/*
 * Make a path below $XDG_..., or below its default in $HOME.  False: neither is set, or the path is
 * too long.
 */
static bool
settings_xdg(const char *name, const char *below_home, const char *tail, char *buf, size_t size)
{
	const char *dir = settings_env(name), *home = settings_env("HOME");
	int n;

	if (dir != NULL && dir[0] == '/')
		n = snprintf(buf, size, "%s/%s", dir, tail);
	else if (home != NULL)
		n = snprintf(buf, size, "%s/%s/%s", home, below_home, tail);
	else
		return false;
	return n > 0 && (size_t)n < size;
}

/* Make the parents of the user's default spool.  Only this user needs it, so mq may make them. */
static void
settings_make_parents(char *path)
{
	int up = open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd;

	for (char *p = strchr(path + 1, '/'); p != NULL; p = strchr(p + 1, '/')) {
		*p = '\0';
		/*
		 * Sync them, so that they last as long as the spool.  The directory above the
		 * user's home may not be readable, but nothing is made in it.
		 */
		if (mkdir(path, 0700) == 0 && up != -1)
			(void)fsync(up);
		fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (up != -1)
			(void)close(up);
		up = fd;
		*p = '/';
	}
	if (up != -1)
		(void)close(up);
}

static void
settings_conf_files(struct run *r)
{
	/*
	 * Keep a copy, because setproctitle may overwrite the environment, and the files are read
	 * again later.
	 */
	static char *copy;
	const char *only = settings_env("MQ_CONF");
	size_t n = 0;

	if (only != NULL && copy == NULL)
		copy = strdup(only);
	if (copy != NULL)
		only = copy;
	r->files.path[n++] = only != NULL ? only : SYSTEM_CONF;
	if (only == NULL && settings_xdg("XDG_CONFIG_HOME", ".config", "mq/mq.conf", user_conf,
	    sizeof(user_conf)))
		r->files.path[n++] = user_conf;
}

enum status
run_conf(struct run *r)
{
	static bool done;
	enum status st;

	if (done)
		return ST_OK;
	if ((st = conf_settings(&r->files, &r->settings, &r->err)) == ST_OK)
		done = true;
	return st;
}

/* Return the spool that -s or MQ_SPOOL names.  NULL: mq.conf and the defaults decide. */
const char *
run_asked_spool(void)
{
	return spool_option != NULL ? spool_option : settings_env("MQ_SPOOL");
}

/*
 * Whether the system's spool is the default.  It is for root and for the user who owns it, so that
 * workers and cron jobs of that user find it.
 */
static bool
settings_owns_system_spool(void)
{
	struct stat sb;

	return geteuid() == 0 ||
	    (stat(SYSTEM_SPOOL, &sb) == 0 && S_ISDIR(sb.st_mode) && sb.st_uid == geteuid());
}

enum status
run_settings(struct run *r, bool create)
{
	const char *spool = run_asked_spool();
	enum status st;

	settings_conf_files(r);
	if (spool == NULL && (st = run_conf(r)) != ST_OK)
		return st;
	if (spool == NULL && r->settings.spool[0] != '\0')
		spool = r->settings.spool;
	if (spool == NULL && settings_owns_system_spool())
		spool = SYSTEM_SPOOL;
	if (spool != NULL) {
		if (strlcpy(r->spool_path, spool, sizeof(r->spool_path)) >= sizeof(r->spool_path))
			return error_set(&r->err, ST_USAGE, 0, "the path of the spool is too long");
		return ST_OK;
	}
	if (!settings_xdg("XDG_STATE_HOME", ".local/state", "mq", r->spool_path,
	    sizeof(r->spool_path)))
		return error_set(&r->err, ST_CONF, 0,
		    "no spool: give -s DIR, or set MQ_SPOOL or HOME");
	if (create)
		settings_make_parents(r->spool_path);
	return ST_OK;
}
