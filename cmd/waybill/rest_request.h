/* SPDX-License-Identifier: Apache-2.0 */
/* rest_request.h - what `waybill rest` was asked for, as a request
 *
 * Two steps, for the cloud stands between them: what is said is read before anything is asked, and
 * the URL is made once it is known whose ARM is meant. All in the session's arena.
 */
#ifndef WAYBILL_CMD_REST_REQUEST_H
#define WAYBILL_CMD_REST_REQUEST_H

#include "cmd/waybill/session.h"

struct rest_request {
	enum verb verb;
	struct raw_request raw; /* its url is NULL until rest_locate() */
	json_t *body;           /* or NULL */
};

/* METHOD and the options; the body is read. False with `rest-method`, `rest-header`, `rest-body` or
 * `option-value`. Without --cloud, the URL of a loopback host chooses the cloud (session.h). */
bool rest_read(struct session *, struct rest_request *);
/* URL|PATH, --query and what api-version is left to us. The cloud is known. False with
 * `rest-url`, `foreign-url`, `missing-subscription` or `api-version-missing`. */
bool rest_locate(struct session *, struct rest_request *);

#endif
