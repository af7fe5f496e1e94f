/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/text.h"
#include "providers/azure/azure.h"
#include "providers/net/url.h"

static const struct azure_cloud clouds[] = {
	{ "public", "https://management.azure.com", "https://login.microsoftonline.com",
		"https://management.azure.com", "core.windows.net", false, NULL },
	{ "usgovernment", "https://management.usgovcloudapi.net",
		"https://login.microsoftonline.us", "https://management.usgovcloudapi.net",
		"core.usgovcloudapi.net", false, NULL },
	{ "china", "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn",
		"https://management.chinacloudapi.cn", "core.chinacloudapi.cn", false, NULL },
};

#define METADATA_PATH "/metadata/endpoints"

/* Of what is a URL: scheme, host and port, as they are written. */
static size_t origin_len(const char *url)
{
	const char *host = strstr(url, "://");
	return host ? (size_t)(host + 3 - url) + strcspn(host + 3, "/") : strlen(url);
}

static bool find_emulator(
	struct arena *arena, const char *url, struct azure_cloud *out, struct diags *diags)
{
	if (!url_is_loopback(url)) {
		diag_error(diags, PLACE_NONE, "cloud-not-loopback",
			"`%s` is not on this machine: plain http is spoken to loopback hosts alone",
			url);
		diag_help(diags, "an emulator listens on 127.0.0.1, [::1] or localhost");
		return false;
	}
	if (!url_is_origin(url))
		return diag_error(diags, PLACE_NONE, "cloud-unknown",
			"`%s` is not a scheme, a host and a port alone", url);
	size_t len = strlen(url);
	const char *origin = arena_strndup(arena, url, url[len - 1] == '/' ? len - 1 : len);
	*out = (struct azure_cloud){ "emulator", origin, origin, origin, NULL, true, NULL };
	return true;
}

/* A known cloud may be given by the URL of its ARM, too. */
static bool find_custom(
	struct arena *arena, const char *url, struct azure_cloud *out, struct diags *diags)
{
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++) {
		if (url_is_origin(url) && url_same_origin(url, clouds[i].arm)) {
			*out = clouds[i];
			return true;
		}
	}
	size_t len = origin_len(url);
	if (!url_is_base(url) || (!url_is_origin(url) && strcmp(url + len, METADATA_PATH) != 0)) {
		diag_error(
			diags, PLACE_NONE, "cloud-unknown", "`%s` is not the URL of a cloud", url);
		diag_help(diags, "give its ARM, https://HOST, or https://HOST" METADATA_PATH);
		return false;
	}
	const char *origin = arena_strndup(arena, url, len);
	*out = (struct azure_cloud){ .name = origin,
		.metadata = arena_printf(arena, "%s" METADATA_PATH, origin) };
	return true;
}

bool azure_cloud_find(
	struct arena *arena, const char *name_or_url, struct azure_cloud *out, struct diags *diags)
{
	const char *names[ARRAY_LEN(clouds)];
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++) {
		names[i] = clouds[i].name;
		if (text_same_nocase(name_or_url, clouds[i].name)) {
			*out = clouds[i];
			return true;
		}
	}
	bool told = strcmp(name_or_url + origin_len(name_or_url), METADATA_PATH) == 0;
	if (text_starts_nocase(name_or_url, "http://") && !(told && url_is_loopback(name_or_url)))
		return find_emulator(arena, name_or_url, out, diags);
	if (text_starts_nocase(name_or_url, "http"))
		return find_custom(arena, name_or_url, out, diags);
	diag_error(diags, PLACE_NONE, "cloud-unknown", "`%s` is not a cloud", name_or_url);
	const char *near = text_nearest(name_or_url, names, ARRAY_LEN(names));
	if (near)
		diag_help(diags, "did you mean `%s`?", near);
	else
		diag_help(diags,
			"clouds are public, usgovernment, china, emulator, the https URL of "
			"another, or the http URL of a running emulator");
	return false;
}
