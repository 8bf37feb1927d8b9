"""The pages of the site: README, CONTRIBUTING, lab book and notebook as they stand, and one API page a package."""

import re
from pathlib import Path

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation

ROOT = Path(__file__).parents[1]
PAGES = {"README.md": "index.md", "CONTRIBUTING.md": "contributing.md", "CHANGELOG.md": "changelog.md"}
TITLES = {"Api": "API", "Experiments": "Lab book"}
LINK = re.compile(r"(?<=\]\()(?![a-z]+:|#)([^)#\s]+)")


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the repository's own pages to those below docs/."""
    book = [path for ending in ("README.md", "*.png", "*.gif") for path in (ROOT / "experiments").rglob(ending)]
    for path in [*(ROOT / name for name in PAGES), *book, *(ROOT / "examples").glob("*.ipynb")]:
        source = path.relative_to(ROOT).as_posix()
        target = PAGES.get(source, source)
        if path.suffix == ".md":
            files.append(File.generated(config, target, content=_linked(path)))
        else:
            files.append(File(target, str(ROOT), config.site_dir, config.use_directory_urls))
    for package in _packages():
        text = f"# {package}\n\n::: diffusionlab.{package}\n"
        files.append(File.generated(config, f"api/{package}.md", content=text))
    files.append(File.generated(config, "api/index.md", content=_api_index()))
    return files


def on_nav(nav: Navigation, config: MkDocsConfig, files: Files) -> Navigation:
    """Section titles as words."""
    for item in nav.items:
        if item.title in TITLES:  # a page's title is still to be read from its text
            item.title = TITLES[item.title]
    return nav


def _packages() -> list[str]:
    return sorted(path.parent.name for path in (ROOT / "src/diffusionlab").glob("*/__init__.py"))


def _api_index() -> str:
    lines = []
    for package in _packages():
        first = (ROOT / "src/diffusionlab" / package / "__init__.py").read_text().split('"""')[1].splitlines()[0]
        lines.append(f"- [{package}]({package}.md): {first}")
    return "\n".join(
        ["# API", "", "::: diffusionlab", "    options: {show_submodules: false}", "", "## Packages", "", *lines, ""]
    )


def _linked(path: Path) -> str:
    """The page's text with links to folders, and to pages that have another place in the site, as the site has them."""

    def link(match: re.Match[str]) -> str:
        target = (path.parent / match[1]).resolve()
        if target.is_dir() and (target / "README.md").is_file():
            return f"{match[1].rstrip('/')}/README.md"
        name = target.relative_to(ROOT).as_posix() if target.is_relative_to(ROOT) else ""
        if name in PAGES:
            return f"{'../' * (len(path.relative_to(ROOT).parts) - 1)}{PAGES[name]}"
        return match[1].removeprefix("docs/") if path.parent == ROOT else match[1]

    return LINK.sub(link, path.read_text(encoding="utf-8"))
