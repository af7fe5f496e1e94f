/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/issuers.h"

#include <string.h>

static const char *const urls[ISSUER_COUNT] = {
	[ISSUER_GITHUB] = ISSUER_GITHUB_URL,
	[ISSUER_PIPELINES] = ISSUER_PIPELINES_URL,
	[ISSUER_KUBERNETES] = ISSUER_KUBERNETES_URL,
};

enum issuer issuer_by_url(const char *url)
{
	for (size_t i = 0; i < ISSUER_COUNT; i++) {
		if (urls[i] != NULL && strcmp(urls[i], url) == 0)
			return (enum issuer)i;
	}
	return ISSUER_COUNT;
}
