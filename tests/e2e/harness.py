"""What the end-to-end tests drive: the real binary on a state directory of its own, an upstream that
keeps all it is sent and answers as told, and sockets that can say anything. Nothing here is a stand-in
for a part of Gatehouse.
"""
import contextlib
import dataclasses
import http.client
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import ssl
import stat
import subprocess
import tempfile
import threading
import time
import uuid

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("GATEHOUSE_BIN", ROOT / "build" / "gatehouse")).resolve()
READY_SECONDS = 120
STOP_SECONDS = 60
GATES = ("identity", "token", "tenancy", "pii", "audit")
CHAT = "/v1/chat/completions"


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until(condition, seconds=10, what="condition", every=0.05):
    """The first true value of `condition()`; fails with `what` when there is none in time."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"{what} did not come true in {seconds} s")
        time.sleep(every)


class Answer:
    """One HTTP response: status, headers (lower-case names), body."""

    def __init__(self, status, headers, body):
        self.status = status
        self.header_list = [(name.lower(), value) for name, value in headers]
        self.headers = dict(self.header_list)
        self.body = body

    def json(self):
        return json.loads(self.body)

    @property
    def request_id(self):
        return self.headers.get("x-request-id")

    def events(self):
        """The data of each server-sent event, comments left out."""
        found = []
        for block in self.body.decode().replace("\r\n", "\n").split("\n\n"):
            data = [line[5:].removeprefix(" ") for line in block.split("\n") if line.startswith("data:")]
            if data:
                found.append("\n".join(data))
        return found

    def stream_text(self, choice=0):
        """What a chat client shows of a streamed answer."""
        text = ""
        for event in self.events():
            if event == "[DONE]":
                continue
            for part in json.loads(event).get("choices", []):
                if part.get("index", 0) == choice:
                    text += part.get("delta", {}).get("content") or ""
        return text

    def __repr__(self):
        return f"<Answer {self.status} {self.headers.get('content-type')} {self.body[:400]!r}>"


@dataclasses.dataclass
class Tenant:
    id: str
    name: str
    api_key: str
    key_id: str


def process_tree(root):
    """{pid: (parent, command name)} of a process and everything below it."""
    parents, names = {}, {}
    for entry in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError, ValueError):
            text = entry.read_text()
            pid = int(entry.parent.name)
            names[pid] = text[text.index("(") + 1:text.rindex(")")]
            parents[pid] = int(text[text.rindex(")") + 2:].split()[1])
    found, todo = {}, [root]
    while todo:
        pid = todo.pop()
        if pid in names:
            found[pid] = (parents[pid], names[pid])
            todo += [child for child, parent in parents.items() if parent == pid]
    return found


class Gateway:
    """`gatehouse up` on a state directory. Start and stop it as often as wanted; the directory stays."""

    def __init__(self, folder, upstream=None, options=()):
        self.folder = pathlib.Path(folder)
        self.state = self.folder / "state"
        self.upstream = upstream
        self.options = list(options)
        self.port = free_port()
        self.child = None
        self.starts = 0

    # --- life

    def start(self):
        assert BINARY.is_file(), f"{BINARY} is not built"
        self.starts += 1
        command = [str(BINARY), "up", "--state", str(self.state), "--port", str(self.port), *self.options]
        if self.upstream:
            command += ["--upstream", self.upstream]
        self.out_path = self.folder / f"up-{self.starts}.out"
        self.err_path = self.folder / f"up-{self.starts}.err"
        with open(self.out_path, "wb") as out, open(self.err_path, "wb") as err:
            self.child = subprocess.Popen(command, stdout=out, stderr=err, stdin=subprocess.DEVNULL,
                                          start_new_session=True, cwd="/")
        deadline = time.monotonic() + READY_SECONDS
        while not re.search(rb"^ready\b", self.out_path.read_bytes(), re.M):
            if self.child.poll() is not None:
                raise AssertionError(f"gatehouse up ended with {self.child.returncode}:\n{self.output()}")
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"gatehouse up was not ready in {READY_SECONDS} s:\n{self.output()}")
            time.sleep(0.05)
        self.demo = json.loads((self.state / "demo.json").read_text())
        self.tenants = [Tenant(**{field.name: tenant[field.name] for field in dataclasses.fields(Tenant)})
                        for tenant in self.demo["tenants"]]
        self.tls = ssl.create_default_context(cafile=self.demo["ca_file"])
        return self

    def stop(self):
        """SIGTERM to the one process that a user would stop; its exit status."""
        if self.child is None:
            return None
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
                raise AssertionError(f"SIGTERM did not stop it in {STOP_SECONDS} s:\n{self.output()[-4000:]}") from None
        code, self.child = self.child.returncode, None
        return code

    def kill(self):
        """SIGKILL to every process of ours at once, the supervisor first."""
        tree = sorted(process_tree(self.child.pid))
        for pid in [self.child.pid, *tree]:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.child.wait()
        wait_until(lambda: not any(pathlib.Path(f"/proc/{pid}").exists() for pid in tree), 20, "the end of every process")

    def output(self):
        return (self.out_path.read_text(errors="replace") + self.err_path.read_text(errors="replace"))[-8000:]

    def logs(self):
        """Every byte that our processes ever logged, over all starts, and PostgreSQL's log."""
        text = b""
        for path in [*self.folder.glob("up-*.out"), *self.folder.glob("up-*.err"),
                     *self.state.rglob("*.log"), *self.state.glob("pg/log/*")]:
            if path.is_file():
                text += path.read_bytes()
        return text

    def processes(self):
        """{pid: role} of everything that runs: supervisor, gateway, keeper, model, postmaster, backend."""
        roles = {}
        tree = process_tree(self.child.pid)
        # They are forks of one program: the supervisor's log says which is which.
        log = self.err_path.read_text(errors="replace")
        started = {int(pid): child for child, pid in
                   re.findall(r'"event":"child.started","child":"(\w+)","child_pid":(\d+)', log)}
        for pid, (parent, name) in tree.items():
            if pid == self.child.pid:
                roles[pid] = "supervisor"
            elif name == "postgres":
                roles[pid] = "backend" if tree.get(parent, (0, ""))[1] == "postgres" else "postmaster"
            else:
                roles[pid] = started.get(pid, name)
        return roles

    # --- HTTP

    @property
    def acme(self):
        return next(tenant for tenant in self.tenants if tenant.name == "acme")

    @property
    def globex(self):
        return next(tenant for tenant in self.tenants if tenant.name == "globex")

    def connect(self):
        """A TLS socket to the gateway."""
        plain = socket.create_connection(("127.0.0.1", self.port), 10)
        plain.settimeout(30)
        return self.tls.wrap_socket(plain, server_hostname="127.0.0.1")

    def request(self, method, path, body=None, key=None, headers=None, timeout=30):
        """`key` goes into Authorization: Bearer; `body` is bytes, or an object to be sent as JSON."""
        fields = dict(headers or {})
        if key is not None:
            fields.setdefault("Authorization", f"Bearer {key}")
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            fields.setdefault("Content-Type", "application/json")
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=self.tls, timeout=timeout)
        try:
            connection.request(method, path, body=body, headers=fields)
            response = connection.getresponse()
            return Answer(response.status, response.getheaders(), response.read())
        finally:
            connection.close()

    def chat(self, text, key=None, **more):
        """One chat completion; `text` is the user's message or a whole list of messages."""
        headers = more.pop("headers", None)
        messages = [{"role": "user", "content": text}] if isinstance(text, str) else text
        return self.request("POST", CHAT, {"model": self.demo.get("model", "gatehouse-demo"), "messages": messages, **more},
                            key=self.acme.api_key if key is None else key, headers=headers)

    def raw(self, data, seconds=15):
        """Sends bytes as they are on a new TLS connection, reads until the server closes or is silent."""
        received = b""
        with self.connect() as link:
            link.settimeout(seconds)
            with contextlib.suppress(ConnectionError, ssl.SSLError, TimeoutError):
                for part in data if isinstance(data, (list, tuple)) else [data]:
                    link.sendall(part)
                while chunk := link.recv(65536):
                    received += chunk
        return received

    # --- the command line

    def run(self, *words, input=None, check=False, timeout=120):
        done = subprocess.run([str(BINARY), *map(str, words)], input=input, capture_output=True, text=True,
                              timeout=timeout, check=False, cwd="/")
        if check:
            assert done.returncode == 0, f"gatehouse {' '.join(map(str, words))}: {done.returncode}\n{done.stdout}{done.stderr}"
        return done

    def verify(self):
        return self.run("log", "verify", "--state", self.state, "--json")

    def log_events(self):
        """Every event of the log, oldest first, as `gatehouse log tail` decrypts it for the operator."""
        done = self.run("log", "tail", "--state", self.state, "--json", check=True)
        return [json.loads(line) for line in done.stdout.splitlines() if line.strip()]

    def events_of(self, request_id):
        return [event for event in self.log_events() if event_body(event).get("request_id") == request_id]

    # --- the database, as its administrator

    def sql(self, statement, role="gatehouse_admin"):
        secrets = (self.state / "database.secrets").read_text().splitlines()
        password = dict(zip(("gatehouse_admin", "gatehouse_app", "gatehouse_identity", "gatehouse_log"), secrets))[role]
        psql = sorted(pathlib.Path("/usr/lib/postgresql").glob("*/bin/psql"))[-1]
        done = subprocess.run([psql, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-h", self.socket_dir(),
                               "-p", "5432", "-U", role, "-d", "gatehouse"], input=statement, text=True,
                              capture_output=True, check=False, timeout=60, env={**os.environ, "PGPASSWORD": password})
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    def socket_dir(self):
        if (self.state / "run" / ".s.PGSQL.5432").exists():
            return str(self.state / "run")
        return (self.state / "pg" / "postmaster.pid").read_text().splitlines()[4]


def event_body(event):
    """The committed body, whether the line is the body itself or carries it beside its log index."""
    return event.get("body", event)


def event_kind(event):
    return event_body(event)["event"]


@contextlib.contextmanager
def new_gateway(upstream=None, options=()):
    """A gateway on a fresh state directory, stopped and removed at the end."""
    folder = tempfile.mkdtemp(prefix="gatehouse-e2e-")
    gateway = Gateway(folder, upstream, options)
    try:
        gateway.start()
        yield gateway
    finally:
        try:
            gateway.stop()
        finally:
            if os.environ.get("GATEHOUSE_KEEP"):
                print(f"kept {folder}")
            else:
                shutil.rmtree(folder, ignore_errors=True)


@dataclasses.dataclass
class Seen:
    """One request as it reached the upstream."""
    method: str
    path: str
    headers: dict
    body: bytes

    def json(self):
        return json.loads(self.body)

    def text(self):
        return self.body.decode()


class Upstream:
    """A model endpoint that keeps every request and answers what `script` says: a function of the
    request that returns (status, body object), or a list of byte strings, which are sent as
    server-sent events in exactly those pieces.
    """

    def __init__(self):
        self.seen = []
        self.connections = 0
        self.script = None
        self.pause_seconds = 0.0
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self):
                outer.connections += 1
                super().setup()
                self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

            def read_body(self):
                if "chunked" in self.headers.get("Transfer-Encoding", ""):
                    body = b""
                    while size := int(self.rfile.readline().split(b";")[0], 16):
                        body += self.rfile.read(size)
                        self.rfile.readline()
                    self.rfile.readline()
                    return body
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def answer(self):
                seen = Seen(self.command, self.path, {name.lower(): value for name, value in self.headers.items()},
                            self.read_body())
                outer.seen.append(seen)
                said = (outer.script or default_script)(seen)
                if outer.pause_seconds:
                    time.sleep(outer.pause_seconds)
                with contextlib.suppress(ConnectionError):
                    self.send_stream(said) if isinstance(said, list) else self.send_json(*said)

            def send_json(self, status, body):
                raw = body if isinstance(body, bytes) else json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(raw)))
                self.send_header("x-request-id", "upstream-" + uuid.uuid4().hex)
                self.end_headers()
                self.wfile.write(raw)

            def send_stream(self, pieces):
                self.send_response(200)
                self.send_header("Content-Type", "text/event-stream")
                self.send_header("Transfer-Encoding", "chunked")
                self.end_headers()
                for piece in pieces:
                    self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                    self.wfile.flush()
                    time.sleep(0.01)
                self.wfile.write(b"0\r\n\r\n")

            do_POST = do_GET = do_PUT = do_DELETE = answer

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/v1"

    def reset(self):
        self.seen.clear()
        self.script = None
        self.pause_seconds = 0.0

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def completion(text, **more):
    """A chat completion that says `text`."""
    return {"id": "chatcmpl-test", "object": "chat.completion", "created": 1700000000, "model": "test",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text, **more}, "finish_reason": "stop",
                         "logprobs": None}],
            "usage": {"prompt_tokens": 5, "completion_tokens": 5, "total_tokens": 10}}


def chunk(delta, finish=None, index=0):
    """One event of a streamed chat completion."""
    body = {"id": "chatcmpl-test", "object": "chat.completion.chunk", "created": 1700000000, "model": "test",
            "choices": [{"index": index, "delta": delta, "finish_reason": finish}]}
    return b"data: " + json.dumps(body).encode() + b"\n\n"


def stream(*texts):
    """A streamed chat completion, one event for each text."""
    return [chunk({"role": "assistant", "content": ""}), *(chunk({"content": text}) for text in texts),
            chunk({}, "stop"), b"data: [DONE]\n\n"]


def default_script(seen):
    if seen.path.endswith("/models"):
        return 200, {"object": "list", "data": [{"id": "test", "object": "model", "created": 1, "owned_by": "test"}]}
    if seen.path.endswith("/embeddings"):
        return 200, {"object": "list", "model": "test", "data": [{"object": "embedding", "index": 0, "embedding": [0.6, 0.8]}],
                     "usage": {"prompt_tokens": 1, "total_tokens": 1}}
    body = seen.json() if seen.body else {}
    return stream("All ", "is ", "well.") if body.get("stream") else (200, completion("All is well."))


def is_private(path):
    """Whether nobody but the owner can open the file."""
    return stat.S_IMODE(os.stat(path).st_mode) & 0o077 == 0


REQUEST_ID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def assert_problem(answer, status, gate=None, issuer=None):
    """RFC 9457, as design.md section 4 asks: typed, with the request id that the header carries."""
    assert answer.status == status, answer
    assert answer.headers["content-type"].split(";")[0] == "application/problem+json", answer
    problem = answer.json()
    assert problem["status"] == status, problem
    assert REQUEST_ID.match(problem["request_id"]), problem
    assert problem["request_id"] == answer.request_id, (problem, answer.headers)
    assert problem["title"] and problem["detail"], problem
    assert "/problems/" in problem["type"], problem
    assert "instance" in problem, problem
    if issuer:
        assert problem["type"].startswith(issuer + "/problems/"), problem
    if gate:
        assert problem["gate"] == gate, problem
    return problem


def parse_answer(raw):
    """The first HTTP response in raw bytes, or None when there is none."""
    head, found, rest = raw.partition(b"\r\n\r\n")
    if not found or not head.startswith(b"HTTP/1.1 "):
        return None
    lines = head.decode("latin-1").split("\r\n")
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    length = {name.lower(): value for name, value in headers}.get("content-length")
    return Answer(int(lines[0].split(" ")[1]), headers, rest[:int(length)] if length else rest)
