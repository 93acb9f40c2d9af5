#!/usr/bin/env python3
"""Measures the inference path: direct, through nginx, and through Gatehouse with its five gates on and
its log on disk before anything is forwarded, all in one run on one machine, round by round in turn, so
that what disturbs one disturbs all. Prints a Markdown table and writes JSON beside it.

Placement: load generator and upstream share core 0, the gateway under test has the other cores (core 1
on a machine of two). A round waits until others take little of the cores. Medians over the rounds; the
p99 is the best round's, since on a shared machine the tail of a bad round is the neighbours'.
"""
import argparse
import contextlib
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
TICK = os.sysconf("SC_CLK_TCK")
SENTENCES = (
    "Please summarise the discussion about the new release and keep the tone friendly. ",
    "The build takes longer than it should, so we looked at which steps can run side by side. ",
    "Nobody objected to moving the weekly meeting, as long as the notes are sent out before it. ",
    "A short list of open questions follows, ordered by how much work each of them blocks. ",
)


def prompt(size):
    """An ordinary 4 KiB request: prose without personal data, as most requests are."""
    text, i = "", 0
    while len(text) < size:
        text += SENTENCES[i % len(SENTENCES)]
        i += 1
    return text[:size]


def body(size, **extra):
    shell = {"model": "bench", "messages": [{"role": "user", "content": ""}], **extra}
    shell["messages"][0]["content"] = prompt(size - len(json.dumps(shell, separators=(",", ":"))))
    return json.dumps(shell, separators=(",", ":"))


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_for_port(port, seconds=10):
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
            return
        time.sleep(0.02)
    raise RuntimeError(f"nothing listens on port {port}")


class Process:
    """A child of ours, pinned to cores, its whole tree countable and stopped at the end."""

    def __init__(self, command, cores, log, **options):
        self.log = open(log, "ab")
        self.child = subprocess.Popen(["taskset", "-c", cores, *map(str, command)], stdout=self.log,
                                      stderr=self.log, stdin=subprocess.DEVNULL,
                                      start_new_session=True, **options)

    def tree(self):
        """Every live process below the child and itself: {pid: command name}."""
        children, names = {}, {}
        for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):
                text = stat.read_text()
                pid, name = int(stat.parent.name), text[text.index("(") + 1:text.rindex(")")]
                children.setdefault(int(text[text.rindex(")") + 2:].split()[1]), []).append(pid)
                names[pid] = name
        found, todo = {}, [self.child.pid]
        while todo:
            pid = todo.pop()
            if pid in names:
                found[pid] = names[pid]
            todo += children.get(pid, [])
        return found

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(self.child.pid, signal.SIGKILL)
                self.child.wait()
        self.log.close()


def roles(process):
    """{pid: what it is}: postgres by its name, our forks of one program by the supervisor's log."""
    log = pathlib.Path(process.log.name).read_text(errors="replace")
    started = {int(pid): child for child, pid in
               re.findall(r'"event":"child.started","child":"(\w+)","child_pid":(\d+)', log)}
    return {pid: name if name == "postgres" else started.get(pid, name) for pid, name in process.tree().items()}


def stat_seconds(path):
    """(command name, user and system seconds) of a process or thread."""
    text = path.read_text()
    fields = text[text.rindex(")") + 2:].split()
    return text[text.index("(") + 1:text.rindex(")")], (int(fields[11]) + int(fields[12])) / TICK


def cpu_seconds(process):
    """({role: seconds}, {role/thread: seconds}): the second shows the sequencer and the loops apart."""
    total, threads = {}, {}
    for pid, kind in roles(process).items():
        with contextlib.suppress(OSError):
            total[kind] = total.get(kind, 0) + stat_seconds(pathlib.Path(f"/proc/{pid}/stat"))[1]
        if kind in ("postgres", "model"):
            continue
        for task in pathlib.Path(f"/proc/{pid}/task").glob("*/stat"):
            with contextlib.suppress(OSError):
                thread, spent = stat_seconds(task)
                threads[f"{kind}/{thread}"] = threads.get(f"{kind}/{thread}", 0) + spent
    return total, threads


def memory_kib(process):
    total = 0
    for pid in process.tree():
        with contextlib.suppress(OSError):
            text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
            total += int(re.search(r"^Pss:\s+(\d+)", text, re.M).group(1))
    return total


def difference(after, before):
    return {key: value - before.get(key, 0) for key, value in after.items()
            if value - before.get(key, 0) > 0}


class Target:
    def __init__(self, name, port, process=None, key_file=None, ca=None, metrics=None):
        self.name, self.port, self.process = name, port, process
        self.key_file, self.ca, self.metrics = key_file, ca, metrics


class Bench:
    def __init__(self, options, scratch):
        self.options, self.scratch = options, scratch
        self.tools = pathlib.Path(options.tools or ROOT / options.build / "bench")
        self.load_core = "0"
        cores = os.cpu_count() or 1
        self.gateway_cores = "0" if cores == 1 else "1" if cores == 2 else f"1-{cores - 1}"
        self.started = []
        for name, extra in (("plain", {}), ("stream", {"stream": True})):
            (scratch / f"{name}.json").write_text(body(options.body_bytes, **extra))

    def start(self, name, command, cores, **more):
        process = Process(command, cores, self.scratch / f"{name}.log", **more)
        self.started.append(process)
        return process

    def stop(self):
        for process in reversed(self.started):
            process.stop()

    def upstream(self):
        port = free_port()
        self.start("upstream", [self.tools / "upstream", port, self.options.tokens_per_second], self.load_core)
        wait_for_port(port)
        return port

    def nginx(self, upstream, tls):
        port, folder = free_port(), self.scratch / ("nginx-tls" if tls else "nginx")
        folder.mkdir()
        listen = f"listen 127.0.0.1:{port}"
        if tls:
            self.certificate(folder)
            listen = (f"listen 127.0.0.1:{port} ssl; ssl_certificate {folder}/cert.pem; "
                      f"ssl_certificate_key {folder}/key.pem; ssl_protocols TLSv1.2 TLSv1.3")
        (folder / "nginx.conf").write_text(f"""
daemon off; worker_processes {1 if ',' not in self.gateway_cores and '-' not in self.gateway_cores else 'auto'};
pid {folder}/pid; error_log {folder}/error.log warn;
events {{ worker_connections 2048; }}
http {{
  access_log off; client_max_body_size 16m; client_body_buffer_size 64k; keepalive_requests 10000000;
  proxy_temp_path {folder}/p; client_body_temp_path {folder}/b; fastcgi_temp_path {folder}/f;
  uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
  upstream model {{ server 127.0.0.1:{upstream}; keepalive 128; keepalive_requests 10000000; }}
  server {{ {listen}; tcp_nodelay on;
    location / {{ proxy_pass http://model; proxy_http_version 1.1; proxy_set_header Connection "";
                 proxy_buffering off; }} }} }}
""")
        process = self.start(folder.name, ["nginx", "-e", folder / "error.log", "-c", folder / "nginx.conf"],
                             self.gateway_cores)
        wait_for_port(port)
        return Target("nginx, TLS" if tls else "nginx", port, process, ca=folder / "cert.pem" if tls else None)

    @staticmethod
    def certificate(folder):
        subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                        "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem"],
                       check=True, capture_output=True)

    def gatehouse(self, upstream):
        program = ROOT / self.options.build / "gatehouse"
        # The folder above stays private to root; the gateway drops to its own user below it.
        state = pathlib.Path(tempfile.mkdtemp(prefix="gatehouse-bench-", dir=self.options.state_under))
        os.chmod(state, 0o755)
        self.state = state
        port = free_port()
        process = self.start("gatehouse", [program, "up", "--state", state / "state", "--port", port,
                                           "--upstream", f"http://127.0.0.1:{upstream}/v1"],
                             self.gateway_cores)
        demo = state / "state" / "demo.json"
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            log = (self.scratch / "gatehouse.log").read_text(errors="replace")
            if re.search(r"^ready\b", log, re.M) and demo.is_file():
                break
            if process.child.poll() is not None:
                raise RuntimeError("gatehouse ended:\n" + log[-4000:])
            time.sleep(0.1)
        else:
            raise RuntimeError("gatehouse was not ready in 120 s:\n" + log[-4000:])
        facts = json.loads(demo.read_text())
        key = self.scratch / "key"
        key.write_text(facts["tenants"][0]["api_key"])
        key.chmod(0o600)
        return Target("gatehouse, TLS", port, process, key_file=key, ca=facts["ca_file"],
                      metrics=facts["base_url"].split("/v1")[0] + "/metrics")

    def disk_us(self):
        """Median time to make 8 KiB durable where the gateway's state is: the floor of its audit gate."""
        with tempfile.NamedTemporaryFile(dir=self.options.state_under) as file:
            took = []
            for _ in range(50):
                os.pwrite(file.fileno(), b"x" * 8192, 0)
                began = time.monotonic()
                os.fdatasync(file.fileno())
                took.append((time.monotonic() - began) * 1e6)
        return statistics.median(took)

    def quiet(self):
        """Waits until others take less than 4 % of each core, at most 30 s. The worst share then."""
        deadline = time.monotonic() + self.options.patience
        while True:
            stolen = max(float(subprocess.run([self.tools / "spin", str(core), "200"], check=True,
                                              capture_output=True, text=True).stdout)
                         for core in range(min(2, os.cpu_count() or 1)))
            if stolen < 0.04 or time.monotonic() > deadline:
                return stolen
            time.sleep(0.5)

    def load(self, target, mode, **more):
        command = ["taskset", "-c", self.load_core, self.tools / "load", "--mode", mode, "--port", target.port,
                   "--body", self.scratch / ("stream.json" if mode == "sse" else "plain.json")]
        if target.key_file:
            command += ["--key-file", target.key_file]
        if target.ca:
            command += ["--tls", target.ca]
        for name, value in more.items():
            command += [f"--{name}", value]
        before = cpu_seconds(target.process) if target.process else ({}, {})
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise RuntimeError(f"load {mode} on {target.name}: {done.stderr.strip()}")
        result = json.loads(done.stdout)
        if result["failed"] or result["bad_status"] or result["answers"] == 0:
            raise RuntimeError(f"load {mode} on {target.name}: {result}")
        if target.process:
            after = cpu_seconds(target.process)
            result["cpu"] = difference(after[0], before[0])
            result["threads"] = difference(after[1], before[1])
        return result


def gate_seconds(target):
    """{gate: (sum of seconds, count)} from the gateway's own /metrics; also the wait for the log to be on
    disk and all that the gateway adds to an upstream call, under names in brackets."""
    import ssl
    context = ssl.create_default_context(cafile=target.ca)
    with urllib.request.urlopen(target.metrics, context=context, timeout=10) as answer:
        text = answer.read().decode()
    sums = dict(re.findall(r'^gatehouse_gate_seconds_sum\{gate="([^"]+)"\} (\S+)', text, re.M))
    counts = dict(re.findall(r'^gatehouse_gate_seconds_count\{gate="([^"]+)"\} (\S+)', text, re.M))
    found = {gate: (float(value), float(counts[gate])) for gate, value in sums.items()}
    for name, metric in (("(wait for the log)", "audit_wait"), ("(all overhead)", "overhead")):
        value = re.search(rf"^gatehouse_{metric}_seconds_sum (\S+)", text, re.M)
        count = re.search(rf"^gatehouse_{metric}_seconds_count (\S+)", text, re.M)
        if value and count:
            found[name] = (float(value.group(1)), float(count.group(1)))
    return found


def measure(bench, targets):
    """rounds[target name] = list of {closed, open, sse, noise, gates}."""
    options = bench.options
    rounds = {target.name: [] for target in targets}
    for number in range(options.rounds):
        turn = targets[number % len(targets):] + targets[:number % len(targets)]
        for target in turn:
            got = {"noise": bench.quiet(), "disk_us": bench.disk_us()}
            gates = gate_seconds(target) if target.metrics else {}
            got["open"] = bench.load(target, "open", connections=options.connections, rate=options.rate,
                                     warmup=1, duration=options.seconds)
            if gates:
                now = gate_seconds(target)
                got["gates"] = {gate: (now[gate][0] - gates[gate][0]) / max(1, now[gate][1] - gates[gate][1]) * 1e6
                                for gate in gates}
            # CPU counts warm-up requests too: none here, so that the division is exact.
            got["closed"] = bench.load(target, "closed", connections=options.connections, warmup=0,
                                       duration=options.seconds)
            got["sse"] = bench.load(target, "sse", connections=options.streams, warmup=0,
                                    duration=options.seconds)
            if target.process:
                got["memory_kib"] = memory_kib(target.process)
            rounds[target.name].append(got)
            print(f"round {number + 1} {target.name:16} {got['closed']['per_second']:9.0f}/s"
                  f"  p50 {got['open']['latency']['p50_us']:7.0f} us"
                  f"  p99 {got['open']['latency']['p99_us']:7.0f} us  others {got['noise']:.1%}",
                  file=sys.stderr, flush=True)
    return rounds


def cpu_us(result, unit_count, pick=lambda role_name: True):
    return sum(value for key, value in result.get("cpu", {}).items() if pick(key)) / unit_count * 1e6


def summarise(rounds):
    middle = statistics.median
    direct_p50 = middle(r["open"]["latency"]["p50_us"] for r in rounds["direct"])
    direct_p99 = min(r["open"]["latency"]["p99_us"] for r in rounds["direct"])
    direct_lag = middle(r["sse"]["token_lag"]["p50_us"] for r in rounds["direct"])
    summary = {}
    for name, turns in rounds.items():
        row = {
            "requests_per_second": middle(r["closed"]["per_second"] for r in turns),
            "p50_us": middle(r["open"]["latency"]["p50_us"] for r in turns),
            "p99_us": min(r["open"]["latency"]["p99_us"] for r in turns),
            "lag_p50_us": middle(r["sse"]["token_lag"]["p50_us"] for r in turns),
            "lag_p99_us": min(r["sse"]["token_lag"]["p99_us"] for r in turns),
            "lost_tokens": sum(r["sse"]["short_streams"] for r in turns),
            "noise": max(r["noise"] for r in turns),
            "disk_us": middle(r["disk_us"] for r in turns),
        }
        row["added_p50_us"] = row["p50_us"] - direct_p50
        row["added_p99_us"] = row["p99_us"] - direct_p99
        row["added_lag_p50_us"] = row["lag_p50_us"] - direct_lag
        if "cpu" in turns[0]["closed"]:
            count = [r["closed"]["latency"]["count"] for r in turns]
            ours = lambda kind: kind not in ("postgres", "model")
            row["cpu_us"] = middle(cpu_us(r["closed"], n, ours) for r, n in zip(turns, count))
            row["postgres_us"] = middle(cpu_us(r["closed"], n, lambda kind: kind == "postgres")
                                        for r, n in zip(turns, count))
            row["token_cpu_us"] = middle(cpu_us(r["sse"], max(1, r["sse"]["token_lag"]["count"]), ours)
                                         for r in turns)
            row["threads_us"] = {key: middle(r["closed"]["threads"].get(key, 0) / n * 1e6
                                             for r, n in zip(turns, count))
                                 for key in turns[0]["closed"]["threads"]}
            row["memory_mib"] = middle(r["memory_kib"] for r in turns) / 1024
        if "gates" in turns[0]:
            row["gates_us"] = {gate: middle(r["gates"][gate] for r in turns) for gate in turns[0]["gates"]}
        summary[name] = row
    return summary


def table(summary, options):
    lines = [
        "| target | requests/s | added p50 µs | added p99 µs | CPU µs/request | postgres µs/request "
        "| SSE lag p50 / p99 µs | CPU µs/token | memory MiB |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, row in summary.items():
        number = lambda key, form="{:.0f}", row=row: form.format(row[key]) if key in row else "–"
        added = ("0 ({:.0f})".format(row["p50_us"]), "0 ({:.0f})".format(row["p99_us"])) if name == "direct" \
            else (f"{row['added_p50_us']:.0f}", f"{row['added_p99_us']:.0f}")
        lines.append(f"| {name} | {row['requests_per_second']:.0f} | {added[0]} | {added[1]} "
                     f"| {number('cpu_us', '{:.1f}')} | {number('postgres_us', '{:.1f}')} "
                     f"| {row['lag_p50_us']:.0f} / {row['lag_p99_us']:.0f} "
                     f"| {number('token_cpu_us', '{:.1f}')} | {number('memory_mib', '{:.0f}')} |")
    lines.append("")
    lines.append(f"{options.body_bytes} B JSON POST, keep-alive, {options.connections} connections; added latency at "
                 f"{options.rate}/s open loop (in brackets: the direct value itself); SSE: {options.streams} streams "
                 f"at {options.tokens_per_second} tokens/s; {options.rounds} rounds in turn, medians, p99 of the best.")
    lines.append(f"While it ran, others took up to {max(row['noise'] for row in summary.values()):.0%} of a core and fdatasync "
                 f"of 8 KiB took {statistics.median(row['disk_us'] for row in summary.values()):.0f} µs.")
    for name, row in summary.items():
        if "gates_us" in row:
            lines += ["", "| gate | its own cost, µs a request |", "|---|---|"]
            lines += [f"| {gate} | {cost:.1f} |" for gate, cost in row["gates_us"].items()]
        if "gatehouse" in name and row.get("threads_us"):
            lines += ["", "| process/thread | CPU µs a request |", "|---|---|"]
            lines += [f"| {key} | {cost:.1f} |" for key, cost in
                      sorted(row["threads_us"].items(), key=lambda item: -item[1]) if cost >= 0.05]
        if row["lost_tokens"]:
            lines += ["", f"{name}: {row['lost_tokens']} streams did not deliver every token."]
    return "\n".join(lines)


def machine():
    model = "?"
    with contextlib.suppress(OSError):
        model = re.search(r"model name\s*:\s*(.*)", pathlib.Path("/proc/cpuinfo").read_text()).group(1)
    return f"{os.cpu_count()} × {model}, Linux {os.uname().release}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--build", default="build")
    parser.add_argument("--tools", help="folder of upstream, load and spin (default: BUILD/bench)")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=5)
    parser.add_argument("--rate", type=int, default=1000)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--streams", type=int, default=16)
    parser.add_argument("--tokens-per-second", type=int, default=200)
    parser.add_argument("--body-bytes", type=int, default=4096)
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for a quiet machine")
    parser.add_argument("--state-under", default=None, help="where the gateway's state is made (a real disk)")
    parser.add_argument("--only", action="append", choices=["nginx", "nginx-tls", "gatehouse"])
    parser.add_argument("--json", default=None, help="also write the summary and every round here")
    options = parser.parse_args()
    wanted = options.only or ["nginx", "nginx-tls", "gatehouse"]

    if not options.tools:
        subprocess.run(["ninja", "-C", ROOT / options.build, "--quiet", "bench/upstream", "bench/load", "bench/spin"],
                       check=True)
    with tempfile.TemporaryDirectory(prefix="gatehouse-bench-") as folder:
        bench = Bench(options, pathlib.Path(folder))
        try:
            upstream = bench.upstream()
            targets = [Target("direct", upstream)]
            if "nginx" in wanted:
                targets.append(bench.nginx(upstream, tls=False))
            if "nginx-tls" in wanted:
                targets.append(bench.nginx(upstream, tls=True))
            if "gatehouse" in wanted:
                targets.append(bench.gatehouse(upstream))
            rounds = measure(bench, targets)
        finally:
            bench.stop()
            if hasattr(bench, "state"):
                shutil.rmtree(bench.state, ignore_errors=True)
    summary = summarise(rounds)
    print(f"{machine()}\n")
    print(table(summary, options))
    if options.json:
        pathlib.Path(options.json).write_text(json.dumps({"machine": machine(), "summary": summary,
                                                          "rounds": rounds}, indent=1))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    main()
