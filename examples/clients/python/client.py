"""Sends, streams, gets and cancels over gRPC. Usage: python client.py [URL]"""

import sys
import uuid
from urllib.parse import urlsplit

import grpc
from lf.a2a.v1 import a2a_pb2 as a2a
from lf.a2a.v1.a2a_pb2_grpc import A2AServiceStub


def request(text, **configuration):
    message = a2a.Message(message_id=str(uuid.uuid4()), role=a2a.ROLE_USER, parts=[a2a.Part(text=text)])
    return a2a.SendMessageRequest(message=message, configuration=configuration)


def state(task):
    return a2a.TaskState.Name(task.status.state)


url = sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:4242"
version = [("a2a-version", "1.0")]

with grpc.insecure_channel(urlsplit(url).netloc) as channel:
    agent = A2AServiceStub(channel)

    sent = agent.SendMessage(request("sun"), metadata=version).task
    print("send:", state(sent))

    print("stream: ", end="")
    for event in agent.SendStreamingMessage(request("rain"), metadata=version):
        for part in event.artifact_update.artifact.parts:
            print(part.text, end="", flush=True)
    print()

    got = agent.GetTask(a2a.GetTaskRequest(id=sent.id), metadata=version)
    print("get:", state(got))

    started = agent.SendMessage(request("wind", return_immediately=True), metadata=version).task
    canceled = agent.CancelTask(a2a.CancelTaskRequest(id=started.id), metadata=version)
    print("cancel:", state(canceled))
