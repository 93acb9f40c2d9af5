#!/usr/bin/env python3
"""Turns sql/NNNN_name.sql into a C table. Usage: gen_migrations.py OUT.c FILE.sql ..."""
import hashlib
import os
import re
import sys

FILE_NAME = re.compile(r"^(\d{4})_([a-z0-9_]+)\.sql$")
# Each file runs inside a transaction that also records it; it must not end that one by itself.
TRANSACTION = re.compile(r"^\s*(BEGIN|COMMIT|ROLLBACK|END|START\s+TRANSACTION|ABORT)\s*;",
                         re.IGNORECASE | re.MULTILINE)


def c_string(data):
    lines = []
    for line in data.splitlines(keepends=True):
        text = "".join(
            {"\n": "\\n", "\t": "\\t", '"': '\\"', "\\": "\\\\", "?": "\\?"}.get(c, c)
            for c in line.decode("ascii"))
        lines.append(f'\t  "{text}"')
    return "\n".join(lines)


def main():
    out, *paths = sys.argv[1:]
    entries = []
    for index, path in enumerate(sorted(paths, key=os.path.basename), start=1):
        match = FILE_NAME.match(os.path.basename(path))
        if not match:
            sys.exit(f"{path}: a migration is called NNNN_name.sql")
        if int(match.group(1)) != index:
            sys.exit(f"{path}: migrations are numbered from 0001 without gaps")
        with open(path, "rb") as file:
            data = file.read()
        if any(byte > 126 or (byte < 32 and byte not in b"\n\t") for byte in data):
            sys.exit(f"{path}: only printable ASCII, tabs and newlines")
        if TRANSACTION.search(data.decode("ascii")):
            sys.exit(f"{path}: a migration does not begin or end transactions")
        digest = ", ".join(f"0x{byte:02x}" for byte in hashlib.sha256(data).digest())
        entries.append(f'\t{{ {index}, "{match.group(2)}",\n{c_string(data)},\n'
                       f"\t  {{ {digest} }} }},\n")
    with open(out, "w", encoding="ascii") as file:
        file.write('/* Made by gen_migrations.py. */\n#include "db/migrate.h"\n\n'
                   "const struct gh_migration gh_migrations[] = {\n" + "".join(entries) +
                   f"}};\nconst size_t gh_migration_count = {len(entries)};\n")


if __name__ == "__main__":
    main()
