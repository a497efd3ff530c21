"""What services and devices post to hooks, handed to whom it concerns: views know nothing of it."""

from bridge.dispatch import Dispatch
from bridge.sync import Sync
from bridge.views.hooks import HookCall, HookReply, Post
from connector.watching import Call


def posted(sync: Sync, dispatch: Dispatch) -> Post:
    """Who takes what services and devices send: sources first, by name, then devices by secret."""

    def post(kind: str, whose: str, call: HookCall, /) -> HookReply | None:
        told = Call(query=call.query, headers=call.headers, body=call.body)
        reply = sync.notified(kind, whose, told) or dispatch.heard(kind, whose, told)
        return HookReply(reply.status, reply.text, reply.headers) if reply else None

    return post
