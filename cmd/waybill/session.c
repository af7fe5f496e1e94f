/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/session.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cmd/waybill/signals.h"
#include "engine/base/text.h"
#include "providers/kubernetes/kubernetes.h"
#include "providers/net/az.h"
#include "state/names.h"

#define EMULATED_SUBSCRIPTION "00000000-0000-0000-0000-000000000001"
#define SOME_SUBSCRIPTION "00000000-0000-0000-0000-000000000000"

struct session_cluster {
	const char *context; /* or NULL */
	struct provider *provider;
};

void session_open(
	struct session *s, const struct arguments *arguments, const char *const *environment)
{
	*s = (struct session){ .arena = arena_new(), .arguments = arguments };
	diags_init(&s->diags, s->arena);
	buf_init(&s->out, BUF_OWN_TEXT);
	s->document = arena_json(s->arena, json_object());
	s->terminal = terminal_look(session_switch(s, OPTION_NO_COLOR, false));
	s->json = session_switch(s, OPTION_JSON, false);
	const char *format = session_option(s, OPTION_FORMAT)->text;
	if (format)
		s->json = s->json || strcmp(format, "json") == 0;
	const char *state = session_option(s, OPTION_STATE)->text;
	s->state_path = state_follow(s->arena, state ? state : SESSION_DEFAULT_STATE);
	s->environment = environment;
}

bool session_close(struct session *s)
{
	for (size_t i = 0; i < s->nopened; i++)
		s->opened[i].provider->close(s->opened[i].provider);
	if (s->provider)
		s->provider->close(s->provider);
	state_close(s->state);
	remote_free(s->remote);
	lock_release(s->lock);
	emulator_stop(&s->emulator);
	buf_release(&s->out);
	const struct secrets *secrets = s->config ? s->config->secrets : NULL;
	bool recorded = recording_close(&s->recording, s->arena, secrets);
	if (!recorded)
		tell("error: the record could not be written: %s [record-write]\n",
			strerror(errno));
	arena_leave(s->arena);
	return recorded;
}

bool session_record(struct session *s)
{
	const char *path = session_option(s, OPTION_RECORD)->text;
	return !path ||
		(session_may_write(s, path, false) &&
			recording_open(&s->recording, s->arena, path, &s->diags));
}

const struct option_value *session_option(const struct session *s, enum option_id id)
{
	return &s->arguments->values[id];
}

bool session_switch(const struct session *s, enum option_id id, bool otherwise)
{
	const struct option_value *value = session_option(s, id);
	return value->given ? value->on : otherwise;
}

/* ---- the cloud ---- */

static bool is_folder(const char *path)
{
	struct stat about;
	return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

/* `name` in the folder that `path` is, or stands in. */
static const char *beside(struct arena *a, const char *path, const char *name)
{
	if (is_folder(path))
		return arena_printf(a, "%s/%s", path, name);
	const char *slash = strrchr(path, '/');
	if (!slash)
		return name;
	return arena_printf(a, "%.*s/%s", (int)(slash - path), path, name);
}

static bool start_emulator(struct session *s)
{
	const char *store = environment_get(s->environment, "WAYBILL_EMULATOR_STORE");
	if (!store)
		store = beside(s->arena, s->state_path, "waybill-emulator.json");
	const struct option_value *files = session_option(s, OPTION_FILE);
	const char *cloud = beside(s->arena, files->ntexts ? files->texts[0] : ".", "cloud.yaml");
	if (access(cloud, F_OK) != 0)
		cloud = NULL;
	return emulator_start(&s->emulator, s->arena, store, cloud, &s->diags);
}

/* AZURE_SUBSCRIPTION_ID may come from ARM_SUBSCRIPTION_ID, or be the emulator's own. */
static void imply_subscription(struct session *s, const char *emulated)
{
	if (environment_get(s->environment, "AZURE_SUBSCRIPTION_ID"))
		return;
	const char *other = environment_get(s->environment, "ARM_SUBSCRIPTION_ID");
	if (!other)
		other = emulated;
	if (!other)
		return;
	const char **environment = NULL;
	size_t count = 0;
	*ARENA_PUSH(s->arena, environment, count) =
		arena_printf(s->arena, "AZURE_SUBSCRIPTION_ID=%s", other);
	for (size_t i = 0; s->environment[i]; i++)
		*ARENA_PUSH(s->arena, environment, count) = s->environment[i];
	(void)ARENA_PUSH(s->arena, environment, count);
	s->environment = environment;
}

bool session_cloud(struct session *s, bool talks)
{
	const char *name = session_option(s, OPTION_CLOUD)->text;
	s->talks = talks;
	if (!name)
		name = s->cloud_name ? s->cloud_name : "public";
	const char *subscription = EMULATED_SUBSCRIPTION;
	if (strcmp(name, "emulator") == 0) {
		s->cloud = (struct azure_cloud){ .name = "emulator", .emulator = true };
		if (talks) {
			if (!start_emulator(s) ||
				!azure_cloud_find(
					s->arena, s->emulator.endpoint, &s->cloud, &s->diags))
				return false;
			s->cloud.emulator = true;
		}
		if (s->emulator.subscription)
			subscription = s->emulator.subscription;
	} else if (!azure_cloud_find(s->arena, name, &s->cloud, &s->diags)) {
		return false;
	}
	imply_subscription(s, s->cloud.emulator ? subscription : NULL);
	return !talks || session_endpoints(s);
}

bool session_endpoints(struct session *s)
{
	return azure_cloud_ask(s->arena, &s->cloud, WAYBILL_VERSION, session_log(s), &s->diags);
}

/* ---- the configuration ---- */

static bool read_variables(struct session *s, struct config_options *options)
{
	struct config_variable *variables = NULL;
	size_t count = 0, errors = s->diags.nerrors;
	const struct option_value *given = session_option(s, OPTION_VAR);
	for (size_t i = 0; i < given->ntexts; i++) {
		const char *text = given->texts[i];
		const char *equals = strchr(text, '=');
		if (!equals || equals == text) {
			(void)diag_error(&s->diags, PLACE_NONE, "option-value",
				"`--var` takes NAME=VALUE, not `%s`", text);
			diag_help(&s->diags, "a file of values is named by --var-file");
			continue;
		}
		*ARENA_PUSH(s->arena, variables, count) = (struct config_variable){
			arena_strndup(s->arena, text, (size_t)(equals - text)), equals + 1
		};
	}
	options->variables = variables;
	options->nvariables = count;
	return s->diags.nerrors == errors;
}

/* az answers for the cloud that it is signed in to, so it is asked only where it signs us in. What
 * only looks at files asks nobody: any subscription does. */
static bool default_subscription(void *context, const char **out, struct diags *diags)
{
	struct session *s = context;
	const char *problem = NULL;
	if (s->cloud.emulator || !s->cloud.login || !s->talks) {
		*out = s->talks ? NULL : SOME_SUBSCRIPTION;
		return true;
	}
	struct credential credential;
	struct diags own;
	diags_init(&own, s->arena);
	struct credential_options options = { .environment = s->environment,
		.cloud = s->cloud.name,
		.login = s->cloud.login,
		.arm = s->cloud.arm };
	*out = NULL;
	if (credential_find(&options, &credential, &own) && credential.kind == CREDENTIAL_AZ)
		*out = az_subscription(s->arena, credential.az, s->environment, &problem);
	credential_release(&credential);
	if (problem) {
		diag_error(diags, PLACE_NONE, "sign-in", "%s", problem);
		diag_help(diags,
			"run `az login`, or name the subscription in the YAML or in "
			"AZURE_SUBSCRIPTION_ID");
		return false;
	}
	if (*out)
		tell("Subscription %s, as az has chosen\n", text_escaped(s->arena, *out));
	return true;
}

bool session_subscription(struct session *s, const char **out)
{
	*out = environment_get(s->environment, "AZURE_SUBSCRIPTION_ID");
	return *out || default_subscription(s, out, &s->diags);
}

bool session_config(struct session *s)
{
	const struct option_value *files = session_option(s, OPTION_FILE);
	const struct option_value *variable_files = session_option(s, OPTION_VAR_FILE);
	const struct option_value *allowed = session_option(s, OPTION_ALLOW_ENV);
	struct config_options options = {
		.paths = files->texts,
		.npaths = files->ntexts,
		.variable_files = variable_files->texts,
		.nvariable_files = variable_files->ntexts,
		.environment = s->environment,
		.allowed_environment = allowed->texts,
		.nallowed_environment = allowed->ntexts,
		.default_subscription = default_subscription,
		.default_context = s,
	};
	if (!read_variables(s, &options))
		return false;
	s->catalog = catalog_new(s->arena);
	s->config = config_load(s->arena, s->catalog, &options, &s->diags);
	return s->config != NULL;
}

bool session_config_again(struct session *s, const json_t *inputs)
{
	struct config_options again = { .environment = s->environment };
	if (!read_variables(s, &again))
		return false;
	s->config = config_load_inputs(s->arena, s->catalog, inputs, &again, &s->diags);
	return s->config != NULL;
}

/* ---- the provider ---- */

static void tell_log(void *context, enum net_log_level level, const char *line)
{
	static const char *const names[] = { "error", "warn", "info", "debug", "trace" };
	const struct session *s = context;
	struct arena *scratch = arena_new();
	struct buf text;
	buf_init(&text, BUF_OWN_TEXT);
	(void)buf_printf(&text, "%s: ", names[level]);
	const struct secrets *secrets = s->config ? s->config->secrets : NULL;
	text_escape(&text, secrets_mask_text(secrets, scratch, line), true);
	arena_free(scratch);
	tell("%s\n", text.data);
	buf_release(&text);
}

static void record(void *context, const char *entry)
{
	struct session *s = context;
	recording_add(&s->recording, s->config ? s->config->secrets : NULL, entry);
}

static enum net_log_level log_level(const char *name)
{
	if (!name)
		return NET_LOG_WARN;
	switch (name[0]) {
	case 'e':
		return NET_LOG_ERROR;
	case 'i':
		return NET_LOG_INFO;
	case 'd':
		return NET_LOG_DEBUG;
	case 't':
		return NET_LOG_TRACE;
	default:
		return NET_LOG_WARN;
	}
}

struct net_log session_log(struct session *s)
{
	return (struct net_log){ .write = tell_log,
		.context = s,
		.level = log_level(session_option(s, OPTION_LOG_LEVEL)->text),
		.record = s->recording.path ? record : NULL };
}

static struct provider *open_cluster(void *opener, const char *context, struct diags *diags)
{
	struct session *s = opener;
	for (size_t i = 0; i < s->nopened; i++) {
		const char *other = s->opened[i].context;
		if (other == context || (other && context && strcmp(other, context) == 0))
			return s->opened[i].provider;
	}
	const char *kubeconfig = session_option(s, OPTION_KUBECONFIG)->text;
	if (!kubeconfig)
		kubeconfig = environment_get(s->environment, "KUBECONFIG");
	struct kubernetes_options options = {
		.kubeconfig = kubeconfig,
		.context = context,
		.allow_exec = session_switch(s, OPTION_ALLOW_EXEC, false),
		.environment = s->environment,
		.version = WAYBILL_VERSION,
		.log = session_log(s),
	};
	struct provider *provider = kubernetes_open(&options, diags);
	if (provider)
		*ARENA_PUSH(s->arena, s->opened, s->nopened) =
			(struct session_cluster){ context, provider };
	return provider;
}

bool session_provider(struct session *s)
{
	struct azure_options options = {
		.cloud = &s->cloud,
		.environment = s->environment,
		.version = WAYBILL_VERSION,
		.log = session_log(s),
		.catalog = s->catalog,
		.registers = session_switch(s, OPTION_REGISTER_PROVIDERS, false),
	};
	s->clusters = (struct clusters){ open_cluster, s };
	s->provider = azure_open(&options, &s->diags);
	return s->provider && session_keep(s);
}

/* ---- what it says ---- */

bool session_flush(struct session *s)
{
	bool good = fwrite(s->out.data, 1, s->out.len, stdout) == s->out.len;
	good = fflush(stdout) == 0 && good;
	buf_clear(&s->out);
	return good;
}

void session_warn(struct session *s)
{
	struct buf text;
	if (s->diags.nerrors || s->diags.count == 0)
		return;
	if (s->config)
		secrets_mask_diags(s->config->secrets, &s->diags, 0);
	buf_init(&text, BUF_OWN_TEXT);
	diags_render(&s->diags, &text, 0, s->terminal.err_colour);
	tell("\n%s", text.data);
	buf_release(&text);
	s->diags.count = 0;
}

void tell(const char *fmt, ...)
{
	va_list args;
	va_start(args, fmt);
	(void)vfprintf(stderr, fmt, args);
	va_end(args);
}
