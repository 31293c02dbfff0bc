"""The client of a2a-sdk 1.x, unchanged: does one thing after another and prints what it sees, one JSON line each.

usage: client_1.py BASE_URL JSONRPC|HTTP+JSON|GRPC WEBHOOK_URL
"""

import asyncio
import json
import sys
import uuid

import grpc
import httpx
from a2a.client import A2ACardResolver, ClientConfig, ClientFactory
from a2a.client.client import ClientCallContext
from a2a.client.service_parameters import ServiceParametersFactory, with_a2a_extensions
from a2a.helpers import get_artifact_text, get_stream_response_text, new_data_part, new_raw_part, new_text_part, new_url_part
from a2a.types.a2a_pb2 import (
    CancelTaskRequest,
    DeleteTaskPushNotificationConfigRequest,
    GetTaskPushNotificationConfigRequest,
    GetTaskRequest,
    ListTaskPushNotificationConfigsRequest,
    ListTasksRequest,
    Message,
    Role,
    SendMessageConfiguration,
    SendMessageRequest,
    SubscribeToTaskRequest,
    TaskPushNotificationConfig,
    TaskState,
)
from google.protobuf.json_format import MessageToDict


def say(what, **facts):
    print(json.dumps({"what": what, **facts}), flush=True)


def request(text, *parts, at_once=False, **more):
    message = Message(message_id=str(uuid.uuid4()), role=Role.ROLE_USER, parts=[new_text_part(text), *parts], **more)
    return SendMessageRequest(message=message, configuration=SendMessageConfiguration(return_immediately=at_once))


def state_of(task):
    return TaskState.Name(task.status.state)


def text_of(task):
    return "".join(get_artifact_text(artifact) for artifact in task.artifacts)


async def all_of(events):
    return [event async for event in events]


async def answer_of(events):
    [answer] = await all_of(events)
    return getattr(answer, answer.WhichOneof("payload"))


async def error_of(work):
    try:
        await work
        return "no error"
    except Exception as error:
        return [type(error).__name__, str(error)]


async def main(url, transport, webhook):
    async with httpx.AsyncClient(timeout=30, trust_env=False) as http:
        async def connect(path="", streaming=True):
            card = await A2ACardResolver(http, url + path).get_agent_card()
            config = ClientConfig(
                streaming=streaming,
                httpx_client=http,
                supported_protocol_bindings=[transport],
                grpc_channel_factory=grpc.aio.insecure_channel,
            )
            return card, ClientFactory(config).create(card)

        card, client = await connect()
        _, plain = await connect(streaming=False)
        first = MessageToDict(card.supported_interfaces[0])
        first.pop("url")
        say("card", name=card.name, first=first)

        done = await answer_of(plain.send_message(request("echo hi")))
        say("send", state=state_of(done), text=text_of(done))

        again = await plain.get_task(GetTaskRequest(id=done.id, history_length=1))
        say("get", same=again == done, history=len(again.history))

        answer = await answer_of((await connect("/agents/answering"))[1].send_message(request("hi")))
        say("message", role=Role.Name(answer.role), text=answer.parts[0].text)

        context = f"context-{uuid.uuid4()}"
        for word in ("one", "two", "three"):
            await answer_of(plain.send_message(request(f"echo {word}", context_id=context)))
        first = await plain.list_tasks(ListTasksRequest(context_id=context, page_size=2, include_artifacts=True))
        rest = await plain.list_tasks(ListTasksRequest(context_id=context, page_size=2, page_token=first.next_page_token))
        say(
            "list",
            first=[text_of(task) for task in first.tasks],
            rest=[text_of(task) for task in rest.tasks],
            total=first.total_size,
            more=rest.next_page_token,
        )

        asked = await answer_of(plain.send_message(request("ask which?")))
        answered = await answer_of(plain.send_message(request("this", task_id=asked.id, context_id=asked.context_id)))
        question = asked.status.message.parts[0].text
        say("turns", asked=state_of(asked), question=question, text=text_of(answered), same=asked.id == answered.id)

        sent = [
            new_data_part({"list": [1, None, "ü"]}),
            new_raw_part(bytes([0, 1, 254, 255]), media_type="image/png", filename="x.png"),
            new_url_part("https://example.com/y", media_type="image/jpeg"),
        ]
        mirrored = await answer_of(plain.send_message(request("mirror", *sent)))
        made = await answer_of(plain.send_message(request("artifacts")))
        say(
            "parts",
            data=MessageToDict(mirrored.artifacts[0].parts[0])["data"]["message"]["parts"],
            made=[[artifact.name, artifact.parts[0].WhichOneof("content")] for artifact in made.artifacts],
            raw=list(made.artifacts[1].parts[0].raw),
        )

        events = await all_of(client.send_message(request("chunks one two three")))
        say(
            "stream",
            kinds=[event.WhichOneof("payload") for event in events],
            text="".join(get_stream_response_text(event) for event in events if event.HasField("artifact_update")),
            last=TaskState.Name(events[-1].status_update.status.state),
        )

        running = await answer_of(plain.send_message(request(f"wait subscribe-{transport}", at_once=True)))
        seen = []
        async for event in client.subscribe(SubscribeToTaskRequest(id=running.id)):
            if not seen:
                say("subscribed")
            seen.append(event)
        ended = await plain.get_task(GetTaskRequest(id=running.id))
        say(
            "subscribe",
            first=seen[0].WhichOneof("payload"),
            last=TaskState.Name(seen[-1].status_update.status.state),
            text=text_of(ended),
        )

        running = await answer_of(plain.send_message(request(f"wait cancel-{transport}", at_once=True)))
        canceled = await plain.cancel_task(CancelTaskRequest(id=running.id))
        say("cancel", state=state_of(canceled))

        say(
            "errors",
            unknown=await error_of(plain.get_task(GetTaskRequest(id="none"))),
            ended=await error_of(plain.cancel_task(CancelTaskRequest(id=done.id))),
            continued=await error_of(all_of(plain.send_message(request("x", task_id=done.id)))),
            followed=await error_of(all_of(client.subscribe(SubscribeToTaskRequest(id=done.id)))),
            streamed=await error_of(all_of(client.send_message(request("x", task_id="none")))),
            media=await error_of(all_of(plain.send_message(request("x", new_url_part("https://v", media_type="video/mp4"))))),
            invalid=await error_of(all_of(plain.send_message(SendMessageRequest(message=Message(message_id="m"))))),
            push=await error_of(
                plain.create_task_push_notification_config(
                    TaskPushNotificationConfig(task_id=done.id, url="https://example.com/hook")
                )
            ),
        )

        told = (await connect("/agents/told", streaming=False))[1]
        asked = await answer_of(told.send_message(request("ask which?")))
        config = TaskPushNotificationConfig(task_id=asked.id, id="hook", url=webhook)
        made = await told.create_task_push_notification_config(config)
        await told.create_task_push_notification_config(
            TaskPushNotificationConfig(task_id=asked.id, id="other", url=webhook)
        )
        await told.delete_task_push_notification_config(
            DeleteTaskPushNotificationConfigRequest(task_id=asked.id, id="other")
        )
        listed = await told.list_task_push_notification_configs(ListTaskPushNotificationConfigsRequest(task_id=asked.id))
        got = await told.get_task_push_notification_config(
            GetTaskPushNotificationConfigRequest(task_id=asked.id, id="hook")
        )
        ended = await answer_of(told.send_message(request("this", task_id=asked.id)))
        say(
            "webhooks",
            same=[made.url == webhook, got == made, list(listed.configs) == [made]],
            state=state_of(ended),
        )

        demanding = (await connect("/agents/demanding", streaming=False))[1]
        extended = ClientCallContext(service_parameters=ServiceParametersFactory.create([with_a2a_extensions(["urn:test:required"])]))
        refused = await error_of(all_of(demanding.send_message(request("x"))))
        allowed = await answer_of(demanding.send_message(request("x"), context=extended))
        say("extension", refused=refused[0], text=text_of(allowed))


asyncio.run(main(*sys.argv[1:]))
