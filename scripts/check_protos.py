#!/usr/bin/env python3
"""Checks that every service, rpc, message, enum, field and enum value under proto/ has a comment.

A comment counts when it ends on the line above, or stands on the same line. Exits 1 and names each that has none.
"""
import pathlib
import re
import sys

DECLARATIONS = (
    ("rpc", re.compile(r"rpc\s+(\w+)\s*\(")),
    ("service", re.compile(r"service\s+(\w+)\s*\{")),
    ("message", re.compile(r"message\s+(\w+)\s*\{")),
    ("enum", re.compile(r"enum\s+(\w+)\s*\{")),
    ("field", re.compile(r"(?:optional\s+|repeated\s+)?(?:map\s*<[^>]*>|[\w.]+)\s+(\w+)\s*=\s*\d+\s*[;\[]")),
    ("enum value", re.compile(r"(\w+)\s*=\s*-?(?:0x)?\d+\s*[;\[]")),
)
# Lines that look like a field and are none.
NO_DECLARATION = re.compile(r"(syntax|package|import|option|reserved|extensions)\b")


def declaration(line):
    """('field', 'dim') for a line that declares something, else None."""
    if NO_DECLARATION.match(line):
        return None
    for kind, pattern in DECLARATIONS:
        match = pattern.match(line)
        if match:
            return kind, match.group(1)
    return None


def uncommented(text):
    """(line number, kind, name) of each declaration without a comment, and how many declarations there are."""
    found, total, commented = [], 0, False
    for number, line in enumerate(text.splitlines(), 1):
        line = line.strip()
        if line.startswith("//"):
            commented = bool(line.lstrip("/ "))
            continue
        declared = declaration(line)
        if declared:
            total += 1
            if not commented and "//" not in line:
                found.append((number, *declared))
        # A comment above a declaration that goes on over several lines is for its first one.
        commented = False
    return found, total


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve()
    errors, total = [], 0
    files = sorted((root / "proto").rglob("*.proto"))
    for path in files:
        found, declared = uncommented(path.read_text())
        total += declared
        for number, kind, name in found:
            errors.append(f"{path.relative_to(root)}:{number}: {kind} {name} has no comment; say what it is, its unit, "
                          "range and default")
    if not files or total == 0:
        errors.append(f"{root / 'proto'}: no declarations were found")
    print("\n".join(errors + [f"{len(files)} files, {total} declarations, {len(errors)} faults"]))
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main())
