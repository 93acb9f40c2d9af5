#!/usr/bin/env python3
"""Turns address_words.txt into a table. Usage: gen_address.py OUT.h OUT.c address_words.txt
A word's hash is that of words.h, computed by gen_words.py."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gen_words import word_hash  # noqa: E402


def main():
    header, source, path = sys.argv[1:]
    flags, table = [], {}
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        name, _, rest = line.partition(":")
        flags.append(name)
        for word in rest.split(","):
            data = word.strip().encode()
            if not data or len(data) > 32:
                sys.exit(f"{path}:{number}: '{word}' is empty or too long")
            table[word_hash(data)] = table.get(word_hash(data), 0) | 1 << (len(flags) - 1)
    size = 1024
    while size < 3 * len(table):
        size *= 2
    slots = [(0, 0)] * size
    for h, bits in sorted(table.items()):
        at = h >> 40 & (size - 1)
        while slots[at][0]:
            at = (at + 1) & (size - 1)
        slots[at] = (h & 0xffffffff or 1, bits)
    with open(header, "w", encoding="ascii") as file:
        file.write("/* Made by gen_address.py. */\n#ifndef GH_PII_ADDRESS_TABLE_H\n#define GH_PII_ADDRESS_TABLE_H\n"
                   "#include <stdint.h>\n")
        for bit, name in enumerate(flags):
            file.write(f"#define GH_A_{name.upper()} (1u << {bit})\n")
        file.write(f"#define GH_PII_ADDRESS_SLOTS {size}\n"
                   "extern const uint32_t gh_pii_address_prints[GH_PII_ADDRESS_SLOTS];\n"
                   "extern const uint32_t gh_pii_address_flags[GH_PII_ADDRESS_SLOTS];\n#endif\n")
    with open(source, "w", encoding="ascii") as file:
        file.write('/* Made by gen_address.py. */\n#include "address_table.h"\n\n'
                   "const uint32_t gh_pii_address_prints[GH_PII_ADDRESS_SLOTS] = {\n" +
                   "".join(f"\t{h:#x},\n" for h, _ in slots) + "};\n"
                   "const uint32_t gh_pii_address_flags[GH_PII_ADDRESS_SLOTS] = {\n" +
                   "".join(f"\t{bits},\n" for _, bits in slots) + "};\n")


if __name__ == "__main__":
    main()
