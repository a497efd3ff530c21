"""The pages of the real program, for who has not signed in."""

from tests.process.conftest import Site


async def test_the_program_sends_everybody_to_sign_in(site: Site) -> None:
    async with site.running() as running:
        url = f"http://127.0.0.1:{running.port}"
        for path in ("/admin", "/admin/rooms/kestrel", "/admin/displays"):
            async with running.http.get(url + path, allow_redirects=False) as answer:
                assert (answer.status, answer.headers["Location"]) == (
                    303,
                    f"/admin/login?next={path}",
                )
        async with running.http.get(f"{url}/admin") as answer:
            page = await answer.text()
            assert (answer.status, answer.content_type) == (200, "text/html")
            assert 'name="password"' in page
        async with running.http.get(f"{url}/admin/elsewhere/x") as answer:
            assert (answer.status, answer.content_type) == (404, "text/html")
        async with running.http.get(f"{url}/static/admin/main.js") as answer:
            assert answer.status == 200
