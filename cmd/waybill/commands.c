/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/program.h"

#define BIT OPTION_BIT

#define OUTPUT_OPTIONS (BIT(OPTION_JSON) | BIT(OPTION_NO_COLOR) | BIT(OPTION_HELP))
#define CONFIG_OPTIONS                                                                             \
	(BIT(OPTION_FILE) | BIT(OPTION_VAR) | BIT(OPTION_VAR_FILE) | BIT(OPTION_ALLOW_ENV))
#define CLOUD_OPTIONS (BIT(OPTION_CLOUD) | BIT(OPTION_LOG_LEVEL) | BIT(OPTION_RECORD))
#define CLUSTER_OPTIONS (BIT(OPTION_KUBECONFIG) | BIT(OPTION_ALLOW_EXEC))
#define READ_OPTIONS (OUTPUT_OPTIONS | CONFIG_OPTIONS | CLOUD_OPTIONS | CLUSTER_OPTIONS)
#define STATE_OPTIONS                                                                              \
	(BIT(OPTION_STATE) | BIT(OPTION_BACKEND_ACCOUNT) | BIT(OPTION_BACKEND_ENDPOINT))
/* Of commands that look for the state without reading the rest of the configuration. */
#define LOOK_OPTIONS (STATE_OPTIONS | CLOUD_OPTIONS | BIT(OPTION_FILE))
#define WRITE_OPTIONS (READ_OPTIONS | STATE_OPTIONS | BIT(OPTION_LOCK_TIMEOUT))
#define PLANNING_OPTIONS                                                                           \
	(BIT(OPTION_ADOPT) | BIT(OPTION_TARGET) | BIT(OPTION_REPLACE) |                            \
		BIT(OPTION_DELETE_FOREIGN) | BIT(OPTION_MAX_DELETES) |                             \
		BIT(OPTION_ALLOW_UNREACHABLE) | BIT(OPTION_REFRESH) | BIT(OPTION_LIMITS))
#define APPROVAL_OPTIONS                                                                           \
	(BIT(OPTION_AUTO_APPROVE) | BIT(OPTION_EXPECT) | BIT(OPTION_PARALLELISM) |                 \
		BIT(OPTION_REGISTER_PROVIDERS) | BIT(OPTION_GRACE))

const struct command commands[] = {
	{
		.name = "validate",
		.arguments = "",
		.summary = "check the configuration without reading the cloud",
		.options = OUTPUT_OPTIONS | CONFIG_OPTIONS | BIT(OPTION_CLOUD) | BIT(OPTION_MERGED),
		.run = validate_command,
	},
	{
		.name = "fmt",
		.arguments = "",
		.summary = "put the configuration's files into canonical spacing and order",
		.about = "Comments, blank lines and meaning stay. Names the files it rewrites.\n"
			 "Exit status 3: --check found some.\n",
		.options = OUTPUT_OPTIONS | BIT(OPTION_FILE) | BIT(OPTION_CHECK) | BIT(OPTION_DIFF),
		.run = fmt_command,
	},
	{
		.name = "plan",
		.arguments = "",
		.summary = "show what an apply would change",
		.about = "Only reads. The plan id is the same wherever the same is planned: give "
			 "it\n"
			 "to `waybill apply --expect ID`, or save the plan with --out.\n",
		.options = READ_OPTIONS | PLANNING_OPTIONS | STATE_OPTIONS | BIT(OPTION_OUT) |
			BIT(OPTION_DETAILED_EXITCODE) | BIT(OPTION_DESTROY) | BIT(OPTION_FORMAT),
		.formats = "text json",
		.run = plan_command,
	},
	{
		.name = "apply",
		.arguments = "[PLAN]",
		.most = 1,
		.summary = "make the cloud what the configuration says",
		.about = "With PLAN, a file of `waybill plan --out`, does what that plan shows or\n"
			 "stops. Without a terminal it needs --auto-approve or --expect.\n",
		.options = WRITE_OPTIONS | PLANNING_OPTIONS | APPROVAL_OPTIONS |
			BIT(OPTION_CONFIRM_WITHIN),
		.run = apply_command,
	},
	{
		.name = "confirm",
		.arguments = "[RUN]",
		.most = 1,
		.summary = "keep what an apply with --confirm-within has written",
		.about = "Works from any machine that has the state. Until somebody confirms, or "
			 "types\n"
			 "yes at the apply, nothing else may write; when the time is over, the "
			 "apply,\n"
			 "or if that died the next one, puts the tables back.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_LOCK_TIMEOUT),
		.run = confirm_command,
	},
	{
		.name = "destroy",
		.arguments = "",
		.summary = "delete all that is ours, and put back what was before us",
		.options = WRITE_OPTIONS | APPROVAL_OPTIONS | BIT(OPTION_DELETE_FOREIGN) |
			BIT(OPTION_MAX_DELETES) | BIT(OPTION_TARGET),
		.run = destroy_command,
	},
	{
		.name = "check",
		.arguments = "PLAN",
		.least = 1,
		.most = 1,
		.summary = "say whether a saved plan is still true",
		.about = "Plans again from what is saved, and only reads. Exit status: 0 still "
			 "true,\n2 stale, with what moved, 1 error.\n",
		.options = OUTPUT_OPTIONS | CLOUD_OPTIONS | CLUSTER_OPTIONS | STATE_OPTIONS |
			BIT(OPTION_VAR),
		.run = check_command,
	},
	{
		.name = "show",
		.arguments = "[PLAN]",
		.most = 1,
		.summary = "show a saved plan, or what the state knows",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = show_command,
	},
	{
		.name = "output",
		.arguments = "[NAME]",
		.most = 1,
		.summary = "print the outputs of the last apply",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = output_command,
	},
	{
		.name = "nodes",
		.arguments = "",
		.summary = "list the nodes and their pod CIDRs",
		.options = READ_OPTIONS,
		.run = nodes_command,
	},
	{
		.name = "routes",
		.arguments = "",
		.summary = "list the routes that stand in the declared route tables",
		.options = READ_OPTIONS,
		.run = routes_command,
	},
	{
		.name = "reach",
		.arguments = "",
		.summary = "show which pods reach each other by routes",
		.about = "Judges the network as an apply would leave it, or with --now as it "
			 "stands.\n"
			 "Security groups, guests and CNI are not judged.\n",
		.options = READ_OPTIONS | STATE_OPTIONS | BIT(OPTION_FROM) | BIT(OPTION_TO) |
			BIT(OPTION_NOW) | BIT(OPTION_EFFECTIVE),
		.run = reach_command,
	},
	{
		.name = "graph",
		.arguments = "[PLAN]",
		.most = 1,
		.summary = "draw the network as an apply would leave it, and what changes in it",
		.about = "Plans, and writes nothing. With PLAN, a file of `waybill plan --out`, "
			 "draws\n"
			 "that plan, if it is still true. dot is for Graphviz, mermaid for "
			 "Markdown on\n"
			 "GitHub and GitLab, svg a picture for any browser.\n",
		.options = READ_OPTIONS | (PLANNING_OPTIONS & ~BIT(OPTION_ALLOW_UNREACHABLE)) |
			STATE_OPTIONS | BIT(OPTION_DESTROY) | BIT(OPTION_FORMAT),
		.formats = "text dot mermaid svg json",
		.run = graph_command,
	},
	{
		.name = "import",
		.arguments = "[ADDRESS [ID]]",
		.most = 2,
		.summary = "take over a declared resource that exists, without changing it",
		.about = "What is declared inside it and exists is taken over too. With ID, it "
			 "must\n"
			 "be the id that the address means. With --all instead, everything that "
			 "is\n"
			 "declared and exists, and the members that are ours in what is "
			 "`existing`,\n"
			 "without what was there before us: so a lost state is made anew.\n",
		.options = WRITE_OPTIONS | BIT(OPTION_ALL) | BIT(OPTION_AUTO_APPROVE) |
			BIT(OPTION_EXPECT),
		.all = "all that is declared and exists: a lost state is made anew",
		.run = import_command,
	},
	{
		.name = "state list",
		.arguments = "",
		.summary = "list what the state knows",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = state_list_command,
	},
	{
		.name = "state show",
		.arguments = "ADDRESS",
		.least = 1,
		.most = 1,
		.summary = "show what the state knows of one resource",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = state_show_command,
	},
	{
		.name = "state mv",
		.arguments = "FROM TO",
		.least = 2,
		.most = 2,
		.summary = "follow a resource that somebody moved in the cloud",
		.about = "Each is an address or an id. Writes nothing to the cloud, and reads "
			 "only\n"
			 "whether it stands where it is said to; not even that with "
			 "--refresh=false.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_LOCK_TIMEOUT) |
			BIT(OPTION_REFRESH),
		.run = state_mv_command,
	},
	{
		.name = "state rm",
		.arguments = "ADDRESS...",
		.least = 1,
		.most = 1000,
		.summary = "forget resources, which stay as they are",
		.about = "Forgets what is inside them too. What was there before us is not "
			 "written back.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_LOCK_TIMEOUT),
		.run = state_rm_command,
	},
	{
		.name = "state sql",
		.arguments = "QUERY",
		.least = 1,
		.most = 1,
		.summary = "ask the state in SQL, which can only read",
		.about = "waybill state sql \"select address, origin from resource\"\n"
			 "Tables: resource, run, intent, change, putback, meta. 10000 rows and ten "
			 "seconds "
			 "at "
			 "most.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = state_sql_command,
	},
	{
		.name = "state backup",
		.arguments = "FILE",
		.least = 1,
		.most = 1,
		.summary = "copy the state into a file, also beside a live run",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = state_backup_command,
	},
	{
		.name = "state restore",
		.arguments = "FILE",
		.least = 1,
		.most = 1,
		.summary = "put a backup in the place of the state, which is kept beside it",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_LOCK_TIMEOUT) |
			BIT(OPTION_FORCE),
		.run = state_restore_command,
	},
	{
		.name = "state push",
		.arguments = "",
		.summary = "move a local state to where `backend` says",
		.about = "Moves what --state names, else waybill.db, and puts the file aside. "
			 "Another or\na newer state is overwritten with --force alone.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_LOCK_TIMEOUT) |
			BIT(OPTION_FORCE),
		.run = state_push_command,
	},
	{
		.name = "state pull",
		.arguments = "FILE",
		.least = 1,
		.most = 1,
		.summary = "save a copy of the state that `backend` names",
		.about = "The copy is a state of its own, complete in one file. Never writes over "
			 "a file.\n",
		.options = OUTPUT_OPTIONS | (LOOK_OPTIONS & ~BIT(OPTION_STATE)),
		.run = state_pull_command,
	},
	{
		.name = "unlock",
		.arguments = "",
		.summary = "say who holds the state, and take a remote one from a run that is gone",
		.about = "A run that died frees a remote state by itself within a minute. A local "
			 "lock\nends with its holder: there is nothing to break.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS | BIT(OPTION_AUTO_APPROVE),
		.run = unlock_command,
	},
	{
		.name = "history",
		.arguments = "",
		.summary = "list the runs: who, when, which plan, from which commit",
		.about = "The newest come first, 1000 at most.\n",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = history_command,
	},
	{
		.name = "history show",
		.arguments = "RUN",
		.least = 1,
		.most = 1,
		.summary = "show what one run changed",
		.options = OUTPUT_OPTIONS | LOOK_OPTIONS,
		.run = history_show_command,
	},
	{
		.name = "rest",
		.arguments = "METHOD URL|PATH",
		.least = 2,
		.most = 2,
		.summary = "send one request to Azure, signed in and repeated as all others are",
		.about =
			"Prints the JSON of the answer. {subscriptionId} in the path stands for "
			"the\n"
			"subscription, and the api-version may be left out for types that "
			"Waybill knows.\n"
			"waybill rest GET '/subscriptions/{subscriptionId}/resourceGroups' --all\n",
		.options = OUTPUT_OPTIONS | CLOUD_OPTIONS | BIT(OPTION_BODY) | BIT(OPTION_HEADER) |
			BIT(OPTION_QUERY) | BIT(OPTION_POLL) | BIT(OPTION_POLL_INTERVAL) |
			BIT(OPTION_FINAL_STATE_VIA) | BIT(OPTION_ALL) | BIT(OPTION_ITEMS) |
			BIT(OPTION_NEXT) | BIT(OPTION_INCLUDE),
		.all = "all pages of a list, as one array",
		.run = rest_command,
	},
	{
		.name = "schema",
		.arguments = "",
		.summary = "print a JSON Schema of the YAML, for editors",
		.about = "waybill schema > waybill.schema.json, and then on top of the YAML:\n"
			 "# yaml-language-server: $schema=waybill.schema.json\n",
		.options = BIT(OPTION_HELP),
		.run = schema_command,
	},
	{
		.name = "explain",
		.arguments = "[CODE|TYPE.MEMBER]",
		.most = 1,
		.summary = "say what a diagnostic's code or a member of a type means",
		.about = "waybill explain bad-cidr\n"
			 "waybill explain arm:AuthorizationFailed\n"
			 "waybill explain routeTables.routes.nextHopType\n"
			 "Without a word it lists the codes.\n",
		.options = OUTPUT_OPTIONS,
		.run = explain_command,
	},
	{
		.name = "completion",
		.arguments = "bash|zsh|fish",
		.least = 1,
		.most = 1,
		.summary = "print the completion script of a shell",
		.about = "bash: source <(waybill completion bash)\n"
			 "zsh:  waybill completion zsh > a folder of $fpath, as _waybill\n"
			 "fish: waybill completion fish | source\n",
		.options = BIT(OPTION_HELP),
		.run = completion_command,
	},
	{
		.name = "help",
		.arguments = "[COMMAND]",
		.most = 2,
		.summary = "show the help of a command",
		.options = BIT(OPTION_HELP),
		.run = help_command,
	},
	{
		.name = "version",
		.arguments = "",
		.summary = "print the version",
		.options = BIT(OPTION_HELP) | BIT(OPTION_JSON),
		.run = version_command,
	},
};

const size_t ncommands = ARRAY_LEN(commands);

const char *command_choices(const struct command *command, enum option_id id)
{
	return id == OPTION_FORMAT ? command->formats : option_rows[id].choices;
}

const char *command_meaning(const struct command *command, enum option_id id)
{
	return id == OPTION_ALL && command->all ? command->all : option_rows[id].help;
}
