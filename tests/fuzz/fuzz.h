/*
 * fuzz.h: for libFuzzer (https://llvm.org/docs/LibFuzzer.html): each target gets
 * bytes and must neither crash nor break what its check() says.
 */
#ifndef FUZZ_H
#define FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *, size_t);

#define check(x) do { if (!(x)) { (void)fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #x); abort(); } } while (0)

/* The bytes as a string of their own, so that reading one too many is seen. */
static inline char *
as_string(const uint8_t *data, size_t len)
{
	char *s = malloc(len + 1);

	if (s == NULL)
		abort();
	if (len > 0)
		memcpy(s, data, len);
	s[len] = '\0';
	return s;
}

#endif
