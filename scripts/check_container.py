#!/usr/bin/env python3
"""Checks Dockerfile, docker-compose.yml and .dockerignore without Docker: check_container.py [SOURCE_DIR]

Reads the part of their languages that this project uses; anything else is a fault, so that nothing passes unread. It does
not build the image. Exits 1 and names each fault.
"""
import json
import pathlib
import re
import sys

INSTRUCTIONS = {"FROM", "WORKDIR", "COPY", "RUN", "USER", "EXPOSE", "VOLUME", "HEALTHCHECK", "ENTRYPOINT", "CMD", "ENV"}
# Package of the image that runs → package of the same library that it was built with.
RUNTIME_PACKAGES = {"libgrpc++1.51": "libgrpc++-dev", "libprotobuf32": "libprotobuf-dev", "libabsl20220623": "libabsl-dev",
                    "libopenblas0-pthread": "libopenblas-dev", "liblapacke": "liblapacke-dev",
                    "libspdlog1.10": "libspdlog-dev", "libxxhash0": "libxxhash-dev"}
SERVICE_KEYS = {"build", "image", "ports", "volumes", "read_only", "tmpfs", "restart", "stop_grace_period", "environment",
                "command"}


def read_instructions(text):
    """[(line number, 'COPY', arguments)] with continued lines joined."""
    result, pending, start = [], "", 0
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("#") or (not line.strip() and not pending):
            continue
        start = start or number
        pending += " " + line.strip().removesuffix("\\")
        if not line.rstrip().endswith("\\"):
            word, _, rest = pending.strip().partition(" ")
            result.append((start, word.upper(), rest.strip()))
            pending, start = "", 0
    return result


def check_copy(arguments, stages, root):
    words = arguments.split()
    options = [word for word in words if word.startswith("--")]
    sources = [word for word in words if not word.startswith("--")][:-1]
    for option in options:
        if option.startswith("--from=") and option.removeprefix("--from=") not in stages:
            yield f"COPY takes from {option.removeprefix('--from=')!r}, which is no stage above"
    if options:
        return
    for source in sources:
        if not (root / source).exists():
            yield f"COPY source {source} does not exist"


def installed_packages(arguments):
    words = [word for command in re.split(r"&&|;", arguments) if "apt-get install" in command for word in command.split()]
    return [word for word in words if word not in {"apt-get", "install"} and not word.startswith("-")]


def check_dockerfile(text, root):
    stages, last, faults = [], [], []
    for number, word, arguments in read_instructions(text):
        if word not in INSTRUCTIONS:
            faults.append(f"Dockerfile:{number}: {word} is not known to this check")
        if word == "FROM":
            match = re.fullmatch(r"(debian:12\S*)(?:\s+AS\s+(\w+))?", arguments)
            if not match:
                faults.append(f"Dockerfile:{number}: FROM {arguments}: it must be debian:12…, as everything else is")
            stages.append(match.group(2) if match else None)
            last = []
        if word == "COPY":
            faults += [f"Dockerfile:{number}: {fault}" for fault in check_copy(arguments, stages[:-1], root)]
        last.append((number, word, arguments))
    if len(stages) < 2:
        faults.append("Dockerfile: it has one stage; the compiler does not belong into the image that runs")
    return faults + check_last_stage(last, root)


def check_last_stage(instructions, root):
    faults = []
    words = {word: arguments for _, word, arguments in instructions}
    for needed in ("USER", "HEALTHCHECK", "ENTRYPOINT", "EXPOSE"):
        if needed not in words:
            faults.append(f"Dockerfile: the last stage has no {needed}")
    if words.get("USER", "user").split(":")[0] in {"root", "0"}:
        faults.append(f"Dockerfile: USER is {words['USER']}; the program needs no root")
    for form in ("ENTRYPOINT", "CMD"):
        try:
            if not all(isinstance(word, str) for word in json.loads(words.get(form, "[]"))):
                raise ValueError
        except ValueError:
            faults.append(f"Dockerfile: {form} is no JSON list, so that a shell would stand between the program and SIGTERM")
    development = packages(root)
    for _, word, arguments in instructions:
        for name in installed_packages(arguments) if word == "RUN" else []:
            if RUNTIME_PACKAGES.get(name) not in development:
                faults.append(f"Dockerfile: package {name}: no package of scripts/packages.txt is known to need it")
    return faults


def packages(root):
    lines = (root / "scripts/packages.txt").read_text().splitlines()
    return {line.split("#")[0].strip() for line in lines} - {""}


def parse_yaml(text):
    """Maps, lists of scalars and comments, indented by two spaces; ValueError names the line of anything else."""
    root = {}
    stack = [(-2, root)]  # indentation and container
    open_key = None  # the container and key whose value may follow
    for number, line in enumerate(text.splitlines(), 1):
        content = re.sub(r"(^|\s)#.*", "", line).rstrip()
        if not content:
            continue
        indent = len(content) - len(content.lstrip(" "))
        content = content.strip()
        if "\t" in line or indent % 2:
            raise ValueError(f"{number}: indentation is two spaces a level")
        while stack[-1][0] >= indent:
            stack.pop()
        if indent > stack[-1][0] + 2:
            if open_key is None or indent != open_key[2] + 2:
                raise ValueError(f"{number}: indentation without a key above")
            container = [] if content.startswith("- ") else {}
            open_key[0][open_key[1]] = container
            stack.append((open_key[2], container))
        target = stack[-1][1]
        if content.startswith("- "):
            if not isinstance(target, list):
                raise ValueError(f"{number}: a list item where none belongs")
            target.append(content[2:].strip().strip("\"'"))
            open_key = None
            continue
        match = re.fullmatch(r"([\w-]+):(?:\s+(.*))?", content)
        if not match or not isinstance(target, dict) or match.group(1) in target:
            raise ValueError(f"{number}: {content!r} is no new 'key: value'")
        key, value = match.groups()
        target[key] = value.strip("\"'") if value else None
        open_key = None if value else (target, key, indent)
    return root


def check_compose(text, root, exposed):
    try:
        compose = parse_yaml(text)
    except ValueError as error:
        return [f"docker-compose.yml:{error}"]
    faults = []
    if not isinstance(compose.get("services"), dict) or set(compose) - {"services", "volumes"}:
        faults.append(f"docker-compose.yml: its keys are {sorted(compose)}; they are services and volumes")
        return faults
    for name, service in compose["services"].items():
        where = f"docker-compose.yml: service {name}"
        if not isinstance(service, dict):
            faults.append(f"{where} has no settings")
            continue
        faults += [f"{where}: key {key} is not known" for key in sorted(set(service) - SERVICE_KEYS)]
        if not (root / service.get("build", "none") / "Dockerfile").is_file():
            faults.append(f"{where}: build is {service.get('build')}; there is no Dockerfile")
        for port in service.get("ports") or []:
            match = re.fullmatch(r"(?:[\d.]+:)?\d+:(\d+)", port)
            if not match or match.group(1) not in exposed:
                faults.append(f"{where}: port {port} does not lead to one that the image exposes ({', '.join(exposed)})")
        for volume in service.get("volumes") or []:
            source = volume.split(":")[0]
            if not source.startswith("./") and source not in (compose.get("volumes") or {}):
                faults.append(f"{where}: volume {source} is not declared under volumes")
    return faults


def check(root):
    dockerfile = (root / "Dockerfile").read_text()
    exposed = [port for _, word, arguments in read_instructions(dockerfile) if word == "EXPOSE" for port in arguments.split()]
    faults = check_dockerfile(dockerfile, root) + check_compose((root / "docker-compose.yml").read_text(), root, exposed)
    lines = (root / ".dockerignore").read_text().splitlines() if (root / ".dockerignore").is_file() else []
    ignored = {line.strip().rstrip("/") for line in lines}
    for folder in (".git", "build", "models", "data"):
        if folder not in ignored:
            faults.append(f".dockerignore: {folder} is not in it, so that COPY . . would take it along")
    return faults


def main():
    faults = check(pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else ".").resolve())
    print("\n".join(faults + [f"{len(faults)} faults"]))
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
