#!/usr/bin/env python3
"""Shows that the checks in scripts/ find what they look for: check_scripts_test.py SOURCE_DIR"""
import pathlib
import sys
import unittest

ROOT = pathlib.Path(sys.argv.pop(1)).resolve()
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "scripts"))

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


if __name__ == "__main__":
    unittest.main()
