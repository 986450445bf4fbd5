"""Services that throttle as arXiv, Hugging Face, Semantic Scholar and OpenAlex do: all papers come, politely.

The servers are real and on loopback; time passes only where the program sleeps.
"""

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from papercards.errors import BadInput, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, arxiv_api, hf_api, open_source, openalex, semantic_scholar
from papercards.sources.patience import spoken
from tests.services import Shelf, Time, Work, closed, serving, window, works
from tests.stub import Fault

RATE = Fault(200, b"Rate exceeded.", {"content-type": "text/plain"})
NOT_ACCEPTABLE = Fault(406, b"<html><head><title>406 Not Acceptable</title></head></html>")
BUSY = Fault(429, b"Rate exceeded.")
ARXIV_IDS = "arxiv:" + ",".join(f"2401.{n:05d}" for n in range(100))


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    with serving(Shelf(works(120))) as one:
        yield one


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def public(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> Shelf:
    """The server in the place of the public services, with their rules."""
    for module in (arxiv_api, hf_api, openalex, semantic_scholar):
        _place(monkeypatch, module, shelf.url)
    return shelf


def _place(monkeypatch: pytest.MonkeyPatch, module: ModuleType, url: str) -> None:
    monkeypatch.setattr(module, "SERVICE", replace(module.SERVICE, url=url))


def read(spec: object, time: Time, said: list[str], **asked: Any) -> list[Any]:
    return list(open_source(str(spec), Options(clock=time.clock, say=said.append, **asked)))


@pytest.mark.parametrize(
    "fault", [NOT_ACCEPTABLE, RATE, BUSY, Fault(503), Fault(403, b"Rate limit exceeded")]
)
def test_a_list_that_arxiv_throttles_is_waited_for_whole_and_never_cut(
    public: Shelf, time: Time, said: list[str], fault: Fault
) -> None:
    public.gate = closed(time, 200.0, fault)

    found = read(ARXIV_IDS, time, said)

    assert [one.id for one in found] == [f"arxiv:2401.{n:05d}" for n in range(100)]
    assert len(public.asked) == 4 and len(set(public.asked)) == 1
    waits = [nap for nap in time.naps if nap > 3]
    assert len(waits) == 3 and waits[0] >= 60 and all(2 * a * 0.9 < b for a, b in pairwise(waits))
    assert len(said) == 3 and all("\n" not in line for line in said)
    assert said[0].startswith(f"{public.url.removeprefix('http://')} asks to wait 6")
    assert f"(answers {fault.status}" in said[0] and "; next try at " in said[0]


@pytest.mark.parametrize("fault", [NOT_ACCEPTABLE, RATE, BUSY])
def test_arxiv_that_throttles_for_hours_is_one_error_after_a_few_requests(
    public: Shelf, time: Time, said: list[str], fault: Fault
) -> None:
    public.gate = closed(time, 1e9, fault)

    with pytest.raises(
        BadInput, match=rf"arXiv answers {fault.status}.* after [78] min of waiting\. Try again later"
    ) as caught:
        read(ARXIV_IDS, time, said)

    assert len(public.asked) == 4 and time.passed < 900
    assert "set PAPERCARDS_CONTACT" in str(caught.value) and "\n" not in str(caught.value)
    with pytest.raises(BadInput) as caught:
        read(ARXIV_IDS, time, said, contact="me@example.org")
    assert "PAPERCARDS_CONTACT" not in str(caught.value)


def test_with_patience_for_hours_arxiv_is_waited_for_and_not_asked_often(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.gate = closed(time, 5 * 3600.0, BUSY)

    found = read("arxiv-query:cat:cs.LG", time, said, limit=50, patience_s=6 * 3600.0)

    assert len(found) == 50 and time.passed >= 5 * 3600
    assert len(public.asked) < 30 and max(time.naps) <= 1000


def test_a_wait_that_arxiv_asks_for_is_kept_where_it_is_longer(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.faults = [Fault(429, headers={"retry-after": "300"}), Fault(429, headers={"retry-after": "5"})]

    assert len(read("arxiv:2401.00001", time, said)) == 1
    waits = [nap for nap in time.naps if nap > 3]
    assert waits[0] == 300 and 120 <= waits[1] <= 132


def test_three_seconds_pass_between_requests_to_arxiv(public: Shelf, time: Time, said: list[str]) -> None:
    times: list[float] = []

    def gate(_headers: dict[str, str]) -> Fault | None:
        times.append(time.now)
        return None

    public.gate = gate
    public.works = works(350)
    spec = "arxiv:" + ",".join(f"2401.{n:05d}" for n in range(350))

    assert len(read(spec, time, said)) == 350
    assert len(times) == 4 and all(b - a >= 2.99 for a, b in pairwise(times)) and said == []


def test_a_query_of_arxiv_is_read_in_slices_of_two_thousand(
    shelf: Shelf, time: Time, said: list[str]
) -> None:
    shelf.works = works(4100)

    found = read("arxiv-query:x", time, said, endpoints=shelf.endpoints())

    assert len(found) == 4100
    assert [(q["start"], q["max_results"]) for q in shelf.queries()] == [
        ("0", "2000"),
        ("2000", "2000"),
        ("4000", "2000"),
    ]


@pytest.mark.parametrize("words", [b"<html>Bad request</html>", b"", b'{"no": "words"}'])
def test_a_refusal_without_words_cuts_no_list(
    public: Shelf, time: Time, said: list[str], words: bytes
) -> None:
    public.faults = [Fault(400, words)] * 300

    with pytest.raises(BadInput, match=r"arXiv rejected the request \(400\)"):
        read(ARXIV_IDS, time, said)
    assert len(public.asked) == 1


def test_an_id_that_arxiv_names_as_wrong_is_left_out_by_one_more_request(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.bad_ids = {"2401.00007", "2401.00070"}

    found = read(ARXIV_IDS, time, said)

    bad = [one for one in found if isinstance(one, BadRecord)]
    assert len(found) == 100 and [one.where for one in bad] == ["arxiv:2401.00007", "arxiv:2401.00070"]
    assert len(public.asked) == 3


def test_a_contact_is_told_to_the_service(public: Shelf, time: Time, said: list[str]) -> None:
    read("arxiv:2401.00001", time, said, contact="me@example.org")
    read("arxiv:2401.00001", time, said, contact="https://example.org/me")
    read("arxiv:2401.00001", time, said)

    agents = [headers["user-agent"] for headers in public.headers]
    assert "(research paper cards; mailto:me@example.org)" in agents[0]
    assert "(research paper cards; +https://example.org/me)" in agents[1]
    assert agents[2].endswith("(research paper cards)")
    for bad in ("me@example.org\r\nX-Evil: 1", "a)b", "m\u00eb"):
        with pytest.raises(UsageError, match="is not an e-mail address or a URL"):
            read("arxiv:2401.00001", time, said, contact=bad)


def hub_refuses(left: float) -> Fault:
    headers = {
        "ratelimit": f'"api";r=0;t={left:.0f}',
        "ratelimit-policy": '"fixed window";"api";q=500;w=300',
    }
    return Fault(429, b'{"error": "We had to rate limit you"}', headers)


def test_the_hub_lets_five_hundred_requests_in_and_more_after_its_window(
    public: Shelf, time: Time, said: list[str], tmp_path: Path
) -> None:
    public.gate = window(time, 20, 300.0, hub_refuses)
    urls = [f"https://huggingface.co/papers/2401.{n:05d}" for n in range(30)]

    found = [paper for url in urls for paper in read(url, time, said)]

    assert [one.id for one in found] == [f"arxiv:2401.{n:05d}" for n in range(30)]
    assert len(public.asked) == 31
    (line,) = said
    assert "asks to wait" in line and "(answers 429)" in line
    # Five hundred of them fit into a window at this pace.
    assert all(0.6 <= nap <= 0.65 or nap > 200 for nap in time.naps)


def test_a_token_goes_to_the_hub_and_to_no_mirror(
    public: Shelf, time: Time, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    keys = {"huggingface": "hf_0123456789"}
    with serving(Shelf(works(2))) as mirror:
        read("hf-daily:", time, said, keys=keys, limit=1)
        read("hf-daily:", time, said, keys=keys, limit=1)
        read("hf-daily:", time, said, keys=keys, limit=1, endpoints={"huggingface": mirror.url})

        assert [headers.get("authorization") for headers in public.headers] == ["Bearer hf_0123456789"] * 2
        assert ["authorization" in headers for headers in mirror.headers] == [False]
        assert all(nap <= 0.35 for nap in time.naps)
        public.faults = [Fault(302, headers={"location": f"{mirror.url}/api/daily_papers"})]
        with pytest.raises(BadInput, match="redirects to another host"):
            read("hf-daily:2026-11-01", time, said, keys=keys)
        assert len(mirror.asked) == 1
    monkeypatch.setenv("HF_TOKEN", "hf_0123456789")
    public.faults = [Fault(401, b'{"error": "Invalid username or password."}')]
    with pytest.raises(
        BadInput, match=r"rejected the API key \(401\).* Check HF_TOKEN, or unset it"
    ) as caught:
        read("hf-daily:2026-11-02", time, said, keys=keys)
    assert "hf_0123456789" not in str(caught.value)


def test_semantic_scholar_is_asked_for_five_hundred_papers_at_once_a_second_and_more_apart(
    public: Shelf, time: Time, said: list[str], tmp_path: Path
) -> None:
    public.works = works(1200)
    public.gate = window(time, 1, 1.0, lambda left: BUSY)
    spec = "s2:" + ",".join(f"ARXIV:2401.{n:05d}" for n in [*range(1200), 99999])

    found = read(spec, time, said, cache_dir=tmp_path)

    assert [one.id for one in found[:1200]] == [f"arxiv:2401.{n:05d}" for n in range(1200)]
    assert found[1200].reason == "not found on Semantic Scholar"
    assert [len(post["ids"]) for post in public.posted] == [500, 500, 201] and len(public.asked) == 3
    # Each paper is kept by itself: another list of them asks for what is new alone.
    again = read("s2:ARXIV:2401.00900,ARXIV:2401.00001,ARXIV:2401.00002", time, said, cache_dir=tmp_path)
    assert [one.id for one in again] == ["arxiv:2401.00900", "arxiv:2401.00001", "arxiv:2401.00002"]
    assert len(public.asked) == 3 and said == []
    offline = read("s2:ARXIV:2401.00001,ARXIV:2401.99999", time, said, cache_dir=tmp_path, offline=True)
    assert [type(one) for one in offline] == [Paper, BadRecord]


def test_an_id_that_spoils_a_batch_fails_alone(public: Shelf, time: Time, said: list[str]) -> None:
    public.bad_ids = {"2401.00003"}

    found = read("s2:" + ",".join(f"ARXIV:2401.{n:05d}" for n in range(8)), time, said)

    assert [isinstance(one, Paper) for one in found] == [n != 3 for n in range(8)]
    assert "Unrecognized id" in found[3].reason and len(public.asked) == 2
    found = read("s2:ARXIV:2401.77777,ARXIV:2401.77778", time, said)
    assert [one.reason for one in found] == ["not found on Semantic Scholar"] * 2
    assert len(public.asked) == 3


def test_a_key_that_lapsed_is_named_with_its_variable(
    public: Shelf, time: Time, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("S2_API_KEY", "s2-key-0123")
    public.faults = [Fault(403, b'{"message": "Forbidden"}')] * 2

    with pytest.raises(
        BadInput, match=r"403.*may be mistyped or expired\. Check S2_API_KEY, or unset it"
    ) as caught:
        read("s2-query:x", time, said, keys={"semanticscholar": "s2-key-0123"})
    assert "set SEMANTIC_SCHOLAR_API_KEY" not in str(caught.value) and "s2-key-0123" not in str(caught.value)
    with pytest.raises(BadInput, match=r"denied access \(403\)\. A key helps: set SEMANTIC_SCHOLAR_API_KEY"):
        read("s2-query:x", time, said)


def test_an_answer_of_throttling_that_says_200_is_known_as_one(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.faults = [
        Fault(200, b'{"message": "Too Many Requests. Please wait and try again", "code": "429"}')
    ]

    assert len(read("s2-query:x", time, said, limit=3)) == 3
    assert len(public.asked) == 2


def spent(left: float, reset: int, **more: str) -> Fault:
    headers = {
        "x-ratelimit-limit-usd": "0.1",
        "x-ratelimit-remaining-usd": str(left),
        "x-ratelimit-cost-required-usd": "0.001",
        "x-ratelimit-reset": str(reset),
        "retry-after": str(reset),
    }
    return Fault(429, b'{"error": "Rate limit exceeded", "message": "Insufficient budget"}', headers | more)


def test_a_budget_of_openalex_that_is_spent_is_said_with_its_end(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.faults = [spent(0.0003, 12_000)]

    with pytest.raises(BadInput) as caught:
        read("openalex-query:x", time, said)

    line = str(caught.value)
    assert "OpenAlex has $0.0003 of $0.1 left of today's budget; it resets in 3 h 20 min" in line
    assert "set OPENALEX_API_KEY" in line and len(public.asked) == 1 and time.naps == []
    public.faults = [spent(0.0, 12_000)]
    with pytest.raises(BadInput) as caught:
        read("openalex-query:x", time, said, keys={"openalex": "key-0123456789"})
    assert "OPENALEX_API_KEY" not in str(caught.value)


def test_a_burst_that_openalex_stops_is_waited_for_and_no_key_is_asked_for(
    public: Shelf, time: Time, said: list[str]
) -> None:
    public.faults = [
        Fault(403, b'{"error": "Rate limit exceeded; slow down"}'),
        spent(0.09, 40_000, **{"retry-after": "2"}),
    ]

    assert len(read("openalex-query:x", time, said, limit=3)) == 3
    assert len(public.asked) == 3 and said == [] and "authorization" not in public.headers[0]


@pytest.mark.parametrize("reset", ["nan", "inf", "1795000000", "-5", "soon", "1e400"])
def test_a_reset_that_cannot_be_meant_holds_nothing(
    public: Shelf, time: Time, said: list[str], reset: str
) -> None:
    headers = {"x-ratelimit-remaining-usd": "0", "x-ratelimit-remaining": "0", "x-ratelimit-reset": reset}
    public.faults = [Fault(429, headers=headers)] * 2

    assert len(read("openalex-query:x", time, said, limit=3)) == 3
    assert len(public.asked) == 3
    assert time.passed < 60


def test_dois_are_asked_for_a_hundred_at_once_and_each_is_kept_by_itself(
    public: Shelf, time: Time, said: list[str], tmp_path: Path
) -> None:
    odd = ["10.1000/a,b", "10.1000/(SICI)1(1999)4:2<1::AID-A1>3.0.CO;2-O"]
    public.works = [replace(work, doi=f"10.1000/{n}") for n, work in enumerate(works(150))]
    public.works += [
        Work("2402.00001", "Comma", "A b.", doi=odd[0].lower()),
        Work("2402.00002", "Old", "A c.", doi=odd[1].lower()),
    ]
    listed = tmp_path / "dois.txt"
    listed.write_text(
        "".join(f"https://doi.org/10.1000/{n}\n" for n in range(150)) + "10.1000/none\n" + "\n".join(odd)
    )

    found = read(listed, time, said, cache_dir=tmp_path / "c")

    assert [one.title for one in found if isinstance(one, Paper)] == [f"Paper {n}" for n in range(150)] + [
        "Comma",
        "Old",
    ]
    assert [one.reason for one in found if isinstance(one, BadRecord)] == ["not found on OpenAlex"]
    lists = [query["filter"].count("|") + 1 for query in public.queries() if "filter" in query]
    # What is not in a list, or cannot stand in one, is asked for by its own address.
    assert lists == [100, 51] and len(public.asked) == 2 + 3
    shuffled = read("doi:10.1000/7,doi:10.1000/a,b", time, said, cache_dir=tmp_path / "c")
    assert [one.title for one in shuffled] == ["Paper 7", "Comma"] and len(public.asked) == 5


def test_one_list_may_name_papers_of_several_services_in_any_order(
    public: Shelf, time: Time, said: list[str], tmp_path: Path
) -> None:
    public.works[5] = replace(public.works[5], doi="10.1000/5")
    listed = tmp_path / "reading.txt"
    listed.write_text(
        "# To read\n- https://arxiv.org/abs/2401.00001v1\n* doi:10.1000/5\n1. [A title](https://arxiv.org/abs/2401.00002)\n"
        "https://huggingface.co/papers/2401.00003 # soon\n\n10.48550/arXiv.2401.00004\nhttps://doi.org/10.1000/none\n"
    )

    found = read(listed, time, said)

    assert [one.title if isinstance(one, Paper) else one.where for one in found] == [
        "Paper 1",
        "Paper 5",
        "Paper 2",
        "Paper 3",
        "Paper 4",
        f"{listed}:8",
    ]
    assert sum(path.startswith("/api/query") for path in public.asked) == 1


def test_times_are_spoken_shortly() -> None:
    assert [spoken(s) for s in (8, 61, 240, 7500)] == ["8 s", "61 s", "4 min", "2 h 05 min"]
