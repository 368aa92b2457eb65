"""Debian's Chromium without a window, driven by Selenium: what a person would do, and see."""

import os
import shutil
import time
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from waiting import wait_for

BROWSERS = ("chromium", "chromium-browser", "google-chrome")


def find_browser():
    """Chromium and its driver; the test is skipped where one is missing, but not where CI has promised them."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    driver = shutil.which("chromedriver")
    if browser and driver:
        return browser, driver
    missing = "chromedriver" if browser else "chromium"
    pytest.skip(f"{missing} is not on the PATH: apt-get install chromium chromium-driver")
    return None


class Browser:
    """One window on the page.

    Args:
        downloads: Where files go.
        dark: Whether its owner prefers dark.
        size: Of the window.
    """

    def __init__(self, downloads, *, dark=False, size=(1280, 1000)):
        binary, driver = find_browser()
        options = webdriver.ChromeOptions()
        options.binary_location = binary
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        flags = ["--headless=new", "--disable-dev-shm-usage", "--hide-scrollbars", "--no-first-run"]
        # A sandbox of its own needs a user; a container's root has none.
        flags += ["--no-sandbox"] if os.geteuid() == 0 else []
        for flag in (*flags, f"--window-size={size[0]},{size[1]}"):
            options.add_argument(flag)
        self.driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        behaviour = {"behavior": "allow", "downloadPath": str(downloads)}
        self.driver.execute_cdp_cmd("Browser.setDownloadBehavior", behaviour)

    def open(self, url):
        self.driver.get(url)
        done = '[data-test-script-state="notRunning"]'
        self.wait(lambda: self.all(".ts-card") and self.all(".stSlider") and self.all(done))

    def wait(self, condition, seconds=60):
        """Wait for it; an element that is drawn anew meanwhile is looked for again."""

        def holds():
            try:
                return condition()
            except StaleElementReferenceException:
                return False

        return wait_for(holds, seconds)

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def shown(self, selector):
        return [one for one in self.all(selector) if one.is_displayed()]

    def type(self, text):
        """Into the text's box, as a person does."""

        def typed():
            boxes = self.all("textarea")
            if boxes:
                boxes[0].send_keys(Keys.CONTROL, "a")
                boxes[0].send_keys(text, Keys.CONTROL, Keys.ENTER)
            return boxes

        self.wait(typed)

    def click(self, words, selector="button"):
        def clicked():
            found = [
                one
                for one in self.shown(selector)
                if one.text.split("\n")[0] == words and one.is_enabled()
            ]
            if found:
                found[0].click()
            return bool(found)

        self.wait(clicked)

    def tab(self, name):
        self.click(name, '[role="tab"]')

    def bars(self):
        """Name, number and drawn share of each bar of the first card."""
        return self.script(
            """return [...document.querySelector('.ts-card').querySelectorAll('.ts-bar')].map(bar => [
              bar.querySelector('.ts-name').textContent, bar.querySelector('.ts-number').textContent,
              bar.querySelector('.ts-fill').getBoundingClientRect().width
                / bar.querySelector('.ts-track').getBoundingClientRect().width])"""
        )

    def places(self, *selectors):
        """Where the first element of each is, as soon as all are drawn."""
        self.wait(lambda: all(self.all(one) for one in selectors))
        return self.script(
            """return arguments[0].map(one => { const box = document.querySelector(one).getBoundingClientRect();
              return [box.x, box.y, box.width, box.height].map(Math.round) })""",
            list(selectors),
        )

    def script(self, code, *arguments):
        return self.driver.execute_script(code, *arguments)

    def picture(self, path):
        # Fonts and bars have come to rest.
        time.sleep(0.5)
        assert self.driver.save_screenshot(str(path))
        return Path(path).stat().st_size

    def asked_elsewhere(self):
        """Addresses of other machines that the page has asked."""
        names = self.script("return performance.getEntriesByType('resource').map(one => one.name)")
        return [
            name for name in names if "//localhost:" not in name and not name.startswith("data:")
        ]

    def close(self):
        self.driver.quit()
