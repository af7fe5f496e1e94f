/* SPDX-License-Identifier: Apache-2.0 */
#include "providers/emulator/start_identity.h"

#include <errno.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

#include "engine/base/json.h"
#include "engine/base/text.h"
#include "providers/emulator/directory.h"
#include "providers/emulator/roles.h"

#define CERTIFICATE_BYTES ((size_t)64 << 10)

struct reading {
	struct cloud *cloud;
	struct arena *arena;
	const struct yaml *yaml;
	const json_t *root;
	struct diags *diags;
};

enum kind {
	KIND_TEXT,
	KIND_FLAG,
	KIND_TEXTS,
	KIND_LIST, /* of objects */
};

struct member {
	const char *name;
	enum kind kind;
	bool needed;
};

static bool complain(struct reading *r, const char *pointer, const char *text)
{
	return diag_error(r->diags, yaml_place(r->yaml, pointer, YAML_KEY), "bad-cloud", "%s",
		arena_strdup(r->arena, text));
}

static bool is_texts(const json_t *value)
{
	json_t *item;
	size_t i;

	json_array_foreach (value, i, item) {
		if (!json_is_string(item))
			return false;
	}
	return json_is_array(value);
}

static bool is_kind(const json_t *value, enum kind kind)
{
	switch (kind) {
	case KIND_TEXT:
		return json_is_string(value);
	case KIND_FLAG:
		return json_is_boolean(value);
	case KIND_TEXTS:
		return is_texts(value);
	default:
		return json_is_array(value);
	}
}

static const struct member *find_member(const struct member *members, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++) {
		if (strcmp(members[i].name, name) == 0)
			return &members[i];
	}
	return NULL;
}

static bool check_object(struct reading *r, const char *pointer, const json_t *value,
	const struct member *members, size_t n)
{
	static const char *const kinds[] = { "a text", "true or false", "a list of texts",
		"a list" };
	bool good = true;
	const char *key;
	json_t *item;

	if (!json_is_object(value))
		return complain(r, pointer, "a map is expected");
	json_object_foreach ((json_t *)value, key, item) {
		const struct member *member = find_member(members, n, key);
		const char *at = pointer_add(r->arena, pointer, key);

		if (member == NULL)
			good = complain(r, at, "not a member here");
		else if (!is_kind(item, member->kind))
			good = complain(r, at,
				arena_printf(r->arena, "%s is expected", kinds[member->kind]));
	}
	for (size_t i = 0; i < n; i++) {
		if (members[i].needed && json_object_get(value, members[i].name) == NULL)
			good = complain(r, pointer,
				arena_printf(r->arena, "`%s` is missing", members[i].name));
	}
	return good;
}

static bool check_list(struct reading *r, const char *pointer, const json_t *list,
	const struct member *members, size_t n)
{
	bool good = true;
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		good = check_object(r, pointer_add_index(r->arena, pointer, i), item, members, n) &&
			good;
	return good;
}

/* YYYY-MM-DDTHH:MM:SSZ, which sorts as it passes. */
static bool is_time(const char *text)
{
	static const char shape[] = "0000-00-00T00:00:00Z";

	if (strlen(text) != strlen(shape))
		return false;
	for (size_t i = 0; i < strlen(shape); i++) {
		bool digit = text[i] >= '0' && text[i] <= '9';

		if (shape[i] == '0' ? !digit : text[i] != shape[i])
			return false;
	}
	return true;
}

static bool check_secrets(struct reading *r, const char *pointer, const json_t *list)
{
	static const struct member members[] = { { "value", KIND_TEXT, true },
		{ "expires", KIND_TEXT, false } };
	bool good = check_list(r, pointer, list, members, ARRAY_LEN(members));
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item) {
		const char *expires = json_text_at(item, "/expires");

		if (expires != NULL && !is_time(expires))
			good = complain(r,
				pointer_add(r->arena, pointer_add_index(r->arena, pointer, i),
					"expires"),
				"a time is written YYYY-MM-DDTHH:MM:SSZ");
	}
	return good;
}

static bool is_certificate(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	X509 *certificate = bio != NULL ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
	bool good = certificate != NULL;

	X509_free(certificate);
	BIO_free(bio);
	return good;
}

/* Its text; NULL when it is complained of. */
static const char *read_certificate(struct reading *r, const char *pointer, const json_t *item)
{
	const char *pem = json_text_at(item, "/pem"), *file = json_text_at(item, "/file");
	const char *slash = strrchr(yaml_name(r->yaml), '/');
	const char *name = yaml_name(r->yaml);
	size_t len = 0;

	if ((pem == NULL) == (file == NULL)) {
		complain(r, pointer, "a certificate has a `file` or its `pem`");
		return NULL;
	}
	if (file != NULL) {
		const char *path = file[0] == '/' || slash == NULL
			? file
			: arena_printf(r->arena, "%.*s/%s", (int)(slash - name), name, file);
		char *text = text_read_file(path, CERTIFICATE_BYTES, &len);

		if (text == NULL) {
			complain(r, pointer,
				arena_printf(
					r->arena, "cannot read `%s`: %s", path, strerror(errno)));
			return NULL;
		}
		pem = arena_strdup(r->arena, text);
		free(text);
	}
	if (is_certificate(pem))
		return pem;
	complain(r, pointer, "this is no certificate in PEM");
	return NULL;
}

/* New: the texts. */
static json_t *read_certificates(
	struct reading *r, const char *pointer, const json_t *list, bool *good)
{
	static const struct member members[] = { { "file", KIND_TEXT, false },
		{ "pem", KIND_TEXT, false } };
	json_t *out = json_array();
	json_t *item;
	size_t i;

	*good = check_list(r, pointer, list, members, ARRAY_LEN(members)) && *good;
	json_array_foreach (list, i, item) {
		const char *text =
			read_certificate(r, pointer_add_index(r->arena, pointer, i), item);

		*good = text != NULL && *good;
		json_array_append_new(out, json_string(text != NULL ? text : ""));
	}
	return out;
}

static void set_object_id(struct reading *r, json_t *principal)
{
	if (json_object_get(principal, "objectId") == NULL)
		json_object_set_new(principal, "objectId",
			json_string(directory_object_id(
				r->arena, json_text_at(principal, "/clientId"))));
}

static bool read_application(
	struct reading *r, const char *pointer, const json_t *value, json_t *into)
{
	static const struct member members[] = { { "clientId", KIND_TEXT, true },
		{ "objectId", KIND_TEXT, false }, { "tenant", KIND_TEXT, false },
		{ "singleUse", KIND_FLAG, false }, { "secrets", KIND_LIST, false },
		{ "certificates", KIND_LIST, false },
		{ "federatedCredentials", KIND_LIST, false } };
	static const struct member federated[] = { { "issuer", KIND_TEXT, true },
		{ "subject", KIND_TEXT, true }, { "audiences", KIND_TEXTS, false } };
	const char *tenant;
	json_t *application;
	bool good = true;

	if (!check_object(r, pointer, value, members, ARRAY_LEN(members)))
		return false;
	application = json_copy((json_t *)value);
	tenant = json_text_at(application, "/tenant");
	if (tenant != NULL && directory_tenant(r->cloud, tenant) == NULL)
		good = complain(r, pointer_add(r->arena, pointer, "tenant"),
			"neither the cloud's `tenant` nor among its `tenants`");
	good = check_secrets(r, pointer_add(r->arena, pointer, "secrets"),
		       json_object_get(application, "secrets")) &&
		check_list(r, pointer_add(r->arena, pointer, "federatedCredentials"),
			json_object_get(application, "federatedCredentials"), federated,
			ARRAY_LEN(federated)) &&
		good;
	json_object_set_new(application, "certificates",
		read_certificates(r, pointer_add(r->arena, pointer, "certificates"),
			json_object_get(application, "certificates"), &good));
	set_object_id(r, application);
	json_object_set_new(
		into, text_lower(r->arena, json_text_at(application, "/clientId")), application);
	return good;
}

static bool read_applications(struct reading *r)
{
	json_t *out = json_object();
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(r->root, "applications"), name, value)
		good = read_application(
			       r, pointer_add(r->arena, "/applications", name), value, out) &&
			good;
	json_object_set_new(r->cloud->directory, "applications", out);
	return good;
}

static bool read_managed(struct reading *r)
{
	static const struct member members[] = { { "clientId", KIND_TEXT, true },
		{ "objectId", KIND_TEXT, false }, { "resourceId", KIND_TEXT, false },
		{ "systemAssigned", KIND_FLAG, false } };
	json_t *out = json_array();
	bool good = true;
	const char *name;
	json_t *value;

	json_object_foreach (json_object_get(r->root, "managedIdentities"), name, value) {
		json_t *copy;

		if (!check_object(r, pointer_add(r->arena, "/managedIdentities", name), value,
			    members, ARRAY_LEN(members))) {
			good = false;
			continue;
		}
		copy = json_copy(value);
		set_object_id(r, copy);
		json_array_append_new(out, copy);
	}
	json_object_set_new(r->cloud->directory, "managedIdentities", out);
	return good;
}

static bool read_tenants(struct reading *r)
{
	const json_t *tenants = json_object_get(r->root, "tenants");

	if (tenants == NULL)
		return true;
	if (!is_texts(tenants))
		return complain(r, "/tenants", "a list of texts is expected");
	return json_object_set(r->cloud->directory, "tenants", (json_t *)tenants) == 0;
}

/* The object id of a name in this file, or what was given. */
static const char *principal_id(struct reading *r, const char *principal)
{
	static const char *const sections[] = { "applications", "managedIdentities" };

	for (size_t i = 0; i < ARRAY_LEN(sections); i++) {
		const json_t *found =
			json_object_get(json_object_get(r->root, sections[i]), principal);
		const char *object_id = json_text_at(found, "/objectId");

		if (found != NULL && object_id == NULL)
			object_id = directory_object_id(r->arena, json_text_at(found, "/clientId"));
		if (object_id != NULL)
			return object_id;
	}
	return principal;
}

static bool read_role(struct reading *r, const char *pointer, const json_t *value, json_t *into)
{
	static const struct member members[] = { { "principal", KIND_TEXT, true },
		{ "role", KIND_TEXT, false }, { "actions", KIND_TEXTS, false },
		{ "notActions", KIND_TEXTS, false }, { "scope", KIND_TEXT, false } };
	const char *name = json_text_at(value, "/role"), *scope = json_text_at(value, "/scope");
	json_t *role;

	if (!check_object(r, pointer, value, members, ARRAY_LEN(members)))
		return false;
	if ((name == NULL) == (json_object_get(value, "actions") == NULL))
		return complain(r, pointer, "either `role` or `actions` is needed");
	if (scope != NULL && scope[0] != '/')
		return complain(r, pointer_add(r->arena, pointer, "scope"),
			"a scope is an id: it begins with a slash");
	role = name != NULL ? roles_builtin(name) : json_copy((json_t *)value);
	if (role == NULL)
		return complain(
			r, pointer_add(r->arena, pointer, "role"), "not a role that is known here");
	json_array_append_new(into,
		json_pack("{s:s,s:O,s:O*,s:s}", "objectId",
			principal_id(r, json_text_at(value, "/principal")), "actions",
			json_object_get(role, "actions"), "notActions",
			json_object_get(role, "notActions"), "scope", scope != NULL ? scope : "/"));
	json_decref(role);
	return true;
}

static bool read_roles(struct reading *r)
{
	const json_t *list = json_object_get(r->root, "roleAssignments");
	json_t *out = json_array();
	bool good = list == NULL || json_is_array(list) ||
		complain(r, "/roleAssignments", "a list is expected");
	json_t *item;
	size_t i;

	json_array_foreach (list, i, item)
		good = read_role(
			       r, pointer_add_index(r->arena, "/roleAssignments", i), item, out) &&
			good;
	json_object_set_new(r->cloud->directory, "roleAssignments", out);
	return good;
}

bool start_identity(struct cloud *cloud, const struct yaml *yaml, struct diags *diags)
{
	struct reading r = { cloud, diags->arena, yaml, yaml_value(yaml), diags };
	bool good = true;

	for (size_t i = 0; i < 2; i++) {
		static const char *const maps[] = { "applications", "managedIdentities" };
		const json_t *map = json_object_get(r.root, maps[i]);

		if (map != NULL && !json_is_object(map))
			good = complain(&r, pointer_add(r.arena, "", maps[i]), "a map is expected");
	}
	/* Tenants first, which applications name; roles last, which name all. */
	return good && read_tenants(&r) && read_applications(&r) && read_managed(&r) &&
		read_roles(&r);
}
