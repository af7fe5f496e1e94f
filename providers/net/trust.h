/* SPDX-License-Identifier: Apache-2.0 */
/* trust.h - whose certificates hold
 *
 * Those of the system's authorities, or of what the environment names in their place, as Go,
 * OpenSSL, curl and Python's requests know it: a file by SSL_CERT_FILE, CURL_CA_BUNDLE or
 * REQUESTS_CA_BUNDLE (the first that is set; requests also takes a folder there), and folders by
 * SSL_CERT_DIR. They hold for a proxy that is spoken to in TLS, too. Nothing turns verifying off.
 */
#ifndef WAYBILL_PROVIDERS_NET_TRUST_H
#define WAYBILL_PROVIDERS_NET_TRUST_H

#include <curl/curl.h>

#include "engine/base/arena.h"

void trust_usual(struct arena *, CURL *);
/* The variable that names the file; NULL: none of them is set. */
const char *trust_source(void);
/* These authorities alone (PEM), for the host and not for a proxy. */
void trust_alone(CURL *, const char *authority);
/* Lets curl have a copy of a PEM text. */
void trust_set_pem(CURL *, CURLoption, const char *pem);

#endif
