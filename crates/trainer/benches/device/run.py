#!/usr/bin/env python3
"""The device check: what a training step takes on this machine's NVIDIA card, beside PyTorch, and whether it computes what a CPU does.

    ./run --out FOLDER [--minutes 8] [--train-minutes 10] [--only WORD]

It needs Python, and for PyTorch's part PyTorch; nothing is built or installed. Each line runs in a process of its own
within its own time limit: one that fails or takes too long is reported as such, and the next one runs. FOLDER gets
result.json, which is complete after every line, and table.md. With --train-minutes the recipe `modern` is trained on the
pack's dataset after that, and FOLDER gets its last grid.
"""

import argparse
import json
import os
import pathlib
import platform
import shutil
import signal
import subprocess
import sys
import time

PACK = pathlib.Path(__file__).resolve().parent
BENCH = PACK / "bench"
PYTHON = os.environ.get("PYTHON", sys.executable)
# Kernels are tuned as they first run; this is the level that the figures in docs/benchmarks.md have.
TUNING = {"CUBECL_AUTOTUNE_LEVEL": os.environ.get("CUBECL_AUTOTUNE_LEVEL", "minimal")}
# What the last line of all may still need to write, copy and print.
SPARE_SECONDS = 10


class Line:
    """One line of the check: a name, a time limit in seconds, and a function that takes the limit and returns a result."""

    def __init__(self, name, limit, work):
        self.name, self.limit, self.work = name, limit, work


class Failed(Exception):
    """A process that did not do what it should."""


class TimedOut(Failed):
    """A process that was stopped."""


def run(command, limit, env=None, stdin=None):
    """What a program prints; it and all that it starts are stopped at the limit."""
    process = subprocess.Popen(
        [str(part) for part in command],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
        env={**os.environ, **(env or {})},
    )
    try:
        output, errors = process.communicate(stdin, timeout=max(limit, 1))
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate()
        raise TimedOut(f"stopped after {limit:.0f} s") from None
    if process.returncode:
        raise Failed(last_words(errors) or f"exit code {process.returncode}")
    return output


def last_words(errors):
    """The line of stderr that says what is wrong: the panic's, or the last one."""
    lines = [line.strip() for line in errors.splitlines() if line.strip() and "RUST_BACKTRACE" not in line]
    panics = [index for index, line in enumerate(lines) if "panicked at" in line]
    if panics and panics[0] + 1 < len(lines):
        return lines[panics[0] + 1][:400]
    return lines[-1][:400] if lines else ""


def toolkit(out):
    """A folder for CUDA_PATH, with NVRTC and headers: the user's, PyTorch's, the system's, or NVRTC with the pack's headers."""
    if os.environ.get("CUDA_PATH"):
        return pathlib.Path(os.environ["CUDA_PATH"])
    find = "import nvidia, os; print(os.pathsep.join(nvidia.__path__))"
    try:
        found = run([PYTHON, "-c", find], 30).strip()
    except (Failed, OSError):
        found = ""
    wheels = [pathlib.Path(path) / "cu13" for path in found.split(os.pathsep) if path]
    folders = wheels + [pathlib.Path("/usr/local/cuda"), pathlib.Path("/opt/cuda")]

    def libraries(folder):
        return [place for place in (folder / "lib64", folder / "lib") if any(place.glob("libnvrtc.so.1*"))]

    complete = [folder for folder in folders if libraries(folder) and (folder / "include/crt/mma.h").is_file()]
    if complete:
        return complete[0]
    with_nvrtc = [place for folder in folders for place in libraries(folder)]
    headers = PACK / "headers.tar.gz"
    if not with_nvrtc or not headers.is_file():
        return None
    joined = out / "toolkit"
    if not joined.exists():
        (joined / "include").mkdir(parents=True)
        shutil.unpack_archive(headers, joined / "include")
        (joined / "lib").symlink_to(with_nvrtc[0].resolve())
    return joined


def ours(arguments, device="cuda:0"):
    """A line of our own program, which prints JSON."""

    def work(limit):
        return json.loads(run([BENCH, *arguments, "--device", device], limit, TUNING))

    return work


def machine(limit):
    """What the card, its driver and PyTorch call themselves."""
    facts = {"system": platform.platform(), "processors": os.cpu_count(), "CUDA_PATH": os.environ.get("CUDA_PATH")}
    asked = {
        "card": ["nvidia-smi", "--query-gpu=name,driver_version,memory.total", "--format=csv,noheader"],
        "pytorch": [PYTHON, "-c", "import torch; print(torch.__version__, torch.version.cuda)"],
    }
    for name, command in asked.items():
        try:
            facts[name] = run(command, limit / 2).strip()
        except (Failed, OSError) as error:
            facts[name] = f"none: {error}"
    return facts


def parity(recipe, operators, device):
    """The largest relative difference between the CPU's losses in three steps and a device's."""
    arguments = ["--losses", operators, "--recipe", recipe, "--batch", 16, "--steps", 3]

    def work(limit):
        started = time.monotonic()
        expected = json.loads(run([BENCH, *arguments, "--device", "cpu"], limit))["losses"]
        found = ours(arguments, device)(limit - (time.monotonic() - started))["losses"]
        pairs = [pair for steps in zip(expected, found) for pair in zip(*steps)]
        return {"difference": max(abs(a - b) / max(abs(a), 1e-6) for a, b in pairs), "cpu": expected, "device": found}

    return work


def pytorch(recipe, batch, way, precision, steps):
    """A line of PyTorch's script, for the networks that our program says the recipe has."""

    def work(limit):
        started = time.monotonic()
        described = run([BENCH, "--peer", "all", "--recipe", recipe, "--batch", batch], limit)
        arguments = json.loads(described)
        if arguments is None:
            raise Failed("PyTorch's script has no such networks")
        command = [PYTHON, PACK / "peer.py", "--way", way, "--precision", precision, "--device", "gpu"]
        command += ["--threads", os.cpu_count(), "--side", 64, "--batch", batch, "--steps", steps, *arguments]
        return json.loads(run(command, limit - (time.monotonic() - started)))

    return work


def layers(batch):
    """What each layer's passes take by our ways, for the table and for PyTorch."""
    return ours(["--layers", "all", "--recipe", "dcgan", "--batch", batch])


def layers_of_pytorch(results, batch, precision):
    def work(limit):
        described = next((line.get("result") for line in results if line["name"] == layers_name(batch)), None)
        if described is None:
            raise Failed("the layers are those of a line that failed")
        command = [PYTHON, PACK / "layers.py", "--batch", batch, "--precision", precision]
        return json.loads(run(command, limit, stdin=json.dumps(described)))

    return work


def layers_name(batch):
    return f"layers: ours, batch {batch}"


def step(name, recipe, batch, operators="fast", device="cuda:0", limit=75, steps=50):
    arguments = ["--measure", operators, "--recipe", recipe, "--batch", batch, "--steps", steps]
    return Line(f"{name}, {recipe}, batch {batch}", limit, ours(arguments, device))


def peer(recipe, batch, way, precision, limit=30, steps=50):
    name = f"PyTorch {way}, {precision}, {recipe}, batch {batch}"
    return Line(name, limit, pytorch(recipe, batch, way, precision, steps))


def lines(results):
    """The lines in the order of what one would miss most."""
    yield Line("machine", 30, machine)
    yield Line("parity: dcgan, CUDA", 60, parity("dcgan", "fast", "cuda:0"))
    yield step("ours", "dcgan", 64)
    yield peer("dcgan", 64, "eager", "tf32")
    yield peer("dcgan", 64, "graphs", "tf32")
    yield step("ours", "dcgan", 512)
    yield peer("dcgan", 512, "eager", "tf32")
    yield peer("dcgan", 512, "graphs", "tf32")
    yield step("ours", "modern", 64)
    yield peer("modern", 64, "eager", "tf32")
    yield peer("modern", 64, "graphs", "tf32")
    yield step("burn's own operators", "dcgan", 64, operators="stock")
    yield step("ours", "dcgan", 256)
    yield peer("dcgan", 256, "eager", "tf32")
    yield peer("dcgan", 64, "compiled", "tf32", limit=60)
    yield Line(layers_name(64), 60, layers(64))
    for precision in ("tf32", "bf16"):
        yield Line(f"layers: cuDNN, {precision}, batch 64", 30, layers_of_pytorch(results, 64, precision))
    yield step("ours on Vulkan", "dcgan", 64, device="gpu:0")
    yield Line("parity: modern, CUDA", 60, parity("modern", "fast", "cuda:0"))
    yield Line("parity: dcgan, burn's own operators", 60, parity("dcgan", "stock", "cuda:0"))
    yield Line("parity: dcgan, Vulkan", 60, parity("dcgan", "fast", "gpu:0"))
    yield peer("dcgan", 64, "eager", "bf16")
    yield peer("dcgan", 512, "eager", "bf16")
    yield peer("dcgan", 512, "compiled", "tf32", limit=60)
    yield step("burn's own operators", "dcgan", 512, operators="stock")


def perform(line, seconds_left):
    """A line's entry in the result, however it went."""
    entry = {"name": line.name, "limit": line.limit}
    limit = min(line.limit, seconds_left)
    if limit < 5:
        return {**entry, "seconds": 0.0, "outcome": "left out", "error": "no time was left"}
    started = time.monotonic()
    try:
        entry.update(outcome="done", result=line.work(limit))
    except TimedOut as error:
        entry.update(outcome="timed out", error=str(error))
    except Exception as error:  # Whatever it is, the next line runs.
        entry.update(outcome="failed", error=str(error) or type(error).__name__)
    return {**entry, "seconds": round(time.monotonic() - started, 1)}


def train(out, seconds):
    """Trains `modern` on the pack's dataset, ends in good order, and keeps the grids and the figures."""
    if not (PACK / "data").is_dir():
        raise Failed("the pack has no dataset")
    artifacts = out / "artifacts"
    settings = {"paths.artifacts": artifacts, "train.device": "cuda", "train.recipe": "modern", "train.max_kimg": 100000}
    command = [str(BENCH), "--config", str(PACK / "pipeline.toml")]
    command += [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]
    with open(out / "training.log", "w") as log:
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
            env={**os.environ, **TUNING, "NIJIGEN_BENCH_TRAINS": "1"},
        )
        try:
            code = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired:
            # It writes a checkpoint, and ends.
            process.send_signal(signal.SIGINT)
            try:
                code = process.wait(timeout=60)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise TimedOut("it did not end when it was asked to") from None
    runs = sorted(artifacts.glob("runs/*/metrics.jsonl"))
    if not runs:
        raise Failed(last_words((out / "training.log").read_text(errors="replace")) or f"exit code {code}")
    grids = sorted(runs[-1].parent.glob("samples/*"))
    if grids:
        shutil.copy(grids[-1], out / f"modern-grid{grids[-1].suffix}")
    return {"exit_code": code, "run": str(runs[-1].parent), "metrics": runs[-1].read_text().splitlines()[-3:]}


def table(results):
    """What there is to read: the steps, the layers, and what went wrong."""
    rows = ["| line | ms a step | images/s | CPU ms a step | first step, s |", "|---|---|---|---|---|"]
    for line in results:
        steps = line.get("result", {}).get("steps") if isinstance(line.get("result"), dict) else None
        if steps:
            batch = int(line["name"].rsplit(" ", 1)[1])
            wall, cpu = (sum(one[key] for one in steps) / len(steps) for key in ("wall", "cpu"))
            first = line["result"].get("first_step_seconds")
            first = "" if first is None else f"{first:.1f}"
            rows.append(f"| {line['name']} | {wall:.2f} | {1e3 * batch / wall:.0f} | {cpu:.1f} | {first} |")
    rows += ["", "| parity | largest relative difference in three steps |", "|---|---|"]
    for line in results:
        if "difference" in (line.get("result") or {}):
            rows.append(f"| {line['name']} | {line['result']['difference']:.1e} |")
    times = {}
    for line in results:
        for layer in line["result"] if isinstance(line.get("result"), list) else []:
            key = f"{layer['network']}, {layer['inputs']} to {layer['outputs']} channels at {layer['side']} px"
            for one in layer["times"]:
                times.setdefault((key, one["pass"]), {})[one["way"]] = one["ms"]
    ways = sorted({way for row in times.values() for way in row})
    if ways:
        rows += ["", f"| layer, ms | pass | {' | '.join(ways)} |", "|---" * (len(ways) + 2) + "|"]
        for (layer, name), row in times.items():
            shown = (f"{row[way]:.3f}" if way in row else "" for way in ways)
            rows.append(f"| {layer} | {name} | {' | '.join(shown)} |")
    rows += ["", "| line | seconds | how it went |", "|---|---|---|"]
    for line in results:
        how = ": ".join(filter(None, [line["outcome"], line.get("error")]))
        rows.append(f"| {line['name']} | {line['seconds']:.0f} of {line['limit']:.0f} | {how} |")
    return "\n".join(rows) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--minutes", type=float, default=8.0, help="that all lines together may take")
    parser.add_argument("--train-minutes", type=float, default=0.0, help="of training after the lines, beside --minutes")
    parser.add_argument("--only", default="", help="the lines whose names contain this")
    options = parser.parse_args()
    started = time.monotonic()
    options.out.mkdir(parents=True, exist_ok=True)
    out = options.out.resolve()
    folder = toolkit(out)
    if folder:
        os.environ["CUDA_PATH"] = str(folder)
    results = []

    def keep(entry):
        results.append(entry)
        partial = out / "result.json.part"
        partial.write_text(json.dumps({"format": "nijigen-device-check", "version": 1, "lines": results}, indent=1))
        partial.replace(out / "result.json")
        how = f"{entry['outcome']} after {entry['seconds']:.0f} s. {entry.get('error', '')}"
        print(f"{entry['name']}: {how}", file=sys.stderr, flush=True)

    for line in lines(results):
        if options.only in line.name:
            keep(perform(line, 60 * options.minutes - SPARE_SECONDS - (time.monotonic() - started)))
    if options.train_minutes > 0:
        seconds = 60 * options.train_minutes
        # A minute more, in which it ends in good order.
        keep(perform(Line("training: modern", seconds + 60, lambda _: train(out, seconds)), seconds + 60))
    text = table(results)
    (out / "table.md").write_text(text)
    print(text, end="")


if __name__ == "__main__":
    main()
