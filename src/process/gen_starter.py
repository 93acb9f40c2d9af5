#!/usr/bin/env python3
"""Turns the files of the starter pack into a C table. Usage: gen_starter.py OUT.c FOLDER FILE ..."""
import os
import sys


def c_string(data):
    lines = []
    for line in data.splitlines(keepends=True):
        text = "".join({"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "?": "\\?"}.get(c, c)
                       for c in line.decode("ascii"))
        lines.append(f'\t  "{text}"')
    return "\n".join(lines)


def main():
    out, folder, *paths = sys.argv[1:]
    rows = []
    for path in sorted(os.path.relpath(path, folder) for path in paths):
        with open(os.path.join(folder, path), "rb") as file:
            data = file.read()
        rows.append(f'\t{{ GH_SLICE("{path}"), GH_SLICE(\n{c_string(data)}) }},\n')
    with open(out, "w", encoding="ascii") as file:
        file.write('/* Made by gen_starter.py. */\n#include "process/starter.h"\n\n'
                   "const struct gh_tar_member gh_starter_members[] = {\n" + "".join(rows) +
                   f"}};\nconst size_t gh_starter_count = {len(rows)};\n")


if __name__ == "__main__":
    main()
