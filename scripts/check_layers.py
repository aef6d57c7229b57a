#!/usr/bin/env python3
"""Checks every #include "room/file.h" against docs/layers.txt; exits 1 and names each breach."""
import pathlib
import re
import sys

EXEMPT = {"tests", "benchmarks", "fuzz", "build", "models", "third_party"}


def read_table(path):
    table = {}
    for number, line in enumerate(path.read_text().splitlines(), 1):
        line = line.split("#")[0].strip()
        if not line:
            continue
        room, colon, allowed = line.partition(":")
        if not colon:
            sys.exit(f"{path}:{number}: expected 'room : rooms', got {line!r}")
        table[room.strip()] = set(allowed.split())
    return table


def find_cycle(table):
    done, path = set(), []

    def visit(room):
        if room in path:
            return path[path.index(room):] + [room]
        if room in done:
            return None
        path.append(room)
        for below in sorted(table.get(room, ())):
            found = visit(below)
            if found:
                return found
        path.pop()
        done.add(room)
        return None

    return next((c for c in map(visit, sorted(table)) if c), None)


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    table = read_table(root / "docs/layers.txt")
    errors = []
    cycle = find_cycle(table)
    if cycle:
        errors.append("docs/layers.txt: cycle " + " -> ".join(cycle))
    for room, allowed in table.items():
        for unknown in sorted(allowed - set(table)):
            errors.append(f"docs/layers.txt: {room} names an unknown room {unknown}")
    checked = 0
    for source in sorted(p for ext in ("*.h", "*.cc", "*.inc") for p in root.rglob(ext)):
        relative = source.relative_to(root)
        if relative.parts[0] in EXEMPT or source.stem.endswith("_test") or "testdata" in relative.parts:
            continue
        room = relative.parent.as_posix()
        while room not in table and "/" in room:
            room = room.rsplit("/", 1)[0]
        if room not in table:
            errors.append(f"{relative}: its folder has no row in docs/layers.txt")
            continue
        checked += 1
        for number, line in enumerate(source.read_text(errors="replace").splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"([^"]+)"', line)
            if not match:
                continue
            target = pathlib.PurePosixPath(match.group(1)).parent.as_posix()
            while target not in table and "/" in target:
                target = target.rsplit("/", 1)[0]
            if target in table and target != room and target not in table[room]:
                errors.append(f"{relative}:{number}: {room} may not include {target}")
    for error in errors:
        print(error)
    print(f"{checked} files checked, {len(errors)} breaches")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
