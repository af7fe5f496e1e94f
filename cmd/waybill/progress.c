/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/progress.h"

#include "cmd/waybill/session.h"
#include "engine/base/text.h"

struct words {
	const char *doing, *done;
};

static struct words words_of(const struct step *step)
{
	switch (step->verb) {
	case STEP_CREATE:
		return (struct words){ "Creating", "Created" };
	case STEP_DELETE:
		return (struct words){ "Destroying", "Destroyed" };
	case STEP_UPDATE:
		if (step->detaches)
			return (struct words){ "Detaching", "Detached" };
		break;
	case STEP_TAGS:
		break;
	}
	return (struct words){ "Updating", "Updated" };
}

/* " (3 routes)": what a step carries inside. */
static const char *inside(struct arena *a, const struct step *step)
{
	if (step->nchildren == 0)
		return "";
	const struct schema *schema = step->children[0].schema;
	if (step->nchildren == 1)
		return arena_printf(a, " (1 %s)", schema->title);
	return arena_printf(a, " (%zu %s)", step->nchildren, schema->section);
}

static void tell_finished(struct arena *a, const struct apply_event *event)
{
	const char *address = text_escaped(a, event->step->address);
	long seconds = event->elapsed_ms / 1000;
	switch (event->result) {
	case STEP_DONE:
		tell("%s: %s after %lds [%zu/%zu]\n", address, words_of(event->step).done, seconds,
			event->finished, event->total);
		break;
	case STEP_SKIPPED:
		tell("%s: Skipped [%zu/%zu]\n", address, event->finished, event->total);
		break;
	case STEP_UNKNOWN:
		tell("%s: Sent, but its outcome is not known [%zu/%zu]\n", address, event->finished,
			event->total);
		break;
	default:
		tell("%s: Failed after %lds [%zu/%zu]\n", address, seconds, event->finished,
			event->total);
	}
}

static const char *duration(struct arena *a, long ms)
{
	return ms % 1000 ? arena_printf(a, "%ldms", ms) : arena_printf(a, "%lds", ms / 1000);
}

void progress_tell(void *context, const struct apply_event *event)
{
	/* An arena of its own: a long apply must not grow with its heartbeats. */
	struct arena *a = arena_new();
	const char *address = text_escaped(a, event->step->address);
	(void)context;
	switch (event->kind) {
	case APPLY_SETTLING:
		tell("%s: Waiting %s for %s to settle...\n", address,
			duration(a, event->elapsed_ms), text_escaped(a, event->after->address));
		break;
	case APPLY_STARTED:
		tell("%s: %s%s...\n", address, words_of(event->step).doing, inside(a, event->step));
		break;
	case APPLY_STILL_RUNNING:
		tell("%s: Still %s... [%lds elapsed]\n", address,
			text_lower(a, words_of(event->step).doing), event->elapsed_ms / 1000);
		break;
	case APPLY_FINISHED:
		tell_finished(a, event);
		break;
	}
	arena_free(a);
}
