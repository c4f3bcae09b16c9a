/*
 * login.c: where Pub/Sub is, and who asks.
 *
 * A service account signs its own token (RFC 7519, with RS256), which Google takes without a round
 * trip to a token server if its audience is the service itself: https://google.aip.dev/auth/4111
 */
#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "helper/pubsub/pubsub.h"

#define SERVICE "pubsub.googleapis.com"
#define TOKEN_S 3600

/* ---- the address ----------------------------------------------------------- */

static bool
login_project(struct pubsub *s, const char *text, struct trouble *f)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-.:", text[i]) == NULL)
			len = 0;
	if (len == 0 || len >= sizeof(s->project))
		return trouble_set(f, CLASS_CONF, "the address has to be pubsub://PROJECT");
	(void)strlcpy(s->project, text, sizeof(s->project));
	return true;
}

/* pubsub://PROJECT, at an emulator if there is one. */
static bool
login_usual(struct pubsub *s, const char *project, struct trouble *f)
{
	const char *emulator = getenv("PUBSUB_EMULATOR_HOST");

	if (emulator == NULL || emulator[0] == '\0') {
		(void)strlcpy(s->url.host, SERVICE, sizeof(s->url.host));
	} else {
		if (!url_parse(emulator, &s->url))
			return trouble_set(
			    f, CLASS_CONF, "PUBSUB_EMULATOR_HOST has to be HOST:PORT");
		s->url.plain = true;
	}
	return login_project(s, project, f);
}

/* pubsub+https://HOST[:PORT]/PROJECT */
static bool
login_server(struct pubsub *s, const char *text, struct trouble *f)
{
	return url_parse(text, &s->url) ? login_project(s, s->url.path, f) :
	    trouble_set(f, CLASS_CONF, "the address has to be pubsub+https://HOST/PROJECT");
}

bool
login_address(struct pubsub *s, const struct settings *set, struct trouble *f)
{
	const char *text = strstr(set->url, "://");
	bool server = strncmp(set->url, "pubsub+https:", 13) == 0;
	char host[600];

	if (text == NULL || (!server && strncmp(set->url, "pubsub:", 7) != 0))
		return trouble_set(f, CLASS_CONF, "this helper is for pubsub://PROJECT");
	text += 3;
	if (strchr(text, '@') != NULL)
		return trouble_set(f, CLASS_CONF,
		    "no user and no password in the address: name a file by 'credentials'");
	if (!(server ? login_server(s, text, f) : login_usual(s, text, f)))
		return false;
	if (s->url.plain && !set->insecure && !url_loopback(s->url.host))
		return trouble_set(f, CLASS_CONF,
		    "the emulator of PUBSUB_EMULATOR_HOST is another host, so messages could "
		    "be read on the way: say 'insecure = yes' if they may");
	url_base(&s->url, set->tls_name, host, sizeof(host));
	(void)snprintf(s->base, sizeof(s->base), "%s/v1/projects/%s", host, s->project);
	return true;
}

/* ---- credentials ------------------------------------------------------------ */

static bool
login_key(struct login *l, const json_t *json, const char *path, struct trouble *f)
{
	const char *pem = text_of(json, "private_key");
	BIO *bio = BIO_new_mem_buf(pem, -1);

	(void)trouble_set(f, CLASS_CONF, "%s: only the key file of a service account can be used, "
	    "with client_email and private_key; its type is '%.40s'",
	    path, text_of(json, "type"));
	if (bio != NULL)
		l->key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);
	(void)BIO_free(bio);
	l->email = strdup(text_of(json, "client_email"));
	l->key_id = strdup(text_of(json, "private_key_id"));
	return l->key != NULL && l->email != NULL && l->email[0] != '\0' && l->key_id != NULL &&
	    strcmp(text_of(json, "type"), "service_account") == 0;
}

bool
login_read(struct pubsub *s, const struct settings *set, struct trouble *f)
{
	const char *path = set->credentials;
	char *data;
	json_t *json;
	bool good;

	if (path == NULL && !s->url.plain)
		path = getenv("GOOGLE_APPLICATION_CREDENTIALS");
	if (path == NULL)
		return s->url.plain || trouble_set(f, CLASS_CONF, "no credentials: name the key "
		    "file of a service account by 'credentials' or GOOGLE_APPLICATION_CREDENTIALS");
	f->c = CLASS_CONF;
	if ((data = secret_read(path, f->text, sizeof(f->text))) == NULL)
		return false;
	json = json_loads(data, 0, NULL);
	good = login_key(&s->login, json, path, f);
	json_decref(json);
	secret_free(data);
	return good;
}

void
login_free(struct login *l)
{
	EVP_PKEY_free(l->key);
	free(l->email);
	free(l->key_id);
	secret_free(l->token);
}

/* ---- tokens ------------------------------------------------------------------ */

/* Base64 as a token has it. */
static char *
login_base64url(const void *data, size_t len)
{
	char *text = text_base64(data, len);

	for (char *p = text; p != NULL && *p != '\0'; p++) {
		if (*p == '+')
			*p = '-';
		else if (*p == '/')
			*p = '_';
		else if (*p == '=')
			*p = '\0';
	}
	return text;
}

/* A JSON object as a part of a token; the object is freed. */
static char *
login_part(json_t *json)
{
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL, *part = NULL;

	json_decref(json);
	if (text != NULL)
		part = login_base64url(text, strlen(text));
	free(text);
	return part;
}

/* What is signed: the header and the claims. */
static char *
login_claims(const struct login *l, usec_t now)
{
	json_int_t from = (json_int_t)(now / USEC);
	char *head = login_part(json_pack("{s:s, s:s, s:s}", "alg", "RS256", "typ", "JWT", "kid",
	    l->key_id));
	char *claims = login_part(json_pack("{s:s, s:s, s:s, s:I, s:I}", "iss", l->email, "sub",
	    l->email, "aud", "https://" SERVICE "/", "iat", from, "exp", from + TOKEN_S));
	char *text = head != NULL && claims != NULL ? text_print("%s.%s", head, claims) : NULL;

	free(head);
	free(claims);
	return text;
}

static char *
login_signature(const struct login *l, const char *text)
{
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char *data = NULL;
	char *signature = NULL;
	size_t len = 0;

	if (ctx != NULL && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, l->key) == 1 &&
	    EVP_DigestSign(ctx, NULL, &len, (const unsigned char *)text, strlen(text)) == 1 &&
	    (data = malloc(len)) != NULL &&
	    EVP_DigestSign(ctx, data, &len, (const unsigned char *)text, strlen(text)) == 1)
		signature = login_base64url(data, len);
	free(data);
	EVP_MD_CTX_free(ctx);
	return signature;
}

/* Make a token, unless the last one is good for some time. */
static bool
login_token(struct login *l)
{
	usec_t now = clock_now();
	char *claims, *signature;

	if (l->token != NULL && now < l->renew && now > l->renew - TOKEN_S * USEC)
		return true;
	claims = login_claims(l, now);
	signature = claims != NULL ? login_signature(l, claims) : NULL;
	secret_free(l->token);
	l->token = signature != NULL ?
	    text_print("Authorization: Bearer %s.%s", claims, signature) : NULL;
	l->renew = now + TOKEN_S * USEC / 10 * 9;
	free(claims);
	free(signature);
	return l->token != NULL;
}

bool
login_sign(struct helper *h, CURL *easy, struct curl_slist **headers, char *text, size_t len)
{
	struct pubsub *s = helper_data(h);
	struct curl_slist *more;

	(void)easy;
	(void)snprintf(text, len, "no token could be signed with the private key of %s",
	    s->login.email != NULL ? s->login.email : "");
	if (s->login.key != NULL) {
		if (!login_token(&s->login) ||
		    (more = curl_slist_append(*headers, s->login.token)) == NULL)
			return false;
		*headers = more;
	}
	if ((more = curl_slist_append(*headers, "Content-Type: application/json")) == NULL)
		return false;
	*headers = more;
	return true;
}
