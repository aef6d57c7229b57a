#!/usr/bin/env python3
"""Shows that the checks in scripts/ find what they look for: check_scripts_test.py SOURCE_DIR"""
import pathlib
import subprocess
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

import check_container  # noqa: E402
import check_protos  # noqa: E402


class CheckProtos(unittest.TestCase):
    def test_names_each_declaration_without_a_comment(self):
        found, total = check_protos.uncommented("""
syntax = "proto3";
option optimize_for = SPEED;
service Bare {
  rpc Call(A) returns (B);
}
message A {
  reserved 7;
  repeated string list = 1;
  oneof one {
    map<string, int32> table = 2 [deprecated = true];
  }
}
enum E {
  ZERO = 0;
}
""")
        self.assertEqual([(kind, name) for _, kind, name in found],
                         [("service", "Bare"), ("rpc", "Call"), ("message", "A"), ("field", "list"),
                          ("field", "table"), ("enum", "E"), ("enum value", "ZERO")])
        self.assertEqual(total, 7)

    def test_takes_a_comment_above_or_beside(self):
        self.assertEqual(check_protos.uncommented("// A thing.\nmessage A {\n  int32 a = 1;  // Of it.\n}\n"), ([], 2))

    def test_a_comment_serves_one_declaration_and_may_not_be_empty(self):
        found, _ = check_protos.uncommented("// A.\nmessage A {\n  // a\n  int32 a = 1;\n  int32 b = 2;\n  //\n  int32 c = 3;\n}")
        self.assertEqual([name for _, _, name in found], ["b", "c"])


class CheckContainer(unittest.TestCase):
    def faults(self, dockerfile):
        return "\n".join(check_container.check_dockerfile(dockerfile, ROOT))

    def test_names_what_a_dockerfile_lacks(self):
        faults = self.faults("FROM ubuntu\nCOPY nothing.txt .\nUSER root\nCMD senvec serve\nADD a b\n")
        for part in ("FROM ubuntu", "nothing.txt does not exist", "one stage", "USER is root", "no HEALTHCHECK",
                     "CMD is no JSON list", "ADD is not known"):
            self.assertIn(part, faults)

    def test_knows_why_each_package_is_installed_and_where_files_come_from(self):
        faults = self.faults("FROM debian:12 AS build\nRUN make\nFROM debian:12\n"
                             "RUN apt-get update && apt-get install -y libxxhash0 \\\n  cowsay\nCOPY --from=biuld /a /b\n")
        self.assertIn("package cowsay", faults)
        self.assertNotIn("libxxhash0", faults)
        self.assertIn("'biuld'", faults)

    def test_reads_the_yaml_that_compose_files_need(self):
        self.assertEqual(check_container.parse_yaml("# top\na:\n  b: 'x'  # why\n  c:\n    - \"1:2\"\n    - ./d:/e\nf:\n  g:\n"),
                         {"a": {"b": "x", "c": ["1:2", "./d:/e"]}, "f": {"g": None}})
        for bad in ("a: 1\na: 2\n", "a:\n   b: 1\n", "a:\n\tb: 1\n", "a: 1\n  b: 2\n", "- a\n", "just words\n"):
            with self.assertRaises(ValueError, msg=bad):
                check_container.parse_yaml(bad)

    def test_names_what_a_compose_file_gets_wrong(self):
        faults = "\n".join(check_container.check_compose(
            "services:\n  a:\n    build: ./none\n    port: 1\n    ports:\n      - 1:2\n    volumes:\n      - lost:/data\n", ROOT,
            ["7411"]))
        for part in ("key port is not known", "there is no Dockerfile", "port 1:2", "volume lost"):
            self.assertIn(part, faults)


class Torture(unittest.TestCase):
    def run_script(self, *arguments):
        return subprocess.run([ROOT / "scripts/torture.sh", *arguments], capture_output=True, text=True, check=False)

    def test_help_names_every_option_it_takes(self):
        result = self.run_script("--help")
        self.assertEqual(result.returncode, 0)
        for option in ("--seed", "--rounds", "--fault-step", "--operations", "--damage-step", "--full-rounds", "--only"):
            self.assertIn(option, result.stdout)

    def test_refuses_what_is_no_option(self):
        for arguments in (["--frob"], ["--rounds"], ["--rounds", "x"], ["--rounds", "0"], ["--only", "all"], ["--logs"]):
            result = self.run_script(*arguments)
            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn("--help", result.stderr)


if __name__ == "__main__":
    unittest.main()
