"""Import of optional dependencies, with an error that names the extra to install."""

from importlib import import_module
from types import ModuleType


def require(module: str, *, extra: str, purpose: str) -> ModuleType:
    """Import an optional dependency, or say which extra brings it.

    Args:
        module: Import name, for example ``"torch"``.
        extra: Name of the extra of hotmess-inspect that installs it.
        purpose: What needs it, as the start of the error's sentence.

    Returns:
        The imported module.

    Raises:
        ImportError: If the module is not installed; the message holds the command that mends it.
    """
    try:
        return import_module(module)
    except ImportError as error:
        raise ImportError(f"{purpose} needs {module}: pip install 'hotmess-inspect[{extra}]'") from error
