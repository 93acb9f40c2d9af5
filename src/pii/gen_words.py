#!/usr/bin/env python3
"""Turns words.txt into the trigger table. Usage: gen_words.py OUT.h OUT.c words.txt
The hash is that of words.h, computed here with the same 64-bit arithmetic."""
import re
import sys

MASK = (1 << 64) - 1
CLASS = {"health": "GH_PII_HEALTH", "biometric": "GH_PII_BIOMETRIC", "minor": "GH_PII_MINOR"}
MAX_WORD = 32
GOES_ON, LOOKS_BACK = 1, 2  # as in words.h
FILTER_BITS = 65536
INDICATES = {"person", "child", "age", "neutral"}  # of meaning to the indicators only


def load(data, at):
    return int.from_bytes(data[at:at + 8].ljust(8, b"\0"), "little")


def word_hash(word):
    data = bytes(byte | 0x20 for byte in word)
    h = load(data, 0) * 0x9E3779B97F4A7C15 & MASK
    h ^= h >> 29
    h = (h ^ load(data, 8)) * 0xBF58476D1CE4E5B9 & MASK
    h ^= h >> 32
    if len(data) > 16:
        h = (h ^ load(data, 16) ^ load(data, 24) * 3 & MASK) * 0x94D049BB133111EB & MASK
    return h ^ h >> 31


def join(phrase, word):
    h = ((phrase << 23 | phrase >> 41) & MASK ^ word) * 0x9E3779B97F4A7C15 & MASK
    return h ^ h >> 32


def first_bit(word):
    four = int.from_bytes(bytes(byte | 0x20 for byte in word[:4]).ljust(4, b"\0"), "little")
    return ((four ^ len(word) * 0x01000193 & 0xFFFFFFFF) * 2654435761 & 0xFFFFFFFF) >> 17


def write_filter(out, places, size):
    bits = [0] * (size // 64)
    for bit in places:
        bits[bit // 64] |= 1 << bit % 64
    out.writelines(f"\t0x{each:x},\n" for each in bits)


def split(phrase):
    return [part for part in re.split(rb"[^0-9A-Za-z\x80-\xff]+", phrase) if part]


def main():
    header, source, path = sys.argv[1:]
    says_more, firsts = set(), set()
    groups, entries, terms, suffixes, suffix_term = [], {}, [], [], 0
    for number, line in enumerate(open(path, encoding="utf-8"), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        head, _, rest = line.partition(":")
        kind, name, *numbers = [*head.split(), ""]
        term = 0
        if kind == "group":
            if name not in groups:
                groups.append(name)
            bits = 1 << groups.index(name)
        elif kind in ("term", "head", "noun", "suffix"):
            bits = 0
            terms.append((CLASS[name], int(numbers[0]), int(numbers[1]), {"head": 1, "noun": 2}.get(kind, 0)))
            term = len(terms)
            if kind == "suffix":
                suffixes += [each.strip() for each in rest.split(",")]
                suffix_term = term
                continue
        elif kind == "except":
            bits = 0
        else:
            sys.exit(f"{path}:{number}: none of group, term, head, noun, suffix, except")
        for phrase in rest.split(","):
            words = split(phrase.strip().lower().encode())
            if not words or any(len(word) > MAX_WORD for word in words):
                sys.exit(f"{path}:{number}: '{phrase}' is empty or has a word that is too long")
            # A letter alone is too common to begin a phrase: "a/c" is looked up back from its "c".
            looks_back = len(words) == 2 and len(words[0]) == 1
            if looks_back:
                words.reverse()
            h = word_hash(words[0])
            if kind == "group" and name not in INDICATES:
                firsts.add(first_bit(words[0]))
            for at in range(len(words)):
                if at:
                    h = join(h, word_hash(words[at]))
                entry = entries.setdefault(h, [0, 0, 0])
                if kind == "group" and name not in INDICATES:
                    says_more.add(h)
                if at + 1 < len(words):
                    entry[2] |= LOOKS_BACK if looks_back else GOES_ON
            entry[0] |= bits
            entry[1] = term or entry[1]
    if len(groups) > 62:
        sys.exit(f"{path}: more than 62 groups")
    if any(len(each) < 4 for each in suffixes) or len(terms) > 255:
        sys.exit(f"{path}: a suffix of less than four letters, or too many terms")
    size = 1024
    while size < 2 * len(entries):
        size *= 2
    slots = [None] * size
    for h, entry in sorted(entries.items()):
        at = h >> 40 & size - 1
        while slots[at]:
            at = at + 1 & size - 1
        slots[at] = (h & 0xFFFFFFFF or 1, *entry)
    with open(header, "w", encoding="ascii") as out:
        out.write("/* Made by gen_words.py from words.txt. */\n#ifndef GH_PII_WORD_GROUPS_H\n"
                  "#define GH_PII_WORD_GROUPS_H\n\n#include <stdint.h>\n\n")
        for bit, name in enumerate(groups):
            out.write(f"#define GH_W_{name.upper()} (UINT64_C(1) << {bit})\n")
        out.write(f"\n#define GH_PII_WORD_SLOTS {size}\n"
                  f"#define GH_PII_WORD_FILTER {FILTER_BITS}\n"
                  f"#define GH_PII_SUFFIXES {len(suffixes)}\n"
                  f"#define GH_PII_SUFFIX_TERM {suffix_term}\n\n#endif\n")
    with open(source, "w", encoding="ascii") as out:
        out.write('/* Made by gen_words.py from words.txt. */\n#include "pii/words.h"\n\n'
                  "const uint32_t gh_pii_word_prints[GH_PII_WORD_SLOTS] = {\n")
        for at, slot in enumerate(slots):
            if slot:
                out.write(f"\t[{at}] = 0x{slot[0]:x},\n")
        out.write("};\n\nconst uint64_t gh_pii_word_filter[GH_PII_WORD_FILTER / 64] = {\n")
        write_filter(out, (h >> 24 & FILTER_BITS - 1 for h in entries), FILTER_BITS)
        out.write("};\n\nconst uint64_t gh_pii_value_filter[GH_PII_WORD_FILTER / 64] = {\n")
        write_filter(out, (h >> 24 & FILTER_BITS - 1 for h in says_more), FILTER_BITS)
        out.write("};\n\nconst uint64_t gh_pii_first_filter[32768 / 64] = {\n")
        write_filter(out, firsts, 32768)
        out.write("};\n\nconst uint64_t gh_pii_word_masks[GH_PII_SHORT_WORD + 1][2] = {\n")
        out.writelines(f"\t{{ 0x{(1 << 8 * min(n, 8)) - 1:x}, 0x{(1 << 8 * max(n - 8, 0)) - 1:x} }},\n"
                       for n in range(17))
        out.write("};\n\nconst struct gh_pii_word gh_pii_words[GH_PII_WORD_SLOTS] = {\n")
        for at, slot in enumerate(slots):
            if slot:
                out.write(f"\t[{at}] = {{ 0x{slot[1]:x}, {slot[2]}, {slot[3]} }},\n")
        out.write("};\n\nconst struct gh_pii_term gh_pii_terms[] = {\n\t{ 0, 0, 0, 0 },\n")
        for each in terms:
            out.write("\t{ " + ", ".join(map(str, each)) + " },\n")
        out.write("};\n\nconst struct gh_pii_suffix gh_pii_suffixes[GH_PII_SUFFIXES] = {\n")
        out.writelines(f'\t{{ "{each}", 0x{int.from_bytes(each[-4:].encode(), "little"):x}, {len(each)} }},\n'
                       for each in suffixes)
        out.write("};\n\nconst bool gh_pii_suffix_filter[1024] = {\n")
        for each in sorted({int.from_bytes(each[-4:].encode(), "little") * 2654435761 >> 22 & 1023
                            for each in suffixes}):
            out.write(f"\t[{each}] = true,\n")
        out.write("};\n")


if __name__ == "__main__":
    main()
