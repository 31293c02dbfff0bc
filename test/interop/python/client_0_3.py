"""The client of a2a-sdk 0.3, unchanged: does one thing after another and prints what it sees, one JSON line each.

usage: client_0_3.py BASE_URL JSONRPC|HTTP+JSON|GRPC WEBHOOK_URL
"""

import asyncio
import json
import sys
import uuid

import grpc
import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.types import (
    DataPart,
    FilePart,
    FileWithBytes,
    GetTaskPushNotificationConfigParams,
    Message,
    Part,
    PushNotificationConfig,
    Role,
    Task,
    TaskIdParams,
    TaskPushNotificationConfig,
    TaskQueryParams,
    TextPart,
)


def say(what, **facts):
    print(json.dumps({"what": what, **facts}), flush=True)


def message(text, *more, task_id=None):
    return Message(
        message_id=str(uuid.uuid4()),
        role=Role.user,
        task_id=task_id,
        parts=[Part(root=TextPart(text=text)), *(Part(root=part) for part in more)],
    )


def text_of(task):
    parts = [part.root for artifact in task.artifacts or [] for part in artifact.parts]
    return "".join(getattr(part, "text", "") for part in parts)


def facts(stored, task):
    """The path and the id of a webhook that is stored for the task."""
    assert stored.task_id == task.id
    config = stored.push_notification_config
    return [httpx.URL(config.url).path, config.id]


async def last_task(client, request):
    task = None
    async for event in client.send_message(request):
        task = event[0] if isinstance(event, tuple) else event
    return task


async def error_of(work):
    try:
        await work
        return "no error"
    except Exception as error:  # The kinds differ by transport; what they say is looked at.
        return f"{type(error).__name__}: {error}"


async def main(url, transport, webhook):
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        card = await A2ACardResolver(http, url).get_agent_card()
        say("card", name=card.name, version=card.protocol_version, transports=[i.transport for i in card.additional_interfaces])

        def connect(streaming):
            config = ClientConfig(
                streaming=streaming,
                httpx_client=http,
                supported_transports=[transport],
                use_client_preference=True,
                grpc_channel_factory=grpc.aio.insecure_channel,
            )
            return ClientFactory(config).create(card)

        plain, streaming = connect(False), connect(True)
        done = await last_task(plain, message("echo hi"))
        say("send", state=done.status.state.value, text=text_of(done))

        again = await plain.get_task(TaskQueryParams(id=done.id))
        say("get", same=text_of(again) == text_of(done), history=len(again.history))

        asked = await last_task(plain, message("ask which?"))
        answered = await last_task(plain, message("this", task_id=asked.id))
        say("turns", asked=asked.status.state.value, text=text_of(answered), same=asked.id == answered.id)

        parts = [
            DataPart(data={"list": [1, None]}),
            FilePart(file=FileWithBytes(bytes="AAH+/w==", name="x.png", mime_type="image/png")),
        ]
        mirrored = await last_task(plain, message("mirror", *parts))
        say("parts", data=mirrored.artifacts[0].parts[0].root.data["message"]["parts"])

        updates = []
        task = None
        async for task, update in streaming.send_message(message("chunks one two three")):
            updates.append("task" if update is None else update.kind)
        say("stream", updates=updates, text=text_of(task), state=task.status.state.value)

        running = None
        async for running, _ in streaming.send_message(message("slow " + "x " * 12)):
            break
        seen = []
        async for running, update in streaming.resubscribe(TaskIdParams(id=running.id)):
            seen.append(running.status.state.value)
        say("resubscribe", last=seen[-1], text=text_of(await plain.get_task(TaskQueryParams(id=running.id))))

        waiting = await last_task(plain, message("ask which?"))
        canceled = await plain.cancel_task(TaskIdParams(id=waiting.id))
        say("cancel", state=canceled.status.state.value)

        say("unknown", error=await error_of(plain.get_task(TaskQueryParams(id="none"))))
        say("ended", error=await error_of(plain.cancel_task(TaskIdParams(id=done.id))))
        assert isinstance(canceled, Task)

        watched = await last_task(plain, message("ask which?"))
        hook = PushNotificationConfig(id="hook", url=webhook)
        made = await plain.set_task_callback(TaskPushNotificationConfig(task_id=watched.id, push_notification_config=hook))
        got = await plain.get_task_callback(
            GetTaskPushNotificationConfigParams(id=watched.id, push_notification_config_id="hook")
        )
        await last_task(plain, message("this", task_id=watched.id))
        say("webhooks", made=facts(made, watched), got=facts(got, watched))
    say("end")


asyncio.run(main(*sys.argv[1:]))
