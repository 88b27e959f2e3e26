"""The README's tables of what is served, made of the results of `tflite.py` and `serving.py`."""


def tflite_table(results, machine):
    """One row for each preset, a column for each kind of file."""
    kinds = list(dict.fromkeys(row["kind"] for row in results["rows"]))
    lines = ["| preset | " + " | ".join(kinds) + " |", "|---" * (1 + len(kinds)) + "|"]
    for preset in dict.fromkeys(row["preset"] for row in results["rows"]):
        mine = {row["kind"]: row for row in results["rows"] if row["preset"] == preset}
        lines.append(
            f"| `{preset}` | "
            + " | ".join(_file(mine[kind]) if kind in mine else "" for kind in kinds)
            + " |"
        )
    side = results["protocol"]["photographs_px"]
    about = (
        "MiB; largest and mean difference to Keras in float32, of the full range; dB of PSNR lost "
        f"(where there is a right answer); milliseconds with 1 and 2 threads, for {side} x {side} "
        "px of the input's size or one sample. `int8 weights` computes activations' ranges while "
        "it runs, `int8` has measured them before."
    )
    return [*lines, "", about, "", machine(results, "tensorflow", "ai-edge-litert")]


def _file(row):
    parts = [
        f"{row['mib']:.1f} MiB",
        f"{_share(row['max_difference'])}, {_share(row['mean_difference'])}",
    ]
    if "psnr_lost" in row:
        parts.append(f"{row['psnr_lost'] + 0.0:.2f} dB".replace("-0.00", "0.00"))
    parts.append(f"{row['ms_1']['median']:.3g}, {row['ms_2']['median']:.3g} ms")
    return "; ".join(parts)


def _share(value):
    return f"{value:.4f}" if value >= 5e-5 else "0"


def serving_table(results, machine):
    """Throughput and latency by size, number of clients, and way."""
    ways = list(dict.fromkeys(row["way"] for row in results["load"]))
    lines = [
        "| image | clients | " + " | ".join(ways) + " | gRPC | REST |",
        "|---" * (4 + len(ways)) + "|",
    ]
    groups = dict.fromkeys((row["px"], row["clients"]) for row in results["load"])
    for side, clients in groups:
        rows = {
            row["way"]: row
            for row in results["load"]
            if (row["px"], row["clients"]) == (side, clients)
        }
        cells = [
            f"{rows[way]['images_per_s']['median']:.3g}; {rows[way]['p50_ms']:.0f}, "
            f"{rows[way]['p99_ms']:.0f}"
            for way in ways
        ]
        overheads = [_overhead(rows, "floats", "gRPC"), _overhead(rows, "files", "REST")]
        lines.append(f"| {side} px | {clients} | " + " | ".join([*cells, *overheads]) + " |")
    about = (
        "Images a second; milliseconds at the median and the 99th percentile; how much slower than "
        f"in process. `{results['protocol']['preset']}`, one request computed at a time."
    )
    return [*lines, "", about, *_further(results), "", machine(results, "tensorflow", "grpcio")]


def _overhead(rows, kind, way):
    served, called = (rows[f"{each}, {kind}"]["images_per_s"]["median"]
                      for each in (way, "in process"))  # fmt: skip
    return f"{100 * (called / served - 1):.0f} %"


def _further(results):
    batching, mixed = results.get("batching"), results.get("mixed")
    said = []
    if batching:
        speeds = {row["way"]: row["images_per_s"]["median"] for row in batching}
        row = batching[0]
        said.append(
            f"Requests that are run together (`--batching`), {row['clients']} clients, {row['px']} "
            f"px: {speeds['together'] / speeds['alone']:.2f} times as fast as alone."
        )
    if mixed:
        memory = mixed["resident_mib"]
        half = len(memory) // 2
        said.append(
            f"{mixed['seconds'] / 60:.0f} minutes of mixed requests while {mixed['reloads']} new "
            f"versions were loaded and old ones removed: {mixed['requests']:,} requests, "
            f"{mixed['failed']} failed; memory between {min(memory[:half])} and "
            f"{max(memory[:half])} MiB in the first half, {min(memory[half:])} and "
            f"{max(memory[half:])} in the second."
        )
    return ["", " ".join(said)] if said else []
