#!/usr/bin/env python3
"""Turns address_words.txt into tables. Usage: gen_address.py OUT.h OUT.c address_words.txt
A word's hash is that of words.h, computed by gen_words.py. The line `ending` becomes a list, grouped by
last byte."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gen_words import word_hash  # noqa: E402

FILTER = 16384  # bits, one for each hash: nearly every word that is not in the table ends there
END_GROUPS = 32  # an ending is in the group of its last byte modulo this: the case of a letter is no matter


def read(path):
    """(kind, words as bytes) of each line, and dies where it cannot be meant."""
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        kind, _, rest = line.partition(":")
        words = [word.strip().encode() for word in rest.split(",")]
        for word in words:
            if not word or len(word) > 32:
                sys.exit(f"{path}:{number}: '{word.decode()}' is empty or too long")
        yield kind, words


def array(of, name, length, rows):
    return f"const {of} {name}[{length}] = {{\n" + "".join(f"\t{row},\n" for row in rows) + "};\n"


def main():
    header, source, path = sys.argv[1:]
    flags, table, endings = [], {}, []
    for kind, words in read(path):
        if kind == "ending":
            endings += words
            continue
        flags.append(kind)
        for word in words:
            table[word_hash(word)] = table.get(word_hash(word), 0) | 1 << (len(flags) - 1)
    size = 1024
    while size < 3 * len(table):
        size *= 2
    slots = [(0, 0)] * size
    for h, bits in sorted(table.items()):
        at = h >> 40 & (size - 1)
        while slots[at][0]:
            at = (at + 1) & (size - 1)
        slots[at] = (h & 0xffffffff or 1, bits)
    filter_words = [0] * (FILTER // 64)
    for h in table:
        bit = h >> 24 & (FILTER - 1)
        filter_words[bit // 64] |= 1 << bit % 64
    endings.sort(key=lambda word: word[-1] % END_GROUPS)
    groups = [sum(word[-1] % END_GROUPS < group for word in endings) for group in range(END_GROUPS + 1)]
    with open(header, "w", encoding="ascii") as file:
        file.write("/* Made by gen_address.py. */\n#ifndef GH_PII_ADDRESS_TABLE_H\n#define GH_PII_ADDRESS_TABLE_H\n"
                   "#include <stdint.h>\n")
        for bit, name in enumerate(flags):
            file.write(f"#define GH_A_{name.upper()} (1u << {bit})\n")
        file.write(f"#define GH_PII_ADDRESS_FILTER {FILTER}\n"
                   "extern const uint64_t gh_pii_address_filter[GH_PII_ADDRESS_FILTER / 64];\n"
                   f"#define GH_PII_ADDRESS_SLOTS {size}\n"
                   "/* The low half of the hash; 0: empty. */\n"
                   "struct gh_pii_address_slot {\n\tuint32_t print, flags;\n};\n"
                   "extern const struct gh_pii_address_slot gh_pii_address_slots[GH_PII_ADDRESS_SLOTS];\n"
                   f"#define GH_PII_ADDRESS_ENDS {len(endings)}\n"
                   f"#define GH_PII_ADDRESS_END_GROUPS {END_GROUPS}\n"
                   "struct gh_pii_address_end {\n\tchar text[15];\n\tuint8_t len;\n};\n"
                   "extern const struct gh_pii_address_end gh_pii_address_ends[GH_PII_ADDRESS_ENDS];\n"
                   "/* Where the endings of a group begin, and at the end their number. */\n"
                   "extern const uint8_t gh_pii_address_end_of[GH_PII_ADDRESS_END_GROUPS + 1];\n#endif\n")
    with open(source, "w", encoding="ascii") as file:
        file.write('/* Made by gen_address.py. */\n#include "address_table.h"\n\n' +
                   array("uint64_t", "gh_pii_address_filter", "GH_PII_ADDRESS_FILTER / 64",
                         (f"UINT64_C({bits:#x})" for bits in filter_words)) +
                   array("struct gh_pii_address_slot", "gh_pii_address_slots", "GH_PII_ADDRESS_SLOTS",
                         (f"{{ {h:#x}, {bits:#x} }}" for h, bits in slots)) +
                   array("struct gh_pii_address_end", "gh_pii_address_ends", "GH_PII_ADDRESS_ENDS",
                         ("{ \"" + "".join(chr(b) if b < 128 else f"\\{b:03o}" for b in word) + f"\", {len(word)} }}"
                          for word in endings)) +
                   array("uint8_t", "gh_pii_address_end_of", "GH_PII_ADDRESS_END_GROUPS + 1", groups))


if __name__ == "__main__":
    main()
