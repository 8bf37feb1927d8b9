"""The pages in a real browser: Debian's Chromium, driven by selenium, from file:// and without a network."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diffusionlab.ingest.command import add_ingest
from diffusionlab.ingest.store import script_of
from diffusionlab.registry.manage.cli import main
from diffusionlab.registry.record.run_record import RunRecord, read_record
from diffusionlab.registry.storage.table import Registry
from diffusionlab.report.command import add_reports
from diffusionlab.report.run_page import write_report
from tests.report.folders import measured, run_folder, square
from tests.report.test_pages import HOSTILE
from tests.report.test_script_page import HOSTILE_SCRIPT

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium and chromedriver on this machine")

OPTIONS = (
    "headless=new", "no-sandbox", "disable-gpu", "disable-quic", "no-first-run", "disable-background-networking",
    "disable-component-update", "disable-sync", "disable-dev-shm-usage", "force-prefers-reduced-motion",
)  # fmt: skip
OUTSIDE = """
const hides = element => getComputedStyle(element).overflowX !== "visible";
const scrolls = element => element && (hides(element) || scrolls(element.parentElement));
return [...document.body.querySelectorAll("*")].filter(element => {
  const box = element.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && !scrolls(element.parentElement);
}).map(element => element.outerHTML.slice(0, 150));
"""


@pytest.fixture(scope="module")
def driver(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM or ""
    for option in (*OPTIONS, f"user-data-dir={tmp_path_factory.mktemp('chromium')}"):
        options.add_argument(f"--{option}")
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(executable_path=DRIVER))
    driver.get("about:blank")  # away from the browser's own first page
    yield driver
    driver.quit()


@pytest.fixture
def visit(driver: Any) -> Iterator[Callable[..., Any]]:
    """Open a page at a width; at the end nothing stands in the console, and nothing but files was asked for."""

    def open_page(page: Path, width: int = 1280) -> Any:
        metrics = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": width < 600}
        driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)
        driver.get(page.absolute().as_uri())
        return driver

    driver.get_log("browser"), driver.get_log("performance")
    yield open_page
    assert driver.get_log("browser") == []
    events = [json.loads(entry["message"])["message"] for entry in driver.get_log("performance")]
    requests = [one["params"]["request"]["url"] for one in events if one["method"] == "Network.requestWillBeSent"]
    assert requests and all(url.startswith(("file:", "data:")) for url in requests)


def all_of(driver: Any, selector: str) -> list[Any]:
    from selenium.webdriver.common.by import By

    return driver.find_elements(By.CSS_SELECTOR, selector)


def one_of(driver: Any, selector: str) -> Any:
    return all_of(driver, selector)[0]


def visible(driver: Any, selector: str) -> list[str]:
    return [element.text for element in all_of(driver, selector) if element.is_displayed()]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run with everything that a page shows."""
    folder = measured(run_folder(tmp_path, num_parameters=690_897, seconds=7500.0, flops=134_203_136))
    square(folder / "pictures/forward.png", 1, (1200, 300))
    write_report(folder)
    return folder


def test_clicking_through_a_run(folder: Path, visit: Callable[..., Any]):
    from selenium.webdriver.common.action_chains import ActionChains
    from selenium.webdriver.common.keys import Keys
    from selenium.webdriver.support.ui import WebDriverWait

    page = visit(folder / "report.html")
    assert visible(page, "h2") == [
        "Samples", "Curves", "Metrics", "CLIP", "Pictures", "Settings", "Facts", "System", "Reproduce"
    ]  # fmt: skip
    for link in all_of(page, "nav.sections a"):
        link.click()
        assert page.current_url.endswith(link.get_attribute("href").partition("#")[2])
    assert visible(page, ".figures dd")[:2] == ["0.19", "0.2"] and "2 h 5 min" in visible(page, ".figures dd")

    slider = one_of(page, ".sequence input")
    assert visible(page, ".sequence output") == ["after 3 epochs"]
    slider.send_keys(Keys.ARROW_LEFT)
    assert visible(page, ".sequence output") == ["after 2 epochs"]
    assert [one.get_attribute("alt") for one in all_of(page, ".sequence img") if one.is_displayed()] == [
        "samples of a run, after 2 epochs"
    ]

    chart = one_of(page, ".chart svg")
    assert visible(page, ".chart [data-value]") == []
    ActionChains(page).move_to_element(chart).perform()
    assert visible(page, ".chart [data-step]")[0] == "step 14"  # the chart goes from 0 to 29
    assert visible(page, ".chart [data-value]") == [
        "0.3000",
        "0.3000",
        "0.2500",
    ]  # where a line has no point, its nearest
    ActionChains(page).move_to_element(one_of(page, "h1")).perform()
    assert visible(page, ".chart [data-value]") == []
    page.execute_script("arguments[0].focus()", chart)
    chart.send_keys(Keys.ARROW_LEFT)
    assert visible(page, ".chart [data-step]")[0] == "step 29"
    chart.send_keys(Keys.ARROW_LEFT)
    assert visible(page, ".chart [data-step]")[0] == "step 24"  # the middle of the last epoch

    one_of(page, "#pictures .zoom").click()
    assert one_of(page, "dialog img").get_attribute("alt") == "The forward process"
    ActionChains(page).send_keys(Keys.ESCAPE).perform()
    assert not one_of(page, "dialog").is_displayed()

    layers = one_of(page, "#facts summary")
    layers.click()
    assert "stem: Conv2d" in visible(page, "#facts pre")[0]
    copy = one_of(page, "[data-copy]")
    copy.click()
    WebDriverWait(page, 20).until(lambda _: copy.text in ("copied", "marked"))  # the clipboard answers when it likes


def test_a_gallery_is_filtered_and_sorted(tmp_path: Path, folder: Path, monkeypatch: Any, visit: Callable[..., Any]):
    from selenium.webdriver.support.ui import Select

    monkeypatch.chdir(tmp_path)
    registry = Registry()
    registry.upsert(read_record(folder))
    several = [("b", "MNIST", 3.0, "failed"), ("c", "CIFAR-10", None, "finished"), ("A", "MNIST", 1.0, "finished")]
    registry.upsert(
        [
            RunRecord(run_id=f"run-{name}", name=name, dataset=data, metrics={"fid": fid}, status=status, tags=["mine"])
            for name, data, fid, status in several
        ]
    )
    assert main(["report"], more=[add_reports]) == 0
    page = visit(Path("outputs/gallery.html"))
    assert visible(page, "#total") == ["4 runs"] and visible(page, ".card h2")[0] == "a run"
    box = one_of(page, "#filter")
    box.send_keys("MNIST finished")
    assert visible(page, ".card h2") == ["A"] and visible(page, "#total") == ["1 of 4 runs"]
    box.clear()
    box.send_keys("nothing of the kind")
    assert visible(page, ".card h2") == [] and visible(page, "#nothing")
    box.clear()
    box.send_keys("m")
    box.send_keys("ine")
    assert sorted(visible(page, ".card h2")) == ["A", "b", "c"]
    sort = Select(one_of(page, "#sort"))
    for choice, order in {"lowest fid": "Abc", "highest fid": "bAc", "by name": "Abc"}.items():
        sort.select_by_visible_text(choice)
        assert "".join(visible(page, ".card h2")) == order
    next(chip for chip in all_of(page, "button.chip") if chip.text == "CIFAR-10").click()
    assert visible(page, ".card h2") == ["c"] and box.get_property("value") == "mine cifar-10"
    box.clear()
    box.send_keys("m")
    ticks = all_of(page, "[data-tick]")
    assert not visible(page, "#compare")
    for number in (1, 0):
        ticks[number].click()
    ids = [all_of(page, "label.tick bdi")[number].text for number in (1, 0)]
    assert [code.text for code in all_of(page, "#compare code")] == [
        f"python registry.py {command} {' '.join(ids)}" for command in ("compare", "report")
    ]
    one_of(page, "[data-clear]").click()
    assert not visible(page, "#compare") and not any(tick.is_selected() for tick in ticks)
    box.clear()
    box.send_keys("garments")
    one_of(page, ".card a").click()
    assert page.current_url == (folder / "report.html").as_uri() and visible(page, "h1") == ["a run"]


@pytest.mark.parametrize("width", [375, 1280])
def test_nothing_sticks_out_and_no_name_runs(tmp_path: Path, monkeypatch: Any, visit: Callable[..., Any], width: int):
    monkeypatch.chdir(tmp_path)
    folders = [measured(run_folder(tmp_path, "id" * 10))]
    for number, text in enumerate(HOSTILE):
        everywhere = {"name": text, "notes": text, "tags": [text] * 3, "dataset": text, "description": text}
        config = {"data": {"class_names": [text], text: text}, text: {"_target_": text}}
        folder = run_folder(tmp_path, f"{number}{text}"[:300], **everywhere, config=config, metrics={text[:400]: 1.0})
        square(folder / "pictures/wide.png", size=(3000, 40))
        folders.append(folder)
    Registry().upsert([read_record(folder) for folder in folders])
    assert main(["report"], more=[add_reports]) == 0
    assert main(["report", *map(str, folders)], more=[add_reports]) == 0
    for folder in folders:
        write_report(folder)
    for page in (*Path("outputs").glob("*.html"), *(folder / "report.html" for folder in folders)):
        driver = visit(page, width)
        assert driver.execute_script(OUTSIDE) == [], page
        assert driver.execute_script("return document.documentElement.scrollWidth") <= width, page


@pytest.mark.parametrize("width", [375, 1280])
def test_a_fact_of_a_script_leads_to_its_line(tmp_path: Path, monkeypatch: Any, visit: Callable[..., Any], width: int):
    monkeypatch.chdir(tmp_path)
    rows = ["import torch", *(f"x = {number}" for number in range(300)), *HOSTILE_SCRIPT.split("\n")[1:]]
    (tmp_path / "train.py").write_text("\n".join(rows))
    square(tmp_path / "epoch_1.png", 1, (1200, 300))
    assert main(["ingest", "train.py"], more=[add_ingest]) == 0
    (record,) = Registry().records()
    assert main(["report", record.run_id, "--output", "page.html"], more=[add_reports]) == 0
    page = visit(Path("page.html"), width)
    assert page.execute_script(OUTSIDE) == []
    assert page.execute_script("return document.documentElement.scrollWidth") <= width
    (place,) = (fact.lines[-1] for fact in script_of(record).facts["optimizer"])
    next(link for link in all_of(page, "#facts a") if link.text == str(place)).click()
    line = one_of(page, f"#L{place}")
    assert "AdamW" in line.text and page.execute_script("return document.querySelector(':target').id") == f"L{place}"
    shown = "const box = arguments[0].getBoundingClientRect(); return box.top >= 0 && box.bottom <= innerHeight;"
    assert page.execute_script(shown, line)
    assert page.execute_script("return document.querySelector('#source').getBoundingClientRect().top < innerHeight")


def test_paper_shows_the_settings_and_leaves_out_the_controls(folder: Path, visit: Callable[..., Any]):
    page = visit(folder / "report.html", 375)
    assert not any(details.get_attribute("open") for details in all_of(page, ".settings > details"))
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    page.execute_cdp_cmd("Page.printToPDF", {})
    assert visible(page, ".settings summary")[:2] == ["run", "data Garments"]
    assert not visible(page, "nav.sections") and not visible(page, ".scrubber") and not visible(page, "[data-copy]")
    page.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
