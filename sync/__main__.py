"""`python -m sync`, and the console script `dbt-activation`, which are one program.

`python -m` puts the current directory first on Python's path, so a file there can stand in for a
module of the standard library or for this package. That is looked for before anything else is
imported. The console script looks at installed packages only, and so works in every folder.
"""

import gc
import os
import sys

YOUNG_OBJECTS = 50_000


def _shadows() -> list[str]:
    """Files of the current directory that Python would import instead of what is meant.

    Uses only modules that are loaded before the current directory is on the path.
    """
    if sys.flags.safe_path:
        return []
    names = sys.stdlib_module_names | set(_NEEDED)
    found = []
    for entry in sorted(os.listdir()):
        stem, extension = os.path.splitext(entry)
        is_module = extension == ".py" and stem in names
        if is_module or (entry in names and os.path.exists(os.path.join(entry, "__init__.py"))):
            found.append(entry)
    return found


_NEEDED = (
    "annotated_types",
    "click",
    "duckdb",
    "httpcore",
    "jinja2",
    "markupsafe",
    "orjson",
    "pyarrow",
    "pydantic",
    "pydantic_core",
    "rich",
    "sqlglot",
    "starlette",
    "typing_extensions",
    "uvicorn",
    "yaml",
)


SCRIPT = "dbt-activation"


def main() -> int:
    """Run `python -m sync`: check the path, then run the command line."""
    _open_streams()
    if found := _shadows() or _other_package():
        sys.stderr.write(
            f"error[shadowed]: {', '.join(found)} in the current directory would be imported"
            " instead of the Python module of that name\n"
            f"  --> {os.getcwd()}\n"
            f"  fix: use the command {SCRIPT}, which works in every folder\n"
        )
        return 2
    return _run("python -m sync")


def script() -> int:
    """Run `dbt-activation`: the current directory is not on Python's path."""
    _open_streams()
    return _run(SCRIPT)


def _other_package() -> list[str]:
    """The project's own `sync`, where Python took it for the package that this file belongs to."""
    import sync

    here = os.path.join(os.path.dirname(__file__), "__init__.py")
    return [] if getattr(sync, "__file__", None) == here else ["sync"]


def _open_streams() -> None:
    """Give standard streams that the caller has closed to the void.

    Otherwise the next file that is opened, such as the warehouse's, gets the descriptor of stdout.
    """
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # the lowest free number, which is this one
        if getattr(sys, name) is None:
            stream = open(number, "w" if number else "r", encoding="utf-8", closefd=False)
            setattr(sys, name, stream)


def _run(program: str) -> int:
    # Loading makes many objects that stay, so that looking for garbage meanwhile finds none.
    gc.set_threshold(YOUNG_OBJECTS)
    from sync.cli.root import run

    return run(program=program)


if __name__ == "__main__":
    sys.exit(main())
