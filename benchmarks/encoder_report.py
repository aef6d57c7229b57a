"""Tables and a plot of what bench_encoder.py measured."""
import pathlib
import statistics

BEGIN, END = "<!-- encoder: written by scripts/bench-encoder.sh -->", "<!-- encoder: end -->"
FP32_PEERS = ("OpenVINO fp32", "onnxruntime fp32", "CTranslate2 fp32")


def ratio(theirs, ours):
    values = [t / o for t, o in zip(theirs, ours)]
    return f"{statistics.median(values):.2f} ({min(values):.2f} to {max(values):.2f})"


def median_ratio(theirs, ours):
    return statistics.median(t / o for t, o in zip(theirs, ours))


def fastest(rounds, names):
    return min((n for n in names if n in rounds), key=lambda n: statistics.median(rounds[n]), default=None)


def speed_table(result):
    lines = ["| engine | " + " | ".join(f"{n}: tokens/s | with tokenising | lowest cosine" for n in result["sets"]) + " |",
             "|---" * (1 + 3 * len(result["sets"])) + "|"]
    for engine in next(iter(result["sets"].values()))["rounds"]:
        cells = []
        for measured in result["sets"].values():
            tokens = measured["tokens"]
            cells += [f"{tokens / statistics.median(measured['rounds'][engine]):,.0f}",
                      f"{tokens / statistics.median(measured['texts_rounds'][engine]):,.0f}",
                      f"{measured['cosine'][engine]:.5f}"]
        lines.append(f"| {engine} | " + " | ".join(cells) + " |")
    return lines


def efficiency(result, measured, precision):
    seconds = measured["rounds"][f"Senvec {precision}"]
    flop = measured["tokens"] * result["flop_per_token"]
    return [flop / s / 1e9 / limit for s, limit in zip(seconds, measured["limits"][precision])]


def bars(result):
    rows = []
    for name, measured in result["sets"].items():
        rounds = measured["rounds"]
        peers = [n for n in rounds if not n.startswith("Senvec")]
        fp32, any_peer = fastest(rounds, FP32_PEERS), fastest(rounds, peers)
        if fp32:
            rows.append((f"{name}: fp32 ÷ {fp32}", "≥ 1.2", ratio(rounds[fp32], rounds["Senvec fp32"])))
        if "OpenVINO bf16" in rounds:
            rows.append((f"{name}: bf16 ÷ OpenVINO bf16", "≥ 1.35", ratio(rounds["OpenVINO bf16"], rounds["Senvec bf16"])))
        if any_peer:
            rows.append((f"{name}: int8 ÷ {any_peer}, the fastest peer", "≥ 2.0", ratio(rounds[any_peer], rounds["Senvec int8"])))
    for precision, bar in (("fp32", 0.85), ("bf16", 0.78), ("int8", 0.60)):
        for name, measured in result["sets"].items():
            share = efficiency(result, measured, precision)
            rows.append((f"{name}: {precision} model FLOP ÷ time ÷ GEMM limit", f"≥ {bar:.2f}" if name == "short" else "",
                         f"{statistics.median(share):.2f} ({min(share):.2f} to {max(share):.2f})"))
    latency = result["latency"]["rounds"]
    peers = [n for n in latency if not n.startswith("Senvec")]
    for precision in ("fp32", "bf16", "int8"):
        best = fastest(latency, peers)
        if best:
            rows.append((f"one sentence of {result['latency']['tokens']} tokens: {precision}, "
                         f"{1e3 * statistics.median(latency['Senvec ' + precision]):.2f} ms ÷ {best}",
                         "≤ 0.6" if precision == "int8" else "", ratio(latency["Senvec " + precision], latency[best])))
    for precision in ("fp32", "bf16", "int8"):
        measured = result["sets"]["short"]
        rows.append((f"short: {precision}, {result['threads']} threads ÷ 1", "≥ 1.85",
                     ratio(measured["alone"][precision], measured["rounds"][f"Senvec {precision}"])))
    for precision in ("fp32", "bf16", "int8"):
        order = result["order"][precision]
        rows.append((f"short: {precision}, time in the file's order ÷ sorted", "0.97 to 1.03", ratio(order["file"], order["sorted"])))
    memory = result["memory"]["int8"]
    rows.append(("resident memory over the process's own, int8, after the short set", "≤ 80 MB (MiniLM)",
                 f"{memory['steady'] / 1e6:.0f} MB"))
    for precision in ("fp32", "bf16", "int8"):
        loaded = result["memory"][precision]
        rows.append((f"load, {precision}: seconds; peak at load ÷ steady memory", "≤ 0.3 (MiniLM), ≤ 1 (e5); ≤ 1.3",
                     f"{loaded['load_seconds']:.2f}; {loaded['peak_at_load'] / loaded['steady']:.2f}"))
    for precision in ("fp32", "bf16", "int8"):
        measured = result["sets"]["short"]
        share = measured["tokenizing"][precision] / statistics.median(measured["texts_rounds"][f"Senvec {precision}"])
        rows.append((f"short: tokenising, share of the time with {precision}", "≤ 5 %", f"{100 * share:.1f} %"))
    return ["| what | bar | median (least to greatest) |", "|---|---|---|"] + [f"| {a} | {b} | {c} |" for a, b, c in rows]


def report(results):
    lines = []
    for result in results:
        sets = ", ".join(f"{n}: {m['sentences']} sentences of {m['tokens'] / m['sentences']:.0f} tokens"
                         for n, m in result["sets"].items())
        limits = ", ".join(f"{p} {statistics.median(next(iter(result['sets'].values()))['limits'][p]):.0f}"
                           for p in ("fp32", "bf16", "int8"))
        lines += [f"### {result['model']}, {result['threads']} threads", "", f"{sets}. GEMM limit, GFLOP/s: {limits}.", ""]
        lines += speed_table(result) + [""] + bars(result) + [""]
    return "\n".join(lines)


def plot(results, path):
    import matplotlib
    matplotlib.use("svg")
    import matplotlib.pyplot as plt
    figure, axes = plt.subplots(1, len(results), figsize=(6 * len(results), 4.5), squeeze=False)
    for axis, result in zip(axes[0], results):
        engines = list(next(iter(result["sets"].values()))["rounds"])
        height = 0.8 / len(result["sets"])
        for s, (name, measured) in enumerate(result["sets"].items()):
            speeds = [measured["tokens"] / statistics.median(measured["rounds"][e]) for e in engines]
            axis.barh([i + s * height for i in range(len(engines))], speeds, height, label=name)
        axis.set_yticks([i + 0.8 / 3 for i in range(len(engines))], engines)
        axis.invert_yaxis()
        axis.set_xlabel("tokens per second")
        axis.set_title(f"{result['model']}, {result['threads']} threads")
        axis.legend()
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def write_section(path, text, results):
    path = pathlib.Path(path)
    plot(results, path.parent / "encoder-speed.svg")
    body = path.read_text(encoding="utf-8")
    section = f"{BEGIN}\n\n{text}\n![Tokens per second by engine and set](encoder-speed.svg)\n\n{END}"
    if BEGIN in body:
        body = body[:body.index(BEGIN)] + section + body[body.index(END) + len(END):]
    else:
        body += f"\n{section}\n"
    path.write_text(body, encoding="utf-8")
