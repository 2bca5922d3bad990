"""Which files are which split, where a data set's card says so: `configs` at the head of its README.md."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tunewright.core.errors import DataError, nearest
from tunewright.data.hints import SPLIT_VALUES


def files_by_card(folder: Path, subset: str | None) -> list[tuple[Path, str | None]] | None:
    """The files with their splits; None where the card says nothing of files. Raises DataError for an unknown subset."""
    configs = _configs(folder / "README.md")
    if not configs:
        return None
    names = [str(config.get("config_name", "default")) for config in configs]
    if subset is None and len(configs) > 1:
        defaults = [config for config in configs if config.get("default") or config.get("config_name") == "default"]
        if not defaults:
            raise DataError(
                f"{folder}: the data set has {len(names)} subsets: {', '.join(names)}. Name one: "
                f"--set data.read.subset={names[0]}"
            )
        chosen = defaults[0]
    elif subset is None:
        chosen = configs[0]
    elif subset in names:
        chosen = configs[names.index(subset)]
    else:
        raise DataError(
            f"{folder}: there is no subset `{subset}`.{nearest(subset, names)} The subsets are: {', '.join(names)}."
        )
    found = []
    for pattern, split in _patterns(chosen):
        inside = folder.resolve()
        if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
            raise DataError(
                f"{folder}: README.md names files outside of the data set (`{pattern}`), which are not read."
            )
        matches = sorted(path for path in inside.glob(pattern) if path.is_file())
        if not matches:
            raise DataError(
                f"{folder}: README.md says that the {split or 'only'} split is `{pattern}`, and there is no such file."
            )
        found += [(folder / path.relative_to(inside), SPLIT_VALUES.get(str(split), split)) for path in matches]
    return found or None


def _configs(card: Path) -> list[dict[str, Any]]:
    """`configs` of the YAML between two lines `---` at the head of a README; nothing where it is not readable."""
    if not card.is_file():
        return []
    head, mark, rest = card.read_text(encoding="utf-8", errors="replace").partition("---\n")
    yaml_text, end, _ = rest.partition("\n---")
    if head.strip() or not mark or not end:
        return []
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        parsed = YAML(typ="safe", pure=True).load(yaml_text)
    except (YAMLError, ValueError):
        return []
    configs = parsed.get("configs") if isinstance(parsed, dict) else None
    return (
        [config for config in configs if isinstance(config, dict) and "data_files" in config]
        if isinstance(configs, list)
        else []
    )


def _patterns(config: dict[str, Any]) -> list[tuple[str, str | None]]:
    """(pattern, split) in each of the forms that cards have."""
    given = config["data_files"]
    prefix = f"{str(config['data_dir']).strip('/')}/" if config.get("data_dir") else ""
    entries = given if isinstance(given, list) else [given]
    found: list[tuple[str, str | None]] = []
    for entry in entries:
        if isinstance(entry, str):
            found.append((prefix + entry, None))
        elif isinstance(entry, dict):
            pairs = [(entry.get("split"), entry["path"])] if "path" in entry else list(entry.items())
            for split, paths in pairs:
                found += [(prefix + str(path), split) for path in (paths if isinstance(paths, list) else [paths])]
    return found
