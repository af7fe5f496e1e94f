/* SPDX-License-Identifier: Apache-2.0 */
/* floor.c - what the libraries take merely to read what a plan reads
 *
 *   floor CONFIGURATION.yaml STATE.db ANSWER.json...
 *
 * libyaml's events over the configuration, jansson's load of each answer of ARM, and each column
 * of each row that SQLite holds. Prints the processor time of each and the memory at its highest.
 */
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <yaml.h>

#include "engine/base/text.h"

#define MOST ((size_t)1 << 30)

static double processor_ms(void)
{
	struct timespec now;
	(void)clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static char *read_all(const char *path, size_t *len)
{
	char *text = text_read_file(path, MOST, len);
	if (!text) {
		perror(path);
		exit(1);
	}
	return text;
}

static size_t read_yaml(const char *path)
{
	size_t len, events = 0;
	char *text = read_all(path, &len);
	yaml_parser_t parser;
	yaml_event_t event;
	if (!yaml_parser_initialize(&parser))
		exit(1);
	yaml_parser_set_input_string(&parser, (const unsigned char *)text, len);
	for (bool more = true; more; events++) {
		if (!yaml_parser_parse(&parser, &event))
			exit(1);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	free(text);
	return events;
}

/* The value is kept, as whoever uses it has to. */
static size_t read_json(const char *path)
{
	size_t len;
	json_error_t error;
	char *text = read_all(path, &len);
	if (!json_loadb(text, len, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error)) {
		(void)fprintf(stderr, "%s: %s\n", path, error.text);
		exit(1);
	}
	free(text);
	return len;
}

static size_t read_state(const char *path)
{
	sqlite3 *database;
	sqlite3_stmt *statement;
	size_t bytes = 0;
	if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
		sqlite3_prepare_v2(database, "SELECT * FROM resource", -1, &statement, NULL) !=
			SQLITE_OK) {
		(void)fprintf(stderr, "%s: %s\n", path, sqlite3_errmsg(database));
		exit(1);
	}
	while (sqlite3_step(statement) == SQLITE_ROW)
		for (int i = 0; i < sqlite3_column_count(statement); i++)
			if (sqlite3_column_text(statement, i))
				bytes += (size_t)sqlite3_column_bytes(statement, i);
	(void)sqlite3_finalize(statement);
	(void)sqlite3_close(database);
	return bytes;
}

int main(int argc, char **argv)
{
	if (argc < 3) {
		(void)fprintf(
			stderr, "usage: %s CONFIGURATION.yaml STATE.db ANSWER.json...\n", argv[0]);
		return 1;
	}
	double at[4] = { processor_ms() };
	size_t events = read_yaml(argv[1]), answers = 0;
	at[1] = processor_ms();
	for (int i = 3; i < argc; i++)
		answers += read_json(argv[i]);
	at[2] = processor_ms();
	size_t state = read_state(argv[2]);
	at[3] = processor_ms();
	struct rusage usage;
	(void)getrusage(RUSAGE_SELF, &usage);
	printf("{\"yaml_ms\": %.1f, \"events\": %zu, \"json_ms\": %.1f, \"answer_bytes\": %zu, "
	       "\"state_ms\": %.1f, \"state_bytes\": %zu, \"memory_kb\": %ld}\n",
		at[1] - at[0], events, at[2] - at[1], answers, at[3] - at[2], state,
		usage.ru_maxrss);
	return 0;
}
