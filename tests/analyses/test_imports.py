"""What importing the analyses brings along: nothing that makes the command line wait."""

import subprocess
import sys
from pathlib import Path

import hotmess_inspect.analyses as package


def test_statistics_import_numpy_and_little_else():
    modules = sorted(
        path.stem for path in Path(package.__file__).parent.glob("*.py") if path.stem != "__init__"
    )
    assert "overthinking" in modules
    imports = "; ".join(f"import hotmess_inspect.analyses.{name}" for name in modules)
    heavy = {"inspect_ai", "pandas", "pyarrow", "torch", "scipy.stats", "matplotlib", "statsmodels"}
    code = f"import sys; {imports}; print(sorted({heavy!r} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
