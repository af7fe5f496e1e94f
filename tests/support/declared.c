/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/declared.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "engine/base/buf.h"
#include "tests/support/folder.h"

struct config *declared_load(
	struct arena *a, const struct catalog *catalog, const char *yaml, struct diags *diags)
{
	static const char *const nothing[] = { NULL };
	struct folder folder;
	folder_make(&folder);
	folder_write(&folder, "waybill.yaml", yaml, strlen(yaml));
	const char *path = folder_path(&folder, a, "waybill.yaml");
	const struct config_options options = {
		.paths = &path, .npaths = 1, .environment = nothing
	};
	struct config *config = config_load(a, catalog, &options, diags);
	folder_remove(&folder);
	return config;
}

struct config *declared(struct arena *a, const char *yaml)
{
	struct diags diags;
	diags_init(&diags, a);
	struct config *config = declared_load(a, catalog_new(a), yaml, &diags);
	if (!config || !config_resolve(config, &diags))
		declared_fail(&diags);
	return config;
}

void declared_fail(struct diags *diags)
{
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	diags_render(diags, &text, 0, false);
	print_error("%s", text.data);
	buf_release(&text);
	fail();
}
