"""Builds what pii-train reads: the gazetteer and the labelled rows.

    corpus.py --data DIR --packages DIR --lists FILE --dictionary FILE --out DIR

--data holds labelled JSON lines (one file per source); only the sources of SOURCES are read, those whose
licence lets weights be derived from them. The same input gives the same output: every choice comes from
one seeded generator.
"""
import argparse
import hashlib
import json
import pathlib
import random
import re

import words as known
from gazetteer import Gazetteer

# source: (how often each row is used, copies with other names in the place of the names)
SOURCES = {
    "btc": (2, 2), "wnut17": (3, 2), "wikigold": (3, 2), "litbank": (2, 1), "synth_prompts": (1, 1),
    "usaddress_labeled": (1, 0), "usaddress_us50": (1, 0), "ncbi_disease": (1, 0), "argus_fixtures": (1, 0),
    "datafog_corpus": (2, 0), "nannigalaxy": (2, 1), "credsweeper_samples": (1, 0), "detect_secrets_unit": (1, 0),
}
CLASS = {"LOC": "place", "location": "place", "LOCATION": "place", "PROP_GPE": "place", "PROP_FAC": "place",
         "PROP_LOC": "place", "ORG": "org", "corporation": "org", "group": "org", "ORGANIZATION": "org",
         "PROP_ORG": "org", "MISC": "misc", "creative-work": "misc", "product": "misc", "HANDLE": "misc",
         "PROP_VEH": "misc", "SYSTEM": "misc"}
TITLES = re.compile(r"(?:(?:mr|mrs|ms|miss|dr|prof|professor|sir|lady|madame|mme|m|monsieur|captain|capt|colonel|col|"
                    r"aunt|uncle|king|queen|prince|princess|lord|saint|st|rev|father|sister|doctor|major|general)\b"
                    r"\.?\s+)+", re.I)
MONTHS = "January February March April May June July August September October November December".split()
LOCALES = {"en": ["en", "en", "en_US", "en_GB", "en_AU", "en_IN", "en_NG", "en_ZA", "en_IE", "en_CA", "es_MX", "de", "fr",
                  "it", "nl", "pl", "sv", "da", "nb_NO", "fi", "cs_CZ", "hu", "pt_BR", "tr", "hr", "ro", "sk", "vi",
                  "id_ID", "sr_RS_latin", "sl_SI", "lv", "yo_NG", "zu_ZA", "uz_UZ_latin", "ku_kmr_latin", "af_ZA",
                  "en_GH", "en_HK", "es", "pt_PT", "nl_BE", "fr_CA", "de_AT", "de_CH", "eo"],
           "de": ["de", "de", "de_AT", "de_CH", "tr", "pl"], "fr": ["fr", "fr", "fr_BE", "fr_CA", "fr_SN", "ar"],
           "es": ["es", "es_MX"], "it": ["it"], "nl": ["nl", "nl", "nl_BE", "tr"], "pt": ["pt_BR", "pt_PT"]}
MAIL = ["example.com", "example.org", "mail.example.net", "post.example.de"]
ROLES = """author blogger critic reporter columnist commentator reader listener viewer moderator host guitarist singer drummer
pianist composer painter sculptor dancer actor actress director producer novelist playwright historian economist chemist
biologist surgeon dentist midwife pharmacist carer farmer fisherman baker butcher cook waiter barber tailor cobbler
carpenter electrician mechanic driver pilot sailor soldier firefighter postman librarian archivist archaeologist
astronaut gardener clerk cashier salesman trader broker banker auditor bookkeeper analyst consultant spokesman
spokeswoman secretary treasurer chairman councillor mayor ambassador envoy prosecutor defendant plaintiff witness
juror suspect survivor neighbour veteran activist pensioner student pupil trainee intern volunteer referee goalkeeper
striker skipper champion cyclist swimmer sprinter climber skier coach trainer scout agent cofounder founder investor
entrepreneur contractor engineer architect designer developer programmer tester maintainer contributor researcher
technician lecturer headmaster co-worker roommate flatmate classmate fiancé girlfriend boyfriend godfather
grandfather grandmother stepmother""".split()
# What is named after somebody, and is nobody.
NAMESAKES = """Lake {};Mount {};{} River;{} Falls;{} Bridge;{} Tower;{} Station;{} Airport;{} Bay;{} Island;{} Square;{} Park;Port {};
Fort {};{} Hotel;{} Museum;{} Prize;{} Award;{} Cup;{} Trophy;{} Medal;{} Foundation;{} Institute;{} Library;{} Building;
{} Valley;{} Creek;{} Stadium;{} Hall;{} Theatre;{} Castle;{} County;{} Beach;{} Canal;{} Peak;{} Glacier;{} Desert""" \
    .replace("\n", "").split(";")
BRAND_ENDS = """a ia io ly ify ix ium era ora ena oo ster land soft tech data net base wise works lab labs ware point stack grid
wave flow path spark nova tron gen cast care pay hub box kit bit byte scape sense max plus one um us is en er""".split()
SUFFIXES = ["Jr", "Sr", "II", "III", "IV", "MD", "PhD", "DDS", "DVM"]
PARTICLES = ["van", "van der", "von", "de", "de la", "da", "dos", "del", "di", "le", "la", "al", "bin", "el", "ten", "zu"]


class Words:
    """Values for slots, drawn with one generator."""

    def __init__(self, lists, births, surnames, rng):
        self.rng, self.lists = rng, lists
        names = sorted(births, key=lambda n: (-births[n], n))[:40000]
        self.us = names
        self.us_weight = []
        total = 0.0
        for name in names:
            total += births[name] ** 0.45
            self.us_weight.append(total)
        self.cities = [c for c, _ in lists["cities"] if c and c[0].isupper() and "," not in c and "(" not in c]
        latin = re.compile(r"^[A-Za-zÀ-žǎ'’ .-]+$")
        self.first, self.last = {}, {}
        for key, locale in lists["locales"].items():
            self.first[key] = [n for n in locale["first"] if latin.match(n)]
            self.last[key] = [n for n in locale["last"] if latin.match(n)]
        self.census = [name.capitalize() for name in surnames[:40000]]
        self.census_weight = []
        total = 0.0
        for rank in range(len(self.census)):
            total += (rank + 20) ** -0.6
            self.census_weight.append(total)
        english = lists["locales"]["en"]
        self.titles = [t for t in english["music"] + english["book"] if t[0].isalpha() and len(t) < 40 and '"' not in t]
        self.all_last = sorted({n for key in self.last for n in self.last[key]})
        self.products = [
            p for p in lists["locales"]["en"]["product"] + lists["locales"]["en"]["book"] + lists["locales"]["en"]["vehicle"]
            if p[0].isupper()]
        self.common = [w for w in lists["locales"]["en"]["words"] if w.islower() and w.isalpha()]
        self.jobs = [w.lower() for w in lists["locales"]["en"]["job"]] + [
            "teacher", "software engineer", "nurse", "lawyer", "poet", "footballer", "physicist", "accountant", "plumber"]

    def one(self, items):
        return items[self.rng.randrange(len(items))]

    def given(self, lang):
        r = self.rng.random()
        if lang == "en" and r < 0.55:
            return self.rng.choices(self.us, cum_weights=self.us_weight)[0]
        if r > 0.88:
            return self.blend(self.us)
        pool = self.first.get(self.one(LOCALES[lang])) or self.first["en"]
        return self.one(pool)

    def blend(self, pool):
        """A name that is in no list: the beginning of one and the end of another."""
        a, b = self.one(pool), self.one(pool)
        name = a[:max(2, len(a) // 2)] + b[max(1, len(b) // 2):].lower()
        return name if name.isalpha() and len(name) > 2 else a

    def family(self, lang):
        r = self.rng.random()
        if r < 0.30:
            return self.blend(self.all_last)
        if r < 0.33:
            return f"{self.family_of(lang)}-{self.family_of(lang)}"
        if r < 0.36:
            return f"{self.one(PARTICLES)} {self.family_of(lang)}"
        if r < 0.39:
            return self.one(["Mc", "O'", "Mac", "D'", "Fitz"]) + self.family_of("en").capitalize()
        return self.family_of(lang)

    def family_of(self, lang):
        if lang == "en" and self.rng.random() < 0.35:
            return self.rng.choices(self.census, cum_weights=self.census_weight)[0]
        return self.one(self.last.get(self.one(LOCALES[lang])) or self.last["en"])

    def full(self, lang):
        r = self.rng.random()
        first, last = self.given(lang), self.family(lang)
        if r < 0.015:
            return f"{first} {last} {self.one(SUFFIXES)}"
        if r < 0.025:
            return f"{first}  {last}"
        if r < 0.65:
            return f"{first} {last}"
        if r < 0.70:
            return f"{last}, {first}"
        if r < 0.77:
            return f"{first} {self.given(lang)[0]}. {last}"
        if r < 0.83:
            return f"{first} {self.given(lang)} {last}"
        if r < 0.86:
            return f"{first[0]}. {last}"
        if r < 0.89:
            return f"{first[0]}.{self.given(lang)[0]}. {last}"
        if r < 0.92:
            return f"{first}-{self.given(lang)} {last}"
        if r < 0.95:
            return f"{first} {last} {self.family(lang)}"
        if r < 0.965:
            return f"{first} {last[0]}"
        return first if r < 0.985 else last

    def city(self, lang):
        r = self.rng.random()
        if r < 0.35:
            return self.one(self.lists["locales"]["en"]["city"])
        if r < 0.5:
            return self.one(["London", "Paris", "Berlin", "New York", "Madrid", "Rome", "Tokyo", "Chicago", "Boston",
                             "Amsterdam", "Lisbon", "Vienna", "San Francisco", "Los Angeles", "Seattle", "Houston",
                             "Dublin", "Munich", "Hamburg", "Lyon", "Milan", "Porto", "Barcelona", "Brussels"])
        return self.one(self.cities)

    def org(self, lang):
        r = self.rng.random()
        last = self.family_of(lang)
        if r < 0.25:
            return f"{last} {self.one(['Inc', 'Ltd', 'LLC', 'GmbH', 'AG', 'Group', 'and Sons', '& Co', 'SA', 'BV', 'PLC', 'Corp.'])}"
        if r < 0.35:
            return f"{last}, {self.family_of(lang)} and {self.family_of(lang)}"
        if r < 0.42:
            return f"{last} - {self.family_of(lang)}"
        if r < 0.45:
            return f"{last} & {self.family_of(lang)}"
        if r < 0.48:
            return f"{self.given(lang)}'s {self.one(['Kitchen', 'Garage', 'Bakery', 'Pizza', 'Cafe', 'Shop'])}"
        if r < 0.51:
            return self.brand()
        if r < 0.58:
            return f"University of {self.city(lang)}"
        if r < 0.66:
            return f"{self.city(lang)} {self.one(['University', 'Hospital', 'College', 'City Council', 'Police Department', 'High School', 'Bank', 'FC', 'Times'])}"
        if r < 0.74:
            return f"{last} {self.one(['Foundation', 'Consulting', 'Technologies', 'Insurance', 'Partners', 'Institute', 'Energy', 'Foods'])}"
        if r < 0.86:
            return self.one(["Google", "Microsoft", "Amazon", "Siemens", "Volkswagen", "Deutsche Bank", "IBM", "Oracle", "NASA",
                             "UNICEF", "the United Nations", "the European Union", "Red Cross", "Toyota", "Boeing", "Netflix",
                             "Barclays", "HSBC", "Walmart", "Target", "McDonald's", "Wells Fargo", "JPMorgan Chase",
                             "Goldman Sachs", "Johnson & Johnson", "Ford", "Tesla", "Philips", "Santander", "Renault"])
        return f"{self.one(self.common).capitalize()} {self.one(['Systems', 'Labs', 'Solutions', 'Media', 'Software', 'Airlines', 'Records', 'Studios'])}"

    def brand(self):
        """A word that nobody knows, and nobody's name."""
        r = self.rng.random()
        stem, other = self.one(self.common), self.one(self.common)
        if r < 0.45:
            return (stem[:self.rng.randrange(3, 8)] + self.one(BRAND_ENDS)).capitalize()
        if r < 0.65:
            return (stem[:5] + other[:5]).capitalize()
        if r < 0.75:
            return f"{stem.capitalize()} {other.capitalize()}"
        if r < 0.85:
            return stem.capitalize() + other.capitalize()
        return stem.capitalize()

    def street(self, lang):
        name = self.one([self.family_of(lang), self.given("en"), self.one(self.cities), self.one(self.common).capitalize()])
        kind = {"de": "{}straße", "nl": "{}straat", "fr": "rue {}", "es": "calle {}", "it": "via {}", "pt": "rua {}"}
        if lang in kind and self.rng.random() < 0.8:
            return kind[lang].format(name)
        return f"{name} {self.one(['Street', 'St', 'Road', 'Avenue', 'Ave', 'Lane', 'Drive', 'Blvd', 'Court', 'Way', 'Place', 'St.', 'Parkway'])}"

    def address(self, lang):
        number = str(self.rng.randrange(1, 9999))
        if lang == "en" and self.rng.random() < 0.06:
            ship = f"{self.one(['USS', 'USNS', 'USNV', 'USCGC'])} {self.family_of(lang)}"
            unit = self.one([ship, ship, f"PSC {number[:3]}, Box {number}", f"Unit {number} Box {number[:3]}"])
            return f"{unit}\n{self.one(['FPO', 'APO', 'DPO'])} {self.one(['AA', 'AE', 'AP'])} {self.rng.randrange(10000, 99999)}"
        street = self.street(lang)
        line = f"{number} {street}" if lang == "en" else f"{street} {self.rng.randrange(1, 200)}"
        if self.rng.random() < 0.2:
            line += f", {self.one(['Apt', 'Suite', 'Unit', 'Apt.'])} {self.rng.randrange(1, 900)}"
        r = self.rng.random()
        if r < 0.35:
            line += f", {self.city(lang)}"
        elif r < 0.75:
            line += f", {self.city(lang)}, {self.one(['NY', 'CA', 'TX', 'OH', 'WA', 'FL'])} {self.rng.randrange(10000, 99999)}"
        elif r < 0.85:
            line += f", {self.rng.randrange(10000, 99999)} {self.city(lang)}"
        return line

    def fill(self, slot, lang):
        rng, first = self.rng, self.given(lang)
        match slot:
            case "n": return self.full(lang), "name"
            case "f": return first, "name"
            case "l": return self.family(lang), "name"
            case "r": return f"{self.family(lang)}, {first}" + (f" {self.given(lang)[0]}." if rng.random() < 0.1 else ""), "name"
            case "i": return f"{first[0]}. {self.family(lang)}", "name"
            case "c": return self.city(lang), "place"
            case "k": return self.one(self.lists["locales"]["en"]["country" if rng.random() < 0.7 else "state"]), "place"
            case "o": return self.org(lang), "org"
            case "a": return self.address(lang), "address"
            case "s": return self.street(lang), "address"
            case "j": return self.one(self.jobs), None
            case "e":
                return f"{self.one([first, self.family_of(lang), first + '.' + self.family_of(lang)]).lower().replace(' ', '')}" \
                       f"{rng.randrange(100)}@{self.one(MAIL)}", None
            case "p": return self.one([f"+1 {rng.randrange(200, 999)} 555 {rng.randrange(1000, 9999)}",
                                       f"({rng.randrange(200, 999)}) 555-{rng.randrange(1000, 9999)}",
                                       f"0{rng.randrange(100, 999)} {rng.randrange(100000, 9999999)}"]), None
            case "d": return self.one([f"{self.one(MONTHS)} {rng.randrange(1, 29)}, {rng.randrange(1950, 2030)}",
                                       f"{rng.randrange(1, 29)} {self.one(MONTHS)} {rng.randrange(1950, 2030)}",
                                       f"{rng.randrange(1950, 2030)}-0{rng.randrange(1, 9)}-{rng.randrange(10, 29)}",
                                       f"{rng.randrange(1, 13)}/{rng.randrange(1, 29)}/{rng.randrange(1950, 2030)}",
                                       self.one(["Monday", "Friday", "tomorrow", "next week", "Thursday at 3pm"])]), None
            case "x": return str(rng.randrange(1, 10 ** rng.randrange(1, 7))), None
            case "g": return self.one(self.products), "misc"
            case "w": return self.one(self.common), None
            case "u": return self.one(ROLES), None
            case "b": return self.one([first, self.family_of(lang), f"{first} {self.family_of(lang)}", self.city(lang)]), "address"
            case "z": return self.brand(), "misc"
            case "t": return self.one(self.titles), "misc"
            case "q": return self.one(NAMESAKES).format(self.one([first, self.family_of(lang)])), "place"
            case "m": return self.one(MONTHS), None
            case "h": return f"{first}{self.one(['', '_', 'x'])}{self.family_of('en')}"[:14].replace(" ", "").replace("'", ""), "misc"
        raise SystemExit(f"templates.txt: no slot {slot}")


# What the scanner folds before it looks for words (src/pii/fold.c), as far as it is one character for one.
FOLDED = str.maketrans({0xa0: " ", 0x2018: "'", 0x2019: "'", 0x201c: '"', 0x201d: '"', 0x2010: "-", 0x2011: "-",
                        0x2012: "-", 0x2013: "-", 0x2014: "-", 0x202f: " ", 0x2009: " "})


class Rows:
    def __init__(self, unseen=()):
        self.rows, self.unseen = [], unseen

    def add(self, text, spans, source, group=None):
        """Spans in characters; written in bytes."""
        if not text.strip():
            return
        text = text.translate(FOLDED)
        fold = int(hashlib.sha256((group or text).encode()).hexdigest(), 16) % 10 if source not in self.unseen else 10
        at = [0]
        for c in text:
            at.append(at[-1] + len(c.encode()))
        self.rows.append({"text": text, "fold": fold, "source": source,
                          "spans": [{"start": at[s], "end": at[e], "class": c} for s, e, c in spans if c]})


def in_other_case(name, rng):
    """Forms have names in capitals, chats have them without."""
    r = rng.random()
    changed = name.lower() if r < 0.04 else name.upper() if r < 0.07 else name
    return changed if len(changed) == len(name) else name


def case_changed(text, rng):
    """Sometimes the text in lower or upper case, when no character changes its place."""
    r = rng.random()
    changed = text.lower() if r < 0.08 else text.upper() if r < 0.095 else text
    return changed if len(changed) == len(text) else text


def read_source(path):
    for line in open(path, encoding="utf-8"):
        row = json.loads(line)
        raw = row["text"].encode()

        def char(byte):
            return len(raw[:byte].decode("utf-8", "ignore"))

        spans = []
        for span in row["spans"]:
            if span["class"] in ("name", "address"):
                spans.append([char(span["start"]), char(span["end"]), span["class"]])
        for span in row["ignore"]:
            if span["sub"] in CLASS:
                spans.append([char(span["start"]), char(span["end"]), CLASS[span["sub"]]])
        for span in spans:
            title = TITLES.match(row["text"][span[0]:span[1]]) if span[2] == "name" else None
            if title and title.end() < span[1] - span[0]:
                span[0] += title.end()
        yield row["text"], sorted(spans)


def without_names(text, spans):
    for start, end, kind in spans:
        if kind == "name":
            text = text[:start] + " " * (end - start) + text[end:]
    return text


def replaced(text, spans, words, lang="en"):
    """The text with other names in it."""
    out, new, done = [], [], 0
    length = 0
    for start, end, kind in spans:
        if start < done:
            continue
        out.append(text[done:start])
        length += start - done
        value = text[start:end]
        if kind == "name":
            parts = value.split()
            if "," in value:
                value = words.fill("r", lang)[0]
            elif len(parts) == 1:
                value = words.given(lang) if words.rng.random() < 0.6 else words.family(lang)
            elif len(parts) == 2:
                value = f"{words.given(lang)} {words.family(lang)}"
            else:
                value = words.full(lang)
            if text[start:end].islower():
                value = value.lower()
        out.append(value)
        new.append((length, length + len(value), kind))
        length += len(value)
        done = end
    out.append(text[done:])
    return "".join(out), new


def read_templates(path):
    lang = None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n")
        if line.startswith("[") and line.endswith("]") and " " not in line and len(line) < 12:
            lang = line[1:-1]
        elif line and not line.startswith("#"):
            yield lang, line.replace("\\n", "\n")


def filled(template, lang, words):
    text, spans, done = [], [], 0
    length = 0
    for slot in re.finditer(r"\{([a-z])\}", template):
        text.append(template[done:slot.start()])
        length += slot.start() - done
        value, kind = words.fill(slot.group(1), lang)
        if kind == "name":
            value = in_other_case(value, words.rng)
        text.append(value)
        spans.append((length, length + len(value), kind))
        length += len(value)
        done = slot.end()
    text.append(template[done:])
    return "".join(text), spans


def add_templates(rows, templates, words, each):
    rng = words.rng
    for number, (section, template) in enumerate(templates):
        lang = section.split("-")[0]
        count = each if "{" in template else each // 6
        if lang != "en":
            count = count // 2
        for _ in range(count):
            text, spans = filled(template, lang, words)
            # Often with a neighbour in front or behind, as in a longer message.
            if rng.random() < 0.3:
                other, more = filled(words.one([t for s, t in templates if s.startswith(lang)]), lang, words)
                joint = words.one([" ", "\n", "\n\n", " "])
                shift = len(text) + len(joint)
                spans = spans + [(s + shift, e + shift, k) for s, e, k in more]
                text = text + joint + other
            rows.add(case_changed(text, rng), spans, 20 if lang == "en" else 21, group=f"t{number}")


CODE = {"better-sqlite3-": (".c", 700_000), "node-gyp-": (".py", 900_000), "nan-": (".h", 200_000),
        "lodash-": (".js", 400_000), "express-": (".js", 120_000), "pg-": (".js", 60_000),
        "commander-": (".js", 80_000), "uvu-": (".js", 20_000)}
CODE_TIMES = 6
PEOPLE = re.compile(r"copyright|author|licen[cs]e|contribut|credit|maintain|@[a-z]+\.(?:com|org)|\bby [A-Z]", re.I)


def read_code(packages):
    """Program text: identifiers and comments, where capitals do not mean persons."""
    for prefix, (suffix, most) in CODE.items():
        done = 0
        for path in sorted(next(packages.glob(prefix + "*")).rglob("*" + suffix)):
            text = path.read_text(encoding="utf-8", errors="ignore")
            lines = [line for line in text.split("\n") if len(line) < 400 and not PEOPLE.search(line)]
            text = "\n".join(lines)[:max(0, min(most - done, 300_000))]
            done += len(text)
            for at in range(0, len(text), 1500):
                yield text[at:at + 1500]


def read_frames(path):
    lists, at = {}, None
    for line in open(path, encoding="utf-8"):
        line = line.rstrip("\n").replace("\\n", "\n")
        if line in ("[left]", "[right]"):
            at = lists.setdefault(line[1:-1], [])
        elif line and not line.startswith("#"):
            at.append(line)
    return lists["left"], lists["right"]


def add_frames(rows, frames, words, count):
    """Anything between anything: persons three times out of five, else what looks like them."""
    rng = words.rng
    left, right = frames
    for _ in range(count):
        text, spans = "", []
        for _ in range(rng.randrange(1, 4)):
            before, behind = words.one(left), words.one(right)
            kind = words.one("nnnnnnffffffllllllllcogwzq")
            value, label = words.fill(kind, "en")
            if kind == "w" and rng.random() < 0.7:
                value = value.capitalize()
            if rng.random() < 0.05:
                value = value.lower()
            elif rng.random() < 0.02:
                value = value.upper()
            text += words.one(["", " ", "\n", "\n"]) if text else ""
            start = len(text) + len(before) - 1
            text += before[:-1] + value + behind[1:]
            spans.append((start, start + len(value), label))
        rows.add(case_changed(text, rng), spans, 23)


def main():
    options = argparse.ArgumentParser()
    for name in ("data", "packages", "lists", "dictionary", "out"):
        options.add_argument(f"--{name}", type=pathlib.Path, required=True)
    options.add_argument("--unseen", action="append", default=[], help="a source that is kept out as a whole")
    options.add_argument("--each", type=int, default=70, help="rows of each template")
    options.add_argument("--frames", type=int, default=12000, help="rows of frames")
    args = options.parse_args()

    lists = json.loads(args.lists.read_text(encoding="utf-8"))
    templates = list(read_templates(pathlib.Path(__file__).parent / "templates.txt"))
    sources = {name: list(read_source(args.data / f"{name}.jsonl")) for name in SOURCES}
    texts = [without_names(*row) for name in SOURCES for row in sources[name] if not name.startswith("usaddress")]
    texts += [re.sub(r"\{[a-z]\}", " ", t) for _, t in templates for _ in range(5)]
    code = list(read_code(args.packages))
    gazetteer = Gazetteer(lists, args.packages, args.dictionary.read_text(encoding="utf-8").split(), texts,
                          code)
    kept, known_words = gazetteer.write(args.out / "gazetteer.tsv")
    print(f"gazetteer: {kept} of {known_words} words")

    rng = random.Random(20240611)
    words = Words(lists, gazetteer.births, gazetteer.surnames, rng)
    rows = Rows({number for number, name in enumerate(SOURCES) if name in args.unseen})
    for source, (name, (times, copies)) in enumerate(SOURCES.items()):
        for number, (text, spans) in enumerate(sources[name]):
            for time in range(times):
                rows.add(text if time == 0 else case_changed(text, rng), spans, source, group=text)
            names = any(kind == "name" for _, _, kind in spans)
            for _ in range(copies if names else 0):
                other, moved = replaced(text, spans, words)
                rows.add(case_changed(other, rng), moved, source, group=text)
            if rng.random() < 0.08 and name not in ("ncbi_disease",):
                rows.add(text.lower() if len(text.lower()) == len(text) else text, spans, source, group=text)
    add_templates(rows, templates, words, args.each)
    add_frames(rows, read_frames(pathlib.Path(__file__).parent / "frames.txt"), words, args.frames)
    for text in code:
        for _ in range(CODE_TIMES):
            rows.add(text, [], 22)
    with open(args.out / "corpus.jsonl", "w", encoding="utf-8") as out:
        for row in rows.rows:
            out.write(json.dumps(row, ensure_ascii=False) + "\n")
    print(f"corpus: {len(rows.rows)} rows")


if __name__ == "__main__":
    main()
