/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/kubernetes/identity.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "engine/base/text.h"
#include "providers/kubernetes/exec_credential.h"
#include "providers/kubernetes/exec_plugin.h"
#include "providers/net/credential.h"
#include "providers/net/redact.h"

#define TOKEN_BYTES ((size_t)64 << 10)
#define EARLY_S 10        /* before its end, what a plugin gave is no longer used */
#define ERRORS_TOLD 600   /* bytes of what a plugin said, at most */
#define SECRET_LIKELY 40U /* so long a word without a blank is more likely a secret than a name */

struct identity {
	struct identity_options options;
	char *file_token;
	struct exec_credential given; /* by the plugin */
};

struct identity *identity_new(const struct identity_options *options)
{
	struct identity *identity = mem_alloc(sizeof *identity);
	*identity = (struct identity){ .options = *options };
	if (options->access->token)
		http_keep_secret(options->http, options->access->token);
	return identity;
}

void identity_free(struct identity *identity)
{
	if (!identity)
		return;
	credential_clear(identity->file_token);
	exec_credential_clear(&identity->given);
	free(identity);
}

/* ---- a file ---- */

static bool read_token_file(struct identity *identity, struct arena *a, struct failure *failure)
{
	const char *path = identity->options.access->token_file;
	size_t len = 0;
	credential_clear(identity->file_token);
	char *text = identity->file_token = text_read_file(path, TOKEN_BYTES, &len);
	if (!text) {
		*failure = (struct failure){ .code = "cluster-sign-in",
			.message = arena_printf(a, "the token cannot be read from `%s`: %s", path,
				strerror(errno)) };
		return false;
	}
	text[strcspn(text, "\r\n \t")] = '\0';
	http_keep_secret(identity->options.http, text);
	return true;
}

/* ---- a plugin ---- */

static bool is_word(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		strchr("-_+", c);
}

/* Tokens that nobody told us yet: parts of a JWT, and words that are too long for any other. */
static void mask_likely(char *text)
{
	while (*text) {
		size_t len = 0;
		while (text[len] && is_word(text[len]))
			len++;
		if (len >= SECRET_LIKELY || (len > 3 && strncmp(text, "eyJ", 3) == 0))
			memset(text, '*', len);
		text += len ? len : 1;
	}
}

static const char *told(const struct identity *identity, struct arena *a, const char *errors)
{
	const struct kube_exec *exec = identity->options.access->exec;
	size_t len = strlen(errors);
	while (len && strchr(" \r\n", errors[len - 1]))
		len--;
	char *text = http_scrubbed(identity->options.http, a, arena_strndup(a, errors, len));
	for (size_t i = 0; i < exec->nvariables; i++)
		redact_known(text, strchr(exec->variables[i], '=') + 1);
	mask_likely(text);
	len = strlen(text);
	return len > ERRORS_TOLD ? text + len - ERRORS_TOLD : text;
}

static bool plugin_failed(const struct identity *identity, struct arena *a, const char *problem,
	const char *errors, struct failure *failure)
{
	const struct kube_exec *exec = identity->options.access->exec;
	const char *said = told(identity, a, errors);
	*failure = (struct failure){ .code = "exec-failed",
		.message = arena_printf(a, "the plugin `%s` told no credential: %s%s%s",
			exec->command, problem, *said ? ": " : "", said),
		.help = exec->hint };
	return false;
}

static void release(struct buf *text)
{
	explicit_bzero(text->data, text->len);
	buf_release(text);
}

static bool ask_plugin(struct identity *identity, struct arena *a, struct failure *failure)
{
	const struct kube_access *access = identity->options.access;
	struct exec_run run = { .environment = identity->options.environment,
		.info = exec_credential_info(a, access),
		.limit_ms = identity->options.exec_ms ? identity->options.exec_ms : EXEC_LIMIT_MS };
	const char *problem = NULL;
	buf_init(&run.out, EXEC_ANSWER_BYTES);
	buf_init(&run.errors, EXEC_ERROR_BYTES);
	exec_credential_clear(&identity->given);
	bool good = exec_plugin_run(a, access->exec, &run, &problem) &&
		exec_credential_read(run.out.data, run.out.len, access->exec->api_version,
			&identity->given, &problem);
	if (!good)
		(void)plugin_failed(identity, a, problem, run.errors.data, failure);
	else if (identity->given.token)
		http_keep_secret(identity->options.http, identity->given.token);
	release(&run.out);
	release(&run.errors);
	return good;
}

static bool is_at_hand(const struct exec_credential *given)
{
	return (given->token || given->certificate) &&
		(!given->ends || time(NULL) < given->ends - EARLY_S);
}

bool identity_get(struct identity *identity, struct arena *a, const char **token,
	struct http_tls *tls, struct failure *failure)
{
	const struct kube_access *access = identity->options.access;
	*tls = (struct http_tls){ .authority = access->authority,
		.certificate = access->certificate,
		.key = access->key,
		.server_name = access->server_name };
	*token = access->token;
	if (access->token_file) {
		if (!read_token_file(identity, a, failure))
			return false;
		*token = identity->file_token;
	} else if (access->exec) {
		if (!is_at_hand(&identity->given) && !ask_plugin(identity, a, failure))
			return false;
		*token = identity->given.token;
		tls->certificate = identity->given.certificate;
		tls->key = identity->given.key;
	}
	return true;
}

bool identity_refused(struct identity *identity)
{
	const struct kube_access *access = identity->options.access;
	exec_credential_clear(&identity->given);
	return access->token_file || access->exec;
}
