"""A demo is marked as one, stays on this machine, and is gone once its time is over."""

import pytest
from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.websockets import WebSocket, WebSocketDisconnect

from tests.conftest import Clock
from tests.demo.conftest import NOW, Serve
from vendorrisk.demo import command, lifetime
from vendorrisk.server import demo_limits
from vendorrisk.server.demo_limits import DemoLimits
from vendorrisk.store import migrate
from vendorrisk.usecases import application as running
from vendorrisk.usecases.application import Application
from vendorrisk.usecases.errors import Refusal


async def site(scope, receive, send):
    """What stands behind the limits: answers everything."""
    if scope["type"] == "websocket":
        socket = WebSocket(scope, receive, send)
        await socket.accept()
        await socket.send_text("the page itself")
        await socket.close()
    else:
        await PlainTextResponse("the page itself")(scope, receive, send)


@pytest.fixture
def served(folder, serve: Serve, last_day: Clock, monkeypatch) -> Application:
    """The small demo in its last moment, as the process's application."""
    app = serve(folder, last_day)
    monkeypatch.setattr(running, "_installed", app)
    return app


def browser(address: str = "127.0.0.1") -> TestClient:
    """A browser on the machine with this address, before the limits."""
    return TestClient(DemoLimits(site), client=(address, 50000))


@pytest.fixture
def client(served: Application) -> TestClient:
    return browser()


def test_it_lasts_to_its_last_moment_and_is_deleted_at_the_next_request(
    client, folder, last_day: Clock
):
    assert client.get("/").text == "the page itself"
    last_day.forward(seconds=1)
    response = client.get("/sign-in")
    assert response.status_code == 410
    assert "ended" in response.text
    assert not folder.exists()
    assert client.get("/").status_code == 410


def test_a_page_left_open_cannot_go_on_after_the_end(client, folder, last_day: Clock):
    with client.websocket_connect("/_stcore/stream") as socket:
        assert socket.receive_text() == "the page itself"
    last_day.forward(days=1)
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass
    assert not folder.exists()


def test_it_goes_even_where_nobody_asks_for_a_page(
    folder, serve: Serve, last_day: Clock, monkeypatch
):
    """The watch looks again and again; here its pause moves the clock past the end."""
    app, looks = serve(folder, last_day), []

    async def pause(seconds: float) -> None:
        looks.append(folder.exists())
        last_day.forward(seconds=seconds)
        if len(looks) == 2:
            raise TimeoutError

    monkeypatch.setattr(demo_limits.asyncio, "sleep", pause)
    with pytest.raises(TimeoutError):
        demo_limits.asyncio.run(demo_limits.watch(app))
    assert looks == [True, False]


def test_starting_after_the_end_deletes_it_and_says_so(folder, serve: Serve, last_day: Clock):
    lifetime.require_fit(serve(folder, last_day))
    last_day.forward(days=400)
    with pytest.raises(Refusal) as refused:
        lifetime.require_fit(serve(folder, last_day))
    assert refused.value.code == "demo_ended"
    assert not folder.exists()


def test_the_command_deletes_one_that_is_over_and_makes_another(
    folder, last_day: Clock, questionnaires
):
    last_day.forward(days=1)
    with pytest.raises(KeyboardInterrupt):
        command.prepare(
            folder,
            questionnaires,
            "http://localhost:8501",
            days=30,
            new=False,
            say=interrupt_at("Making"),
            now=last_day(),
        )
    assert not folder.exists()


def test_a_file_that_somebody_kept_in_its_folder_stays(folder, serve: Serve, last_day: Clock):
    (folder / "mine.txt").write_text("mine")
    last_day.forward(days=1)
    app = serve(folder, last_day)
    lifetime.purge(app)
    lifetime.purge(app)
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_a_deletion_that_was_interrupted_is_finished(folder):
    (folder / "vendorrisk.db").unlink()
    assert lifetime.found_in(folder) is None
    assert not folder.exists()


def test_only_a_demo_can_be_deleted(tmp_path, serve: Serve):
    migrate(f"sqlite:///{tmp_path / 'vendorrisk.db'}")
    app = serve(tmp_path, Clock(NOW.replace(year=2099)))
    assert not lifetime.over(app)
    with pytest.raises(Refusal) as refused:
        lifetime.purge(app)
    assert refused.value.code == "not_a_demo"
    assert (tmp_path / "vendorrisk.db").exists()


def test_the_files_of_another_folder_are_never_deleted(folder, tmp_path, serve: Serve):
    """Not even where the settings mix a demo's database with somebody's own files."""
    mine = tmp_path / "real" / "evidence" / "file"
    mine.parent.mkdir(parents=True)
    mine.write_text("mine")
    mixed = {"data": tmp_path / "real", "key_path": folder / "vendorrisk.key"}
    app = serve(folder, Clock(NOW.replace(year=2099)), **mixed)
    with pytest.raises(Refusal):
        lifetime.purge(app)
    assert mine.read_text() == "mine"
    assert (folder / "vendorrisk.db").exists()


def test_a_demo_is_not_served_as_a_real_installation(folder, serve: Serve, last_day: Clock):
    with pytest.raises(Refusal) as refused:
        lifetime.require_fit(serve(folder, last_day, demo=False))
    assert refused.value.code == "is_a_demo"
    assert folder.exists()


def test_a_real_installation_is_not_served_as_a_demo(tmp_path, serve: Serve):
    migrate(f"sqlite:///{tmp_path / 'vendorrisk.db'}")
    with pytest.raises(Refusal) as refused:
        lifetime.require_fit(serve(tmp_path))
    assert refused.value.code == "not_a_demo"
    lifetime.require_fit(serve(tmp_path, demo=False))


@pytest.mark.parametrize("address", ["10.0.0.7", "203.0.113.9", "2001:db8::1", "unknown"])
def test_another_machine_sees_nothing_of_it(served: Application, address):
    client = browser(address)
    response = client.get("/")
    assert response.status_code == 403
    assert "the page itself" not in response.text
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/_stcore/stream"):
        pass


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.1", "::1", "::ffff:127.0.0.1"])
def test_this_machine_sees_it_by_any_of_its_own_addresses(served: Application, address):
    assert browser(address).get("/").text == "the page itself"


def test_a_real_installation_is_seen_from_everywhere(tmp_path, serve: Serve, monkeypatch):
    monkeypatch.setattr(running, "_installed", serve(tmp_path, demo=False))
    assert browser("203.0.113.9").get("/_stcore/upload_file/1/2").text == "the page itself"


def test_no_file_can_be_sent_to_it_past_its_pages(client):
    assert client.put("/_stcore/upload_file/session/file", content=b"x").status_code == 404
    assert client.get("/_stcore/health").text == "the page itself"


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "192.168.1.4", "https://example.org"])
def test_it_does_not_start_where_others_could_reach_it(address):
    with pytest.raises(Refusal) as refused:
        demo_limits.require_loopback(address)
    assert refused.value.code == "demo_is_local"


@pytest.mark.parametrize("address", ["localhost", "127.0.0.1", "::1"])
def test_it_starts_on_this_machine(address):
    demo_limits.require_loopback(address)


def interrupt_at(word: str):
    """A console that is stopped by its reader at the first line that begins with `word`."""

    def say(line: str) -> None:
        if line.startswith(word):
            raise KeyboardInterrupt

    return say
