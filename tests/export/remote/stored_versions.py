"""Versions in a store whose wholeness can be checked, and processes that publish them.

python stored_versions.py publish URL COUNT        publish COUNT versions, print their numbers
python stored_versions.py rollback URL NUMBER      as the command
python stored_versions.py keep URL COUNT           as the command
python stored_versions.py poll URL FILE            poll as a server does until FILE is there; print what it loaded
python stored_versions.py kill URL COMMAND STEP    die before every STEP-th change of a command, once each, and
                                                   see what the next publication finds and leaves

Processes of their own: they are killed. Print JSON; tests import the rest.
"""

import hashlib
import itertools
import json
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import fsspec

from export.remote.folder import folder_at
from export.start.store_url import StoreUrl
from export.versions.listing import version_number

FILES = {
    "saved_model.pb": 30_000,
    "variables/variables.data-00000-of-00001": 300_000,
    "variables/variables.index": 500,
    "assets/vocabulary.txt": 20_000,
    "assets.extra/sums.json": 0,
}


def write_version(folder: Path) -> None:
    """Random files, and one with the checksums of the others."""
    sums = {}
    for name, size in FILES.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if size:
            path.write_bytes(os.urandom(size))
            sums[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    (folder / "assets.extra/sums.json").write_text(json.dumps(sums))


def publish_one(url: str) -> int:
    """Publish a new version; its number."""
    with folder_at(StoreUrl(url)) as folder, folder.staged_version() as stage:
        write_version(stage.path)
    return int(str(stage.published).rpartition("/")[2])


def roll_back(url: str, number: int) -> int:
    """Publish an earlier version again; its number."""
    with folder_at(StoreUrl(url)) as folder:
        return int(str(folder.rollback(number)).rpartition("/")[2])


def keep(url: str, count: int) -> list[int]:
    """Remove all but the newest; the numbers of those removed."""
    with folder_at(StoreUrl(url)) as folder:
        return folder.keep_newest(count)


def opened(url: str):
    """The file system and the path, as anybody else would open them."""
    return fsspec.url_to_fs(url, use_listings_cache=False, skip_instance_cache=True)


def numbers(url: str) -> list[int]:
    """What a server takes for versions: children of the base path whose names read as numbers."""
    fs, root = opened(url)
    return sorted(_numbers(fs, root))


def torn(url: str) -> list[int]:
    """Versions that a server would load, and that are not whole."""
    fs, root = opened(url)
    return [number for number in _numbers(fs, root) if _load(fs, f"{root}/{number}") is False]


def poll(url: str, end: str) -> dict[str, object]:
    """Load every new version as soon as it can be loaded; tell what was found."""
    fs, root = opened(url)
    loaded: set[int] = set()
    halves: list[str] = []
    polls = refused = 0
    while True:
        is_last = Path(end).exists()
        polls += 1
        for number in _numbers(fs, root) - loaded:
            result = _load(fs, f"{root}/{number}")
            if result is None:
                refused += 1
            else:
                loaded.add(number)
            # A version that vanished whole while it was read is not half of one.
            if result is False and number in _numbers(fs, root):
                halves.append(f"{number}: {fs.find(f'{root}/{number}')}")
        time.sleep(0.02)
        if is_last:
            return {"loaded": sorted(loaded), "halves": halves, "polls": polls, "refused": refused}


def _numbers(fs, root: str) -> set[int]:
    try:
        children = fs.ls(root, detail=False)
    except FileNotFoundError:
        return set()
    names = (version_number(child.rstrip("/").rpartition("/")[2]) for child in children)
    return {number for number in names if number is not None}


def _load(fs, version: str) -> bool | None:
    """As a server: None where there is no model file; else whether everything it needs is there as written."""
    try:
        model = fs.cat_file(f"{version}/saved_model.pb")
    except FileNotFoundError:
        return None
    try:
        sums = json.loads(fs.cat_file(f"{version}/assets.extra/sums.json"))
        contents = {name: fs.cat_file(f"{version}/{name}") for name in sums}
    except FileNotFoundError:
        return False
    contents["saved_model.pb"] = model
    return {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()} == sums


def kill_at_requests(url: str, command: str, step: int) -> dict[str, int]:
    """Before its first change of the store, its first but `step`, and so on, until it ends before that.

    Returns:
        moments: at how many it died; `half`: how often something unfinished was left for others to see.
    """
    act = {
        "publish": publish_one,
        "rollback": lambda url: roll_back(url, numbers(url)[0]),
        "keep": lambda url: keep(url, 1),
    }[command]
    in_child(lambda: [publish_one(url) for _ in range(2)])
    moments = half = 0
    while True:
        died = in_child(lambda: act(url), 1 + moments * step)
        in_child(lambda: check_whole(url))
        if not died:
            return {"moments": moments, "half": half}
        half += in_child(lambda: sys.exit(3) if leftovers(url) else None) == 3
        in_child(lambda: recover(url))
        moments += 1


def recover(url: str) -> None:
    """The next export finds nothing half done and leaves nothing."""
    number = publish_one(url)
    keep(url, 2)
    check_whole(url)
    assert number == max(numbers(url)), (number, numbers(url))
    assert not leftovers(url), leftovers(url)


def check_whole(url: str) -> None:
    """Nothing that a server would load is half there."""
    assert not torn(url), torn(url)


def leftovers(url: str) -> list[str]:
    """Objects that belong to no version; a number that is given up is a tiny one."""
    fs, root = opened(url)
    names = [path.removeprefix(f"{root}/") for path in fs.find(root)]
    whole = {name.partition("/")[0] for name in names if name.endswith("/published.json")}
    given_up = [name for name in names if name.startswith(".publish/claims/")]
    return [
        name
        for name in names
        if name.partition("/")[0] not in whole
        and not (name in given_up and b"abandoned" in fs.cat_file(f"{root}/{name}"))
    ]


def in_child(act: Callable[[], object], dies_at: int | None = None) -> int:
    """Run in a process of its own, forked before any store is open here; 0, or 9 if it died before its nth change."""
    child = os.fork()
    if child == 0:
        try:
            if dies_at is not None:
                die_before_request(dies_at)
            act()
            os._exit(0)
        except SystemExit as end:
            os._exit(int(end.code or 0))
        except BaseException:  # noqa: BLE001 (a fork never returns to its parent's code)
            traceback.print_exc()
            os._exit(1)
    status = os.waitpid(child, 0)[1]
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return 9
    code = os.waitstatus_to_exitcode(status)
    assert code != 1, "see above"
    return code


def die_before_request(count: int) -> None:
    """SIGKILL before the nth request of this process that changes the store; between two, nothing does."""
    from s3fs import S3FileSystem

    real, calls = S3FileSystem._call_s3, itertools.count(1)

    async def call(self, method, *arguments, **options):
        changes = method.startswith(("put_", "copy_", "delete_"))
        if changes and next(calls) == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return await real(self, method, *arguments, **options)

    S3FileSystem._call_s3 = call


def start(*arguments: object) -> subprocess.Popen[str]:
    """This file with these arguments, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, __file__, *map(str, arguments)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def result_of(process: subprocess.Popen[str]):
    """What the process printed, once it has ended well."""
    output, errors = process.communicate(timeout=120)
    assert process.returncode == 0, errors
    return json.loads(output)


COMMANDS = {
    "publish": lambda url, count: [publish_one(url) for _ in range(int(count))],
    "rollback": lambda url, number: roll_back(url, int(number)),
    "keep": lambda url, count: keep(url, int(count)),
    "poll": poll,
    "kill": lambda url, command, step: kill_at_requests(url, command, int(step)),
}

if __name__ == "__main__":
    print(json.dumps(COMMANDS[sys.argv[1]](*sys.argv[2:])))
