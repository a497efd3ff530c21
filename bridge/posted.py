"""What services post to hooks, handed to their sources: views know nothing of these."""

from bridge.sync import Sync
from bridge.views.hooks import HookCall, HookReply, Post
from connector.watching import Call


def posted(sync: Sync) -> Post:
    """Who takes what services send."""

    def post(kind: str, source: str, call: HookCall, /) -> HookReply | None:
        reply = sync.notified(
            kind, source, Call(query=call.query, headers=call.headers, body=call.body)
        )
        return HookReply(reply.status, reply.text, reply.headers) if reply else None

    return post
