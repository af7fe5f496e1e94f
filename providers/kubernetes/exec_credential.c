/* SPDX-License-Identifier: Apache-2.0 */
#define _GNU_SOURCE /* strptime(), timegm() */
#include "providers/kubernetes/exec_credential.h"

#include <string.h>

#include "engine/base/json.h"
#include "providers/kubernetes/pem.h"
#include "providers/net/credential.h"

#define KIND "ExecCredential"

char *exec_credential_info(struct arena *a, const struct kube_access *access)
{
	json_t *spec = json_pack("{s:b}", "interactive", 0);
	if (access->exec->wants_cluster) {
		json_t *cluster = json_pack("{s:s}", "server", access->server);
		if (access->server_name)
			(void)json_object_set_new(
				cluster, "tls-server-name", json_string(access->server_name));
		if (access->authority)
			(void)json_object_set_new(cluster, "certificate-authority-data",
				json_string(pem_to_base64(a, access->authority)));
		if (access->exec->config)
			(void)json_object_set(cluster, "config", access->exec->config);
		(void)json_object_set_new(spec, "cluster", cluster);
	}
	json_auto_t *info = json_pack("{s:s, s:s, s:o}", "kind", KIND, "apiVersion",
		access->exec->api_version, "spec", spec);
	return json_canonical(a, info);
}

/* RFC 3339, of which fractions of a second are passed over. */
static bool read_time(const char *text, time_t *out)
{
	struct tm fields = { 0 }, zone = { 0 };
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &fields);
	if (rest && *rest == '.')
		rest += 1 + strspn(rest + 1, "0123456789");
	if (!rest || !*rest)
		return false;
	rest = strptime(rest, "%z", &zone);
	if (!rest || *rest)
		return false;
	time_t seconds = timegm(&fields);
	*out = seconds - zone.tm_gmtoff;
	return true;
}

static char *copy_of(const char *text)
{
	return text && *text ? mem_strdup(text) : NULL;
}

static const char *read_status(const json_t *status, struct exec_credential *out)
{
	const char *ends = json_text_at(status, "/expirationTimestamp");
	out->token = copy_of(json_text_at(status, "/token"));
	out->certificate = copy_of(json_text_at(status, "/clientCertificateData"));
	out->key = copy_of(json_text_at(status, "/clientKeyData"));
	if (!out->token && !out->certificate)
		return "it answered without a token and without a certificate";
	if (!out->certificate != !out->key)
		return "a client certificate and its key belong together";
	if (out->certificate && !pem_holds(out->certificate, PEM_CERTIFICATE))
		return "its `clientCertificateData` is not a certificate in PEM";
	if (out->key && !pem_holds(out->key, PEM_KEY))
		return "its `clientKeyData` is not a private key in PEM";
	if (ends && !read_time(ends, &out->ends))
		return "its `expirationTimestamp` is no time of RFC 3339";
	return NULL;
}

bool exec_credential_read(const char *text, size_t len, const char *api_version,
	struct exec_credential *out, const char **problem)
{
	struct arena *scratch = arena_new();
	char *why = NULL;
	*out = (struct exec_credential){ 0 };
	json_auto_t *answer = json_parse(scratch, text, len, EXEC_ANSWER_BYTES, &why);
	const char *kind = json_text_at(answer, "/kind");
	const char *version = json_text_at(answer, "/apiVersion");
	if (!answer)
		*problem = "its answer is not JSON";
	else if (!kind || strcmp(kind, KIND) != 0)
		*problem = "its answer is no " KIND;
	else if (!version || strcmp(version, api_version) != 0)
		*problem = "its answer is of another version than the kubeconfig says";
	else
		*problem = read_status(json_object_get(answer, "status"), out);
	arena_free(scratch);
	if (*problem)
		exec_credential_clear(out);
	return !*problem;
}

void exec_credential_clear(struct exec_credential *credential)
{
	credential_clear(credential->token);
	credential_clear(credential->certificate);
	credential_clear(credential->key);
	*credential = (struct exec_credential){ 0 };
}
