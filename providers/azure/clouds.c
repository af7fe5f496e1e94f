/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/base/text.h"
#include "providers/azure/azure.h"
#include "providers/net/url.h"

static const struct azure_cloud clouds[] = {
	{ "public", "https://management.azure.com", "https://login.microsoftonline.com",
		"https://management.azure.com", "core.windows.net", false },
	{ "usgovernment", "https://management.usgovcloudapi.net",
		"https://login.microsoftonline.us", "https://management.usgovcloudapi.net",
		"core.usgovcloudapi.net", false },
	{ "china", "https://management.chinacloudapi.cn", "https://login.chinacloudapi.cn",
		"https://management.chinacloudapi.cn", "core.chinacloudapi.cn", false },
};

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
	*out = (struct azure_cloud){ "emulator", origin, origin, origin, NULL, true };
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
	if (text_starts_nocase(name_or_url, "http://"))
		return find_emulator(arena, name_or_url, out, diags);
	if (text_starts_nocase(name_or_url, "https://"))
		diag_error(diags, PLACE_NONE, "cloud-unknown",
			"a cloud by its own URL, `%s`, is not known yet", name_or_url);
	else
		diag_error(diags, PLACE_NONE, "cloud-unknown", "`%s` is not a cloud", name_or_url);
	const char *near = text_nearest(name_or_url, names, ARRAY_LEN(names));
	if (near)
		diag_help(diags, "did you mean `%s`?", near);
	else
		diag_help(diags,
			"clouds are public, usgovernment, china, emulator, or the http "
			"URL of a running emulator");
	return false;
}
