#!/usr/bin/env python3
"""Turns address_words.txt into tables. Usage: gen_address.py OUT.h OUT.c address_words.txt
A word's hash is that of words.h, computed by gen_words.py. The line `ending` becomes a list, grouped by
last byte."""
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
from gen_words import word_hash  # noqa: E402

FILTER_BITS = 15  # nearly every word that is not in the table ends at its bit
END_GROUPS = 32  # an ending is in the group of its last byte modulo this: the case of a letter is no matter


def first_bit(word):
    """Of the filter: by a word's length and first four bytes, as flags_of in address_read.c."""
    four = int.from_bytes(bytes(byte | 0x20 for byte in word[:4]).ljust(4, b"\0"), "little")
    return ((four ^ len(word) * 0x01000193 & 0xFFFFFFFF) * 2654435761 & 0xFFFFFFFF) >> 32 - FILTER_BITS


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
    bits_of_words = [0] * (2 ** FILTER_BITS // 64)
    for kind, words in read(path):
        if kind == "ending":
            endings += words
            continue
        flags.append(kind)
        for word in words:
            bits_of_words[first_bit(word) // 64] |= 1 << first_bit(word) % 64
            table[word_hash(word)] = table.get(word_hash(word), 0) | 1 << (len(flags) - 1)
    size = 1024
    while 3 * size < 4 * len(table):
        size *= 2
    kinds = sorted(set(table.values()))
    if len(kinds) > 256:
        sys.exit(f"{path}: too many kinds of words")
    slots = [(0, 0)] * size
    for h, bits in sorted(table.items()):
        at = h >> 40 & (size - 1)
        while slots[at][0]:
            at = (at + 1) & (size - 1)
        slots[at] = (h & 0xffffffff or 1, bits)
    endings.sort(key=lambda word: word[-1] % END_GROUPS)
    pairs = [0] * (END_GROUPS ** 2 // 64)
    for word in endings:
        pair = word[-1] % END_GROUPS * END_GROUPS + word[-2] % END_GROUPS
        pairs[pair // 64] |= 1 << pair % 64
    groups = [sum(word[-1] % END_GROUPS < group for word in endings) for group in range(END_GROUPS + 1)]
    with open(header, "w", encoding="ascii") as file:
        file.write("/* Made by gen_address.py. */\n#ifndef GH_PII_ADDRESS_TABLE_H\n#define GH_PII_ADDRESS_TABLE_H\n"
                   "#include <stdint.h>\n")
        for bit, name in enumerate(flags):
            file.write(f"#define GH_A_{name.upper()} (1u << {bit})\n")
        file.write(f"#define GH_PII_ADDRESS_FILTER {2 ** FILTER_BITS}\n"
                   f"#define GH_PII_ADDRESS_FILTER_SHIFT {32 - FILTER_BITS}\n"
                   "extern const uint64_t gh_pii_address_filter[GH_PII_ADDRESS_FILTER / 64];\n"
                   f"#define GH_PII_ADDRESS_SLOTS {size}\n"
                   "/* The low halves of the hashes, 0: empty; and apart, as few as can be, what they mean. */\n"
                   "extern const uint32_t gh_pii_address_prints[GH_PII_ADDRESS_SLOTS];\n"
                   "extern const uint8_t gh_pii_address_kinds[GH_PII_ADDRESS_SLOTS];\n"
                   f"extern const uint32_t gh_pii_address_flags[{len(kinds)}];\n"
                   f"#define GH_PII_ADDRESS_ENDS {len(endings)}\n"
                   f"#define GH_PII_ADDRESS_END_GROUPS {END_GROUPS}\n"
                   "/* The shortest word that can have one. */\n"
                   f"#define GH_PII_ADDRESS_COMPOUND {min(map(len, endings)) + 3}\n"
                   "/* By the last two bytes, each modulo END_GROUPS. */\n"
                   "extern const uint64_t gh_pii_address_end_filter[GH_PII_ADDRESS_END_GROUPS * GH_PII_ADDRESS_END_GROUPS / 64];\n"
                   "struct gh_pii_address_end {\n\tchar text[15];\n\tuint8_t len;\n};\n"
                   "extern const struct gh_pii_address_end gh_pii_address_ends[GH_PII_ADDRESS_ENDS];\n"
                   "/* Where the endings of a group begin, and at the end their number. */\n"
                   "extern const uint8_t gh_pii_address_end_of[GH_PII_ADDRESS_END_GROUPS + 1];\n#endif\n")
    with open(source, "w", encoding="ascii") as file:
        file.write('/* Made by gen_address.py. */\n#include "address_table.h"\n\n' +
                   array("uint64_t", "gh_pii_address_filter", "GH_PII_ADDRESS_FILTER / 64",
                         (f"UINT64_C({bits:#x})" for bits in bits_of_words)) +
                   array("uint32_t", "gh_pii_address_prints", "GH_PII_ADDRESS_SLOTS", (f"{h:#x}" for h, _ in slots)) +
                   array("uint8_t", "gh_pii_address_kinds", "GH_PII_ADDRESS_SLOTS",
                         (kinds.index(bits) if bits else 0 for _, bits in slots)) +
                   array("uint32_t", "gh_pii_address_flags", len(kinds), (f"{bits:#x}" for bits in kinds)) +
                   array("struct gh_pii_address_end", "gh_pii_address_ends", "GH_PII_ADDRESS_ENDS",
                         ("{ \"" + "".join(chr(b) if b < 128 else f"\\{b:03o}" for b in word) + f"\", {len(word)} }}"
                          for word in endings)) +
                   array("uint64_t", "gh_pii_address_end_filter",
                         "GH_PII_ADDRESS_END_GROUPS * GH_PII_ADDRESS_END_GROUPS / 64",
                         (f"UINT64_C({bits:#x})" for bits in pairs)) +
                   array("uint8_t", "gh_pii_address_end_of", "GH_PII_ADDRESS_END_GROUPS + 1", groups))


if __name__ == "__main__":
    main()
