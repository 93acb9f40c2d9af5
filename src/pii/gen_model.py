#!/usr/bin/env python3
"""Writes the C file that puts the tagger's model into the program: its bytes, by the assembler, and its
digest.   gen_model.py MODEL OUT.c
"""
import hashlib
import pathlib
import sys

path = pathlib.Path(sys.argv[1]).resolve()
digest = hashlib.sha256(path.read_bytes()).hexdigest()
pathlib.Path(sys.argv[2]).write_text(f'''/* Made by gen_model.py from {path.name}. */
#include "pii/model.h"
#include "pii/tagger.h"

extern const uint8_t gh_pii_model_begin[], gh_pii_model_end[];

__asm__(".pushsection .rodata\\n"
        ".balign 64\\n"
        ".globl gh_pii_model_begin\\n"
        ".hidden gh_pii_model_begin\\n"
        "gh_pii_model_begin:\\n"
        ".incbin \\"{path}\\"\\n"
        ".globl gh_pii_model_end\\n"
        ".hidden gh_pii_model_end\\n"
        "gh_pii_model_end:\\n"
        ".byte 0\\n"
        ".popsection\\n");

struct gh_slice gh_pii_model_file(void)
{{
	return gh_slice(gh_pii_model_begin, (size_t)(gh_pii_model_end - gh_pii_model_begin));
}}

const char *gh_pii_model_digest(void)
{{
	return "{digest}";
}}

gh_result gh_pii_model_verify(void)
{{
	return gh_pii_tagger_check(gh_pii_model_file(), gh_pii_model_digest());
}}
''')
