/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd/waybill/signals.h"

#include <errno.h>
#include <stddef.h>
#include <unistd.h>

/* The only mutable globals of the program: a handler has no other way to reach anything. */
static volatile sig_atomic_t received;
static struct provider *volatile held;
static struct provider *volatile woken; /* while signals are noted */
static volatile sig_atomic_t is_noted;

/* Only what a handler may call. */
static void tell_interrupted(void)
{
	static const char text[] = "Interrupted: waiting for what is under way; "
				   "once more ends it at once\n";
	int before = errno;
	ssize_t written = write(STDERR_FILENO, text, sizeof text - 1);
	(void)written; /* there is nobody else to tell */
	errno = before;
}

static void handle(int number)
{
	struct provider *provider = held ? held : woken;
	if ((!held && !is_noted) || received)
		_exit(128 + number);
	received = number;
	if (held)
		tell_interrupted();
	if (provider)
		provider->interrupt(provider);
}

void signals_install(void)
{
	struct sigaction action = { .sa_handler = handle, .sa_flags = SA_RESTART };
	(void)sigemptyset(&action.sa_mask);
	(void)sigaction(SIGINT, &action, NULL);
	(void)sigaction(SIGTERM, &action, NULL);
	/* Whose terminal has gone, perhaps by what was applied; but not under nohup. */
	struct sigaction before;
	if (sigaction(SIGHUP, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
		(void)sigaction(SIGHUP, &action, NULL);
	/* A reader that left, or a limit of file sizes, must not end an apply half way: writes fail
	 * instead. */
	action.sa_handler = SIG_IGN;
	(void)sigaction(SIGPIPE, &action, NULL);
	(void)sigaction(SIGXFSZ, &action, NULL);
}

const volatile sig_atomic_t *signals_hold(struct provider *provider)
{
	held = provider;
	return &received;
}

int signals_release(void)
{
	held = NULL;
	return received;
}

void signals_note(struct provider *provider)
{
	woken = provider;
	is_noted = 1;
}

int signals_noted(void)
{
	return held ? 0 : received;
}
