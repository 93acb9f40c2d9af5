#include "base/secret.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

bool gh_secret_eq(const void *a, const void *b, size_t len)
{
	const volatile uint8_t *x = a, *y = b;
	uint8_t difference = 0;

	for (size_t i = 0; i < len; i++)
		difference |= (uint8_t)(x[i] ^ y[i]);
	return difference == 0;
}

void gh_wipe(void *data, size_t len)
{
	if (data)
		explicit_bzero(data, len);
}

void gh_wipe_free(char *text)
{
	if (!text)
		return;
	explicit_bzero(text, strlen(text));
	free(text);
}

void *gh_secret_alloc(size_t len)
{
	void *data = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (data == MAP_FAILED)
		return NULL;
	/* The lock is best effort (RLIMIT_MEMLOCK may be 0); keeping it out of dumps is not. */
	(void)mlock(data, len);
	if (madvise(data, len, MADV_DONTDUMP) != 0) {
		munmap(data, len);
		return NULL;
	}
	return data;
}

void gh_secret_free(void *data, size_t len)
{
	if (!data)
		return;
	explicit_bzero(data, len);
	munmap(data, len);
}

void gh_process_harden(void)
{
	struct rlimit none = { 0, 0 };

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	setrlimit(RLIMIT_CORE, &none);
}
