"""`python -m sync`.

Python puts the current directory first on its path, so a file there can stand in for a module of
the standard library or for this package. That is looked for before anything else is imported.
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


def main() -> int:
    """Check the path, then run the command line."""
    if found := _shadows():
        what = ", ".join(found)
        sys.stderr.write(
            f"error[shadowed]: {what} in the current directory would be imported instead of the"
            " Python module of that name\n"
            f"  --> {os.getcwd()}\n"
            "  fix: rename it, or run from another directory with --project-dir\n"
        )
        return 2
    # Loading makes many objects that stay, so that looking for garbage meanwhile finds none.
    gc.set_threshold(YOUNG_OBJECTS)
    from sync.cli.root import run

    return run()


if __name__ == "__main__":
    sys.exit(main())
