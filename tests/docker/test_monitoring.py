"""Alerts, dashboard and what loads them: valid for promtool, and about metrics that there are."""

import json
import re
import shutil
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

import pytest
import yaml
from deployment_files import DOCKER, KUBERNETES, ROOT, compose, documents
from model_server_metrics import ADDED, OTHERS, REAL
from prometheus_client.parser import text_string_to_metric_families

from serving.server.flags import parse_flags
from serving.server.metrics import Metrics

ALERTS = DOCKER / "alerts.yml"
DASHBOARD = json.loads((DOCKER / "grafana/dashboards/serving.json").read_text(encoding="utf-8"))
PROVISIONING = DOCKER / "grafana" / "provisioning"
GROUPS = documents(ALERTS)[0]["groups"]
RULES = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
QUERIES = {
    **{f"alert {name}": rule["expr"] for name, rule in RULES.items()},
    **{
        f"panel {panel['title']} {target['refId']}": target["expr"]
        for panel in PANELS
        for target in panel["targets"]
    },
    **{f"annotation {one['name']}": one["expr"] for one in DASHBOARD["annotations"]["list"]},
}
STRINGS = re.compile(r'"(?:[^"\\]|\\.)*"')
METRIC = re.compile(
    r"(?<![\w:.$])(:tensorflow[\w:]+|(?:up|container_\w+|process_\w+))\s*(?:\{([^}]*)\})?"
)


@pytest.fixture(scope="session")
def promtool():
    """Runs promtool; what it has said, or its words as a failure."""
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("needs promtool: apt-get install prometheus")

    def run(*words):
        done = subprocess.run([path, *map(str, words)], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    return run


def plain(query):
    """A query as Prometheus sees it: what Grafana fills in is filled in."""
    return query.replace("$__rate_interval", "1m").replace("$__range", "1h")


def asked(query):
    """Metrics by name, each with the labels that the query chooses by."""
    found = {}
    for name, labels in METRIC.findall(STRINGS.sub('""', query)):
        found.setdefault(name, set()).update(re.findall(r"(\w+)\s*[=!]", labels))
    return found


@pytest.fixture(scope="session")
def embedded():
    """Metrics of the embedded server by name, with their labels, after one request and one load."""
    metrics = Metrics()
    metrics.add_models(["m"])
    with metrics.request("m", "Predict", "GRPC"), metrics.load(Path("/m/1")):
        pass
    families = text_string_to_metric_families(metrics.page().decode())
    return {one.name: set(one.labels) for family in families for one in family.samples}


def test_promtool_takes_the_configuration_and_the_alerts_that_it_loads(promtool):
    assert f"{len(RULES)} rules found" in promtool("check", "config", DOCKER / "prometheus.yml")
    promtool("check", "rules", ALERTS)


def test_every_alert_fires_when_it_should(promtool):
    tests = Path(__file__).with_name("alerts.test.yml")
    promtool("test", "rules", tests)
    (played,) = documents(tests)
    cases = [case for test in played["tests"] for case in test["alert_rule_test"]]
    assert {case["alertname"] for case in cases if case["exp_alerts"]} == set(RULES)
    # Each is also seen not to fire, but the one that has no wait and no threshold.
    assert {case["alertname"] for case in cases if not case["exp_alerts"]} >= set(RULES) - {
        "AnswersTooLate"
    }


def test_promtool_takes_every_query_of_the_dashboard(promtool, tmp_path):
    """As recording rules: promtool reads those, and nothing of Grafana's."""
    rules = [
        {"record": f"query:{number}", "expr": plain(query)}
        for number, query in enumerate(QUERIES.values())
    ]
    file = tmp_path / "queries.yml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": rules}]}))
    assert f"{len(QUERIES)} rules found" in promtool("check", "rules", file)


def test_promtool_would_find_a_wrong_query(tmp_path):
    path = shutil.which("promtool")
    if path is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    file = tmp_path / "wrong.yml"
    file.write_text(
        '{"groups": [{"name": "a", "rules": [{"record": "a", "expr": "sum(rate(up[1m])"}]}]}'
    )
    assert subprocess.run(
        [path, "check", "rules", file], capture_output=True, check=False
    ).returncode


@pytest.mark.parametrize("query", QUERIES.values(), ids=QUERIES)
def test_a_query_asks_for_metrics_and_labels_that_there_are(embedded, query):
    """Of the real server, of the embedded one, or of who else is scraped."""
    named = asked(query)
    assert named
    for name, labels in named.items():
        known = {**OTHERS, **embedded, **REAL}
        assert name in known
        assert labels <= known[name] | ADDED


def test_what_both_servers_have_is_the_same(embedded):
    """The dashboard is made for one of them and used with both."""
    common = {name: labels for name, labels in embedded.items() if name.startswith(":")}
    assert common
    for name, labels in common.items():
        assert labels == REAL[name]


def test_every_status_is_a_fault_a_mistake_or_fine():
    """What no alert counts would go unnoticed; CANCELLED is a caller who has left."""
    import grpc

    words = "".join(RULES[name]["expr"] for name in ("ServerErrors", "CallersMistakes"))
    counted = set(re.findall(r"\b[A-Z]+(?:_[A-Z]+)*\b", words))
    ours = {code.name for code in grpc.StatusCode}
    nobodys = {"OK", "CANCELLED", "ALREADY_EXISTS", "PERMISSION_DENIED", "UNAUTHENTICATED"}
    assert counted == ours - nobodys


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_an_alert_tells_what_is_wrong_what_to_do_and_how_urgent_it_is(rule):
    assert rule["labels"]["severity"] in {"page", "ticket"}
    assert set(rule["annotations"]) == {"summary", "description"}


def test_every_alert_stands_in_the_guide():
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    section = guide.partition("\n## Monitoring")[2].partition("\n## ")[0]
    severities = dict.fromkeys(re.findall(r"\| (page|ticket) \|", section))
    assert set(severities) == {"page", "ticket"}
    assert {name for name in RULES if f"`{name}`" in section} == set(RULES)


def test_the_dashboard_shows_what_an_operator_looks_for():
    """Rate, errors by code, p50 and p99, versions and loads, batch sizes, memory."""
    wanted = {
        "Requests a second by code": ":tensorflow:serving:request_count",
        "Errors a second by code": ":tensorflow:serving:request_count",
        "Time of a request": ":tensorflow:serving:request_latency_bucket",
        "Loads since the start": ":tensorflow:cc:saved_model:load_attempt_count",
        "Rows in a batch": ":tensorflow:serving:batching_session:processed_batch_size_sum",
        "Memory": "container_memory_working_set_bytes",
    }
    by_title = {panel["title"]: panel for panel in PANELS}
    for title, metric in wanted.items():
        assert any(metric in target["expr"] for target in by_title[title]["targets"])
    time_panel = " ".join(target["expr"] for target in by_title["Time of a request"]["targets"])
    assert "histogram_quantile(0.5," in time_panel
    assert "histogram_quantile(0.99," in time_panel


def test_panels_lie_side_by_side_and_have_numbers_of_their_own():
    cells = [
        (x, y)
        for panel in DASHBOARD["panels"]
        for box in [panel["gridPos"]]
        for x in range(box["x"], box["x"] + box["w"])
        for y in range(box["y"], box["y"] + box["h"])
    ]
    assert len(cells) == len(set(cells))
    assert max(x for x, _ in cells) < 24
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))
    assert all(panel["description"] for panel in PANELS)


def test_every_variable_is_defined():
    defined = {one["name"] for one in DASHBOARD["templating"]["list"]} | {
        "__rate_interval",
        "__all",
    }
    used = set(re.findall(r"\$\{?(\w+)", json.dumps(DASHBOARD)))
    assert used <= defined


def test_grafana_finds_dashboard_and_prometheus():
    services = compose()["services"]
    mounts = {mount["source"]: mount["target"] for mount in services["grafana"]["volumes"]}
    (provider,) = documents(PROVISIONING / "dashboards/dashboards.yaml")[0]["providers"]
    assert provider["options"]["path"] == mounts["./grafana/dashboards"]
    home = services["grafana"]["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"]
    assert home == f"{mounts['./grafana/dashboards']}/serving.json"
    (source,) = documents(PROVISIONING / "datasources/prometheus.yaml")[0]["datasources"]
    assert source["url"] == "http://prometheus:9090"
    chosen = DASHBOARD["templating"]["list"][0]["current"]
    assert (chosen["text"], chosen["value"]) == (source["name"], source["uid"])
    (config,) = documents(DOCKER / "prometheus.yml")
    assert source["jsonData"]["timeInterval"] == config["global"]["scrape_interval"]


def test_prometheus_finds_the_alerts():
    mounts = {
        mount["source"]: mount["target"] for mount in compose()["services"]["prometheus"]["volumes"]
    }
    folder = mounts["./prometheus.yml"].rpartition("/")[0]
    (config,) = documents(DOCKER / "prometheus.yml")
    assert [f"{folder}/{name}" for name in config["rule_files"]] == [mounts["./alerts.yml"]]


def test_all_ask_for_the_same_job():
    (config,) = documents(DOCKER / "prometheus.yml")
    (monitor,) = documents(KUBERNETES / "monitoring" / "servicemonitor.yaml")
    (endpoint,) = monitor["spec"]["endpoints"]
    renamed = {one["targetLabel"]: one.get("replacement") for one in endpoint["relabelings"]}
    jobs = {one["job_name"] for one in config["scrape_configs"]} | {renamed["job"]}
    jobs |= set(re.findall(r'job="([^"]+)"', ALERTS.read_text(encoding="utf-8")))
    jobs |= {one["query"] for one in DASHBOARD["templating"]["list"] if one["name"] == "job"}
    assert jobs == {"tensorflow-serving"}


def test_the_documented_command_makes_a_rule_of_the_alerts():
    """Run as it is written, with kubectl played by cat."""
    guide = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (command,) = re.findall(
        r"^(\{ printf .*?) \| kubectl apply -f -$", guide, re.DOTALL | re.MULTILINE
    )
    done = subprocess.run(["/bin/sh", "-ec", command], cwd=ROOT, capture_output=True, check=True)
    made = yaml.safe_load(done.stdout)
    assert (made["kind"], made["spec"]["groups"]) == ("PrometheusRule", GROUPS)


@pytest.mark.slow
def test_the_screens_of_a_server_that_answers(tiny_run, tmp_path):
    """A real Prometheus scrapes the embedded server; the dashboard's queries and the alerts get their answers from it."""
    prometheus = shutil.which("prometheus")
    if prometheus is None:
        pytest.skip("needs prometheus: apt-get install prometheus")
    from serving.client import SentimentClient
    from serving.server.embedded import EmbeddedServer

    base = tmp_path / "tweet_sentiment"
    shutil.copytree(tiny_run / "exported" / "1", base / "1")
    port, own = free_port(), free_port()
    flags = [
        "--port=0", f"--rest_api_port={port}", "--model_name=tweet_sentiment", f"--model_base_path={base}",
        f"--monitoring_config_file={DOCKER / 'config' / 'monitoring.config'}",
    ]  # fmt: skip
    with EmbeddedServer(parse_flags(flags)) as server, SentimentClient(server.address) as client:
        process = subprocess.Popen(
            [
                prometheus, f"--config.file={scraping(port, tmp_path)}", f"--storage.tsdb.path={tmp_path / 'data'}",
                f"--web.listen-address=127.0.0.1:{own}",
            ],
            stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            (base / "2").mkdir()  # it cannot be loaded
            give_up = time.monotonic() + 60
            while not (told := answers(own)) or "VersionDoesNotLoad" not in firing(own):
                assert time.monotonic() < give_up
                client.predict(["so happy"] * 3)
                time.sleep(0.2)
        finally:
            process.terminate()
            process.wait(20)
    assert firing(own) is None
    assert told["Requests a second"] > 0
    assert told["Failed by the server"] == 0
    assert 0 < told["99 of 100 answered within"] < 5e6
    assert told["Loads that failed in an hour"] == 1
    assert told["Servers that answer"] == 1
    assert told["Memory"] > 1e8


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return probe.getsockname()[1]


def scraping(port, folder):
    """prometheus.yml, in a hurry and at another address."""
    (config,) = documents(DOCKER / "prometheus.yml")
    config["global"] = {
        "scrape_interval": "1s",
        "scrape_timeout": "1s",
        "evaluation_interval": "1s",
    }
    config["rule_files"] = [str(ALERTS)]
    config["scrape_configs"][0]["static_configs"] = [{"targets": [f"127.0.0.1:{port}"]}]
    file = folder / "prometheus.yml"
    file.write_text(yaml.safe_dump(config))
    return file


def get(port, path):
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/api/v1/{path}", timeout=5) as answer:
            return json.load(answer)["data"]
    except OSError:
        return None


def firing(port):
    found = get(port, "alerts")
    return found and {
        one["labels"]["alertname"] for one in found["alerts"] if one["state"] == "firing"
    }


def answers(port):
    """The first number of each panel by its title, once all that the embedded server can fill have one."""
    numbers = {}
    for panel in PANELS:
        for target in panel["targets"]:
            query = plain(target["expr"])
            for name in ("job", "instance", "model"):
                query = query.replace(f"${name}", ".*")
            found = get(port, "query?query=" + urllib.request.quote(query))
            if found is None:
                return None
            for one in found["result"]:
                numbers.setdefault(panel["title"], float(one["value"][1]))
    lacking = {panel["title"] for panel in PANELS} - numbers.keys()
    of_the_real_one = {
        "Time in the graph",
        "Time of a load",
        "Rows in a batch",
        "Requests in a batch",
        "Wait for a batch",
    }
    return None if lacking - of_the_real_one - {"Errors a second by code"} else numbers
