"""A live Zotero library as a source, from a server that speaks its local API."""

import pytest

from papercards.errors import EndpointError, UsageError
from papercards.paper import Paper
from papercards.sources import BadRecord, Options, open_source
from tests.zotero_stub import ZoteroStub, serving


def library() -> ZoteroStub:
    stub = ZoteroStub(collections={"COLL0001": ["AAAA1111", "CCCC3333"]})
    stub.add(
        "AAAA1111",
        "Attention <i>Is</i> All",
        "<p>We propose it.</p>",
        archiveID="arXiv:1706.03762",
        tags=[{"tag": "to read & more"}],
    )
    stub.add("BBBB2222", "A PDF", "", itemType="attachment")
    stub.add("CCCC3333", "No ids", "Something.")
    stub.add("DDDD4444", "No abstract", "")
    return stub


def read(stub: ZoteroStub, spec: str = "zotero:", limit: int | None = None) -> list[Paper | BadRecord]:
    return list(open_source(spec, Options(limit=limit, endpoints={"zotero": stub.url})))


def test_the_whole_library_is_read_without_attachments() -> None:
    with serving(library()) as stub:
        first, second, third = read(stub)

    assert isinstance(first, Paper) and isinstance(second, Paper) and isinstance(third, BadRecord)
    assert (first.id, first.title, first.abstract) == (
        "arxiv:1706.03762",
        "Attention Is All",
        "We propose it.",
    )
    assert (second.id, second.where) == ("zotero:CCCC3333", "zotero:CCCC3333")
    assert (third.where, third.reason) == ("zotero:DDDD4444", "has an empty abstract")


def test_a_collection_or_a_tag_is_a_part_of_it() -> None:
    with serving(library()) as stub:
        collection = read(stub, "zotero:collection/COLL0001")
        tag = read(stub, "zotero:tag/to read & more")

    assert [one.id for one in collection if isinstance(one, Paper)] == ["arxiv:1706.03762", "zotero:CCCC3333"]
    assert [one.id for one in tag if isinstance(one, Paper)] == ["arxiv:1706.03762"]


def test_pages_follow_each_other_and_no_more_than_are_wanted() -> None:
    stub = ZoteroStub()
    for n in range(250):
        stub.add(f"K{n:07}", f"Paper {n}", "It counts.")
    with serving(stub):
        assert len(read(stub)) == 250
        assert len(stub.asked) == 3
        stub.asked.clear()
        assert len(read(stub, limit=100)) == 100
        assert len(stub.asked) == 1


def test_a_busy_server_is_asked_again() -> None:
    stub = library()
    stub.busy = 2
    with serving(stub):
        assert len(read(stub)) == 3
    assert len(stub.asked) == 3


def test_what_is_in_the_way_is_said_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")  # local requests go through no proxy
    stub = library()
    stub.enabled = False
    with serving(stub):
        with pytest.raises(
            EndpointError, match=r"does not allow access by other programs.*Settings, Advanced"
        ):
            read(stub)
        stub.enabled = True
        with pytest.raises(
            EndpointError, match="zotero:collection/NONE0000: Zotero does not have this library, collection"
        ):
            read(stub, "zotero:collection/NONE0000")
    with pytest.raises(EndpointError, match=r"does not respond at http://127\.0\.0\.1.*Start Zotero"):
        read(stub)
    with pytest.raises(UsageError, match="is not a Zotero library or part of one"):
        read(stub, "zotero:shelf/1")


def test_a_group_is_a_library_of_its_own() -> None:
    with serving(library()) as stub, pytest.raises(EndpointError):
        read(stub, "zotero:group/42/tag/x")
    assert stub.asked[0][1].startswith("/api/groups/42/items/top?")
