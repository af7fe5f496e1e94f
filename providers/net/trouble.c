/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/net/trouble.h"

#include <openssl/x509_vfy.h>
#include <string.h>

#include "engine/base/text.h"
#include "providers/net/retry.h"
#include "providers/net/trust.h"
#include "providers/net/url.h"

#define AUTHORITIES "SSL_CERT_FILE, CURL_CA_BUNDLE or REQUESTS_CA_BUNDLE"

static const struct {
	const char *kind, *help;
} remedies[] = {
	{ "dns",
		"check the host's name and the name server, and whether it is to be reached "
		"through a proxy (https_proxy)" },
	{ "no-connection",
		"check the network and its firewalls, and whether a proxy is needed (https_proxy, "
		"no_proxy)" },
	{ "network", "check the network, and the proxy variables (https_proxy, no_proxy)" },
	{ "too-large",
		"no answer of Azure's is that large: is there something between that answers in "
		"its place?" },
	{ "tls",
		"the two found no TLS to speak, and 1.2 is the least that is spoken here: is "
		"something between that ends TLS itself?" },
	{ "certificate-untrusted",
		"if a proxy of yours ends TLS, or the cloud is your own: " AUTHORITIES
		" names a file with the certificate of its authority" },
	{ "certificate-name",
		"check the address; else somebody answers in the place of the host that was "
		"meant" },
	{ "certificate-expired",
		"check the clock of this machine; else it is to be renewed there" },
	{ "proxy-failed",
		"check that the proxy that https_proxy or all_proxy names runs and lets this host "
		"through, or name the host in no_proxy" },
	{ "proxy-refused",
		"give https_proxy the credentials that the proxy wants "
		"(http://USER:PASSWORD@HOST), "
		"have it let this host through, or name the host in no_proxy" },
	{ "proxy-untrusted",
		"see which proxy https_proxy names; " AUTHORITIES
		" names a file with the certificate of its authority" },
};

static const char *remedy(const char *kind)
{
	for (size_t i = 0; i < ARRAY_LEN(remedies); i++)
		if (strcmp(remedies[i].kind, kind) == 0)
			return remedies[i].help;
	return NULL;
}

static void tell(
	struct http_response *out, enum http_result result, const char *kind, const char *problem)
{
	out->result = result;
	out->kind = kind;
	out->problem = problem;
	out->help = remedy(kind);
}

void trouble_refused(const char *problem, struct http_response *out)
{
	tell(out, HTTP_REFUSED, "not-sent", problem);
}

static bool begins(const char *text, const char *start)
{
	return strncmp(text, start, strlen(start)) == 0;
}

/* What a proxy says in the place of opening a tunnel; 0: nothing, or it opened one. */
static int tunnel_refusal(const struct trouble *t)
{
	long status = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	return status >= 200 && status <= 299 ? 0 : (int)status;
}

/* It was connected to, and has not answered. Only a proxy has another port than the host's. */
static bool is_proxy_silent(const struct trouble *t)
{
	long status = 0, port = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_HTTP_CONNECTCODE, &status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_PRIMARY_PORT, &port);
	return status == 0 && port != 0 && port != url_port(t->url);
}

/* As the host to which there was no connection. */
static bool is_proxy_named(const struct trouble *t)
{
	static const char words[] = "connect to ";
	const char *host = strstr(t->text, words);
	size_t len = strlen(t->proxy->host);
	host = host ? host + strlen(words) : "";
	return strncmp(host, t->proxy->host, len) == 0 && host[len] == ' ';
}

/* Curl tells it by words and signs alone. */
static bool is_at_proxy(const struct trouble *t)
{
	if (!t->proxy || t->started)
		return false;
	if (t->code == CURLE_COULDNT_RESOLVE_PROXY || t->code == CURLE_PROXY || is_proxy_named(t))
		return true;
	if (t->proxy->is_socks) /* it has no CONNECT, and the rest is of whoever is behind it */
		return false;
	return t->code == CURLE_RECV_ERROR || t->code == CURLE_SEND_ERROR ||
		begins(t->text, "Proxy CONNECT") || is_proxy_silent(t);
}

/* It broke in the middle of the handshake, rather than that the two could not agree. */
static bool is_broken_off(const struct trouble *t)
{
	static const char *const words[] = { "SSL_ERROR_SYSCALL", "unexpected eof", "reset by peer",
		"Broken pipe" };
	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strstr(t->text, words[i]))
			return true;
	return false;
}

/* Which file counts is hard to see where several variables are set, as by a container's image. */
static const char *untrusted_help(struct arena *a, const char *kind)
{
	const char *source = trust_source();
	if (!source || strcmp(kind, "certificate-untrusted") != 0)
		return remedy(kind);
	return arena_printf(a,
		"what %s names is trusted, and does not hold the authority of this certificate: "
		"add it there if a proxy of yours ends TLS, or the cloud is your own%s",
		source,
		strcmp(source, "SSL_CERT_FILE") == 0
			? " (SSL_CERT_FILE goes before CURL_CA_BUNDLE and REQUESTS_CA_BUNDLE)"
			: "");
}

static const char *certificate_kind(const struct trouble *t, bool *at_proxy)
{
	long verified = 0, proxy_verified = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_SSL_VERIFYRESULT, &verified);
	(void)curl_easy_getinfo(t->easy, CURLINFO_PROXY_SSL_VERIFYRESULT, &proxy_verified);
	*at_proxy = proxy_verified != X509_V_OK || is_at_proxy(t);
	switch (verified) {
	case X509_V_OK:
	case X509_V_ERR_UNSPECIFIED: /* curl's at first: its own look at the name came before */
		return "certificate-name";
	case X509_V_ERR_CERT_NOT_YET_VALID:
	case X509_V_ERR_CERT_HAS_EXPIRED:
		return "certificate-expired";
	default:
		return "certificate-untrusted";
	}
}

static void read_unsent(struct arena *a, const struct trouble *t, struct http_response *out)
{
	int status = tunnel_refusal(t);
	if (status) {
		bool passes = retry_status_passes(status);
		tell(out, passes ? HTTP_NOT_SENT : HTTP_BARRED,
			passes ? "proxy-failed" : "proxy-refused",
			arena_printf(
				a, "the proxy answered %d and opened no way to the host", status));
	} else if (begins(t->text, "Unsupported proxy")) {
		/* Curl would show the address, with what is secret in it. */
		trouble_refused(
			"what https_proxy or all_proxy names is no address of a proxy", out);
		out->help = remedy("proxy-failed");
	} else if (is_at_proxy(t)) {
		tell(out, HTTP_NOT_SENT, "proxy-failed",
			arena_printf(a, "there is no way through the proxy: %s", t->text));
	} else if (t->code == CURLE_COULDNT_RESOLVE_HOST) {
		tell(out, HTTP_NOT_SENT, "dns", t->text);
	} else if (t->code == CURLE_SSL_CONNECT_ERROR && !is_broken_off(t)) {
		tell(out, HTTP_NOT_SENT, "tls", t->text);
	} else {
		tell(out, HTTP_NOT_SENT, "no-connection", t->text);
	}
}

void trouble_read(struct arena *a, const struct trouble *trouble, struct http_response *out)
{
	struct trouble t = *trouble;
	bool at_proxy = false;
	if (!t.text[0])
		t.text = curl_easy_strerror(t.code);
	if (t.too_large) {
		tell(out, HTTP_TOO_LARGE, "too-large", "the answer is larger than we take");
	} else if (t.code == CURLE_PEER_FAILED_VERIFICATION) {
		const char *kind = certificate_kind(&t, &at_proxy);
		tell(out, HTTP_UNTRUSTED, at_proxy ? "proxy-untrusted" : kind, t.text);
		out->help = untrusted_help(a, out->kind);
	} else if (t.code == CURLE_SSL_CERTPROBLEM || t.code == CURLE_SSL_CACERT_BADFILE) {
		trouble_refused(t.text, out);
		if (t.code == CURLE_SSL_CACERT_BADFILE)
			out->help = "what " AUTHORITIES
				    " names is to be a file of certificates, in PEM";
	} else if (!t.started) {
		read_unsent(a, &t, out);
	} else if (t.code == CURLE_OPERATION_TIMEDOUT) {
		tell(out, HTTP_TIMED_OUT, "timeout", t.text);
	} else {
		tell(out, HTTP_LOST, "network",
			t.code == CURLE_ABORTED_BY_CALLBACK
				? "the connection broke before an answer came"
				: t.text);
	}
}
