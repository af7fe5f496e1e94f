/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/trust.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "engine/base/text.h"

/* Curl's library itself reads none of them. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);
	return value && *value ? value : NULL;
}

static bool is_folder(const char *path)
{
	struct stat found;
	return stat(path, &found) == 0 && S_ISDIR(found.st_mode);
}

const char *trust_source(void)
{
	static const char *const names[] = { "SSL_CERT_FILE", "CURL_CA_BUNDLE",
		"REQUESTS_CA_BUNDLE" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (variable(names[i]))
			return names[i];
	return NULL;
}

void trust_usual(struct arena *arena, CURL *easy)
{
	const char *source = trust_source();
	const char *file = source ? variable(source) : NULL, *folder = variable("SSL_CERT_DIR");
	if (file && is_folder(file)) {
		folder = folder ? arena_printf(arena, "%s:%s", file, folder) : file;
		file = NULL;
	}
	if (!file && !folder)
		return;
	/* What is not named stays empty: curl would look where the system has its own. */
	(void)curl_easy_setopt(easy, CURLOPT_CAINFO, file);
	(void)curl_easy_setopt(easy, CURLOPT_CAPATH, folder);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY_CAINFO, file);
	(void)curl_easy_setopt(easy, CURLOPT_PROXY_CAPATH, folder);
}

void trust_set_pem(CURL *easy, CURLoption option, const char *pem)
{
	struct curl_blob blob = {
		.data = (void *)pem, .len = strlen(pem), .flags = CURL_BLOB_COPY
	};
	(void)curl_easy_setopt(easy, option, &blob);
}

void trust_alone(CURL *easy, const char *authority)
{
	trust_set_pem(easy, CURLOPT_CAINFO_BLOB, authority);
	(void)curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
}
