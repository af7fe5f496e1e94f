/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/kubeconfig.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "engine/base/yaml.h"
#include "providers/kubernetes/pem.h"
#include "providers/net/url.h"

#define EXEC_GROUP "client.authentication.k8s.io"

struct reader {
	struct arena *arena;
	struct diags *diags;
	struct yaml *files[KUBECONFIG_FILES];
	size_t nfiles;
};

/* A named cluster, user or context, and the file it stands in. */
struct entry {
	struct reader *reader;
	const struct yaml *file;
	const char *pointer;
	const json_t *value;
};

/* Diagnostics outlive the reader. */
static struct place place_in(struct reader *r, const char *file)
{
	return (struct place){ .file = arena_strdup(r->diags->arena, file) };
}

static struct place place_of(const struct entry *e, const char *member)
{
	const char *pointer =
		member ? pointer_add(e->reader->arena, e->pointer, member) : e->pointer;
	struct place at = yaml_place(e->file, pointer, YAML_KEY);
	at.file = place_in(e->reader, yaml_name(e->file)).file;
	at.excerpt = NULL;
	return at;
}

static bool invalid(const struct entry *e, const char *member, const char *what)
{
	(void)diag_error(e->reader->diags, place_of(e, member), "kubeconfig-invalid", "%s", what);
	diag_help(e->reader->diags, "`kubectl config view` shows what it holds, without secrets");
	return false;
}

static bool unsupported(const struct entry *e, const char *member, const char *help)
{
	(void)diag_error(e->reader->diags, place_of(e, member), "kubeconfig-unsupported",
		"`%s` is not supported", member);
	diag_help(e->reader->diags, "%s", help);
	return false;
}

/* ---- files ---- */

static bool unreadable(struct reader *r, const char *path, const char *why)
{
	(void)diag_error(
		r->diags, place_in(r, path), "kubeconfig-unreadable", "cannot be read: %s", why);
	diag_help(r->diags, "name a kubeconfig by --kubeconfig or KUBECONFIG");
	return false;
}

static void wipe(void *text)
{
	explicit_bzero(text, strlen(text));
}

/* A text with a secret in it, in the arena. */
static char *kept_secret(struct arena *a, const char *text, size_t len)
{
	char *copy = arena_strndup(a, text, len);
	arena_defer(a, wipe, copy);
	return copy;
}

static char *read_file(struct arena *a, const char *path)
{
	size_t len = 0;
	char *text = text_read_file(path, KUBECONFIG_BYTES, &len);
	if (!text)
		return NULL;
	char *copy = kept_secret(a, text, len);
	explicit_bzero(text, len);
	free(text);
	return copy;
}

/* The reader of YAML quotes lines and words: only where and of what kind is told. */
static bool parse(struct reader *r, const char *path, const char *text)
{
	struct arena *scratch = arena_new();
	struct diags diags;
	diags_init(&diags, scratch);
	struct yaml *yaml = yaml_parse(r->arena, path, text, strlen(text), &diags);
	for (size_t i = 0; i < diags.count && !yaml; i++) {
		struct place at = diags.items[i].at;
		at.file = place_in(r, path).file;
		at.excerpt = NULL;
		(void)diag_error(r->diags, at, "kubeconfig-invalid", "this is not YAML: %s",
			diags.items[i].code);
	}
	arena_free(scratch);
	if (!yaml)
		return false;
	const struct entry whole = { r, yaml, "", yaml_value(yaml) };
	if (!json_is_object(whole.value))
		return invalid(&whole, NULL, "this is no kubeconfig");
	r->files[r->nfiles++] = yaml;
	return true;
}

static bool load(struct reader *r, const char *paths)
{
	bool is_list = strchr(paths, ':') != NULL;
	for (const char *at = paths; *at;) {
		size_t len = strcspn(at, ":");
		const char *path = arena_strndup(r->arena, at, len);
		at += len + (at[len] == ':');
		if (len == 0)
			continue;
		if (is_list && access(path, F_OK) != 0 && errno == ENOENT)
			continue;
		if (r->nfiles == KUBECONFIG_FILES)
			return unreadable(r, path, "there are too many files");
		const char *text = read_file(r->arena, path);
		if (!text)
			return unreadable(r, path, strerror(errno));
		if (!parse(r, path, text))
			return false;
	}
	return r->nfiles > 0 || unreadable(r, paths, strerror(ENOENT));
}

/* ---- entries ---- */

/* The first of that name in `section`: its member `kind`. */
static bool find(struct reader *r, const char *section, const char *kind, const char *name,
	struct entry *out)
{
	for (size_t f = 0; f < r->nfiles; f++) {
		const json_t *list = json_object_get(yaml_value(r->files[f]), section);
		const char *pointer = pointer_add(r->arena, "", section);
		size_t i;
		const json_t *item;
		json_array_foreach (list, i, item) {
			const char *called = json_string_value(json_object_get(item, "name"));
			if (!called || strcmp(called, name) != 0)
				continue;
			*out = (struct entry){ r, r->files[f],
				pointer_add(
					r->arena, pointer_add_index(r->arena, pointer, i), kind),
				json_object_get(item, kind) };
			return true;
		}
	}
	return false;
}

/* NULL in *out when it is not there or empty. */
static bool read_text(const struct entry *e, const char *member, const char **out)
{
	const json_t *value = json_object_get(e->value, member);
	*out = json_string_value(value);
	if (*out && !**out)
		*out = NULL;
	return json_is_string(value) || !value || json_is_null(value) ||
		invalid(e, member, arena_printf(e->reader->arena, "`%s` is not text", member));
}

static bool has_value(const struct entry *e, const char *member)
{
	const json_t *value = json_object_get(e->value, member);
	return value && !json_is_null(value) && !json_is_false(value) &&
		!(json_is_string(value) && json_string_length(value) == 0) &&
		!((json_is_array(value) || json_is_object(value)) && json_array_size(value) == 0 &&
			json_object_size(value) == 0);
}

struct refusal {
	const char *member, *help;
};

static bool refuse_all(const struct entry *e, const struct refusal *refusals, size_t count)
{
	bool good = true;
	for (size_t i = 0; i < count; i++)
		if (has_value(e, refusals[i].member))
			good = unsupported(e, refusals[i].member, refusals[i].help);
	return good;
}

/* A path in a kubeconfig is relative to the file that it stands in. */
static const char *path_beside(const struct entry *e, const char *path)
{
	const char *file = yaml_name(e->file), *slash = strrchr(file, '/');
	if (*path == '/' || !slash)
		return path;
	return arena_printf(e->reader->arena, "%.*s/%s", (int)(slash - file), file, path);
}

/* `member`-data, in base64, before the file that `member` names. */
static bool read_pem(
	const struct entry *e, const char *member, enum pem_kind kind, const char **out)
{
	struct arena *a = e->reader->arena;
	const char *data_member = arena_printf(a, "%s-data", member);
	const char *data = NULL, *path = NULL;
	*out = NULL;
	if (!read_text(e, data_member, &data) || !read_text(e, member, &path))
		return false;
	if (!data && !path)
		return true;
	const char *given = data ? data_member : member;
	char *text = data ? pem_from_base64(data, strlen(data)) : NULL;
	if (data && !text)
		return invalid(e, given, "this is not base64");
	if (text) {
		*out = kept_secret(a, text, strlen(text));
		explicit_bzero(text, strlen(text));
		free(text);
	} else {
		*out = read_file(a, path_beside(e, path));
	}
	if (!*out)
		return invalid(e, given,
			arena_printf(a, "the file that `%s` names cannot be read: %s", member,
				strerror(errno)));
	return pem_holds(*out, kind) ||
		invalid(e, given,
			kind == PEM_KEY ? "this is not a private key in PEM, or it has a password"
					: "this is not a certificate in PEM");
}

/* ---- clusters ---- */

static bool read_server(const struct entry *e, struct kube_access *out)
{
	const char *server = NULL;
	if (!read_text(e, "server", &server))
		return false;
	if (!server)
		return invalid(e, NULL, "the cluster has no `server`");
	size_t len = strlen(server);
	while (len && server[len - 1] == '/')
		len--;
	out->server = arena_strndup(e->reader->arena, server, len);
	if (!url_is_base(out->server))
		return invalid(e, "server", "this is not the URL of a server");
	return url_has_scheme(out->server, "https") ||
		(url_has_scheme(out->server, "http") && url_is_loopback(out->server)) ||
		invalid(e, "server", "a server is reached by https, but for a loopback host");
}

static bool read_cluster(const struct entry *e, struct kube_access *out)
{
	static const struct refusal refusals[] = {
		{ "insecure-skip-tls-verify",
			"give the cluster's CA as `certificate-authority-data`: without it a token "
			"goes to whoever answers" },
		{ "proxy-url", "set https_proxy in the environment" },
	};
	return refuse_all(e, refusals, ARRAY_LEN(refusals)) && read_server(e, out) &&
		read_text(e, "tls-server-name", &out->server_name) &&
		read_pem(e, "certificate-authority", PEM_CERTIFICATE, &out->authority);
}

/* ---- users ---- */

static bool read_words(
	const struct entry *e, const char *member, const char ***words, size_t *count)
{
	const json_t *list = json_object_get(e->value, member), *item;
	size_t i;
	if (json_array_size(list) > KUBE_EXEC_WORDS)
		return invalid(e, member, "these are too many");
	json_array_foreach (list, i, item) {
		if (!json_is_string(item))
			return invalid(e, member, "an argument is not text");
		*ARENA_PUSH(e->reader->arena, *words, *count) = json_string_value(item);
	}
	return true;
}

static bool read_variables(const struct entry *e, struct kube_exec *out)
{
	struct arena *a = e->reader->arena;
	const json_t *list = json_object_get(e->value, "env"), *item;
	size_t i;
	if (json_array_size(list) > KUBE_EXEC_WORDS)
		return invalid(e, "env", "these are too many");
	json_array_foreach (list, i, item) {
		const char *name = json_text_at(item, "/name");
		const char *value = json_text_at(item, "/value");
		if (!name || !*name || strchr(name, '=') || !value)
			return invalid(e, "env", "a variable has a `name` and a `value`");
		char *variable = arena_printf(a, "%s=%s", name, value);
		arena_defer(a, wipe, variable);
		*ARENA_PUSH(a, out->variables, out->nvariables) = variable;
	}
	return true;
}

/* A name is looked for in PATH; a path is relative to the file, as certificates are. */
static bool read_command(const struct entry *e, struct kube_exec *out)
{
	if (!read_text(e, "command", &out->command))
		return false;
	if (!out->command)
		return invalid(e, NULL, "the plugin has no `command`");
	if (strchr(out->command, '/'))
		out->command = path_beside(e, out->command);
	return true;
}

static bool read_exec(const struct entry *user, const struct entry *cluster, const char *pointer,
	struct kube_access *out)
{
	struct reader *r = user->reader;
	const struct entry e = { r, user->file, pointer, json_object_get(user->value, "exec") };
	struct kube_exec *exec = ARENA_NEW(r->arena, struct kube_exec);
	const char *mode = NULL;
	out->exec = exec;
	if (!read_text(&e, "apiVersion", &exec->api_version) || !read_command(&e, exec) ||
		!read_words(&e, "args", &exec->arguments, &exec->narguments) ||
		!read_variables(&e, exec) || !read_text(&e, "installHint", &exec->hint) ||
		!read_text(&e, "interactiveMode", &mode))
		return false;
	if (!exec->api_version ||
		(strcmp(exec->api_version, EXEC_GROUP "/v1") != 0 &&
			strcmp(exec->api_version, EXEC_GROUP "/v1beta1") != 0))
		return unsupported(&e, "apiVersion",
			"use a plugin of " EXEC_GROUP "/v1 or " EXEC_GROUP "/v1beta1");
	if (mode && strcmp(mode, "Always") == 0)
		return unsupported(&e, "interactiveMode",
			"use a plugin that asks nobody: it has no terminal here");
	exec->wants_cluster = json_is_true(json_object_get(e.value, "provideClusterInfo"));
	size_t i;
	const json_t *item;
	json_array_foreach (json_object_get(cluster->value, "extensions"), i, item) {
		const char *name = json_text_at(item, "/name");
		if (name && strcmp(name, EXEC_GROUP "/exec") == 0)
			exec->config = json_object_get(item, "extension");
	}
	return true;
}

static bool read_user(const struct entry *e, const struct entry *cluster, struct kube_access *out)
{
	static const char by_plugin[] = "use a plugin (`exec`), such as kubelogin";
	static const char as_oneself[] = "name a user who has the rights by itself";
	static const struct refusal refusals[] = {
		{ "username", "use a token, a client certificate or a plugin" },
		{ "password", "use a token, a client certificate or a plugin" },
		{ "auth-provider", by_plugin },
		{ "as", as_oneself },
		{ "as-uid", as_oneself },
		{ "as-groups", as_oneself },
		{ "as-user-extra", as_oneself },
	};
	const char *token = NULL, *token_file = NULL;
	if (!refuse_all(e, refusals, ARRAY_LEN(refusals)) || !read_text(e, "token", &token) ||
		!read_text(e, "tokenFile", &token_file) ||
		!read_pem(e, "client-certificate", PEM_CERTIFICATE, &out->certificate) ||
		!read_pem(e, "client-key", PEM_KEY, &out->key))
		return false;
	if (!out->certificate != !out->key)
		return invalid(e, NULL, "a client certificate and its key belong together");
	if (token_file)
		out->token_file = path_beside(e, token_file);
	else if (token)
		out->token = kept_secret(e->reader->arena, token, strlen(token));
	bool has_other = out->token || out->token_file || out->certificate;
	if (has_other || !has_value(e, "exec"))
		return true;
	return read_exec(e, cluster, pointer_add(e->reader->arena, e->pointer, "exec"), out);
}

/* ---- contexts ---- */

static const char *current_context(const struct reader *r)
{
	for (size_t i = 0; i < r->nfiles; i++) {
		const char *name = json_text_at(yaml_value(r->files[i]), "/current-context");
		if (name && *name)
			return name;
	}
	return NULL;
}

static bool no_context(struct reader *r, const char *paths, const char *name)
{
	struct place at = place_in(r, paths);
	if (!name) {
		(void)diag_error(r->diags, at, "kubeconfig-context", "has no current context");
		diag_help(r->diags, "name one as `context` of the node set");
		return false;
	}
	const char **names = NULL;
	size_t count = 0;
	for (size_t f = 0; f < r->nfiles; f++) {
		size_t i;
		const json_t *item;
		json_array_foreach (json_object_get(yaml_value(r->files[f]), "contexts"), i, item)
			if (json_text_at(item, "/name"))
				*ARENA_PUSH(r->arena, names, count) = json_text_at(item, "/name");
	}
	const char *nearest = text_nearest(name, names, count);
	(void)diag_error(r->diags, at, "kubeconfig-context", "has no context `%s`", name);
	if (nearest)
		diag_help(r->diags, "did you mean `%s`?", nearest);
	else
		diag_help(r->diags, "`kubectl config get-contexts` lists them");
	return false;
}

static bool read_context(struct reader *r, const struct entry *context, struct kube_access *out)
{
	const char *cluster_name = NULL, *user_name = NULL;
	struct entry cluster, user;
	if (!read_text(context, "cluster", &cluster_name) ||
		!read_text(context, "user", &user_name))
		return false;
	if (!cluster_name || !find(r, "clusters", "cluster", cluster_name, &cluster))
		return invalid(context, "cluster", "the context's cluster is not there");
	if (!read_cluster(&cluster, out))
		return false;
	if (!user_name)
		return true;
	if (!find(r, "users", "user", user_name, &user))
		return invalid(context, "user", "the context's user is not there");
	return read_user(&user, &cluster, out);
}

bool kubeconfig_read(struct arena *a, const char *paths, const char *context,
	struct kube_access *out, struct diags *diags)
{
	struct reader r = { .arena = a, .diags = diags };
	struct entry entry;
	*out = (struct kube_access){ 0 };
	if (!load(&r, paths))
		return false;
	const char *name = context ? context : current_context(&r);
	if (!name || !find(&r, "contexts", "context", name, &entry))
		return no_context(&r, paths, name);
	out->context = name;
	return read_context(&r, &entry, out);
}

/* ---- inside of a cluster ---- */

static const char *variable(const char *const *environment, const char *name)
{
	size_t len = strlen(name);
	for (; environment && *environment; environment++)
		if (strncmp(*environment, name, len) == 0 && (*environment)[len] == '=' &&
			(*environment)[len + 1])
			return *environment + len + 1;
	return NULL;
}

bool kubeconfig_in_cluster(struct arena *a, const char *folder, const char *const *environment,
	struct kube_access *out)
{
	const char *host = variable(environment, "KUBERNETES_SERVICE_HOST");
	const char *port = variable(environment, "KUBERNETES_SERVICE_PORT");
	const char *token_file = arena_printf(a, "%s/token", folder);
	if (!host || !port || access(token_file, R_OK) != 0)
		return false;
	bool is_ip6 = strchr(host, ':') != NULL;
	*out = (struct kube_access){
		.server = arena_printf(
			a, "https://%s%s%s:%s", is_ip6 ? "[" : "", host, is_ip6 ? "]" : "", port),
		.token_file = token_file,
		.authority = read_file(a, arena_printf(a, "%s/ca.crt", folder)),
	};
	return url_is_base(out->server) && out->authority &&
		pem_holds(out->authority, PEM_CERTIFICATE);
}
