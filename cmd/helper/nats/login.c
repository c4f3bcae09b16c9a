/*
 * login.c: the file of credentials: users and passwords, a token, or what NATS itself calls a
 * .creds file, with a JWT and the seed of its key.
 */
#include <stdio.h>
#include <string.h>

#include "helper/core/credentials.h"
#include "helper/nats/inside.h"

/* A password without a login is a token. */
static bool
login_password(const struct credentials *c, const struct address *a, natsOptions *options,
    struct trouble *t)
{
	const char *password = credentials_value(c, "password");
	const char *user = credentials_value(c, "login");
	natsStatus st;

	if (password == NULL)
		return trouble_set(t, CLASS_CONF, "credentials: the entry for this host has no "
		    "password");
	if (user == NULL && a->user[0] != '\0')
		user = a->user;
	st = user != NULL ? natsOptions_SetUserInfo(options, user, password) :
	    natsOptions_SetToken(options, password);
	return st == NATS_OK || trouble_set(t, CLASS_AGAIN, "%s", natsStatus_GetText(st));
}

static bool
login_file(const struct settings *set, const struct address *a, natsOptions *options,
    struct credentials *c, struct trouble *t)
{
	struct error err = { 0 };
	enum status s = credentials_load(c, set->credentials, &err);
	natsStatus st;

	if (s == ST_OK && strstr(c->text, "BEGIN NATS USER JWT") != NULL) {
		st = natsOptions_SetUserCredentialsFromFiles(options, set->credentials, NULL);
		return st == NATS_OK || trouble_set(t, CLASS_CONF, "%s", natsStatus_GetText(st));
	}
	if (s == ST_OK)
		s = credentials_find(c, set->credentials, a->host, a->port, &err);
	if (s == ST_OK)
		return login_password(c, a, options, t);
	return s == ST_NONE || trouble_set(t, net_class(s), "%s", err.text);
}

bool
login_load(const struct settings *set, const struct address *a, natsOptions *options,
    struct trouble *t)
{
	struct credentials c = { 0 };
	bool good = set->credentials == NULL || login_file(set, a, options, &c, t);

	credentials_free(&c);
	return good;
}
