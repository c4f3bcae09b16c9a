/*
 * login.c: where SQS is, and who asks.
 */
#include <sys/stat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "helper/sqs/sqs.h"

/* ---- the address ----------------------------------------------------------- */

/* sqs://REGION[/ACCOUNT] */
static bool
login_region(struct sqs *s, const char *text, struct trouble *f)
{
	size_t len = strcspn(text, "/");

	if (len == 0 || len >= sizeof(s->region) ||
	    strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") != len)
		return trouble_set(
		    f, CLASS_CONF, "the address has to be sqs://REGION or sqs://REGION/ACCOUNT");
	memcpy(s->region, text, len);
	s->region[len] = '\0';
	(void)snprintf(s->url.host, sizeof(s->url.host), "sqs.%s.amazonaws.com%s", s->region,
	    strncmp(s->region, "cn-", 3) == 0 ? ".cn" : "");
	(void)snprintf(
	    s->url.path, sizeof(s->url.path), "%s", text[len] == '/' ? text + len + 1 : "");
	return true;
}

/* sqs+http://HOST:PORT[/ACCOUNT]; the region does not matter there, but has to be signed. */
static bool
login_server(struct sqs *s, const char *text, struct trouble *f)
{
	const char *region = getenv("AWS_REGION");

	if (region == NULL && (region = getenv("AWS_DEFAULT_REGION")) == NULL)
		region = "us-east-1";
	(void)strlcpy(s->region, region, sizeof(s->region));
	return url_parse(text, &s->url) || trouble_set(f, CLASS_CONF, "the address has to be "
	    "sqs+http://HOST:PORT or sqs+http://HOST:PORT/ACCOUNT");
}

bool
login_address(struct sqs *s, const struct settings *set, struct trouble *f)
{
	const char *text = strstr(set->url, "://");
	bool plain = strncmp(set->url, "sqs+http:", 9) == 0;
	bool server = plain || strncmp(set->url, "sqs+https:", 10) == 0;

	if (text == NULL || (!server && strncmp(set->url, "sqs:", 4) != 0))
		return trouble_set(f, CLASS_CONF, "this helper is for sqs://REGION");
	text += 3;
	if (strchr(text, '@') != NULL)
		return trouble_set(f, CLASS_CONF,
		    "no user and no password in the address: name a file by 'credentials'");
	if (!(server ? login_server(s, text, f) : login_region(s, text, f)))
		return false;
	s->url.plain = plain;
	if (plain && !set->insecure && !url_loopback(s->url.host))
		return trouble_set(f, CLASS_CONF,
		    "messages for another host could be read on the way: "
		    "use sqs+https://, or say 'insecure = yes'");
	if (strlen(s->url.path) >= sizeof(s->account) ||
	    strspn(s->url.path, "0123456789") != strlen(s->url.path))
		return trouble_set(f, CLASS_CONF, "the account in the address has to be a number");
	(void)strlcpy(s->account, s->url.path, sizeof(s->account));
	url_base(&s->url, set->tls_name, s->endpoint, sizeof(s->endpoint) - 1);
	(void)strlcat(s->endpoint, "/", sizeof(s->endpoint));
	return true;
}

/* ---- credentials ------------------------------------------------------------ */

static char *
login_trim(char *text)
{
	size_t len;

	text += strspn(text, " \t");
	for (len = strlen(text); len > 0 && strchr(" \t\r", text[len - 1]) != NULL; len--)
		text[len - 1] = '\0';
	return text;
}

static void
login_set(struct login *l, const char *key, const char *value)
{
	char **to = strcmp(key, "aws_access_key_id") == 0 ? &l->access :
	    strcmp(key, "aws_secret_access_key") == 0 ? &l->secret :
	    strcmp(key, "aws_session_token") == 0 ? &l->session : NULL;

	if (to == NULL || value[0] == '\0')
		return;
	secret_free(*to);
	*to = strdup(value);
}

/* Read the section [profile] of a shared credentials file. */
static void
login_profile(struct login *l, char *data, const char *profile)
{
	bool inside = false;

	for (char *line; (line = strsep(&data, "\n")) != NULL;) {
		char *text = login_trim(line), *value = strchr(text, '=');
		size_t len = strlen(text);
		if (text[0] == '[' && text[len - 1] == ']') {
			text[len - 1] = '\0';
			inside = strcmp(login_trim(text + 1), profile) == 0;
		} else if (inside && text[0] != '#' && text[0] != ';' && value != NULL) {
			*value = '\0';
			login_set(l, login_trim(text), login_trim(value + 1));
		}
	}
}

static time_t
login_changed(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? st.st_mtime : 0;
}

static bool
login_file(struct login *l, const char *path, struct trouble *f)
{
	const char *profile = getenv("AWS_PROFILE");
	char *data;

	if (profile == NULL)
		profile = "default";
	f->c = CLASS_CONF;
	if (path != l->path)
		(void)strlcpy(l->path, path, sizeof(l->path));
	l->changed = login_changed(path);
	if ((data = secret_read(path, f->text, sizeof(f->text))) == NULL)
		return false;
	login_profile(l, data, profile);
	secret_free(data);
	if (l->access != NULL && l->secret != NULL)
		return true;
	(void)snprintf(f->text, sizeof(f->text), "%s has no [%s] with aws_access_key_id and "
	    "aws_secret_access_key", path, profile);
	return false;
}

static bool
login_environment(struct login *l)
{
	const char *access = getenv("AWS_ACCESS_KEY_ID"), *secret = getenv("AWS_SECRET_ACCESS_KEY");
	const char *session = getenv("AWS_SESSION_TOKEN");

	if (access == NULL || secret == NULL || access[0] == '\0' || secret[0] == '\0')
		return false;
	login_set(l, "aws_access_key_id", access);
	login_set(l, "aws_secret_access_key", secret);
	if (session != NULL)
		login_set(l, "aws_session_token", session);
	return l->access != NULL && l->secret != NULL;
}

bool
login_read(struct sqs *s, const struct settings *set, struct trouble *f)
{
	const char *path = getenv("AWS_SHARED_CREDENTIALS_FILE"), *home = getenv("HOME");
	char usual[512];

	if (set->credentials != NULL)
		return login_file(&s->login, set->credentials, f);
	if (login_environment(&s->login))
		return true;
	if (path == NULL && home != NULL) {
		(void)snprintf(usual, sizeof(usual), "%s/.aws/credentials", home);
		path = usual;
	}
	/* An emulator does not mind, but wants a signature all the same. */
	if (s->url.plain && (path == NULL || access(path, F_OK) == -1)) {
		login_set(&s->login, "aws_access_key_id", "mq");
		login_set(&s->login, "aws_secret_access_key", "mq");
		return true;
	}
	if (path != NULL)
		return login_file(&s->login, path, f);
	return trouble_set(f, CLASS_CONF, "no credentials: name a file by 'credentials', or set "
	    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY");
}

void
login_free(struct login *l)
{
	secret_free(l->access);
	secret_free(l->secret);
	secret_free(l->session);
}

/* Somebody who gets new credentials every hour writes them into the same file. */
static void
login_again(struct login *l)
{
	struct login now = { 0 };
	struct trouble f;

	if (l->path[0] == '\0' || login_changed(l->path) == l->changed)
		return;
	if (login_file(&now, l->path, &f)) {
		login_free(l);
		*l = now;
		return;
	}
	(void)fprintf(stderr, "%s\n", f.text);
	login_free(&now);
	l->changed = now.changed;
}

/* ---- signing ----------------------------------------------------------------- */

static bool
login_header(struct curl_slist **headers, const char *text)
{
	struct curl_slist *more = curl_slist_append(*headers, text);

	if (more != NULL)
		*headers = more;
	return more != NULL;
}

bool
login_sign(struct helper *h, CURL *easy, struct curl_slist **headers, char *text, size_t len)
{
	struct sqs *s = helper_data(h);
	char scope[100];
	bool good = true;

	login_again(&s->login);
	(void)snprintf(scope, sizeof(scope), "aws:amz:%s:sqs", s->region);
	(void)snprintf(text, len, "no memory");
	if (s->login.session != NULL) {
		/* libcurl signs it as it signs every header, but does not add it by itself. */
		char *header = text_print("X-Amz-Security-Token: %s", s->login.session);
		good = header != NULL && login_header(headers, header);
		secret_free(header);
	}
	return good && login_header(headers, "Content-Type: application/x-amz-json-1.0") &&
	    curl_easy_setopt(easy, CURLOPT_AWS_SIGV4, scope) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_USERNAME, s->login.access) == CURLE_OK &&
	    curl_easy_setopt(easy, CURLOPT_PASSWORD, s->login.secret) == CURLE_OK;
}
