"""Writes the route groups of one release of LiteLLM as a data file of core.

    pip download --no-deps --dest /tmp litellm==1.108.14
    python3 tools/litellm-routes.py /tmp/litellm-1.108.14-*.whl > packages/core/src/rules/routes/releases/LiteLLM1_108.ts

Reads the enumeration of route groups out of the wheel, without installing or importing the package: of its source only the
enumeration and the lists that it is made of are run. A group that holds another one whole names it, `@other`. With `--json`
after the wheel every group is spelled out: what the test of the data file is held against.
"""

import ast
import enum
import json
import re
import sys
import zipfile

MODULE = "litellm.proxy._types"
WANTED = "LiteLLMRoutes"
WIDTH = 116


def definitions(archive: zipfile.ZipFile, module: str) -> dict[str, ast.stmt | str]:
    """What a module defines at its top by name; of a name that it imports from the package, the module it comes from."""
    found: dict[str, ast.stmt | str] = {}
    for it in ast.walk(ast.parse(archive.read(module.replace(".", "/") + ".py"))):
        if isinstance(it, ast.ClassDef):
            found[it.name] = it
        elif isinstance(it, ast.Assign) and isinstance(it.targets[0], ast.Name):
            found.setdefault(it.targets[0].id, it)
        elif isinstance(it, ast.AnnAssign) and isinstance(it.target, ast.Name) and it.value is not None:
            found.setdefault(it.target.id, ast.Assign([it.target], it.value))
        elif isinstance(it, ast.ImportFrom) and (it.module or "").startswith("litellm"):
            found.update({one.asname or one.name: it.module or "" for one in it.names})
    return found


def closure(archive: zipfile.ZipFile, module: str, name: str, taken: dict[str, ast.stmt]) -> None:
    """Takes the definition of `name` and, before it, of every name that it is made of."""
    known = definitions(archive, module)
    it = known.get(name)
    if name in taken or it is None:
        return
    if isinstance(it, str):
        return closure(archive, it, name, taken)
    own = {one.id for one in ast.walk(it) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Store)}
    for one in ast.walk(it):
        if isinstance(one, ast.Name) and one.id != name and (one.id not in own or isinstance(it, ast.Assign)):
            closure(archive, module, one.id, taken)
    taken[name] = it


def route_groups(archive: zipfile.ZipFile) -> dict[str, list[str]]:
    """The groups in the order in which the release declares them, each without repetitions."""
    taken: dict[str, ast.stmt] = {}
    closure(archive, MODULE, WANTED, taken)
    world = {"enum": enum, "Enum": enum.Enum, "Final": None}
    exec(compile(ast.fix_missing_locations(ast.Module(list(taken.values()), [])), MODULE, "exec"), world)
    return {name: list(dict.fromkeys(it.value)) for name, it in world[WANTED].__members__.items()}


def spelled(groups: dict[str, list[str]]) -> dict[str, list[str]]:
    """The same groups, each with the others that it holds instead of their entries; the largest first."""
    written = {}
    for name, entries in groups.items():
        rest, used = set(entries), []
        smaller = [it for it in groups if len(groups[it]) < len(entries) and len(groups[it]) > 2]
        for other in sorted(smaller, key=lambda it: -len(groups[it])):
            if set(groups[other]) <= set(entries) and len(set(groups[other]) & rest) > 2:
                rest -= set(groups[other])
                used.append(f"@{other}")
        written[name] = used + [it for it in entries if it in rest]
    return written


def text(name: str, entries: list[str]) -> str:
    lines = [""]
    for entry in entries:
        if lines[-1] and len(lines[-1]) + len(entry) + 5 > WIDTH:
            lines.append("")
        lines[-1] = f"{lines[-1]} {entry}".strip()
    body = "\n".join(f"    {line}" for line in lines)
    return f"  {name}: `\n{body}\n  `"


def main(wheel: str, form: str = "") -> None:
    release = re.search(r"litellm-(\d+\.\d+)(\.\d+\w*)-", wheel)
    if release is None:
        sys.exit("usage: litellm-routes.py litellm-VERSION-….whl [--json]")
    with zipfile.ZipFile(wheel) as archive:
        groups = route_groups(archive)
    if form == "--json":
        return print(json.dumps(groups, indent=1))
    version, patch = release.groups()
    print(f"/** The route groups of LiteLLM {version}, written by tools/litellm-routes.py from {version}{patch}. */")
    print("export const groups = {")
    print(",\n".join(text(name, entries) for name, entries in spelled(groups).items()))
    print("}")


if __name__ == "__main__":
    main(*sys.argv[1:3])
