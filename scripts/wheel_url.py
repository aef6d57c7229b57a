#!/usr/bin/env python3
"""Prints where pip would download a wheel from, and the certificates it would trust: wheel_url.py NAME==VERSION FILE

pip cannot take up an interrupted download; with the address another program can. pip's own settings decide (index,
find-links, certificates). This asks pip's insides, which may change: whoever calls it falls back to pip when it fails.
"""
import sys

from pip._internal.cli import cmdoptions
from pip._internal.commands import create_command

name, wheel = sys.argv[1].split("==")[0], sys.argv[2]
command = create_command("download")
options, _ = command.parse_args(["--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:",
                                 "--platform", "manylinux_2_17_x86_64", sys.argv[1]])
with command.main_context():
    session = command.get_default_session(options)
    finder = command._build_package_finder(options=options, session=session,
                                           target_python=cmdoptions.make_target_python(options))
    links = [candidate.link for candidate in finder.find_all_candidates(name) if candidate.link.filename == wheel]
if not links:
    sys.exit(f"wheel_url: pip knows no {wheel}")
print(links[0].url_without_fragment)
print(session.verify if isinstance(session.verify, str) else "")
