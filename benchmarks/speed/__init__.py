"""Benchmarks of Lading beside what else makes images, of which `benchmarks/run.py` writes a page.

A module a benchmark; the others are what they have in common.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent

sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]
