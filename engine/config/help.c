/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "engine/config/internal.h"

struct code_help {
	const char *code, *help;
};

static const struct code_help helps[] = {
	{ "adopt-existing", "keep `adopt` to take it over, or `existing` to leave it to others" },
	{ "bad-duration", "write a number and a unit, as in 500ms, 30s or 5m" },
	{ "bad-expression", "an expression is ${path} or ${path | filter}, as in ${var.prefix}" },
	{ "bad-pattern", "write a POSIX extended regular expression, as in [a-z][a-z0-9-]*" },
	{ "bad-subscription", "it is a UUID, as `az account show --query id` prints it" },
	{ "cycle", "take one of the references away" },
	{ "csv-syntax", "write it as in `name,ip,podCIDR`, one line a node" },
	{ "duplicate-key", "keep one of the two" },
	{ "duplicate-resource", "keep one of the two, or give one another name" },
	{ "empty-file", "a configuration begins with the line `waybill: 1`" },
	{ "expression-depth", "write the value out somewhere on the way" },
	{ "expression-scope", "the language reference says what may be named where" },
	{ "expression-type", "a list or a map may only be the whole value" },
	{ "family-mismatch", "prefix and next hop are both IPv4 or both IPv6" },
	{ "file-too-large", "split the configuration into several files of one folder" },
	{ "forget-declared", "take it out of the configuration, or out of `forget`" },
	{ "format-version", "a configuration begins with the line `waybill: 1`" },
	{ "merge-key", "write the members out, or use an alias for a whole value" },
	{ "missing-member",
		"`waybill explain TYPE` lists what may stand there, `explain TYPE.MEMBER` what "
		"must" },
	{ "next-hop", "an appliance has an address, other kinds of next hop have none" },
	{ "node-duplicate", "nodes of one set have names of their own" },
	{ "node-family", "a node has at most one address and one pod CIDR of each family" },
	{ "node-set-empty", "an empty set would delete every route made from it" },
	{ "nodes-unreadable", "write the file anew, in UTF-8" },
	{ "not-a-choice", "write one of the words named" },
	{ "not-a-number", "put it in quotes to make it text" },
	{ "out-of-range", "write a number between the two" },
	{ "range-too-long", "lower `count`, or give the range more room" },
	{ "reference-type", "name a resource of the type that is wanted" },
	{ "requires", "use a Waybill that the condition allows, or change the condition" },
	{ "route-duplicate-name",
		"the name must tell nodes apart: use ${node.name} or "
		"${node.podCIDR | slug}" },
	{ "same-member-twice", "keep one of the two" },
	{ "sensitive-default", "give the value by --var, --var-file or the environment" },
	{ "sensitive-here", "use it in members of resources and in sensitive outputs alone" },
	{ "sensitive-output", "write it as {value: ..., sensitive: true}" },
	{ "sensitive-type", "use a variable of type string for each secret" },
	{ "too-many", "split the configuration" },
	{ "unknown-member", "`waybill explain TYPE` lists the members of a type" },
	{ "unknown-reference", "declare it, or correct the name" },
	{ "unknown-tag", "leave the tag out" },
	{ "variable-not-allowed", "give one of the values under `allowed`" },
	{ "variable-pattern", "the whole value must match" },
	{ "wrong-type", "`waybill explain TYPE.MEMBER` says what a member takes" },
	{ "yaml-alias", "write the values out" },
	{ "yaml-depth", "nest less deeply" },
	{ "yaml-key", "a key is plain text, in quotes where need be" },
	{ "yaml-multiple-documents", "put each document into a file of its own" },
	{ "yaml-syntax", "check quotes, brackets and the columns that lines begin in" },
};

void help_add(const struct config *c, struct diags *diags, size_t first)
{
	secrets_mask_diags(c->secrets, diags, first);
	for (size_t i = first; i < diags->count; i++)
		for (size_t k = 0; !diags->items[i].help && k < ARRAY_LEN(helps); k++)
			if (diags->items[i].code &&
				strcmp(diags->items[i].code, helps[k].code) == 0)
				diags->items[i].help = helps[k].help;
}
