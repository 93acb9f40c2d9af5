#!/usr/bin/env python3
"""Measures the scanner beside others in one run: Gatehouse, a regular expression for each entity under
Vectorscan, and redactors from npm, on the same texts of 4 KiB. Prints Markdown; --json writes all figures.

    make bench-pii
    python3 bench/pii.py --no-peers --json result.json

The texts are labelled rows when they are there (GATEHOUSE_SHARED or ../shared, pii/dev), made up
otherwise, and it says which. One core, nothing beside it; the median over the texts of each one's best
round, so that a busy machine does not count.
"""
import argparse
import contextlib
import glob
import io
import json
import os
import pathlib
import random
import shutil
import statistics
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
BEGIN, END = "<!-- bench-pii: begin -->", "<!-- bench-pii: end -->"
SIZE = 4096
TEXTS, PEER_TEXTS = 128, 24


def shared():
    for place in (os.environ.get("GATEHOUSE_SHARED"), ROOT.parent / "shared"):
        if place and glob.glob(f"{place}/pii/dev/*.jsonl"):
            return pathlib.Path(place) / "pii" / "dev"
    return None


def cut(text, size=SIZE, count=TEXTS):
    """Texts of `size` bytes, never cut inside a character."""
    raw, texts = text.encode(), []
    for at in range(0, len(raw) - size, size):
        texts.append(raw[at:at + size].decode("utf-8", "ignore"))
        if len(texts) == count:
            break
    return texts


def rows(data, *names):
    out = []
    for name in names:
        with open(data / f"{name}.jsonl", encoding="utf-8") as lines:
            out += [json.loads(line)["text"] for line in lines]
    return out


PROSE = (
    "Please summarise the discussion about the new release and keep the tone friendly.",
    "The build takes longer than it should, so we looked at which steps can run side by side.",
    "Nobody objected to moving the weekly meeting, as long as the notes are sent out before it.",
    "A short list of open questions follows, ordered by how much work each of them blocks.",
)


def made_up_prompt(rng):
    first, last = rng.choice("Ada Grace Alan Mary Edsger Barbara".split()), rng.choice("Lovelace Hopper Turing Shelley Liskov".split())
    return rng.choice((
        f"Please write to {first.lower()}.{last.lower()}@example.com that {first} {last} moved to {rng.randrange(1, 999)} Oak Street, Springfield, IL {rng.randrange(10000, 99999)}.",
        f"My SSN is {rng.randrange(100, 665)}-{rng.randrange(10, 99)}-{rng.randrange(1000, 9999)}, call me at +1 415 555 {rng.randrange(1000, 9999)}.",
        f"The patient {first} {last} has asthma; her MRN is {rng.randrange(10**6, 10**7)}.",
        f"Use password=Hx{rng.randrange(10**6)}!q for the staging database.",
    ))


def dense_lines(rng, size):
    lines = []
    while sum(map(len, lines)) < size:
        n = rng.randrange(10**6)
        lines.append(f"user{n}@example.com, +1 415 555 {n % 9000 + 1000}, 4111 1111 1111 1111; ssn {n % 500 + 100}-{n % 80 + 10}-{n % 9000 + 1000}\n")
    return "".join(lines)


def code():
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "src").glob("*/*.c")))


def groups():
    """({name: texts}, where they came from)"""
    rng = random.Random(7)
    data = shared()
    if data:
        prompts, prose = rows(data, "synth_prompts", "presidio_synth_v2"), rows(data, "litbank", "wikigold")
        source = "labelled rows"
    else:
        prompts, prose = [made_up_prompt(rng) for _ in range(8000)], list(PROSE) * 2000
        source = "made-up rows (no labelled data here)"
    rng.shuffle(prompts)
    rng.shuffle(prose)
    mixed = []
    for i in range(0, min(len(prompts) * 3, len(prose)) - 3, 3):
        mixed += prose[i:i + 3] + [prompts[i // 3]]
    need = SIZE * (TEXTS + 1)
    long = "\n".join(mixed * (1 + 1100000 // max(1, sum(map(len, mixed)))))
    return {
        "mixed prompts": cut("\n".join(mixed)),
        "dense prompts": cut("\n".join(prompts)),
        "tables of nothing else": cut(dense_lines(rng, need)),
        "prose": cut("\n".join(prose)),
        "source code": cut(code()),
        "1 MiB, mixed": cut(long, 1 << 20, 1),
    }, source


def measure_peers(texts):
    place = ROOT / "bench" / "peers"
    if not shutil.which("node") or not shutil.which("npm"):
        return {}, "node and npm are not here"
    if not (place / "node_modules").is_dir():
        done = subprocess.run(["npm", "ci", "--ignore-scripts"], cwd=place, capture_output=True, text=True, check=False)
        if done.returncode:
            return {}, "npm ci failed"
    lines = "\n".join(json.dumps({"name": name, "texts": each[:PEER_TEXTS]}) for name, each in texts.items() if len(each) > 1)
    done = subprocess.run(["taskset", "-c", "0", "node", "measure.mjs", "speed"], cwd=place, input=lines, capture_output=True,
                          text=True, check=False)
    return (json.loads(done.stdout), None) if done.returncode == 0 else ({}, done.stderr.strip()[-200:])


def table(head, lines):
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for line in lines:
        print("| " + " | ".join(map(str, line)) + " |")
    print()


def processor():
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        return next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "unknown processor")


def write_doc(path, text):
    head, rest = path.read_text(encoding="utf-8").split(BEGIN, 1)
    path.write_text(f"{head}{BEGIN}\n{text.strip()}\n{END}{rest.split(END, 1)[1]}", encoding="utf-8")


def us(value):
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def verdict(value, most):
    return f"{us(value)} ({'met' if value <= most else 'not met'}: ≤ {most})"


def show(result, peers, problem, source):
    here = result["groups"]
    names = [name for name in here if "1 MiB" not in name]
    print(f"Microseconds for a text of 4 KiB, one core of {processor()}; median over {TEXTS} texts of {source}.\n")
    lines = [("**Gatehouse**, all ten classes", *(us(here[name]["scan"]["p50_us"]) for name in names)),
             ("**Gatehouse**, the five structured classes", *(us(here[name]["structured"]["p50_us"]) for name in names)),
             ("all ten, 90th percentile", *(us(here[name]["scan"]["p90_us"]) for name in names)),
             ("all ten, one text again and again", *(us(here[name]["scan_again"]["p50_us"]) for name in names)),
             ("five structured, one text again and again", *(us(here[name]["structured_again"]["p50_us"]) for name in names)),
             ("Gatehouse, a chat body rewritten", *(us(here[name]["rewrite"]["p50_us"]) for name in names))]
    if result["regexes"]:
        lines.append((f"Vectorscan, {result['regexes']} regular expressions, nothing verified",
                      *(us(here[name]["regex"]["p50_us"]) for name in names)))
    lines += [(name, *(us(each[group]) for group in names)) for name, each in peers.items()]
    table(("", *names), lines)
    if problem:
        print(f"Redactors from npm were not measured: {problem}.\n")

    mixed, dense = here["mixed prompts"], here["dense prompts"]
    long = here["1 MiB, mixed"]["scan"]
    prose = here["prose"]
    lines = [(what, verdict(group[name]["p50_us"], most), verdict(group[f"{name}_again"]["p50_us"], most))
             for what, group, name, most in (
                 ("structured classes, prose, µs per 4 KiB", prose, "structured", 6),
                 ("structured classes, mixed prompts, µs per 4 KiB", mixed, "structured", 6),
                 ("all ten classes, mixed prompts, µs per 4 KiB", mixed, "scan", 40),
                 ("all ten classes, dense prompts, µs per 4 KiB", dense, "scan", 80))]
    lines.append(("1 MiB at once, ms", verdict(long["p50_us"] / 1000, 12), ""))
    table(("target", "texts in turn", "one text again and again"), lines)
    lines = []
    for name, what in (("stream", ""), ("stream_names", ", names replaced")):
        stream = mixed[name]
        lines += [(f"a stream's token of 4 bytes{what}, µs: mean, median, 99th percentile",
                   f"{stream['mean_us']:.1f}, {stream['p50_us']:.2f}, {stream['p99_us']:.1f}"),
                  (f"held back behind a token{what}, bytes: median, 99th percentile, most",
                   f"{stream['held_p50']:.0f}, {stream['held_p99']:.0f}, {stream['held_most']:.0f}")]
    table(("what", "measured"), lines)

    hard = dict(result["hard"])
    size = hard.pop("bytes")
    slowest = sorted(hard.items(), key=lambda each: each[1])
    print(f"Texts made to be slow, {size >> 20} MiB each, MB/s: the twelve slowest of {len(hard)} "
          f"(median {statistics.median(hard.values()):.0f}).\n")
    table(("text", "MB/s"), [(name, f"{speed:.1f}") for name, speed in slowest[:12]])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default="build")
    parser.add_argument("--no-peers", action="store_true")
    parser.add_argument("--doc", action="store_true", help="write the tables into docs/pii.md as well")
    parser.add_argument("--json", help="write every figure to this file")
    options = parser.parse_args()

    subprocess.run(["ninja", "-C", ROOT / options.build, "--quiet", "bench/pii"], check=True)
    texts, source = groups()
    lines = "\n".join(json.dumps({"name": name, "texts": each}) for name, each in texts.items())
    done = subprocess.run(["taskset", "-c", "0", ROOT / options.build / "bench" / "pii"], input=lines, capture_output=True,
                          text=True, check=False)
    if done.returncode:
        sys.exit(f"bench/pii failed: {done.stderr.strip()}")
    result = json.loads(done.stdout)
    peers, problem = ({}, "--no-peers") if options.no_peers else measure_peers(texts)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        show(result, peers, problem, source)
    print(out.getvalue())
    if options.doc:
        write_doc(ROOT / "docs" / "pii.md", out.getvalue())
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"gatehouse": result, "peers": peers}, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
