/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <getopt.h>
#include <malloc.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "engine/base/text.h"
#include "providers/emulator/server.h"

#define SAVE_EVERY_MS 200
#define LARGE_BYTES (128 * 1024) /* what the C library begins with */

static const char help_text[] =
	"Usage: waybill-emulator [options]\n"
	"\n"
	"A local Azure Resource Manager for networks. Prints one line of JSON with its endpoint\n"
	"when it is ready, and stops on SIGTERM. The token `" AUTH_BUILT_IN "` is always valid.\n"
	"\n"
	"  --listen ADDRESS:PORT   where to listen (127.0.0.1:0: any free port)\n"
	"  --allow-remote          let --listen name an address that others can reach\n"
	"  --tls                   https, with a certificate of a throw-away authority\n"
	"  --tls-ca-out FILE       write that authority's certificate (PEM) to this file\n"
	"  --tls-cert FILE         https, with this certificate (PEM, its chain behind it)\n"
	"  --tls-key FILE          and its key (PEM)\n"
	"  --public-url URL        what addresses in answers begin with (where it listens)\n"
	"  --cloud FILE            YAML of what the cloud holds at first\n"
	"  --store FILE            keep the cloud in this file; if it exists, --cloud is ignored\n"
	"  --operation-time MS     how long a long-running operation takes (0)\n"
	"  --latency MS            time that passes before a request is served (0)\n"
	"  --token-lifetime S      how long an issued token is valid (3599)\n"
	"  --max-routes N          routes in one table (1000)\n"
	"  --page-size N           items on one page of any list (each type its own)\n"
	"  --faults FILE           YAML of what shall happen to requests: docs/emulator.md\n"
	"  --throttle              429 by ARM's token buckets\n"
	"  --consistency-delay MS  how long reads may see what was before a write (0)\n"
	"  --trace FILE            write exchanges with ARM to this file, one a line of JSON\n"
	"  --exit-with-stdin       stop when standard input ends\n"
	"  --help, --version\n";

struct settings {
	struct emulator_options emulator;
	struct server_options server;
	bool allow_remote, exit_with_stdin;
	const char *listen;
	bool tls_made; /* --tls */
	const char *tls_ca_out, *tls_cert, *tls_key;
	struct tls tls;
};

enum option_id {
	OPTION_LISTEN = 256,
	OPTION_ALLOW_REMOTE,
	OPTION_TLS,
	OPTION_TLS_CA_OUT,
	OPTION_TLS_CERT,
	OPTION_TLS_KEY,
	OPTION_PUBLIC_URL,
	OPTION_CLOUD,
	OPTION_STORE,
	OPTION_OPERATION_TIME,
	OPTION_LATENCY,
	OPTION_TOKEN_LIFETIME,
	OPTION_MAX_ROUTES,
	OPTION_PAGE_SIZE,
	OPTION_FAULTS,
	OPTION_THROTTLE,
	OPTION_CONSISTENCY_DELAY,
	OPTION_TRACE,
	OPTION_EXIT_WITH_STDIN,
	OPTION_HELP,
	OPTION_VERSION,
};

static const struct option options[] = {
	{ "listen", required_argument, NULL, OPTION_LISTEN },
	{ "allow-remote", no_argument, NULL, OPTION_ALLOW_REMOTE },
	{ "tls", no_argument, NULL, OPTION_TLS },
	{ "tls-ca-out", required_argument, NULL, OPTION_TLS_CA_OUT },
	{ "tls-cert", required_argument, NULL, OPTION_TLS_CERT },
	{ "tls-key", required_argument, NULL, OPTION_TLS_KEY },
	{ "public-url", required_argument, NULL, OPTION_PUBLIC_URL },
	{ "cloud", required_argument, NULL, OPTION_CLOUD },
	{ "store", required_argument, NULL, OPTION_STORE },
	{ "operation-time", required_argument, NULL, OPTION_OPERATION_TIME },
	{ "latency", required_argument, NULL, OPTION_LATENCY },
	{ "token-lifetime", required_argument, NULL, OPTION_TOKEN_LIFETIME },
	{ "max-routes", required_argument, NULL, OPTION_MAX_ROUTES },
	{ "page-size", required_argument, NULL, OPTION_PAGE_SIZE },
	{ "faults", required_argument, NULL, OPTION_FAULTS },
	{ "throttle", no_argument, NULL, OPTION_THROTTLE },
	{ "consistency-delay", required_argument, NULL, OPTION_CONSISTENCY_DELAY },
	{ "trace", required_argument, NULL, OPTION_TRACE },
	{ "exit-with-stdin", no_argument, NULL, OPTION_EXIT_WITH_STDIN },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "version", no_argument, NULL, OPTION_VERSION },
	{ NULL, 0, NULL, 0 },
};

static bool read_number(
	const char *text, uint64_t least, uint64_t most, uint64_t *out, struct diags *diags)
{
	char *end;

	errno = 0;
	*out = strtoull(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || text[0] == '-' || *out < least ||
		*out > most)
		return diag_error(diags, PLACE_NONE, "bad-option",
			"`%s` is not a number from %llu to %llu", text, (unsigned long long)least,
			(unsigned long long)most);
	return true;
}

static bool read_count(const char *value, size_t *out, struct diags *diags)
{
	const uint64_t most = 1000000;
	uint64_t count = 0;
	bool good = read_number(value, 1, most, &count, diags);

	*out = (size_t)count;
	return good;
}

/* The options that are a number. */
static bool read_numbered(
	int option, const char *value, struct settings *settings, struct diags *diags)
{
	const uint64_t most_ms = 3600000, most_s = 1000000;
	struct emulator_options *emulator = &settings->emulator;

	switch (option) {
	case OPTION_OPERATION_TIME:
		return read_number(value, 0, most_ms, &emulator->operation_ms, diags);
	case OPTION_CONSISTENCY_DELAY:
		return read_number(value, 0, most_ms, &emulator->consistency_ms, diags);
	case OPTION_LATENCY:
		return read_number(value, 0, most_ms, &settings->server.latency_ms, diags);
	case OPTION_TOKEN_LIFETIME:
		return read_number(value, 1, most_s, &emulator->token_lifetime_s, diags);
	case OPTION_MAX_ROUTES:
		return read_count(value, &emulator->max_routes, diags);
	default:
		return read_count(value, &emulator->page_size, diags);
	}
}

static bool read_option(
	int option, const char *value, struct settings *settings, struct diags *diags)
{
	struct emulator_options *emulator = &settings->emulator;

	switch (option) {
	case OPTION_LISTEN:
		settings->listen = value;
		return true;
	case OPTION_ALLOW_REMOTE:
		settings->allow_remote = true;
		return true;
	case OPTION_TLS:
		settings->tls_made = true;
		return true;
	case OPTION_TLS_CA_OUT:
		settings->tls_ca_out = value;
		return true;
	case OPTION_TLS_CERT:
		settings->tls_cert = value;
		return true;
	case OPTION_TLS_KEY:
		settings->tls_key = value;
		return true;
	case OPTION_PUBLIC_URL:
		settings->server.public_url = value;
		return true;
	case OPTION_CLOUD:
		emulator->start = value;
		return true;
	case OPTION_STORE:
		emulator->store = value;
		return true;
	case OPTION_FAULTS:
		emulator->faults = value;
		return true;
	case OPTION_TRACE:
		emulator->trace = value;
		return true;
	case OPTION_THROTTLE:
		emulator->throttles = true;
		return true;
	case OPTION_EXIT_WITH_STDIN:
		settings->exit_with_stdin = true;
		return true;
	default:
		return read_numbered(option, value, settings, diags);
	}
}

/* ADDRESS:PORT, the address of an IPv6 in brackets. */
static bool read_listen(struct settings *settings, struct arena *arena, struct diags *diags)
{
	const char *text = settings->listen;
	const char *colon = strrchr(text, ':');
	size_t len = colon != NULL ? (size_t)(colon - text) : 0;
	uint64_t port;

	if (colon == NULL)
		return diag_error(
			diags, PLACE_NONE, "bad-listen", "`%s` is not ADDRESS:PORT", text);
	if (!read_number(colon + 1, 0, UINT16_MAX, &port, diags))
		return false;
	if (len > 2 && text[0] == '[' && text[len - 1] == ']')
		settings->server.address = arena_strndup(arena, text + 1, len - 2);
	else
		settings->server.address = arena_strndup(arena, text, len);
	settings->server.port = (uint16_t)port;
	settings->emulator.remote = strncmp(settings->server.address, "127.", 4) != 0 &&
		strcmp(settings->server.address, "::1") != 0;
	if (settings->emulator.remote && !settings->allow_remote) {
		diag_error(
			diags, PLACE_NONE, "not-loopback", "`%s` can be reached by others", text);
		diag_help(diags,
			"anyone may do anything in the emulator; `--allow-remote` permits it");
		return false;
	}
	return true;
}

static bool write_file(const char *path, const char *text, struct diags *diags)
{
	FILE *file = fopen(path, "w");
	bool written = file != NULL && fputs(text, file) >= 0;

	if (file != NULL && fclose(file) != 0)
		written = false;
	return written ||
		diag_error(diags, PLACE_NONE, "bad-tls", "cannot write `%s`: %s", path,
			strerror(errno));
}

static bool read_tls(struct settings *settings, struct arena *arena, struct diags *diags)
{
	bool files = settings->tls_cert != NULL || settings->tls_key != NULL;

	if (!settings->tls_made && settings->tls_ca_out != NULL)
		return diag_error(
			diags, PLACE_NONE, "bad-option", "`--tls-ca-out` goes with `--tls`");
	if (settings->tls_made && files)
		return diag_error(diags, PLACE_NONE, "bad-option",
			"`--tls` makes what `--tls-cert` and `--tls-key` would name");
	if (files && (settings->tls_cert == NULL || settings->tls_key == NULL))
		return diag_error(diags, PLACE_NONE, "bad-option",
			"`--tls-cert` and `--tls-key` go together");
	if (!settings->tls_made && !files)
		return true;
	settings->server.tls = &settings->tls;
	if (files)
		return tls_read(
			&settings->tls, arena, settings->tls_cert, settings->tls_key, diags);
	return tls_make(&settings->tls, arena, settings->server.address,
		       settings->server.public_url, diags) &&
		(settings->tls_ca_out == NULL ||
			write_file(settings->tls_ca_out, settings->tls.ca, diags));
}

/* An origin, without the slash at its end: paths are added to it. */
static bool read_public_url(struct settings *settings, struct arena *arena, struct diags *diags)
{
	const char *url = settings->server.public_url;
	const char *host;
	size_t len;

	if (url == NULL)
		return true;
	len = strlen(url);
	if (len > 0 && url[len - 1] == '/')
		len--;
	host = text_starts_nocase(url, "https://")   ? url + strlen("https://")
		: text_starts_nocase(url, "http://") ? url + strlen("http://")
						     : NULL;
	if (host == NULL || host >= url + len ||
		strcspn(host, "/?#@ \"\\") < (size_t)(url + len - host))
		return diag_error(diags, PLACE_NONE, "bad-option",
			"`%s` is not http[s]://HOST or http[s]://HOST:PORT", url);
	settings->server.public_url = arena_strndup(arena, url, len);
	return true;
}

/* 0: go on; -1: errors; 1: done already. */
static int read_arguments(
	int argc, char **argv, struct settings *settings, struct arena *arena, struct diags *diags)
{
	int option;

	while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (option == OPTION_HELP || option == 'h') {
			(void)fputs(help_text, stdout);
			return 1;
		}
		if (option == OPTION_VERSION) {
			(void)printf("waybill-emulator %s\n", WAYBILL_VERSION);
			return 1;
		}
		if (option == '?') {
			diag_error(diags, PLACE_NONE, "bad-option", "see waybill-emulator --help");
			return -1;
		}
		if (!read_option(option, optarg, settings, diags))
			return -1;
	}
	if (optind < argc) {
		diag_error(diags, PLACE_NONE, "bad-option", "`%s` is not expected", argv[optind]);
		return -1;
	}
	return read_listen(settings, arena, diags) && read_public_url(settings, arena, diags) &&
			read_tls(settings, arena, diags)
		? 0
		: -1;
}

static void show(struct diags *diags)
{
	struct buf text;

	if (diags->count == 0)
		return;
	buf_init(&text, BUF_OWN_TEXT);
	diags_sort(diags);
	diags_render(diags, &text, 20, false);
	(void)fputs(text.data, stderr);
	(void)fflush(stderr);
	buf_release(&text);
}

static void announce(const struct emulator *emulator, const struct server *server,
	const struct settings *settings)
{
	const char *url = server_url(server);
	bool elsewhere = strcmp(url, emulator->endpoint) != 0;
	json_auto_t *line = json_pack("{s:s,s:i,s:s,s:s,s:s*,s:s*,s:s*}", "endpoint", url, "pid",
		(int)getpid(), "subscription", emulator->cloud.subscription, "tenant",
		emulator->cloud.tenant, "publicUrl", elsewhere ? emulator->endpoint : NULL,
		"caFile", settings->tls_ca_out, "ca", settings->tls.ca);

	(void)json_dumpf(line, stdout, JSON_COMPACT);
	(void)fputc('\n', stdout);
	(void)fflush(stdout);
}

/* Whether standard input has ended; what comes in is of no interest. */
static bool input_ended(void)
{
	char ignored[256];

	return read(STDIN_FILENO, ignored, sizeof(ignored)) <= 0;
}

/* Until a signal or the end of the input; saves what has changed meanwhile. */
static bool wait_for_end(
	struct emulator *emulator, int signals, bool with_stdin, struct diags *diags)
{
	struct pollfd watched[2] = {
		{ .fd = signals, .events = POLLIN },
		{ .fd = with_stdin ? STDIN_FILENO : -1, .events = POLLIN },
	};

	for (;;) {
		int ready = poll(watched, ARRAY_LEN(watched), SAVE_EVERY_MS);

		if (ready < 0 && errno != EINTR)
			return diag_error(diags, PLACE_NONE, "poll", "%s", strerror(errno));
		if (ready > 0 &&
			(watched[0].revents != 0 || (watched[1].revents != 0 && input_ended())))
			return true;
		if (!emulator_save(emulator, diags))
			return false;
	}
}

static bool run(struct settings *settings, int signals, struct diags *diags)
{
	struct emulator *emulator = emulator_new(&settings->emulator, diags);
	struct server *server;
	bool good;

	if (emulator == NULL)
		return false;
	server = server_start(emulator, &settings->server, diags);
	if (server == NULL) {
		emulator_free(emulator);
		return false;
	}
	announce(emulator, server, settings);
	good = wait_for_end(emulator, signals, settings->exit_with_stdin, diags);
	server_stop(server);
	good = emulator_save(emulator, diags) && good;
	emulator_free(emulator);
	return good;
}

int main(int argc, char **argv)
{
	struct settings settings = { .listen = "127.0.0.1:0" };
	struct arena *arena = arena_new();
	struct diags diags;
	sigset_t ends;
	int signals, read;
	bool good;

	/* A thread for each connection, and all of it under one lock: with a heap for each, what
	 * comes and goes would leave holes in many. */
	(void)mallopt(M_ARENA_MAX, 1);
	/* Said, it stays so: else what is large comes to lie in the heap, too, which then never
	 * ends at its last small piece. */
	(void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mem_guard_jansson();
	diags_init(&diags, arena);
	read = read_arguments(argc, argv, &settings, arena, &diags);
	good = read > 0;
	if (read == 0) {
		/* Before any thread is made, so that none of them takes the signals. */
		(void)sigemptyset(&ends);
		(void)sigaddset(&ends, SIGTERM);
		(void)sigaddset(&ends, SIGINT);
		(void)sigprocmask(SIG_BLOCK, &ends, NULL);
		(void)signal(SIGPIPE, SIG_IGN);
		signals = signalfd(-1, &ends, SFD_CLOEXEC);
		good = signals >= 0
			? run(&settings, signals, &diags)
			: diag_error(&diags, PLACE_NONE, "signalfd", "%s", strerror(errno));
		(void)close(signals);
	}
	show(&diags);
	arena_free(arena);
	return good ? 0 : 1;
}
